"""One POST to a provider: bounded in time, in size and in what it can give away.

A token request whose fate is unknown is never sent again: only a connection that was never made is tried anew. An
answer that breaks off is still an answer: its status and the bytes that came are returned, because it may hold the
only copy of a token.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlencode, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import Retry, create_urllib3_context

from token_refresh.clock import REQUEST_SECONDS
from token_refresh.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

USER_AGENT = "token-refresh (AWS Lambda)"
CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0  # without a byte
MOST_BYTES = 1024 * 1024  # 1 MiB
_CHUNK_BYTES = 64 * 1024
_GZIP = b"\x1f\x8b"  # how gzip begins, and JSON never
_LONGEST_CHAIN = 20  # of wrapped errors; three is usual


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """How to ask a provider: everything but the base URL."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, str] | None = None
    credentials: tuple[str, ...] = ()  # derived ones (a signature, an encoded pair), to be masked


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What came back: at most 1 MiB of body, perhaps cut short."""

    status: int
    body: bytes


def check_base_url(url: str, *, allow_plain_http: bool) -> str | None:
    """Return what is wrong with a base URL, in words that complete "it must be …", or None."""
    try:
        parts = urlsplit(url)
        port_is_a_number = parts.port is None or parts.port > 0
    except ValueError:
        return "a URL such as https://api.example.com"
    if parts.scheme == "http" and not allow_plain_http:
        return "an https:// URL (plain HTTP would carry tokens in the clear; a stack parameter allows it)"
    # Looked for in the text: an empty query or user parses as none, and an empty query swallows the path.
    odd = any(sign in url for sign in "?#@\\") or not port_is_a_number
    if parts.scheme not in ("http", "https") or not parts.hostname or odd or not url.isprintable() or " " in url:
        return "a URL such as https://api.example.com, without credentials, query or fragment"
    try:
        requests.Request("POST", url).prepare()  # stricter about host names
    except requests.RequestException:
        return "a URL such as https://api.example.com"
    return None


def post(base_url: str, request: Request, seconds: float = REQUEST_SECONDS) -> Answer:
    """Send one request and return its answer.

    Everything ends within `seconds`, connecting included. Raises `Transient` when no answer came; its text names
    the kind of failure only, since the libraries' texts hold the URL and its query.
    """
    url = base_url + request.path
    if request.query:
        url += "?" + urlencode(request.query, quote_via=quote, safe="")
    headers = {
        "User-Agent": USER_AGENT,
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Connection": "close",
        **request.headers,
    }
    body = b""
    if request.json is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(request.json, ensure_ascii=False).encode()
    timeout = (min(CONNECT_SECONDS, seconds), min(READ_SECONDS, seconds))
    answer, problem = None, ""
    with _Watch(seconds) as watch, contextlib.closing(_Adapter(watch)) as adapter:
        try:
            prepared = requests.Request("POST", url, headers=headers, data=body).prepare()
            # The adapter alone: a session would follow redirects (or read their bodies whole) and bring cookies, netrc,
            # proxies and CA bundles from the environment.
            with contextlib.closing(adapter.send(prepared, stream=True, timeout=timeout, verify=True)) as response:
                # When the time is up amid the headers, those that came parse as an answer without a body.
                if not watch.expired():
                    answer = Answer(response.status_code, _read(response))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            problem = _describe(error)
    # Raised out here so that the library's exception is not in the chain.
    if answer is None:
        raise Transient(f"no answer within {seconds:.0f} s" if watch.expired() else problem)
    return answer


def _read(response: requests.Response) -> bytes:
    body = bytearray()
    # Whatever ends the stream early (a dropped connection, the watch) leaves what has come so far.
    with contextlib.suppress(requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError):
        while len(body) < MOST_BYTES:
            chunk = response.raw.read1(min(_CHUNK_BYTES, MOST_BYTES - len(body)), decode_content=False)
            if not chunk:
                break
            body += chunk
    return _decompressed(bytes(body))


def _decompressed(body: bytes) -> bytes:
    """Unpack what a server compressed unasked; by the bytes, since a wrong header must not cost a token."""
    if not body.startswith(_GZIP):
        return body
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(body, MOST_BYTES)  # 16: gzip
    except zlib.error:
        return body


def _describe(error: Exception) -> str:
    for cause in _causes(error):
        if isinstance(cause, (ssl.SSLError, urllib3.exceptions.SSLError)):
            return "the TLS connection failed (certificate not trusted, wrong host name, or TLS older than 1.2)"
        if isinstance(cause, urllib3.exceptions.NameResolutionError):
            return "the host name could not be resolved"
        if isinstance(cause, urllib3.exceptions.ConnectTimeoutError):
            return "no connection could be made"
        if isinstance(cause, (TimeoutError, urllib3.exceptions.ReadTimeoutError)):
            return f"connected, but no answer came within {READ_SECONDS:.0f} s"
    return "the connection broke before an answer came"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it wraps; requests and urllib3 keep the cause in `args` or `reason`."""
    pending, seen = [error], 0
    while pending and seen < _LONGEST_CHAIN:
        seen += 1
        current = pending.pop(0)
        yield current
        wrapped = (*current.args, getattr(current, "reason", None), current.__cause__)
        pending += [item for item in wrapped if isinstance(item, BaseException)]


class _Watch:
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
        """Connect, and watch over the new socket: through a duplicate, since TLS takes the original's descriptor."""
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


class _Adapter(HTTPAdapter):
    """TLS 1.2 or newer, every connection under the watch, and a retry only where none was made."""

    def __init__(self, watch: _Watch) -> None:
        self._watch = watch
        never_connected_only = Retry(
            total=None, connect=2, read=False, redirect=False, status=0, other=0, backoff_factor=0.2
        )
        super().__init__(max_retries=never_connected_only)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # passed on as they came
        context = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
        super().init_poolmanager(*args, ssl_context=context, **kwargs)
        watch = self._watch

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return watch.over(super()._new_conn)

        class Tls(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return watch.over(super()._new_conn)

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
