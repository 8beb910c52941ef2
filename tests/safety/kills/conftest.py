"""The processes and servers that the kills' tests share."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest

from tests.safety.kills.processes import ProcessStarter
from tests.safety.kills.world import World
from tests.support.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessStarter]:
    """What starts and kills processes."""
    with ProcessStarter(tmp_path_factory.mktemp("output")) as started:
        yield started


@pytest.fixture(params=PROVIDERS)
def world(request: pytest.FixtureRequest, tmp_path: Path, starter: ProcessStarter) -> Iterator[World]:
    """Each provider in turn; at the end, no process may have shown a secret."""
    # AWS documents both ways whether moving AWSCURRENT takes AWSPENDING off: half of the tests have it so.
    either = zlib.crc32(request.node.name.encode()) % 2 == 0
    with World(PROVIDERS[request.param], tmp_path, starter, move_takes_pending_off=either) as made:
        yield made
        made.store.check_invariants()
        made.invariants.check_versions()
        assert made.leaks() == 0
