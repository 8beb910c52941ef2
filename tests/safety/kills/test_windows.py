"""The two moments in which tokens can be lost, what heals them, and how much a run does to keep them short."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.safety.kills.conductor import ASK, Kill, Moment
from tests.support.clock import HOUR
from tests.support.secrets_manager import Fault, Key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.safety.kills.lab import Lab, Tick
    from tests.safety.kills.law import Held
    from tests.safety.kills.runner import Container

PREFIX = "token-refresh/window/"

pytestmark = pytest.mark.parametrize("login_fields", [True, False])


def test_death_between_the_answer_and_the_first_stored_byte(lab: Lab, *, login_fields: bool) -> None:
    """What the provider has issued dies with the run; the next tick logs in, or raises."""
    held = lab.add(PREFIX + "a", login_fields=login_fields)
    with lab.container(PREFIX) as container:
        run = lab.run(container, kill=Kill(ASK, Moment.AFTER))
    assert run.killed
    assert lab.conductor.acted[-1] == ASK
    assert not lab.is_live(held)

    with lab.container(PREFIX) as container:
        _heals_by_login_or_raises(lab, container, held, login_fields=login_fields)


@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.LOST_BEFORE, Key.READS_ONLY])
def test_an_outage_that_begins_after_the_proof_and_outlasts_the_run(
    lab: Lab, fault: Fault | Key, *, login_fields: bool
) -> None:
    """The run itself raises what it could not store; once storing works, a tick logs in, or raises again."""
    held = lab.add(PREFIX + "a", login_fields=login_fields)

    def begin() -> None:
        if isinstance(fault, Key):
            lab.store.set_key(held.name, fault)
        else:
            lab.store.fail("PutSecretValue", fault, times=None)

    with lab.container(PREFIX) as container:
        began = lab.clock.now()
        run = lab.run(container, meddle=_when_asked(begin))
        assert run.outcomes == {held.name: "not_stored"}
        assert run.needs_attention == 1
        assert f"{held.name}: not_stored: " in str(run.raised)
        assert 520 < lab.clock.now() - began < 540  # seconds: it tried nearly as long as it had

        # Within the hour a proof is not a new one, and a disabled key can go unnoticed; past it, nothing can.
        lab.clock.advance(HOUR)
        meanwhile = lab.run(container)
        assert meanwhile.asked == 0
        assert meanwhile.raised is not None

        lab.store.heal()
        _heals_by_login_or_raises(lab, container, held, login_fields=login_fields)


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.SERVER_ERROR, Fault.LOST_AFTER])
def test_an_outage_that_ends_before_the_run_loses_nothing(lab: Lab, fault: Fault, *, login_fields: bool) -> None:
    """Fifty failed attempts, four minutes, do not make a run drop what it has received."""
    held = lab.add(PREFIX + "a", login_fields=login_fields)

    with lab.container(PREFIX) as container:
        run = lab.run(container, meddle=_when_asked(lambda: lab.store.fail("PutSecretValue", fault, times=50)))

    assert run.outcomes == {held.name: "refreshed"}
    assert run.asked == 1
    assert lab.is_live(held)


def test_runs_that_die_again_and_again(lab: Lab, *, login_fields: bool) -> None:
    """Dying at every tick just after the proof writes one version an hour, and spends nothing."""
    held = lab.add(PREFIX + "a", login_fields=login_fields)
    for _ in range(11):  # 10:05 to 11:45; ekuaibao's first pair lives two hours
        with lab.container(PREFIX) as container:
            assert lab.run(container, kill=Kill(ASK, Moment.BEFORE)).killed
        lab.wait_for_tick()
    assert len(lab.store.versions(held.name)) == 1 + 2

    with lab.container(PREFIX) as container:
        assert lab.run(container).outcomes == {held.name: "refreshed"}


def _when_asked(act: Callable[[], None]) -> Callable[[str], None]:
    """Makes something happen once the provider has acted and the run has yet to hear of it."""

    def meddle(step: str) -> None:
        if step == ASK:
            act()

    return meddle


def _heals_by_login_or_raises(lab: Lab, container: Container, held: Held, *, login_fields: bool) -> None:
    lab.wait_for_tick()
    tick: Tick = lab.run(container)
    if login_fields:
        assert tick.outcomes == {held.name: "logged_in"}
        assert tick.needs_attention == 0
        assert lab.is_live(held)
    else:
        assert tick.outcomes == {held.name: "rejected"}
        assert tick.needs_attention == 1
        assert f"{held.name}: rejected: " in str(tick.raised)
