"""Inside a run's own process: one function, as warm as a Lambda container, that may be killed at any moment."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from tests.safety.kills.clock import SharedClock
from tests.support.clock import Context, of_libraries
from tests.support.function import cold_start
from tests.support.output import let_everything_speak
from tests.support.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.connection import Connection
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Start:
    """What a container is started with."""

    provider: str
    environment: Mapping[str, str]
    clock: Path
    said: Path  # gets all that is printed and logged


@dataclass(frozen=True, slots=True)
class Invocation:
    """One event, and the seconds that the run has."""

    event: object
    seconds: float


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: it returned, or it raised."""

    returned: dict[str, Any] | None
    raised: str | None  # the exception's name and text


class Everything(logging.Handler):
    """Prints every record of every logger at every level, with whatever hangs on it."""

    _USUAL = frozenset(logging.makeLogRecord({}).__dict__) - {"args"}

    def emit(self, record: logging.LogRecord) -> None:
        """Prints a record; arguments, too, because not every handler formats them."""
        extra = {key: value for key, value in record.__dict__.items() if key not in self._USUAL and value}
        sys.stderr.write(f"{record.name} {self.format(record)} {extra}\n")


def live(start: Start, line: Connection) -> None:
    """Makes the function and invokes it as often as it is told to."""
    said = os.open(start.said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        os.dup2(said, number)
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a killed process loses what it buffers
    os.environ.update(start.environment)
    clock = SharedClock(start.clock)
    for place, double in of_libraries(clock).items():
        patch(place, double).start()
    function = _cold_start(start.provider, clock)
    line.send(os.getpid())
    while (invocation := line.recv()) is not None:
        line.send(_invoke(function, invocation, clock))


def _cold_start(provider: str, clock: SharedClock) -> Callable[[object, Context], dict[str, Any]]:
    made: Callable[[object, Context], dict[str, Any]] = cold_start(PROVIDERS[provider], clock)
    logging.root.handlers = [Everything()]
    logging.root.setLevel(logging.DEBUG)
    let_everything_speak()
    return made


def _invoke(function: Callable[[object, Context], dict[str, Any]], invocation: Invocation, clock: SharedClock) -> Ended:
    try:
        returned = function(invocation.event, Context(clock, invocation.seconds))
    except Exception as error:  # noqa: BLE001  # whatever it is, the test looks at it
        traceback.print_exc()  # as Lambda does
        return Ended(None, f"{type(error).__name__}: {error}")
    sys.stdout.write(json.dumps({"returned": returned}) + "\n")
    return Ended(returned, None)
