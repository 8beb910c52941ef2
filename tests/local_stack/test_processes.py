"""Nothing that is started outlives the block that started it."""

from __future__ import annotations

import os
import select
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.local_stack.processes import CommandError, run, running

if TYPE_CHECKING:
    from pathlib import Path

# Starts a child of its own, which ignores SIGTERM and holds a pipe open, says so, and waits.
STUBBORN_CHILD = """
import subprocess, sys, time
code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
subprocess.Popen([sys.executable, "-c", code], pass_fds=[int(sys.argv[1])])
time.sleep(60)
"""


def test_leaving_stops_the_whole_group(tmp_path: Path) -> None:
    """A grandchild that ignores the request to end is ended too."""
    log = tmp_path / "log"
    ours, theirs = os.pipe()
    with running(
        [sys.executable, "-c", STUBBORN_CHILD, str(theirs)],
        environment=os.environ,
        folder=tmp_path,
        log=log,
        keep_open=[theirs],
    ) as process:
        os.close(theirs)
        deadline = time.monotonic() + 10
        while not log.read_text() and time.monotonic() < deadline:
            time.sleep(0.01)  # a real process: there is no clock to fake
        assert log.read_text() == "deaf\n"
    readable, _, _ = select.select([ours], [], [], 10)
    assert readable == [ours]
    assert os.read(ours, 1) == b""  # the end of the pipe: nobody holds it any more
    os.close(ours)
    assert process.returncode is not None


def test_a_failed_command_says_why(tmp_path: Path) -> None:
    """The message ends with what the command printed last."""
    code = "print('the reason'); raise SystemExit(3)"
    with pytest.raises(CommandError, match=r"ended with status 3:\n  the reason$"):
        run(
            [sys.executable, "-c", code],
            environment=os.environ,
            folder=tmp_path,
            log=tmp_path / "log",
            seconds=30,
        )


def test_a_command_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    """A command has its time and no more."""
    code = "import time; time.sleep(60)"
    with pytest.raises(CommandError, match=r"took more than 0.2 s"):
        run(
            [sys.executable, "-c", code],
            environment=os.environ,
            folder=tmp_path,
            log=tmp_path / "log",
            seconds=0.2,
        )
