"""A fourth provider takes these pieces, and nothing of what the others share changes.

How to ask it (`app`), how to read its answers (`replies`), its simulator, its row in the table of providers
(`conftest`); and, when it is deployed, its block in template.yaml and its sample events. The common tests of edits,
recovery and saving pass with no more than that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fourth_provider.simulator import LIVES_SECONDS
from tests.handlers.clock import HOUR, MINUTE
from tests.handlers.test_edits import *  # noqa: F403 - the common tests
from tests.handlers.test_recovery import *  # noqa: F403 - the common tests
from tests.handlers.test_saving import *  # noqa: F403 - the common tests

if TYPE_CHECKING:
    from tests.handlers.world import World

del test_mcs_without_a_new_user_token  # noqa: F821 - is about MCS alone
_MOST_VERSIONS_A_DAY = 144  # AWS advises against more than one write in ten minutes for long


def test_tokens_of_half_an_hour_are_kept_alive(world: World) -> None:
    """With a run every ten minutes they live at every minute of two hours, each refreshed when 20 minutes old."""
    name = world.add_refreshed(login_fields=False)
    versions = len(world.store.versions(name))
    refreshed = []
    for minute in range(1, 121):
        world.clock.advance(MINUTE)
        assert world.provider.is_live(world.document(name)), f"dead after {minute} minutes"
        if minute % 10 == 0 and "refreshed" in world.run().outcomes:
            refreshed.append(minute)
    assert refreshed == [20, 40, 60, 80, 100, 120]
    assert (len(world.store.versions(name)) - versions) * 12 <= _MOST_VERSIONS_A_DAY
    assert LIVES_SECONDS < HOUR
