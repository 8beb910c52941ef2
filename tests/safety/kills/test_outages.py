"""AWS stores nothing for three days of ticks: no token is spent, hardly a version written, and then all heals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.safety.kills.lab import TICK_SECONDS
from tests.support.clock import DAY, HOUR
from tests.support.secrets_manager import ANY, Fault, Key
from tests.support.simulators import Mood

if TYPE_CHECKING:
    from tests.safety.kills.lab import Lab
    from tests.safety.kills.law import Held
    from tests.safety.kills.runner import Container

TICKS_A_DAY = DAY // TICK_SECONDS
PREFIX = "token-refresh/outage/"


def test_storing_is_impossible(lab: Lab) -> None:
    """Denied, throttled, unanswered, key disabled: the provider is not asked in three days, and then all heal."""
    outcomes = {"denied": "denied", "key": "denied", "throttled": "transient", "late": "transient"}
    without_login = {"denied", "throttled"}
    held = {name: lab.add(PREFIX + name, login_fields=name not in without_login) for name in outcomes}
    faults = {
        "denied": Fault.DENIED,
        "throttled": Fault.THROTTLED,
        "late": Fault.LOST_AFTER,  # each proof is stored, and nobody learns of it
    }
    for name, fault in faults.items():
        lab.store.fail("PutSecretValue", fault, secret=PREFIX + name, times=None)
    lab.store.set_key(PREFIX + "key", Key.READS_ONLY)

    with lab.container(PREFIX) as container:
        for day in range(3):
            for _ in range(TICKS_A_DAY):
                tick = lab.run(container)
                assert tick.asked == 0
                assert tick.outcomes == {PREFIX + name: outcome for name, outcome in outcomes.items()}
                assert tick.needs_attention == 2
                assert tick.raised is not None
                lab.wait_for_tick()
            assert {name: len(lab.store.versions(PREFIX + name)) for name in outcomes} == {
                **dict.fromkeys(outcomes, 1),
                "late": 1 + 24 * (day + 1),
            }
        lab.store.heal()
        _all_heal(lab, container, list(held.values()))


def test_secrets_manager_does_not_answer(lab: Lab) -> None:
    """Not even reading works for three days: every run says so, and then all heal."""
    held = [lab.add(PREFIX + "a"), lab.add(PREFIX + "b", login_fields=False)]
    lab.store.fail(ANY, Fault.LOST_BEFORE, times=None)

    with lab.container(PREFIX) as container:
        for _ in range(3 * TICKS_A_DAY):
            tick = lab.run(container)
            assert tick.asked == 0
            assert str(tick.raised).startswith("Transient: ")
            # The gauge is for completed sweeps; that there is none is what the alarm "stopped" sees.
            assert tick.needs_attention is None
            lab.wait_for_tick()
        lab.store.heal()
        _all_heal(lab, container, held)


def test_the_provider_is_away(lab: Lab) -> None:
    """Three days without the provider add 24 versions a day, the proofs of each hour, and then all heal."""
    held = lab.add(PREFIX + "a")
    lab.provider.misbehave(Mood.SERVICE_UNAVAILABLE, times=None)

    with lab.container(PREFIX) as container:
        for day in range(3):
            for _ in range(TICKS_A_DAY):
                assert lab.run(container).outcomes == {held.name: "transient"}
                lab.wait_for_tick()
            assert len(lab.store.versions(held.name)) == 1 + 24 * (day + 1)
        lab.provider.behave()
        _all_heal(lab, container, [held])


@pytest.mark.parametrize("login_fields", [True, False])
def test_storing_becomes_impossible_while_the_provider_is_away(lab: Lab, *, login_fields: bool) -> None:
    """A proof is good for its hour only: a key disabled meanwhile is found before the provider comes back."""
    held = lab.add(PREFIX + "a", login_fields=login_fields)
    lab.provider.misbehave(Mood.SERVICE_UNAVAILABLE)
    with lab.container(PREFIX) as container:
        assert lab.run(container).outcomes == {held.name: "transient"}

        lab.store.set_key(held.name, Key.READS_ONLY)
        lab.clock.advance(HOUR)
        tick = lab.run(container)

        assert tick.outcomes == {held.name: "denied"}
        assert tick.needs_attention == 1
        assert tick.asked == 0
        assert lab.is_live(held)
        lab.store.heal()
        _all_heal(lab, container, [held])


def _all_heal(lab: Lab, container: Container, held: list[Held]) -> None:
    """Runs once more: live sessions are refreshed, dead ones replaced by a login or, if there is none, raised."""
    expected = {one.name: _healing(lab, one) for one in held}
    tick = lab.run(container)
    assert tick.outcomes == expected
    assert tick.needs_attention == list(expected.values()).count("rejected")
    assert all(lab.is_live(one) for one in held if expected[one.name] != "rejected")
    assert all(name in str(tick.raised) for name, outcome in expected.items() if outcome == "rejected")


def _healing(lab: Lab, held: Held) -> str:
    if lab.is_live(held):
        return "refreshed"
    return "logged_in" if set(lab.kind.login_fields) <= set(held.kept) else "rejected"
