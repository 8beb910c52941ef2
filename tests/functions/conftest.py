"""The world that the functions' tests act in, and the scan of everything that they print."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.support.clock import FakeClock, of_libraries
from tests.support.output import Output, record
from tests.support.providers import PROVIDERS, ProviderFacts
from tests.support.secrets_manager import StrictSecretsManager
from tests.support.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.simulators import Simulator


@pytest.fixture(autouse=True)
def output(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Output]:
    """All that the test says, on every channel."""
    factory = logging.getLogRecordFactory()
    yield record(capsys, monkeypatch)
    logging.setLogRecordFactory(factory)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The time: also the one in which the libraries wait between their own attempts."""
    fake = FakeClock()
    for place, double in of_libraries(fake).items():
        monkeypatch.setattr(place, double)
    return fake


@pytest.fixture(params=PROVIDERS)
def provider_name(request: pytest.FixtureRequest) -> str:
    """Each provider in turn, unless a test is about one of them."""
    return str(request.param)


@pytest.fixture
def kind(provider_name: str) -> ProviderFacts:
    """What is known of the provider."""
    return PROVIDERS[provider_name]


@pytest.fixture
def store(clock: FakeClock) -> Iterator[StrictSecretsManager]:
    """A strict Secrets Manager, whose rules are checked once more at the end."""
    with StrictSecretsManager(clock) as serving:
        yield serving
        serving.check_invariants()


@pytest.fixture
def provider(kind: ProviderFacts, clock: FakeClock) -> Iterator[Simulator]:
    """The provider, well-behaved until told otherwise."""
    with kind.simulator(clock=clock) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def sdk_session() -> Callable[[], boto3.session.Session]:
    """Loads the SDK's session, once for all functions: with AWS's description of itself it would be half of a test."""
    return cache(boto3.session.Session)


@pytest.fixture
def world(  # noqa: PLR0913, PLR0917 - one of each; pytest passes them by name
    kind: ProviderFacts,
    clock: FakeClock,
    store: StrictSecretsManager,
    provider: Simulator,
    output: Output,
    sdk_session: Callable[[], boto3.session.Session],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """The function among them; afterwards nothing that it printed may hold a secret."""
    monkeypatch.setattr("token_refresh.function.boto3.session.Session", sdk_session)
    made = World(kind, clock, store, provider, output, monkeypatch)
    yield made
    assert output.leaks(made.secret_values()) == {}
