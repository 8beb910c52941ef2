"""All that the runs of one process print, log and return, kept short enough to be searched for thousands of secrets."""

from __future__ import annotations

import io
import json
import logging
import re
import traceback
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

from tests.support.leaks import leaked
from tests.support.output import extra

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LIBRARIES = ("boto3", "botocore", "http", "requests", "s3transfer", "urllib3")
# What makes a line differ from an earlier one, and is no secret.
_TIMES = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d{3}(Z|\+0000)?")


class CapturedOutput(logging.Handler):
    """Every line printed, logged at any level by any logger, returned, or raised with its chain; each once."""

    def __init__(self) -> None:
        """Is empty."""
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self._lines: set[str] = set()
        self._printed = io.StringIO()

    @contextmanager
    def logs_captured(self) -> Iterator[None]:
        """Captures what every logger logs; then puts logging back as it was, because a function changes it."""
        root, factory = logging.root, logging.getLogRecordFactory()
        handlers, level = root.handlers, root.level
        levels = [(logging.getLogger(name), logging.getLogger(name).level) for name in _LIBRARIES]
        root.handlers, root.level = [self], logging.DEBUG
        try:
            yield
        finally:
            root.handlers, root.level = handlers, level
            logging.setLogRecordFactory(factory)
            for library, before in levels:
                library.setLevel(before)

    @contextmanager
    def prints_captured(self) -> Iterator[None]:
        """Captures what is printed."""
        with ExitStack() as streams:
            streams.enter_context(redirect_stdout(self._printed))
            streams.enter_context(redirect_stderr(self._printed))
            yield

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a record: its text, its traceback, and whatever hangs on it."""
        self._keep(f"{self.format(record)} {extra(record)}")

    def keep_result(self, result: object) -> None:
        """Keeps a result, or an exception with its chain."""
        self._keep(
            "".join(traceback.format_exception(result)) if isinstance(result, BaseException) else json.dumps(result)
        )

    def new_metrics(self) -> dict[str, float]:
        """Returns the metrics printed since the last time."""
        text = self._printed.getvalue()
        self._printed.seek(0)
        self._printed.truncate()
        self._keep(text)
        documents: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines() if '"_aws"' in line]
        return {
            metric["Name"]: document[metric["Name"]][0]
            for document in documents
            for directive in document["_aws"]["CloudWatchMetrics"]
            for metric in directive["Metrics"]
        }

    def leaks(self, values: Iterable[str]) -> int:
        """Returns how many of these values are in the output."""
        return leaked(self._lines, values)

    def _keep(self, text: str) -> None:
        self._lines.update(_TIMES.sub("", text).splitlines())
