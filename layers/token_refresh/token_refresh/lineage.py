"""Which tokens led to which: from a version to the answers that replaced it, as far back as AWS keeps versions.

An answer's id follows from the id of the version that it was given for, so the list of a secret's versions tells which
one replaced which. A person's edit begins anew, with the tokens of another version.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from token_refresh.versions import successor_version_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from token_refresh.run_context import RunContext, StoredSecret
    from token_refresh.versions import ListedVersion, Version


def path(version: Version, answer: Version, listed: Iterable[ListedVersion]) -> list[Version]:
    """Return the versions from this one on whose successors lead to an answer; none if it does not descend from it.

    `listed`: all versions of the secret.
    """
    ids = {one.id for one in listed} | {answer.id}
    found = [version]
    while found[-1].successor_id in ids:
        if found[-1].successor_id == answer.id:
            return found
        found.append(replace(version, id=found[-1].successor_id))
    return []


def issued_for(
    run: RunContext, secret: StoredSecret, answer: Version, listed: Iterable[ListedVersion]
) -> StoredSecret | None:
    """Return an answer, parsed, if the very tokens that a version holds led to it; None if not, or if it holds them.

    `listed`: all versions of the secret; every one of them is read, one call each.
    """
    fields = run.provider.refresh_fields
    issued = run.parse_if_valid(answer)
    if issued is None or not issued.life.ours:
        return None
    tokens = {answer.id: issued.document.pick(fields)}
    for one in listed:
        version = run.secrets.read_version(answer.arn, one.id)
        if version and (parsed := run.parse_if_valid(version)):
            tokens[version.id] = parsed.document.pick(fields)
    successors = {old: successor_version_id(answer.arn, old) for old in tokens}
    presented = secret.document.pick(fields)
    reached, later = [presented], [presented]
    while later:
        later = [
            tokens[new]
            for old, new in successors.items()
            if new in tokens and tokens[old] in later and tokens[new] not in reached
        ]
        reached += later
    return issued if tokens[answer.id] in reached[1:] else None
