"""The two moments in which tokens can be lost, what heals them, and how much a run does to keep them short."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.safety.kills.killer import ASK, Kill, Moment
from tests.support.clock import HOUR
from tests.support.secrets_manager import Fault, Key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.safety.kills.invariants import TrackedSecret
    from tests.safety.kills.processes import FunctionProcess
    from tests.safety.kills.world import Run, World

PREFIX = "token-refresh/window/"

pytestmark = pytest.mark.parametrize("login_fields", [True, False])


def test_death_between_the_answer_and_the_first_stored_byte(world: World, *, login_fields: bool) -> None:
    """What the provider has issued is lost with the run; the next run logs in, or raises."""
    tracked = world.add(PREFIX + "a", login_fields=login_fields)
    with world.process(PREFIX) as process:
        run = world.run(process, kill=Kill(ASK, Moment.AFTER))
    assert run.killed
    assert world.killer.steps[-1] == ASK
    assert not world.is_live(tracked)

    with world.process(PREFIX) as process:
        _heals_by_login_or_raises(world, process, tracked, login_fields=login_fields)


@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.LOST_BEFORE, Key.READS_ONLY])
def test_an_outage_that_begins_after_the_proof_and_outlasts_the_run(
    world: World, fault: Fault | Key, *, login_fields: bool
) -> None:
    """The run itself raises what it could not store; once storing works, a run logs in, or raises again."""
    tracked = world.add(PREFIX + "a", login_fields=login_fields)

    def begin() -> None:
        if isinstance(fault, Key):
            world.store.set_key(tracked.name, fault)
        else:
            world.store.fail("PutSecretValue", fault, times=None)

    with world.process(PREFIX) as process:
        began = world.clock.now()
        run = world.run(process, on_step=_when_asked(begin))
        assert run.outcomes == {tracked.name: "not_stored"}
        assert run.needs_attention == 1
        assert f"{tracked.name}: not_stored: " in str(run.raised)
        assert 520 < world.clock.now() - began < 540  # seconds: it tried nearly as long as it had

        # Within the hour a proof is not a new one, and a disabled key can go unnoticed; past it, nothing can.
        world.clock.advance(HOUR)
        meanwhile = world.run(process)
        assert meanwhile.asked == 0
        assert meanwhile.raised is not None

        world.store.heal()
        _heals_by_login_or_raises(world, process, tracked, login_fields=login_fields)


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.SERVER_ERROR, Fault.LOST_AFTER])
def test_an_outage_that_ends_before_the_run_loses_nothing(world: World, fault: Fault, *, login_fields: bool) -> None:
    """Fifty failed attempts, four minutes, do not make a run drop what it has received."""
    tracked = world.add(PREFIX + "a", login_fields=login_fields)

    with world.process(PREFIX) as process:
        run = world.run(process, on_step=_when_asked(lambda: world.store.fail("PutSecretValue", fault, times=50)))

    assert run.outcomes == {tracked.name: "refreshed"}
    assert run.asked == 1
    assert world.is_live(tracked)


def test_runs_that_die_again_and_again(world: World, *, login_fields: bool) -> None:
    """Dying in every scheduled run just after the proof writes one version an hour, and spends nothing."""
    tracked = world.add(PREFIX + "a", login_fields=login_fields)
    for _ in range(11):  # 10:05 to 11:45; ekuaibao's first pair lives two hours
        with world.process(PREFIX) as process:
            assert world.run(process, kill=Kill(ASK, Moment.BEFORE)).killed
        world.wait_for_schedule()
    assert len(world.store.versions(tracked.name)) == 1 + 2

    with world.process(PREFIX) as process:
        assert world.run(process).outcomes == {tracked.name: "refreshed"}


def _when_asked(act: Callable[[], None]) -> Callable[[str], None]:
    """Makes something happen once the provider has acted, before the run gets the answer."""

    def on_step(step: str) -> None:
        if step == ASK:
            act()

    return on_step


def _heals_by_login_or_raises(
    world: World, process: FunctionProcess, tracked: TrackedSecret, *, login_fields: bool
) -> None:
    world.wait_for_schedule()
    run: Run = world.run(process)
    if login_fields:
        assert run.outcomes == {tracked.name: "logged_in"}
        assert run.needs_attention == 0
        assert world.is_live(tracked)
    else:
        assert run.outcomes == {tracked.name: "rejected"}
        assert run.needs_attention == 1
        assert f"{tracked.name}: rejected: " in str(run.raised)
