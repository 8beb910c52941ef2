"""What a secret may hold, and what is written back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.clock import DAY, START, iso
from tests.support.simulators import FashionWorld

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


@pytest.mark.parametrize("tokens", [True, False])
@pytest.mark.parametrize("provider_name", ["fashion-world"])
def test_the_user_object_is_never_stored(world: World, *, tokens: bool) -> None:
    """Fashion World's personal data goes nowhere, at a refresh or a login."""
    name = world.add(tokens=tokens)
    world.run()

    document = world.document(name)
    assert "user" not in document
    text = world.current(name).text
    assert "测试用户" not in text
    assert "weixin" not in text
    assert "$2a$10$" not in text


@pytest.mark.parametrize("provider_name", ["fashion-world"])
def test_the_other_spelling(world: World) -> None:
    """One page of Fashion World's docs spells it expiresIn: both are understood, expireIn is stored."""
    assert isinstance(world.provider, FashionWorld)
    world.provider.expiry_field = "expiresIn"
    name = world.add()

    run = world.run()

    assert run.result["secrets"][0]["expires_at"] == iso(START + world.kind.seconds)
    assert world.document(name)["expireIn"] == (START + world.kind.seconds) * 1000
    assert "expiresIn" not in world.document(name)


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


@pytest.mark.parametrize("empty", ["", None])
def test_empty_fields_are_missing(world: World, empty: object) -> None:
    """Empty strings and null count as missing: such a secret is logged in with, or invalid."""
    able = world.provider.create_account("able")
    tokens = [field for field in world.kind.tokens if field in able]
    world.store.create(world.prefix + "able", {**able, **dict.fromkeys(tokens, empty)})
    unable = world.provider.create_account("unable", login_fields=False)
    world.store.create(world.prefix + "unable", {**unable, **dict.fromkeys(unable, empty)})

    run = world.run()

    assert run.outcomes == {"invalid_secret": 1, "logged_in": 1}
    for field in (*unable, *world.kind.login_fields):
        assert field in run.failure


@pytest.mark.parametrize("value", [7, True, ["x"], {"x": "y"}, 1.5])
def test_a_field_of_the_wrong_type(world: World, value: object) -> None:
    """A credential that is no string is named; its value is not shown."""
    account = world.provider.create_account("a")
    field = list(account)[-1]
    world.store.create(name := world.prefix + "a", {**account, field: value})

    run = world.run()

    assert f"{name}: invalid_secret: " in run.failure
    assert field in run.failure
    assert run.sent == []


def test_binary(world: World) -> None:
    """A binary secret is invalid even if its bytes would be a good document."""
    account = world.provider.create_account("a")
    world.store.create(name := world.prefix + "a", json.dumps(account).encode())

    run = world.run()

    assert f"{name}: invalid_secret: " in run.failure
    assert "binary" in run.failure


@pytest.mark.parametrize(("size", "outcome"), [(48 * 1024, "refreshed"), (48 * 1024 + 1, "invalid_secret")])
def test_48_kib(world: World, size: int, outcome: str) -> None:
    """A secret of 48 KiB is refreshed, one byte more is refused."""
    account: dict[str, Any] = {**world.provider.create_account("a"), "note": ""}
    account["note"] = "x" * (size - len(json.dumps(account).encode()))
    world.store.create(world.prefix + "a", account)

    assert world.run().outcomes == {outcome: 1}


def test_the_size_is_in_bytes(world: World) -> None:
    """Characters of three bytes count three."""
    world.add(note="安" * 17_000)

    assert world.run().outcomes == {"invalid_secret": 1}


@pytest.mark.parametrize("provider_name", ["ekuaibao"])
@pytest.mark.parametrize("days", [2, "2"])
def test_options_of_ekuaibao(world: World, days: object) -> None:
    """expireDate, a number or a string, and powerCode go out as they are stored."""
    name = world.add(expireDate=days, powerCode="219904")
    before = world.current(name)

    run = world.run()

    assert run.sent == [world.kind.refresh(before.document, START)]
    assert "&expireDate=2&powerCode=219904" in run.sent[0].query
    assert run.result["secrets"][0]["expires_at"] == iso(START + 2 * DAY)
    assert world.document(name)["expireDate"] == days


@pytest.mark.parametrize("provider_name", ["ekuaibao"])
@pytest.mark.parametrize("days", [0, -1, "0", "soon", "1.5", 1.5, True, [], {}])
def test_an_expire_date_that_is_none(world: World, days: object) -> None:
    """A validity that is no whole number of days is an invalid secret."""
    name = world.add(expireDate=days)

    run = world.run()

    assert f"{name}: invalid_secret: " in run.failure
    assert "expireDate" in run.failure


@pytest.mark.parametrize(
    "url", ["ftp://example.com", "example.com", "https://", "https://u:p@example.com", "https://e.com/?q", "http://["]
)
def test_a_base_url_that_is_none(world: World, url: str) -> None:
    """A base URL that nobody could mean is an invalid secret; it is not shown."""
    name = world.add(baseUrl=url)

    run = world.run()

    assert f"{name}: invalid_secret: " in run.failure
    assert "baseUrl" in run.failure
    assert run.sent == []


def test_values_that_need_encoding(world: World) -> None:
    """Credentials with every awkward character arrive as they are."""
    awkward = "a+&%=:/?# 密码\"'\\"
    account = world.provider.create_account("a", tokens=False)
    field = world.kind.login_fields[-1]
    world.store.create(world.prefix + "a", {**account, field: awkward})

    run = world.run()

    assert run.sent == [world.kind.login({**account, field: awkward})]
    assert run.outcomes == {"rejected": 1}
