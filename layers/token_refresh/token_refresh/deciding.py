"""Whether a secret is presented to the provider in this run: a pure function of what was read, and the time."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from token_refresh.versions import ASKED, REJECTED, is_retry_slot

if TYPE_CHECKING:
    from token_refresh.events import RunRequest
    from token_refresh.lifetime import Lifetime
    from token_refresh.versions import Version


class Decision(Enum):
    """What to do with a secret."""

    FRESH = "fresh"  # nothing: it is not due
    DUE = "due"  # present it
    BLOCKED = "blocked"  # nothing: it was rejected and reported, and has not been changed since
    RETRY = "retry"  # rejected and reported too, but its time of the day to be presented again has come


def decide(version: Version, life: Lifetime, request: RunRequest, now: float) -> Decision:
    """Decide by a version's labels and dates, what the run was asked for, and the time (epoch seconds)."""
    if REJECTED in version.labels and not request.insists:
        return Decision.RETRY if is_retry_slot(version.id, now) else Decision.BLOCKED
    # ASKED: it was presented although it was not due, and the answer may be lost; its dates do not tell.
    if request.force or REJECTED in version.labels or ASKED in version.labels or life.due(now):
        return Decision.DUE
    return Decision.FRESH
