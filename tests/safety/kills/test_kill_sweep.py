"""A run is killed before and after each of its I/O steps; then ticks run, and nothing may be lost silently."""

from __future__ import annotations

import signal
from itertools import pairwise, product
from typing import TYPE_CHECKING

import pytest

from tests.safety.effort import THOROUGH, TIMEOUT_SECONDS
from tests.safety.kills.conductor import Kill, every_kill
from tests.safety.kills.scenarios import SCENARIOS, Place, Scenario
from tests.support.providers import PROVIDERS
from token_refresh.versions import is_refresh_slot

if TYPE_CHECKING:
    from tests.safety.kills.lab import Lab, Tick
    from tests.safety.kills.law import Held
    from tests.safety.kills.runner import Container

pytestmark = pytest.mark.timeout(TIMEOUT_SECONDS)

_HARSHEST = "fashion-world"  # what it issues kills what it issued before
_WITH_LOGIN = ("refreshed", "refused", "login-only")  # in the other scenarios nothing differs but how a loss is healed


def _is_tried(provider: str, scenario: Scenario, *, login_fields: bool) -> bool:
    """Tells whether a case is: all are with SAFETY_PROFILE=soak."""
    if not login_fields and scenario.outcomes_without_login is None:
        return False
    if THOROUGH:
        return True
    if provider != _HARSHEST:
        return login_fields and scenario.name in ("refreshed", "refused")
    return not login_fields or scenario.name in _WITH_LOGIN


CASES = [
    pytest.param(
        provider, scenario, login_fields, id=f"{provider}-{scenario.name}-{'with' * login_fields or 'no'}-login"
    )
    for provider, scenario, login_fields in product(PROVIDERS, SCENARIOS, (True, False))
    if _is_tried(provider, scenario, login_fields=login_fields)
]


@pytest.mark.parametrize(("lab", "scenario", "login_fields"), CASES, indirect=["lab"])
def test_killed_at_every_step(lab: Lab, scenario: Scenario, *, login_fields: bool) -> None:
    """Wherever a run dies, the next one heals the account or raises its need; an edit stays; then all is quiet."""
    can_heal = login_fields and scenario.heals_by_login
    undisturbed = _Case(lab, scenario, login_fields=login_fields, kill=None)
    expected = scenario.outcomes if login_fields else scenario.outcomes_without_login
    assert tuple(outcome for _, outcome in sorted(undisturbed.run.outcomes.items())) == expected
    undisturbed.tick(can_heal=can_heal)

    before_proofs = {one for one, step in pairwise(undisturbed.steps) if step == "PutSecretValue AWSPENDING"}
    assert before_proofs == {"ListSecretVersionIds"}
    kills = every_kill(undisturbed.steps)
    for kill in kills:
        case = _Case(lab, scenario, login_fields=login_fields, kill=kill)
        assert case.run.killed, kill
        case.tick(can_heal=can_heal)
    assert lab.conductor.kills == len(kills) == 2 * len(undisturbed.steps)


class _Case:
    """A scenario's secrets under a prefix of their own, and the run that it is about."""

    def __init__(self, lab: Lab, scenario: Scenario, *, login_fields: bool, kill: Kill | None) -> None:
        self._lab = lab
        self._prefix = f"token-refresh/{lab.kind.name}/{kill or 'undisturbed'}/"
        lab.law.check_versions()
        lab.law.held.clear()
        place = Place(self._prefix, login_fields)
        meddle = scenario.prepare(lab, place)
        with lab.container(self._prefix) as container:
            self.run = lab.run(container, kill=kill, meddle=meddle, event=scenario.event(place))
        assert container.exit_code == (0 if kill is None else -signal.SIGKILL)
        self.steps = lab.conductor.acted
        lab.provider.behave()
        for held in lab.law.held:
            self._settle_edit(held)

    def tick(self, *, can_heal: bool) -> None:
        """Lets two ticks pass, ten minutes apart."""
        lab = self._lab
        with lab.container(self._prefix) as container:
            lab.wait_for_tick()
            live = {held.name for held in lab.law.held if held.parses and lab.is_live_or_waits(held)}
            first = self._run(container)
            for held in lab.law.held:
                self._judge_secret(held, first, was_live=held.name in live, can_heal=can_heal)

            lab.wait_for_tick()
            turns = [
                is_refresh_slot(lab.store.current(held.name).id, lab.clock.now())
                for held in lab.law.held
                if held.parses
            ]
            second = self._run(container)
            assert second.failing == first.failing
            if not any(turns):
                assert second.asked == 0
                assert set(second.outcomes.values()) <= {"fresh", "rejected", "invalid_secret"}

    def _run(self, container: Container) -> Tick:
        """Runs once; checks that it counted what needs a human, and raised what no earlier run had reported."""
        lab = self._lab
        reported = {held.name for held in lab.law.held if "REJECTED" in lab.store.current(held.name).labels}
        tick = lab.run(container)
        assert set(tick.outcomes) == {held.name for held in lab.law.held}
        assert tick.needs_attention == len(tick.failing)
        news = tick.failing - reported
        assert (tick.raised is not None) == bool(news), tick.raised
        assert all(name in str(tick.raised) for name in news)
        return tick

    def _judge_secret(self, held: Held, tick: Tick, *, was_live: bool, can_heal: bool) -> None:
        """Checks that an account that could be saved is, and that only a lost one needs a human."""
        if not held.parses:
            assert tick.outcomes[held.name] == "invalid_secret"
        elif was_live or can_heal:
            assert tick.outcomes[held.name] in {"fresh", "refreshed", "logged_in"}
            document = self._lab.store.current(held.name).document
            newest = self._lab.provider.current(held.account)
            assert newest.items() <= document.items(), "the newest tokens are not current"
            assert self._lab.is_live(held)
        else:
            assert tick.outcomes[held.name] == "rejected"

    def _settle_edit(self, held: Held) -> None:
        """Checks that an edit is current."""
        stands = held.is_in(self._lab.store.current(held.name).document) if held.parses else True
        assert stands
        held.settle(edit_stands=stands)
