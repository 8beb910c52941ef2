"""Whatever a provider answers, it is not hammered: what was refused is presented again in its slots only."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from tests.support.clock import DAY, HOUR, MINUTE
from tests.support.secrets_manager import Fault
from tests.support.simulators import Mood

if TYPE_CHECKING:
    from tests.support.secrets_manager import Call
    from tests.support.world import World

pytestmark = pytest.mark.parametrize("provider_name", ["mcs"])
LOGIN, REFRESH = "/oauth/login/thirdpart", "/oauth/login/thirdpart/refresh"


def _asked(world: World, days: float, interval: float, outcome: str = "rejected") -> list[tuple[int, str]]:
    """Runs for days; returns in which ten minutes of the time the provider was asked, and for what."""
    world.log_little()
    began, asked = world.clock.now(), []
    for number in range(round(days * DAY / interval)):
        world.clock.advance(began + number * interval - world.clock.now())
        run = world.run()
        assert run.result["outcomes"] == {outcome: 1}  # it has been reported: nothing is raised
        asked += [(int((world.clock.now() - began) // (10 * MINUTE)), sent.path) for sent in run.sent]
    return asked


def _next_day(world: World) -> None:
    """Goes on to the beginning of the next UTC day."""
    world.clock.advance(DAY - world.clock.now() % DAY)


@pytest.fixture(
    params=[
        pytest.param(10 * MINUTE, id="every ten minutes"),
        pytest.param(MINUTE, id="every minute", marks=pytest.mark.slow),
    ]
)
def interval(request: pytest.FixtureRequest) -> float:
    """How often runs come."""
    return float(request.param)


def test_tokens_once_an_hour(world: World, interval: float) -> None:
    """Tokens that were refused, and nothing to log in with: one request in each hour, in the same ten minutes of it."""
    name = world.add(login_fields=False)
    world.provider.revoke(name)
    assert f"{name}: rejected: " in world.run().failure
    _next_day(world)

    asked = _asked(world, 0.25, interval)

    assert [path for _, path in asked] == [REFRESH] * 6
    assert len({slot % 6 for slot, _ in asked}) == 1
    versions = len(world.store.versions(name))
    assert versions <= 1 + 1 + 6  # the proofs: one an hour


@pytest.mark.slow
def test_a_password_once_a_day(world: World) -> None:
    """Beside dead tokens the password is presented once a day, the tokens once an hour."""
    name = world.add()
    world.edit(name, password="wrong")
    world.provider.revoke(name)
    assert f"{name}: rejected: " in world.run().failure
    _next_day(world)

    asked = _asked(world, 2, 10 * MINUTE)

    assert [path for _, path in asked].count(REFRESH) == 48
    [first, second] = [slot for slot, path in asked if path == LOGIN]
    assert second - first == 144


def test_a_password_alone_once_a_day(world: World, interval: float) -> None:
    """A secret that can only log in is presented in its one slot of the day."""
    name = world.add(tokens=False)
    world.edit(name, password="wrong")
    assert f"{name}: rejected: " in world.run().failure
    _next_day(world)

    assert [path for _, path in _asked(world, 1, interval)] == [LOGIN]


def test_an_unclear_answer_to_a_login_once_an_hour(world: World, interval: float) -> None:
    """Nobody knows what it means: transient, raised once, listed between the slots."""
    name = world.add(tokens=False)
    world.provider.answer_with(418, body="no", times=None)
    assert f"{name}: transient: " in world.run().failure
    assert world.store.labels(name)["UNCLEAR"] == world.current(name).id
    _next_day(world)

    asked = _asked(world, 0.25, interval, "transient")

    assert [path for _, path in asked] == [LOGIN] * 6
    world.provider.behave()
    assert world.run_until_asked().result["outcomes"] == {"logged_in": 1}


def test_an_unclear_login_that_is_refused_in_its_slot_is_raised(world: World) -> None:
    """It is news that a person is needed."""
    name = world.add(tokens=False)
    world.edit(name, password="wrong")
    world.provider.answer_with(418, body="no")
    assert f"{name}: transient: " in world.run().failure
    world.clock.advance(HOUR)

    run = world.run_until_asked()

    assert f"{name}: rejected: " in run.failure


def test_an_unclear_answer_to_a_refresh_is_asked_again_while_the_tokens_live(world: World) -> None:
    """In each run, like a busy one. After that the session counts as dead: the login heals it."""
    name = world.add_refreshed()
    world.provider.answer_with(418, body="no", times=None)
    world.clock.advance(30 * MINUTE)
    for _ in range(3):
        run = world.run()
        assert f"{name}: transient: " in run.failure
        assert [sent.path for sent in run.sent] == [REFRESH]
        world.clock.advance(10 * MINUTE)
    world.provider.behave()
    world.provider.answer_with(418, body="no")

    run = world.run()

    assert run.result["outcomes"] == {"logged_in": 1}


def test_a_person_s_tokens_live_an_hour(world: World) -> None:
    """They have no dates that are believed: from their creation on they count as alive for that long."""
    name = world.add(login_fields=False)
    world.provider.answer_with(418, body="no", times=None)
    for _ in range(6):
        assert f"{name}: transient: " in world.run().failure
        world.clock.advance(10 * MINUTE)
    assert f"{name}: rejected: " in world.run().failure


@pytest.mark.parametrize("mood", [Mood.SERVICE_UNAVAILABLE, Mood.DROP_BEFORE, Mood.NOT_JSON])
def test_what_a_slot_brings_does_not_hide_the_rejection(world: World, mood: Mood) -> None:
    """It stays rejected, counted and not raised, whatever the slot's answer is: an alarm would flap otherwise."""
    name = world.add(login_fields=False)
    world.provider.revoke(name)
    world.run()
    world.clock.advance(HOUR)
    world.provider.misbehave(mood)

    run = world.run_until_asked()

    assert run.result["outcomes"] == {"rejected": 1}
    assert run.metrics["NeedsAttention"] == 1
    [listed] = run.result["secrets"]
    assert "; asked again after 20" in listed["error"]


