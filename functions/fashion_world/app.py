"""Asks Fashion World's "Caa" API for new tokens. How its answers are read: `token_refresh.fashion_world`."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from token_refresh.fashion_world import FASHION_WORLD
from token_refresh.function import Function
from token_refresh.transport import HttpRequest

if TYPE_CHECKING:
    from token_refresh.clock import LambdaContext


def sign(action: str, api_key: str, secret_key: str, timestamp: str) -> str:
    """Return the API's signature: a plain SHA-1 (no HMAC) of the values as they are, not URL-encoded."""
    text = f"?action={action}&apiKey={api_key}&secretKey={secret_key}&timestamp={timestamp}"
    # SHA-1 is the provider's choice, and the only thing it takes.
    return base64.b64encode(hashlib.sha1(text.encode(), usedforsecurity=False).digest()).decode()


def authorization(action: str, api_key: str, secret_key: str, timestamp: str) -> str:
    """Return the Authorization header's value; `timestamp` is epoch milliseconds, 13 digits."""
    signature = sign(action, api_key, secret_key, timestamp)
    return "Caa " + base64.b64encode(f"{api_key}:{signature} {timestamp}".encode()).decode()


def refresh(fields: dict[str, str], _options: dict[str, str], now: float) -> HttpRequest:
    """Build ``POST /api/my/refresh-token``, signed with the time."""
    action, timestamp = "client:my:refresh-token", str(round(now * 1000))
    header = authorization(action, fields["apiKey"], fields["secretKey"], timestamp)
    return HttpRequest(
        "/api/my/refresh-token",
        headers={"Authorization": header, "Content-Type": "application/x-www-form-urlencoded"},
        credentials=(
            header.removeprefix("Caa "),
            sign(action, fields["apiKey"], fields["secretKey"], timestamp),
        ),
    )


def login(fields: dict[str, str], _now: float) -> HttpRequest:
    """Build ``POST /api/my/login``; the password goes out exactly as it is stored (the docs show an MD5 hex digest)."""
    return HttpRequest("/api/my/login", json={"mobile": fields["mobile"], "password": fields["password"]})


_function = Function(FASHION_WORLD, refresh, login)


def lambda_handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """Refresh every Fashion World secret that is due, or the one that the event names."""
    return _function(event, context)
