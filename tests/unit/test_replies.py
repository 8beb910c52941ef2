"""What is taken from an answer: tokens that are sane, expiries that are usable, and nothing else."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

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
TEN_YEARS_MS = 3652.5 * DAY_MS


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


def answer_of(provider: Provider, token: object, expiry: object = NOW_MS + DAY_MS) -> dict[str, object]:
    """Makes a refresh's answer with one token in question."""
    match provider.name:
        case "mcs":
            return {"code": 200, "results": {"access_token": token, "token": "user-token"}}
        case "fashion-world":
            return {"apiKey": "api-key", "secretKey": token, "expireIn": expiry}
        case _:
            return {"value": {"accessToken": "access", "refreshToken": token, "expireTime": expiry}}


ALL = pytest.mark.parametrize("provider", [MCS, FASHION_WORLD, EKUAIBAO], ids=lambda provider: provider.name)
WITH_EXPIRY = pytest.mark.parametrize("provider", [FASHION_WORLD, EKUAIBAO], ids=lambda provider: provider.name)


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


class TestMcsUserToken:
    """The user token of a refresh."""

    @pytest.mark.parametrize("token", [None, "", 7, ["array"], "control\tcharacter"])
    def test_a_missing_or_odd_one_is_left_out(self, token: object) -> None:
        """The old one stays good, so nothing is written over it."""
        tokens = issued(MCS, {"code": 200, "results": {"access_token": "access", "token": token}})
        assert tokens.fields == {"access_token": "access"}

    def test_an_absent_one_is_left_out(self) -> None:
        """As one that is null."""
        assert issued(MCS, {"code": 200, "results": {"access_token": "access"}}).fields == {"access_token": "access"}

    def test_the_same_one_is_taken_again(self) -> None:
        """What came is stored, whether or not it is new."""
        tokens = issued(MCS, {"code": 200, "results": {"access_token": "access", "token": "same"}})
        assert tokens.fields["token"] == "same"


@ALL
class TestTokens:
    """A token is a non-empty string of at most 8 KiB without control characters."""

    @pytest.mark.parametrize(
        "token",
        [
            "x",
            "x" * 8192,
            "合" * 2730,  # 8,190 bytes
            'quotes " and \\ slashes /',
            "+&%=:?#",
            "😀",
        ],
        ids=["short", "8 KiB", "8 KiB of UTF-8", "quotes", "punctuation", "emoji"],
    )
    def test_a_sane_one_is_taken_as_it_is(self, provider: Provider, token: str) -> None:
        """Whatever its letters."""
        assert token in issued(provider, answer_of(provider, token)).fields.values()

    @pytest.mark.parametrize(
        "token",
        [
            None,
            "",
            7,
            1.5,
            True,
            ["token"],
            {"token": "token"},
            "x" * 8193,
            "合" * 2731,  # 8,193 bytes
            "tab\t",
            "line\t",
            "nul\0",
            "del\x7f",
            "c1\x85",
            "half a pair \ud83d",
        ],
        ids=lambda token: f"{type(token).__name__}-{ascii(token)[:12]}",
    )
    def test_any_other_is_none(self, provider: Provider, token: object) -> None:
        """A yes without a sane token is unreadable, and its tokens are not taken."""
        assert read(provider, answer_of(provider, token)) == (Verdict.UNREADABLE, None)


