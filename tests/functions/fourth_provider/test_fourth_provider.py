"""A fourth provider takes these pieces, and nothing of what the others share changes.

How to ask it (`app`), how to read its answers (`replies`), its simulator, its row in the table of providers
(`conftest`); and, when it is deployed, its block in template.yaml and its sample events. The common tests of edits
and recovery pass with no more than that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.functions.fourth_provider.simulator import LIVES_SECONDS
from tests.functions.test_edits import *  # noqa: F403 - the common tests
from tests.functions.test_recovery import *  # noqa: F403 - the common tests
from tests.support.clock import HOUR, MINUTE

if TYPE_CHECKING:
    from tests.support.world import World


@pytest.mark.slow
def test_tokens_of_half_an_hour_are_kept_alive(world: World) -> None:
    """A run every ten minutes for two days: each pair is refreshed when 20 minutes old, and none of them dies."""
    world.log_little()
    name = world.add(login_fields=False)
    refreshed = []
    for minute in range(0, 2 * 24 * 60, 10):
        assert minute == 0 or world.provider.is_live(world.document(name)), f"dead after {minute} minutes"
        if "refreshed" in world.run().result["outcomes"]:
            refreshed.append(minute)
        world.clock.advance(10 * MINUTE)
    assert refreshed == list(range(0, 2 * 24 * 60, 20))
    assert LIVES_SECONDS < HOUR
