"""Finding secrets that hold the same account, where its provider knows one session only.

Each refresh of one would end the tokens in the other, and each would heal by logging in: both dead half of the time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from token_refresh.versions import ISSUED, Version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from token_refresh.run_context import StoredSecret


@dataclass(frozen=True, slots=True)
class _Holder:
    """A secret that holds an account, without its value."""

    version: Version
    issued_at: float  # epoch seconds; minus infinity if no run stored it

    def rank(self) -> tuple[float, str]:
        """A sort key: the tokens issued last come first, then the first by name."""
        return -self.issued_at, self.version.name


@dataclass(slots=True)
class Accounts:
    """The accounts of a run's secrets, by digest, so that no value stays in memory."""

    _holders: dict[str, _Holder] = field(default_factory=dict)  # by ARN
    _by_digest: dict[bytes, list[str]] = field(default_factory=dict)  # digest -> ARNs

    def add(self, secret: StoredSecret) -> None:
        """Take note of a secret."""
        version = replace(secret.version, text=None)
        self._holders[version.arn] = _Holder(version, secret.life.start if secret.life.ours else float("-inf"))
        for digest in _digests(secret):
            self._by_digest.setdefault(digest, []).append(version.arn)

    def losers(self) -> Iterator[tuple[Version, str]]:
        """Yield each secret that is not to be asked about, and the name of the one that holds the same account."""
        groups = {arn: {arn} for arn in self._holders}
        for arns in self._by_digest.values():
            merged = set().union(*(groups[arn] for arn in arns))
            for arn in merged:
                groups[arn] = merged
        for arn, group in groups.items():
            first = min((self._holders[one] for one in group), key=_Holder.rank)
            if first.version.arn != arn:
                yield self._holders[arn].version, first.version.name


def _digests(secret: StoredSecret) -> Iterator[bytes]:
    provider, fields = secret.document.provider, secret.document.fields
    written = provider.identities_written if ISSUED in secret.version.labels else ()  # elsewhere they are copies
    for names in (*provider.identities, *written):
        values = [fields.get(name) for name in names]
        if all(isinstance(value, str) and value for value in values):
            yield hashlib.sha256(repr((names, values)).encode("utf-8", "surrogatepass")).digest()
