"""Two secrets with one account, where each refresh of one ends the tokens of the other: only one is asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.clock import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from tests.support.world import World


@pytest.mark.parametrize("provider_name", ["fashion-world", "ekuaibao"])
def test_the_one_whose_tokens_were_issued_last_is_kept(world: World) -> None:
    """The other is invalid_secret and names it; both are in the line; it is never presented in a sweep."""
    second = world.add("b")
    first = world.prefix + "a"
    world.store.create(first, world.document(second))
    assert world.run({"secret_id": second}).result["outcomes"] == {"refreshed": 1}
    world.store.person_writes(first, world.document(second))
    world.clock.advance(world.kind.seconds / 2)

    run = world.run()

    assert f"{first}: invalid_secret: holds the same account as {second}" in run.failure
    assert run.outcomes == {"invalid_secret": 1, "refreshed": 1}
    assert len(run.sent) == 1
    assert run.metrics["NeedsAttention"] == 1
    assert world.provider.is_live(world.document(second))


@pytest.mark.parametrize("provider_name", ["fashion-world"])
def test_it_is_raised_once_and_never_presented_in_its_slots(world: World) -> None:
    """A day of runs: the one that is kept stays alive."""
    name, other = world.add("a"), world.prefix + "b"
    world.store.create(other, world.document(name))
    assert f"{other}: invalid_secret: " in world.run().failure
    for _ in range(24):
        world.clock.advance(HOUR)
        run = world.run()
        assert run.result["outcomes"]["invalid_secret"] == 1
        assert world.provider.is_live(world.document(name))
    assert "REJECTED" in world.current(other).labels


@pytest.mark.parametrize("provider_name", ["fashion-world"])
@pytest.mark.parametrize("field", ["mobile", "apiKey"])
def test_if_neither_is_ours_the_first_by_name_is_kept(world: World, field: str) -> None:
    """Whatever they have in common, a login identity or tokens."""
    name = world.add("a")
    same = world.document(name)
    other = world.prefix + "b"
    world.store.create(other, {**world.provider.create_account("another"), field: same[field]})

    run = world.run()

    assert f"{other}: invalid_secret: holds the same account as {name}" in run.failure
    assert len(run.sent) == 1


@pytest.mark.parametrize("provider_name", ["fashion-world"])
def test_a_user_id_counts_only_in_what_a_run_stored(world: World) -> None:
    """A person who makes the second secret from a copy of the first leaves the first one's userId in it."""
    name = world.add_refreshed("a")
    other = world.prefix + "b"
    world.store.create(other, {**world.document(name), **world.provider.create_account("another")})
    world.clock.advance(MINUTE)

    assert world.run().result["outcomes"] == {"fresh": 1, "refreshed": 1}
    world.clock.advance(MINUTE)
    assert world.run().result["outcomes"] == {"fresh": 2}


@pytest.mark.parametrize("provider_name", ["fashion-world"])
def test_the_wrong_one_deleted_and_the_other_forced(world: World) -> None:
    """As the runbook says."""
    name, other = world.add("a"), world.prefix + "b"
    world.store.create(other, world.document(name))
    assert f"{other}: invalid_secret: " in world.run().failure
    world.store.delete(name)

    assert set(world.force(other).result["outcomes"]) <= {"refreshed", "logged_in"}
    world.clock.advance(DAY)
    assert world.run().raised is None


@pytest.mark.parametrize("provider_name", ["mcs"])
def test_a_provider_with_many_sessions_has_no_duplicates(world: World) -> None:
    """MCS ends no session when it makes another."""
    account = world.provider.create_account("one", tokens=False)
    for short in ("a", "b"):
        world.store.create(world.prefix + short, account)
    assert world.run().result["outcomes"] == {"logged_in": 2}
