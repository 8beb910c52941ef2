"""What an answer means, read once more from providers.md: the tables' words, none of the layer's code."""

from __future__ import annotations

import json
import unicodedata
from typing import Any, NamedTuple

MOST_TOKEN_BYTES = 8192
_TEN_YEARS_MS = 10 * 366 * 24 * 3600 * 1000


class Read(NamedTuple):
    """What an answer is, by the tables."""

    meaning: str  # success, dead, refused, busy or unreadable
    tokens: dict[str, str]  # what must be stored; none unless it is a success
    place: dict[str, Any]  # where the tokens were


def read(kind: str, ask: str, status: int, body: bytes) -> Read:
    """Reads an answer to a refresh or a login."""
    document = _parsed(body)
    if document is None:
        return Read("unreadable" if status // 100 == 2 else "busy", {}, {})
    rows = {"mcs": _mcs, "fashion-world": _fashion_world, "ekuaibao": _ekuaibao}[kind]
    return rows(document, ask, status)


def is_sane(token: object) -> bool:
    """Says whether this is a token: "a non-empty string of at most 8 KiB without control characters"."""
    if not isinstance(token, str) or not token:
        return False
    if any(unicodedata.category(sign) == "Cc" or "\ud800" <= sign <= "\udfff" for sign in token):
        return False
    return len(token.encode()) <= MOST_TOKEN_BYTES


def is_expiry(given: object, now_ms: float) -> bool:
    """Says whether an expiry may be believed: a number, or one as a string, in the next ten years."""
    number = whole(given)
    return number is not None and now_ms < number <= now_ms + _TEN_YEARS_MS


def whole(given: object) -> int | None:
    """Returns a number, or the number that a string is ("Numbers may come as strings")."""
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        return None
    try:
        return int(given)
    except (ValueError, OverflowError):
        return None


def _parsed(body: bytes) -> dict[str, Any] | None:
    try:
        # Python's own limit on digits is no rule of JSON.
        document = json.loads(body, parse_int=lambda digits: int(digits) if len(digits) < 1000 else float(digits))
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _mcs(document: dict[str, Any], ask: str, status: int) -> Read:
    code, message = document.get("code"), document.get("message")
    yes = status // 100 == 2 and (code is None or whole(code) == 200)
    place = document.get("results") if ask == "refresh" else document
    if yes and isinstance(place, dict):
        tokens = {name: place[name] for name in ("token", "access_token") if is_sane(place.get(name))}
        needed = {"access_token"} if ask == "refresh" else {"access_token", "token"}
        if needed <= set(tokens):
            return Read("success", tokens, place)
    if status == 429:
        return Read("busy", {}, {})
    # A success is no error, though its message is a string, too.
    if yes and code is not None:
        return Read("unreadable", {}, {})
    own_shape = isinstance(message, str) or (code is not None and whole(code) != 200)
    speaks_of_the_client = isinstance(message, str) and "client" in message.lower()
    return _refusal(
        status, own_shape=own_shape, rejected=speaks_of_the_client, code=whole(code), ask=ask, otherwise="busy"
    )


def _fashion_world(document: dict[str, Any], ask: str, status: int) -> Read:
    names = ("apiKey", "secretKey")
    if status // 100 == 2 and all(is_sane(document.get(name)) for name in names):
        return Read("success", {name: document[name] for name in names}, document)
    if status == 429:
        return Read("busy", {}, {})
    message = document.get("message")
    own_shape = isinstance(message, str) and document.get("apiKey") is None
    said = message.strip().lower() if isinstance(message, str) else ""
    if own_shape and said in ("apikey not found", "invalid signature"):
        return Read("dead" if ask == "refresh" else "refused", {}, {})
    gone = own_shape and said in ("user not found", "invalid authorization")
    otherwise = "unreadable" if status // 100 == 2 else "busy"
    return _refusal(status, own_shape=own_shape, rejected=gone, code=None, ask=ask, otherwise=otherwise)


def _ekuaibao(document: dict[str, Any], ask: str, status: int) -> Read:
    value = document.get("value")
    names = ("accessToken", "refreshToken")
    if status // 100 == 2 and isinstance(value, dict) and all(is_sane(value.get(name)) for name in names):
        return Read("success", {name: value[name] for name in names}, value)
    if status == 429:
        return Read("busy", {}, {})
    code = document.get("errorCode")
    own_shape = code is not None and value is None
    return _refusal(status, own_shape=own_shape, rejected=False, code=whole(code), ask=ask, otherwise="busy")


def _refusal(  # noqa: PLR0913 - the columns of the tables
    status: int,
    *,
    own_shape: bool,
    rejected: bool,
    code: int | None,
    ask: str,
    otherwise: str,
) -> Read:
    if own_shape:
        if rejected:
            return Read("refused", {}, {})
        if 400 <= status <= 499 or (code is not None and 400 <= code <= 499):
            return Read("dead" if ask == "refresh" else "refused", {}, {})
        return Read(otherwise, {}, {})
    return Read("unreadable" if status // 100 == 2 else "busy", {}, {})
