"""AWS Secrets Manager: the few calls that rotating needs, in our own words and errors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as SdkConnectionError
from botocore.parsers import ResponseParserError

from token_refresh.errors import Denied, InvalidSecret, SecretError, Transient
from token_refresh.events import secret_name
from token_refresh.lifetime import proof_token, unreadable_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import boto3
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import FilterTypeDef

T = TypeVar("T")

_UNANSWERED = (SdkConnectionError, HTTPClientError, ResponseParserError)  # among the SDK's own exceptions

CURRENT, PREVIOUS, PENDING = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"
REJECTED, UNREADABLE, ASKED = "REJECTED", "UNREADABLE", "ASKED"  # our own labels

CONNECT_SECONDS = 2
READ_SECONDS = 6
ATTEMPT_SECONDS = CONNECT_SECONDS + READ_SECONDS  # the longest that one attempt of one call can take
_PAGE = 20  # secrets; the most that BatchGetSecretValue takes
_MOST_KEPT_BYTES = 64 * 1024  # of a SecretBinary
_LONGEST_MESSAGE = 200  # characters

# Those that pass by themselves. Every other no of AWS needs a person: permission, KMS key, deleted, quota.
_PASSING = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "RequestTimeout",
        "RequestTimeoutException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


@dataclass(frozen=True, slots=True, repr=False)
class Version:
    """One version of one secret."""

    arn: str
    name: str
    id: str
    text: str | None  # None: binary
    labels: frozenset[str]
    created: float  # epoch seconds


class SecretsManager:
    """Secrets Manager as one function sees it. Safe for threads."""

    def __init__(self, session: boto3.session.Session, max_connections: int) -> None:
        self._client = _client(session, max_connections, attempts=3)
        # A save has a retry loop of its own, up to the end of the run.
        self._impatient = _client(session, max_connections, attempts=1)

    def sweep(self, prefix: str) -> Iterator[Version | tuple[str, SecretError]]:
        """Yield the AWSCURRENT version of every secret under a prefix, or its name and why it could not be read.

        Raises `Transient` or `Denied` when the list itself cannot be read.
        """
        filters: Sequence[FilterTypeDef] = [{"Key": "name", "Values": [prefix]}]
        read_page = partial(self._client.batch_get_secret_value, Filters=filters, MaxResults=_PAGE)
        seen = {""}
        while True:
            found, token = _call("list the secrets", partial(_page, read_page))
            for one in found:
                if not isinstance(one, Version) or one.name.startswith(prefix):  # whatever a filter means by a prefix
                    yield one
            if token in seen:  # the end, or a list that goes round in circles
                return
            seen.add(token)
            read_page = partial(read_page, NextToken=token)

    def read(self, secret_id: str, label: str = CURRENT) -> Version:
        """Read the version that a label is on."""
        return self._read(self._client, secret_id, VersionStage=label)

    def read_version(self, arn: str, version_id: str) -> Version:
        """Try once to read one version, whatever its labels."""
        return self._read(self._impatient, arn, VersionId=version_id)

    def current_and_previous(self, arn: str) -> tuple[str | None, str | None]:
        """Try once to tell which versions AWSCURRENT and AWSPREVIOUS are on, as they stood at one moment."""
        try:
            stages = _call(
                "look at the secret's versions",
                lambda: self._impatient.describe_secret(SecretId=arn)["VersionIdsToStages"],
            )
        except Denied:
            # Two reads may show two moments, which is the reason to describe; they need no permission of their own.
            current, previous = (
                self._read(self._impatient, arn, VersionStage=label).id for label in (CURRENT, PREVIOUS)
            )
            return current, previous
        holders = {label: version_id for version_id, labels in stages.items() for label in labels}
        return holders.get(CURRENT), holders.get(PREVIOUS)

    def replacement(self, version: Version) -> Version | None:
        """Return the version that AWSCURRENT has moved to since this one was read, or None."""
        current = self.read(version.arn)
        if current.id == version.id:
            return None
        if current.created > version.created:
            return current
        # Not newer: a read that lags, or a person moved AWSCURRENT back. This version's own labels tell.
        try:
            replaced = CURRENT not in self.read_version(version.arn, version.id).labels
        except NoSuchVersion:  # lags too
            return None
        return current if replaced else None

    def prove(self, version: Version, now: float) -> None:
        """Prove that the secret can be written: store its value again, unchanged, as AWSPENDING."""
        _call(
            "write the secret",
            lambda: self._client.put_secret_value(
                SecretId=version.arn,
                SecretString=version.text or "",
                ClientRequestToken=proof_token(version.id, now),
                VersionStages=[PENDING],
            )["VersionId"],
        )

    def save(self, arn: str, text: str, token: str) -> None:
        """Try once to store a value as AWSCURRENT; the same token and text again do nothing."""
        # AWSPENDING too: left on a version younger than AWSCURRENT's, it means "began, did not finish".
        _call(
            "write the secret",
            lambda: self._impatient.put_secret_value(
                SecretId=arn, SecretString=text, ClientRequestToken=token, VersionStages=[CURRENT, PENDING]
            )["VersionId"],
        )

    def keep_unreadable(self, version: Version, answer: bytes) -> None:
        """Try once to keep an answer's bytes under the label UNREADABLE, the first one for each version only."""
        try:
            _call(
                "keep the answer",
                lambda: self._impatient.put_secret_value(
                    SecretId=version.arn,
                    SecretBinary=answer[:_MOST_KEPT_BYTES],
                    ClientRequestToken=unreadable_token(version.id),
                    VersionStages=[UNREADABLE],
                )["VersionId"],
            )
        except AlreadyStored:
            return

    def move(self, arn: str, label: str, *, to: str, off: str | None) -> None:
        """Try once to move a label to a version, off the one that it must be on now (None: it is on no version)."""
        source = {} if off is None else {"RemoveFromVersionId": off}
        _call(
            "label the secret",
            lambda: self._impatient.update_secret_version_stage(
                SecretId=arn, VersionStage=label, MoveToVersionId=to, **source
            ),
        )

    def label(self, version: Version, label: str) -> None:
        """Put one of our own labels on a version."""
        holder = self._holder(version.arn, label)
        if holder != version.id:
            self.move(version.arn, label, to=version.id, off=holder)

    def _read(self, client: SecretsManagerClient, secret_id: str, **which: str) -> Version:
        return _call("read the secret", lambda: _version(client.get_secret_value(SecretId=secret_id, **which)))

    def _holder(self, arn: str, label: str) -> str | None:
        try:
            return self.read(arn, label).id
        except (NoSuchVersion, NoSuchSecret):  # AWS words a missing label in more ways than one
            return None


