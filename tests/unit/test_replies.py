"""What is taken from an answer: tokens that are sane, expiries that are usable, and nothing else."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from token_refresh.ekuaibao import EKUAIBAO
from token_refresh.fashion_world import FASHION_WORLD
from token_refresh.mcs import MCS
from token_refresh.replies import IssuedTokens, Operation, Verdict
from token_refresh.transport import HttpResponse

if TYPE_CHECKING:
    from token_refresh.provider import Provider

NOW = 1_510_213_872.070  # epoch seconds: when the documents' Fashion World example was signed
NOW_MS = 1_510_213_872_070
DAY_MS = 24 * 60 * 60 * 1000


def read(
    provider: Provider, body: object, operation: Operation = Operation.REFRESH
) -> tuple[Verdict, IssuedTokens | None]:
    """Reads a body that came with HTTP 200."""
    verdict, reply = provider.replies.read(HttpResponse(200, json.dumps(body).encode()), operation, NOW)
    return verdict, reply.issued


def issued(provider: Provider, body: object, operation: Operation = Operation.REFRESH) -> IssuedTokens:
    """Reads a body that came with HTTP 200 and holds tokens."""
    verdict, tokens = read(provider, body, operation)
    assert verdict is Verdict.SUCCESS
    assert tokens is not None
    return tokens


def answer_of(provider: Provider, token: object, expiry: object = NOW_MS + DAY_MS) -> dict[str, Any]:
    """Makes a refresh's answer with one token in question."""
    match provider.name:
        case "mcs":
            return {"code": 200, "results": {"access_token": token, "token": "user-token"}}
        case "fashion-world":
            return {"apiKey": "api-key", "secretKey": token, "expireIn": expiry}
        case _:
            return {"value": {"accessToken": "access", "refreshToken": token, "expireTime": expiry}}


class TestExamples:
    """The answers of the documents."""

    def test_mcs(self) -> None:
        """The two tokens are taken, the expiry is an hour after the request left; the profile is left."""
        tokens = issued(
            MCS,
            {
                "apiVersion": "0.0.1",
                "code": 200,
                "message": "Request has succeeded",
                "results": {
                    "access_token": "new-access-token",
                    "userImageURL": "profile/1234567890.jpg",
                    "timezone": "Asia/Taipei",
                    "email": "mcsuser@mediatek.com",
                    "nickname": "MCS User",
                    "language": "zh-TW",
                    "plan": {"name": "Free plan", "deviceCount": 10, "dataPointCount": 100000, "emailCount": 100},
                    "token": "new-user-token",
                },
            },
        )
        assert (tokens.fields, tokens.expires_at) == (
            {"token": "new-user-token", "access_token": "new-access-token"},
            NOW + 3600,
        )

    def test_mcs_login(self) -> None:
        """At login the tokens are at the top level."""
        body = {"apiVersion": "0.0.1", "code": 200, "message": "ok", "token": "user", "access_token": "access"}
        tokens = issued(MCS, body, Operation.LOGIN)
        assert (tokens.fields, tokens.expires_at) == ({"token": "user", "access_token": "access"}, NOW + 3600)

    @pytest.mark.parametrize("operation", list(Operation))
    def test_fashion_world(self, operation: Operation) -> None:
        """The pair, the user's id and the expiry, which is an instant, are taken; the user is left."""
        tokens = issued(
            FASHION_WORLD,
            {
                "apiKey": "/Im2a4gP7L22WUF27es7qPH0iy677Kh5aSb0CpjX4mw=",
                "secretKey": "G/ZPL3qmC9cdIqmtzj+QtoQsLnON/mQjEsZgbnlIF34=",
                "userId": "59573c395c2960da1aa83a08",
                "expireIn": 1510473072121,
                "user": {"_id": "59573c395c2960da1aa83a08", "password": "dummy-digest", "name": "PeckZeg892"},
            },
            operation,
        )
        assert (tokens.fields, tokens.expires_at) == (
            {
                "apiKey": "/Im2a4gP7L22WUF27es7qPH0iy677Kh5aSb0CpjX4mw=",
                "secretKey": "G/ZPL3qmC9cdIqmtzj+QtoQsLnON/mQjEsZgbnlIF34=",
                "userId": "59573c395c2960da1aa83a08",
                "expireIn": 1510473072121,
            },
            1510473072.121,
        )

    @pytest.mark.parametrize("operation", list(Operation))
    def test_ekuaibao(self, operation: Operation) -> None:
        """Both tokens, the expiry and the corporation's id are taken."""
        value = {
            "accessToken": "ID_3vMKHHg9gG0:djg8LshfUkfM00",
            "refreshToken": "ID_3vMKHHg9hG0:djg8LshfUkfM00",
            "expireTime": 1641626383724,
            "corporationId": "djg8LshfUkfM00",
        }
        tokens = issued(EKUAIBAO, {"value": {**value, "extra": "left"}}, operation)
        assert (tokens.fields, tokens.expires_at) == (value, 1641626383.724)


