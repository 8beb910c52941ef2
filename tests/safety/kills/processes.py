"""Starting a function in a process of its own, invoking it, and killing it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, Self

from tests.safety.kills.child import Ended, Invocation, Start
from tests.support.function import RUN_SECONDS, environment
from tests.support.providers import MCS
from tests.support.secrets_manager import clients

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

PATIENCE_SECONDS = 60  # for another process: reached only by a test that fails
_NOWHERE = "http://127.0.0.1:9"  # until a process gets its own addresses
_ENVIRONMENT = environment(MCS, _NOWHERE, **clients.environment(_NOWHERE))  # a process's own comes on top


class ProcessStarter:
    """Starts functions' processes, one at a time. A context manager: at its end no process is left."""

    def __init__(self, folder: Path) -> None:
        """Keeps the processes' output in a folder."""
        self._folder, self._numbers = folder, count()
        self._connection, self._far_end = multiprocessing.Pipe()
        self._fork_server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        number = self._far_end.fileno()
        self._fork_server = subprocess.Popen(
            [sys.executable, "-m", "tests.safety.kills.fork_server", str(number)],
            env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **_ENVIRONMENT},
            pass_fds=[number],
            start_new_session=True,  # a Ctrl-C is for this process, which then ends that one
        )
        self._far_end.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._fork_server is not None
        self._connection.close()
        try:
            self._fork_server.wait(PATIENCE_SECONDS)
        finally:
            self._fork_server.kill()
            self._fork_server.wait()

    @contextmanager
    def process(self, provider: str, environment: Mapping[str, str], clock: Path) -> Iterator[FunctionProcess]:
        """Starts a function that has never run; ends it, unless it has been killed."""
        output = self._folder / f"output-{next(self._numbers)}"
        self._connection.send(Start(provider, environment, clock, output))
        started = FunctionProcess(self, output)
        try:
            yield started
        finally:
            started.stop()

    def receive(self) -> Any:  # noqa: ANN401  # whatever the other end sends
        """Returns the next message of a function's process, or of the fork server about one."""
        if not self._connection.poll(PATIENCE_SECONDS):
            raise TimeoutError("the run does not end")
        return self._connection.recv()

    def send(self, message: Invocation | None) -> None:
        """Sends something to the function's process."""
        self._connection.send(message)


class FunctionProcess:
    """A process that holds one function."""

    def __init__(self, starter: ProcessStarter, output: Path) -> None:
        """Waits until the function is ready."""
        self._starter, self._output, self._read = starter, output, 0
        self.exit_code: int | None = None
        self._pid: int = starter.receive()

    def invoke(self, event: object = None, *, seconds: float = RUN_SECONDS) -> Ended | None:
        """Runs the function once, as Scheduler does unless there is an event; returns None if the run was killed."""
        self._starter.send(Invocation({} if event is None else event, seconds))
        ended = self._starter.receive()
        if isinstance(ended, Ended):
            return ended
        self.exit_code = ended
        return None

    def kill(self) -> None:
        """Kills the process, at once and without a warning."""
        os.kill(self._pid, signal.SIGKILL)

    def stop(self) -> None:
        """Ends the process if it lives."""
        if self.exit_code is None:
            self._starter.send(None)
            self.exit_code = self._starter.receive()

    def new_lines(self) -> list[str]:
        """Returns the lines printed and logged since the last time."""
        with self._output.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        self._read += len(new)
        return new.decode().splitlines()
