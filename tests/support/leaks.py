"""Looking for secret values where they must not be."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SHORTEST = 6  # characters; shorter ones turn up by chance


def leaked(texts: Iterable[str], values: Iterable[str]) -> int:
    """Count the values that occur in a text: as they are, URL-encoded, JSON-escaped or inside Base64."""
    everything = "\n".join(texts)
    return sum(any(form in everything for form in _forms(value)) for value in set(values) if len(value) >= _SHORTEST)


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
