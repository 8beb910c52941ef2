"""What must be true at each single move of AWSCURRENT by a run, for every harness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.safety.histories.tracked_secret import base_of
from tests.support.steps import successor_id

if TYPE_CHECKING:
    from tests.support.providers import ProviderFacts
    from tests.support.secrets_manager import Secret


def edit_left_behind(secret: Secret, kind: ProviderFacts) -> str | None:
    """Returns what is wrong with the secret just after a run has made another version current, or None.

    It may only replace a version by that version's successor, and the successor holds all that is not a run's to write.
    """
    before, after = (secret.version(secret.labels[label]) for label in ("AWSPREVIOUS", "AWSCURRENT"))
    if after.id != successor_id(secret.arn, before.id):
        return "AWSCURRENT moved to a version that does not follow from the one before"
    try:
        contained = base_of(after.document, kind) == base_of(before.document, kind)
    except (TypeError, ValueError):
        contained = False
    return None if contained else "AWSCURRENT moved to a version that does not hold what was in the one before"
