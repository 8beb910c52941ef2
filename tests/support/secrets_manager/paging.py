"""Pages of a listing, and the opaque tokens that lead from one to the next."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeVar

from . import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")
Key = tuple[float, str]  # when it was created, its name: unique, and stable while others come and go

_BEFORE_ALL: Key = (float("-inf"), "")


def page(
    items: Sequence[T],
    key: Callable[[T], Key],
    request: Mapping[str, Any],
    largest: int,
    *,
    empty_first: bool = False,
) -> tuple[list[T], str | None]:
    """Returns the page that a request asks for, and the token of the next page, if there is one.

    With `empty_first` a listing begins with a page of nothing, which is documented: a NextToken "can occur
    even when the response includes no values at all".
    """
    size = request.get("MaxResults", largest)
    if not isinstance(size, int) or not 1 <= size <= largest:
        raise errors.validation("maxResults", f"Member must be between 1 and {largest}")
    query = _fingerprint(request)
    token = request.get("NextToken")
    if token is None and empty_first and items:
        return [], _token(query, _BEFORE_ALL)
    after = _BEFORE_ALL if token is None else _position(token, query)
    rest = sorted((item for item in items if key(item) > after), key=key)
    chosen = rest[:size]
    return chosen, _token(query, key(chosen[-1])) if len(rest) > size else None


def _fingerprint(request: Mapping[str, Any]) -> str:
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
