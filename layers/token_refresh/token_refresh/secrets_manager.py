"""AWS Secrets Manager: the few calls that rotating needs.

What is taken from AWS's documents (API reference and user guide of Secrets Manager, read in November 2026):

- A version's value never changes. PutSecretValue with a known ClientRequestToken does nothing if the value is the same,
  and is refused (ResourceExistsException) if it is another one. The token becomes the version's id.
- UpdateSecretVersionStage moves a label, to a version without labels too, and is refused if the label is not on
  RemoveFromVersionId at that moment. A secret has at most 20 labels.
- AWS keeps about 100 versions of a secret: beyond that it deletes those without labels, but none younger than a day.

What is not documented, and is relied on: the comparison and the move are one step, also for two callers at once.

What is documented both ways, and is not relied on: whether moving AWSCURRENT takes AWSPENDING off. The rotation guide
says so, the API reference does not, and users report both (aws-secrets-manager-rotation-lambdas:
pull request 145, issue 168).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from token_refresh.aws_errors import ALREADY_STORED, NO_SUCH_SECRET, call
from token_refresh.clock import AWS_CONNECT_SECONDS, AWS_READ_SECONDS
from token_refresh.errors import Denied, NoSuchVersion
from token_refresh.listings import current_versions, listed_versions, pages, parse_version, secret_names
from token_refresh.versions import (
    ASKED,
    CURRENT,
    ISSUED,
    PENDING,
    UNREADABLE,
    Version,
    proof_version_id,
    unreadable_version_ids,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import boto3
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import FilterTypeDef

    from token_refresh.errors import SecretError
    from token_refresh.versions import ListedVersion

_PAGE = 20  # secrets; the most that BatchGetSecretValue takes
_NAMES_PAGE = 100  # the most that ListSecrets takes
_VERSIONS_PAGE = 100  # the most that ListSecretVersionIds takes
_MOST_KEPT_BYTES = 64 * 1024  # of a SecretBinary


class SecretsManager:
    """Secrets Manager as one function sees it. Safe for threads.

    Every method raises `Transient` or `Denied` if AWS does not do what it is asked for.
    """

    def __init__(self, session: boto3.session.Session, max_connections: int) -> None:
        self._client = _client(session, max_connections, attempts=3)
        # For calls that have a retry loop of their own, up to the end of the run.
        self._impatient = _client(session, max_connections, attempts=1)

    def list_current(self, prefix: str) -> Iterator[Version | tuple[str, SecretError]]:
        """Yield the AWSCURRENT version of every secret under a prefix, or its name and why it could not be read."""
        filters: Sequence[FilterTypeDef] = [{"Key": "name", "Values": [prefix]}]
        read_page = partial(self._client.batch_get_secret_value, Filters=filters, MaxResults=_PAGE)
        for one in pages("list the secrets", read_page, current_versions):
            if not isinstance(one, Version) or one.name.startswith(prefix):  # whatever a filter means by a prefix
                yield one

    def list_names(self, prefix: str) -> Iterator[str]:
        """Yield the names of all secrets under a prefix."""
        filters: Sequence[FilterTypeDef] = [{"Key": "name", "Values": [prefix]}]
        read_page = partial(self._client.list_secrets, Filters=filters, MaxResults=_NAMES_PAGE)
        for name in pages("list the names of secrets", read_page, secret_names):
            if name.startswith(prefix):
                yield name

    def list_versions(self, arn: str) -> list[ListedVersion]:
        """List all versions of a secret, those without labels too."""
        read_page = partial(
            self._client.list_secret_version_ids, SecretId=arn, IncludeDeprecated=True, MaxResults=_VERSIONS_PAGE
        )
        return list(pages("list the secret's versions", read_page, listed_versions))

    def read(self, secret_id: str) -> Version:
        """Read the AWSCURRENT version; raise `NoSuchVersion` if the secret has no value yet."""
        return _read(self._client, secret_id, VersionStage=CURRENT)

    def read_labelled(self, arn: str, label: str) -> Version | None:
        """Read the version that a label is on, or return None."""
        return _read_if_there(self._client, arn, VersionStage=label)

    def read_version(self, arn: str, version_id: str) -> Version | None:
        """Try once to read one version, whatever its labels, or return None."""
        return _read_if_there(self._impatient, arn, VersionId=version_id)

    def replacement(self, version: Version) -> Version | None:
        """Return the version that AWSCURRENT has moved to since this one was read, or None if it is still there."""
        current = self.read(version.arn)
        if current.id == version.id:
            return None
        # Reads can lag behind writes and show an earlier state; this version's own labels tell.
        itself = self.read_version(version.arn, version.id)
        return None if itself is None or CURRENT in itself.labels else current

    def check_writable(self, version: Version, at: float) -> None:
        """Prove that the secret can be written: store its value again, unchanged, as AWSPENDING."""
        new_id = proof_version_id(version.successor_id, at)
        if not self._put(self._client, version.arn, new_id, PENDING, SecretString=version.text or ""):
            raise Denied("could not write the secret: another value is stored under the id of its copy")

    def store_successor(self, version: Version, text: str, *, asked: bool) -> bool:
        """Try once to store a version's successor, not yet current; tell whether it is there, and not another value.

        `asked`: the next run is to present it whatever its dates say.
        """
        # Another run's proof takes AWSPENDING away, so ISSUED is the label that counts. AWSPENDING is there for people
        # and tools that know it from rotation by AWS: "begun, not finished".
        labels = (ISSUED, PENDING, ASKED) if asked else (ISSUED, PENDING)
        return self._put(self._impatient, version.arn, version.successor_id, *labels, SecretString=text)

    def keep_unreadable(self, version: Version, answer: bytes, at: float) -> bool:
        """Try once to keep an answer's bytes under the label UNREADABLE; tell whether there was a place for it."""
        kept = answer[:_MOST_KEPT_BYTES]
        for new_id in unreadable_version_ids(version.id, at):
            if self._put(self._impatient, version.arn, new_id, UNREADABLE, SecretBinary=kept):
                self.label(replace(version, id=new_id), UNREADABLE)  # it may have been kept before
                return True
        return False

    def move(self, arn: str, label: str, *, to: str, off: str | None) -> None:
        """Try once to move a label to a version, off the one that it must be on now (None: it is on no version)."""
        source = {} if off is None else {"RemoveFromVersionId": off}
        call(
            "label the secret",
            lambda: self._impatient.update_secret_version_stage(
                SecretId=arn, VersionStage=label, MoveToVersionId=to, **source
            )["ARN"],
        )

    def label(self, version: Version, label: str) -> None:
        """Put one of our own labels on a version."""
        holder = self.read_labelled(version.arn, label)
        if holder is None or holder.id != version.id:
            self.move(version.arn, label, to=version.id, off=holder.id if holder else None)

    def _put(self, client: SecretsManagerClient, arn: str, new_id: str, *labels: str, **value: Any) -> bool:  # noqa: ANN401 - text or bytes
        """Store a value under an id; tell whether it is there, and not another one."""
        send = partial(client.put_secret_value, SecretId=arn, ClientRequestToken=new_id, VersionStages=labels, **value)
        try:
            call("write the secret", lambda: send()["VersionId"])
        except Denied as error:
            if error.code == ALREADY_STORED:
                return False
            raise
        return True


def _client(session: boto3.session.Session, max_connections: int, attempts: int) -> SecretsManagerClient:
    return session.client(
        "secretsmanager",
        config=Config(
            connect_timeout=AWS_CONNECT_SECONDS,
            read_timeout=AWS_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=max_connections,
        ),
    )


def _read(client: SecretsManagerClient, secret_id: str, **which: str) -> Version:
    return call("read the secret", lambda: parse_version(client.get_secret_value(SecretId=secret_id, **which)))


def _read_if_there(client: SecretsManagerClient, arn: str, **which: str) -> Version | None:
    try:
        return _read(client, arn, **which)
    except NoSuchVersion:
        return None
    except Denied as error:
        if error.code == NO_SUCH_SECRET:  # AWS words a missing label in more ways than one
            return None
        raise
