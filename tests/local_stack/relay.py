"""Lets containers reach what listens on this machine's loopback."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.local_stack.container import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator

_BRIDGE = b"docker0"
_CHUNK_BYTES = 65_536
_CONNECT_SECONDS = 5


@contextmanager
def seen_from_containers(url: str) -> Iterator[str]:
    """Give the address under which a container reaches a server on loopback.

    Docker Desktop forwards to loopback itself. Docker on Linux does not, so there a relay listens on its bridge, an
    address that only this machine and its containers have.
    """
    port = urlsplit(url).port
    bridge = _bridge_address()
    if bridge is None or port is None:
        yield f"http://{HOST}:{port}"
        return
    with _Relay(bridge, port) as relay:
        thread = threading.Thread(target=relay.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://{HOST}:{relay.server_address[1]}"
        finally:
            relay.shutdown()
            thread.join()


class _Relay(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: str, port: int) -> None:
        super().__init__((address, 0), _Connection)
        self.port = port


class _Connection(BaseRequestHandler):
    def handle(self) -> None:
        port = self.server.port if isinstance(self.server, _Relay) else 0
        with socket.create_connection(("127.0.0.1", port), _CONNECT_SECONDS) as inner:
            inner.settimeout(None)
            back = threading.Thread(target=_copy, args=(inner, self.request), daemon=True)
            back.start()
            _copy(self.request, inner)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):  # either side may hang up: that is for the other to see
        while chunk := source.recv(_CHUNK_BYTES):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _bridge_address() -> str | None:
    """Return the address of Docker's own bridge on Linux; none elsewhere, or without Docker."""
    if sys.platform != "linux":
        return None
    import fcntl  # noqa: PLC0415 - Unix only

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            answer = fcntl.ioctl(any_socket, 0x8915, struct.pack("256s", _BRIDGE))  # SIOCGIFADDR
        except OSError:
            return None
    return socket.inet_ntoa(answer[20:24])
