"""Connections to a provider: TLS 1.2 or newer, ended on time, and never tried again once one was made.

And what Python's own HTTP client would make of an odd answer: an interim one (103) before the real one, or a hundred
lines of headers, must not cost the tokens.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TYPE_CHECKING, Any, Self

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import Retry, create_urllib3_context

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

# Python gives up at 101 lines, or at one of 64 KiB. The time limit bounds it all.
http.client._MAXHEADERS = 10_000  # type: ignore[attr-defined]  # noqa: SLF001  # no public way to say it
http.client._MAXLINE = 1024 * 1024  # type: ignore[attr-defined]  # noqa: SLF001  # the same
_MOST_INTERIM = 1000  # answers before the real one
_INTERIM = range(102, 200)  # HTTP statuses; Python skips 100 itself, and 101 is no HTTP any more
# IPv6 addresses that stand for the IPv4 address in their last four bytes: NAT64 (RFC 6052), and an old form.
_WRAPPED = (0x64_FF9B_0000_0000_0000_0000, 0)


class PrivateAddress(OSError):
    """The host is not on the public internet."""


class TimeLimit:
    """Shuts a request's sockets when its time is up.

    The libraries' timeouts count from byte to byte, so a server that trickles could hold a run for ever, and a name
    that resolves slowly, too. `public_only`: raise `PrivateAddress` before a byte is sent to any other host.
    """

    def __init__(self, seconds: float, *, public_only: bool) -> None:
        self._ends = time.monotonic() + seconds
        self._public_only = public_only
        self._expired = threading.Event()
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            for sock in self._sockets:
                sock.close()
            self._sockets.clear()

    def expired(self) -> bool:
        """Tell whether the time was up."""
        return self._expired.is_set()

    def over(self, connect: Callable[[], socket.socket]) -> socket.socket:
        """Connect, and put the new socket under the limit: a duplicate, since TLS takes the original's descriptor."""
        sock = self._connected(connect)
        if self._public_only and not _is_public(sock.getpeername()[0]):
            sock.close()
            raise PrivateAddress
        with self._lock:
            self._sockets.append(sock.dup())
            if self.expired():
                self._shut(sock)
        return sock

    def _connected(self, connect: Callable[[], socket.socket]) -> socket.socket:
        """Connect in a thread of its own: nothing else can end a look-up of a name."""
        made: Future[socket.socket] = Future()

        def work() -> None:
            try:
                made.set_result(connect())
            except BaseException as error:  # noqa: BLE001  # raised again by whoever waits
                made.set_exception(error)

        threading.Thread(target=work, daemon=True).start()
        try:
            return made.result(max(0.0, self._ends - time.monotonic()))
        except FutureTimeout:
            made.add_done_callback(_close)
        self._expired.set()
        raise TimeoutError  # not an error that is tried again

    def _expire(self) -> None:
        with self._lock:
            self._expired.set()
            for sock in self._sockets:
                self._shut(sock)

    @staticmethod
    def _shut(sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.sixtofour or (ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF) if int(ip) >> 32 in _WRAPPED else None)
        if (inner and not inner.is_global) or ip.is_site_local:
            return False
    return ip.is_global


def _close(late: Future[socket.socket]) -> None:
    if late.exception() is None:
        late.result().close()


class _Response(http.client.HTTPResponse):
    """An answer that may have interim ones before it, or headers that are slightly wrong."""

    def begin(self) -> None:
        super().begin()
        rest = str(self.headers.get_payload() or "")  # the lines after one that is no header
        codings = ",".join([*self.headers.get_all("Transfer-Encoding", []), rest]).lower()
        if "chunked" in codings and not self.chunked:
            self.chunked, self.chunk_left, self.length = True, None, None
        if len(set(self.headers.get_all("Content-Length", []))) > 1:  # nobody knows which: read to the end
            del self.headers["Content-Length"]
            self.length = None

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_MOST_INTERIM):
            line: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]  # private, and as old as Python 3
            if line[1] not in _INTERIM:
                return line
            http.client.parse_headers(self.fp)
        raise http.client.BadStatusLine("interim answers only")


class Adapter(HTTPAdapter):
    """TLS 1.2 or newer, every connection under a time limit, and a retry only where none was made."""

    def __init__(self, limit: TimeLimit) -> None:
        self._limit = limit
        never_connected_only = Retry(
            total=None, connect=2, read=False, redirect=False, status=0, other=0, backoff_factor=0.2
        )
        super().__init__(max_retries=never_connected_only)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # passed on as they came
        """Make the pools whose connections are under the time limit."""
        context = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
        super().init_poolmanager(*args, ssl_context=context, **kwargs)
        limit = self._limit

        class Plain(HTTPConnection):
            response_class = _Response

            def _new_conn(self) -> socket.socket:
                return limit.over(super()._new_conn)

        class Tls(HTTPSConnection):
            response_class = _Response

            def _new_conn(self) -> socket.socket:
                return limit.over(super()._new_conn)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class TlsPool(HTTPSConnectionPool):
            ConnectionCls = Tls

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:  # noqa: ANN401  # urllib3's
        """Make the response without its cookies: Python's parser prints those that it does not understand."""
        original, resp._original_response = resp._original_response, None  # noqa: SLF001  # where requests finds them
        try:
            return super().build_response(req, resp)
        finally:
            resp._original_response = original  # noqa: SLF001  # urllib3 still needs it
