"""How one secret ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from token_refresh.clock import iso

if TYPE_CHECKING:
    from token_refresh.errors import Outcome
    from token_refresh.lifetime import Lifetime


@dataclass(frozen=True, slots=True)
class Result:
    """One secret's outcome in one run; it shows no secret value."""

    name: str
    outcome: Outcome
    error: str | None = None
    life: Lifetime | None = None  # of what is AWSCURRENT now; None if its value cannot be read
    reported: bool = False  # a failure that an earlier run raised already

    @property
    def expires_at(self) -> str | None:
        """The known expiry, as ISO 8601."""
        return None if self.life is None or self.life.expires_at is None else iso(self.life.expires_at)
