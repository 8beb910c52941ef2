"""Decides when each I/O step of a run happens: before it, the run can be killed, or another run can overtake it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.clock import Context
    from tests.support.secrets_manager import Call

PATIENCE_SECONDS = 60  # for another run: reached only if two wait for each other
SCHEDULE_BITS = 64


class Killed(BaseException):
    """Ends a run on the spot: from here on it has no effect on anything. No run may catch it, hence the base.

    That a SIGKILL looks no different from outside is for `tests.safety.kills` to show.
    """


@dataclass(frozen=True, slots=True)
class Received:
    """When a run received tokens: in real and in simulated seconds, and as which event of the history."""

    real: float
    simulated: float
    order: int
    disturbances: int


@dataclass(eq=False, slots=True)
class Run:
    """One run: what it was told, what it did, how it ended."""

    name: str
    event: Mapping[str, Any]
    context: Context
    steps: int = 0
    results: list[Any] = field(default_factory=list)  # the layer's own Result, one a secret
    raised: Exception | None = None
    killed: bool = False
    troubled: bool = False  # an AWS call of its own failed
    proof: Call | None = None  # that AWS has confirmed, of the secret that it works on
    unsaved: dict[str, Received] = field(default_factory=dict)  # by secret
    saving_seconds: dict[str, float] = field(
        default_factory=dict
    )  # simulated, from the answer to the latest try to save, by secret
    seconds_left: float = 0.0  # at the latest step

    @property
    def insists(self) -> bool:
        """Whether a person has asked for what was rejected before."""
        return bool(self.event.get("force") or self.event.get("retry_rejected"))

    def outcome(self, name: str) -> Any:  # noqa: ANN401  # the layer's own Result, or None
        """Returns how a secret ended, if this run came that far."""
        return next((result for result in self.results if result.name == name), None)


class Scheduler:
    """Lets one run at a time move, and asks at each step of any whose turn it is."""

    def __init__(self) -> None:
        """Begins without any run."""
        self._turn = threading.Condition()
        self._alive: list[Run] = []
        self._schedule = 0
        self._interrupt: Callable[[int], object] = lambda _: None
        self.active: Run | None = None
        self.trace: list[str] = []  # the steps of all runs, and what came in between, in order
        self._steps = 0
        self.disturbances = 0  # of whatever a run is doing, by anything from outside

    def open(self, schedule: int, interrupt: Callable[[int], object]) -> None:
        """Begins anew. The schedule's bits say when the other run goes on; `interrupt` gets each step's number."""
        self._schedule, self._interrupt = schedule, interrupt
        self.trace, self._steps = [], 0

    def admit(self, run: Run) -> None:
        """Takes in a run; the first one may move at once."""
        with self._turn:
            self._alive.append(run)
            self.active = self.active or run

    def step(self, what: str) -> None:
        """Called by a run before each step; raises `Killed` if the run has been killed."""
        run = self.active
        if run is None:
            return
        if run.killed:
            raise Killed
        self._steps += 1
        other = next((one for one in self._alive if one is not run), None)
        if other is not None and self._schedule >> self._steps % SCHEDULE_BITS & 1:
            with self._turn:
                self._hand_over(other)
            self.wait_for_turn(run)
        run.steps += 1
        run.seconds_left = run.context.get_remaining_time_in_millis() / 1000
        self._interrupt(self._steps)
        if run.killed:
            raise Killed
        self.trace.append(f"{self._steps}. {run.name}: {what}")

    def disturb(self, what: str) -> None:
        """Notes that something comes in between."""
        self.disturbances += 1
        self.trace.append(what)

    def wait_for_turn(self, run: Run) -> None:
        """Waits until a run may move."""
        with self._turn:
            if not self._turn.wait_for(lambda: self.active is run, PATIENCE_SECONDS):
                raise TimeoutError("the other run does not end")

    def leave(self, run: Run) -> None:
        """Ends a run; another one, if there is one, may move."""
        with self._turn:
            self._alive.remove(run)
            self._hand_over(self._alive[0] if self._alive else None)

    def _hand_over(self, other: Run | None) -> None:
        self.disturbances += 1
        self.active = other
        self._turn.notify_all()


class RunClock(FakeClock):
    """The runs' own clock: its time of day may be wrong, and waiting is a step like any other."""

    def __init__(self, world: FakeClock, scheduler: Scheduler) -> None:
        """Follows the world's clock."""
        super().__init__()
        self._world, self._scheduler = world, scheduler
        self.wrong_by = 0.0  # seconds

    def now(self) -> float:
        """Returns epoch seconds, perhaps wrongly."""
        return self._world.now() + self.wrong_by

    def monotonic(self) -> float:
        """Returns seconds that no jump changes."""
        return self._world.monotonic()

    def sleep(self, seconds: float) -> None:
        """Lets this time pass at once."""
        if seconds > 0:
            self._scheduler.step(f"wait {seconds:g} s")
            self._world.advance(seconds)
