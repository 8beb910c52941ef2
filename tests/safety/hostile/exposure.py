"""Finding secret values where they must not be: whole ones in all that is said, parts in what is quoted of a provider.

Whole ones are found by decoding the text, not by guessing the encoder: slower than `tests.local_stack.leaks`. In what
is quoted there is nothing to decode: nothing may be there that could be an encoding, known or not.
"""

from __future__ import annotations

import base64
import html
import re
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_SHORTEST = 6  # characters; shorter values turn up by chance
PIECE = 8  # characters: so many of a value's in a row are no accident
_DEPTH = 2  # an encoding, in a line of JSON
_JSON_ESCAPE = re.compile(r"""(?:\\[uU][0-9a-fA-F]{4})+|\\["\\/']""")
_RUN = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_QUARTET = 4  # characters of Base64 for three bytes
_QUOTED = re.compile(r' said "((?:[^"\\]|\\.)*)" \(HTTP ')
_ODD = re.compile(r"[!-~]{16,}|\d{4,}")
_HOST = re.compile(r"(?=.*\.)(?!.*\d{4})[A-Za-z0-9.-]{1,100}")
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def exposed(text: str, values: Iterable[str]) -> set[str]:
    """Returns the values that the text shows."""
    once = "\n".join(dict.fromkeys(text.splitlines()))  # most lines of a log are like others
    lower = [view.lower() for view in views(once)]
    return {value for value in values if len(value) >= _SHORTEST and any(value.lower() in view for view in lower)}


def quotations(text: str) -> list[str]:
    """Returns what is quoted of a provider, as it was before its quotation marks were escaped."""
    return [re.sub(r"\\(.)", r"\1", said) for said in _QUOTED.findall(text)]


def unfit(quotation: str, values: Iterable[str]) -> set[str]:
    """Returns what may not be quoted: parts of these values, and whatever could be a value that nobody knows."""
    said = quotation.translate(_LOWER)
    found = {run for part in quotation.split("***") for run in _ODD.findall(part) if not _HOST.fullmatch(run)}
    for value in {" ".join(value.split()).translate(_LOWER) for value in values} - {""}:
        if len(value) < _SHORTEST:
            found.update(re.findall(rf"(?<![\w*]){re.escape(value)}(?![\w*])", said))
        starts = range(max(1, len(value) - PIECE + 1)) if len(value) >= _SHORTEST else ()
        found |= {piece for start in starts if (piece := value[start : start + PIECE]) in said}
    return found


def views(text: str) -> set[str]:
    """Returns the text and all that it is when something in it is decoded."""
    seen, new = {text}, [text]
    for _ in range(_DEPTH):
        new = list({view for known in new for view in _decoded(known)} - seen)
        seen.update(new)
    return seen


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
