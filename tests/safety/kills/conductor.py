"""Sees every I/O step of a run where it arrives, at the servers, and can end the run at any of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from tests.support.steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.safety.kills.law import Law
    from tests.safety.kills.runner import Container
    from tests.support.secrets_manager import Call, StrictSecretsManager
    from tests.support.simulators import Received, Simulator


class Moment(Enum):
    """When a run is killed: a step never happened, or it did and nobody heard the answer."""

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


class Conductor:
    """Stands between a run and the servers. Runs make one call at a time, so its state needs no lock."""

    def __init__(self, store: StrictSecretsManager, provider: Simulator, law: Law) -> None:
        """Takes the servers' hooks."""
        self._law = law
        self._container: Container | None = None
        self._kill: Kill | None = None
        self._meddle: Callable[[str], None] | None = None
        self._arrived: Counter[str] = Counter()  # the steps so far, by name
        self.acted: list[str] = []  # the steps that were acted on, by name
        self.kills = 0
        store.before_call, store.after_call = self._call_arrives, self._call_acted
        provider.before_request, provider.after_request = self._request_arrives, self._request_acted

    def watch(self, container: Container, kill: Kill | None, meddle: Callable[[str], None] | None) -> None:
        """Begins a run. `meddle` is told the name of each step once it has been acted on."""
        self._container, self._kill, self._meddle = container, kill, meddle
        self._arrived, self.acted = Counter(), []
        self._law.begin()

    def rest(self) -> None:
        """Ends a run: whatever comes now is the test's own doing."""
        self._container, self._kill, self._meddle = None, None, None

    def _call_arrives(self, call: Call) -> None:
        if self._arrives(_name(Step.of(call))):
            raise ConnectionAbortedError

    def _call_acted(self, call: Call) -> None:
        self._law.after_call(call)
        if self._goes_on(_name(Step.of(call))):
            raise ConnectionAbortedError

    def _request_arrives(self, _: Received) -> None:
        self._law.before_request()
        if self._arrives(ASK):
            raise ConnectionAbortedError

    def _request_acted(self, _: Received) -> None:
        if self._goes_on(ASK):
            raise ConnectionAbortedError

    def _arrives(self, name: str) -> bool:
        """Counts a step; tells whether the run was killed before it."""
        self._arrived[name] += 1
        return self._is_up(name, Moment.BEFORE)

    def _goes_on(self, name: str) -> bool:
        """Notes that a step was acted on; tells whether that was the run's last."""
        self.acted.append(name)
        if self._meddle is not None:
            self._meddle(name)
        self._law.after_step()
        return self._is_up(name, Moment.AFTER)

    def _is_up(self, name: str, moment: Moment) -> bool:
        """Kills the run if this is its moment."""
        if self._container is None or self._kill != Kill(name, moment, self._arrived[name]):
            return False
        self._container.kill()
        self.kills += 1
        return True


def _name(step: Step) -> str:
    return " ".join((step.operation, *step.labels))
