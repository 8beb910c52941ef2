"""Parts of secret values in what is quoted of a provider. Whole values, in all output: `tests.support.leaks`.

A quotation is not decoded: nothing may be in it that could be an encoding, known or not.
"""

from __future__ import annotations

import re
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING

from tests.support.leaks import SHORTEST

if TYPE_CHECKING:
    from collections.abc import Iterable

_PIECE = 8  # characters: so many of a value's in a row are no accident
_QUOTED = re.compile(r' said "((?:[^"\\]|\\.)*)" \(HTTP ')
_ODD = re.compile(r"[!-~]{16,}|\d{4,}")
_HOST = re.compile(r"(?=.*\.)(?!.*\d{4})[A-Za-z0-9.-]{1,100}")
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def quotations(text: str) -> list[str]:
    """Returns what is quoted of a provider, as it was before its quotation marks were escaped."""
    return [re.sub(r"\\(.)", r"\1", quoted) for quoted in _QUOTED.findall(text)]


def unfit(quotation: str, values: Iterable[str]) -> set[str]:
    """Returns what may not be quoted: parts of these values, and whatever could be a value that nobody knows."""
    lower = quotation.translate(_LOWER)
    found = {run for part in quotation.split("***") for run in _ODD.findall(part) if not _HOST.fullmatch(run)}
    for value in {" ".join(value.split()).translate(_LOWER) for value in values} - {""}:
        if len(value) < SHORTEST:
            found.update(re.findall(rf"(?<![\w*]){re.escape(value)}(?![\w*])", lower))
        starts = range(max(1, len(value) - _PIECE + 1)) if len(value) >= SHORTEST else ()
        found |= {piece for start in starts if (piece := value[start : start + _PIECE]) in lower}
    return found
