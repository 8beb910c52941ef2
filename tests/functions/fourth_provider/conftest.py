"""The fixtures of tests/functions, for the made-up provider: its row in the table of providers is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.functions.conftest import clock, output, provider, sdk_session, store, world  # noqa: F401 - fixtures
from tests.functions.fourth_provider.simulator import LIVES_SECONDS, Example
from tests.support.providers import JSON, ProviderFacts, Sent

if TYPE_CHECKING:
    from collections.abc import Mapping


def _sent(body: Mapping[str, Any]) -> Sent:
    return Sent("POST", "/token", "", None, JSON, dict(body))


def _client(secret: Mapping[str, Any]) -> dict[str, Any]:
    return {"client_id": secret["clientId"], "client_secret": secret["clientSecret"]}


def _refresh(secret: Mapping[str, Any], _: float) -> Sent:
    return _sent({"grant_type": "refresh_token", "refresh_token": secret["refreshToken"], **_client(secret)})


def _login(secret: Mapping[str, Any]) -> Sent:
    user = {name: secret[name] for name in ("username", "password")}
    return _sent({"grant_type": "password", **user, **_client(secret)})


_EXAMPLE = ProviderFacts(
    "example",
    module="example",
    constant="EXAMPLE",
    simulator=Example,
    refreshed_by="refreshToken",
    tokens=("accessToken", "refreshToken"),
    written=("accessToken", "refreshToken"),
    login_fields=("username", "password"),
    seconds=LIVES_SECONDS,
    login_seconds=LIVES_SECONDS,
    refresh=_refresh,
    login=_login,
    app="tests.functions.fourth_provider.app",
    layer="tests.functions.fourth_provider.replies",
)


@pytest.fixture
def provider_name() -> str:
    """The made-up provider."""
    return _EXAMPLE.name


@pytest.fixture
def kind(provider_name: str) -> ProviderFacts:
    """What is known of it, also where one provider is enough for the others."""
    del provider_name
    return _EXAMPLE
