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
    digests: frozenset[bytes]  # of what tells the account

    def rank(self) -> tuple[float, str]:
        """A sort key: the tokens issued last come first, then the first by name."""
        return -self.issued_at, self.version.name


@dataclass(slots=True)
class Accounts:
    """The accounts of a run's secrets, by digest, so that no value stays in memory."""

    _holders: list[_Holder] = field(default_factory=list)

    def add(self, secret: StoredSecret) -> None:
        """Take note of a secret."""
        if digests := frozenset(_digests(secret)):  # nothing tells the account at some providers
            issued_at = secret.life.start if secret.life.ours else float("-inf")
            self._holders.append(_Holder(replace(secret.version, text=None), issued_at, digests))

    def losers(self) -> Iterator[tuple[Version, str]]:
        """Yield each secret that is not to be asked about, and the name of the one that holds the same account.

        What a loser holds besides counts for nothing: it may be a third secret's, which has lost to nobody.
        """
        kept: dict[bytes, str] = {}
        for holder in sorted(self._holders, key=_Holder.rank):
            first = next((kept[digest] for digest in sorted(holder.digests) if digest in kept), None)
            if first is None:
                kept |= dict.fromkeys(holder.digests, holder.version.name)
            else:
                yield holder.version, first


def _digests(secret: StoredSecret) -> Iterator[bytes]:
    provider, fields = secret.document.provider, secret.document.fields
    written = provider.identities_written if ISSUED in secret.version.labels else ()  # elsewhere they are copies
    for names in (*provider.identities, *written):
        values = [fields.get(name) for name in names]
        if all(isinstance(value, str) and value for value in values):
            yield hashlib.sha256(repr((names, values)).encode("utf-8", "surrogatepass")).digest()
