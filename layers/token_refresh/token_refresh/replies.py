"""From a provider's answer to a meaning: the rows of each provider's table, first match wins.

The tables are data and stand in `token_refresh.mcs`, `.fashion_world` and `.ekuaibao`.
"""

from __future__ import annotations

import json
import threading
import unicodedata
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from token_refresh.transport import HttpResponse

MOST_TOKEN_BYTES = 8 * 1024
_TEN_YEARS = 10 * 365.25 * 86_400  # seconds
_SUCCESSES = range(200, 300)  # of HTTP
CLIENT_ERRORS = range(400, 500)  # of HTTP, which the providers' own codes follow
_TOO_MANY_REQUESTS = 429
_MOST_DIGITS = 400
# A mebibyte of JSON can be thirty in memory: those of all workers at once would be more than the function has.
_ONE_AT_A_TIME = threading.Lock()


class Operation(Enum):
    """What was asked for."""

    REFRESH = "refresh"
    LOGIN = "login"


class Verdict(Enum):
    """What an answer means."""

    SUCCESS = "success"
    DEAD = "dead"  # the session is over; log in if the secret can
    REFUSED = "refused"  # a login would not help, or this was the login
    BUSY = "busy"  # the next run asks again
    UNREADABLE = "unreadable"  # a yes in a shape that is not known


@dataclass(frozen=True, slots=True, repr=False)
class IssuedTokens:
    """Tokens received: the keys to write into the secret, None to remove a stale one."""

    fields: Mapping[str, str | int | float | None]
    expires_at: float | None  # epoch seconds


@dataclass(frozen=True, slots=True, repr=False)
class ParsedReply:
    """An answer, parsed."""

    status: int
    issued: IssuedTokens | None = None
    own_shape: bool = False  # a JSON object with the provider's error fields
    code: int | None = None  # the provider's own
    message: str = ""  # the provider's own

    @property
    def ok(self) -> bool:
        """Whether the HTTP status is 2xx."""
        return self.status in _SUCCESSES

    def refuses(self) -> bool:
        """Whether the HTTP status or the provider's code is 400 to 499."""
        return self.status in CLIENT_ERRORS or self.code in CLIENT_ERRORS


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: what a matching reply means after a refresh and after a login."""

    matches: Callable[[ParsedReply], bool]
    refresh: Verdict
    login: Verdict


_V = Verdict
OPENING_ROWS = (
    Row(lambda reply: reply.ok and reply.issued is not None, _V.SUCCESS, _V.SUCCESS),
    Row(lambda reply: reply.status == _TOO_MANY_REQUESTS, _V.BUSY, _V.BUSY),
)
CLOSING_ROWS = (
    Row(lambda reply: reply.ok, _V.UNREADABLE, _V.UNREADABLE),
    Row(lambda _: True, _V.BUSY, _V.BUSY),
)


@dataclass(frozen=True, slots=True)
class ReplyTable:
    """How to read one provider's answers."""

    # Given the JSON object, what was asked for, the HTTP status, and when the request left (epoch seconds).
    parse: Callable[[Mapping[str, object], Operation, int, float], ParsedReply]
    rows: tuple[Row, ...]
    hints: Mapping[str, str] = field(default_factory=dict)  # a provider's message, lower case -> what else it can mean

    def read(self, response: HttpResponse, operation: Operation, sent_at: float) -> tuple[Verdict, ParsedReply]:
        """Return what the answer means; `sent_at` is when the request left, in epoch seconds."""
        with _ONE_AT_A_TIME:
            body = parse_object(response.body)
            status = response.status
            reply = ParsedReply(status) if body is None else self.parse(body, operation, status, sent_at)
            del body
        row = next(row for row in (*OPENING_ROWS, *self.rows, *CLOSING_ROWS) if row.matches(reply))
        return (row.refresh if operation is Operation.REFRESH else row.login), reply


def parse_object(data: bytes) -> Mapping[str, object] | None:
    """Parse a JSON object; anything else, however broken or deep, is None."""
    try:
        # Python refuses integers of thousands of digits; an odd number must not keep tokens from being stored.
        value = json.loads(data, parse_int=lambda digits: int(digits) if len(digits) < _MOST_DIGITS else float(digits))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def token(value: object) -> str | None:
    """Return a sane token (a non-empty string of at most 8 KiB without control characters), or None."""
    if not isinstance(value, str) or not value:
        return None
    # Cs: half a surrogate pair, which no UTF-8 store can hold.
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
        return None
    return value if len(value.encode()) <= MOST_TOKEN_BYTES else None


def number(value: object) -> int | None:
    """Return a whole number that may have come as a string ("403", "1641626383724"), or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def text(value: object) -> str:
    """Return a string as it is, and nothing for anything else."""
    return value if isinstance(value, str) else ""


def expiry(epoch_milliseconds: object, now: float) -> float | None:
    """Return an instant in epoch seconds, or None if it is missing, not a number, past, or over ten years away."""
    milliseconds = number(epoch_milliseconds)
    if milliseconds is None or not now * 1000 < milliseconds <= (now + _TEN_YEARS) * 1000:
        return None
    return milliseconds / 1000
