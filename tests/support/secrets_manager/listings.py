"""What the listing operations find, page by page, and how they describe it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import errors
from .errors import ServiceError
from .paging import page

if TYPE_CHECKING:
    from .account import Account
    from .model import Secret
    from .parameters import Request

_BATCH_MAX = 20
_LIST_MAX = 100
_FILTERS_MAX = 10


def batch(account: Account, request: Request) -> tuple[list[tuple[str, Secret | ServiceError]], str | None]:
    """Returns the secrets on a page of BatchGetSecretValue, each under its id, and the next page's token.

    The id, which an error entry carries, is the one asked for; of a secret found by a filter, its ARN. An
    id that cannot be found stands beside its error.
    """
    ids = request.get("SecretIdList")
    if (ids is None) == ("Filters" not in request):
        raise errors.invalid_parameter("You must include Filters or SecretIdList, but not both.")
    if ids is not None:
        if "MaxResults" in request:
            raise errors.invalid_parameter("To use MaxResults, you must also use the Filters parameter.")
        if not isinstance(ids, list) or not 1 <= len(ids) <= _BATCH_MAX:
            raise errors.validation("secretIdList", f"Member must have length between 1 and {_BATCH_MAX}")
        return [(str(secret_id), _seen(account, str(secret_id))) for secret_id in ids], None
    names, next_token = _page_of_names(account, request, _BATCH_MAX)
    return [(secret.arn, secret) for secret in _visible(account, names)], next_token


def secrets(account: Account, request: Request) -> tuple[list[Secret], str | None]:
    """Returns a page of ListSecrets, oldest first, and the next page's token."""
    names, next_token = _page_of_names(account, request, _LIST_MAX)
    deleted_too = bool(request.get("IncludePlannedDeletion", False))
    return _visible(account, names, deleted_too=deleted_too), next_token


def versions(account: Account, secret: Secret, request: Request) -> tuple[list[dict[str, Any]], str | None]:
    """Returns a page of ListSecretVersionIds, oldest first, and the next page's token."""
    deprecated_too = request.get("IncludeDeprecated", False)
    ids = [version_id for version_id in secret.versions if deprecated_too or secret.labels_of(version_id)]
    chosen, next_token = page(
        ids,
        lambda version_id: (secret.versions[version_id].created, version_id),
        request,
        _LIST_MAX,
        empty_first=account.empty_first_page,
    )
    return [_version_entry(secret, version_id) for version_id in chosen], next_token


def details(secret: Secret, stages_member: str) -> dict[str, Any]:
    """Returns what DescribeSecret and ListSecrets tell; "only fields that have a value"."""
    stages: dict[str, list[str]] = {}
    for label, version_id in sorted(secret.labels.items()):
        stages.setdefault(version_id, []).append(label)
    told = {
        "ARN": secret.arn,
        "Name": secret.name,
        "Description": secret.description,
        "KmsKeyId": secret.kms_key_id,
        "CreatedDate": secret.created,
        "LastChangedDate": secret.changed,
        "DeletedDate": secret.deletion,
        "Tags": list(secret.tags),
        stages_member: stages,
    }
    return {member: value for member, value in told.items() if value not in (None, [], {}, "")}


def _version_entry(secret: Secret, version_id: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"VersionId": version_id, "CreatedDate": secret.versions[version_id].created}
    labels = secret.labels_of(version_id)
    return {**entry, "VersionStages": labels} if labels else entry


def _page_of_names(account: Account, request: Request, largest: int) -> tuple[list[str], str | None]:
    """Pages the names that match; what a read sees of each is found out later, so pages may be short."""
    filters = request.get("Filters", [])
    if not isinstance(filters, list) or len(filters) > _FILTERS_MAX:
        raise errors.validation("filters", f"Member must have length at most {_FILTERS_MAX}")
    matching = [name for name in account.names() if all(_matches(name, one) for one in filters)]
    return page(
        matching,
        lambda name: (account.created(name), name),
        request,
        largest,
        empty_first=account.empty_first_page,
    )


def _matches(name: str, name_filter: dict[str, Any]) -> bool:
    """Applies a filter "name": a case-sensitive prefix, or, after an exclamation mark, anything but it."""
    values = name_filter.get("Values")
    if name_filter.get("Key") != "name":
        raise errors.invalid_parameter("This store knows only the filter key 'name'.")
    if not isinstance(values, list) or not 1 <= len(values) <= _FILTERS_MAX:
        raise errors.validation("filters.values", f"Member must have length between 1 and {_FILTERS_MAX}")
    return any(not name.startswith(value[1:]) if value.startswith("!") else name.startswith(value) for value in values)


def _visible(account: Account, names: list[str], *, deleted_too: bool = False) -> list[Secret]:
    """Reads each secret; leaves out those deleted, and those created too lately for this read."""
    seen = (_seen(account, name) for name in names)
    found = [secret for secret in seen if not isinstance(secret, ServiceError)]
    return [secret for secret in found if deleted_too or secret.deletion is None]


def _seen(account: Account, secret_id: str) -> Secret | ServiceError:
    try:
        return account.seen(secret_id)
    except ServiceError as error:
        return error
