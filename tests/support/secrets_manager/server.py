"""The store's HTTP face: AWS JSON 1.1 on loopback, so that the SDK itself is the client."""

from __future__ import annotations

import json
import socket
import threading
from typing import TYPE_CHECKING, Any

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from .errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

    Perform = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]

_TARGET_PREFIX = "secretsmanager."
_POLL_SECONDS = 0.02  # how long stopping may take; the default, 0.5, would be most of a test
_CONTENT_TYPE = "application/x-amz-json-1.1"


class ConnectionLost(Exception):
    """Tells the server to close the connection without an answer."""


class LoopbackServer:
    """Serves one store on a free port of 127.0.0.1, a thread per request."""

    def __init__(self, perform: Perform) -> None:
        """Binds the port; `perform` is called with an operation's name and its request."""
        self._perform = perform
        self._server = make_server("127.0.0.1", 0, self._app, threaded=True, request_handler=_QuietHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        """Begins to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stops answering and frees the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            response = self._respond(Request(environ))
        except ConnectionLost:
            # On a connection error Werkzeug sends nothing, but keeps the connection for the next request.
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError from None
        return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        try:
            return _json(self._perform(_operation(request), _parameters(request)))
        except ServiceError as error:
            return _json({"__type": error.code, "Message": error.message}, error.status)


class _QuietHandler(WSGIRequestHandler):
    """Does not log requests: a test's output is scanned for secrets, and is for the test."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Logs nothing."""


def _operation(request: Request) -> str:
    authorization = request.headers.get("Authorization", "")
    if not authorization.startswith("AWS4-HMAC-SHA256 ") or "/secretsmanager/aws4_request" not in authorization:
        raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token")
    target = request.headers.get("X-Amz-Target", "")
    if request.method != "POST" or not target.startswith(_TARGET_PREFIX):
        raise ServiceError("UnknownOperationException", "This store knows Secrets Manager only.")
    return target.removeprefix(_TARGET_PREFIX)


def _parameters(request: Request) -> dict[str, Any]:
    try:
        parsed = json.loads(request.get_data())
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise ServiceError("SerializationException", "The request is not a JSON object.")
    return {name: value for name, value in parsed.items() if value is not None}


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type=_CONTENT_TYPE)
