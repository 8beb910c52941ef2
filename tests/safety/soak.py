"""Tens of thousands of rotations, with trouble of every kind, and a table of what became of them.

    python -m tests.safety.soak                    # at least 50,000 rotations
    python -m tests.safety.soak --rotations 500    # a short one
    python -m tests.safety.soak --seed 17          # one history, told in full

Ends with 1 if any promise was broken; every history that broke one is told, with the seed that replays it.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
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

from tests.safety.histories.course import Broken
from tests.safety.histories.driver import ACTIONS, begin
from tests.safety.histories.tally import EDIT_LOST, LEAKED, LOST, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ROTATIONS = 50_000
_MOST_TOLD = 3  # histories
_MOST_BROKEN = 20  # histories: there is nothing to be learnt from more


class Lived(NamedTuple):
    """What became of one history."""

    seed: int
    tally: Tally
    story: list[str]
    broken: str | None  # the promise that was broken, and how


def live(seed: int) -> Lived:
    """Lives through one history."""
    history, driver = begin(seed)
    with history:
        try:
            driver.drive(ACTIONS)
        except Broken as error:
            history.tally.broken[error.promise] += 1
            return Lived(seed, history.tally, history.story, str(error))
        except Exception:  # noqa: BLE001  # a fault of the simulation: as bad, and to be found by its seed, too
            history.tally.broken["the simulation failed"] += 1
            return Lived(seed, history.tally, history.story, traceback.format_exc())
    return Lived(seed, history.tally, history.story, None)


def histories(jobs: int, first_seed: int) -> Iterator[Lived]:
    """Yields histories without end, lived in so many processes (1: in this one)."""
    seeds = itertools.count(first_seed)
    if jobs == 1:
        yield from map(live, seeds)
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        pending: set[Future[Lived]] = {pool.submit(live, next(seeds)) for _ in range(2 * jobs)}
        try:
            while True:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    pending.add(pool.submit(live, next(seeds)))
                    yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def soak(console: Console, rotations: int, jobs: int, first_seed: int) -> tuple[Tally, list[Lived]]:
    """Lives through histories until there have been enough rotations."""
    total, broken = Tally(), []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("rotations", total=rotations)
        for lived in histories(jobs, first_seed):
            total.add(lived.tally)
            if lived.broken is not None:
                broken.append(lived)
            progress.update(task, completed=total.rotations)
            if total.rotations >= rotations or len(broken) == _MOST_BROKEN:
                break
    return total, broken


def table(tally: Tally, seconds: float) -> Table:
    """Lays out what a soak adds up to."""
    made = Table("", "count", title=f"{tally.histories:,} random histories in {seconds / 60:.1f} minutes")
    made.columns[1].justify = "right"

    def row(name: str, value: float | str) -> None:
        made.add_row(name, f"{value:,}" if isinstance(value, int) else str(value))

    row("runs", tally.runs)
    row("rotations", tally.rotations)
    made.add_section()
    for fault, count in sorted(tally.faults.items()):
        row(fault, count)
    row("runs killed", tally.kills)
    row("edits by people", tally.edits)
    made.add_section()
    row("healed by login", tally.healed)
    row("raised (NeedsAttention)", tally.raised)
    told_apart = {"lost silently": LOST, "edits lost": EDIT_LOST, "leaks": LEAKED}
    for name, promise in told_apart.items():
        row(name, tally.broken[promise])
    row("other promises broken", tally.broken.total() - sum(tally.broken[promise] for promise in told_apart.values()))
    made.add_section()
    row("unsafe window, median", f"{tally.median_window * 1000:.1f} ms")
    row("unsafe window, longest", f"{max(tally.windows, default=0.0) * 1000:.1f} ms")
    row("unsafe window, longest while AWS failed", f"{max(tally.outage_windows, default=0.0):.1f} s")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a soak, or replays one history; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.safety.soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rotations", type=int, default=_ROTATIONS, help="at least so many (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one per core)")
    parser.add_argument("--first-seed", type=int, default=0, help="of the first history (default: %(default)s)")
    parser.add_argument("--seed", type=int, help="replay this one history, and tell it")
    given = parser.parse_args(arguments)
    console = Console(soft_wrap=True)
    if given.seed is not None:
        return _replay(console, given.seed)
    began = time.monotonic()
    tally, broken = soak(console, given.rotations, given.jobs, given.first_seed)
    console.print(table(tally, time.monotonic() - began))
    for lived in broken[:_MOST_TOLD]:
        _tell(console, lived)
    if len(broken) > _MOST_TOLD:
        console.print("and with the seeds", *(lived.seed for lived in broken[_MOST_TOLD:]))
    return 0 if tally.kept else 1


def _replay(console: Console, seed: int) -> int:
    lived = live(seed)
    if lived.broken is not None:
        _tell(console, lived)
        return 1
    console.print("\n".join(lived.story), markup=False, highlight=False)
    return 0


def _tell(console: Console, lived: Lived) -> None:
    told = [f"seed {lived.seed}: {lived.broken}", *lived.story]
    console.print("\n" + "\n".join(told), markup=False, highlight=False)
    console.print(f"replay: python -m tests.safety.soak --seed {lived.seed}", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
