"""All the text that an exception holds, for whoever prints all of it."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 50  # exceptions; a chain has two or three


def chain(error: BaseException | None) -> Iterator[str]:
    """Yields the text, repr, arguments, notes and traceback of an exception and of all that hang on it.

    By hand: Python prints no context that `from None` hides, but a debugger, or an error tracker, does.
    """
    pending, seen = [error], set[int]()
    while pending and len(seen) < _MOST:
        current = pending.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield from (str(current), repr(current), repr(current.args), repr(vars(current)))
        yield from traceback.format_exception(current)
        pending += [current.__cause__, current.__context__]
        pending += [value for value in (*current.args, *vars(current).values()) if isinstance(value, BaseException)]
        pending += list(getattr(current, "exceptions", ()))
