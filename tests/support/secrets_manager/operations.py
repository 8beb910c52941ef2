"""The eight operations: each turns a request's JSON object into the answer's, or raises a ServiceError.

Each names the parameters it knows; any other is refused aloud rather than ignored.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import errors, listings, parameters
from .model import AWSCURRENT, Content, Secret, move_label, put_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from .account import Account
    from .parameters import Request

Answer = dict[str, Any]

_DAY_SECONDS = 24 * 60 * 60
_RECOVERY_DAYS = range(7, 31)
_VALUE = frozenset({"SecretString", "SecretBinary", "ClientRequestToken"})


@dataclass(frozen=True, slots=True)
class Operation:
    """What an operation does, and the parameters it knows."""

    perform: Callable[[Account, Request], Answer]
    known: frozenset[str]


def perform(account: Account, name: str, request: Request) -> Answer:
    """Performs an operation by its name."""
    operation = OPERATIONS.get(name)
    if operation is None:
        raise errors.ServiceError("UnknownOperationException", f"This store does not know {name}.")
    unknown = sorted(set(request) - operation.known)
    if unknown:
        raise errors.invalid_parameter(f"This store does not know {', '.join(unknown)} of {name}.")
    return operation.perform(account, request)


def _create_secret(account: Account, request: Request) -> Answer:
    name, token, value = parameters.new_name(request), parameters.token(request, account), parameters.value(request)
    if name in account.names():
        return _create_again(account.truth(name), token, value)
    now = account.now
    secret = Secret(name, account.new_arn(name), created=now, changed=now)
    if value is None:
        account.write(secret)
        return _identity(secret)
    account.key(secret).for_writing()
    account.write(put_value(secret, token, Content(value, now), quota=account.version_quota))
    return {**_identity(secret), "VersionId": token}


def _create_again(secret: Secret, token: str, value: str | bytes | None) -> Answer:
    """Answers for a name that is taken: only the very same request is ignored."""
    if secret.deletion is not None:
        raise errors.invalid_request(
            "You can't create this secret because a secret with this name is already scheduled for deletion."
        )
    existing = secret.versions.get(token)
    if existing is None or existing.value != value:
        message = f"The operation failed because the secret {secret.name} already exists."
        raise errors.ServiceError("ResourceExistsException", message)
    return {**_identity(secret), "VersionId": token}


def _put_secret_value(account: Account, request: Request) -> Answer:
    labels, token = parameters.labels(request), parameters.token(request, account)
    value = parameters.required_value(request)
    before = _live(account.truth(parameters.secret_id(request)))
    # A token used again stores nothing, so the service only has to read what it compares with.
    key = account.key(before)
    (key.for_reading if token in before.versions else key.for_writing)()
    after = put_value(before, token, Content(value, account.now), labels, quota=account.version_quota)
    if after is not before:
        after = account.write(after)
    answer: Answer = {**_identity(after), "VersionId": token}
    stages = after.labels_of(token)
    return {**answer, "VersionStages": stages} if stages else answer


def _update_secret(account: Account, request: Request) -> Answer:
    token, value = parameters.token(request, account), parameters.required_value(request)
    before = _live(account.truth(parameters.secret_id(request)))
    # "If you call this operation with a ClientRequestToken that matches an existing version's VersionId, the
    # operation results in an error": unlike PutSecretValue, even with the same content.
    if token in before.versions:
        raise errors.token_in_use(token, before.arn)
    account.key(before).for_writing()
    after = account.write(put_value(before, token, Content(value, account.now), quota=account.version_quota))
    return {**_identity(after), "VersionId": token}


def _update_secret_version_stage(account: Account, request: Request) -> Answer:
    label = parameters.required_label(request)
    move_to = parameters.version_id(request, "MoveToVersionId")
    remove_from = parameters.version_id(request, "RemoveFromVersionId")
    before = _live(account.truth(parameters.secret_id(request)))
    account.write(move_label(before, label, move_to, remove_from, account.now))
    return _identity(before)


def _get_secret_value(account: Account, request: Request) -> Answer:
    version_id, label = parameters.version_id(request, "VersionId"), parameters.label(request)
    secret = _live(account.seen(parameters.secret_id(request)))
    return _value(account, secret, version_id, label)


def _batch_get_secret_value(account: Account, request: Request) -> Answer:
    found, next_token = listings.secrets(account, request)
    values: list[Answer] = []
    failures: list[Answer] = []
    for secret in found:
        try:
            refusal = account.refusal_in_batch(secret.name)
            if refusal is not None:
                raise refusal
            values.append(_value(account, secret, None, None))
        except errors.ServiceError as error:
            failures.append({"SecretId": secret.arn, "ErrorCode": error.code, "Message": error.message})
    answer: Answer = {"SecretValues": values, "Errors": failures}
    return {**answer, "NextToken": next_token} if next_token else answer


def _list_secrets(account: Account, request: Request) -> Answer:
    found, next_token = listings.secrets(account, request, listings.LIST_MAX)
    answer: Answer = {"SecretList": [_identity(secret) for secret in found]}  # and what nobody reads
    return {**answer, "NextToken": next_token} if next_token else answer


def _list_secret_version_ids(account: Account, request: Request) -> Answer:
    secret = account.seen(parameters.secret_id(request))
    versions, next_token = listings.versions(account, secret, request)
    answer: Answer = {**_identity(secret), "Versions": versions}
    return {**answer, "NextToken": next_token} if next_token else answer


def _delete_secret(account: Account, request: Request) -> Answer:
    days = request.get("RecoveryWindowInDays", _RECOVERY_DAYS[-1])
    if days not in _RECOVERY_DAYS:
        raise errors.invalid_parameter("RecoveryWindowInDays must be between 7 and 30 days (inclusive).")
    secret = _live(account.truth(parameters.secret_id(request)))
    deletion = account.now + days * _DAY_SECONDS
    account.write(replace(secret, deletion=deletion))
    return {**_identity(secret), "DeletionDate": deletion}


def _identity(secret: Secret) -> Answer:
    return {"ARN": secret.arn, "Name": secret.name}


def _live(secret: Secret) -> Secret:
    if secret.deletion is not None:
        raise errors.invalid_request(
            "You can't perform this operation on the secret because it was marked for deletion."
        )
    return secret


def _value(account: Account, secret: Secret, version_id: str | None, label: str | None) -> Answer:
    """Answers with the version that an id, a label, or by default AWSCURRENT, refers to."""
    if version_id is None:
        label = label or AWSCURRENT
        version_id = secret.labels.get(label)
        if version_id is None:
            raise errors.no_such_value(f"staging label: {label}")
    elif version_id not in secret.versions:
        raise errors.no_such_value(f"VersionId: {version_id}")
    elif label is not None and secret.labels.get(label) != version_id:
        raise errors.invalid_request("You provided a VersionStage that is not associated to the provided VersionId.")
    account.key(secret).for_reading()
    version = secret.version(version_id)
    answer: Answer = {**_identity(secret), "VersionId": version_id, "CreatedDate": version.created}
    if isinstance(version.value, str):
        answer["SecretString"] = version.value
    else:
        answer["SecretBinary"] = base64.b64encode(version.value).decode()
    return {**answer, "VersionStages": sorted(version.labels)} if version.labels else answer


def _operation(performer: Callable[[Account, Request], Answer], *known: str) -> Operation:
    return Operation(performer, frozenset(known))


_PAGING = ("MaxResults", "NextToken")
OPERATIONS = {
    "CreateSecret": _operation(_create_secret, "Name", *_VALUE),
    "GetSecretValue": _operation(_get_secret_value, "SecretId", "VersionId", "VersionStage"),
    "BatchGetSecretValue": _operation(_batch_get_secret_value, "Filters", *_PAGING),
    "ListSecrets": _operation(_list_secrets, "Filters", *_PAGING),
    "ListSecretVersionIds": _operation(_list_secret_version_ids, "SecretId", "IncludeDeprecated", *_PAGING),
    "PutSecretValue": _operation(_put_secret_value, "SecretId", "VersionStages", *_VALUE),
    "UpdateSecret": _operation(_update_secret, "SecretId", *_VALUE),
    "UpdateSecretVersionStage": _operation(
        _update_secret_version_stage, "SecretId", "VersionStage", "MoveToVersionId", "RemoveFromVersionId"
    ),
    "DeleteSecret": _operation(_delete_secret, "SecretId", "RecoveryWindowInDays"),
}
