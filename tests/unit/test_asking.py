"""Each function asks its provider exactly as the provider's documents say; the bytes on the wire are the proof."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from tests.unit.wire import Sent, WireServer, answer
from token_refresh.transport import USER_AGENT, HttpRequest, post

if TYPE_CHECKING:
    from types import ModuleType

NOW = 1_510_213_872.070  # epoch seconds: when the documents' Fashion World example was signed

MCS_SECRET = {
    "appKey": "BuMgS2MPK5Z6nqWhVsyV",
    "appSecret": "o1uBjWTzuqbaMnQzSmDp5UhR6M33NOhb3YL0b1YK",
    "token": "dummy-user-token",
    "email": "someone@example.com",
    "password": "dummy-password",
}
MCS_BASIC = "QnVNZ1MyTVBLNVo2bnFXaFZzeVY6bzF1QmpXVHp1cWJhTW5RelNtRHA1VWhSNk0zM05PaGIzWUwwYjFZSw=="
FASHION_WORLD_SECRET = {
    "apiKey": "SzggU8dj2xcegXfZVx1ucm/hKgre8DIckHPoxkkn+n0=",
    "secretKey": "fz/THFXY6gbW7eWh+qKtefvgY49IR2W4v6lpTNimsd0=",
    "mobile": "13800000000",
    "password": "e10adc3949ba59abbe56e057f20f883e",
}
# sha1sum of "?action=client:my:refresh-token&apiKey=…&secretKey=…&timestamp=1510213872070", in Base64
FASHION_WORLD_SIGNATURE = "3/SiCAv4kGfCgYnS8jOwJrL228Q="
EKUAIBAO_SECRET = {
    "accessToken": "ID_3vMMouDbGqM:djg8LshfUkfM00",
    "refreshToken": "ID_3vMMouDbHqM:djg8LshfUkfM00",
    "appKey": "dummy-app-key",
    "appSecurity": "dummy-app-security",
}
EKUAIBAO_PATH = "/api/openapi/v2/auth/refreshToken/expireDate"


def sent(request: HttpRequest) -> Sent:
    """Sends a request to a server and returns what arrived, which is one request on one connection."""
    with WireServer(answer(200, b"{}")) as server:
        post(server.url, request)
        (only,) = server.sent
        assert server.connections == 1
    return only


def query(request: HttpRequest) -> str:
    """Returns the query that arrived, as it was on the wire."""
    return sent(request).line.removesuffix(" HTTP/1.1").partition("?")[2]


class TestMcs:
    """MediaTek Cloud Sandbox."""

    def test_a_refresh_is_that_of_the_documents(self, mcs: ModuleType) -> None:
        """Without a query; a JSON object of the user token only; key and secret of the worked example in Base64."""
        arrived = sent(mcs.refresh(MCS_SECRET, {}, NOW))
        assert arrived.line == "POST /oauth/login/thirdpart/refresh HTTP/1.1"
        assert (arrived.header("Content-Type"), arrived.body) == ("application/json", b'{"token": "dummy-user-token"}')
        assert arrived.header("Authorization") == f"Basic {MCS_BASIC}"

    def test_a_login_is_that_of_the_documents(self, mcs: ModuleType) -> None:
        """A JSON object of email and password only."""
        arrived = sent(mcs.login(MCS_SECRET, NOW))
        assert arrived.line == "POST /oauth/login/thirdpart HTTP/1.1"
        assert json.loads(arrived.body) == {"email": "someone@example.com", "password": "dummy-password"}
        assert arrived.header("Authorization") == f"Basic {MCS_BASIC}"

    def test_a_non_ascii_pair_is_encoded_as_utf_8(self, mcs: ModuleType) -> None:
        """A key of any script makes a header of ASCII."""
        header = sent(mcs.refresh({**MCS_SECRET, "appKey": "钥", "appSecret": "é"}, {}, NOW)).header("Authorization")
        assert header == "Basic 6ZKlOsOp"

    def test_the_encoded_pair_is_named_as_a_credential(self, mcs: ModuleType) -> None:
        """Base64 of key and secret together would escape a mask that knows each alone."""
        assert mcs.refresh(MCS_SECRET, {}, NOW).credentials == mcs.login(MCS_SECRET, NOW).credentials == (MCS_BASIC,)


class TestFashionWorld:
    """The "Caa" API."""

    def test_the_header_is_that_of_the_documents(self, fashion_world: ModuleType) -> None:
        """The word Caa, then Base64 of key, colon, signature (SHA-1 of the plain values, in Base64), space, time."""
        header = fashion_world.authorization(
            "user:personal-profile",
            FASHION_WORLD_SECRET["apiKey"],
            FASHION_WORLD_SECRET["secretKey"],
            "1494908261599",
        )
        assert header == (
            "Caa U3pnZ1U4ZGoyeGNlZ1hmWlZ4MXVjbS9oS2dyZThESWNrSFBveGtrbituMD06"
            "VkhUbllqc2NPTnJHWE11bWFHQ2h2VitRK1hvPSAxNDk0OTA4MjYxNTk5"
        )

    def test_a_refresh_posts_an_empty_form(self, fashion_world: ModuleType) -> None:
        """The path, the content type and no body are those of the worked request."""
        arrived = sent(fashion_world.refresh(FASHION_WORLD_SECRET, {}, NOW))
        assert (arrived.line, arrived.header("Content-Type"), arrived.header("Content-Length"), arrived.body) == (
            "POST /api/my/refresh-token HTTP/1.1",
            "application/x-www-form-urlencoded",
            "0",
            b"",
        )

    def test_a_refresh_is_signed_for_its_action_at_its_time(self, fashion_world: ModuleType) -> None:
        """The action is client:my:refresh-token; the timestamp is the time given, in 13 digits of milliseconds."""
        header = sent(fashion_world.refresh(FASHION_WORLD_SECRET, {}, NOW)).header("Authorization")
        assert header is not None
        word, _, encoded = header.partition(" ")
        assert (word, base64.b64decode(encoded).decode()) == (
            "Caa",
            f"{FASHION_WORLD_SECRET['apiKey']}:{FASHION_WORLD_SIGNATURE} 1510213872070",
        )

    @pytest.mark.parametrize("milliseconds", [1_510_213_872_070, 1_494_908_261_599, 1_700_000_000_001])
    def test_the_timestamp_loses_no_millisecond(self, fashion_world: ModuleType, milliseconds: int) -> None:
        """A float of seconds just below its millisecond is not cut to the one before."""
        (encoded, _) = fashion_world.refresh(FASHION_WORLD_SECRET, {}, milliseconds / 1000).credentials
        assert base64.b64decode(encoded).decode().rpartition(" ")[2] == str(milliseconds)

    def test_the_header_and_the_signature_are_named_as_credentials(self, fashion_world: ModuleType) -> None:
        """Both are derived from the secret key, and no mask of the key alone knows them."""
        request = fashion_world.refresh(FASHION_WORLD_SECRET, {}, NOW)
        header = request.headers["Authorization"].removeprefix("Caa ")
        assert request.credentials == (header, FASHION_WORLD_SIGNATURE)

    def test_a_login_posts_mobile_and_password_as_they_are(self, fashion_world: ModuleType) -> None:
        """The password, a digest in the documents, is not digested again. There is nothing to sign with yet."""
        arrived = sent(fashion_world.login(FASHION_WORLD_SECRET, NOW))
        assert (arrived.line, arrived.header("Content-Type"), json.loads(arrived.body)) == (
            "POST /api/my/login HTTP/1.1",
            "application/json",
            {"mobile": "13800000000", "password": "e10adc3949ba59abbe56e057f20f883e"},
        )
        assert arrived.header("Authorization") is None


class TestEkuaibao:
    """合思."""

    def test_a_refresh_is_the_worked_request_with_its_colons_encoded(self, ekuaibao: ModuleType) -> None:
        """All four parameters are in the query, by default the documents' validity and power code; there is no body."""
        arrived = sent(ekuaibao.refresh(EKUAIBAO_SECRET, {}, NOW))
        assert (arrived.header("Content-Length"), arrived.header("Content-Type"), arrived.body) == ("0", None, b"")
        assert arrived.line == (
            f"POST {EKUAIBAO_PATH}?accessToken=ID_3vMMouDbGqM%3Adjg8LshfUkfM00"
            "&refreshToken=ID_3vMMouDbHqM%3Adjg8LshfUkfM00&expireDate=1&powerCode=219904 HTTP/1.1"
        )

    @pytest.mark.parametrize(
        ("token", "encoded"),
        [
            ("a+b", "a%2Bb"),
            ("a&b", "a%26b"),
            ("a%b", "a%25b"),
            ("a%2Bb", "a%252Bb"),
            ("a=b", "a%3Db"),
            ("a:b", "a%3Ab"),
            ("a b", "a%20b"),
            ("a/b?c#d", "a%2Fb%3Fc%23d"),
            ("合思", "%E5%90%88%E6%80%9D"),
            ("a-b_c.d~e", "a-b_c.d~e"),
        ],
    )
    def test_a_token_is_encoded_on_the_wire(self, ekuaibao: ModuleType, token: str, encoded: str) -> None:
        """A server that decodes the query once gets the token as it is."""
        request = ekuaibao.refresh({"accessToken": token, "refreshToken": token}, {}, NOW)
        assert query(request) == f"accessToken={encoded}&refreshToken={encoded}&expireDate=1&powerCode=219904"

    def test_the_secret_s_options_go_before_the_defaults(self, ekuaibao: ModuleType) -> None:
        """A secret's own validity and power code are asked for."""
        request = ekuaibao.refresh(
            {"accessToken": "a", "refreshToken": "r"}, {"expireDate": "30", "powerCode": "1"}, NOW
        )
        assert query(request) == "accessToken=a&refreshToken=r&expireDate=30&powerCode=1"

    def test_a_login_posts_the_key_pair(self, ekuaibao: ModuleType) -> None:
        """The body is a JSON object of these two only; there is no query."""
        arrived = sent(ekuaibao.login(EKUAIBAO_SECRET, NOW))
        assert (arrived.line, arrived.header("Content-Type"), json.loads(arrived.body)) == (
            "POST /api/openapi/v1/auth/getAccessToken HTTP/1.1",
            "application/json",
            {"appKey": "dummy-app-key", "appSecurity": "dummy-app-security"},
        )


