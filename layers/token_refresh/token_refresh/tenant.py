"""Finding where a tenant has moved: a provider's address can change, and its old one refuses good tokens."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from token_refresh.errors import SecretError
from token_refresh.parsing import parse_object
from token_refresh.settings import check_base_url
from token_refresh.transport import get

if TYPE_CHECKING:
    from token_refresh.run_context import RunContext, StoredSecret

_MOST_BYTES = 4096  # of an answer that is one address: parsed JSON can be thirty times as large


def base_url_of(run: RunContext, secret: StoredSecret) -> str:
    """Return where a secret's provider is asked."""
    return secret.document.options.get("baseUrl", run.settings.base_url).rstrip("/")


def new_base_url(run: RunContext, secret: StoredSecret) -> str | None:
    """Return the provider's address for this tenant, if it tells another one than is asked now. No token goes out."""
    provider, now = run.provider, base_url_of(run, secret)
    request = provider.locate(secret.document.fields) if provider.locate else None
    if request is None:
        return None
    for base_url in dict.fromkeys((now, run.settings.base_url)):
        try:
            run.deadline.check_request()
            own = base_url != run.settings.base_url  # the stack's is the operator's, and trusted
            response = get(base_url, request, public_only=own and not run.settings.allow_plain_http)
        except SecretError:
            continue
        found = (parse_object(response.body[:_MOST_BYTES]) or {}).get("value")
        if response.status == HTTPStatus.OK and isinstance(found, str) and _is_ours(run, found):
            return found.rstrip("/") if _place(found) != _place(now) else None
    return None


def _place(url: str) -> tuple[str, str | None, int | None, str]:
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname, port, parts.path.rstrip("/")


def _is_ours(run: RunContext, url: str) -> bool:
    """Tell whether tokens may go there: over TLS, to one of the provider's own domains."""
    if check_base_url(url, allow_plain_http=run.settings.allow_plain_http) is not None:
        return False
    host = (urlsplit(url).hostname or "").lower()
    return any(host == domain or host.endswith(f".{domain}") for domain in run.provider.domains)
