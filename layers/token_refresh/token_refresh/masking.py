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
from contextvars import ContextVar
from typing import TYPE_CHECKING

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

if TYPE_CHECKING:
    from collections.abc import Iterable

# Shorter values would mask ordinary words.
_SHORTEST = 6  # characters
_LIBRARIES = ("boto3", "botocore", "http", "requests", "s3transfer", "urllib3")
_WITHHELD = "withheld: this library's log lines can carry credentials"


class Mask:
    """The credential values of one secret, and the text without them."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, values: Iterable[object]) -> None:
        """Add values just read or received; anything but a string of six characters or more is passed over."""
        self._values |= {value for value in values if isinstance(value, str) and len(value) >= _SHORTEST}
        self._pattern = None

    def hide(self, text: str) -> str:
        """Return the text with every known value, in any of its usual encodings, replaced by ``***``."""
        if not self._values:
            return text
        if self._pattern is None:  # compiled only when there is something to hide: most secrets are not due
            longest_first = sorted(self._values, key=len, reverse=True)
            forms = [form for value in longest_first for form in (*_base64(value), "".join(map(_loosely, value)))]
            self._pattern = re.compile("|".join(forms), re.IGNORECASE)
        return self._pattern.sub("***", text)


def _base64(value: str) -> tuple[str, ...]:
    encoded = base64.b64encode(value.encode("utf-8", "surrogatepass")).rstrip(b"=").decode()
    return re.escape(encoded) + "=*", re.escape(encoded.replace("+", "-").replace("/", "_"))


def _loosely(character: str) -> str:
    """Return a pattern for one character as any encoder may have written it: each escapes other ones."""
    if character.isascii() and character.isalnum():
        return character
    percent = "".join(f"%(?:25)*{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    utf16 = character.encode("utf-16-be", "surrogatepass").hex()
    escaped = "".join(rf"\\+u{utf16[i : i + 4]}" for i in range(0, len(utf16), 4))
    if character == "\\":  # escaped once, twice or not at all: never half of a pair, which would leave broken JSON
        return f"(?:{percent}|{escaped}|" + r"\\{2}|\\{4}|\\)"
    ways = [re.escape(character), percent, escaped, re.escape(html.escape(character))]
    if character in "\"/'":
        ways.append(r"\\+" + re.escape(character))
    if character == " ":
        ways.append(r"\+")
    return f"(?:{'|'.join(ways)})"


_current: ContextVar[Mask | None] = ContextVar("mask", default=None)  # of the secret that this thread works on


def use_mask(mask: Mask) -> None:
    """Make `mask` the one that this thread's log lines pass."""
    _current.set(mask)


def _hide(text: str) -> str:
    mask = _current.get()
    return mask.hide(text) if mask else text


class MaskingFormatter(LambdaPowertoolsFormatter):
    """Powertools' JSON formatter, whose finished line passes the mask."""

    def format(self, record: logging.LogRecord) -> str:
        """Format the record and mask the whole line, extra keys included."""
        return _hide(super().format(record))


class MaskedRecord(logging.LogRecord):
    """A log record of any logger, at any level, for any handler: its text is clean from the start."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # the factory's own signature, passed on as it came
        if str(self.name).partition(".")[0] in _LIBRARIES:
            self.msg, self.args, self.exc_info, self.exc_text, self.stack_info = _WITHHELD, None, None, None, None
        elif isinstance(self.msg, str):
            # Powertools lets a message be an object; its line is masked by the formatter.
            self.msg, self.args = _hide(_message(self)), None


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
