"""The same meeting in real threads, over real HTTP: one schedule, step by step, beside what the model says.

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

from tests.safety.overlap.scenarios import SWEEP, TICK_SECONDS, Meeting, Scenario
from tests.safety.overlap.state import PERSONS
from tests.safety.overlap.wired import Post, Sleep, Wired
from tests.support.clock import START
from tests.support.secrets_manager import StrictSecretsManager

if TYPE_CHECKING:
    import random

    import pytest

    from tests.safety.overlap.state import State
    from tests.safety.overlap.wired import Seen, Step
    from tests.support.simulators import Simulator

_PATIENCE_SECONDS = 20  # for a thread: reached only by a test that fails
_ONE_MILLISECOND = 0.001


class Turnstile:
    """A gate at which threads wait for their turn; a thread that it does not know passes."""

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

    def step(self, step: Step) -> Seen | None:
        """Waits for the turn, lets the step's time pass, and lets it go over the wire."""
        run = self._runs.get(threading.get_ident())
        if run is not None:
            self._park(run, step)
        if isinstance(step, Sleep):
            self.time = max(self.time, step.until)
        if isinstance(step, Post):
            self.time = round(self.time + 0.1, 3)
        return None

    def answered(self, status: int) -> None:
        """Counts what the provider granted."""
        self.granted += status == 200

    def run(self, number: int, wired: Wired, event: dict[str, Any]) -> threading.Thread:
        """Starts a run in a thread, as far as its first step."""

        def act() -> None:
            self._runs[threading.get_ident()] = number
            ended = wired.run(event)
            with self._changed:
                self.waiting[number] = ended
                self._turn = None
                self._changed.notify_all()

        thread = threading.Thread(target=act)
        with self._changed:
            thread.start()
            self._await(lambda: number in self.waiting)
        return thread

    def go(self, run: int) -> None:
        """Lets one run take its step, and go on to its next one or its end."""
        with self._changed:
            del self.waiting[run]
            self._turn = run
            self._changed.notify_all()
            self._await(lambda: run in self.waiting)

    def _park(self, run: int, step: Step) -> None:
        with self._changed:
            self.waiting[run] = step
            self._turn = None
            self._changed.notify_all()
            self._await(lambda: self._turn == run)

    def _await(self, condition: Any) -> None:  # noqa: ANN401 - a predicate
        assert self._changed.wait_for(condition, _PATIENCE_SECONDS)


def draw(meeting: Meeting, source: random.Random) -> list[tuple[int, State]]:
    """Draws a schedule in the model; returns whose turn it was at each step, and the state before it; and the end."""
    state = meeting.start
    path: list[tuple[int, State]] = []
    while turns := list(meeting.explorer.turns(state)):
        path.append((source.choice(turns), state))
        state = meeting.explorer.take(state, path[-1][0])
    return [*path, (-1, state)]


def follow(meeting: Meeting, path: list[tuple[int, State]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets both runs meet in threads, in the order of a schedule drawn.

    Raises AssertionError where they do anything else than the model says. Wires the layer anew: the model can explore
    no more.
    """
    scenario, gate = meeting.scenario, Turnstile(START)
    with contextlib.ExitStack() as stack:
        either = scenario.move_takes_pending_off
        made_store = StrictSecretsManager(lambda: _store_time(gate, store, scenario), move_takes_pending_off=either)
        store = stack.enter_context(made_store)
        provider = stack.enter_context(_provider(meeting, gate))
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        wired = Wired(scenario.kind, monkeypatch, base_url=provider.url, make_client=cache(store.client))
        wired.gate = gate
        made = meeting.creation
        store.client().create_secret(
            Name=made["Name"], SecretString=made["SecretString"], ClientRequestToken=made["ClientRequestToken"]
        )
        if scenario.alive:
            gate.time = START + TICK_SECONDS
            assert wired.run(SWEEP).outcome == "refreshed"
        gate.time = meeting.start.now
        threads = [gate.run(number, wired, event) for number, event in enumerate(scenario.events)]
        for turn, state in path:
            assert [moment.next for moment in state.runs] == [gate.waiting[run] for run in range(len(state.runs))]
            assert state.now == gate.time
            if turn in range(len(state.runs)):
                gate.go(turn)
            elif turn >= 0:
                _edit(meeting, store, state.edits[0])
        for thread in threads:
            thread.join(_PATIENCE_SECONDS)
        _compare(path[-1][1], store, provider, scenario)


def _edit(meeting: Meeting, store: StrictSecretsManager, edit: str) -> None:
    name = meeting.scenario.secret_name
    document = json.dumps(meeting.edited(store.current(name).document, edit))
    token = f"{PERSONS.decode()}{len(store.versions(name)):012}"
    store.client().update_secret(SecretId=name, SecretString=document, ClientRequestToken=token)


def _compare(end: State, store: StrictSecretsManager, provider: Simulator, scenario: Scenario) -> None:
    real, modelled = store.secret(scenario.secret_name), end.secret.value
    assert dict(real.labels) == dict(modelled.labels)
    assert dict(real.versions) == dict(modelled.versions)
    setting_up = 1 if scenario.alive else 0
    asked = sum(isinstance(step, Post) for moment in end.runs for step, _ in moment.history())
    assert len(provider.requests) == setting_up + asked
    store.check_invariants()


def _provider(meeting: Meeting, gate: Turnstile) -> Simulator:
    opening = True
    provider = meeting.open_provider(lambda: 0.0 if opening else gate.time + gate.granted * _ONE_MILLISECOND)
    opening = False
    return provider


def _store_time(gate: Turnstile, store: StrictSecretsManager, scenario: Scenario) -> float:
    made = [
        version.created for name in store.names() if name == scenario.secret_name for version in store.versions(name)
    ]
    return max([gate.time, *(created + _ONE_MILLISECOND for created in made)])
