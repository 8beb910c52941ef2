"""AWS keeps about 100 versions of a secret, each for a day: without room for proof and answer nothing is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import steps
from tests.support.clock import DAY, MINUTE
from tests.support.secrets_manager import Fault
from tests.support.simulators import Mood
from tests.support.world import one_provider

if TYPE_CHECKING:
    from tests.support.world import World

QUOTA = 100


def _fill(world: World, name: str, versions: int) -> None:
    """Stores the current value again and again, each a few seconds after the other, until there are so many."""
    while len(world.store.versions(name)) < versions:
        world.clock.advance(1)
        world.store.person_writes(name, {**world.document(name), "note": str(world.clock.now())})


@one_provider
def test_the_last_place_is_not_for_the_proof(world: World) -> None:
    """With one place left the proof would take it, and the answer has none: nobody is asked, a person is told."""
    name = world.add()
    _fill(world, name, QUOTA - 1)

    run = world.run()

    assert f"{name}: denied: the secret has 99 versions that are too young to be deleted" in run.failure
    assert run.sent == []
    assert run.steps[-1] == steps.room(name)
    assert world.provider.is_live(world.document(name))
    world.clock.advance(DAY + 5 * MINUTE)
    assert set(world.run().result["outcomes"]) <= {"refreshed", "logged_in"}


@one_provider
def test_tokens_that_can_wait_do(world: World) -> None:
    """While a quarter of their life is left, nobody is called; after that a person is."""
    name = world.add_refreshed()
    for _ in range(QUOTA - 1 - len(world.store.versions(name))):  # without changing what is current
        world.clock.advance(1)
        world.store.client().put_secret_value(SecretId=name, SecretString="x", VersionStages=["OTHER"])
    world.clock.advance(30 * MINUTE)

    run = world.run()

    assert run.result["outcomes"] == {"deferred": 1}
    assert "versions" in run.result["secrets"][0]["error"]
    assert run.sent == []
    world.clock.advance(16 * MINUTE)
    assert f"{name}: denied: " in world.run().failure


@one_provider
@pytest.mark.parametrize("forced", [True, False])
def test_tokens_that_may_be_spent_do_not_wait(world: World, *, forced: bool) -> None:
    """A run has presented them and lost the answer: their dates say nothing any more, however crowded the secret is."""
    name = world.add_refreshed()
    for _ in range(50):
        world.clock.advance(1)
        world.store.client().put_secret_value(SecretId=name, SecretString="x", VersionStages=["OTHER"])
    if not forced:
        world.store.set_version_quota(10 * QUOTA)
        world.clock.advance(46 * MINUTE)  # they cannot wait any longer
    else:
        world.store.client().update_secret_version_stage(
            SecretId=name, VersionStage="ASKED", MoveToVersionId=world.current(name).id
        )
    world.provider.misbehave(Mood.DROP_AFTER)
    assert world.run().outcomes == {"transient": 1}
    assert not world.provider.is_live(world.document(name))

    assert world.run().result["outcomes"] == {"logged_in": 1}


@pytest.mark.slow
@one_provider
@pytest.mark.parametrize(("interval", "edits_a_day"), [(1, 0), (1, 6), (10, 6)])
def test_days_of_refreshes_and_edits(world: World, interval: int, edits_a_day: int) -> None:
    """A run a minute or every ten, and a person who saves every four hours: for two days no token dies."""
    world.log_little()
    name = world.add(login_fields=False)
    idle_until = 0.0
    edit_in = DAY / edits_a_day if edits_a_day else 4 * DAY
    for minute in range(0, 2 * 24 * 60, interval):
        if minute and minute * MINUTE % edit_in < interval * MINUTE:
            world.edit(name, note=str(minute))
        if world.clock.now() >= idle_until or "ISSUED" not in world.current(name).labels:  # it costs time to look
            run = world.run().result["outcomes"]
            assert set(run) <= {"refreshed", "deferred", "fresh"}
            idle_until = world.clock.now() + 28 * MINUTE if "refreshed" in run else 0
        assert world.provider.is_live(world.document(name))
        world.clock.advance(interval * MINUTE)


@one_provider
@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.SERVER_ERROR])
def test_without_the_list_nothing_is_asked(world: World, fault: Fault) -> None:
    """Permission missing, AWS out of order: no token is spent."""
    world.add()
    world.store.fail("ListSecretVersionIds", fault, times=None)

    run = world.run()

    assert run.outcomes == {"denied" if fault is Fault.DENIED else "transient": 1}
    assert run.sent == []
