"""What holds for every secret at every moment, as long as nobody moves AWSPREVIOUS by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model import AWSCURRENT, AWSPREVIOUS, MAX_LABELS
from .parameters import ID_LENGTHS, MAX_VALUE_BYTES, size

if TYPE_CHECKING:
    from .model import Secret


def check(secret: Secret, quota: int) -> None:
    """Raises AssertionError, naming the secret and the rule, if one is broken."""
    broken = [rule for rule, holds in _rules(secret, quota).items() if not holds]
    if broken:
        raise AssertionError(f"{secret.name}: broken: {', '.join(broken)}; labels {dict(secret.labels)}")


def _rules(secret: Secret, quota: int) -> dict[str, bool]:
    sizes = [size(content.value) for content in secret.versions.values()]
    current = secret.labels.get(AWSCURRENT)
    return {
        "a secret with a version has AWSCURRENT": not secret.versions or current is not None,
        "AWSPREVIOUS is not on AWSCURRENT's version": current is None or secret.labels.get(AWSPREVIOUS) != current,
        "every label is on a version that exists": set(secret.labels.values()) <= set(secret.versions),
        "labels are within their quota": len(secret.labels) <= MAX_LABELS,
        "versions are within their quota": len(secret.versions) <= quota,
        "version ids have 32 to 64 characters": all(len(version_id) in ID_LENGTHS for version_id in secret.versions),
        "values have 1 to 65,536 bytes": all(1 <= one <= MAX_VALUE_BYTES for one in sizes),
    }
