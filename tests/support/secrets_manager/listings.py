"""What the listings find, page by page, and the opaque tokens that lead from one page to the next."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Any

from . import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .account import Account
    from .model import Secret
    from .parameters import Request

    Key = tuple[float, str]  # when it was created, its name: unique, and stable while others come and go

_BATCH_MAX = 20
LIST_MAX = 100
_FILTERS_MAX = 10
_BEFORE_ALL: Key = (float("-inf"), "")


def secrets(account: Account, request: Request, most: int = _BATCH_MAX) -> tuple[list[Secret], str | None]:
    """Returns the secrets on a page of BatchGetSecretValue (or another list of so many), and the next page's token.

    Pages are of names; what this read sees of each is found out later, so a page may be short.
    """
    filters = request.get("Filters")
    if not isinstance(filters, list) or len(filters) > _FILTERS_MAX:
        raise errors.validation("filters", f"Member must have length at most {_FILTERS_MAX}")
    names = [name for name in account.names() if all(_matches(name, one) for one in filters)]
    keys = {(account.truth(name).created, name): name for name in names}
    chosen, next_token = _page(account, keys, request, most)
    found = [account.seen_or_none(name) for name in chosen]
    return [secret for secret in found if secret is not None and secret.deletion is None], next_token


def versions(account: Account, secret: Secret, request: Request) -> tuple[list[dict[str, Any]], str | None]:
    """Returns a page of ListSecretVersionIds, oldest first, and the next page's token."""
    deprecated_too = request.get("IncludeDeprecated", False)
    keys = {
        (content.created, version_id): version_id
        for version_id, content in secret.versions.items()
        if deprecated_too or secret.labels_of(version_id)
    }
    chosen, next_token = _page(account, keys, request, LIST_MAX)
    return [_version_entry(secret, version_id) for version_id in chosen], next_token


def _version_entry(secret: Secret, version_id: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"VersionId": version_id, "CreatedDate": secret.versions[version_id].created}
    labels = secret.labels_of(version_id)
    return {**entry, "VersionStages": labels} if labels else entry


def _matches(name: str, name_filter: dict[str, Any]) -> bool:
    """Applies a filter "name": a case-sensitive prefix."""
    values = name_filter.get("Values")
    if name_filter.get("Key") != "name":
        raise errors.invalid_parameter("This store knows only the filter key 'name'.")
    if not isinstance(values, list) or not 1 <= len(values) <= _FILTERS_MAX:
        raise errors.validation("filters.values", f"Member must have length between 1 and {_FILTERS_MAX}")
    return name.startswith(tuple(values))


def _page(account: Account, items: Mapping[Key, str], request: Request, largest: int) -> tuple[list[str], str | None]:
    """Returns the page that a request asks for, oldest first, and the token of the next page, if there is one."""
    size = request.get("MaxResults", largest)
    if not isinstance(size, int) or not 1 <= size <= largest:
        raise errors.validation("maxResults", f"Member must be between 1 and {largest}")
    query = _fingerprint(request)
    token = request.get("NextToken")
    if token is None and account.empty_first_page and items:
        return [], _token(query, _BEFORE_ALL)
    after = _BEFORE_ALL if token is None else _position(token, query)
    rest = sorted(key for key in items if key > after)
    return [items[key] for key in rest[:size]], _token(query, rest[size - 1]) if len(rest) > size else None


def _fingerprint(request: Request) -> str:
    """Ties a token to its query: a token of one listing is invalid in another."""
    query = {name: value for name, value in request.items() if name not in {"NextToken", "MaxResults"}}
    return hashlib.sha256(json.dumps(query, sort_keys=True).encode()).hexdigest()[:16]


def _token(query: str, after: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps([query, *after]).encode()).decode()


def _position(token: str, query: str) -> Key:
    try:
        asked, created, name = json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError, TypeError):
        asked = created = name = None
    if asked != query or not isinstance(created, float) or not isinstance(name, str):
        raise errors.ServiceError("InvalidNextTokenException", "The NextToken value is invalid.")
    return created, name
