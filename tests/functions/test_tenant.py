"""A tenant of ekuaibao that moved: its new address is looked up, and written into the secret."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.simulators import Ekuaibao, Mood
from token_refresh.ekuaibao import EKUAIBAO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.simulators import Simulator
    from tests.support.world import World

pytestmark = pytest.mark.parametrize("provider_name", ["ekuaibao"])
LOCATION, REFRESH, LOGIN = (
    "/api/openapi/v2/location",
    "/api/openapi/v2/auth/refreshToken/expireDate",
    "/api/openapi/v1/auth/getAccessToken",
)


@pytest.fixture
def old(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ekuaibao]:
    """Where the stack asks: another platform, which knows nothing of the tenant but where it is now."""
    here = replace(EKUAIBAO, domains=("127.0.0.1",))
    monkeypatch.setattr("token_refresh.ekuaibao.EKUAIBAO", here)
    with Ekuaibao(clock=world.clock) as simulator:
        assert isinstance(world.provider, Ekuaibao)
        simulator.tenants = world.provider.tenants = {"corp-1": world.provider.url + "/"}
        world.set_environment(BASE_URL=simulator.url)
        yield simulator


def _paths(simulator: Simulator) -> list[str]:
    return [request.path for request in simulator.requests]


def _add(world: World, **options: Any) -> str:  # noqa: ANN401 - those of `add`
    return world.add(**{"corpId": "corp-1", **options})


@pytest.mark.parametrize("login_fields", [True, False])
def test_the_same_tokens_are_presented_there(world: World, old: Ekuaibao, *, login_fields: bool) -> None:
    """Once, before any login; what worked is written."""
    name = _add(world, login_fields=login_fields)

    assert world.run().result["outcomes"] == {"refreshed": 1}

    assert _paths(old) == [REFRESH, LOCATION]
    assert old.requests[1].query == "corpId=corp-1"
    assert _paths(world.provider) == [REFRESH]
    assert world.document(name)["baseUrl"] == world.provider.url
    world.clock.advance(world.kind.seconds / 2)
    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert len(old.requests) == 2  # it is asked there from now on


def test_an_unclear_answer_leads_there_too(world: World, old: Ekuaibao) -> None:
    """A platform that was shut down answers anything."""
    name = _add(world)
    old.answer_with(410, body="gone")
    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert world.document(name)["baseUrl"] == world.provider.url


def test_a_host_that_is_gone(world: World, old: Ekuaibao) -> None:
    """The secret's own address answers nothing: the stack's knows."""
    name = _add(world, baseUrl="http://127.0.0.1:9")
    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert world.document(name)["baseUrl"] == world.provider.url
    assert _paths(old) == [LOCATION]


def test_a_login_goes_there(world: World, old: Ekuaibao) -> None:
    """A secret without tokens: the old address says that the keys are wrong."""
    name = _add(world, tokens=False)
    assert world.run().result["outcomes"] == {"logged_in": 1}
    assert _paths(old) == [LOGIN, LOCATION]
    assert world.document(name)["baseUrl"] == world.provider.url


def test_dead_tokens_are_logged_in_with_there(world: World, old: Ekuaibao) -> None:
    """The tokens are presented there once, then the password, there too."""
    name = _add(world)
    world.provider.revoke(name)
    assert world.run().result["outcomes"] == {"logged_in": 1}
    assert _paths(old) == [REFRESH, LOCATION]
    assert _paths(world.provider) == [REFRESH, LOGIN]
    assert world.document(name)["baseUrl"] == world.provider.url


def test_the_stored_corporation_tells_the_tenant(world: World, old: Ekuaibao) -> None:
    """Without a corpId in the secret."""
    name = world.add(corporationId="corp-1")
    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert old.requests[1].query == "corpId=corp-1"
    assert world.document(name)["baseUrl"] == world.provider.url


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"{}",
        b'{"value": null}',
        b'{"value": "https://ekuaibao.com.evil.example/"}',
        b'{"value": "https://evil-127.0.0.1/"}',
        b'{"value": "ftp://127.0.0.1/"}',
        b'{"value": "http://user@127.0.0.1/"}',
    ],
)
def test_an_address_that_is_none_of_the_provider_s_is_not_asked(world: World, old: Ekuaibao, answer: bytes) -> None:
    """Whoever answers there must not get the tokens."""
    name = _add(world, login_fields=False)
    status, message = old.DEAD_SESSION
    old.answer_with(status, body=json.dumps({"errorCode": status, "errorMessage": message}))
    old.answer_with(200, body=answer)
    assert f"{name}: rejected: " in world.run().failure
    assert world.provider.requests == []


def test_without_a_tenant_nothing_is_looked_up(world: World, old: Ekuaibao) -> None:
    """There is nothing to ask for."""
    world.add(login_fields=False)
    assert world.run().outcomes == {"rejected": 1}
    assert _paths(old) == [REFRESH]


def test_after_a_timeout_nothing_is_looked_up(world: World, old: Ekuaibao) -> None:
    """The answer may be on its way, and the tokens spent."""
    _add(world)
    old.misbehave(Mood.DROP_AFTER)
    assert world.run().outcomes == {"transient": 1}
    assert _paths(old) == [REFRESH]


def test_the_same_address_is_not_asked_again(world: World, old: Ekuaibao) -> None:
    """The tenant has not moved: its tokens are dead."""
    old.tenants = {"corp-1": old.url + "/"}
    _add(world, login_fields=False)
    assert world.run().outcomes == {"rejected": 1}
    assert _paths(old) == [REFRESH, LOCATION]
    assert world.provider.requests == []


@pytest.mark.parametrize("status", [404, 503, 302])
def test_only_a_yes_is_an_address(world: World, old: Ekuaibao, status: int) -> None:
    """Whatever else has a value in it."""
    old.answer_with(403, body="未授权")
    old.answer_with(status, body=json.dumps({"value": f"{world.provider.url}/"}))
    name = _add(world, login_fields=False)
    assert f"{name}: rejected: " in world.run().failure
    assert world.provider.requests == []


def test_an_old_address_that_does_not_speak_tls(world: World, old: Ekuaibao) -> None:
    """Nothing was sent there: it is as good as gone."""
    name = _add(world, baseUrl=old.url.replace("http://", "https://"))
    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert world.document(name)["baseUrl"] == world.provider.url


@pytest.fixture
def elsewhere(world: World, old: Ekuaibao) -> Ekuaibao:
    """Where the tenant is said to be, by mistake: it is where the secret and the stack ask."""
    assert isinstance(world.provider, Ekuaibao)
    world.provider.tenants = {"corp-1": old.url + "/"}
    world.set_environment(BASE_URL=world.provider.url)
    return old


WRONG = ["gone", "busy", "nobody knows", "refuses", "no name"]


def _go_wrong(world: World, elsewhere: Ekuaibao, what: str) -> None:
    assert isinstance(world.provider, Ekuaibao)
    if what in ("gone", "no name"):
        world.provider.tenants = {"corp-1": {"gone": "http://127.0.0.1:9/", "no name": "http://a..127.0.0.1/"}[what]}
    elif what != "refuses":
        elsewhere.answer_with({"busy": 503, "nobody knows": 418}[what], body="x", times=None)


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_address_costs_no_account(world: World, elsewhere: Ekuaibao, what: str) -> None:
    """A dead session is dead, whatever is said there: the login at the secret's own address heals it."""
    _go_wrong(world, elsewhere, what)
    name = _add(world)
    world.provider.revoke(name)

    assert world.run().result["outcomes"] == {"logged_in": 1}
    assert "baseUrl" not in world.document(name)


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("tokens", [True, False])
def test_what_was_refused_is_not_presented_in_every_run(
    world: World, elsewhere: Ekuaibao, what: str, *, tokens: bool
) -> None:
    """Tokens once an hour, a password once a day: what goes wrong at the other address changes nothing."""
    _go_wrong(world, elsewhere, what)
    name = _add(world, tokens=tokens, login_fields=not tokens)
    if tokens:
        world.provider.revoke(name)
    else:
        world.edit(name, appSecurity="wrong")
    assert f"{name}: rejected: " in world.run().failure
    for _ in range(12):
        world.clock.advance(600)
        assert world.run().result["outcomes"] == {"rejected": 1}
    asked = [path for path in _paths(world.provider) if path != LOCATION]
    assert len(asked) <= (1 + 3 if tokens else 1 + 1)


