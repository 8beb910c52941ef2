"""Time as a test owns it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

START = datetime(2026, 1, 5, 10, 5, tzinfo=UTC).timestamp()  # five minutes into an hour
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class FakeClock:
    """A clock that only sleeping and a test move. Called, it tells the time of day, as stores and simulators ask."""

    def __init__(self) -> None:
        """Starts at START."""
        self._lock = threading.Lock()
        self._steady = 0.0
        self._offset = START
        self.slept: list[float] = []
        self.on_sleep: Callable[[], None] | None = None

    def __call__(self) -> float:
        """Returns epoch seconds."""
        return self.now()

    def now(self) -> float:
        """Returns epoch seconds."""
        return self._offset + self._steady

    def monotonic(self) -> float:
        """Returns seconds that no jump changes."""
        return self._steady

    def sleep(self, seconds: float) -> None:
        """Lets this time pass at once, and remembers that it was asked for."""
        with self._lock:
            self.slept.append(seconds)
            self._steady += seconds
        if self.on_sleep is not None:
            self.on_sleep()

    def advance(self, seconds: float) -> None:
        """Lets time pass."""
        with self._lock:
            self._steady += seconds

    def jump(self, seconds: float) -> None:
        """Moves the time of day alone, as setting a clock does."""
        with self._lock:
            self._offset += seconds


class Skewed:
    """The same clock, whose time of day is wrong by some seconds."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        """Follows a clock."""
        self._clock, self._seconds = clock, seconds
        self.monotonic, self.sleep = clock.monotonic, clock.sleep

    def now(self) -> float:
        """Returns epoch seconds, wrongly."""
        return self._clock.now() + self._seconds


class TellsTime(Protocol):
    """A clock that can be read."""

    def now(self) -> float:
        """Returns epoch seconds."""


class Context:
    """Lambda's context: like the real one, it counts down on the time of day."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def __init__(self, clock: TellsTime, seconds: float) -> None:
        """Ends so many seconds from now."""
        self._clock, self._end = clock, clock.now() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Returns the milliseconds left."""
        return int((self._end - self._clock.now()) * 1000)


def of_libraries(clock: FakeClock) -> dict[str, SimpleNamespace]:
    """Returns the places where libraries wait between their own attempts, and what lets them do so in this time."""
    double = SimpleNamespace(sleep=clock.advance, time=clock.now)
    return {"botocore.endpoint.time": double, "urllib3.util.retry.time": double}


def iso(epoch_seconds: float) -> str:
    """Writes an instant in the one form that secrets hold: ISO 8601, UTC, milliseconds, Z."""
    moment = datetime.fromtimestamp(epoch_seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
