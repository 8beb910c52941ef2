"""Everything that a test's process said, for reading it and for finding secrets in it."""

from __future__ import annotations

import io
import json
import logging
import traceback
from typing import TYPE_CHECKING, Any

from tests.support.leaks import leaked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pytest


_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}  # of a record, beside its text


def extra(record: logging.LogRecord) -> dict[str, Any]:
    """Returns what hangs on a record, beside its text."""
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}


class Output(logging.Handler):
    """Keeps what is printed and what any logger says at any level; and, told of them, results and exceptions."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        """Keeps nothing yet."""
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self._captured = captured
        self._stdout, self._stderr = io.StringIO(), io.StringIO()
        self._records = io.StringIO()
        self._told = io.StringIO()

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a record: its text, its traceback, and whatever hangs on it."""
        self._records.write(f"{self.format(record)} {extra(record)}\n")

    def tell(self, said: object) -> None:
        """Keeps a result, or an exception with its chain."""
        lines = traceback.format_exception(said) if isinstance(said, BaseException) else [json.dumps(said)]
        self._told.writelines([*lines, "\n"])

    def leaks(self, values: Iterable[str]) -> dict[str, int]:
        """Returns how many of these values are in what channel."""
        wanted = list(values)
        found = {name: leaked([text], wanted) for name, text in self._channels()}
        return {name: count for name, count in found.items() if count}

    def new_lines(self) -> list[dict[str, Any]]:
        """Returns the JSON objects printed on stdout since the last time."""
        return [json.loads(line) for line in self._collect().splitlines() if line.startswith("{")]

    def _collect(self) -> str:
        new = self._captured.readouterr()
        self._stdout.write(new.out)
        self._stderr.write(new.err)
        return new.out

    def _channels(self) -> Iterator[tuple[str, str]]:
        self._collect()
        yield "stdout", self._stdout.getvalue()
        yield "stderr", self._stderr.getvalue()
        yield "logs", self._records.getvalue()
        yield "results and exceptions", self._told.getvalue()


def record(captured: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Output:
    """Begins to keep this process's output, to the end of the test."""
    output = Output(captured)
    monkeypatch.setattr(logging.root, "handlers", [*logging.root.handlers, output])
    monkeypatch.setattr(logging.root, "level", logging.DEBUG)
    return output


def let_everything_speak() -> None:
    """Makes every logger log at DEBUG, those included that were told to be quiet."""
    for name in [name for name in logging.root.manager.loggerDict if not name.startswith("asyncio")]:
        logging.getLogger(name).setLevel(logging.NOTSET)
