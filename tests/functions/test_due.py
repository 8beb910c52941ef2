"""When a secret is due: half of its life, never within 29 minutes, and at once what a person stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import interrupts, steps
from tests.support.clock import DAY, MINUTE, START, Skewed, iso
from tests.support.secrets_manager import Fault
from tests.support.simulators import Mood
from tests.support.steps import SWEEP
from tests.support.world import one_provider

if TYPE_CHECKING:
    from tests.support.world import World


def test_half_life(world: World) -> None:
    """Our own version is due from half of its lifetime less a minute, to the second."""
    name = world.add_refreshed()
    half = world.kind.seconds / 2 - MINUTE

    world.clock.advance(half - 1)
    assert world.run().result["outcomes"] == {"fresh": 1}
    world.clock.advance(1)
    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert world.document(name)["refreshedAt"] == iso(START + half)
    assert world.document(name)["expiresAt"] == iso(START + half + world.kind.seconds)
    assert world.run().result["outcomes"] == {"fresh": 1}


@pytest.mark.parametrize("provider_name", ["fashion-world", "ekuaibao"])
def test_odd_expiry(world: World) -> None:
    """An expiry that is no number keeps no token from being stored; there is no expiresAt."""
    name = world.add(expiresAt="2020-01-01T00:00:00.000Z")
    world.provider.misbehave(Mood.ODD_EXPIRY)

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    assert run.result["secrets"][0]["expires_at"] is None
    document = world.document(name)
    assert "expiresAt" not in document
    assert document["refreshedAt"] == iso(START)
    assert world.provider.is_live(document)
    world.clock.advance(29 * MINUTE - 1)
    assert world.run().result["outcomes"] == {"fresh": 1}
    world.clock.advance(1)
    assert world.run().result["outcomes"] == {"refreshed": 1}


@one_provider
def test_what_a_person_stored_is_due_at_once(world: World) -> None:
    """Pasted credentials are tried at the next run, whatever dates stand under them."""
    name = world.add_refreshed()
    world.edit(name, note="rotated by hand", expiresAt=iso(START + 365 * DAY))
    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert world.run().result["outcomes"] == {"fresh": 1}


@one_provider
def test_a_clock_that_was_ahead(world: World) -> None:
    """Dates written by a clock that was ahead do not keep a secret from being refreshed in time."""
    name = world.add()
    world.cold_start(Skewed(world.clock, 4 * MINUTE))
    assert world.run().result["outcomes"] == {"refreshed": 1}
    world.cold_start()

    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert world.document(name)["refreshedAt"] == iso(START)


@pytest.mark.parametrize("provider_name", ["fashion-world"])
def test_our_clock_is_off(world: World) -> None:
    """A clock more than five minutes off gets "invalid signature": a login fixes it, or else the error says so."""
    able, unable = world.add("able"), world.add("unable", login_fields=False)
    world.cold_start(Skewed(world.clock, -6 * MINUTE))

    run = world.run()

    assert run.outcomes == {"logged_in": 1, "rejected": 1}
    assert f"{unable}: rejected: " in run.failure
    assert "clock" in run.failure
    assert world.provider.is_live(world.document(able))


@one_provider
def test_refreshed_since_the_first_read(world: World) -> None:
    """A sweep reads each secret alone once more: what another run has refreshed meanwhile is fresh."""
    name = world.add()
    world.cold_start()
    interrupts.after(world, lambda step: step == SWEEP, lambda: world.force(name))

    run = world.run()

    assert run.result["outcomes"] == {"fresh": 1}
    assert run.steps[-1] == steps.read(name)
    assert len(world.provider.requests) == 1
    assert world.provider.is_live(world.document(name))


@one_provider
def test_forced_though_not_due(world: World) -> None:
    """If the answer to a forced request is lost, the next run asks again, whatever the dates say; not otherwise."""
    name = world.add_refreshed()
    world.run()
    world.provider.misbehave(Mood.DROP_AFTER)
    assert world.force(name).outcomes == {"transient": 1}
    world.provider.behave()

    assert world.run().result["outcomes"] == {"logged_in": 1}
    assert world.provider.is_live(world.document(name))
    assert world.run().result["outcomes"] == {"fresh": 1}
    assert world.force(name).result["outcomes"] == {"refreshed": 1}
    assert world.run().result["outcomes"] == {"fresh": 1}


@one_provider
def test_forced_where_labels_are_denied(world: World) -> None:
    """What the next run could not be told of is not asked."""
    name = world.add_refreshed()
    world.store.fail("UpdateSecretVersionStage", Fault.DENIED, times=None)

    run = world.force(name)

    assert f"{name}: denied: could not label the secret" in run.failure
    assert run.sent == []
