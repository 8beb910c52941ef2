"""Time, passed in wherever it matters, so that tests can own it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING, Protocol, TypeVar

from token_refresh.errors import Deferred, Denied, SecretError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools import Logger

T = TypeVar("T")

# One provider request: the whole answer, connecting included.
REQUEST_SECONDS = 15.0
# What a run keeps back for storing an answer: a ninth of its time (a minute of Lambda's nine), never less than this.
LEAST_SAVING_SECONDS = 10.0
AWS_CONNECT_SECONDS, AWS_READ_SECONDS = 2, 6
AWS_CALL_SECONDS = AWS_CONNECT_SECONDS + AWS_READ_SECONDS  # the longest that one attempt of one call can take
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 5.0  # between two tries
_SPARE_SECONDS = 1.0  # for reporting, at the end of a run


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

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)


class LambdaContext(Protocol):
    """The one thing that a run needs from Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the run."""


class Deadline:
    """The moment at which Lambda ends the run."""

    def __init__(self, context: LambdaContext, clock: Clock, logger: Logger) -> None:
        self._context, self._clock, self._logger = context, clock, logger
        total = context.get_remaining_time_in_millis() / 1000
        self._end = clock.monotonic() + total
        self.saving_seconds = max(LEAST_SAVING_SECONDS, total / 9)

    def remaining(self) -> float:
        """Return the seconds left: the lower of Lambda's figure (wall clock) and a steady count (no jump fools it)."""
        return min(self._end - self._clock.monotonic(), self._context.get_remaining_time_in_millis() / 1000)

    def check_request(self) -> None:
        """Raise `Deferred` unless a provider's answer, however late, could still be stored."""
        if self.remaining() < REQUEST_SECONDS + self.saving_seconds:
            raise Deferred("too little time was left in this run to ask and store the answer; the next run goes on")

    def retry(
        self, attempt: Callable[[], T], *, most_tries: float = inf, most_refusals: float = inf, calls: int = 1
    ) -> T:
        """Try until it works; raise the last `SecretError` when time is nearly up, or after so many tries.

        A refusal is a `Denied`. `calls` is how many calls to AWS one attempt can take.
        """
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return attempt()
            except SecretError as error:
                why = error
            most_tries -= 1
            most_refusals -= isinstance(why, Denied)
            too_late = self.remaining() < pause + calls * AWS_CALL_SECONDS + _SPARE_SECONDS
            if most_tries <= 0 or most_refusals <= 0 or too_late:
                raise why
            self._logger.warning("still trying, for up to %.0f s: %s", self.remaining(), why)
            self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


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
