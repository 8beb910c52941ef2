"""Two runs of one function at once, and a person: every order in which their steps can happen."""