@WITH_EXPIRY
class TestExpiry:
    """Epoch milliseconds, in the future and within ten years; the tokens are taken either way."""

    @pytest.mark.parametrize(
        ("given", "expires_at"),
        [
            (NOW_MS + 1, NOW + 0.001),
            (NOW_MS + DAY_MS, NOW + 86_400),
            (str(NOW_MS + DAY_MS), NOW + 86_400),
            (float(NOW_MS + DAY_MS), NOW + 86_400),
            (NOW_MS + TEN_YEARS_MS - 1000, NOW + TEN_YEARS_MS / 1000 - 1),
        ],
        ids=["in a moment", "tomorrow", "a string", "a float", "in ten years"],
    )
    def test_a_usable_one_is_taken(self, provider: Provider, given: object, expires_at: float) -> None:
        """As epoch seconds, for `expiresAt`."""
        actual = issued(provider, answer_of(provider, "token", given)).expires_at
        assert actual is not None
        assert actual == pytest.approx(expires_at, abs=0.0015)

    @pytest.mark.parametrize("given", [NOW_MS + DAY_MS, str(NOW_MS + DAY_MS)])
    def test_a_usable_one_is_written_as_it_came(self, provider: Provider, given: object) -> None:
        """The provider's own field keeps the provider's own form."""
        assert given in issued(provider, answer_of(provider, "token", given)).fields.values()

    @pytest.mark.parametrize(
        "given",
        [
            None,
            "",
            "soon",
            True,
            math.nan,
            math.inf,
            -math.inf,
            [],
            {},
            0,
            -1,
            NOW_MS,
            NOW_MS - DAY_MS,
            (NOW_MS + DAY_MS) // 1000,
            3 * DAY_MS,
            NOW_MS + TEN_YEARS_MS + 1000,
            10**400,
            "9" * 5000,
        ],
        ids=[
            "null",
            "empty",
            "word",
            "true",
            "NaN",
            "infinite",
            "minus infinite",
            "array",
            "object",
            "zero",
            "negative",
            "now",
            "yesterday",
            "seconds",
            "a duration",
            "over ten years",
            "huge",
            "huge string",
        ],
    )
    def test_an_unusable_one_is_none(self, provider: Provider, given: object) -> None:
        """The tokens are taken, and the old expiry field is removed: it would be the spent tokens'."""
        tokens = issued(provider, answer_of(provider, "token", given))
        name = "expireIn" if provider is FASHION_WORLD else "expireTime"
        assert (tokens.expires_at, tokens.fields.get(name, "kept")) == (None, None)

    def test_a_number_too_long_for_python_is_none(self, provider: Provider) -> None:
        """Its parser refuses integers of thousands of digits; the tokens beside one are taken all the same."""
        data = json.dumps(answer_of(provider, "token", "@")).replace('"@"', "9" * 5000).encode()
        verdict, reply = provider.replies.read(HttpResponse(200, data), Operation.REFRESH, NOW)
        assert (verdict, reply.issued and reply.issued.expires_at) == (Verdict.SUCCESS, None)

    def test_a_missing_one_is_none(self, provider: Provider) -> None:
        """As one that is null."""
        bodies: dict[str, object] = {
            "fashion-world": {"apiKey": "api-key", "secretKey": "secret-key"},
            "ekuaibao": {"value": {"accessToken": "access", "refreshToken": "refresh"}},
        }
        assert issued(provider, bodies[provider.name]).expires_at is None


class TestFashionWorldOddities:
    """What differs from page to page of its documents."""

    def test_the_other_spelling_is_read_and_stored_under_the_first(self) -> None:
        """One page says `expiresIn`; the secret says `expireIn`."""
        tokens = issued(FASHION_WORLD, {"apiKey": "a", "secretKey": "s", "expiresIn": NOW_MS + DAY_MS})
        assert (tokens.expires_at, tokens.fields) == (
            NOW + 86_400,
            {"apiKey": "a", "secretKey": "s", "expireIn": NOW_MS + DAY_MS},
        )

    def test_the_documents_own_spelling_goes_first(self) -> None:
        """Both are there only in an answer that nobody has seen."""
        body = {"apiKey": "a", "secretKey": "s", "expireIn": NOW_MS + DAY_MS, "expiresIn": NOW_MS + 1}
        assert issued(FASHION_WORLD, body).expires_at == NOW + 86_400

    @pytest.mark.parametrize("user_id", [None, "", 7, "control\x07"])
    def test_an_odd_user_id_is_left_out(self, user_id: object) -> None:
        """It is no token: the pair is taken without it."""
        body = {"apiKey": "a", "secretKey": "s", "userId": user_id, "expireIn": NOW_MS + DAY_MS}
        assert issued(FASHION_WORLD, body).fields.keys() == {"apiKey", "secretKey", "expireIn"}

    def test_a_wrong_signature_hints_at_the_clock(self) -> None:
        """The server refuses a timestamp that is over five minutes off with the same words."""
        assert (
            "clock is off by over five minutes" in FASHION_WORLD.replies.hints[Operation.REFRESH]["invalid signature"]
        )


class TestEkuaibaoOddities:
    """What its answers may lack."""

    @pytest.mark.parametrize("corporation", [None, "", 7, "control\x07"])
    def test_an_odd_corporation_is_left_out(self, corporation: object) -> None:
        """It is no token: the pair is taken without it."""
        value = {"accessToken": "a", "refreshToken": "r", "expireTime": NOW_MS + 1, "corporationId": corporation}
        assert issued(EKUAIBAO, {"value": value}).fields.keys() == {"accessToken", "refreshToken", "expireTime"}

    def test_a_refusal_is_put_into_english(self) -> None:
        """An operator may not read Chinese."""
        assert EKUAIBAO.replies.hints[Operation.REFRESH]["未授权"].startswith("unauthorised: expired, already spent")
        assert EKUAIBAO.replies.hints[Operation.LOGIN]["未授权"].startswith("appKey or appSecurity is wrong")


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
