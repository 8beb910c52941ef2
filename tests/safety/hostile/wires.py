"""Answers as bytes on a wire: lengths that lie, headers that no server sends, and connections that end anyhow."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.unit.wire import WireServer

_PATIENCE_SECONDS = 3.0  # until the client has left
_DRIP_SECONDS = 0.02
_HUGE_LINE = 70_000  # bytes; http.client takes 65,536
_MANY = 150  # headers; http.client takes 100


@dataclass(frozen=True, slots=True)
class Wire:
    """What is sent, piece by piece, and how the connection ends."""

    pieces: tuple[bytes, ...] = field(repr=False)
    end: str  # close, reset or hang
    body: bytes | None = field(
        default=None, repr=False
    )  # what any client must take for the body, if that is beyond doubt

    def play(self, connection: socket.socket, _: WireServer) -> None:
        """Sends it."""
        for number, piece in enumerate(self.pieces):
            if number:
                time.sleep(_DRIP_SECONDS)
            connection.sendall(piece)
        if self.end == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif self.end == "hang":
            connection.settimeout(_PATIENCE_SECONDS)
            connection.recv(1)


def framed(status: int, body: bytes, headers: tuple[bytes, ...] = ()) -> Wire:
    """Returns a proper answer."""
    lines = [b"HTTP/1.1 %d Dummy" % status, *headers, b"Content-Length: %d" % len(body), b"", b""]
    has_body = status >= 200 and status not in (204, 304)
    return Wire((b"\r\n".join(lines) + body,), "close", body if has_body else None)


def _headers(echo: bytes) -> st.SearchStrategy[tuple[bytes, ...]]:
    odd = [
        b"Set-Cookie: session=" + echo + b"; Path=/; Expires=Thu, 99 Foo 9999 99:99:99 GMT; Max-Age=9" + b"9" * 400,
        b"Set-Cookie: a=b; Expires=Thu, 01-" + echo.strip(b'"') + b"-2026 00:00:00 GMT",
        b"Set-Cookie: ;;;=,\xff" + echo,
        b"Location: http://127.0.0.1:9/" + echo,
        b"Content-Type: text/html; charset=\xff",
        b"Content-Type: multipart/mixed; boundary=",
        b"Content-Encoding: gzip",
        b"Content-Encoding: br, deflate, x-" + echo,
        b"Retry-After: 0",
        b"Connection: keep-alive, upgrade",
        b"WWW-Authenticate: Basic realm=" + echo,
        b"no colon at all " + echo,
        b" : nothing",
        b"\tfolded " + echo,
        b"X-Nul: \0\x01\x7f",
        b"X-Huge: " + b"x" * _HUGE_LINE,
        b"\r\n".join(b"X-%d: 1" % number for number in range(_MANY)),
        b"Trailer: X",
        b"",
    ]
    return st.lists(st.sampled_from(odd), max_size=3).map(tuple)


def _lengths(body: bytes) -> st.SearchStrategy[tuple[bytes, ...]]:
    size = len(body)
    lies = [size, 0, size // 2, size + 1, size + 10**6, -1, 10**30]
    return st.one_of(
        st.sampled_from(lies).map(lambda length: (b"Content-Length: %d" % length,)),
        st.sampled_from(
            [
                (),
                (b"Content-Length: 1, 2",),
                (b"Content-Length: 0x10",),
                (b"Content-Length: %d" % size, b"Content-Length: 3"),
                (b"Content-Length: \xb2",),
                (b"Transfer-Encoding: chunked",),
                (b"Transfer-Encoding: chunked", b"Content-Length: 5"),
                (b"Transfer-Encoding: gzip, chunked",),
                (b"Transfer-Encoding: identity",),
            ]
        ),
    )


def _chunked(body: bytes) -> st.SearchStrategy[bytes]:
    proper = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:]) if part)
    return st.sampled_from(
        [
            proper + b"0\r\n\r\n",
            proper.replace(b"\r\n", b";ext=" + b"x" * 100 + b"\r\n", 1) + b"0\r\nTrailer: x\r\n\r\n",
            proper,
            b"%x\r\n%s" % (len(body) + 100, body),
            b"-5\r\n" + body,
            b"ffffffffffffffffffff\r\n" + body,
            b"zz\r\n" + body,
            b"1" * _HUGE_LINE,
            body,
        ]
    )


@st.composite
def wires(draw: st.DrawFn, status: int, body: bytes, echo: str) -> Wire:
    """Makes an answer that is wrong in its framing, its headers, its end, or not at all."""
    encoded = json.dumps(echo).encode()
    if draw(st.integers(0, 3)) == 0:
        return framed(status, body)
    packed = draw(st.sampled_from([body, body, gzip.compress(body, mtime=0), b"\x1f\x8b" + body]))
    lengths, headers = draw(_lengths(packed)), draw(_headers(encoded))
    if any(line.endswith(b"chunked") for line in lengths):
        packed = draw(_chunked(packed))
    start = draw(
        st.sampled_from(
            [
                b"HTTP/1.1 %d Dummy" % status,
                b"HTTP/1.0 %d" % status,
                b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + b"HTTP/1.1 %d Dummy" % status,
                b"HTTP/1.1 %d %s" % (status, encoded),
                b"HTTP/1.1 %d " % status + b"x" * _HUGE_LINE,
                b"HTTP/9.9 %d Dummy" % status,
                b"HTTP/1.1 2e2 Dummy",
                b"PRI * HTTP/2.0",
                b"\x16\x03\x01",
                b"\r\n",
                b"",
            ]
        )
    )
    newline = draw(st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"]))
    sent = newline.join([start, *lengths, *headers, b"", b""]) + packed
    sent = sent[: draw(st.sampled_from([len(sent), len(sent), len(sent) // 2, 3 * len(sent) // 4, len(sent) - 1]))]
    cuts = draw(st.sampled_from([(), (), (1, 2, 12, 40), (len(sent) // 2,)]))
    places = [0, *(cut for cut in cuts if cut < len(sent)), len(sent)]
    pieces = tuple(sent[begin:end] for begin, end in pairwise(places))
    return Wire(pieces, draw(st.sampled_from(["close"] * 6 + ["reset", "hang"])))
