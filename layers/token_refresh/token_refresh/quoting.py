"""What may be shown of what a provider says. It can hold anything, a secret that we do not know included.

So only words pass: no run of sixteen signs, no number of four digits, no eight signs in a row that a credential has.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from token_refresh.masking import SHORTEST, hide, joined, mask_in_use, trimmed
from token_refresh.parsing import MOST_MESSAGE

if TYPE_CHECKING:
    from collections.abc import Collection

_PIECE = 8  # characters: so many in a row are no accident
_MOST_SHOWN = 200  # characters
_HOST = r"(?=[A-Za-z0-9-]*\.)[A-Za-z0-9.-]{1,100}(?![\0!-~])"
# What may be a secret that we do not know. NUL stands for what is hidden already.
_DENIED = re.compile(rf"(?<![\0!-~])(?!{_HOST})[\0!-~]{{16,}}|\0+|\d{{4,}}")


def quote(said: str, documented: Collection[str] = ()) -> str:
    """Return what a provider says as one line that may be shown: whole if it is documented, otherwise its words."""
    mask, text = mask_in_use(), said[:MOST_MESSAGE]
    if text.strip().lower() not in documented:
        text = hide(text)
        squeezed = "".join(text.split())  # Base64 is wrapped into lines, and people group digits
        if any(form in squeezed for form in mask.forms):
            return "***"
        text = _words(text, {_lower(joined(one)) for value in mask.values for one in (value, trimmed(value))})
        if len(said) > MOST_MESSAGE:  # no rule knows what the cut left of a value, or of a host name
            text = text[: -max([100, *map(len, mask.forms)])] + "***"
    escaped = json.dumps(joined(text), ensure_ascii=False)[1:-1]
    return "".join(re.findall(r"\\.|[^\\]", escaped[:_MOST_SHOWN]))  # without half an escape


def _words(text: str, values: Collection[str]) -> str:
    text = joined("".join(sign if sign.isprintable() else " " for sign in text))
    signs, text = list(text), _lower(text)
    pieces = _pieces(text, values) | {value for value in values if len(value) < _PIECE}
    for size in {len(piece) for piece in pieces}:
        for i in range(len(text) - size + 1):
            j = i + size
            if text[i:j] in pieces and (size >= SHORTEST or not re.search(r"\w", text[i - 1 : i] + text[j : j + 1])):
                signs[i:j] = "\0" * size
    return _DENIED.sub("***", "".join(signs))


def _pieces(text: str, values: Collection[str]) -> set[str]:
    fives, pieces = ({text[i : i + size] for i in range(len(text) - size + 1)} for size in (5, _PIECE))
    # They overlap, so that every eight in a row are in one of them. What repeats itself is looked through once.
    parts = {value[i : i + 512] for value in values for i in range(0, len(value), 500)}
    # Every eight in a row hold one of the groups of five that begin at every fourth.
    near = ((part, i) for part in parts for i in range(3, len(part) - 4, 4) if part[i : i + 5] in fives)
    return pieces.intersection(part[j : j + _PIECE] for part, i in near for j in range(i - 3, i + 1))


def _lower(text: str) -> str:  # sign for sign, which str.lower() is not
    return text.encode(errors="replace").lower().decode()
