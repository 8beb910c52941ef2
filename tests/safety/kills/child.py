"""Inside a function's own process: one function, started once and invoked often, that may be killed at any moment."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.safety.kills.clock import SharedClock
from tests.safety.wiring import wire
from tests.support.clock import Context
from tests.support.function import cold_start
from tests.support.output import extra, let_everything_speak
from tests.support.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.connection import Connection
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Start:
    """What a process is started with."""

    provider: str
    environment: Mapping[str, str]
    clock: Path
    output: Path  # gets all that is printed and logged


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


class PrintHandler(logging.Handler):
    """Prints every record of every logger at every level, with its arguments and extra attributes."""

    def emit(self, record: logging.LogRecord) -> None:
        """Prints a record; arguments, too, because not every handler formats them."""
        sys.stderr.write(f"{record.name} {self.format(record)} {record.args} {extra(record)}\n")


def serve(start: Start, parent: Connection) -> None:
    """Makes the function, and invokes it as often as the parent asks."""
    output = os.open(start.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        os.dup2(output, number)
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a killed process loses what it buffers
    clock = SharedClock(start.clock)
    wire(pytest.MonkeyPatch(), start.environment, clock=clock)
    function = cold_start(PROVIDERS[start.provider], clock)
    logging.root.handlers = [PrintHandler()]
    logging.root.setLevel(logging.DEBUG)
    let_everything_speak()
    parent.send(os.getpid())
    while (invocation := parent.recv()) is not None:
        parent.send(_invoke(function, invocation, clock))


def _invoke(function: Callable[[object, Context], dict[str, Any]], invocation: Invocation, clock: SharedClock) -> Ended:
    try:
        returned = function(invocation.event, Context(clock, invocation.seconds))
    except Exception as error:  # noqa: BLE001  # whatever it is, the test looks at it
        traceback.print_exc()  # as Lambda does
        return Ended(None, f"{type(error).__name__}: {error}")
    sys.stdout.write(json.dumps({"returned": returned}) + "\n")
    return Ended(returned, None)
