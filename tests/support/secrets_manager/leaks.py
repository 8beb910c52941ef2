"""The strings that no output may show: everything secret that a store was ever given."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

# What a secret's document holds beside credentials.
PUBLIC_KEYS = frozenset(
    {
        "baseUrl",
        "expireDate",
        "powerCode",
        "refreshedAt",
        "expiresAt",
        "expireIn",
        "expireTime",
        "corporationId",
        "userId",
    }
)
_SHORTEST = 6  # shorter strings occur by chance


def strings_to_hide(values: Iterable[str | bytes], public: Collection[str]) -> set[str]:
    """Returns the strings in stored values, but those under public keys; a value that is no JSON, whole."""
    return {text for value in values for text in _strings(_text(value), public) if len(text) >= _SHORTEST}


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode(errors="replace")


def _strings(text: str, public: Collection[str]) -> Iterator[str]:
    try:
        document = json.loads(text)
    except ValueError:
        document = text
    yield from _leaves(document, public)


def _leaves(node: Any, public: Collection[str]) -> Iterator[str]:  # noqa: ANN401 - whatever JSON holds
    if isinstance(node, dict):
        for key, value in node.items():
            if key not in public:
                yield from _leaves(value, public)
    elif isinstance(node, list):
        for value in node:
            yield from _leaves(value, public)
    elif isinstance(node, str):
        yield node
    elif isinstance(node, int | float) and not isinstance(node, bool):
        yield str(node)