class TestHeaders:
    """What every request says beside its own."""

    def test_no_header_is_sent_that_nobody_asked_for(self, mcs: ModuleType) -> None:
        """The whole list: the libraries' own cookies and encodings are not in it, and the agent is the project's."""
        arrived = sent(mcs.login(MCS_SECRET, NOW))
        assert arrived.header("User-Agent") == USER_AGENT == "token-refresh (AWS Lambda)"
        names = {name for name, _ in arrived.headers}
        assert names == {
            "Host",
            "User-Agent",
            "Accept",
            "Accept-Encoding",
            "Connection",
            "Authorization",
            "Content-Type",
            "Content-Length",
        }

    def test_non_ascii_in_a_body_is_utf_8(self, mcs: ModuleType) -> None:
        """Not an escape: a server that signs or compares bytes sees the text itself."""
        arrived = sent(mcs.login({**MCS_SECRET, "password": "密码"}, NOW))
        assert "密码".encode() in arrived.body

    def test_a_base_url_s_path_stays_in_front(self, mcs: ModuleType) -> None:
        """A gateway may put the API under a path of its own."""
        with WireServer(answer(200, b"{}")) as server:
            post(f"{server.url}/gateway", mcs.login(MCS_SECRET, NOW))
        assert server.sent[0].line == "POST /gateway/oauth/login/thirdpart HTTP/1.1"
