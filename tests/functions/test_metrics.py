"""What the alarms see: one count for each outcome, and two gauges from completed sweeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.clock import MINUTE
from tests.support.simulators import Mood
from tests.support.world import one_provider

if TYPE_CHECKING:
    from tests.support.world import World


@one_provider
def test_only_sweeps_set_the_gauges(world: World) -> None:
    """A run for one secret counts its outcome, whatever it is, and leaves the gauges alone."""
    name = world.add(login_fields=False)
    assert world.run({"secret_id": name}).metrics == {"refreshed": 1}
    assert world.run({"secret_id": name}).metrics == {"fresh": 1}
    world.provider.revoke(name)
    assert world.force(name).metrics == {"rejected": 1}


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
def test_runs_do_not_share_figures(world: World) -> None:
    """A run's figures are its own: nothing of the one before is in them."""
    world.add()
    assert world.run().metrics["refreshed"] == 1
    assert set(world.run().metrics) == {"fresh", "NeedsAttention", "LifeRemainingPercent"}
    assert set(world.run().metrics) == {"fresh", "NeedsAttention", "LifeRemainingPercent"}