@pytest.mark.parametrize(
    ("token", "taken"),
    [
        ({}, {}),
        *(({"token": none}, {}) for none in (None, "")),
        ({"token": "x"}, {"token": "x"}),
    ],
)
def test_mcs_s_user_token_is_left_out_if_it_is_missing(token: dict[str, object], taken: dict[str, str]) -> None:
    """The old one stays good, so nothing is written over it."""
    tokens = issued(MCS, {"code": 200, "results": {"access_token": "access", **token}})
    assert tokens.fields == {"access_token": "access", **taken}


@pytest.mark.parametrize(
    "odd", [7, ["array"], "control\t", "x" * 8193, "broken\ufffd"], ids=lambda odd: ascii(odd)[:12]
)
def test_mcs_s_user_token_that_cannot_be_used_is_not_lost(odd: object) -> None:
    """It may be the only good one: the answer is kept."""
    body = {"code": 200, "results": {"access_token": "access", "token": odd}}
    assert read(MCS, body) == (Verdict.UNREADABLE, None)


@pytest.mark.parametrize("provider", [MCS, FASHION_WORLD, EKUAIBAO], ids=lambda provider: provider.name)
@pytest.mark.parametrize("odd", [None, "", 7, "control\x07", "x" * 8193], ids=lambda odd: ascii(odd)[:12])
def test_a_yes_without_a_sane_token_is_unreadable(provider: Provider, odd: object) -> None:
    """And its other token is not taken either."""
    assert "sane" in issued(provider, answer_of(provider, "sane")).fields.values()
    assert read(provider, answer_of(provider, odd)) == (Verdict.UNREADABLE, None)


@pytest.mark.parametrize(
    ("provider", "name"), [(FASHION_WORLD, "expireIn"), (EKUAIBAO, "expireTime")], ids=["fashion-world", "ekuaibao"]
)
class TestExpiry:
    """The tokens are taken, whether or not their expiry is usable."""

    @pytest.mark.parametrize("given", [NOW_MS + DAY_MS, str(NOW_MS + DAY_MS)])
    def test_a_usable_one_is_written_as_it_came(self, provider: Provider, name: str, given: object) -> None:
        """The provider's own field keeps the provider's own form."""
        tokens = issued(provider, answer_of(provider, "token", given))
        assert tokens.expires_at == pytest.approx(NOW + 86_400, abs=0.0015)
        assert tokens.fields[name] == given

    @pytest.mark.parametrize("given", [None, "soon", True, math.nan, 0, NOW_MS, 3 * DAY_MS, 10**400])
    def test_an_unusable_one_is_none(self, provider: Provider, name: str, given: object) -> None:
        """The old expiry field is removed: it would be the spent tokens'."""
        tokens = issued(provider, answer_of(provider, "token", given))
        assert (tokens.expires_at, tokens.fields.get(name, "kept")) == (None, None)

    def test_a_missing_one_is_none(self, provider: Provider, name: str) -> None:
        """As one that is null."""
        body = json.loads(json.dumps(answer_of(provider, "token")).replace(name, "other"))
        assert issued(provider, body).expires_at is None


