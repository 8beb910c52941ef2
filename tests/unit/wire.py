"""A server of raw bytes on loopback: shows exactly what was sent, and answers exactly what a test says."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from types import TracebackType

    Script = Callable[[socket.socket, "WireServer"], None]

_POLL_SECONDS = 0.02  # how long a wish to stop may go unnoticed
_PATIENCE_SECONDS = 5.0  # with a client that says nothing
_END_OF_HEADERS = b"\r\n\r\n"
_TLS_HANDSHAKE = b"\x16"


@dataclass(frozen=True, slots=True)
class Sent:
    """One request, as it was on the wire."""

    line: str
    headers: tuple[tuple[str, str], ...]  # in their order
    body: bytes

    def header(self, name: str) -> str | None:
        """Returns a header's value; None if it was not sent."""
        return dict(self.headers).get(name)


class WireServer:
    """Answers every connection once, on a thread of its own, and closes it.

    `answer` is the bytes to send, or what to do with the socket once the request is there. It listens from
    `__enter__`, unless `listening` is False: then its port refuses until `listen` is called.
    """

    def __init__(
        self, answer: bytes | Script = b"", *, tls: ssl.SSLContext | None = None, listening: bool = True
    ) -> None:
        """Takes a free port."""
        self._answer, self._tls, self._listening = answer, tls, listening
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(_POLL_SECONDS)
        self._threads: list[threading.Thread] = []
        self.port: int = self._socket.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.stopping = threading.Event()  # what a script that waits must wait on
        self.connections = 0
        self.sent: list[Sent] = []

    def __enter__(self) -> Self:
        if self._listening:
            self.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        for thread in self._threads:
            thread.join()
        self._socket.close()

    def listen(self) -> None:
        """Begins to accept connections."""
        self._socket.listen()
        self._start(self._accept)

    def _start(self, work: Callable[..., None], *args: socket.socket) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self._socket.accept()
                self.connections += 1
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:  # a client that goes away is what some tests are about
            connection.settimeout(_PATIENCE_SECONDS)
            if self._tls is not None:
                with self._tls.wrap_socket(connection, server_side=True) as secured:
                    self._exchange(secured)
            else:
                self._exchange(connection)

    def _exchange(self, connection: socket.socket) -> None:
        request = _read(connection)
        if request is None:
            return
        self.sent.append(request)
        if isinstance(self._answer, bytes):
            connection.sendall(self._answer)
        else:
            self._answer(connection, self)


def answer(status: int, body: bytes, *headers: str) -> bytes:
    """Makes an answer with a Content-Length, on a connection that is not for another request."""
    lines = (f"HTTP/1.1 {status} Whatever", *headers, f"Content-Length: {len(body)}", "Connection: close", "", "")
    return "\r\n".join(lines).encode() + body


def trickle(start: bytes, drops: Iterator[bytes], every_seconds: float) -> Script:
    """Makes a script that sends `start`, then drop after drop."""

    def script(connection: socket.socket, server: WireServer) -> None:
        connection.sendall(start)
        for drop in drops:
            if server.stopping.wait(every_seconds):
                return
            connection.sendall(drop)

    return script


def silent(_: socket.socket, server: WireServer) -> None:
    """Is a script that never answers."""
    server.stopping.wait(_PATIENCE_SECONDS)


def _read(connection: socket.socket) -> Sent | None:
    received = b""
    while _END_OF_HEADERS not in received:
        if not (chunk := connection.recv(65_536)):
            return None
        received += chunk
        if received.startswith(_TLS_HANDSHAKE):  # to a server without TLS
            return None
    head, _, body = received.partition(_END_OF_HEADERS)
    line, *rest = head.decode("latin-1").split("\r\n")
    headers = tuple((name, value) for name, _, value in (header.partition(": ") for header in rest))
    length = int(dict(headers).get("Content-Length", "0"))
    while len(body) < length:
        if not (chunk := connection.recv(65_536)):
            return None
        body += chunk
    return Sent(line, headers, body)
