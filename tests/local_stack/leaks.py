"""The old name of `tests.support.leaks`, for those who still import it from here."""

from tests.support.leaks import leaked

__all__ = ["leaked"]
