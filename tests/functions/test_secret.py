"""What a secret may hold, and what is written back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.clock import DAY, START, iso
from tests.support.world import one_provider

if TYPE_CHECKING:
    from tests.support.world import World

STRANGE: dict[str, Any] = {
    "": "an empty key",
    "备注": "非ASCII stays itself: é ü 😀 \u2028",
    "nested": {"z": 1, "a": [True, None, 1.5, {"deep": []}]},
    "number": 12345678901234567890,
    "token_of_another_kind": None,
    "user": "a key of theirs that a provider's reply has, too",
}


@one_provider
def test_every_other_key_stays_in_its_place(world: World) -> None:
    """Unknown keys, before, between and after ours, keep their values and places; new keys come at the end."""
    account = world.provider.create_account("a")
    middle = len(account) // 2
    fields = list(account.items())
    document = dict([*list(STRANGE.items())[:2], *fields[:middle], *list(STRANGE.items())[2:4], *fields[middle:]])
    document |= dict(list(STRANGE.items())[4:])
    name = world.prefix + "a"
    world.store.create(name, document)

    assert world.run().result["outcomes"] == {"refreshed": 1}

    after = world.document(name)
    assert list(after)[: len(document)] == list(document)
    assert set(after) == {*document, *world.kind.written, "refreshedAt", "expiresAt"}
    assert {key: after[key] for key in document if key not in world.kind.tokens} == {
        key: document[key] for key in document if key not in world.kind.tokens
    }
    assert "非ASCII stays itself: é ü 😀 \u2028" in world.current(name).text


def test_what_is_written(world: World) -> None:
    """The tokens, what the provider says beside them, and two dates: nothing else of the reply."""
    name = world.add()
    before = world.document(name)

    world.run()

    after = world.document(name)
    assert after.items() >= world.provider.current(name).items()
    expires_at = START + world.kind.seconds
    dates = {"refreshedAt": iso(START), "expiresAt": iso(expires_at)}
    assert after.items() >= dates.items()
    written = {"fashion-world": ("expireIn",), "ekuaibao": ("expireTime",)}.get(world.kind.name, ())
    assert [after[key] for key in written] == [expires_at * 1000] * len(written)
    assert set(after) - set(before) == {*world.kind.written, *dates} - set(before)


def test_two_refreshes_in_a_row(world: World) -> None:
    """The second refresh presents what the first has stored, and changes values only: no key is added or moved."""
    name = world.add_refreshed(note="kept")
    before = world.document(name)
    world.clock.advance(world.kind.seconds / 2)

    run = world.run()

    assert run.sent == [world.kind.refresh(before, world.clock.now())]
    after = world.document(name)
    assert list(after) == list(before)
    assert all(after[token] != before[token] for token in world.kind.tokens)


@pytest.mark.parametrize("provider_name", ["ekuaibao"])
def test_options_of_ekuaibao(world: World) -> None:
    """Both go out as they are stored."""
    name = world.add(expireDate="2", powerCode="219904")
    before = world.current(name)

    run = world.run()

    assert run.sent == [world.kind.refresh(before.document, START)]
    assert "&expireDate=2&powerCode=219904" in run.sent[0].query
    assert run.result["secrets"][0]["expires_at"] == iso(START + 2 * DAY)
    assert world.document(name)["expireDate"] == "2"
