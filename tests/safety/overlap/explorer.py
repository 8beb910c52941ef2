"""Every order in which the steps of several runs, and of a person, can happen.

Depth first, each state once. Two states are one only if the store, the provider, the time, the edits to come and all
that each run has been answered are the same: then whatever can follow is the same too, so no order is left out, and
reads whose order does not matter do not multiply.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.safety.overlap.wired_function import Done, Sleep

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from tests.safety.overlap.recorded_runs import RecordedRuns
    from tests.safety.overlap.state import Servers, State

_MOST_ROUNDS = 4  # of a search that is bounded by states

Schedule = tuple[int, ...]  # whose turn it was, step by step; the number after the last run's is the person


@dataclass
class Explorer:
    """Two or more runs in one world. `edit` makes the person's named edit."""

    servers: Servers
    runs: Sequence[RecordedRuns]
    edit: Callable[[State, str], State]
    check: Callable[[State], list[str]]  # what is wrong with an end
    step_check: Callable[[State, State], list[str]]  # what is wrong with a run's single step
    # How often a run that could go on may be made to wait for another; None: no bound.
    most_preemptions: int | None = None
    most_states: int | None = None  # None: all of them
    violations: dict[str, list[Schedule]] = field(default_factory=dict)
    _schedules: dict[Hashable, int] = field(default_factory=dict)  # that lead on from a state
    _left: int = 0  # of the bound on states, in this round

    def explore(self, start: State) -> int:
        """Goes through every state that can be reached; returns how many schedules these amount to.

        With a bound on states, the orders with the fewest interruptions come first: none, then one, then two.
        What a step does is kept from one round to the next, so only the states that are new cost much.
        """
        if self.most_states is None:
            return self._explore(start, None, self.most_preemptions, [])
        found = 0
        for bound in range(_MOST_ROUNDS if self.most_preemptions is None else self.most_preemptions + 1):
            self._schedules.clear()
            self._left = self.most_states
            found = self._explore(start, None, bound, [])
            if self._left <= 0:
                break
        return found

    def turns(self, state: State) -> Iterator[int]:
        """Yields who can take the next step; sleepers wake in order of time."""
        steps = [run.next for run in state.runs]
        first = min((step.until for step in steps if isinstance(step, Sleep)), default=0.0)
        for i, step in enumerate(steps):
            if not isinstance(step, Done) and not (isinstance(step, Sleep) and step.until > first):
                yield i
        if state.edits:
            yield len(state.runs)

    def take(self, state: State, turn: int) -> State:
        """Returns the state after a turn."""
        if turn == len(state.runs):
            return self.edit(state._replace(edits=state.edits[1:]), state.edits[0])
        run = state.runs[turn]
        after, answer = self.servers.act(state, run.next)
        runs = (*state.runs[:turn], self.runs[turn].after(run, answer), *state.runs[turn + 1 :])
        return after._replace(runs=runs)

    def describe(self, start: State, schedule: Schedule) -> str:
        """Writes a schedule down for a person to follow."""
        lines, state = [], start
        for turn in schedule:
            what = f"{'AB'[turn]}: {state.runs[turn].next}" if turn < len(state.runs) else f"person: {state.edits[0]}"
            state = self.take(state, turn)
            lines.append(f"{state.now - start.now:7.3f} s  {what}")
        return "\n".join([*lines, *(f"{'AB'[i]} ended {run.next}" for i, run in enumerate(state.runs))])

    def _explore(self, state: State, last: int | None, left: int | None, so_far: list[int]) -> int:
        # Who was last, and what is left of the bound, matter only where there is a bound.
        key = state if left is None else (state, last, left)
        known = self._schedules.get(key)
        if known is not None:
            return known
        if self.most_states is not None:
            if self._left <= 0:
                return 0
            self._left -= 1
        turns = list(self.turns(state))
        if not turns:
            for wrong in self.check(state):
                self.violations.setdefault(wrong, []).append(tuple(so_far))
        count = 0 if turns else 1
        for turn in turns:
            preempts = left is not None and self._preempts(state, last, turn)
            if preempts and left == 0:
                continue
            now_last = turn if turn < len(state.runs) else last  # a person interrupts nobody
            now_left = left - preempts if left is not None else None
            after = self.take(state, turn)
            if turn < len(state.runs):
                for wrong in self.step_check(state, after):
                    self.violations.setdefault(wrong, []).append((*so_far, turn))
            count += self._explore(after, now_last, now_left, [*so_far, turn])
        self._schedules[key] = count
        return count

    def _preempts(self, state: State, last: int | None, turn: int) -> bool:
        """Tells whether a turn makes another run wait that was about to do something."""
        if last is None or turn in (last, len(state.runs)):
            return False
        return not isinstance(state.runs[last].next, (Done, Sleep))
