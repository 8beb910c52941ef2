"""A history: one provider, one strict Secrets Manager, one clock, a few secrets, and whatever happens to them.

    with History(PROVIDERS["mcs"], logins=(True, False)) as history:
        history.tick()
        history.happens(NOTE, 0)
        history.tick(interruptions=((4, KILL, 0),))
        history.fair_tick()

After every run all promises are checked; `Broken` tells which one was not kept, and `story` all that happened.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from tests.safety.histories.course import Broken, Course
from tests.safety.histories.gate import Killed, Lane, RunClock
from tests.safety.histories.promises import judge
from tests.safety.histories.said import Said
from tests.safety.histories.tally import LEAKED
from tests.safety.histories.wiring import wired
from tests.safety.histories.world import World
from tests.support.clock import MINUTE, Context
from tests.support.function import RUN_SECONDS
from tests.support.output import let_everything_speak

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from tests.safety.histories.course import Second
    from tests.safety.histories.happenings import Happening
    from tests.support.providers import ProviderFacts

SWEEP: Mapping[str, Any] = {}
_PATIENCE_SECONDS = 60


class History(World):
    """A context manager; at its end no secret may have been shown."""

    def __init__(self, kind: ProviderFacts, *, logins: Sequence[bool], seed: int = 0, odd: bool = False) -> None:
        """Makes a world, as `World` does; no function has run in it yet."""
        super().__init__(kind, logins=logins, seed=seed, odd=odd)
        self.said = Said()
        self._functions: list[Any] = []
        self._servers = ExitStack()
        self._cold_start: Callable[[RunClock], Any]

    def __enter__(self) -> Self:
        self._servers.enter_context(self.store)
        self._servers.enter_context(self.provider)
        self._servers.enter_context(self.said.listening())
        environment = {
            **self.store.environment,
            "SECRET_PREFIX": f"token-refresh/{self.kind.name}/",
            "BASE_URL": self.provider.url,
        }
        wiring = wired(self.kind, self.gate, self.clock, self.watch, environment)
        self._cold_start = self._servers.enter_context(wiring)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._servers.close()

    def run(
        self,
        event: Mapping[str, Any] = SWEEP,
        *,
        interruptions: Sequence[tuple[int, Happening, int]] = (),
        second: Second | None = None,
        seconds: float = RUN_SECONDS,
    ) -> Course:
        """Invokes the function, in the middle of which things happen at steps, to secrets; then checks all promises."""
        calm = self.is_calm
        course = self.course = Course(
            sweep=not event, plain=calm and not interruptions and second is None, undisturbed=calm and not interruptions
        )
        course.live = {ward.name for ward in self.wards if self.is_live(ward)}
        refused = {"REJECTED", "UNCLEAR"}
        course.labelled = {ward.name for ward in self.wards if refused & self.store.current(ward.name).labels}
        self._tell_run(event, interruptions, second, seconds)
        threads: list[threading.Thread] = []

        def interrupt(step: int) -> None:
            for at, happening, on in interruptions:
                if at == step:
                    self.gate.disturb(str(happening))
                    happening.act(self, self.wards[on % len(self.wards)])
            if second is not None and second.step == step:
                threads.append(self._begin_second(second.event, seconds))

        self.gate.open(second.schedule if second else 0, interrupt)
        with self.said.printing():
            self._go(self._lane(event, seconds), 0)
            for thread in threads:
                thread.join(_PATIENCE_SECONDS)
        course.metrics = self.said.new_metrics()
        self._tell_outcomes(course)
        judge(self, course)
        self._check()
        return course

    def tick(self, **options: Any) -> Course:  # noqa: ANN401  # those of `run`
        """Invokes the function as Scheduler does."""
        return self.run(SWEEP, **options)

    def fair_tick(self) -> Course:
        """Ends all trouble, lets ten minutes or more pass, and ticks: whoever is lost must now be found."""
        self.heal()
        self.pass_time(10 * MINUTE)
        return self.tick()

    def happens(self, happening: Happening, on: int) -> None:
        """Lets something happen between runs."""
        ward = self.wards[on % len(self.wards)]
        self.story.append(f"{happening} [{ward.short}]")
        happening.act(self, ward)
        self._check()

    def end_of_story(self) -> None:
        """Lets everyone be found, and looks for secrets in all that was said."""
        self.fair_tick()
        self.pass_time(self.kind.seconds)
        self.fair_tick()
        leaks = self.said.leaks(self.secret_values())
        if leaks:
            raise Broken(LEAKED, f"{leaks} secret values")

    def _lane(self, event: Mapping[str, Any], seconds: float) -> Lane:
        lane = Lane("AB"[len(self.course.lanes)], event, Context(self.run_clock, seconds))
        self.course.lanes.append(lane)
        self.tally.runs += 1
        self.gate.admit(lane)
        return lane

    def _begin_second(self, event: Mapping[str, Any], seconds: float) -> threading.Thread:
        lane = self._lane(event, seconds)
        thread = threading.Thread(target=self._go, args=(lane, 1))
        thread.start()
        return thread

    def _go(self, lane: Lane, container: int) -> None:
        self.gate.wait_for_turn(lane)
        while len(self._functions) <= container:
            self._functions.append(self._cold_start(self.run_clock))
            let_everything_speak()
        try:
            self.said.tell(self._functions[container](dict(lane.event), lane.context))
        except Killed:
            pass
        except Exception as error:  # noqa: BLE001  # whatever it is, the promises say whether it may be
            lane.raised = error
            self.said.tell(error)
        finally:
            self.gate.leave(lane)

    def _tell_run(
        self,
        event: Mapping[str, Any],
        interruptions: Sequence[tuple[int, Happening, int]],
        second: Second | None,
        seconds: float,
    ) -> None:
        told = [f"tick {dict(event)}" if event else "tick"]
        told += [f"of {seconds:g} s"] if seconds != RUN_SECONDS else []
        told += [f"at step {at}: {what} [{self.wards[on % len(self.wards)].short}]" for at, what, on in interruptions]
        if second is not None:
            told.append(f"at step {second.step}: another one {dict(second.event)}, turns {second.schedule:#x}")
        self.story.append("; ".join(told))

    def _tell_outcomes(self, course: Course) -> None:
        for lane in course.lanes:
            ends = [f"{self.ward(result.name).short} {result.outcome}" for result in lane.results]
            if not ends:
                ends = ["killed" if lane.killed else f"{type(lane.raised).__name__}"]
            self.story.append(f"    {', '.join(ends)}    ({lane.steps} steps)")

    def _check(self) -> None:
        self.store.check_invariants()
        for promise, details in self.watch.broken:
            self.story += [f"    {step}" for step in self.gate.trace]
            raise Broken(promise, details)
