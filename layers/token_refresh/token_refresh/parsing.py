"""Reading what an answer consists of: its body, a token, a number, an expiry. Nothing here raises."""

from __future__ import annotations

import json
import unicodedata
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_TOKEN_BYTES = 8 * 1024
MOST_MESSAGE = 4096  # characters; a server that sends a mebibyte must not cost it for each worker
_TEN_YEARS = 10 * 365.25 * 86_400  # seconds
_MOST_DIGITS = 400
_JSON_BEGINS = b'{["'
_BOM = b"\xef\xbb\xbf"


class Body(Enum):
    """What an answer's body is."""

    OBJECT = "a JSON object"
    DATA = "other JSON, cut-off JSON, or data that is no text"
    TEXT = "text that is no JSON, or nothing"


def parse_object(data: bytes) -> Mapping[str, object] | None:
    """Parse a JSON object, whatever is wrong with its encoding; anything else, however broken or deep, is None."""
    try:
        # A broken character in a field that nobody uses must not cost the tokens; `token` refuses one in a token.
        text = data.removeprefix(_BOM).decode(json.detect_encoding(data.removeprefix(_BOM)), errors="replace")
        # Python refuses integers of thousands of digits; an odd number must not keep tokens from being stored.
        value = json.loads(text, parse_int=lambda digits: int(digits) if len(digits) < _MOST_DIGITS else float(digits))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def begins(data: bytes) -> bytes:
    """Return the first sign of a body, white space aside."""
    return data.removeprefix(_BOM).lstrip()[:1]


def kind_of_body(data: bytes) -> Body:
    """Tell what a body is that is no JSON object."""
    text = data.removeprefix(_BOM).strip()
    if text and text[0] in _JSON_BEGINS:
        return Body.DATA
    try:
        printable = all(sign.isprintable() or sign.isspace() for sign in text.decode())
    except UnicodeDecodeError:
        printable = text[:1] == b"<"
    return Body.TEXT if printable else Body.DATA


def token(value: object) -> str | None:
    """Return a sane token (a non-empty string of at most 8 KiB without control characters), or None."""
    if not isinstance(value, str):
        return None
    value = value.replace("\r", "").replace("\n", "")  # Base64 can be broken into lines
    # Cs: half a surrogate pair, which no UTF-8 store can hold. U+FFFD: it was broken on its way.
    if any(unicodedata.category(character) in ("Cc", "Cs") or character == "\ufffd" for character in value):
        return None
    return value if 0 < len(value.encode()) <= MOST_TOKEN_BYTES else None


def number(value: object) -> int | None:
    """Return a whole number that may have come as a string ("403", "1641626383724"), or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def text(value: object) -> str:
    """Return the beginning of a message, and nothing for anything that is no string."""
    return value[: MOST_MESSAGE + 1] if isinstance(value, str) else ""  # one more tells that it goes on


def expiry(epoch_milliseconds: object, now: float) -> float | None:
    """Return an instant in epoch seconds, or None if it is missing, not a number, past, or over ten years away."""
    milliseconds = number(epoch_milliseconds)
    if milliseconds is None or not now * 1000 < milliseconds <= (now + _TEN_YEARS) * 1000:
        return None
    return milliseconds / 1000
