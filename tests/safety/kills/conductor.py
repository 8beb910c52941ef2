"""Sees every I/O step of a run where it arrives, at the servers, and can end the run at any of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from tests.support.secrets_manager.server import ConnectionLost
from tests.support.steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable

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
    """The step, counted from 1, at which a run is killed."""

    step: int
    moment: Moment

    def __str__(self) -> str:
        return f"{self.step:02}-{self.moment.value}"


ASK = "ask the provider"


class Conductor:
    """Stands between a run and the servers. Runs make one call at a time, so its state needs no lock."""

    def __init__(self, store: StrictSecretsManager, provider: Simulator, law: Law) -> None:
        """Takes the servers' hooks."""
        self._law = law
        self._container: Container | None = None
        self._kill: Kill | None = None
        self._meddle: Callable[[str], None] | None = None
        self._arrived = 0
        self.acted: list[str] = []  # the steps that were acted on, by name
        self.kills = 0
        store.before_call, store.after_call = self._call_arrives, self._call_acted
        provider.before_request, provider.after_request = self._request_arrives, self._request_acted

    def watch(self, container: Container, kill: Kill | None, meddle: Callable[[str], None] | None) -> None:
        """Begins a run: counts from 1 again. `meddle` is told the name of each step once it has been acted on."""
        self._container, self._kill, self._meddle = container, kill, meddle
        self._arrived, self.acted = 0, []
        self._law.begin()

    def rest(self) -> None:
        """Ends a run: whatever comes now is the test's own doing."""
        self._container, self._kill, self._meddle = None, None, None

    def _call_arrives(self, _: Call) -> None:
        if self._is_up(Moment.BEFORE):
            raise ConnectionLost

    def _call_acted(self, call: Call) -> None:
        self._law.after_call(call)
        if self._goes_on(_name(Step.of(call))):
            raise ConnectionLost

    def _request_arrives(self, _: Received) -> None:
        self._law.before_request()
        if self._is_up(Moment.BEFORE):
            raise ConnectionAbortedError

    def _request_acted(self, _: Received) -> None:
        if self._goes_on(ASK):
            raise ConnectionAbortedError

    def _goes_on(self, name: str) -> bool:
        """Notes that a step was acted on; tells whether that was the run's last."""
        self.acted.append(name)
        if self._meddle is not None:
            self._meddle(name)
        self._law.after_step()
        return self._is_up(Moment.AFTER)

    def _is_up(self, moment: Moment) -> bool:
        """Kills the run if this is its moment."""
        self._arrived += moment is Moment.BEFORE
        if self._container is None or self._kill != Kill(self._arrived, moment):
            return False
        self._container.kill()
        self.kills += 1
        return True


def _name(step: Step) -> str:
    return " ".join((step.operation, *step.labels))
