"""When a secret is due, and how much of its life is left."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from token_refresh.clock import parse_iso

if TYPE_CHECKING:
    from token_refresh.document import Document
    from token_refresh.secrets_manager import Version

LEAST_BETWEEN_SECONDS = 29 * 60  # whatever expiry a provider gives
EARLY_SECONDS = 60  # a tick falls a moment early
# For tokens of unknown expiry: the shortest lifetime of the three providers. Half of it less 60 s is 29 minutes.
ASSUMED_SECONDS = 3600
_SAME_LENGTH_SECONDS = 60
_SLOT_SECONDS = 600  # ten minutes
_SLOTS = 144  # of a UTC day


@dataclass(frozen=True, slots=True)
class Lifetime:
    """The life of the tokens in one version, in epoch seconds."""

    ours: bool  # written by a run; a version that a person stored is due at once
    start: float
    expires_at: float | None

    @classmethod
    def of(cls, version: Version, document: Document) -> Lifetime:
        """Read a version's dates, believing them only if the version is our own."""
        refreshed_at = document.fields.get("refreshedAt")
        start = parse_iso(refreshed_at)
        if start is None or version.id != save_token(version.arn, str(refreshed_at)):
            return cls(ours=False, start=version.created, expires_at=None)
        return cls(ours=True, start=start, expires_at=parse_iso(document.fields.get("expiresAt")))

    @property
    def end(self) -> float:
        """The expiry, assumed where none is known."""
        return self.start + ASSUMED_SECONDS if self.expires_at is None else self.expires_at

    def due(self, now: float) -> bool:
        """Tell whether to refresh: from half the life less a minute, at most every 29 minutes."""
        # A start in the future is a clock that jumped; waiting for it could outlast the token.
        if not self.ours or self.start > now + EARLY_SECONDS:
            return True
        return now >= self.start + max((self.end - self.start) / 2 - EARLY_SECONDS, LEAST_BETWEEN_SECONDS)

    def remaining_percent(self, now: float) -> float:
        """Return how much of the life is left, 0 to 100."""
        length = self.end - self.start
        return max(0.0, min(100.0, 100 * (self.end - now) / length)) if length > 0 else 0.0

    def issued_before(self, other: Lifetime) -> bool:
        """Tell which of two answers the provider gave first, as well as can be told."""
        if self.expires_at is not None and other.expires_at is not None:
            lengths = self.end - self.start, other.end - other.start
            # Tokens of one kind: the provider's own clock knows better than when our requests left.
            if abs(lengths[0] - lengths[1]) < _SAME_LENGTH_SECONDS:
                return (self.expires_at, self.start) < (other.expires_at, other.start)
        return self.start < other.start

    @property
    def urgency(self) -> float:
        """A sort key: what a person stored and nobody has tried yet comes first, then the soonest expiry."""
        return self.end if self.ours else 0.0


def save_token(arn: str, refreshed_at: str) -> str:
    """Return the ClientRequestToken of a save, which becomes the version's id: by it we know our own."""
    return str(uuid5(NAMESPACE_URL, f"{arn}#{refreshed_at}"))


def unsure_token(arn: str, refreshed_at: str) -> str:
    """Return the ClientRequestToken of a save that the next run is to try, as if a person had stored it."""
    return str(uuid5(NAMESPACE_URL, f"{arn}#{refreshed_at}#unsure"))


def proof_token(version_id: str, now: float) -> str:
    """Return the ClientRequestToken of a proof: the same within one UTC hour, so an outage adds 24 versions a day."""
    return str(uuid5(NAMESPACE_URL, f"{version_id}#{int(now // 3600)}"))


def unreadable_token(version_id: str) -> str:
    """Return the ClientRequestToken of a kept answer: one for each version presented."""
    return str(uuid5(NAMESPACE_URL, f"{version_id}#unreadable"))


def daily_turn(version_id: str, now: float) -> bool:
    """Tell whether this is the ten minutes of the UTC day in which a rejected version is presented again."""
    slot = int.from_bytes(hashlib.sha256(version_id.encode()).digest()[:4]) % _SLOTS
    return int(now % 86_400 // _SLOT_SECONDS) == slot
