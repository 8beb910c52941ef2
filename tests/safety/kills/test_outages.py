"""AWS stores nothing for hours: no token is spent, few versions are written, and then every secret heals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.safety.kills.world import SCHEDULE_SECONDS
from tests.support.clock import HOUR
from tests.support.secrets_manager import ANY, Fault, Key
from tests.support.simulators import Mood

if TYPE_CHECKING:
    from tests.safety.kills.invariants import TrackedSecret
    from tests.safety.kills.processes import FunctionProcess
    from tests.safety.kills.world import World

HOURS = {"ekuaibao": 26}  # longer than its tokens live; of the others a few tell as much
RUNS_AN_HOUR = HOUR // SCHEDULE_SECONDS
PREFIX = "token-refresh/outage/"


def test_storing_is_impossible(world: World) -> None:
    """Denied, throttled, unanswered, key disabled: the provider is not asked, and then all heal."""
    outcomes = {"denied": "denied", "key": "denied", "throttled": "transient", "late": "transient"}
    without_login = {"denied", "throttled"}
    secrets = {name: world.add(PREFIX + name, login_fields=name not in without_login) for name in outcomes}
    faults = {
        "denied": Fault.DENIED,
        "throttled": Fault.THROTTLED,
        "late": Fault.LOST_AFTER,  # each proof is stored, and nobody learns of it
    }
    for name, fault in faults.items():
        world.store.fail("PutSecretValue", fault, secret=PREFIX + name, times=None)
    world.store.set_key(PREFIX + "key", Key.READS_ONLY)

    with world.process(PREFIX) as process:
        for hour in range(HOURS.get(world.kind.name, 3)):
            for _ in range(RUNS_AN_HOUR):
                run = world.run(process)
                assert run.asked == 0
                assert run.outcomes == {PREFIX + name: outcome for name, outcome in outcomes.items()}
                assert run.needs_attention == 2
                assert run.raised is not None
                world.wait_for_schedule()
            assert {name: len(world.store.versions(PREFIX + name)) for name in outcomes} == {
                **dict.fromkeys(outcomes, 1),
                "late": 2 + hour,
            }
        world.store.heal()
        _all_heal(world, process, list(secrets.values()))


def test_secrets_manager_does_not_answer(world: World) -> None:
    """Not even reading works: every run says so, and then all heal."""
    secrets = [world.add(PREFIX + "a"), world.add(PREFIX + "b", login_fields=False)]
    world.store.fail(ANY, Fault.LOST_BEFORE, times=None)

    with world.process(PREFIX) as process:
        for _ in range(HOURS.get(world.kind.name, 3) * RUNS_AN_HOUR):
            run = world.run(process)
            assert run.asked == 0
            assert str(run.raised).startswith("Transient: ")
            # The gauge is for completed sweeps; that there is none is what the alarm "stopped" sees.
            assert run.needs_attention is None
            world.wait_for_schedule()
        world.store.heal()
        _all_heal(world, process, secrets)


def test_the_provider_is_away(world: World) -> None:
    """Each hour without the provider adds a version, the hour's proof; then all heal."""
    tracked = world.add(PREFIX + "a")
    world.provider.misbehave(Mood.SERVICE_UNAVAILABLE, times=None)

    with world.process(PREFIX) as process:
        for hour in range(HOURS.get(world.kind.name, 3)):
            for _ in range(RUNS_AN_HOUR):
                assert world.run(process).outcomes == {tracked.name: "transient"}
                world.wait_for_schedule()
            assert len(world.store.versions(tracked.name)) == 2 + hour
        world.provider.behave()
        _all_heal(world, process, [tracked])


@pytest.mark.parametrize("login_fields", [True, False])
def test_storing_becomes_impossible_while_the_provider_is_away(world: World, *, login_fields: bool) -> None:
    """A proof is good for its hour only: a key disabled meanwhile is found before the provider comes back."""
    tracked = world.add(PREFIX + "a", login_fields=login_fields)
    world.provider.misbehave(Mood.SERVICE_UNAVAILABLE)
    with world.process(PREFIX) as process:
        assert world.run(process).outcomes == {tracked.name: "transient"}

        world.store.set_key(tracked.name, Key.READS_ONLY)
        world.clock.advance(HOUR)
        run = world.run(process)

        assert run.outcomes == {tracked.name: "denied"}
        assert run.needs_attention == 1
        assert run.asked == 0
        assert world.is_live(tracked)
        world.store.heal()
        _all_heal(world, process, [tracked])


def _all_heal(world: World, process: FunctionProcess, secrets: list[TrackedSecret]) -> None:
    """Runs once more: live sessions are refreshed, dead ones replaced by a login or, if there is none, raised."""
    expected = {one.name: _healing(world, one) for one in secrets}
    run = world.run(process)
    assert run.outcomes == expected
    assert run.needs_attention == list(expected.values()).count("rejected")
    assert all(world.is_live(one) for one in secrets if expected[one.name] != "rejected")
    assert all(name in str(run.raised) for name, outcome in expected.items() if outcome == "rejected")


def _healing(world: World, tracked: TrackedSecret) -> str:
    if world.is_live(tracked):
        return "refreshed"
    return "logged_in" if set(world.kind.login_fields) <= set(tracked.kept) else "rejected"
