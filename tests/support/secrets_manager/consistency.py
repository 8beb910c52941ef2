"""Eventual consistency: a read may still see a secret as it was before the latest writes.

"All Secrets Manager operations are eventually consistent" (API reference, ListSecrets). How long is not
documented, so a test chooses. Writes themselves always act on the newest state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from .model import Secret


@dataclass(frozen=True, slots=True)
class StaleReads:
    """How long a write stays invisible: for a number of reads of that secret, for some seconds, or both.

    Without `shuffled` a read lags: it sees the newest write that has settled, and never goes back. With it,
    each read sees, at random, any state from that one to the newest.
    """

    reads: int = 0
    seconds: float = 0
    shuffled: bool = False


@dataclass(slots=True)
class _State:
    secret: Secret | None  # None: it does not exist
    written: float
    rule: StaleReads
    reads: int = 0

    def settled(self, now: float) -> bool:
        # Without a lag a write is seen at once, even if the clock has been set back since.
        lags = self.rule.seconds > 0 and now - self.written < self.rule.seconds
        return self.reads >= self.rule.reads and not lags


class Timeline:
    """The states of one secret that a read may still see, oldest first; at first it does not exist."""

    def __init__(self) -> None:
        self._states = [_State(None, float("-inf"), StaleReads())]

    @property
    def newest(self) -> Secret | None:
        """Returns what the secret really is now."""
        return self._states[-1].secret

    def write(self, secret: Secret, now: float, rule: StaleReads) -> None:
        """Appends a state, under the rule in force at the time of the write."""
        self._states.append(_State(secret, now, rule))

    def read(self, now: float, random_source: random.Random) -> Secret | None:
        """Returns the state that this read sees, and counts the read."""
        first = max((i for i, state in enumerate(self._states) if state.settled(now)), default=0)
        del self._states[:first]
        shuffled = any(state.rule.shuffled for state in self._states[1:])
        seen = random_source.choice(self._states) if shuffled else self._states[0]
        for state in self._states:
            state.reads += 1
        return seen.secret
