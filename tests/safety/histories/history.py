"""A history: one provider, one strict Secrets Manager, one clock, a few secrets, and whatever happens to them.

    with History(PROVIDERS["mcs"], logins=(True, False)) as history:
        history.scheduled_run()
        history.apply(NOTE, 0)
        history.scheduled_run(interruptions=((4, KILL, 0),))
        history.run_without_trouble()

After every run all invariants are checked; `Broken` names the one that is broken, and `log` holds all that happened.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from tests.safety.histories.captured_output import CapturedOutput
from tests.safety.histories.invariants import check
from tests.safety.histories.invocation import Broken, Invocation
from tests.safety.histories.scheduler import Killed, Run, RunClock
from tests.safety.histories.totals import LEAKED
from tests.safety.histories.wiring import wired
from tests.safety.histories.world import World
from tests.support.clock import MINUTE, Context
from tests.support.function import RUN_SECONDS
from tests.support.output import let_everything_speak

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from tests.safety.histories.events import Event
    from tests.safety.histories.invocation import Second
    from tests.support.providers import ProviderFacts

SWEEP: Mapping[str, Any] = {}
_PATIENCE_SECONDS = 60


class History(World):
    """A context manager; at its end no secret may have been shown."""

    def __init__(self, kind: ProviderFacts, *, logins: Sequence[bool], seed: int = 0, unusual: bool = False) -> None:
        """Makes a world, as `World` does; no function has run in it yet."""
        super().__init__(kind, logins=logins, seed=seed, unusual=unusual)
        self.output = CapturedOutput()
        self._functions: list[Any] = []
        self._servers = ExitStack()
        self._cold_start: Callable[[RunClock], Any]

    def __enter__(self) -> Self:
        self._servers.enter_context(self.store)
        self._servers.enter_context(self.provider)
        self._servers.enter_context(self.output.logs_captured())
        environment = {
            **self.store.environment,
            "SECRET_PREFIX": f"token-refresh/{self.kind.name}/",
            "BASE_URL": self.provider.url,
        }
        wiring = wired(self.kind, self.scheduler, self.clock, self.watcher, environment)
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
        interruptions: Sequence[tuple[int, Event, int]] = (),
        second: Second | None = None,
        seconds: float = RUN_SECONDS,
    ) -> Invocation:
        """Invokes the function; `interruptions` happen at its steps, each to a secret. Then checks all invariants."""
        calm = self.is_calm
        invocation = self.invocation = Invocation(
            sweep=not event, plain=calm and not interruptions and second is None, undisturbed=calm and not interruptions
        )
        invocation.live = {tracked.name for tracked in self.secrets if self.is_live(tracked)}
        refused = {"REJECTED", "UNCLEAR"}
        invocation.labelled = {
            tracked.name for tracked in self.secrets if refused & self.store.current(tracked.name).labels
        }
        self._log_run(event, interruptions, second, seconds)
        threads: list[threading.Thread] = []

        def interrupt(step: int) -> None:
            for at, what, on in interruptions:
                if at == step:
                    self.scheduler.disturb(str(what))
                    what.act(self, self.secrets[on % len(self.secrets)])
            if second is not None and second.step == step:
                threads.append(self._begin_second(second.event, seconds))

        self.scheduler.open(second.schedule if second else 0, interrupt)
        with self.output.prints_captured():
            self._go(self._begin_run(event, seconds), 0)
            for thread in threads:
                thread.join(_PATIENCE_SECONDS)
        invocation.metrics = self.output.new_metrics()
        self._log_outcomes(invocation)
        check(self, invocation)
        self._check()
        return invocation

    def scheduled_run(self, **options: Any) -> Invocation:  # noqa: ANN401  # those of `run`
        """Invokes the function as Scheduler does."""
        return self.run(SWEEP, **options)

    def run_without_trouble(self) -> Invocation:
        """Ends all trouble, lets ten minutes pass, and runs: every lost secret must now be healed or reported."""
        self.heal()
        self.pass_time(10 * MINUTE)
        return self.scheduled_run()

    def apply(self, what: Event, on: int) -> None:
        """Lets something happen between runs."""
        tracked = self.secrets[on % len(self.secrets)]
        self.log.append(f"{what} [{tracked.short}]")
        what.act(self, tracked)
        self._check()

    def finish(self) -> None:
        """Lets every loss be healed or reported, and looks for secrets in all output."""
        self.run_without_trouble()
        self.pass_time(self.kind.seconds)
        self.run_without_trouble()
        leaks = self.output.leaks(self.secret_values())
        if leaks:
            raise Broken(LEAKED, f"{leaks} secret values")

    def _begin_run(self, event: Mapping[str, Any], seconds: float) -> Run:
        run = Run("AB"[len(self.invocation.runs)], event, Context(self.run_clock, seconds))
        self.invocation.runs.append(run)
        self.totals.runs += 1
        self.scheduler.admit(run)
        return run

    def _begin_second(self, event: Mapping[str, Any], seconds: float) -> threading.Thread:
        run = self._begin_run(event, seconds)
        thread = threading.Thread(target=self._go, args=(run, 1))
        thread.start()
        return thread

    def _go(self, run: Run, container: int) -> None:
        self.scheduler.wait_for_turn(run)
        while len(self._functions) <= container:
            self._functions.append(self._cold_start(self.run_clock))
            let_everything_speak()
        try:
            self.output.keep_result(self._functions[container](dict(run.event), run.context))
        except Killed:
            pass
        except Exception as error:  # noqa: BLE001  # whatever it is, the invariants decide whether it may be
            run.raised = error
            self.output.keep_result(error)
        finally:
            self.scheduler.leave(run)

    def _log_run(
        self,
        event: Mapping[str, Any],
        interruptions: Sequence[tuple[int, Event, int]],
        second: Second | None,
        seconds: float,
    ) -> None:
        parts = [f"scheduled run {dict(event)}" if event else "scheduled run"]
        parts += [f"of {seconds:g} s"] if seconds != RUN_SECONDS else []
        parts += [
            f"at step {at}: {what} [{self.secrets[on % len(self.secrets)].short}]" for at, what, on in interruptions
        ]
        if second is not None:
            parts.append(f"at step {second.step}: another one {dict(second.event)}, turns {second.schedule:#x}")
        self.log.append("; ".join(parts))

    def _log_outcomes(self, invocation: Invocation) -> None:
        for run in invocation.runs:
            ends = [f"{self.tracked(result.name).short} {result.outcome}" for result in run.results]
            if not ends:
                ends = ["killed" if run.killed else f"{type(run.raised).__name__}"]
            self.log.append(f"    {', '.join(ends)}    ({run.steps} steps)")

    def _check(self) -> None:
        self.store.check_invariants()
        for invariant, details in self.watcher.broken:
            self.log += [f"    {step}" for step in self.scheduler.trace]
            raise Broken(invariant, details)
