"""What a secret is, and the rules by which its versions and staging labels change.

Pure: every change takes a secret and returns another. A secret maps each label to one version, so "a label
sits on one version only" cannot be broken. The rules are those of the API reference (PutSecretValue,
UpdateSecretVersionStage) and of the user guide's page on quotas.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from . import errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

AWSCURRENT = "AWSCURRENT"
AWSPENDING = "AWSPENDING"
AWSPREVIOUS = "AWSPREVIOUS"

MAX_LABELS = 20  # "Staging labels attached across all versions of a secret" (user guide, quotas)
VERSION_QUOTA = 100  # "Versions of a secret: ~100" (user guide, quotas)
KEPT_SECONDS = 24 * 60 * 60  # "it does not remove versions created less than 24 hours ago" (PutSecretValue)


@dataclass(frozen=True, slots=True)
class Content:
    """What a version holds; immutable, as a version is."""

    value: str | bytes = field(repr=False)
    created: float  # epoch seconds, to the millisecond


@dataclass(frozen=True, slots=True)
class Version:
    """A version as a test sees it: with the labels it has now; created in epoch seconds."""

    id: str
    value: str | bytes = field(repr=False)
    labels: frozenset[str]
    created: float

    @property
    def text(self) -> str:
        """Returns the value of a version that was stored as SecretString."""
        if not isinstance(self.value, str):
            raise TypeError(f"version {self.id} is binary")
        return self.value

    @property
    def binary(self) -> bytes:
        """Returns the value of a version that was stored as SecretBinary."""
        if not isinstance(self.value, bytes):
            raise TypeError(f"version {self.id} is text")
        return self.value

    @property
    def document(self) -> dict[str, Any]:
        """Returns the JSON object that the value is."""
        parsed = json.loads(self.value)
        if not isinstance(parsed, dict):
            raise TypeError(f"version {self.id} is not a JSON object")
        return parsed


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret at one moment."""

    name: str
    arn: str
    created: float
    changed: float
    versions: Mapping[str, Content] = field(default_factory=dict)  # by id, oldest first
    labels: Mapping[str, str] = field(default_factory=dict)  # label -> version id
    deletion: float | None = None  # when the recovery window ends; None if not marked for deletion

    def version(self, version_id: str) -> Version:
        """Returns a version with its present labels."""
        content = self.versions[version_id]
        return Version(version_id, content.value, frozenset(self.labels_of(version_id)), content.created)

    def labels_of(self, version_id: str) -> list[str]:
        """Returns the labels on a version, in alphabetical order."""
        return sorted(label for label, holder in self.labels.items() if holder == version_id)


def put_value(
    secret: Secret,
    version_id: str,
    content: Content,
    labels: Iterable[str] = (),
    *,
    quota: int = VERSION_QUOTA,
) -> Secret:
    """Adds a version and moves labels to it, as PutSecretValue does.

    A token that already names a version with the same content "succeeds but does nothing": not even the
    request's labels are moved. Without labels AWSCURRENT moves; a secret's first version always gets it.
    """
    if version_id in secret.versions:
        if secret.versions[version_id].value != content.value:
            raise errors.token_in_use(version_id, secret.arn)
        return secret
    wanted = set(labels) or {AWSCURRENT}
    if not secret.versions:
        wanted.add(AWSCURRENT)
    after = _with_labels(secret, wanted, version_id)
    kept = _make_room(after, content.created, quota)
    return replace(after, versions={**kept, version_id: content}, changed=content.created)


def move_label(secret: Secret, label: str, move_to: str | None, remove_from: str | None, now: float) -> Secret:
    """Moves, adds or removes one label, as UpdateSecretVersionStage does: a compare-and-swap."""
    if move_to is None and remove_from is None:
        raise errors.invalid_parameter("You must specify MoveToVersionId, RemoveFromVersionId, or both.")
    for version_id in (move_to, remove_from):
        if version_id is not None and version_id not in secret.versions:
            raise errors.no_such_value(f"VersionId: {version_id}")
    holder = secret.labels.get(label)
    if remove_from is not None and remove_from != holder:
        raise errors.invalid_parameter(
            f"RemoveFromVersionId must be the version that staging label {label} is attached to; "
            f"version {remove_from} is not."
        )
    if move_to is None:
        return replace(secret, labels=_without_label(secret, label), changed=now)
    if remove_from is None and holder not in {None, move_to}:
        raise errors.invalid_parameter(
            f"The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently attached "
            f"to version {holder}, so you must explicitly reference that version in RemoveFromVersionId."
        )
    return replace(_with_labels(secret, {label}, move_to), changed=now)


def with_pending_off(before: Secret, after: Secret) -> Secret:
    """Takes AWSPENDING off the version that AWSCURRENT has just moved to, as the rotation guide says of a move."""
    was_current, current = before.labels.get(AWSCURRENT), after.labels.get(AWSCURRENT)
    if was_current in {None, current} or after.labels.get(AWSPENDING) != current:
        return after
    return replace(after, labels=_without(after, AWSPENDING))


def _with_labels(secret: Secret, wanted: Iterable[str], version_id: str) -> Secret:
    """Attaches labels to a version; "whenever you move AWSCURRENT, AWSPREVIOUS" goes where it was removed."""
    labels = {**secret.labels, **dict.fromkeys(wanted, version_id)}
    was_current = secret.labels.get(AWSCURRENT)
    if was_current not in {None, labels.get(AWSCURRENT)}:
        labels[AWSPREVIOUS] = str(was_current)
    if len(labels) > MAX_LABELS:
        raise errors.limit_exceeded(f"A secret can have at most {MAX_LABELS} staging labels.")
    return replace(secret, labels=labels)


def _without_label(secret: Secret, label: str) -> dict[str, str]:
    if label == AWSCURRENT:
        raise errors.invalid_parameter("You can't remove staging label AWSCURRENT; move it to another version.")
    return _without(secret, label)


def _without(secret: Secret, label: str) -> dict[str, str]:
    return {other: holder for other, holder in secret.labels.items() if other != label}


def _make_room(secret: Secret, now: float, quota: int) -> dict[str, Content]:
    """Drops deprecated versions, oldest first, until one more fits; only those older than a day may go."""
    kept = dict(secret.versions)
    held = set(secret.labels.values())
    for version_id, content in secret.versions.items():
        if len(kept) < quota:
            break
        if version_id not in held and now - content.created > KEPT_SECONDS:
            del kept[version_id]
    if len(kept) >= quota:
        raise errors.limit_exceeded(f"A secret can have at most {quota} versions; try again in a day.")
    return kept
