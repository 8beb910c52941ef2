"""The processes and servers that the kills' tests share."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest

from tests.safety.kills.lab import Lab
from tests.safety.kills.runner import Runner
from tests.support.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """What starts and kills processes."""
    with Runner(tmp_path_factory.mktemp("said")) as started:
        yield started


@pytest.fixture(params=PROVIDERS)
def lab(request: pytest.FixtureRequest, tmp_path: Path, runner: Runner) -> Iterator[Lab]:
    """Each provider in turn; at the end, no process may have shown a secret."""
    # AWS documents both ways whether moving AWSCURRENT takes AWSPENDING off: half of the tests have it so.
    either = zlib.crc32(request.node.name.encode()) % 2 == 0
    with Lab(PROVIDERS[request.param], tmp_path, runner, move_takes_pending_off=either) as made:
        yield made
        made.store.check_invariants()
        made.law.check_versions()
        assert made.leaks() == 0
