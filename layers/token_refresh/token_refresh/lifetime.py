"""How long tokens live, when they are due to be refreshed, and which of two answers came first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from token_refresh.clock import parse_iso
from token_refresh.versions import ISSUED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from token_refresh.versions import Version

EARLY_SECONDS = 60  # a scheduled run can start a moment early
_SAME_LENGTH_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Limits:
    """One provider's lengths of time, in seconds."""

    assumed: float = 60 * 60  # the life of tokens of unknown expiry
    # Between two refreshes, whatever expiry the provider gives. AWS keeps about 100 versions of a secret, each for a
    # day at least: 20 minutes is the least that a provider can have here, and leaves room for what people save.
    shortest: float = 30 * 60
    longest: float = float("inf")  # between two refreshes


@dataclass(frozen=True, slots=True)
class Lifetime:
    """The life of the tokens in one version, in epoch seconds."""

    ours: bool  # the latest answer that a run stored; anything else is due at once
    start: float
    expires_at: float | None
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def of(cls, version: Version, fields: Mapping[str, object], limits: Limits) -> Lifetime:
        """Read a version's dates; they are believed only if the version is the latest answer that a run stored."""
        issued = cls.written_in(fields, limits)
        if issued is None or ISSUED not in version.labels:
            return cls(ours=False, start=version.created, expires_at=None, limits=limits)
        return issued

    @classmethod
    def written_in(cls, fields: Mapping[str, object], limits: Limits) -> Lifetime | None:
        """Read the dates that a run wrote beside its tokens, or return None."""
        start = parse_iso(fields.get("refreshedAt"))
        return (
            cls(ours=True, start=start, expires_at=parse_iso(fields.get("expiresAt")), limits=limits) if start else None
        )

    @property
    def end(self) -> float:
        """The expiry, assumed where none is known."""
        return self.start + self.limits.assumed if self.expires_at is None else self.expires_at

    def due(self, now: float) -> bool:
        """Tell whether to refresh: from half the life less a minute, within the provider's limits."""
        # A start in the future is a clock that jumped; waiting for it could outlast the token.
        if not self.ours or self.start > now + EARLY_SECONDS:
            return True
        wait = min(max((self.end - self.start) / 2, self.limits.shortest), self.limits.longest)
        return now >= self.start + wait - EARLY_SECONDS

    def nearly_over(self, now: float) -> bool:
        """Tell whether the tokens end before a second refresh could be due, though new ones would live longer."""
        long_enough = min(2 * (self.limits.shortest - EARLY_SECONDS), self.limits.assumed - EARLY_SECONDS)
        return self.expires_at is not None and self.expires_at - now < long_enough

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
