"""What histories add up to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from statistics import median

LOST = "lost silently"
LEAKED = "leaked"
EDIT_LOST = "an edit is lost"


@dataclass(slots=True)
class Totals:
    """Counts of one history, or of many."""

    histories: int = 0
    runs: int = 0
    rotations: int = 0  # requests that the provider answered with tokens, whatever became of these
    faults: Counter[str] = field(default_factory=Counter)  # that runs met, by kind
    kills: int = 0
    edits: int = 0  # by people
    healed: int = 0  # by login
    raised: int = 0  # times that NeedsAttention began to count a secret
    windows: list[float] = field(default_factory=list)  # seconds from the answer to the save, AWS being well
    outage_windows: list[float] = field(default_factory=list)  # the same while AWS failed
    broken: Counter[str] = field(default_factory=Counter)  # invariants

    def add(self, other: Totals) -> None:
        """Adds what another one has counted."""
        for name in ("histories", "runs", "rotations", "kills", "edits", "healed", "raised"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.faults += other.faults
        self.broken += other.broken
        self.windows += other.windows
        self.outage_windows += other.outage_windows

    @property
    def kept(self) -> bool:
        """Whether every invariant was kept."""
        return not self.broken

    @property
    def median_window(self) -> float:
        """Returns the median of all windows, in seconds."""
        return median([*self.windows, *self.outage_windows] or [0.0])
