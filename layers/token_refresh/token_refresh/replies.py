"""From a provider's answer to a meaning: the rows of each provider's table, first match wins.

The tables are data and stand in `token_refresh.mcs`, `.fashion_world` and `.ekuaibao`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from token_refresh.parsing import Body, parse_object, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from token_refresh.transport import HttpResponse

_SUCCESSES = range(200, 300)  # of HTTP
_PASSING = frozenset({408, 425, 429})  # HTTP statuses, and codes of a provider's own, that ask for patience
_INTERNAL_ERROR, _UNAUTHORISED = 500, 401
_FOREIGN = range(300, 500)  # a redirect or a refusal that is not in the provider's own shape: somebody answered
# A mebibyte of JSON can be thirty in memory: those of all workers at once would be more than the function has.
_ONE_AT_A_TIME = threading.Lock()


class Operation(Enum):
    """What was asked for."""

    REFRESH = "refresh"
    LOGIN = "login"


class Verdict(Enum):
    """What an answer means."""

    SUCCESS = "success"
    DEAD = "dead"  # documented: the session is over; log in if the secret can
    REFUSED = "refused"  # documented: the credentials themselves are wrong, or this was the login
    BUSY = "busy"  # nobody of authority answered; the next run asks again
    UNCLEAR = "unclear"  # somebody answered, and no document explains it
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
    own_shape: bool = False  # the provider's error fields, or one of its documented texts
    code: int | None = None  # the provider's own
    message: str = ""  # the provider's own
    only_documented: bool = True  # there is nothing beside the error fields, where a token could be
    body: Body = Body.OBJECT
    redirected_to: str = ""  # a host

    @property
    def ok(self) -> bool:
        """Whether the HTTP status is 2xx."""
        return self.status in _SUCCESSES

    def refuses(self, *numbers: int) -> bool:
        """Whether it is in the provider's own shape, with one of these as HTTP status or code."""
        return self.own_shape and (self.status in numbers or self.code in numbers)

    def says(self, *words: str) -> bool:
        """Whether the provider's own message has one of these words in it, given in lower case."""
        return self.own_shape and any(one in self.message.lower() for one in words)

    def asks_for_patience(self) -> bool:
        """Whether the HTTP status or the provider's code says so; 500 itself does not tell."""
        return any(one in _PASSING or one > _INTERNAL_ERROR for one in (self.status, self.code or 0))


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: what a matching reply means after a refresh and after a login; None: no such row there."""

    matches: Callable[[ParsedReply], bool]
    refresh: Verdict | None
    login: Verdict | None


_V = Verdict
OPENING_ROWS = (
    Row(lambda reply: reply.ok and reply.issued is not None, _V.SUCCESS, _V.SUCCESS),
    Row(ParsedReply.asks_for_patience, _V.BUSY, _V.BUSY),
)
CLOSING_ROWS = (
    Row(lambda reply: reply.status == _UNAUTHORISED, _V.DEAD, _V.REFUSED),
    Row(
        lambda reply: reply.ok and reply.body in (Body.PAGE, Body.TEXT), _V.UNCLEAR, _V.UNCLEAR
    ),  # no token can be in it
    Row(lambda reply: reply.ok and not (reply.own_shape and reply.only_documented), _V.UNREADABLE, _V.UNREADABLE),
    Row(lambda reply: reply.own_shape or reply.status in _FOREIGN, _V.UNCLEAR, _V.UNCLEAR),
    Row(lambda _: True, _V.BUSY, _V.BUSY),
)


@dataclass(frozen=True, slots=True)
class ReplyTable:
    """How to read one provider's answers: the first row that matches wins."""

    # Given the JSON object, what was asked for, the HTTP status, and when the request left (epoch seconds).
    parse: Callable[[Mapping[str, object], Operation, int, float], ParsedReply]
    rows: tuple[Row, ...]
    # What else a documented message means to a person, by what was asked for; messages in lower case.
    hints: Mapping[Operation, Mapping[str, str]] = field(default_factory=dict)
    texts: Mapping[str, int] = field(default_factory=dict)  # bodies that are no JSON, and the code that each stands for

    def read(self, response: HttpResponse, operation: Operation, sent_at: float) -> tuple[Verdict, ParsedReply]:
        """Return what the answer means; `sent_at` is when the request left, in epoch seconds."""
        with _ONE_AT_A_TIME:
            reply = self._parse(response, operation, sent_at)
        for row in (*OPENING_ROWS, *self.rows, *CLOSING_ROWS):
            verdict = row.refresh if operation is Operation.REFRESH else row.login
            if verdict and row.matches(reply):
                return verdict, reply
        raise AssertionError("the last row matches all")

    def _parse(self, response: HttpResponse, operation: Operation, sent_at: float) -> ParsedReply:
        body = parse_object(response.body)
        if body is not None:
            reply = self.parse(body, operation, response.status, sent_at)
        else:
            reply = self._parse_text(response)
        return replace(reply, redirected_to=response.redirected_to)

    def _parse_text(self, response: HttpResponse) -> ParsedReply:
        kind, said = read_text(response.body)
        if said in self.texts:
            code = self.texts[said]
            return ParsedReply(response.status, own_shape=True, code=code, message=said, body=Body.TEXT)
        message = said if self.texts and kind is Body.TEXT else ""  # of a provider that sends plain texts
        return ParsedReply(response.status, message=message, body=kind)
