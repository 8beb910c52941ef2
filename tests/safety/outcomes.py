"""What the outcomes of a secret's turn mean."""

from __future__ import annotations

NEED_A_HUMAN = frozenset({"denied", "rejected", "invalid_secret", "unreadable", "not_stored"})
