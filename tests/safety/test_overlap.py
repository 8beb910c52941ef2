"""Two runs of the same function at once, in every order of their steps: nobody loses a token, nobody's edit is lost.

Every call to Secrets Manager, every request to the provider and every wait is a step. `tests.safety.overlap` goes
through every order of them, each state of the world once (`explorer` says why that is enough), and checks every end,
and the scheduled run that follows ten minutes later.

`scenarios.quick` says what is explored here. Each scenario has a bound on the number of states; the orders with the
fewest interruptions come first. An interruption makes a run wait that could go on. What must be true is in
`OverlapCase.check`. All three providers, all situations and all edits, without a bound on states (this takes hours):

    SAFETY_PROFILE=soak pytest tests/safety/test_overlap.py tests/safety/kills
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.safety.effort import THOROUGH, TIMEOUT_SECONDS
from tests.safety.overlap.real_threads import draw_order, run_in_threads
from tests.safety.overlap.scenarios import (
    KILL,
    KILL_AND_PAGE,
    QUICK_STATES,
    OverlapCase,
    Scenario,
    every,
    quick,
    save_outlasted,
    thorough,
)
from tests.safety.overlap.wired_function import Done, WiredFunction
from tests.support.providers import PROVIDERS

if TYPE_CHECKING:
    from tests.safety.overlap.state import State

pytestmark = pytest.mark.timeout(TIMEOUT_SECONDS)

_PAIRS = thorough() if THOROUGH else quick()
_UNPRUNED = 40 if THOROUGH else 15  # schedules drawn at random, for each provider


def _wrong(scenario: Scenario, bound: int | None, monkeypatch: pytest.MonkeyPatch) -> str:
    """Explores; returns the first thing that is wrong, with the shortest schedule found, and how to repeat it."""
    case = OverlapCase(scenario, WiredFunction(scenario.kind, monkeypatch))
    case.explorer.most_preemptions = bound
    case.explorer.most_states = None if THOROUGH else QUICK_STATES
    assert case.explorer.explore(case.start) > 0
    found = case.explorer.violations
    if not found:
        return ""
    test = "test_two_runs_and_a_person" if scenario.edit else "test_two_runs"
    wrong = min(found, key=lambda one: min(map(len, found[one])))
    return "\n".join(
        [
            f"{scenario}: {wrong} ({len(found)} kinds of violations)",
            case.explorer.describe(case.start, min(found[wrong], key=len)),
            f"Repeat with: pytest 'tests/safety/test_overlap.py::{test}[{scenario}-{bound}]'",
        ]
    )


def _check(scenario: Scenario, bound: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if wrong := _wrong(scenario, bound, monkeypatch):
        pytest.fail(wrong, pytrace=False)


@pytest.mark.parametrize(("scenario", "bound"), [pair for pair in _PAIRS if pair[0].edit is None], ids=str)
def test_two_runs(scenario: Scenario, bound: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both end well: what is current is alive; only a run that waited in vain is rejected or logs in."""
    _check(scenario, bound, monkeypatch)


@pytest.mark.parametrize(("scenario", "bound"), [pair for pair in _PAIRS if pair[0].edit], ids=str)
def test_two_runs_and_a_person(scenario: Scenario, bound: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who writes at any moment finds their edit, with tokens that are alive."""
    _check(scenario, bound, monkeypatch)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("login_fields", [True, False])
def test_saving_that_outlasts_the_wait(provider: str, monkeypatch: pytest.MonkeyPatch, *, login_fields: bool) -> None:
    """A save held up for longer than the other run waits makes that one log in or give up; the next run repairs it."""
    scenario = Scenario(provider, "both due", login_fields)
    case = OverlapCase(scenario, WiredFunction(scenario.kind, monkeypatch))
    in_vain: list[set[str]] = []

    def note(end: State) -> list[str]:
        wrong = case.check(end)
        if any(map(save_outlasted, end.runs)):
            in_vain.append({run.next.outcome for run in end.runs if isinstance(run.next, Done)})
            _, done = case.next_run(end)
            wrong += (
                []
                if done in (Done("fresh", raised=False), Done("refreshed", raised=False))
                else [f"the next run: {done}"]
            )
        return wrong

    case.explorer.check = note
    case.explorer.most_preemptions = None if THOROUGH else 2
    case.explorer.explore(case.start)

    assert case.explorer.violations == {}
    assert ({"logged_in"} if login_fields else {"rejected"}) <= set().union(*in_vain)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_model_is_the_truth(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In real threads over real HTTP, in orders drawn at random, both runs do step by step what was explored."""
    source = random.Random(provider)  # noqa: S311 - repeatable on purpose
    scenarios = [one for one in every() if one.provider == provider and one.edit not in (KILL, KILL_AND_PAGE)]
    drawn: set[tuple[str, ...]] = set()
    for number in range(_UNPRUNED):
        scenario = scenarios[number % len(scenarios)]
        with monkeypatch.context() as context:
            case = OverlapCase(scenario, WiredFunction(scenario.kind, context))
            path = draw_order(case, source)
            run_in_threads(case, path, context)
        drawn.add((str(scenario), *(str(turn) for turn, _ in path)))
    assert len(drawn) > 0.9 * _UNPRUNED
