"""Asks a made-up OAuth provider for new tokens, as a functions/<name>/app.py does."""

from __future__ import annotations

from token_refresh.transport import HttpRequest


def refresh(fields: dict[str, str], _options: dict[str, str], _now: float) -> HttpRequest:
    """Build ``POST /token`` with a refresh token."""
    client = {"client_id": fields["clientId"], "client_secret": fields["clientSecret"]}
    return HttpRequest(
        "/token", json={"grant_type": "refresh_token", "refresh_token": fields["refreshToken"], **client}
    )


def login(fields: dict[str, str], _now: float) -> HttpRequest:
    """Build ``POST /token`` with name and password."""
    client = {"client_id": fields["clientId"], "client_secret": fields["clientSecret"]}
    user = {"username": fields["username"], "password": fields["password"]}
    return HttpRequest("/token", json={"grant_type": "password", **user, **client})
