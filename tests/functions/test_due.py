"""When a secret is due: half of its life, never within 29 minutes, and at once what a person stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import interrupts, steps
from tests.support.clock import DAY, HOUR, MINUTE, START, Skewed, iso
from tests.support.secrets_manager import Fault
from tests.support.simulators import Ekuaibao, Mood
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


@pytest.mark.parametrize("provider_name", ["ekuaibao"])
@pytest.mark.parametrize("lifetime", [60, 600, 3480])
def test_never_within_29_minutes(world: World, lifetime: float) -> None:
    """However short a life the provider gives, 29 minutes lie between two of our writes."""
    assert isinstance(world.provider, Ekuaibao)
    world.provider.licence_days = lifetime / DAY
    world.add_refreshed()

    world.clock.advance(29 * MINUTE - 1)
    assert world.run().result["outcomes"] == {"fresh": 1}
    world.clock.advance(1)
    assert world.run().outcomes != {"fresh": 1}


@pytest.mark.parametrize("provider_name", ["fashion-world", "ekuaibao"])
@pytest.mark.parametrize(
    "expiry", [None, "soon", 0, -1, "", [], {}, True, START * 1000 - 1, (START + 11 * 366 * DAY) * 1000, 1e300, "1e9"]
)
def test_odd_expiry(world: World, expiry: object) -> None:
    """An expiry that is missing, no number, past or absurd keeps no token from being stored; there is no expiresAt."""
    name = world.add(expiresAt="2020-01-01T00:00:00.000Z")
    world.provider.odd_expiry = expiry
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


@pytest.mark.parametrize("provider_name", ["fashion-world", "ekuaibao"])
def test_expiry_as_a_string(world: World, provider_name: str) -> None:
    """A number that comes as a string is believed."""
    name = world.add()
    world.provider.odd_expiry = str(round((START + 5 * HOUR) * 1000))
    world.provider.misbehave(Mood.ODD_EXPIRY)

    assert world.run().result["secrets"][0]["expires_at"] == iso(START + 5 * HOUR)
    kept = "expireIn" if provider_name == "fashion-world" else "expireTime"
    assert str(world.document(name)[kept]) == world.provider.odd_expiry


@one_provider
def test_what_a_person_stored_is_due_at_once(world: World) -> None:
    """Pasted credentials are tried at the next run, whatever dates stand under them."""
    name = world.add_refreshed()
    world.edit(name, note="rotated by hand", expiresAt=iso(START + 365 * DAY))
    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert world.run().result["outcomes"] == {"fresh": 1}


@one_provider
@pytest.mark.parametrize("refreshed_at", [iso(START), "yesterday", 7, "", "2026-01-05T10:05:00"])
def test_a_new_secret_with_dates_of_its_own(world: World, refreshed_at: object) -> None:
    """A refreshedAt that a person wrote makes no version ours."""
    world.add(refreshedAt=refreshed_at, expiresAt=iso(START + 365 * DAY))

    assert world.run().result["outcomes"] == {"refreshed": 1}


def test_the_next_life_is_the_new_one(world: World) -> None:
    """After a refresh the count begins anew."""
    name = world.add_refreshed()
    world.clock.advance(world.kind.seconds / 2)
    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert world.document(name)["expiresAt"] == iso(world.clock.now() + world.kind.seconds)
    assert world.run().steps == [SWEEP]


def test_a_clock_that_was_ahead(world: World) -> None:
    """Dates written by a clock an hour ahead do not keep a secret from being refreshed in time."""
    name = world.add()
    world.provider.odd_expiry = (START + 2 * HOUR) * 1000
    # Fashion World refuses a signature more than five minutes off: it is the only one that would notice.
    world.cold_start(Skewed(world.clock, 4 * MINUTE))
    assert world.run().result["outcomes"] == {"refreshed": 1}
    world.cold_start()

    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert world.document(name)["refreshedAt"] == iso(START)


def test_a_clock_that_jumps_ahead(world: World) -> None:
    """A day's jump makes a secret due; a session that is dead by then is logged in again."""
    world.add_refreshed()
    world.clock.jump(DAY)

    expected = "logged_in" if world.kind.name == "ekuaibao" else "refreshed"
    if world.kind.name == "fashion-world":  # half of its three days is not over yet
        expected = "fresh"
    assert world.run().result["outcomes"] == {expected: 1}


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