@pytest.mark.parametrize("login_fields", [True, False])
@pytest.mark.parametrize("own", ["gone", "nobody knows"])
def test_living_tokens_are_not_rejected_by_who_never_knew_them(
    world: World, elsewhere: Ekuaibao, own: str, *, login_fields: bool
) -> None:
    """The secret's own address is out of order for one run; the other one refuses what it does not know."""
    name, url = _add(world, login_fields=login_fields), world.provider.url
    if own == "gone":
        world.set_environment(BASE_URL=elsewhere.url)
        elsewhere.tenants = {"corp-1": elsewhere.url + "/"}
        world.edit(name, baseUrl="http://127.0.0.1:9")
    else:
        world.provider.answer_with(418, body="x")

    assert world.run().outcomes == {"transient": 1}

    if own == "gone":
        world.edit(name, baseUrl=url)
    assert world.run().result["outcomes"] == {"refreshed": 1}


def test_the_same_address_in_another_spelling_is_not_asked_again(world: World, elsewhere: Ekuaibao) -> None:
    """Capital letters say nothing."""
    assert isinstance(world.provider, Ekuaibao)
    world.provider.tenants = {"corp-1": world.provider.url.replace("http", "HTTP") + "//"}
    name = _add(world, login_fields=False)
    world.provider.revoke(name)
    world.run()
    assert _paths(world.provider) == [REFRESH, LOCATION]
    assert elsewhere.requests == []


def test_a_person_s_tenant_counts_more_than_a_stored_one(world: World, old: Ekuaibao) -> None:
    """A secret that was copied has the other tenant's."""
    old.tenants["corp-2"] = "http://127.0.0.1:9/"
    name = _add(world, corporationId="corp-2")
    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert world.document(name)["baseUrl"] == world.provider.url


def test_a_person_s_address_stands(world: World, old: Ekuaibao) -> None:
    """Stored while the run asks at the address that it has looked up."""
    name, theirs = _add(world), "http://localhost:9"

    def edit(_: object) -> None:
        world.provider.before_request = None
        world.edit(name, baseUrl=theirs)

    world.provider.before_request = edit

    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert world.document(name)["baseUrl"] == theirs
    assert _paths(old) == [REFRESH, LOCATION]


def test_a_huge_answer_to_the_look_up_is_not_parsed(
    world: World, old: Ekuaibao, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty-two of a mebibyte would be more than the function's memory."""
    sizes: list[int] = []
    monkeypatch.setattr("token_refresh.tenant.parse_object", lambda data: sizes.append(len(data)))
    old.tenants["corp-1"] = "x" * 1_000_000
    _add(world, login_fields=False)
    world.run()
    assert sizes == [4096]
