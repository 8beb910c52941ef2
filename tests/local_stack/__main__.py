"""`python -m tests.local_stack demo` and `python -m tests.local_stack local`."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import TYPE_CHECKING

from tests.local_stack.demo import demonstrate
from tests.local_stack.local import leave_running
from tests.local_stack.processes import CommandError
from tests.local_stack.stack import local_stack
from tests.local_stack.terminal import Terminal

if TYPE_CHECKING:
    from types import FrameType

_STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_INTERRUPTED = 130


def main() -> int:
    """Run the command and return the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.local_stack", description=__doc__)
    parser.add_argument("command", choices=("demo", "local"), help="show a rotation and stop, or go on running")
    command = parser.parse_args().command
    for number in _STOPPING_SIGNALS:
        signal.signal(number, _interrupt)
    terminal = Terminal()
    shown = False
    try:
        with local_stack(terminal) as stack:
            problems = demonstrate(stack, terminal)
            if command == "local":
                shown = True
                leave_running(stack, terminal)
    except CommandError as error:
        terminal.say(f"failed: {error}")
        return 1
    except KeyboardInterrupt:
        terminal.say("stopped; everything that was started is gone")
        return 0 if shown else _INTERRUPTED
    return 1 if problems else 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Leave every block in order, once: a second Ctrl-C must not cut the cleaning up short."""
    for number in _STOPPING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


sys.exit(main())
