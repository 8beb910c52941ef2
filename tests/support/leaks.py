"""Which values are secret; and looking for them where they must not be: a quick scan, and one that decodes the text."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# What is beside credentials in a secret's document, or in an answer that was kept. Fashion World's gender is "secret".
PUBLIC_KEYS = frozenset(
    "baseUrl expireDate powerCode refreshedAt expiresAt expireIn expireTime corporationId userId gender".split()  # noqa: SIM905
)
SHORTEST = 6  # characters; shorter values turn up by chance
_DEPTH = 2  # an encoding, in a line of JSON
_JSON_ESCAPE = re.compile(r"""(?:\\[uU][0-9a-fA-F]{4})+|\\["\\/']""")
_RUN = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_QUARTET = 4  # characters of Base64 for three bytes


def leaked(texts: Iterable[str], values: Iterable[str]) -> int:
    """Count the values that occur in a text: as they are, URL-encoded, JSON-escaped or inside Base64."""
    everything = "\n".join(texts)
    return sum(any(form in everything for form in _forms(value)) for value in set(values) if len(value) >= SHORTEST)


def exposed(text: str, values: Iterable[str]) -> set[str]:
    """Return the values that the text shows in any case and encoding: it is decoded, which is slower than `leaked`."""
    once = "\n".join(dict.fromkeys(text.splitlines()))  # most lines of a log are like others
    lower = [view.lower() for view in _views(once)]
    return {value for value in values if len(value) >= SHORTEST and any(value.lower() in view for view in lower)}


def strings_to_hide(values: Iterable[str | bytes]) -> set[str]:
    """Returns the strings in stored values, but those under public keys; a value that is no JSON, whole."""
    return {text for value in values for text in _leaves(_parsed(value)) if len(text) >= SHORTEST}


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


def _leaves(node: Any) -> Iterator[str]:  # noqa: ANN401 - whatever JSON holds
    if isinstance(node, dict):
        for key, value in node.items():
            if key not in PUBLIC_KEYS:
                yield from _leaves(value)
    elif isinstance(node, list):
        for value in node:
            yield from _leaves(value)
    elif isinstance(node, str):
        yield node
    elif isinstance(node, int | float) and not isinstance(node, bool):
        yield str(node)


def _views(text: str) -> set[str]:
    """Returns the text, and all texts that it becomes when something in it is decoded."""
    known, new = {text}, [text]
    for _ in range(_DEPTH):
        new = list({decoded for view in new for decoded in _decoded(view)} - known)
        known.update(new)
    return known


def _decoded(text: str) -> Iterator[str]:
    decoders: tuple[Callable[[str], str], ...] = (unquote, unquote_plus, _json_unescaped, html.unescape)
    for decode in decoders:
        decoded = decode(text)
        if decoded != text:
            yield decoded
    runs = set(_RUN.findall(text))
    if runs:
        yield "\n".join(sorted(part for run in runs for part in _base64_decoded(run)))


def _json_unescaped(text: str) -> str:
    return _JSON_ESCAPE.sub(_unescaped, text)


def _unescaped(escape: re.Match[str]) -> str:
    if escape[0][1] in "uU":
        return bytes.fromhex(re.sub(r"\\[uU]", "", escape[0])).decode("utf-16-be", "replace")
    return escape[0][1]


def _base64_decoded(run: str) -> Iterator[str]:
    """Decodes from each of the four places where a quartet may begin: what stands before need not be Base64."""
    for start in range(_QUARTET):
        part = run[start:].translate({ord("-"): "+", ord("_"): "/"})
        whole = part[: len(part) // _QUARTET * _QUARTET]
        tail = part[len(whole) :]
        raw = base64.b64decode(whole)
        if len(tail) > 1:
            raw += base64.b64decode(tail + "=" * (_QUARTET - len(tail)))
        # What is before and behind a text is noise.
        yield from (part for part in raw.decode(errors="replace").split("\ufffd") if len(part) >= SHORTEST)
