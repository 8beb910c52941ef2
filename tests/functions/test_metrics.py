"""What the alarms see: one count for each outcome, and two gauges from completed sweeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.clock import MINUTE
from tests.support.function import NAMESPACE
from tests.support.secrets_manager import Fault
from tests.support.simulators import Mood
from tests.support.world import one_provider

if TYPE_CHECKING:
    from tests.support.world import World


def test_the_document(world: World) -> None:
    """One document in the embedded metric format: namespace, one dimension, units, and nothing of an account."""
    world.add()

    [document] = world.run().emf

    assert document["_aws"]["CloudWatchMetrics"] == [
        {
            "Namespace": NAMESPACE,
            "Dimensions": [["service"]],
            "Metrics": [
                {"Name": "refreshed", "Unit": "Count"},
                {"Name": "NeedsAttention", "Unit": "Count"},
                {"Name": "LifeRemainingPercent", "Unit": "Percent"},
            ],
        }
    ]
    del document["_aws"]
    assert document == {
        "service": world.kind.name,
        "refreshed": [1],
        "NeedsAttention": [0],
        "LifeRemainingPercent": [100],
    }


@one_provider
def test_no_secrets(world: World) -> None:
    """Without secrets NeedsAttention is 0, and there is no life to measure."""
    assert world.run().metrics == {"NeedsAttention": 0}


@one_provider
def test_only_sweeps_set_the_gauges(world: World) -> None:
    """A run for one secret counts its outcome, whatever it is, and leaves the gauges alone."""
    name = world.add(login_fields=False)
    assert world.run({"secret_id": name}).metrics == {"refreshed": 1}
    assert world.run({"secret_id": name}).metrics == {"fresh": 1}
    world.provider.revoke(name)
    assert world.force(name).metrics == {"rejected": 1}


@one_provider
def test_life_is_the_lowest(world: World) -> None:
    """LifeRemainingPercent is that of the secret which is nearest to its end."""
    world.add_refreshed("first")
    world.clock.advance(world.kind.seconds / 10)
    world.add_refreshed("second")
    world.clock.advance(world.kind.seconds / 10)

    assert world.run().metrics == {
        "fresh": 2,
        "NeedsAttention": 0,
        "LifeRemainingPercent": pytest.approx(80, abs=0.1),
    }


@one_provider
def test_life_after_the_sweep(world: World) -> None:
    """It is measured after the sweep: what has just been refreshed is full of life."""
    world.add_refreshed()
    world.clock.advance(0.6 * world.kind.seconds)
    assert world.run().metrics["LifeRemainingPercent"] == 100


@one_provider
def test_life_of_what_could_not_be_refreshed(world: World) -> None:
    """While the provider is away the gauge sinks, as far as 0 and no further."""
    world.add_refreshed()
    world.provider.misbehave(Mood.SERVICE_UNAVAILABLE, times=None)
    world.clock.advance(0.9 * world.kind.seconds)
    metrics = world.run().metrics
    assert metrics == {"transient": 1, "NeedsAttention": 0, "LifeRemainingPercent": pytest.approx(10, abs=0.1)}

    world.clock.advance(world.kind.seconds)
    assert world.run().metrics["LifeRemainingPercent"] == 0


@one_provider
def test_life_is_at_most_100(world: World) -> None:
    """A clock that went back makes nobody more than alive."""
    name = world.add_refreshed()
    world.clock.jump(-30)
    assert world.run({"secret_id": name}).outcomes == {"fresh": 1}
    assert world.run().metrics["LifeRemainingPercent"] == 100


@one_provider
@pytest.mark.parametrize("outcome", ["denied", "rejected", "invalid_secret", "unreadable", "not_stored"])
def test_needs_attention(world: World, outcome: str) -> None:
    """Each outcome that needs a human counts in NeedsAttention, and its secret's life is left out."""
    name = world.add(login_fields=False)
    if outcome == "denied":
        world.store.fail("PutSecretValue", Fault.DENIED, times=None)
    elif outcome == "rejected":
        world.provider.revoke(name)
    elif outcome == "invalid_secret":
        world.store.person_writes(name, "{")
    elif outcome == "unreadable":
        world.provider.misbehave(Mood.WRONG_SHAPE)
    else:
        world.store.fail("PutSecretValue", Fault.DENIED, times=None, after=1)

    assert world.run().metrics == {outcome: 1, "NeedsAttention": 1}


@one_provider
def test_needs_attention_stays_up(world: World) -> None:
    """It counts what was reported before, too, until it is fixed; then it is 0 again."""
    good, bad = world.add("good"), world.add("bad", login_fields=False)
    world.store.create(broken := world.prefix + "broken", "{")
    world.provider.revoke(bad)
    assert world.run().metrics["NeedsAttention"] == 2
    for _ in range(3):
        world.clock.advance(MINUTE)
        metrics = world.run().metrics
        assert metrics["NeedsAttention"] == 2
        assert metrics["LifeRemainingPercent"] > 90

    world.store.person_writes(bad, world.provider.create_account("new"))
    world.store.person_writes(broken, world.provider.create_account("whole"))
    assert world.run().metrics["NeedsAttention"] == 0
    assert world.provider.is_live(world.document(good))


@one_provider
def test_life_of_a_fresh_secret_whose_expiry_is_unknown(world: World) -> None:
    """Outcomes that need nobody are in the gauge even while a person's version waits for its turn."""
    world.add()
    world.provider.misbehave(Mood.SERVICE_UNAVAILABLE)

    metrics = world.run().metrics

    assert metrics["NeedsAttention"] == 0
    assert 0 <= metrics["LifeRemainingPercent"] <= 100


def test_a_healthy_day_never_sees_less_than_half(world: World) -> None:
    """With a run every ten minutes the gauge stays above half less ten minutes, for tokens of an hour as of days."""
    world.add()
    lowest = 100.0
    for _ in range(3 * 6):
        metrics = world.run().metrics
        lowest = min(lowest, metrics["LifeRemainingPercent"])
        world.clock.advance(10 * MINUTE)
    assert lowest >= 50 - 100 * 10 * MINUTE / world.kind.seconds


@one_provider
def test_runs_do_not_share_figures(world: World) -> None:
    """A run's figures are its own: nothing of the one before is in them."""
    world.add()
    assert world.run().metrics["refreshed"] == 1
    assert set(world.run().metrics) == {"fresh", "NeedsAttention", "LifeRemainingPercent"}
    assert set(world.run().metrics) == {"fresh", "NeedsAttention", "LifeRemainingPercent"}


@one_provider
def test_an_invalid_event_counts_nothing(world: World) -> None:
    """An event that makes no sense is no sweep."""
    assert world.run([]).emf == []
