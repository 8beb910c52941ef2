"""Connections to a provider: TLS 1.2 or newer, ended on time, and never tried again once one was made."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any, Self

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import Retry, create_urllib3_context

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests


class TimeLimit:
    """Shuts a request's sockets when its time is up.

    The libraries' timeouts count from byte to byte, so a server that trickles could hold a run for ever.
    """

    def __init__(self, seconds: float) -> None:
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
        if self.expired():  # names can take long to resolve; this is not an error that is tried again
            raise TimeoutError
        sock = connect()
        with self._lock:
            self._sockets.append(sock.dup())
            if self.expired():
                self._shut(sock)
        return sock

    def _expire(self) -> None:
        with self._lock:
            self._expired.set()
            for sock in self._sockets:
                self._shut(sock)

    @staticmethod
    def _shut(sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


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
            def _new_conn(self) -> socket.socket:
                return limit.over(super()._new_conn)

        class Tls(HTTPSConnection):
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
