"""The same case in real threads, over real HTTP: one order of the steps, compared with the model at each step.

What is explored is a model: each run's code is real, but it is executed apart, and time and store are
values. Here both runs are threads, of which exactly one goes on at any time; the store and the provider are servers;
boto3 is itself. Whatever the model got wrong would show as another step, another end or another secret.
"""

from __future__ import annotations

import contextlib
import json
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.safety.overlap.scenarios import SCHEDULE_SECONDS, SWEEP, OverlapCase, Scenario
from tests.safety.overlap.state import PERSON_VERSION_ID
from tests.safety.overlap.wired_function import Request, Sleep, WiredFunction
from tests.support.clock import START
from tests.support.secrets_manager import StrictSecretsManager

if TYPE_CHECKING:
    import random

    import pytest

    from tests.safety.overlap.state import State
    from tests.safety.overlap.wired_function import Answer, Step
    from tests.support.simulators import Simulator

_PATIENCE_SECONDS = 20  # for a thread: reached only by a test that fails
_ONE_MILLISECOND = 0.001


class ThreadScheduler:
    """A scheduler that lets threads wait for their turn; a thread that it does not know need not wait."""

    def __init__(self, start: float) -> None:
        """Begins at a time, in epoch seconds."""
        self.time, self.granted = start, 0
        self.waiting: dict[int, Step] = {}  # by run
        self._runs: dict[int, int] = {}  # run by thread
        self._turn: int | None = None
        self._changed = threading.Condition()

    def now(self) -> float:
        """Returns epoch seconds."""
        return self.time

    def step(self, step: Step) -> Answer | None:
        """Waits for the turn, lets the step's time pass, and lets it go over the wire."""
        run = self._runs.get(threading.get_ident())
        if run is not None:
            self._wait_for_turn(run, step)
        if isinstance(step, Sleep):
            self.time = max(self.time, step.until)
        if isinstance(step, Request):
            self.time = round(self.time + 0.1, 3)
        return None

    def answered(self, status: int) -> None:
        """Counts what the provider granted."""
        self.granted += status == 200

    def run(self, number: int, function: WiredFunction, event: dict[str, Any]) -> threading.Thread:
        """Starts a run in a thread, as far as its first step."""

        def act() -> None:
            self._runs[threading.get_ident()] = number
            ended = function.run(event)
            with self._changed:
                self.waiting[number] = ended
                self._turn = None
                self._changed.notify_all()

        thread = threading.Thread(target=act)
        with self._changed:
            thread.start()
            self._wait_until(lambda: number in self.waiting)
        return thread

    def go(self, run: int) -> None:
        """Lets one run take its step, and go on to its next one or its end."""
        with self._changed:
            del self.waiting[run]
            self._turn = run
            self._changed.notify_all()
            self._wait_until(lambda: run in self.waiting)

    def _wait_for_turn(self, run: int, step: Step) -> None:
        with self._changed:
            self.waiting[run] = step
            self._turn = None
            self._changed.notify_all()
            self._wait_until(lambda: self._turn == run)

    def _wait_until(self, condition: Any) -> None:  # noqa: ANN401 - a predicate
        assert self._changed.wait_for(condition, _PATIENCE_SECONDS)


def draw_order(case: OverlapCase, source: random.Random) -> list[tuple[int, State]]:
    """Draws a random order in the model; returns whose turn each step was, with the state before it, and the end."""
    state = case.start
    path: list[tuple[int, State]] = []
    while turns := list(case.explorer.turns(state)):
        path.append((source.choice(turns), state))
        state = case.explorer.take(state, path[-1][0])
    return [*path, (-1, state)]


def run_in_threads(case: OverlapCase, path: list[tuple[int, State]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets both runs overlap in threads, in an order that was drawn.

    Raises AssertionError where they do anything else than the model says. Wires the layer anew: the model can explore
    no more.
    """
    scenario, scheduler = case.scenario, ThreadScheduler(START)
    with contextlib.ExitStack() as stack:
        either = scenario.move_takes_pending_off
        made_store = StrictSecretsManager(
            lambda: _store_time(scheduler, store, scenario), move_takes_pending_off=either
        )
        store = stack.enter_context(made_store)
        provider = stack.enter_context(_provider(case, scheduler))
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        function = WiredFunction(scenario.kind, monkeypatch, base_url=provider.url, make_client=cache(store.client))
        function.scheduler = scheduler
        made = case.creation
        store.client().create_secret(
            Name=made["Name"], SecretString=made["SecretString"], ClientRequestToken=made["ClientRequestToken"]
        )
        if scenario.alive:
            scheduler.time = START + SCHEDULE_SECONDS
            assert function.run(SWEEP).outcome == "refreshed"
        scheduler.time = case.start.now
        threads = [scheduler.run(number, function, event) for number, event in enumerate(scenario.events)]
        for turn, state in path:
            assert [run.next for run in state.runs] == [scheduler.waiting[run] for run in range(len(state.runs))]
            assert state.now == scheduler.time
            if turn in range(len(state.runs)):
                scheduler.go(turn)
            elif turn >= 0:
                _edit(case, store, state.edits[0])
        for thread in threads:
            thread.join(_PATIENCE_SECONDS)
        _compare(path[-1][1], store, provider, scenario)


def _edit(case: OverlapCase, store: StrictSecretsManager, edit: str) -> None:
    name = case.scenario.secret_name
    document = json.dumps(case.edited(store.current(name).document, edit))
    token = f"{PERSON_VERSION_ID.decode()}{len(store.versions(name)):012}"
    store.client().update_secret(SecretId=name, SecretString=document, ClientRequestToken=token)


def _compare(end: State, store: StrictSecretsManager, provider: Simulator, scenario: Scenario) -> None:
    real, modelled = store.secret(scenario.secret_name), end.secret.value
    assert dict(real.labels) == dict(modelled.labels)
    assert dict(real.versions) == dict(modelled.versions)
    setting_up = 1 if scenario.alive else 0
    asked = sum(isinstance(step, Request) for run in end.runs for step, _ in run.history())
    assert len(provider.requests) == setting_up + asked
    store.check_invariants()


def _provider(case: OverlapCase, scheduler: ThreadScheduler) -> Simulator:
    opening = True
    provider = case.open_provider(lambda: 0.0 if opening else scheduler.time + scheduler.granted * _ONE_MILLISECOND)
    opening = False
    return provider


def _store_time(scheduler: ThreadScheduler, store: StrictSecretsManager, scenario: Scenario) -> float:
    made = [
        version.created for name in store.names() if name == scenario.secret_name for version in store.versions(name)
    ]
    return max([scheduler.time, *(created + _ONE_MILLISECOND for created in made)])
