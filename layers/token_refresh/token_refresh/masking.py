"""Keeps credential values out of texts: each passes the mask of the secret that its thread works on.

What is logged is masked in `log_masking`; what a provider says passes `quoting`, too.
"""

from __future__ import annotations

import json
import re
import unicodedata
from base64 import b64encode
from contextvars import ContextVar
from typing import TYPE_CHECKING, Self
from urllib import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHORTEST = 6  # characters; shorter values turn up by chance


class Mask:
    """The credential values of one secret: this thread shows none of them inside the mask's ``with`` block."""

    def __init__(self) -> None:
        self.values = set[str]()
        self._forms: list[str] | None = None  # made when a text is to be hidden: of most secrets nothing is said

    def __enter__(self) -> Self:
        self._before = _current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _current.reset(self._before)

    def add(self, values: Iterable[object]) -> None:
        """Add values just read or received; all but strings are passed over."""
        self.values |= {value for value in values if isinstance(value, str) and value.strip()}
        self._forms = None

    @property
    def forms(self) -> list[str]:
        """What the values look like in a text, the longest first."""
        if self._forms is None:
            texts = (text for value in self.values for text in (value, trimmed(value), joined(value)))
            forms = {form for text in texts if len(text) >= SHORTEST for form in _forms(text)}
            self._forms = sorted(forms, key=len, reverse=True)
        return self._forms


_current: ContextVar[Mask | None] = ContextVar("mask", default=None)
use_mask = Mask


def _forms(value: str) -> Iterator[str]:
    raw = value.encode("utf-8", "surrogatepass")
    url = parse.quote(raw, safe="")
    yield from (value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    for form in (url, re.sub("%..", lambda escape: escape[0].lower(), url)):
        yield from (form, form.replace("%2F", "/").replace("%2f", "/"), form.replace("%20", "+"))
    for offset in range(3):  # in a longer text; what the value shares with a neighbour is left out
        form = b64encode(bytes(offset) + raw).decode()[(offset * 4 + 2) // 3 : (offset + len(raw)) * 4 // 3]
        yield from (form, form.replace("+", "-").replace("/", "_"))


def trimmed(value: str) -> str:
    """Return a text without white space and invisible characters at its ends."""
    while value and _is_invisible(value[0]):
        value = value[1:]
    while value and _is_invisible(value[-1]):
        value = value[:-1]
    return value


def _is_invisible(sign: str) -> bool:
    return sign.isspace() or unicodedata.category(sign)[0] in "CZ" or sign in "\u115f\u1160\u2800\u3164\ufe0e\ufe0f"


def joined(text: str) -> str:
    """Return a text with single spaces for all white space."""
    return " ".join(text.split())


def mask_in_use() -> Mask:
    """Return the mask of the secret that this thread works on."""
    return _current.get() or Mask()


def mask_values(values: Iterable[object]) -> None:
    """Add values just read or received to the mask in use."""
    mask_in_use().add(values)


def hide(text: str) -> str:
    """Return a text without the values of the mask in use, as they are and in their usual encodings."""
    for form in mask_in_use().forms:  # the longest first: another's beginning must not leave its end
        text = text.replace(form, "***")
    return text
