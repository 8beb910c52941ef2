"""What an answer means, once more from the providers' documents: the tables' words, none of the layer's code."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any, NamedTuple

MOST_TOKEN_BYTES = 8192
_TEN_YEARS_MS = 10 * 366 * 24 * 3600 * 1000
_MOST_MESSAGE = 4097
_AROUND = " \t\r\n\ufeff"
_NO_FEATURE = "\u672a\u5f00\u901a\u529f\u80fd"
_TEXTS = {"\u672a\u6388\u6743", "\u5bc6\u94a5\u65e0\u6548", _NO_FEATURE + "\uff0c\u65e0\u6743\u8bbf\u95ee"}


class Read(NamedTuple):
    """What an answer is, by the tables."""

    meaning: str  # success, dead, refused, busy, unclear or unreadable
    tokens: dict[str, str]  # what must be stored; none unless it is a success
    place: dict[str, Any]  # where the tokens were
    own_shape: bool = False


class Error(NamedTuple):
    """An error in the provider's own shape."""

    code: int | None
    message: str
    only_documented: bool


def read(kind: str, ask: str, status: int, body: bytes) -> Read:
    """Reads an answer to a refresh or a login."""
    document = _parsed(body)
    tokens, place = {"mcs": _mcs, "fashion-world": _fashion_world, "ekuaibao": _ekuaibao}[kind](document or {}, ask)
    yes = status // 100 == 2
    if yes and tokens:
        return Read("success", tokens, place)
    error = _ERRORS[kind](document, tokens, body)
    return Read(_meaning(kind, ask, status, error, document, body), {}, {}, error is not None)


def _meaning(  # noqa: C901, PLR0911, PLR0912, PLR0913, PLR0917 - the rows of the table
    kind: str, ask: str, status: int, error: Error | None, document: object, body: bytes
) -> str:
    code, message = (error.code, error.message.lower()) if error else (None, "")
    numbers = {status, code}
    if any(one in (408, 425, 429) or (one or 0) > 500 for one in numbers):
        return "busy"
    dead = "dead" if ask == "refresh" else "refused"
    if kind == "mcs" and error:
        relevant = code if status // 100 == 2 else status
        of_the_client = any(word in message for word in ("client_id", "client_secret", "client credentials"))
        if of_the_client and relevant in (400, 401, 500):
            return "refused"
        if ask == "login" and ("user credentials are invalid" in message or numbers & {400, 401, 402, 403}):
            return "refused"
        about_the_token = ("invalid refresh token", "refresh token is invalid", "refresh token has expired")
        if any(word in message for word in (*about_the_token, "refresh token was not found")) or numbers & {401, 403}:
            return dead
    elif kind == "fashion-world":
        if status == 500:
            return "busy"
        if error and message.strip() in ("user not found", "invalid authorization"):
            return "refused"
        if error and ask == "login" and re.match(r"\s*path `[^`]*` \(`.*`\) is ", message, re.DOTALL):
            return "refused"
        if error and message.strip() in ("apikey not found", "invalid signature"):
            return dead
    elif kind == "ekuaibao":
        said = message or ("" if document is not None or _is_page(body) or not _is_text(body) else _plain(body))
        if 500 in numbers or "\u9891\u7e41" in said:
            return "busy"
        if _NO_FEATURE in said:
            return "refused"
        if error and numbers & {401, 403}:
            return dead
    if status == 401:
        return dead
    if status // 100 == 2:
        if document is None and error is None and _is_text(body):
            return "unclear"
        return "unclear" if error and error.only_documented else "unreadable"
    return "unclear" if error or 300 <= status <= 499 else "busy"


def is_sane(token: object) -> bool:
    """Says whether this is a token: "a non-empty string of at most 8 KiB without control characters"."""
    if not isinstance(token, str) or not token:
        return False
    if any(unicodedata.category(sign) == "Cc" or "\ud800" <= sign <= "\udfff" for sign in token):
        return False
    return "\ufffd" not in token and len(token.encode()) <= MOST_TOKEN_BYTES


def is_expiry(given: object, now_ms: float) -> bool:
    """Says whether an expiry may be believed: a number, or one as a string, in the next ten years."""
    number = whole(given)
    return number is not None and now_ms < number <= now_ms + _TEN_YEARS_MS


def whole(given: object) -> int | None:
    """Returns a number, or the number that a string is ("Numbers may come as strings")."""
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        return None
    if isinstance(given, str):
        plain = re.fullmatch(r"\s*(-?[0-9]{1,400})(?:\.0*)?\s*", given, re.ASCII)
        return int(plain[1]) if plain else None
    try:
        return int(given)
    except (ValueError, OverflowError):
        return None