@pytest.mark.parametrize("odd", [None, "", 7, "control\x07"])
@pytest.mark.parametrize(("provider", "name"), [(FASHION_WORLD, "userId"), (EKUAIBAO, "corporationId")])
def test_an_odd_id_is_left_out(provider: Provider, name: str, odd: object) -> None:
    """It is no token: the pair is taken without it."""
    body = answer_of(provider, "token")
    (body["value"] if provider is EKUAIBAO else body)[name] = odd
    taken = {"userId": "7"} if odd == 7 and name == "userId" else {}  # a number is one, there
    assert {key: value for key, value in issued(provider, body).fields.items() if key == name and value} == taken


def test_the_other_spelling_of_fashion_world_s_expiry_is_read_and_stored_under_the_first() -> None:
    """One page says `expiresIn`; the secret says `expireIn`."""
    body = {"apiKey": "a", "secretKey": "s", "expiresIn": NOW_MS + DAY_MS}
    tokens = issued(FASHION_WORLD, body)
    assert tokens.expires_at == NOW + 86_400
    assert tokens.fields == {"apiKey": "a", "secretKey": "s", "userId": None, "expireIn": NOW_MS + DAY_MS}
    # Both are there only in an answer that nobody has seen: the first spelling goes first.
    assert (
        issued(FASHION_WORLD, {**body, "expireIn": NOW_MS + DAY_MS, "expiresIn": NOW_MS + 1}).expires_at == NOW + 86_400
    )


@pytest.mark.parametrize(
    ("provider", "operation", "message", "hint"),
    [
        # The server refuses a timestamp that is over five minutes off with the words of a wrong signature.
        (FASHION_WORLD, Operation.REFRESH, "invalid signature", "clock is off by over five minutes"),
        (EKUAIBAO, Operation.REFRESH, "未授权", "unauthorised: expired, already spent"),
        (EKUAIBAO, Operation.LOGIN, "未授权", "appKey or appSecurity is wrong"),
    ],
)
def test_a_documented_refusal_is_explained(provider: Provider, operation: Operation, message: str, hint: str) -> None:
    """Also in English: an operator may not read Chinese."""
    assert hint in provider.replies.hints[operation][message]


class TestErrors:
    """The provider's own code and message, for the report."""

    @pytest.mark.parametrize(
        ("provider", "body", "code", "message"),
        [
            (MCS, {"code": 500, "message": "Invalid or missing client_id parameter"}, 500, "Invalid or missing cl"),
            (MCS, {"code": "401", "message": "token expired"}, 401, "token expired"),
            (FASHION_WORLD, {"message": "apiKey not found"}, None, "apiKey not found"),
            (EKUAIBAO, {"errorCode": 403, "errorMessage": "未授权"}, 403, "未授权"),
            (EKUAIBAO, {"errorCode": "403", "errorMessage": None}, 403, ""),
        ],
    )
    def test_they_are_kept(self, provider: Provider, body: object, code: int | None, message: str) -> None:
        """A code may come as a string; a message that is none is empty."""
        _, reply = provider.replies.read(HttpResponse(400, json.dumps(body).encode()), Operation.REFRESH, NOW)
        assert (reply.code, reply.message[:21]) == (code, message)

    def test_nothing_parsed_shows_a_token_in_its_repr(self) -> None:
        """An answer, a reply and tokens end up in tracebacks and debuggers."""
        secret = "new-access-token"
        answer = HttpResponse(200, json.dumps({"code": 200, "results": {"access_token": secret}}).encode())
        _, reply = MCS.replies.read(answer, Operation.REFRESH, NOW)
        assert secret not in f"{answer!r}{reply!r}{reply.issued!r}"


@pytest.mark.parametrize(("first", "second"), [("", 1), (0, 1), (None, 1), ("soon", 1), (1, None), (1, 2), (1, "")])
def test_fashion_world_spells_the_expiry_in_two_ways(first: object, second: object) -> None:
    """The one that is usable counts; the usual one, if both are."""
    given = [
        round((NOW + number * 86_400) * 1000) if isinstance(number, int) and number else number
        for number in (first, second)
    ]
    tokens = issued(FASHION_WORLD, {"apiKey": "a", "secretKey": "s", "expireIn": given[0], "expiresIn": given[1]})
    assert tokens.expires_at == pytest.approx(NOW + 86_400, abs=0.001)
