"""One request to a provider, nearly always a POST: bounded in time, in size and in what it can give away.

A token request whose fate is unknown is never sent again: only a connection that was never made is tried anew. An
answer that breaks off is still an answer: its status and the bytes that came are returned, because it may hold the
only copy of a token.
"""

from __future__ import annotations

import contextlib
import json
import re
import ssl
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urljoin, urlsplit

import requests
import urllib3

from token_refresh.clock import REQUEST_SECONDS
from token_refresh.connections import Adapter, PrivateAddress, TimeLimit
from token_refresh.errors import InvalidSecret, Transient, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

USER_AGENT = "token-refresh (AWS Lambda)"
CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0  # without a byte
MOST_BYTES = 1024 * 1024  # 1 MiB
_CHUNK_BYTES = 64 * 1024
_GZIP, _PLAIN_BEGINS = b"\x1f\x8b", (b"{", b"[", b'"', b"<")
_HOST = re.compile("[A-Za-z0-9.:_-]{1,100}")
_PLAIN = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL")  # OpenSSL's words
_LONGEST_CHAIN = 20  # of wrapped errors; three is usual


@dataclass(frozen=True, slots=True, repr=False)
class HttpRequest:
    """How to ask a provider: everything but the base URL."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, str] | None = None
    other_path: str = ""  # asked if the first one is not there: 404, and not in the provider's own words
    credentials: tuple[str, ...] = ()  # derived ones (a signature, an encoded pair), to be masked


@dataclass(frozen=True, slots=True, repr=False)
class HttpResponse:
    """What came back: at most 1 MiB of body, perhaps cut short."""

    status: int
    body: bytes
    redirected_to: str = ""  # the host, if it is a redirect


def post(
    base_url: str, request: HttpRequest, seconds: float = REQUEST_SECONDS, *, public_only: bool = False
) -> HttpResponse:
    """Send one POST and return its answer.

    Everything ends within `seconds`, looking up the name included. Raises `Transient` when no answer came,
    `Unreachable` if nothing can have been sent; the text names the host and the kind of failure only, since the
    libraries' texts hold the URL and its query. Raises `InvalidSecret` if the host must be on the public internet
    (`public_only`) and is not.
    """
    return _send("POST", base_url, request, seconds, public_only=public_only)


def get(base_url: str, request: HttpRequest, *, public_only: bool = False) -> HttpResponse:
    """Send one GET, as `post` does."""
    return _send("GET", base_url, request, REQUEST_SECONDS, public_only=public_only)


def _send(method: str, base_url: str, request: HttpRequest, seconds: float, *, public_only: bool) -> HttpResponse:
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
    answer, problem, sent, private = None, "", True, False
    with TimeLimit(seconds, public_only=public_only) as limit, contextlib.closing(Adapter(limit)) as adapter:
        try:
            prepared = requests.Request(method, url, headers=headers, data=body).prepare()
            # The adapter alone: a session would follow redirects (or read their bodies whole) and bring cookies, netrc,
            # proxies and CA bundles from the environment.
            with contextlib.closing(adapter.send(prepared, stream=True, timeout=timeout, verify=True)) as response:
                # When the time is up amid the headers, those that came parse as an answer without a body.
                if not limit.expired():
                    target = _host(url, response.headers.get("Location", "")) if response.is_redirect else ""
                    answer = HttpResponse(response.status_code, _read(response), target)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            problem, sent = _describe(error)
            private = any(isinstance(cause, PrivateAddress) for cause in _causes(error))
    # Raised out here so that the library's exception is not in the chain.
    if answer is not None:
        return answer
    if private:
        raise InvalidSecret(f"baseUrl leads to {_host(base_url)}, which is not an address on the public internet")
    text = f"{_host(base_url)}: " + (f"no answer within {seconds:.0f} s" if limit.expired() else problem)
    raise Transient(text) if sent or limit.expired() else Unreachable(text)


def _host(url: str, location: str = "") -> str:
    """Return the host of a URL, or of where it leads, as it may be shown: nothing if it is none."""
    try:
        host = (urlsplit(urljoin(url, location)).hostname or "").encode("idna").decode()
    except ValueError:
        return ""
    return host if _HOST.fullmatch(host) else ""


def _read(response: requests.Response) -> bytes:
    body = bytearray()
    # Whatever ends the stream early (a dropped connection, the time limit) leaves what has come so far.
    with contextlib.suppress(requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError):
        while len(body) < MOST_BYTES:
            chunk = response.raw.read1(min(_CHUNK_BYTES, MOST_BYTES - len(body)), decode_content=False)
            if not chunk:
                break
            body += chunk
    return _decompressed(bytes(body), deflated="deflate" in response.headers.get("Content-Encoding", "").lower())


def _decompressed(body: bytes, *, deflated: bool) -> bytes:
    """Unpack what a server compressed unasked; by the bytes, since a wrong header must not cost a token."""
    formats = [zlib.MAX_WBITS | 16] if body.startswith(_GZIP) else []  # 16: gzip
    formats += [zlib.MAX_WBITS] if body[:1] and body[0] & 15 == zlib.DEFLATED else []
    formats += [-zlib.MAX_WBITS] if deflated and body.lstrip()[:1] not in _PLAIN_BEGINS else []  # without a header
    for one in formats:
        if unpacked := _unpack(body, one):
            return unpacked
    return body


def _unpack(body: bytes, wbits: int, size: int = 1024) -> bytes:
    """Unpack all that is whole: of several parts one after the other, and of one whose end or checksum is wrong."""
    unpacked, part, at = bytearray(), zlib.decompressobj(wbits), 0
    while at < len(body) and len(unpacked) < MOST_BYTES:
        piece, before = body[at : at + size], part.copy()
        try:
            unpacked += part.decompress(piece, MOST_BYTES - len(unpacked))
        except zlib.error:
            if size == 1:
                break
            part, size = before, 1  # as far as it goes
            continue
        at += len(piece) - len(part.unused_data)
        if part.eof:
            part = zlib.decompressobj(wbits)
    return bytes(unpacked)


def _describe(error: Exception) -> tuple[str, bool]:
    """Return what went wrong, and whether the request can have been sent."""
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLError) and cause.reason in _PLAIN for cause in causes):
        return "the host does not speak TLS at this port (is it a plain http:// address?)", False
    for cause in causes:
        if isinstance(cause, (ssl.SSLError, urllib3.exceptions.SSLError)):
            untrusted = any(isinstance(one, ssl.SSLCertVerificationError) for one in causes)
            what = "the TLS connection failed (certificate not trusted, wrong host name, or TLS older than 1.2)"
            return what, not untrusted
        if isinstance(cause, urllib3.exceptions.NameResolutionError):
            return "the host name could not be resolved", False
        if isinstance(cause, urllib3.exceptions.ConnectTimeoutError):
            return "no connection could be made", False
        if isinstance(cause, (TimeoutError, urllib3.exceptions.ReadTimeoutError)):
            return f"connected, but no answer came within {READ_SECONDS:.0f} s", True
    return "the connection broke before an answer came", True


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it wraps; requests and urllib3 keep the cause in `args` or `reason`."""
    pending, seen = [error], 0
    while pending and seen < _LONGEST_CHAIN:
        seen += 1
        current = pending.pop(0)
        yield current
        wrapped = (*current.args, getattr(current, "reason", None), current.__cause__)
        pending += [item for item in wrapped if isinstance(item, BaseException)]
