"""What several suites need."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from collections.abc import Iterator


# What takes longest goes first, so that no process is left alone with it at the end.
_FIRST = ("deployed", "safety/test_overlap", "safety/kills", "safety", "functions/test_slots", "functions/test_room")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests into their order."""
    root = Path(__file__).parent
    items.sort(key=lambda item: _rank(item.path.relative_to(root).as_posix()))


def _rank(path: str) -> int:
    return next((rank for rank, start in enumerate(_FIRST) if path.startswith(start)), len(_FIRST))


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    """An empty moto server: those of a process share one state, the secrets of other modules included."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    requests.post(f"{url}/moto-api/reset", timeout=10).raise_for_status()
    yield url
    server.stop()
