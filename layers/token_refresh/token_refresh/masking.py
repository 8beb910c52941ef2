"""Keeps credential values out of every text this process prints.

What the HTTP and AWS libraries log is withheld whole: it was written before we knew what in it is secret. All else
passes the mask of the secret that its thread works on. What a provider says can hold anything, so only words pass.
"""

from __future__ import annotations

import json
import logging
import re
from base64 import b64encode
from contextvars import ContextVar
from typing import TYPE_CHECKING, Self
from urllib import parse

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_SHORTEST, _PIECE = 6, 8  # characters: shorter values are hidden as words only; so many in a row are no accident
_MOST_READ, _MOST_SHOWN = 4096, 200  # characters of what a provider says
_HOST = r"(?=[A-Za-z0-9-]*\.)[A-Za-z0-9.-]{1,100}(?![\0!-~])"
# What may be a secret that we do not know. NUL stands for what is hidden already.
_DENIED = re.compile(rf"(?<![\0!-~])(?!{_HOST})[\0!-~]{{16,}}|\0+|\d{{4,}}")
_LIBRARIES = ("boto3", "botocore", "http", "requests", "s3transfer", "urllib3")


class Mask:
    """The credential values of one secret: this thread shows none of them inside the mask's ``with`` block."""

    def __init__(self) -> None:
        self.values = set[str]()
        self._forms: list[str] | None = None  # made when a text is to be hidden: of most secrets nothing is said

    def __enter__(self) -> Self:
        self._before = _current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _current.reset(self._before)

    def add(self, values: Iterable[object]) -> None:
        """Add values just read or received; all but strings are passed over."""
        self.values |= {value for value in values if isinstance(value, str) and value.strip()}
        self._forms = None

    @property
    def forms(self) -> list[str]:
        """What the values look like in a text, the longest first."""
        if self._forms is None:
            texts = (text for value in self.values for text in (value, value.strip(), _joined(value)))
            forms = {form for text in texts if len(text) >= _SHORTEST for form in _forms(text)}
            self._forms = sorted(forms, key=len, reverse=True)
        return self._forms


_current: ContextVar[Mask | None] = ContextVar("mask", default=None)
use_mask = Mask


def _forms(value: str) -> Iterator[str]:
    raw = value.encode("utf-8", "surrogatepass")
    url = parse.quote(raw, safe="")
    yield from (value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    for form in (url, re.sub("%..", lambda escape: escape[0].lower(), url)):
        yield from (form, form.replace("%2F", "/").replace("%2f", "/"), form.replace("%20", "+"))
    for offset in range(3):  # in a longer text; what the value shares with a neighbour is left out
        form = b64encode(bytes(offset) + raw).decode()[(offset * 4 + 2) // 3 : (offset + len(raw)) * 4 // 3]
        yield from (form, form.replace("+", "-").replace("/", "_"))


def _joined(text: str) -> str:
    return " ".join(text.split())


def _lower(text: str) -> str:  # sign for sign, which str.lower() is not
    return text.encode(errors="replace").lower().decode()


def mask_values(values: Iterable[object]) -> None:
    """Add values just read or received to the mask in use."""
    (_current.get() or Mask()).add(values)


def hide(text: str) -> str:
    """Return a text without the values of the mask in use, as they are and in their usual encodings."""
    for form in (_current.get() or Mask()).forms:  # the longest first: another's beginning must not leave its end
        text = text.replace(form, "***")
    return text


def quote(message: str, documented: Collection[str] = ()) -> str:
    """Return what a provider says as one line that may be shown: whole if it is documented, otherwise its words."""
    mask, text = _current.get() or Mask(), message[:_MOST_READ]
    if text.strip().lower() not in documented:
        text = _words(hide(text), [_lower(_joined(value)) for value in mask.values])
        if len(message) > _MOST_READ:  # no rule knows what the cut left of a value, or of a host name
            text = text[: -max([100, *map(len, mask.forms)])] + "***"
    escaped = json.dumps(_joined(text), ensure_ascii=False)[1:-1]
    return "".join(re.findall(r"\\.|[^\\]", escaped[:_MOST_SHOWN]))  # without half an escape


def _words(text: str, values: Collection[str]) -> str:
    text = _joined("".join(sign if sign.isprintable() else " " for sign in text))
    signs, text = list(text), _lower(text)
    pieces = _pieces(text, values) | {value for value in values if len(value) < _PIECE}
    for size in {len(piece) for piece in pieces}:
        for i in range(len(text) - size + 1):
            j = i + size
            if text[i:j] in pieces and (size >= _SHORTEST or not re.search(r"\w", text[i - 1 : i] + text[j : j + 1])):
                signs[i:j] = "\0" * size
    return _DENIED.sub("***", "".join(signs))


def _pieces(text: str, values: Collection[str]) -> set[str]:
    fives, pieces = ({text[i : i + size] for i in range(len(text) - size + 1)} for size in (5, _PIECE))
    # They overlap, so that every eight in a row are in one of them. What repeats itself is looked through once.
    parts = {value[i : i + 512] for value in values for i in range(0, len(value), 500)}
    # Every eight in a row hold one of the groups of five that begin at every fourth.
    near = ((part, i) for part in parts for i in range(3, len(part) - 4, 4) if part[i : i + 5] in fives)
    return pieces.intersection(part[j : j + _PIECE] for part, i in near for j in range(i - 3, i + 1))


class MaskingFormatter(LambdaPowertoolsFormatter):
    """Powertools' JSON formatter, whose finished line passes the mask, extra keys included."""

    def format(self, record: logging.LogRecord) -> str:  # noqa: D102  # as its parent's
        return hide(super().format(record))


class MaskedRecord(logging.LogRecord):
    """A log record of any logger, at any level, for any handler: its text is clean from the start."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # the factory's own signature, passed on as it came
        if str(self.name).partition(".")[0] in _LIBRARIES:
            self.msg = "withheld: this library's log lines can carry credentials"
            self.args = self.exc_info = self.exc_text = self.stack_info = None
        elif isinstance(self.msg, str):  # Powertools lets a message be an object; its line is masked by the formatter
            try:
                self.msg, self.args = hide(self.getMessage()), None
            except Exception:  # noqa: BLE001  # logging never raises into the caller, whatever the arguments are
                self.msg, self.args = "withheld: its arguments do not fit its message", None


def install() -> None:
    """Guard every logger of this process."""
    logging.setLogRecordFactory(MaskedRecord)
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(logging.CRITICAL)
