"""Whether a secret is presented to the provider in this run: a pure function of what was read, and the time."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from token_refresh.versions import ASKED, REJECTED, UNCLEAR, is_login_slot, is_refresh_slot

if TYPE_CHECKING:
    from token_refresh.events import RunRequest
    from token_refresh.run_context import StoredSecret


class Decision(Enum):
    """What to do with a secret."""

    FRESH = "fresh"  # nothing: it is not due
    DUE = "due"  # present it
    BLOCKED = "blocked"  # nothing: it was refused and reported, and has not been changed since
    RETRY = "retry"  # refused and reported too, but its slot has come: present it once


def decide(secret: StoredSecret, request: RunRequest, began: float, now: float) -> Decision:
    """Decide by labels and dates, what the run was asked for, when it began, and the time (epoch seconds)."""
    version = secret.version
    if {REJECTED, UNCLEAR} & version.labels and not request.insists:
        is_slot = is_refresh_slot if _has_hourly_slot(secret) else is_login_slot
        return Decision.RETRY if is_slot(version.id, began) else Decision.BLOCKED
    # ASKED: it was presented although it was not due, and the answer may be lost; its dates do not tell.
    insists = request.force or bool({REJECTED, UNCLEAR, ASKED} & version.labels)
    return Decision.DUE if insists or secret.life.due(now) else Decision.FRESH


def _has_hourly_slot(secret: StoredSecret) -> bool:
    """Tell whether there is something to present every hour: not a password that was refused."""
    return REJECTED not in secret.version.labels or secret.document.refresh is not None
