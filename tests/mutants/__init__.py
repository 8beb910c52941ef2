"""Changes the code on purpose, one place at a time, and counts how often the quick tests notice."""
