"""Time that several processes share: the function's own and the one with the servers."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

from tests.support.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

_BYTES = 8  # one double


class SharedClock(FakeClock):
    """A clock that any process which knows its file can read and move; it stays where a killed one left it."""

    def __init__(self, path: Path) -> None:
        """Joins the time kept in a file, or starts it."""
        fresh = not path.exists()
        if fresh:
            path.write_bytes(bytes(_BYTES))
        with path.open("r+b") as file:
            self._cell = memoryview(mmap.mmap(file.fileno(), _BYTES)).cast("d")
        joined = self._cell[0]
        super().__init__()
        self._steady = joined

    @property
    def _steady(self) -> float:
        return self._cell[0]

    @_steady.setter
    def _steady(self, seconds: float) -> None:
        self._cell[0] = seconds
