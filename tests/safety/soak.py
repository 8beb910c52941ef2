"""Tens of thousands of rotations, with trouble of every kind, and a table of what became of them.

    python -m tests.safety.soak                    # at least 50,000 rotations
    python -m tests.safety.soak --rotations 500    # a short one
    python -m tests.safety.soak --first-seed 17    # repeats a whole soak
    python -m tests.safety.soak --seed 17          # repeats one history, and prints all of it

Each soak takes new histories: its first seed is random, and printed. The exit code is 1 if any invariant was broken.
The first histories that broke one are printed, each with the command that repeats it. Add its seed to FOUND_A_FAULT in
`test_soak.py`.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import secrets
import sys
import time
import traceback
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

sys.path.append(str(Path(__file__).parents[2] / "layers/token_refresh"))  # as Lambda has it; pytest sees to it itself

from tests.safety.histories.driver import ACTIONS, begin
from tests.safety.histories.invocation import Broken
from tests.safety.histories.totals import EDIT_LOST, LEAKED, LOST, Totals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ROTATIONS = 50_000
_MOST_SHOWN = 3  # histories
_MOST_LINES = 40  # of a broken history: its end, as much as fits on a screen
_SEEDS = 10**9  # a seed should be short enough to type
_MOST_BROKEN = 20  # histories: there is nothing to be learnt from more


class Outcome(NamedTuple):
    """What became of one history."""

    seed: int
    totals: Totals
    log: list[str]
    broken: str | None  # the invariant that was broken, and how


def run_history(seed: int) -> Outcome:
    """Runs one history."""
    history, driver = begin(seed)
    with history:
        try:
            driver.drive(ACTIONS)
        except Broken as error:
            history.totals.broken[error.invariant] += 1
            return Outcome(seed, history.totals, history.log, str(error))
        except Exception:  # noqa: BLE001  # a fault of the simulation: as bad, and to be found by its seed, too
            history.totals.broken["the simulation failed"] += 1
            return Outcome(seed, history.totals, history.log, traceback.format_exc())
    return Outcome(seed, history.totals, history.log, None)


def histories(jobs: int, first_seed: int) -> Iterator[Outcome]:
    """Yields histories without end, run in so many processes (1: in this one)."""
    seeds = itertools.count(first_seed)
    if jobs == 1:
        yield from map(run_history, seeds)
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        pending: set[Future[Outcome]] = {pool.submit(run_history, next(seeds)) for _ in range(2 * jobs)}
        try:
            while True:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    pending.add(pool.submit(run_history, next(seeds)))
                    yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def soak(console: Console, rotations: int, jobs: int, first_seed: int) -> tuple[Totals, list[Outcome]]:
    """Runs histories until there have been enough rotations."""
    total, broken = Totals(), []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("rotations", total=rotations)
        for outcome in histories(jobs, first_seed):
            total.add(outcome.totals)
            if outcome.broken is not None:
                broken.append(outcome)
            progress.update(task, completed=total.rotations)
            if total.rotations >= rotations or len(broken) == _MOST_BROKEN:
                break
    return total, broken


def table(totals: Totals, seconds: float, first_seed: int) -> Table:
    """Lays out what a soak adds up to."""
    made = Table("", "count", title=f"{totals.histories:,} random histories in {seconds / 60:.1f} minutes")
    made.columns[1].justify = "right"

    def row(name: str, value: float | str) -> None:
        made.add_row(name, f"{value:,}" if isinstance(value, int) else str(value))

    row("first seed", str(first_seed))
    row("runs", totals.runs)
    row("rotations", totals.rotations)
    made.add_section()
    for fault, count in sorted(totals.faults.items()):
        row(fault, count)
    row("runs killed", totals.kills)
    row("edits by people", totals.edits)
    made.add_section()
    row("healed by login", totals.healed)
    row("raised (NeedsAttention)", totals.raised)
    named = {"lost silently": LOST, "edits lost": EDIT_LOST, "leaks": LEAKED}
    for name, invariant in named.items():
        row(name, totals.broken[invariant])
    row(
        "other invariants broken", totals.broken.total() - sum(totals.broken[invariant] for invariant in named.values())
    )
    made.add_section()
    row("unsafe window, median", f"{totals.median_window * 1000:.1f} ms")
    row("unsafe window, longest", f"{max(totals.windows, default=0.0) * 1000:.1f} ms")
    row("unsafe window, longest while AWS failed", f"{max(totals.outage_windows, default=0.0):.1f} s")
    return made


def describe(outcome: Outcome) -> str:
    """Says in at most a screen what was broken, what led to it, and how to repeat it."""
    left_out = len(outcome.log) - _MOST_LINES
    beginning = [outcome.log[0], f"(... {left_out - 1} lines are left out)"] if left_out > 1 else []
    command = f"all of it: python -m tests.safety.soak --seed {outcome.seed}"
    return "\n".join([f"seed {outcome.seed}: {outcome.broken}", *beginning, *outcome.log[-_MOST_LINES:], command])


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a soak, or replays one history; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.safety.soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rotations", type=int, default=_ROTATIONS, help="at least so many (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one per core)")
    parser.add_argument("--first-seed", type=int, help="of the first history (default: a random one)")
    parser.add_argument("--seed", type=int, help="replay this one history, and print it")
    given = parser.parse_args(arguments)
    console = Console(soft_wrap=True)
    if given.seed is not None:
        return _replay(console, given.seed)
    first_seed = secrets.randbelow(_SEEDS) if given.first_seed is None else given.first_seed
    console.print(f"first seed {first_seed}: to repeat this soak, add --first-seed {first_seed}", highlight=False)
    began = time.monotonic()
    totals, broken = soak(console, given.rotations, given.jobs, first_seed)
    console.print(table(totals, time.monotonic() - began, first_seed))
    for outcome in broken[:_MOST_SHOWN]:
        console.print("\n" + describe(outcome), markup=False, highlight=False)
    if len(broken) > _MOST_SHOWN:
        console.print("and with the seeds", *(outcome.seed for outcome in broken[_MOST_SHOWN:]))
    return 0 if totals.kept else 1


def _replay(console: Console, seed: int) -> int:
    outcome = run_history(seed)
    console.print("\n".join(outcome.log), markup=False, highlight=False)
    if outcome.broken is not None:
        console.print(f"seed {seed}: {outcome.broken}", markup=False, highlight=False)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
