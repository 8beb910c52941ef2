"""A secret's versions in memory, for the modules of the layer that only list and read them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from token_refresh.versions import ListedVersion, Version

if TYPE_CHECKING:
    from token_refresh.run_context import RunContext

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:token-refresh/mcs/demo-AbCdEf"
NAME = "token-refresh/mcs/demo"


def version(version_id: str, fields: object, *labels: str, created: float = 0.0) -> Version:
    """Makes a version with this value, as Secrets Manager shows it."""
    return Version(ARN, NAME, version_id, json.dumps(fields), frozenset(labels), created)


class Stored:
    """The versions of one secret."""

    def __init__(self, *versions: Version, deleted: tuple[str, ...] = ()) -> None:
        """Holds them; those that are deleted are still listed, and cannot be read any more."""
        self._versions = versions
        self._deleted = deleted

    def list_versions(self, arn: str) -> list[ListedVersion]:
        """Lists all versions."""
        assert arn == ARN
        return [ListedVersion(one.id, bool(one.labels), one.created) for one in self._versions]

    def read_version(self, arn: str, version_id: str) -> Version | None:
        """Reads one version."""
        assert arn == ARN
        return next((one for one in self._versions if one.id == version_id and one.id not in self._deleted), None)


def run_with(run: RunContext, stored: Any, **more: Any) -> RunContext:  # noqa: ANN401  # doubles
    """Returns a run that sees these versions."""
    return replace(run, secrets=stored, **more)
