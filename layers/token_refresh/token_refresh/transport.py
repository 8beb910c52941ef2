"""One POST to a provider: bounded in time, in size and in what it can give away.

A token request whose fate is unknown is never sent again: only a connection that was never made is tried anew. An
answer that breaks off is still an answer: its status and the bytes that came are returned, because it may hold the
only copy of a token.
"""

from __future__ import annotations

import contextlib
import json
import ssl
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import requests
import urllib3

from token_refresh.clock import REQUEST_SECONDS
from token_refresh.connections import Adapter, TimeLimit
from token_refresh.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

USER_AGENT = "token-refresh (AWS Lambda)"
CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0  # without a byte
MOST_BYTES = 1024 * 1024  # 1 MiB
_CHUNK_BYTES = 64 * 1024
_GZIP = b"\x1f\x8b"  # how gzip begins, and JSON never
_LONGEST_CHAIN = 20  # of wrapped errors; three is usual


@dataclass(frozen=True, slots=True, repr=False)
class HttpRequest:
    """How to ask a provider: everything but the base URL."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, str] | None = None
    credentials: tuple[str, ...] = ()  # derived ones (a signature, an encoded pair), to be masked


@dataclass(frozen=True, slots=True, repr=False)
class HttpResponse:
    """What came back: at most 1 MiB of body, perhaps cut short."""

    status: int
    body: bytes


def post(base_url: str, request: HttpRequest, seconds: float = REQUEST_SECONDS) -> HttpResponse:
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
    with TimeLimit(seconds) as limit, contextlib.closing(Adapter(limit)) as adapter:
        try:
            prepared = requests.Request("POST", url, headers=headers, data=body).prepare()
            # The adapter alone: a session would follow redirects (or read their bodies whole) and bring cookies, netrc,
            # proxies and CA bundles from the environment.
            with contextlib.closing(adapter.send(prepared, stream=True, timeout=timeout, verify=True)) as response:
                # When the time is up amid the headers, those that came parse as an answer without a body.
                if not limit.expired():
                    answer = HttpResponse(response.status_code, _read(response))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            problem = _describe(error)
    # Raised out here so that the library's exception is not in the chain.
    if answer is None:
        raise Transient(f"no answer within {seconds:.0f} s" if limit.expired() else problem)
    return answer


def _read(response: requests.Response) -> bytes:
    body = bytearray()
    # Whatever ends the stream early (a dropped connection, the time limit) leaves what has come so far.
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
