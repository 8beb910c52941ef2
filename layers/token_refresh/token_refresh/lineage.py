"""From a stored answer back to the versions that it replaced.

An answer's id follows from the id of the version that it was given for. So the list of a secret's versions tells which
one that was, and which one came before it, as far back as AWS keeps them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from token_refresh.versions import successor_version_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from token_refresh.run_context import RunContext, StoredSecret
    from token_refresh.versions import Version

_MOST_ANCESTORS = 10  # each one is a call to AWS


def ancestors(run: RunContext, answer: Version) -> Iterator[Version]:
    """Yield the version that an answer was given for, the one that this one was given for, and so on."""
    parents = {successor_version_id(answer.arn, one.id): one.id for one in run.secrets.list_versions(answer.arn)}
    version: Version | None = answer
    for _ in range(_MOST_ANCESTORS):
        parent = version and parents.get(version.id)
        version = run.secrets.read_version(answer.arn, parent) if parent else None
        if version is None:
            return
        yield version


def issued_for(run: RunContext, secret: StoredSecret, answer: Version) -> StoredSecret | None:
    """Return an answer, parsed, if the very tokens that a version holds led to it; None if not, or if it holds them."""
    fields = run.provider.refresh_fields
    presented, issued = secret.document.pick(fields), run.parse_if_valid(answer)
    if issued is None or not issued.life.ours or issued.document.pick(fields) == presented:
        return None
    replaced = (run.parse_if_valid(version) for version in ancestors(run, answer))
    return issued if any(one and one.document.pick(fields) == presented for one in replaced) else None
