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

from tests.safety.kills.container import Ended, Invocation, Start
from tests.support.function import RUN_SECONDS, environment
from tests.support.providers import MCS
from tests.support.secrets_manager import clients

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

PATIENCE_SECONDS = 60  # for another process: reached only by a test that fails
_NOWHERE = "http://127.0.0.1:9"  # until a container is told otherwise
_ENVIRONMENT = environment(MCS, _NOWHERE, **clients.environment(_NOWHERE))  # a container's own comes on top


class Runner:
    """Starts containers from a zygote, one at a time. A context manager: at its end no process is left."""

    def __init__(self, folder: Path) -> None:
        """Keeps in a folder what the processes say."""
        self._folder, self._numbers = folder, count()
        self._line, self._far_end = multiprocessing.Pipe()
        self._zygote: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        number = self._far_end.fileno()
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.safety.kills.zygote", str(number)],
            env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **_ENVIRONMENT},
            pass_fds=[number],
            start_new_session=True,  # a Ctrl-C is for this process, which then ends that one
        )
        self._far_end.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._zygote is not None
        self._line.close()
        try:
            self._zygote.wait(PATIENCE_SECONDS)
        finally:
            self._zygote.kill()
            self._zygote.wait()

    @contextmanager
    def container(self, provider: str, environment: Mapping[str, str], clock: Path) -> Iterator[Container]:
        """Starts a function that has never run; ends it, unless it has been killed."""
        said = self._folder / f"said-{next(self._numbers)}"
        self._line.send(Start(provider, environment, clock, said))
        started = Container(self, said)
        try:
            yield started
        finally:
            started.stop()

    def hear(self) -> Any:  # noqa: ANN401  # whatever the other end has to say
        """Returns the next thing that a container, or the zygote about one, says."""
        if not self._line.poll(PATIENCE_SECONDS):
            raise TimeoutError("the run does not end")
        return self._line.recv()

    def tell(self, message: Invocation | None) -> None:
        """Sends something to the container."""
        self._line.send(message)


class Container:
    """A process that holds one function."""

    def __init__(self, runner: Runner, said: Path) -> None:
        """Waits until the function is ready."""
        self._runner, self._said, self._read = runner, said, 0
        self.exit_code: int | None = None
        self._pid: int = runner.hear()

    def invoke(self, event: object = None, *, seconds: float = RUN_SECONDS) -> Ended | None:
        """Runs the function once, as Scheduler does unless there is an event; returns None if the run was killed."""
        self._runner.tell(Invocation({} if event is None else event, seconds))
        ended = self._runner.hear()
        if isinstance(ended, Ended):
            return ended
        self.exit_code = ended
        return None

    def kill(self) -> None:
        """Kills the process, at once and without a word to it."""
        os.kill(self._pid, signal.SIGKILL)

    def stop(self) -> None:
        """Ends the process if it lives."""
        if self.exit_code is None:
            self._runner.tell(None)
            self.exit_code = self._runner.hear()

    def new_lines(self) -> list[str]:
        """Returns the lines printed and logged since the last time."""
        with self._said.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        self._read += len(new)
        return new.decode().splitlines()
