"""Time, passed in wherever it matters, so that tests can own it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

# One provider request: the whole answer, connecting included.
REQUEST_SECONDS = 15.0
# What a run keeps back for storing an answer: a ninth of its time (a minute of Lambda's nine), never less than this.
LEAST_SAVING_SECONDS = 10.0


class Clock(Protocol):
    """The time of day, a steady counter, and waiting; all in seconds."""

    def now(self) -> float:
        """Return the epoch time."""

    def monotonic(self) -> float:
        """Return a count that never jumps."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return the epoch time."""
        return time.time()

    def monotonic(self) -> float:
        """Return a count that never jumps."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class LambdaContext(Protocol):
    """The one thing that a run needs from Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the run."""


class Deadline:
    """The moment at which Lambda ends the run."""

    def __init__(self, context: LambdaContext, clock: Clock) -> None:
        self._context, self._clock = context, clock
        total = context.get_remaining_time_in_millis() / 1000
        self._end = clock.monotonic() + total
        self.saving_seconds = max(LEAST_SAVING_SECONDS, total / 9)

    def remaining(self) -> float:
        """Return the seconds left: the lower of Lambda's figure (wall clock) and a steady count (no jump fools it)."""
        return min(self._end - self._clock.monotonic(), self._context.get_remaining_time_in_millis() / 1000)

    def allows_request(self) -> bool:
        """Tell whether a provider's answer, however late, could still be stored."""
        return self.remaining() >= REQUEST_SECONDS + self.saving_seconds


def iso(epoch_seconds: float) -> str:
    """Format as ISO 8601, UTC, milliseconds, ``Z``."""
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_iso(text: object) -> float | None:
    """Parse what `iso` wrote into epoch seconds; anything else is None."""
    try:
        # ASCII: Python takes any character for the "T", and a person's may be one that nothing can encode.
        moment = datetime.fromisoformat(text) if isinstance(text, str) and text.isascii() else None
    except ValueError:
        return None
    return moment.timestamp() if moment and moment.tzinfo else None
