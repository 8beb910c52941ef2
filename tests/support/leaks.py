"""Which values are secret, and looking for them where they must not be."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

# What a secret's document holds beside credentials.
PUBLIC_KEYS = frozenset(
    "baseUrl expireDate powerCode refreshedAt expiresAt expireIn expireTime corporationId userId".split()  # noqa: SIM905
)
_SHORTEST = 6  # characters; shorter ones turn up by chance


def leaked(texts: Iterable[str], values: Iterable[str]) -> int:
    """Count the values that occur in a text: as they are, URL-encoded, JSON-escaped or inside Base64."""
    everything = "\n".join(texts)
    return sum(any(form in everything for form in _forms(value)) for value in set(values) if len(value) >= _SHORTEST)


def strings_to_hide(values: Iterable[str | bytes], public: Collection[str]) -> set[str]:
    """Returns the strings in stored values, but those under public keys; a value that is no JSON, whole."""
    return {text for value in values for text in _leaves(_parsed(value), public) if len(text) >= _SHORTEST}


def _forms(value: str) -> Iterator[str]:
    yield value
    yield quote(value, safe="")
    yield quote(value)
    yield quote_plus(value)
    yield json.dumps(value)[1:-1]
    raw = value.encode()
    # Base64 of a longer text holds the value in one of three alignments; what a neighbour shares is cut.
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw)
        end = len(encoded) - (0, 3, 2)[(offset + len(raw)) % 3]
        yield encoded[(0, 2, 3)[offset] : end].decode()


def _parsed(value: str | bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    text = value if isinstance(value, str) else value.decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


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
