"""A client that asks as the documents say, for the simulators' own tests."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import requests

from tests.support.providers import JSON, PROVIDERS

if TYPE_CHECKING:
    from tests.support.providers import ProviderFacts, Sent
    from tests.support.simulators.simulator import Simulator

NOW_MS = 1_510_213_872_070  # when the documents' Fashion World example was signed

post = partial(requests.post, allow_redirects=False, timeout=10)


def refresh(provider: Simulator, secret: dict[str, str], *, stream: bool = False) -> requests.Response:
    """Refreshes as the documents say, signing as of `NOW_MS`; streamed, the body is still to be read."""
    return _send(provider, _facts(provider).refresh(secret, NOW_MS / 1000), stream=stream)


def log_in(provider: Simulator, secret: dict[str, str]) -> requests.Response:
    """Logs in as the documents say."""
    return _send(provider, _facts(provider).login(secret))


def renewed(secret: dict[str, str], response: requests.Response) -> dict[str, str]:
    """Returns the secret with the tokens of a good answer."""
    assert response.status_code == 200
    document = response.json()
    fields = {**document, **document.get("results", {}), **document.get("value", {})}
    tokens = {name for facts in PROVIDERS.values() for name in facts.tokens}
    return {**secret, **{name: fields[name] for name in tokens if name in fields}}


def _facts(provider: Simulator) -> ProviderFacts:
    return next(facts for facts in PROVIDERS.values() if facts.simulator is type(provider))


def _send(provider: Simulator, sent: Sent, *, stream: bool = False) -> requests.Response:
    headers = {"Authorization": sent.authorization, "Content-Type": sent.content_type}
    return post(
        f"{provider.url}{sent.path}?{sent.query}" if sent.query else provider.url + sent.path,
        headers={name: value for name, value in headers.items() if value},
        json=sent.body if sent.content_type == JSON else None,
        stream=stream,
    )
