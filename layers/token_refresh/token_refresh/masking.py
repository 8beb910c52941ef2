"""Keeps credential values out of every text this process prints.

Two guards. What the HTTP and AWS libraries log is withheld whole: their debug lines are URLs, headers and bodies,
written before we could know what is secret in them. Everything else passes the mask of the secret that the thread is
working on, in case a provider echoes a credential.
"""

from __future__ import annotations

import base64
import html
import logging
import re
from array import array
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# Shorter values would mask ordinary words.
_SHORTEST = 6  # characters
_LAYERS = 4  # of encodings inside encodings, none included
_LONGEST_FORM = 12  # characters for one byte
_LONGEST_TEXT = 64 * 1024  # characters; to search more, for values of many kilobytes, takes too much memory
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_="
_ESCAPES = (
    re.compile(rb"%[0-9a-f]{2}", re.IGNORECASE),
    re.compile(
        rb"(?:\\u(?:d[89ab][0-9a-f]{2}\\u(?=d[c-f]))?[0-9a-f]{4})|\\x[0-9a-f]{2}|\\[\"\\/'bfnrt]", re.IGNORECASE
    ),
    re.compile(rb"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});", re.IGNORECASE),
)
_CONTROLS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_LIBRARIES = ("boto3", "botocore", "http", "requests", "s3transfer", "urllib3")
_WITHHELD = "withheld: this library's log lines can carry credentials"


class Mask:
    """The credential values of one secret, and the text without them."""

    def __init__(self) -> None:
        self._needles: dict[bytes, bool] = {}  # what to look for, in lower case, and whether it is Base64
        self._longest = 0  # of the values, in bytes

    def add(self, values: Iterable[object]) -> None:
        """Add values just read or received; anything but a string of six characters or more is passed over."""
        strings = (value for value in values if isinstance(value, str))
        for form in {form for value in strings for form in (value, value.strip()) if len(form) >= _SHORTEST}:
            raw = form.encode("utf-8", "surrogatepass")
            self._longest = max(self._longest, len(raw))
            self._needles |= {raw.lower(): False, raw.hex().encode(): False, **dict.fromkeys(_base64(raw), True)}

    def hide(self, text: str) -> str:
        """Return the text with every known value, in any of its usual encodings, replaced by ``***``.

        The text is decoded, since every encoder escapes other characters. No regular expression is made of the values:
        a provider or a secret could choose them so that it takes minutes, or all the memory.
        """
        if not self._needles:
            return text
        original, spans = text.encode("utf-8", "surrogatepass"), set[tuple[int, int]]()
        # In a form, "+" is a space.
        places = range(len(original) + 1)
        views = [_View(data, places[:-1], places[1:]) for data in (original, original.replace(b"+", b" "))]
        for layer in range(_LAYERS):
            if layer:  # one kind at a time: what one encoder wrote may look like another's escape
                deeper = (view.decoded(escapes) for view in views for escapes in _ESCAPES)
                views = list({view.data: view for view in deeper if view}.values())
            spans.update(*(view.find(self._needles) for view in views))
        return _without(original, spans).decode("utf-8", "surrogatepass") if spans else text

    def hide_beginning(self, text: str, characters: int) -> str:
        """Mask and truncate; never cut through a secret."""
        margin = _LONGEST_FORM * self._longest
        if min(len(text), characters + margin) > _LONGEST_TEXT:
            return "***"
        if len(text) <= characters + margin:
            return self.hide(text)
        hidden = self.hide(text[: characters + margin])
        return hidden[: max(len(hidden) - margin, 0)]


