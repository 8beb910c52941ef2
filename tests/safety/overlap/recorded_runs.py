"""What a run does next after the answers that it has had: the real function is run once for each history of answers."""

from __future__ import annotations

from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.safety.overlap.wired_function import Answer, Step, WiredFunction


@dataclass(slots=True, eq=False)
class RunState:
    """A run that has had certain answers, and what it does next.

    A run depends on nothing but its answers, so there is one of these for each history of answers, and two runs are
    compared by the identity of these.
    """

    next: Step
    before: RunState | None = None
    answer: Answer | None = None  # of the step before
    after: dict[Answer, RunState] = field(default_factory=dict)

    def history(self) -> list[tuple[Step, Answer]]:
        """Returns the steps so far, and the answer to each."""
        steps, run = [], self
        while run.before is not None and run.answer is not None:
            steps.append((run.before.next, run.answer))
            run = run.before
        return steps[::-1]


class RecordedRuns:
    """All runs of one event from one instant, as far as they have been explored."""

    def __init__(self, function: WiredFunction, event: dict[str, Any], start: float) -> None:
        """Finds the first step."""
        self._function, self._event, self._start = function, event, start
        self.first = RunState(self._next([]))

    def after(self, run: RunState, answer: Answer) -> RunState:
        """Returns the run after its next step has had this answer."""
        known = run.after.get(answer)
        if known is None:
            history = [*(earlier for _, earlier in run.history()), answer]
            known = run.after[answer] = RunState(self._next(history), run, answer)
        return known

    def _next(self, history: Sequence[Answer]) -> Step:
        self._function.scheduler = _RecordedAnswers(history, self._start)
        try:
            with redirect_stdout(StringIO()):  # a run prints its metrics; an exploration is some hundred thousand runs
                return self._function.run(self._event)
        except _NoAnswerYetError as reached:
            return reached.step


class _NoAnswerYetError(BaseException):
    """Ends a run at the first step of which nothing is known; no run may catch it, hence the base."""

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.step = step


class _RecordedAnswers:
    """A scheduler that gives recorded answers, and then ends the run."""

    def __init__(self, history: Sequence[Answer], start: float) -> None:
        self._history: Iterator[Answer] = iter(history)
        self._now = start

    def now(self) -> float:
        return self._now

    def step(self, step: Step) -> Answer:
        for answer in self._history:
            self._now = answer.at
            return answer
        raise _NoAnswerYetError(step)

    def answered(self, status: int) -> None:
        """Never happens: nothing goes over the wire."""
