"""The environment, read once and typed; a function with a wrong one refuses to start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from token_refresh.errors import InvalidConfiguration

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_WORKERS = 32
_LOG_LEVELS = frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What the template tells a function."""

    secret_prefix: str  # with the trailing slash
    base_url: str  # without one
    allow_plain_http: bool
    max_workers: int

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Read the variables; raise `InvalidConfiguration` naming the first that is missing or wrong."""
        prefix = _required(environ, "SECRET_PREFIX")
        if not prefix.endswith("/") or not prefix.strip("/"):
            raise _wrong("SECRET_PREFIX", "a name prefix with a trailing slash, such as token-refresh/mcs/")
        plain = _required(environ, "ALLOW_PLAIN_HTTP")
        if plain not in ("true", "false"):
            raise _wrong("ALLOW_PLAIN_HTTP", "true or false")
        base_url = _required(environ, "BASE_URL")
        problem = check_base_url(base_url, allow_plain_http=plain == "true")
        if problem:
            raise _wrong("BASE_URL", problem)
        # Without a namespace every alarm would be blind, and nobody would notice.
        _required(environ, "POWERTOOLS_METRICS_NAMESPACE")
        if environ.get("POWERTOOLS_LOG_LEVEL", "INFO").upper() not in _LOG_LEVELS:
            raise _wrong("POWERTOOLS_LOG_LEVEL", "one of " + ", ".join(sorted(_LOG_LEVELS)))
        workers = environ.get("MAX_WORKERS", "8")
        if not (workers.isascii() and workers.isdigit() and 1 <= int(workers) <= _MOST_WORKERS):
            raise _wrong("MAX_WORKERS", f"a whole number from 1 to {_MOST_WORKERS}")
        return cls(prefix, base_url.rstrip("/"), plain == "true", int(workers))


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


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise InvalidConfiguration(f"environment variable {name} is missing: set it in template.yaml and deploy again")
    return value


def _wrong(name: str, expected: str) -> InvalidConfiguration:
    return InvalidConfiguration(f"environment variable {name} is wrong: it must be {expected}")
