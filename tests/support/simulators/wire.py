"""Writing to a request's socket by hand, for answers that no well-behaved server would send."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, NoReturn

from werkzeug.serving import WSGIRequestHandler

if TYPE_CHECKING:
    from threading import Event


class QuietHandler(WSGIRequestHandler):
    """A request handler without an access log: its lines would quote query strings, which hold tokens."""

    disable_nagle_algorithm = True  # head and body are two writes: the second would wait for the first's ACK

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing."""

    def log_error(self, format: str, *args: object) -> None:  # noqa: A002 (werkzeug's own name)
        """Says nothing: a malformed request would be quoted."""


def hang_up(connection: socket.socket) -> NoReturn:
    """Closes the connection now and ends the request: werkzeug takes the exception for a client that left."""
    with contextlib.suppress(OSError):  # the client was faster
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError


def send_raw(connection: socket.socket, data: bytes) -> NoReturn:
    """Sends exactly these bytes, then hangs up."""
    connection.sendall(data)
    hang_up(connection)


def trickle(
    connection: socket.socket, at_once: bytes, one_by_one: bytes, gap_seconds: float, stopping: Event
) -> NoReturn:
    """Sends some bytes at once, the others one by one until done, stopped or left alone; then hangs up."""
    connection.sendall(at_once)
    for position in range(len(one_by_one)):
        if stopping.wait(gap_seconds):
            break
        connection.sendall(one_by_one[position : position + 1])
    hang_up(connection)
