"""Two secrets with one account, where each refresh of one ends the tokens of the other: only one is asked about."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.clock import DAY, HOUR, MINUTE
from tests.support.secrets_manager import Fault

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


@pytest.mark.parametrize("provider_name", ["fashion-world"])
def test_a_third_secret_is_not_drawn_in(world: World) -> None:
    """Somebody mixes one account's tokens with another's login: both accounts stay alive."""
    first, third = world.add_refreshed("a"), world.add_refreshed("c")
    login = {name: world.document(first)[name] for name in ("mobile", "password")}
    world.store.create(world.prefix + "b", {**world.document(third), **login})
    world.clock.advance(36 * HOUR)

    assert world.run().outcomes == {"refreshed": 2, "invalid_secret": 1}


@pytest.mark.parametrize("provider_name", ["fashion-world"])
@pytest.mark.parametrize("user_id", [None, 4711])
def test_a_copied_user_id_does_not_stay(world: World, user_id: int | None) -> None:
    """A copy with another account's credentials, whose answer names no user, or by a number."""
    name, other = world.add_refreshed("a"), world.prefix + "b"
    world.store.create(other, {**world.document(name), **world.provider.create_account("another")})
    expires = round((world.clock.now() + 3 * DAY) * 1000)
    answer = {"apiKey": "new-key", "secretKey": "new-secret", "expireIn": expires, "userId": user_id}
    world.provider.answer_with(200, body=json.dumps(answer))
    assert world.run().result["outcomes"] == {"fresh": 1, "refreshed": 1}
    world.clock.advance(MINUTE)

    assert world.run().result["outcomes"] == {"fresh": 2}
    assert world.document(other).get("userId") == (str(user_id) if user_id else None)


@pytest.mark.parametrize("provider_name", ["fashion-world"])
@pytest.mark.parametrize("reported", [True, False])
def test_while_the_first_is_out_of_sight_the_other_waits(world: World, *, reported: bool) -> None:
    """AWS throttles one entry of the list: its copy is not asked about, in its slot either."""
    name, other = world.add_refreshed("a", login_fields=False), world.prefix + "b"
    world.store.create(other, world.document(name))
    if reported:
        assert f"{other}: invalid_secret: " in world.run().failure
        world.clock.advance(HOUR)
    for _ in range(6):
        world.store.fail("BatchGetSecretValue", Fault.THROTTLED, secret=name)
        run = world.run()
        world.store.heal()
        assert run.outcomes == {"transient": 1, "rejected" if reported else "deferred": 1}
        assert run.sent == []
        world.clock.advance(10 * MINUTE)
    assert world.provider.is_live(world.document(name))
