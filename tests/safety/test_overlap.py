"""Two runs of the same function at once, in every order of their steps: nobody loses a token, nobody's edit is lost.

Every call to Secrets Manager, every request to the provider and every wait is a step. `tests.safety.overlap` goes
through every order of them, each state of the world once (`explorer` says why that is enough), and checks every end,
and the scheduled run that follows ten minutes later.

`scenarios.quick` says what is explored here. Each scenario has a bound on the number of states; the orders with the
fewest interruptions come first. An interruption makes a run wait that could go on. The promises stand in
`Meeting.check`. All three providers, all situations and all edits, without a bound on states (this takes hours):

    SAFETY_PROFILE=soak pytest tests/safety/test_overlap.py tests/safety/kills
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.safety.effort import THOROUGH, TIMEOUT_SECONDS
from tests.safety.overlap.scenarios import (
    KILL,
    KILL_AND_PAGE,
    QUICK_STATES,
    Meeting,
    Scenario,
    every,
    outlasted,
    quick,
    thorough,
)
from tests.safety.overlap.threads import draw, follow
from tests.safety.overlap.wired import Done, Wired
from tests.support.providers import PROVIDERS

if TYPE_CHECKING:
    from tests.safety.overlap.state import State

pytestmark = pytest.mark.timeout(TIMEOUT_SECONDS)

_PAIRS = thorough() if THOROUGH else quick()
_UNPRUNED = 40 if THOROUGH else 15  # schedules drawn at random, for each provider


def _wrong(scenario: Scenario, bound: int | None, monkeypatch: pytest.MonkeyPatch) -> str:
    """Explores; returns the first thing that is wrong, with the shortest schedule found, and how to repeat it."""
    meeting = Meeting(scenario, Wired(scenario.kind, monkeypatch))
    meeting.explorer.most_preemptions = bound
    meeting.explorer.most_states = None if THOROUGH else QUICK_STATES
    assert meeting.explorer.explore(meeting.start) > 0
    found = meeting.explorer.violations
    if not found:
        return ""
    test = "test_two_runs_and_a_person" if scenario.edit else "test_two_runs"
    wrong = min(found, key=lambda one: min(map(len, found[one])))
    return "\n".join(
        [
            f"{scenario}: {wrong} ({len(found)} kinds of violations)",
            meeting.explorer.told(meeting.start, min(found[wrong], key=len)),
            f"Repeat with: pytest 'tests/safety/test_overlap.py::{test}[{scenario}-{bound}]'",
        ]
    )


def _check(scenario: Scenario, bound: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if wrong := _wrong(scenario, bound, monkeypatch):
        pytest.fail(wrong, pytrace=False)


@pytest.mark.parametrize(("scenario", "bound"), [pair for pair in _PAIRS if pair[0].edit is None], ids=str)
def test_two_runs(scenario: Scenario, bound: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both end well: what is current is alive, and nobody is rejected or logs in who did not wait in vain."""
    _check(scenario, bound, monkeypatch)


@pytest.mark.parametrize(("scenario", "bound"), [pair for pair in _PAIRS if pair[0].edit], ids=str)
def test_two_runs_and_a_person(scenario: Scenario, bound: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who writes at any moment finds their edit, with tokens that are alive."""
    _check(scenario, bound, monkeypatch)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("login_fields", [True, False])
def test_saving_that_outlasts_the_wait(provider: str, monkeypatch: pytest.MonkeyPatch, *, login_fields: bool) -> None:
    """A save held up for longer than the other run waits makes that one log in or give up; the next tick clears it."""
    scenario = Scenario(provider, "both due", login_fields)
    meeting = Meeting(scenario, Wired(scenario.kind, monkeypatch))
    in_vain: list[set[str]] = []

    def note(end: State) -> list[str]:
        wrong = meeting.check(end)
        if any(map(outlasted, end.runs)):
            in_vain.append({moment.next.outcome for moment in end.runs if isinstance(moment.next, Done)})
            _, done = meeting.tick(end)
            wrong += (
                []
                if done in (Done("fresh", raised=False), Done("refreshed", raised=False))
                else [f"the next tick: {done}"]
            )
        return wrong

    meeting.explorer.check = note
    meeting.explorer.most_preemptions = None if THOROUGH else 2
    meeting.explorer.explore(meeting.start)

    assert meeting.explorer.violations == {}
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
            meeting = Meeting(scenario, Wired(scenario.kind, context))
            path = draw(meeting, source)
            follow(meeting, path, context)
        drawn.add((str(scenario), *(str(turn) for turn, _ in path)))
    assert len(drawn) > 0.9 * _UNPRUNED
