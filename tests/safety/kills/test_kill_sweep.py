"""A run is killed before and after each of its I/O steps; then scheduled runs follow. Nothing may be lost silently."""

from __future__ import annotations

import signal
import traceback
from itertools import pairwise, product
from typing import TYPE_CHECKING

import pytest

from tests.safety.effort import THOROUGH, TIMEOUT_SECONDS
from tests.safety.kills.killer import Kill, every_kill
from tests.safety.kills.scenarios import SCENARIOS, Options, Scenario
from tests.support.providers import PROVIDERS
from token_refresh.versions import is_refresh_slot

if TYPE_CHECKING:
    from tests.safety.kills.invariants import TrackedSecret
    from tests.safety.kills.processes import FunctionProcess
    from tests.safety.kills.world import Run, World

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


@pytest.mark.parametrize(("world", "scenario", "login_fields"), CASES, indirect=["world"])
def test_killed_at_every_step(world: World, scenario: Scenario, *, login_fields: bool) -> None:
    """Whichever run is killed, the next one heals the account or reports it; edits are kept; then all is quiet."""
    can_heal = login_fields and scenario.heals_by_login
    undisturbed = _Case(world, scenario, login_fields=login_fields, kill=None)
    expected = scenario.outcomes if login_fields else scenario.outcomes_without_login
    assert tuple(outcome for _, outcome in sorted(undisturbed.run.outcomes.items())) == expected
    undisturbed.check_next_runs(can_heal=can_heal)

    before_proofs = {one for one, step in pairwise(undisturbed.steps) if step == "PutSecretValue AWSPENDING"}
    assert before_proofs == {"ListSecretVersionIds"}
    kills = every_kill(undisturbed.steps)
    for kill in kills:
        try:
            case = _Case(world, scenario, login_fields=login_fields, kill=kill)
            assert case.run.killed, "the run did not come to this step"
            case.check_next_runs(can_heal=can_heal)
        except AssertionError as error:
            wrong = _describe(error, kill, undisturbed.steps)
        else:
            continue
        pytest.fail(wrong, pytrace=False)
    assert world.killer.kills == len(kills) == 2 * len(undisturbed.steps)


def _describe(error: AssertionError, kill: Kill, steps: list[str]) -> str:
    """Says in a few lines what is wrong after which kill."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return "\n".join(
        [
            f"killed {kill.moment.value} step {kill.step!r}, number {kill.nth} of this name: {error}",
            f"{where.filename}:{where.lineno}: {where.line}",
            "A run that nobody kills takes these steps:",
            *(f"    {step}" for step in steps),
        ]
    )


class _Case:
    """A scenario's secrets under a prefix of their own, and the run that it is about."""

    def __init__(self, world: World, scenario: Scenario, *, login_fields: bool, kill: Kill | None) -> None:
        self._world = world
        self._prefix = f"token-refresh/{world.kind.name}/{kill or 'undisturbed'}/"
        world.invariants.check_versions()
        world.invariants.secrets.clear()
        options = Options(self._prefix, login_fields)
        on_step = scenario.prepare(world, options)
        with world.process(self._prefix) as process:
            self.run = world.run(process, kill=kill, on_step=on_step, event=scenario.event(options))
        assert process.exit_code == (0 if kill is None else -signal.SIGKILL)
        self.steps = world.killer.steps
        world.provider.behave()
        for tracked in world.invariants.secrets:
            assert not tracked.parses or tracked.is_in(world.store.current(tracked.name).document), "an edit is lost"
            tracked.accept_edit()

    def check_next_runs(self, *, can_heal: bool) -> None:
        """Checks the next two scheduled runs, ten minutes apart."""
        world = self._world
        with world.process(self._prefix) as process:
            world.wait_for_schedule()
            live = {
                tracked.name
                for tracked in world.invariants.secrets
                if tracked.parses and world.is_live_or_saved(tracked)
            }
            first = self._run(process)
            for tracked in world.invariants.secrets:
                self._check_secret(tracked, first, was_live=tracked.name in live, can_heal=can_heal)

            world.wait_for_schedule()
            may_ask = [
                is_refresh_slot(world.store.current(tracked.name).id, world.clock.now())
                for tracked in world.invariants.secrets
                if tracked.parses
            ]
            second = self._run(process)
            assert second.failing == first.failing
            if not any(may_ask):
                assert second.asked == 0
                assert set(second.outcomes.values()) <= {"fresh", "rejected", "invalid_secret"}

    def _run(self, process: FunctionProcess) -> Run:
        """Runs once; checks that it counted what needs a human, and raised what no earlier run had reported."""
        world = self._world
        reported = {
            tracked.name
            for tracked in world.invariants.secrets
            if "REJECTED" in world.store.current(tracked.name).labels
        }
        run = world.run(process)
        assert set(run.outcomes) == {tracked.name for tracked in world.invariants.secrets}
        assert run.needs_attention == len(run.failing)
        news = run.failing - reported
        assert (run.raised is not None) == bool(news), run.raised
        assert all(name in str(run.raised) for name in news)
        return run

    def _check_secret(self, tracked: TrackedSecret, run: Run, *, was_live: bool, can_heal: bool) -> None:
        """Checks that an account that could be saved is, and that only a lost one needs a human."""
        if not tracked.parses:
            assert run.outcomes[tracked.name] == "invalid_secret"
        elif was_live or can_heal:
            assert run.outcomes[tracked.name] in {"fresh", "refreshed", "logged_in"}
            document = self._world.store.current(tracked.name).document
            newest = self._world.provider.current(tracked.account)
            assert newest.items() <= document.items(), "the newest tokens are not current"
            assert self._world.is_live(tracked)
        else:
            assert run.outcomes[tracked.name] == "rejected"