class NoSuchVersion(InvalidSecret):
    """The secret exists, and no version of it has that label or id."""


class NoSuchSecret(Denied):
    """The secret does not exist (any more)."""


class AlreadyStored(Denied):
    """That ClientRequestToken has been used with other content."""


class NotAName(Denied):
    """Secrets Manager does not take that as the name of a secret."""


_KINDS: Mapping[str, type[Denied]] = {
    "ResourceExistsException": AlreadyStored,
    "ValidationException": NotAName,
}


def _client(session: boto3.session.Session, max_connections: int, attempts: int) -> SecretsManagerClient:
    return session.client(
        "secretsmanager",
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=max_connections,
        ),
    )


def _name(secret_id: str) -> str:
    """Return the name in an ARN, without the six random characters that Secrets Manager adds to it."""
    name = secret_name(secret_id)
    return name if name == secret_id else name[:-7]


def _page(read: Callable[[], Mapping[str, Any]]) -> tuple[list[Version | tuple[str, SecretError]], str]:
    """Return what one answer to BatchGetSecretValue lists, and the token of the next page ("": there is none)."""
    page = read()
    found: list[Version | tuple[str, SecretError]] = [_version(value) for value in page.get("SecretValues", [])]
    for error in page.get("Errors", []):
        why = _from_code("read the secret", error.get("ErrorCode") or "", error.get("Message") or "", status=0)
        found.append((_name(error.get("SecretId") or "?"), why))
    return found, page.get("NextToken") or ""


def _version(value: Mapping[str, Any]) -> Version:
    created = value.get("CreatedDate")
    return Version(
        arn=value["ARN"],
        name=value["Name"],
        id=value["VersionId"],
        text=value.get("SecretString"),
        labels=frozenset(value.get("VersionStages", [])),
        created=created.timestamp() if created else 0.0,
    )


def _call(doing: str, call: Callable[[], T]) -> T:
    try:
        return call()
    except ClientError as error:
        details: Mapping[str, Any] = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        failure = _from_code(doing, details.get("Code") or "", details.get("Message") or "", status)
    except Exception as error:  # noqa: BLE001  # the SDK raises anything if an answer has not the shape that it expects
        refused = isinstance(error, BotoCoreError) and not isinstance(error, _UNANSWERED)
        if refused:
            failure = Denied(f"could not {doing}: the AWS SDK refused ({type(error).__name__})")
        else:
            failure = Transient(f"could not {doing}: Secrets Manager did not answer properly ({type(error).__name__})")
    # Raised out here so that the SDK's exception, which can hold the request, is not in the chain.
    raise failure


def _from_code(doing: str, code: str, message: str, status: int) -> SecretError:
    # A validation message can quote the value that it finds wrong.
    said = "" if code == "ValidationException" else " ".join(message.split())[:_LONGEST_MESSAGE]
    text = f"could not {doing}: AWS says {code}" + (f": {said}" if said else "")
    if code in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Transient(text)
    if code == "ResourceNotFoundException":
        if "specified secret value" in message:  # "can't find the specified secret value for staging label: AWSCURRENT"
            return NoSuchVersion("the secret has no such version, or no value yet")
        return NoSuchSecret(text)
    return _KINDS.get(code, Denied)(text)