@dataclass(frozen=True, slots=True, repr=False)
class _View:
    """A text with some layers of encoding taken off; where each of its bytes begins and ends in the original."""

    data: bytes
    starts: Sequence[int]
    ends: Sequence[int]

    def find(self, needles: Mapping[bytes, bool]) -> set[tuple[int, int]]:
        """Return the parts of the original that hold a needle."""
        spans, lower = set(), self.data.lower()
        for needle, is_base64 in needles.items():
            start = lower.find(needle)
            while start >= 0:
                end = start + len(needle)
                first, last = self._widened(start, end) if is_base64 else (start, end)
                spans.add((self.starts[first], self.ends[last - 1]))
                start = lower.find(needle, end)
        return spans

    def _widened(self, start: int, end: int) -> tuple[int, int]:
        """Take in the characters of Base64 that a value shares with its neighbours."""
        before, after = self.data[max(start - 3, 0) : start], self.data[end : end + 3]
        return start - len(before) + len(before.rstrip(_BASE64)), end + len(after) - len(after.lstrip(_BASE64))

    def decoded(self, escapes: re.Pattern[bytes]) -> _View | None:
        """Take one layer of one kind of escapes off; None if there is none."""
        data, starts, ends, done = bytearray(), array("L"), array("L"), 0
        for escape in escapes.finditer(self.data):
            start, end = escape.span()
            sign = _meant(escape)
            data += self.data[done:start] + sign
            starts.extend((*self.starts[done:start], *[self.starts[start]] * len(sign)))
            ends.extend((*self.ends[done:start], *[self.ends[end - 1]] * len(sign)))
            done = end
        if not done:
            return None
        starts.extend(self.starts[done:])
        ends.extend(self.ends[done:])
        return _View(bytes(data + self.data[done:]), starts, ends)


def _meant(escape: re.Match[bytes]) -> bytes:
    text = escape[0]
    if text.startswith(b"%"):
        return bytes.fromhex(text[1:].decode())
    if text[1:2] in b"uU" and text.startswith(b"\\"):
        units = bytes.fromhex(text.replace(b"\\u", b"").replace(b"\\U", b"").decode())
        return units.decode("utf-16-be", "surrogatepass").encode("utf-8", "surrogatepass")
    if text[1:2] in b"xX" and text.startswith(b"\\"):
        return bytes.fromhex(text[2:].decode())
    if text.startswith(b"\\"):
        return _CONTROLS.get(text[1:], text[1:])
    return html.unescape(text.decode()).encode("utf-8", "surrogatepass")


def _base64(raw: bytes) -> Iterator[bytes]:
    """Yield what the value looks like inside the Base64 of a longer text, at each of its three places in a triple."""
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + raw)[(0, 2, 3)[offset] :]
        whole = encoded[: len(encoded) - (0, 3, 2)[(offset + len(raw)) % 3]].lower()
        yield from (whole, whole.replace(b"+", b"-").replace(b"/", b"_"))


def _without(text: bytes, spans: Iterable[tuple[int, int]]) -> bytes:
    hidden, done = bytearray(), 0
    for start, end in sorted(spans):
        if start >= done:
            hidden += text[done:start] + b"***"
        done = max(done, end)
    return bytes(hidden + text[done:])


_current: ContextVar[Mask | None] = ContextVar("mask", default=None)  # of the secret that this thread works on


@contextmanager
def use_mask() -> Iterator[Mask]:
    """Let everything that this thread logs inside the block pass one new mask; yield it."""
    mask = Mask()
    before = _current.set(mask)
    try:
        yield mask
    finally:
        _current.reset(before)


def mask_values(values: Iterable[object]) -> None:
    """Add values just read or received to the mask in use."""
    if mask := _current.get():
        mask.add(values)


def hide(text: str) -> str:
    """Return a text as the mask in use lets it pass."""
    return mask.hide(text) if (mask := _current.get()) else text


def hide_beginning(text: str, characters: int) -> str:
    """Return about so much of a text's beginning, as the mask in use lets it pass."""
    return mask.hide_beginning(text, characters) if (mask := _current.get()) else text[:characters]


class MaskingFormatter(LambdaPowertoolsFormatter):
    """Powertools' JSON formatter, whose finished line passes the mask."""

    def format(self, record: logging.LogRecord) -> str:
        """Format the record and mask the whole line, extra keys included."""
        return hide(super().format(record))


class MaskedRecord(logging.LogRecord):
    """A log record of any logger, at any level, for any handler: its text is clean from the start."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # the factory's own signature, passed on as it came
        if str(self.name).partition(".")[0] in _LIBRARIES:
            self.msg, self.args, self.exc_info, self.exc_text, self.stack_info = _WITHHELD, None, None, None, None
        elif isinstance(self.msg, str):
            # Powertools lets a message be an object; its line is masked by the formatter.
            self.msg, self.args = hide(_message(self)), None


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  # logging never raises into the caller, whatever the arguments are
        return "withheld: its arguments do not fit its message"


def install() -> None:
    """Guard every logger of this process."""
    logging.setLogRecordFactory(MaskedRecord)
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(logging.CRITICAL)
