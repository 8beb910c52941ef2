"""What a run does next, given all that it has seen: found out by running the real function once for each history."""

from __future__ import annotations

from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.safety.overlap.wired import Seen, Step, Wired


@dataclass(slots=True, eq=False)
class Moment:
    """A run that has seen certain things, and what it does next.

    A run depends on nothing but what it sees, so there is one of these for each history, and comparing two runs is
    comparing two of these by identity.
    """

    next: Step
    before: Moment | None = None
    seen: Seen | None = None  # of the step before
    after: dict[Seen, Moment] = field(default_factory=dict)

    def history(self) -> list[tuple[Step, Seen]]:
        """Returns the steps so far, and what each gave."""
        steps, moment = [], self
        while moment.before is not None and moment.seen is not None:
            steps.append((moment.before.next, moment.seen))
            moment = moment.before
        return steps[::-1]


class Runs:
    """All runs of one event from one instant, as far as anyone has asked."""

    def __init__(self, wired: Wired, event: dict[str, Any], start: float) -> None:
        """Finds the first step."""
        self._wired, self._event, self._start = wired, event, start
        self.first = Moment(self._next([]))

    def after(self, moment: Moment, seen: Seen) -> Moment:
        """Returns the moment after a moment's next step has given this."""
        known = moment.after.get(seen)
        if known is None:
            history = [*(what for _, what in moment.history()), seen]
            known = moment.after[seen] = Moment(self._next(history), moment, seen)
        return known

    def _next(self, history: Sequence[Seen]) -> Step:
        self._wired.gate = _Replay(history, self._start)
        try:
            with redirect_stdout(StringIO()):  # a run prints its metrics; an exploration is some hundred thousand runs
                return self._wired.run(self._event)
        except _NoAnswerYetError as reached:
            return reached.step


class _NoAnswerYetError(BaseException):
    """Ends a run at the first step of which nothing is known; no run may catch it, hence the base."""

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.step = step


class _Replay:
    """A gate behind which lies the past."""

    def __init__(self, history: Sequence[Seen], start: float) -> None:
        self._history: Iterator[Seen] = iter(history)
        self._now = start

    def now(self) -> float:
        return self._now

    def step(self, step: Step) -> Seen:
        for seen in self._history:
            self._now = seen.at
            return seen
        raise _NoAnswerYetError(step)

    def answered(self, status: int) -> None:
        """Never happens: nothing goes over the wire."""