def _said(body: bytes) -> list[str]:
    """Returns what bytes may say: as JSON's encodings have it; if that is broken, as GB 18030, then with gaps."""
    usual = json.detect_encoding(body)
    try:
        return [body.decode(usual)]
    except UnicodeDecodeError:
        pass
    found = []
    for encoding, errors in (("gb18030", "strict"), (usual, "replace"), ("gb18030", "replace")):
        try:
            text = body.decode(encoding, errors)
        except UnicodeDecodeError:
            continue
        found.append(re.sub(r"([^\x00-\x7f]+)", "\\1\ufffd", text) if encoding == "gb18030" else text)
    return found


def _parsed(body: bytes) -> dict[str, Any] | None:
    for text in _said(body):
        try:
            # Python's own limit on digits is no rule of JSON.
            document = json.loads(
                text.strip(_AROUND + "\0"),
                strict=False,
                parse_int=lambda digits: int(digits) if len(digits) < 400 else float(digits),
            )
        except (ValueError, RecursionError):
            continue
        return document if isinstance(document, dict) else None
    return None


def _is_page(body: bytes) -> bool:
    return _said(body)[0].lstrip(_AROUND + "\0").startswith("<")


def _plain(body: bytes) -> str:
    return _text(_said(body)[0]).strip(_AROUND + '\0"')


def _is_text(body: bytes) -> bool:
    """Says whether no token can be in it."""
    if _is_page(body):
        return True
    text = _said(body)[0].removesuffix("\0").strip(_AROUND).rstrip("\ufffd")
    if text[:1] in ("{", "[", '"') or '{"' in text:
        return False
    if any(unicodedata.category(sign) in ("Cc", "Cn") and not sign.isspace() for sign in text):
        return False
    # One gap behind what was guessed; any other is a character that could not be.
    return not re.search("\ufffd\ufffd|(?:^|[\x00-\x7f])\ufffd", text)


def _tokens(place: object, names: tuple[str, ...], needed: set[str]) -> tuple[dict[str, str], dict[str, Any]]:
    if not isinstance(place, dict):
        return {}, {}
    texts = {name: place[name] for name in names if isinstance(place.get(name), str)}
    joined = {name: text.replace("\r", "").replace("\n", "") for name, text in texts.items()}
    tokens = {name: value for name, value in joined.items() if is_sane(value)}
    return (tokens, place) if needed <= set(tokens) else ({}, {})


def _mcs(document: dict[str, Any], ask: str) -> tuple[dict[str, str], dict[str, Any]]:
    if document.get("code") is not None and whole(document["code"]) != 200:
        return {}, {}
    place = document.get("results") if ask == "refresh" else document
    if (
        isinstance(place, dict)
        and place.get("token") not in (None, "")
        and not _tokens(place, ("token",), {"token"})[0]
    ):
        return {}, {}  # it may be the only good one
    needed = {"access_token"} if ask == "refresh" else {"access_token", "token"}
    return _tokens(place, ("token", "access_token"), needed)


def _fashion_world(document: dict[str, Any], _: str) -> tuple[dict[str, str], dict[str, Any]]:
    return _tokens(document, ("apiKey", "secretKey"), {"apiKey", "secretKey"})


def _ekuaibao(document: dict[str, Any], _: str) -> tuple[dict[str, str], dict[str, Any]]:
    return _tokens(document.get("value"), ("accessToken", "refreshToken"), {"accessToken", "refreshToken"})


def _text(value: object) -> str:
    return value[:_MOST_MESSAGE].replace("\ufffd", "") if isinstance(value, str) else ""


def _mcs_error(document: dict[str, Any] | None, _: dict[str, str], __: bytes) -> Error | None:
    if document is None or document.get("code") is None or whole(document["code"]) == 200:
        return None
    only = set(document) <= {"apiVersion", "code", "message", "statusCode", "options"}
    return Error(whole(document["code"]), _text(document.get("message")), only)


def _fashion_world_error(document: dict[str, Any] | None, _: dict[str, str], __: bytes) -> Error | None:
    if document is None or not isinstance(document.get("message"), str) or document.get("apiKey") is not None:
        return None
    return Error(None, _text(document["message"]), set(document) == {"message"})


def _ekuaibao_error(document: dict[str, Any] | None, tokens: dict[str, str], body: bytes) -> Error | None:
    if document is None:
        text = _plain(body)
        return Error(403, text, only_documented=True) if text in _TEXTS and not _is_page(body) else None
    known = {"errorCode", "errorMessage", "errorDetails", "code", "data", "value"}
    value = document.get("value")
    if document.get("errorCode") is None and isinstance(value, dict):
        error, only = value, set(value) <= known and set(document) == {"value"}
    else:
        error, only = document, set(document) <= known
    if error.get("errorCode") is None or tokens:
        return None
    return Error(whole(error["errorCode"]), _text(error.get("errorMessage")), only)


_ERRORS = {"mcs": _mcs_error, "fashion-world": _fashion_world_error, "ekuaibao": _ekuaibao_error}
