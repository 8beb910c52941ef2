"""Reading what an answer consists of: its body, a token, a number, an expiry. Nothing here raises."""

from __future__ import annotations

import contextlib
import json
import re
import unicodedata
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_TOKEN_BYTES = 8 * 1024
MOST_MESSAGE = 4096  # characters; a server that sends a mebibyte must not cost it for each worker
_TEN_YEARS = 10 * 365.25 * 86_400  # seconds
_MOST_DIGITS = 400
_JSON_BEGINS = '{["'
_AROUND = " \t\r\n\ufeff\0"  # a text: white space, a byte order mark, a C string's end
_FOREIGN = re.compile("[^\0-\x7f]+")
_BROKEN = re.compile("(?<![^\0-\x7f])\ufffd|\ufffd\ufffd")  # not one that stands behind a guess
_NUMBER = re.compile(r"\s*(-?\d{1,400})(\.0*)?\s*", re.ASCII)


class Body(Enum):
    """What an answer's body is."""

    OBJECT = "a JSON object"
    DATA = "other JSON, cut-off JSON, or data that is no text"
    PAGE = "a web page"
    TEXT = "other text that is no JSON, or nothing"


def parse_object(data: bytes) -> Mapping[str, object] | None:
    """Parse a JSON object, whatever is wrong with its encoding; anything else, however broken or deep, is None."""
    for said in _readings(data):
        try:
            # Not strict: a line break may stand in a Base64 token as it is. Python refuses integers of thousands of
            # digits; an odd number must not keep tokens from being stored.
            value = json.loads(said.strip(_AROUND), strict=False, parse_int=_parse_int)
        except (ValueError, RecursionError):
            continue
        return value if isinstance(value, dict) else None
    return None


def read_text(data: bytes) -> tuple[Body, str]:
    """Tell what a body is that is no JSON object, and what it says: without quotation marks around it, and cut."""
    said = next(_readings(data))
    return _kind_of(said), text(said).strip(_AROUND + '"')


def _kind_of(said: str) -> Body:
    if said.lstrip(_AROUND).startswith("<"):
        return Body.PAGE
    said = said.removesuffix("\0").strip(_AROUND.rstrip("\0")).rstrip("\ufffd")  # cut off, perhaps
    # A callback, or a warning, before JSON: there can be tokens in it.
    if said and (said[0] in _JSON_BEGINS or '{"' in said):
        return Body.DATA
    odd = any(unicodedata.category(sign) in ("Cc", "Cn") and not sign.isspace() for sign in said)
    return Body.DATA if odd or _BROKEN.search(said) else Body.TEXT


def _readings(data: bytes) -> Iterator[str]:
    """Yield what the bytes may say: one text if they are well encoded, otherwise several, the likeliest first.

    A broken character in a field that nobody uses must not cost the tokens. U+FFFD stands behind all that had to be
    guessed: `token` refuses it.
    """
    encoding = json.detect_encoding(data)
    with contextlib.suppress(UnicodeDecodeError):
        yield data.decode(encoding)
        return
    # The encoding of older Chinese servers. It reads Big5 and Shift-JIS wrong, but whole: their second byte can be a
    # backslash.
    for errors in ("strict", "replace"):
        with contextlib.suppress(UnicodeDecodeError):
            yield _FOREIGN.sub("\\g<0>\ufffd", data.decode("gb18030", errors))
        if errors == "strict":
            yield data.decode(encoding, "replace")


def _parse_int(digits: str) -> int | float:
    return int(digits) if len(digits) < _MOST_DIGITS else float(digits)


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
    if isinstance(value, str):
        whole = _NUMBER.fullmatch(value)
        return int(whole[1]) if whole else None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def text(value: object) -> str:
    """Return the beginning of a message, and nothing for anything that is no string."""
    # One more tells that it goes on.
    return value[: MOST_MESSAGE + 1].replace("\ufffd", "") if isinstance(value, str) else ""


def expiry(epoch_milliseconds: object, now: float) -> float | None:
    """Return an instant in epoch seconds, or None if it is missing, not a number, past, or over ten years away."""
    milliseconds = number(epoch_milliseconds)
    if milliseconds is None or not now * 1000 < milliseconds <= (now + _TEN_YEARS) * 1000:
        return None
    return milliseconds / 1000
