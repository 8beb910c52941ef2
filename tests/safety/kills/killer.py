"""Sees every I/O step of a run when it arrives at the servers, and can kill the run at any of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from tests.support.steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.safety.kills.invariants import Invariants
    from tests.safety.kills.processes import FunctionProcess
    from tests.support.secrets_manager import Call, StrictSecretsManager
    from tests.support.simulators import Received, Simulator


class Moment(Enum):
    """When a run is killed: before a step happens, or after it has happened and before the run gets the answer."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Kill:
    """The step at which a run is killed: its name, and which of the steps with this name, counted from 1."""

    step: str
    moment: Moment
    nth: int = 1

    def __str__(self) -> str:
        """Returns a text that can be a part of a secret's name."""
        return f"{self.moment.value}-{self.step.replace(' ', '_')}-{self.nth}"


ASK = "ask the provider"  # the name of a step; a call to Secrets Manager is named by its operation and its labels


def every_kill(steps: Sequence[str]) -> list[Kill]:
    """Returns the kills before and after each of a run's steps."""
    named = [(name, steps[:i].count(name) + 1) for i, name in enumerate(steps)]
    return [Kill(name, moment, nth) for name, nth in named for moment in Moment]


class Killer:
    """Called by the servers at each step. Runs make one call at a time, so its state needs no lock."""

    def __init__(self, store: StrictSecretsManager, provider: Simulator, invariants: Invariants) -> None:
        """Registers with the servers."""
        self._invariants = invariants
        self._process: FunctionProcess | None = None
        self._kill: Kill | None = None
        self._on_step: Callable[[str], None] | None = None
        self._arrived: Counter[str] = Counter()  # the steps that have arrived in this run, by name
        self.steps: list[str] = []  # the names of the steps that the servers carried out in this run
        self.kills = 0
        store.before_call, store.after_call = self._before_call, self._after_call
        provider.before_request, provider.after_request = self._before_request, self._after_request

    def begin_run(self, process: FunctionProcess, kill: Kill | None, on_step: Callable[[str], None] | None) -> None:
        """Begins a run. `on_step` is called with the name of each step once it has been carried out."""
        self._process, self._kill, self._on_step = process, kill, on_step
        self._arrived, self.steps = Counter(), []
        self._invariants.begin_run()

    def end_run(self) -> None:
        """Ends a run: whatever comes now is the test's own doing."""
        self._process, self._kill, self._on_step = None, None, None

    def _before_call(self, call: Call) -> None:
        if self._killed_before(_name(Step.of(call))):
            raise ConnectionAbortedError

    def _after_call(self, call: Call) -> None:
        self._invariants.after_call(call)
        if self._killed_after(_name(Step.of(call))):
            raise ConnectionAbortedError

    def _before_request(self, _: Received) -> None:
        self._invariants.before_request()
        if self._killed_before(ASK):
            raise ConnectionAbortedError

    def _after_request(self, _: Received) -> None:
        if self._killed_after(ASK):
            raise ConnectionAbortedError

    def _killed_before(self, name: str) -> bool:
        self._arrived[name] += 1
        return self._kill_if_due(name, Moment.BEFORE)

    def _killed_after(self, name: str) -> bool:
        self.steps.append(name)
        if self._on_step is not None:
            self._on_step(name)
        self._invariants.after_step()
        return self._kill_if_due(name, Moment.AFTER)

    def _kill_if_due(self, name: str, moment: Moment) -> bool:
        """Kills the run if this is the step and the moment to do so; tells whether it did."""
        if self._process is None or self._kill != Kill(name, moment, self._arrived[name]):
            return False
        self._process.kill()
        self.kills += 1
        return True


def _name(step: Step) -> str:
    return " ".join((step.operation, *step.labels))
