"""A threaded HTTP server on 127.0.0.1 that can be stopped in the middle of anything and started again."""

from __future__ import annotations

import contextlib
import socket
import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from wsgiref.types import StartResponse, WSGIEnvironment

_POLL_SECONDS = 0.02  # how long a wish to stop may go unnoticed by the accept loop
_JOIN_SECONDS = 5.0


class LoopbackServer(ABC):
    """Serves from background threads while it is entered as a context manager.

    Stopping keeps whatever state the server has, and starting again takes the same port.
    """

    def __init__(self, port: int = 0) -> None:
        """Makes a stopped server; port 0 is any free one."""
        self._port = port
        self._stopping = threading.Event()  # what every handler that waits must wait on
        self._running: tuple[BaseWSGIServer, threading.Thread] | None = None

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> Self:
        """Begins to listen and returns itself."""
        self._stopping.clear()
        server = make_server("127.0.0.1", self._port, self._guarded, threaded=True, request_handler=_QuietHandler)
        self._port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        thread.start()
        self._running = server, thread
        return self

    def stop(self) -> None:
        """Stops listening and cuts off the answers that are being dawdled over."""
        if self._running is None:
            return
        server, thread = self._running
        self._running = None
        self._stopping.set()
        server.shutdown()
        thread.join(_JOIN_SECONDS)
        server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @abstractmethod
    def _answer_http(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Is the WSGI application, called in a thread for each request; a ConnectionError ends it without an answer."""

    def _guarded(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return self._answer_http(environ, start_response)
        except ConnectionError:
            # Werkzeug sends nothing, but would keep the connection for the next request.
            with contextlib.suppress(OSError):  # the client was faster
                environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise


class _QuietHandler(WSGIRequestHandler):
    """A request handler without an access log: its lines would quote query strings, which hold tokens."""

    disable_nagle_algorithm = True  # head and body are two writes: the second would wait for the first's ACK

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing."""

    def log_error(self, format: str, *args: object) -> None:  # noqa: A002 (werkzeug's own name)
        """Says nothing: a malformed request would be quoted."""
