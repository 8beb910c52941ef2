"""Finding secret values in a text however they were encoded: by decoding the text, not by guessing the encoder.

Slower and stricter than `tests.local_stack.leaks`: it knows no encoder, finds encodings inside encodings, and parts.
"""

from __future__ import annotations

import base64
import html
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_SHORTEST = 6  # characters; shorter values turn up by chance
PIECE = 10  # characters: so many of a value's in a row are no accident
_DEPTH = 3  # encodings inside encodings
_JSON_ESCAPE = re.compile(r"""(?:\\[uU][0-9a-fA-F]{4})+|\\["\\/']""")
_RUN = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_QUARTET = 4  # characters of Base64 for three bytes


def exposed(text: str, values: Iterable[str]) -> set[str]:
    """Returns the values that the text shows."""
    wanted = [value for value in values if len(value) >= _SHORTEST]
    return _shown(text, {value.lower(): value for value in wanted})


def partly_exposed(text: str, values: Iterable[str]) -> set[str]:
    """Returns the values of which the text shows ten characters in a row, or all if there are fewer."""
    wanted = [value for value in values if len(value) >= _SHORTEST]
    return _shown(text, {piece: value for value in wanted for piece in _pieces(value.lower())})


def _shown(text: str, wanted: dict[str, str]) -> set[str]:
    once = "\n".join(dict.fromkeys(text.splitlines()))  # most lines of a log are like others
    lower = [view.lower() for view in views(once)]
    return {value for piece, value in wanted.items() if any(piece in view for view in lower)}


def views(text: str) -> set[str]:
    """Returns the text and all that it is when something in it is decoded."""
    seen, new = {text}, [text]
    for _ in range(_DEPTH):
        new = list({view for known in new for view in _decoded(known)} - seen)
        seen.update(new)
    return seen


def _pieces(value: str) -> Iterator[str]:
    for start in range(max(1, len(value) - PIECE + 1)):
        yield value[start : start + PIECE]


def _decoded(text: str) -> Iterator[str]:
    decoders: tuple[Callable[[str], str], ...] = (unquote, unquote_plus, _json_unescaped, html.unescape)
    for decode in decoders:
        decoded = decode(text)
        if decoded != text:
            yield decoded
    runs = set(_RUN.findall(text))
    if runs:
        yield "\n".join(sorted(said for run in runs for said in _base64_decoded(run)))


def _json_unescaped(text: str) -> str:
    return _JSON_ESCAPE.sub(_meant, text)


def _meant(escape: re.Match[str]) -> str:
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
        yield from (part for part in raw.decode(errors="replace").split("\ufffd") if len(part) >= _SHORTEST)