@pytest.mark.parametrize("outcome", ["unreadable", "not_stored"])
def test_an_answer_in_a_slot_that_needs_a_person_is_raised(world: World, outcome: str) -> None:
    """Tokens were given, and a person must know."""
    name = world.add(login_fields=False)
    status, message = world.provider.DEAD_SESSION
    world.provider.answer_with(status, body=json.dumps({"code": status, "message": message}))
    assert f"{name}: rejected: " in world.run().failure
    world.clock.advance(HOUR)
    if outcome == "unreadable":
        world.provider.answer_with(200, body="[]")
    else:
        world.store.fail("PutSecretValue", Fault.DENIED, times=None, after=1)

    assert f"{name}: {outcome}: " in world.run_until_asked().failure


def test_a_slot_looks_once(world: World) -> None:
    """Nobody else is about to store an answer: it does not wait 15 seconds for one."""
    name = world.add(login_fields=False)
    world.provider.revoke(name)
    world.run()
    world.clock.advance(HOUR)
    assert world.run_until_asked().seconds < 1


def test_two_secrets_have_slots_of_their_own(world: World) -> None:
    """What was rejected together does not come back together."""
    for number in range(6):
        world.provider.revoke(world.add(f"s{number}", login_fields=False))
    world.run()
    world.clock.advance(HOUR)
    together = []
    for _ in range(6):
        together.append(len(world.run().sent))
        world.clock.advance(10 * MINUTE - world.clock.now() % (10 * MINUTE))
    assert sum(together) == 6
    assert max(together) < 6


@pytest.mark.parametrize("tokens", [True, False])
def test_a_slot_at_the_end_of_an_hour_is_one(world: World, *, tokens: bool) -> None:
    """A run that begins in it, and reaches the secret after the hour, finds that it is used up."""
    name = world.add(tokens=tokens, login_fields=not tokens)
    if tokens:
        world.provider.revoke(name)
    slot = 0
    while slot % 6 != 5:  # the last in its hour
        world.edit(name, note=slot, **({} if tokens else {"password": "wrong"}))
        slot = _slot_of(world, name)
    assert f"{name}: rejected: " in world.run().failure
    _next_day(world)
    world.clock.advance(slot * 10 * MINUTE + MINUTE)
    assert len(world.run().sent) == 1
    world.clock.advance(9 * MINUTE - 10)

    def listing_is_slow(call: Call) -> None:
        if call.operation == "BatchGetSecretValue":
            world.clock.advance(15)

    world.store.after_call = listing_is_slow
    assert world.run().sent == []


def test_a_label_that_fails_once_is_tried_again(world: World) -> None:
    """Without it the password would be presented in every run."""
    name = world.add(tokens=False)
    world.edit(name, password="wrong")
    world.store.fail("UpdateSecretVersionStage", Fault.THROTTLED, times=4)
    assert f"{name}: rejected: " in world.run().failure
    world.clock.advance(10 * MINUTE)
    assert world.run().result["outcomes"] == {"rejected": 1}


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("ours", [True, False])
def test_a_read_that_fails_hides_no_rejection(world: World, after: int, *, ours: bool) -> None:
    """It stays rejected, counted and not raised: an alarm would flap otherwise."""
    name = world.add_refreshed(login_fields=False) if ours else world.add(login_fields=False)
    world.provider.revoke(name)
    world.clock.advance(HOUR)
    assert f"{name}: rejected: " in world.run().failure
    world.clock.advance(HOUR)
    for _ in range(6):
        world.store.fail("GetSecretValue", Fault.THROTTLED, times=4, after=after)
        run = world.run()
        world.store.heal()
        assert run.result["outcomes"] == {"rejected": 1}
        assert run.metrics["NeedsAttention"] == 1
        world.clock.advance(10 * MINUTE)


def test_a_short_run_hides_no_rejection(world: World) -> None:
    """There is no time for it: it was rejected, and is."""
    name = world.add(login_fields=False)
    world.provider.revoke(name)
    assert f"{name}: rejected: " in world.run().failure
    world.clock.advance(10 * MINUTE)
    assert world.run(seconds=20).result["outcomes"] == {"rejected": 1}


def test_an_unclear_answer_hides_no_denial(world: World) -> None:
    """While nobody knows what the provider meant, a missing permission is told."""
    name = world.add(tokens=False)
    world.provider.answer_with(418, body="no", times=None)
    world.run()
    world.clock.advance(HOUR)
    world.store.fail("PutSecretValue", Fault.DENIED, times=None)
    raised = []
    for _ in range(6):
        raised += [run.failure for run in [world.run()] if run.raised]
        world.clock.advance(10 * MINUTE)
    assert len(raised) == 1
    assert f"{name}: denied: " in raised[0]


def _slot_of(world: World, name: str) -> int:
    return int.from_bytes(hashlib.sha256(world.current(name).id.encode()).digest()[:4]) % 144
