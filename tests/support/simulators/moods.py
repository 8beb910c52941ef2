"""The ways in which a provider can misbehave, and how each spoils a good answer."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import replace
from enum import StrEnum, auto
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tests.support.simulators.exchange import Answer
from tests.support.simulators.ledger import decoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.simulators.exchange import Received

_MIB = 1024 * 1024
_OVERSIZED_BYTES = 4 * _MIB
_BOMB_MIB = 128
_TRICKLE_PADDING_BYTES = 2_048  # 100 seconds at the default gap: bounded, and longer than a client should wait


class Mood(StrEnum):
    """One way to misbehave.

    "Acts" means that the provider does what was asked (tokens are rotated) before the answer goes wrong.
    What a mood does to an answer's content, it does to good answers only: a refusal stays a refusal.
    """

    SLOW = auto()  # acts, then answers after `slow_seconds`
    TRICKLE_BODY = auto()  # acts; the body comes one byte at a time, and then 2 KiB of spaces
    TRICKLE_HEADERS = auto()  # acts; the whole answer comes one byte at a time, with 2 KiB of header padding
    DROP_BEFORE = auto()  # closes the connection without acting
    DROP_AFTER = auto()  # acts, then closes the connection without answering
    TOO_MANY_REQUESTS = auto()  # 429 in the provider's own error shape
    BUSY_IN_200 = auto()  # the same error, on HTTP 200
    TEAPOT = auto()  # 418 in the provider's own error shape: nobody knows what it means
    SERVICE_UNAVAILABLE = auto()  # 503 as plain text
    BAD_GATEWAY_HTML = auto()  # 502 as a gateway's page
    REDIRECT = auto()  # 302 to /redirected on the same simulator
    REDIRECT_SAME_METHOD = auto()  # 307 to the same place: a client that follows it repeats method and body
    WRONG_SHAPE = auto()  # acts; 200, JSON of another shape with the tokens further down
    EMPTY = auto()  # acts; 200, no body
    TRUNCATED = auto()  # acts; Content-Length of the whole, half of the JSON, then the connection closes
    OVERSIZED = auto()  # acts; the good answer followed by 4 MiB of padding, all one valid JSON object
    ECHO_CREDENTIALS = auto()  # an error in the provider's own shape that repeats every credential it was sent
    ERROR_IN_200 = auto()  # the provider's refusal of a dead session, on HTTP 200
    NOT_JSON = auto()  # 200, an HTML page
    BROKEN_TEXT = auto()  # acts; good tokens beside a text in another encoding, cut in half a character
    GZIP = auto()  # acts; the good answer, compressed though nobody asked
    GZIP_BOMB = auto()  # acts; 128 MiB of zeros in 128 KiB of gzip
    ODD_EXPIRY = auto()  # acts; good tokens, `odd_expiry` where the expiry belongs


# The provider is not asked at all: something in front of it answers.
INSTEAD: dict[Mood, Answer] = {
    Mood.DROP_BEFORE: Answer(500),  # never sent
    Mood.SERVICE_UNAVAILABLE: Answer.of_text(503, "Service Unavailable\n"),
    Mood.BAD_GATEWAY_HTML: Answer.of_text(
        502, "<html><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>\n", "text/html"
    ),
    Mood.NOT_JSON: Answer.of_text(200, "<!doctype html><title>Sign in to the guest network</title>\n", "text/html"),
}


def _wrong_shape(answer: Answer) -> Answer:
    return Answer.of_json(200, {"status": "ok", "data": [{"session": answer.document()}]})


def _empty(answer: Answer) -> Answer:
    return replace(answer, body=b"")


def _truncated(answer: Answer) -> Answer:
    whole = len(answer.body)
    return replace(answer, body=answer.body[: whole // 2], headers=(*answer.headers, ("Content-Length", str(whole))))


def _oversized(answer: Answer) -> Answer:
    return Answer.of_json(200, {**answer.document(), "padding": "x" * _OVERSIZED_BYTES})


def _broken_text(answer: Answer) -> Answer:
    cut = "合思".encode("gbk")[:3]
    return replace(answer, body=answer.body.rstrip()[:-1] + b', "remark": "' + cut + b'"}')


def _gzip(answer: Answer) -> Answer:
    # mtime=0: the same answer is the same bytes, in every run.
    return _gzipped(answer, gzip.compress(answer.body, mtime=0))


def _gzip_bomb(answer: Answer) -> Answer:
    return _gzipped(answer, _bomb())


def _gzipped(answer: Answer, body: bytes) -> Answer:
    return replace(answer, body=body, headers=(*answer.headers, ("Content-Encoding", "gzip")))


@cache
def _bomb() -> bytes:
    """Returns the bomb, made a MiB at a time so that it explodes at the client only."""
    compressor = zlib.compressobj(level=9, wbits=31)  # 31: gzip's container, largest window
    zeros = bytes(_MIB)
    return b"".join([*(compressor.compress(zeros) for _ in range(_BOMB_MIB)), compressor.flush()])


SPOIL: dict[Mood, Callable[[Answer], Answer]] = {
    Mood.WRONG_SHAPE: _wrong_shape,
    Mood.EMPTY: _empty,
    Mood.TRUNCATED: _truncated,
    Mood.OVERSIZED: _oversized,
    Mood.BROKEN_TEXT: _broken_text,
    Mood.GZIP: _gzip,
    Mood.GZIP_BOMB: _gzip_bomb,
}


def _trickle_headers(answer: Answer) -> tuple[bytes, bytes]:
    padding = b"x" * _TRICKLE_PADDING_BYTES
    return b"", answer.head + b"X-Padding: " + padding + b"\r\n\r\n" + answer.body


def _trickle_body(answer: Answer) -> tuple[bytes, bytes]:
    longer = replace(answer, body=answer.body + b" " * _TRICKLE_PADDING_BYTES)
    return longer.head + b"\r\n", longer.body


# What is sent at once, and what one byte at a time.
TRICKLE: dict[Mood, Callable[[Answer], tuple[bytes, bytes]]] = {
    Mood.TRICKLE_HEADERS: _trickle_headers,
    Mood.TRICKLE_BODY: _trickle_body,
}


def echo(received: Received, known: str) -> str:
    """Returns a message that repeats every credential received, decoded and as sent, and what is known besides."""
    authorization = received.headers.get("Authorization", "")
    spoken = (
        decoded(authorization.partition(" ")[2]),
        known,
        unquote(received.query),
        received.body.decode(errors="replace"),
        received.query,
        authorization,
    )
    return " ".join(["not understood:", *(part for part in spoken if part)])
