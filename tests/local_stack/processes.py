"""Child processes that never outlive this one's interest in them."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_GRACE_SECONDS = 5


class CommandError(Exception):
    """A command did not succeed; the message ends with the last lines that it printed."""


@contextmanager
def running(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    log: Path,
    keep_open: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command in a process group of its own, its output in a file; stop the whole group on leaving.

    A group of its own also keeps a terminal's Ctrl-C away from it: this process alone decides when it ends.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=keep_open,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _stop(process)


def run(command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path, seconds: float) -> None:
    """Run a command to its end; raise `CommandError` if that is not a good one, or not in time."""
    with running(command, environment=environment, folder=folder, log=log) as process:
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise CommandError(f"{_name(command)} took more than {seconds:g} s{last_lines(log)}") from None
    if status != 0:
        raise CommandError(f"{_name(command)} ended with status {status}{last_lines(log)}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the group to end, then make it; what the leader left behind goes too."""
    if process.poll() is None:
        _signal_group(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        os.killpg(process.pid, number)


def _name(command: Sequence[str]) -> str:
    return f"{Path(command[0]).name} {command[1]}"


def last_lines(log: Path, lines: int = 25) -> str:
    """Return the end of a log, ready to be appended to a message."""
    text = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return ":\n  " + "\n  ".join(text[-lines:]) if text else ""
