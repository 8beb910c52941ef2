"""The simulators obey the providers' documents: what the other tests stand on."""

from __future__ import annotations

import base64
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import requests

from tests.support.clock import DAY, HOUR
from tests.support.providers import FORM, MCS, caa
from tests.support.simulators import Ekuaibao, FashionWorld, Mcs, Simulator
from tests.support.simulators.client import NOW_MS, log_in, post, refresh, renewed
from tests.support.simulators.ekuaibao import Shape
from tests.support.simulators.fashion_world import parse_authorization, sign, signed_text

if TYPE_CHECKING:
    from collections.abc import Iterator

MCS_APP = {"appKey": "BuMgS2MPK5Z6nqWhVsyV", "appSecret": "o1uBjWTzuqbaMnQzSmDp5UhR6M33NOhb3YL0b1YK"}
MCS_BASIC = "QnVNZ1MyTVBLNVo2bnFXaFZzeVY6bzF1QmpXVHp1cWJhTW5RelNtRHA1VWhSNk0zM05PaGIzWUwwYjFZSw=="
CAA_REFUSAL = {"message": "invalid authorization"}
UNAUTHORISED = {"errorCode": 403, "errorMessage": "未授权", "errorDetails": None, "code": None, "data": None}


class Clock:
    """A clock that stands at the documents' example until it is moved."""

    now = NOW_MS / 1_000

    def __call__(self) -> float:
        """Returns epoch seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()


@pytest.fixture(params=[Mcs, FashionWorld, Ekuaibao])
def provider(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Simulator]:
    """Each provider in turn, running."""
    kind: type[Simulator] = request.param
    with kind(clock=clock) as simulator:
        yield simulator


@pytest.fixture
def mcs(clock: Clock) -> Iterator[Mcs]:
    """A running MCS."""
    with Mcs(clock=clock) as running:
        yield running


@pytest.fixture
def fashion_world(clock: Clock) -> Iterator[FashionWorld]:
    """A running Fashion World."""
    with FashionWorld(clock=clock) as running:
        yield running


@pytest.fixture
def ekuaibao(clock: Clock) -> Iterator[Ekuaibao]:
    """A running ekuaibao."""
    with Ekuaibao(clock=clock) as running:
        yield running


def said(response: requests.Response) -> tuple[int, str]:
    """Returns an answer's status and message."""
    document = response.json()
    return response.status_code, document.get("message") or document["errorMessage"]


class TestMcs:
    """MCS."""

    def test_a_refresh_and_a_login(self, mcs: Mcs) -> None:
        """The documents' fields, in their order; a login's tokens are at the top level."""
        secret = mcs.create_account()
        refreshed = refresh(mcs, secret).json()
        assert list(refreshed) == ["apiVersion", "code", "message", "results"]
        assert (refreshed["apiVersion"], refreshed["code"]) == ("0.0.1", 200)
        profile = ["userImageURL", "timezone", "email", "nickname", "language", "plan"]
        assert list(refreshed["results"]) == ["access_token", *profile, "token"]
        assert list(log_in(mcs, secret).json()) == ["apiVersion", "code", "message", "token", "access_token"]

    def test_the_documents_basic_credentials(self) -> None:
        """App key, secret and Base64 text belong together."""
        secret = {
            "appKey": "BuMgS2MPK5Z6nqWhVsyV",
            "appSecret": "o1uBjWTzuqbaMnQzSmDp5UhR6M33NOhb3YL0b1YK",
            "token": "",
        }
        assert MCS.refresh(secret, 0).authorization == f"Basic {MCS_BASIC}"

    @pytest.mark.parametrize("header", ["", "{key}", "Basic {key}", f"Basic {MCS_BASIC}", "Basic ?", "Bearer {key}"])
    def test_a_wrong_app(self, mcs: Mcs, header: str) -> None:
        """It is an HTTP 500, byte for byte the documents' example."""
        secret = mcs.create_account()
        refresh(mcs, secret)
        secret |= mcs.current(secret)
        key = mcs.requests[0].headers["Authorization"].removeprefix("Basic ")
        headers = {"Authorization": header.format(key=key[:-4] if header.startswith("Basic") else key)}
        response = post(mcs.url + mcs.REFRESH_PATH, headers=headers, json={"token": secret["token"]})
        assert response.status_code == 500
        assert response.json() == {
            "apiVersion": "0.0.1",
            "code": 500,
            "message": "Invalid or missing client_id parameter",
            "statusCode": 500,
            "options": {},
        }
        assert mcs.is_live(secret)

    def test_refusals(self, mcs: Mcs, clock: Clock) -> None:
        """All are HTTP 500 with the texts of the OAuth library: of a token unknown, of another app, two weeks old."""
        secret, other = mcs.create_account(), mcs.create_account()
        assert said(refresh(mcs, {**secret, "token": "wrong"})) == (500, "Invalid refresh token")
        assert said(refresh(mcs, {**secret, "token": other["token"]})) == (500, "Invalid refresh token")
        for wrong in {"password": "wrong"}, {name: other[name] for name in ("appKey", "appSecret")}:
            assert said(log_in(mcs, {**secret, **wrong})) == (500, "User credentials are invalid")
        clock.now += 14 * DAY - 1
        assert (mcs.is_live(secret), mcs.is_live({**secret, "appSecret": "wrong"})) == (True, False)
        clock.now += 1
        assert said(refresh(mcs, secret)) == (500, "Refresh token has expired")

    def test_a_token_sent_as_a_form_is_no_token(self, mcs: Mcs) -> None:
        """The documents say JSON."""
        secret = mcs.create_account()
        app = secret["appKey"], secret["appSecret"]
        response = post(mcs.url + mcs.REFRESH_PATH, auth=app, data={"token": secret["token"]})
        assert response.status_code == response.json()["code"] == 400

    def test_it_may_return_the_same_user_token(self, mcs: Mcs) -> None:
        """Which stays good."""
        mcs.rotates = False
        secret = mcs.create_account()
        assert renewed(secret, refresh(mcs, secret))["token"] == secret["token"]
        assert mcs.is_live(secret)


class TestFashionWorld:
    """Fashion World."""

    def test_the_documents_examples(self) -> None:
        """Their signature comes out; their header decodes into its three parts."""
        api_key, secret_key = (
            "SzggU8dj2xcegXfZVx1ucm/hKgre8DIckHPoxkkn+n0=",
            "fz/THFXY6gbW7eWh+qKtefvgY49IR2W4v6lpTNimsd0=",
        )
        text = signed_text("user:personal-profile", api_key, secret_key, "1494908261599")
        assert sign(text) == "VHTnYjscONrGXMumaGChvV+Q+Xo="
        header = (
            "Caa N1QrTys5S01TbW0vL1Qrbi9yYlJrbkYxNzlFU3VaTGVTUXc0Ky96OHQ2ND06UytxZHBrbmZBS0l3WGY0YWFxdWNxd1Nsb1Nz"
            "PSAxNTEwMjEzODcyMDcw"
        )
        assert parse_authorization(header) == (
            "7T+O+9KMSmm//T+n/rbRknF179ESuZLeSQw4+/z8t64=",
            "S+qdpknfAKIwXf4aaqucqwSloSs=",
            "1510213872070",
        )

    def test_a_refresh(self, fashion_world: FashionWorld) -> None:
        """``expireIn`` is an instant three days ahead; the user object has a password hash."""
        document = refresh(fashion_world, fashion_world.create_account()).json()
        assert list(document) == ["apiKey", "secretKey", "userId", "expireIn", "user"]
        assert document["expireIn"] == NOW_MS + 3 * DAY * 1_000
        assert document["user"]["_id"] == document["userId"]
        assert document["user"]["password"] in fashion_world.issued

    @pytest.mark.parametrize(
        ("scheme", "spoken"),
        [
            ("", ""),
            ("Caa", "?"),
            ("Caa", b"key:signature 151021387207"),
            ("Caa", b"key:signature1510213872070"),
            ("Basic", b"key:signature 1510213872070"),
        ],
    )
    def test_a_malformed_header(self, fashion_world: FashionWorld, scheme: str, spoken: str | bytes) -> None:
        """Anything but ``Caa base64(key:signature timestamp)``."""
        encoded = base64.b64encode(spoken).decode() if isinstance(spoken, bytes) else spoken
        headers = {"Content-Type": FORM, "Authorization": f"{scheme} {encoded}".strip()}
        response = post(fashion_world.url + fashion_world.REFRESH_PATH, headers=headers)
        assert (response.status_code, response.json()) == (400, CAA_REFUSAL)

    @pytest.mark.parametrize(
        ("off_ms", "content_type", "status"),
        [
            (-300_001, FORM, 400),
            (-300_000, FORM, 200),
            (300_000, FORM, 200),
            (300_001, FORM, 400),
            (0, "", 400),
            (0, "application/json", 400),
        ],
    )
    def test_a_clock_and_a_content_type(
        self, fashion_world: FashionWorld, off_ms: int, content_type: str, status: int
    ) -> None:
        """Five minutes off, and the documented type, are accepted; a refusal leaves the pair alive."""
        secret = fashion_world.create_account()
        header = caa(secret["apiKey"], secret["secretKey"], NOW_MS + off_ms)
        headers = {"Authorization": header, "Content-Type": content_type}
        response = post(fashion_world.url + fashion_world.REFRESH_PATH, headers=headers)
        assert response.status_code == status
        assert fashion_world.is_live(secret) is (status == 400)
        if off_ms and status == 400:
            assert response.json() == {"message": "invalid signature"}

    def test_refusals(self, fashion_world: FashionWorld, clock: Clock) -> None:
        """Their texts; a password that is no MD5 is echoed."""
        secret = fashion_world.create_account()
        wrong = "0" * 32
        assert said(refresh(fashion_world, {**secret, "secretKey": "another"})) == (400, "invalid signature")
        assert said(log_in(fashion_world, {**secret, "password": wrong})) == (404, "user not found")
        echoed = (400, "Path `password` (`wrong`) is invalid")
        assert said(log_in(fashion_world, {**secret, "password": "wrong"})) == echoed
        gone = fashion_world.create_account()
        fashion_world.delete_account(gone)
        for response in refresh(fashion_world, gone), log_in(fashion_world, gone):
            assert said(response) == (404, "user not found")
        clock.now += 3 * DAY
        assert said(refresh(fashion_world, secret)) == (404, "apiKey not found")

    def test_a_login_returns_the_living_pair(self, fashion_world: FashionWorld, clock: Clock) -> None:
        """With its old expiry; once it is over, a login makes a new one."""
        secret = fashion_world.create_account()
        clock.now += 2 * DAY
        document = log_in(fashion_world, secret).json()
        assert {name: document[name] for name in ("apiKey", "secretKey")}.items() <= secret.items()
        assert document["expireIn"] == NOW_MS + 3 * DAY * 1_000
        clock.now += DAY
        after = renewed(secret, log_in(fashion_world, secret))
        assert (fashion_world.is_live(secret), fashion_world.is_live(after)) == (False, True)

    def test_a_user_has_one_session(self, fashion_world: FashionWorld) -> None:
        """A refresh by anyone ends it for every other holder, who gets the new pair by a login."""
        secret = fashion_world.create_account()
        holder = renewed(secret, log_in(fashion_world, secret))
        after = renewed(secret, refresh(fashion_world, secret))
        assert said(refresh(fashion_world, holder)) == (404, "apiKey not found")
        assert renewed(holder, log_in(fashion_world, holder)) == after

    def test_the_time_beside_a_signature_is_no_secret(self, fashion_world: FashionWorld) -> None:
        """A log line of the same millisecond shows it too; the key and the signature beside it are secrets."""
        refresh(fashion_world, fashion_world.create_account())
        spoken = base64.b64decode(fashion_world.requests[0].headers["Authorization"].partition(" ")[2]).decode()
        assert {*spoken.replace(":", " ").split()} - fashion_world.issued == {str(NOW_MS)}


class TestEkuaibao:
    """ekuaibao."""

    def test_a_refresh(self, ekuaibao: Ekuaibao) -> None:
        """The pair is under ``value``; it lives as many days as asked for, or as the licence has left."""
        secret = ekuaibao.create_account()
        value = refresh(ekuaibao, {**secret, "expireDate": "7"}).json()["value"]
        assert list(value) == ["accessToken", "refreshToken", "expireTime", "corporationId"]
        assert value["expireTime"] == NOW_MS + 7 * DAY * 1_000
        ekuaibao.licence_days = 0.5
        value = refresh(ekuaibao, {**value, "expireDate": "7"}).json()["value"]
        assert value["expireTime"] == NOW_MS + 12 * HOUR * 1_000

    def test_tokens_need_encoding(self, ekuaibao: Ekuaibao) -> None:
        """They hold the characters that trip up naive URL building, and a naive URL is refused."""
        secret = ekuaibao.create_account()
        assert all(character in secret["accessToken"] for character in ":+&%=")
        naive = f"accessToken={secret['accessToken']}&refreshToken={secret['refreshToken']}"
        url = f"{ekuaibao.url}{ekuaibao.REFRESH_PATH}?{naive}&expireDate=1&powerCode=219904"
        assert post(url).status_code == 400
        assert refresh(ekuaibao, secret).status_code == 200

    @pytest.mark.parametrize(
        ("wrong", "status"),
        [
            *[({name: None}, 400) for name in ("accessToken", "refreshToken", "expireDate", "powerCode")],
            *[({"expireDate": days}, 400) for days in ("", "null", "0")],
            ({"powerCode": "219902"}, 403),
        ],
    )
    def test_all_four_parameters(self, ekuaibao: Ekuaibao, wrong: dict[str, str | None], status: int) -> None:
        """One that is missing or wrong is refused and spends nothing."""
        secret = ekuaibao.create_account(login_fields=False)
        given = {**secret, "expireDate": "1", "powerCode": "219904", **wrong}
        query = urlencode({key: text for key, text in given.items() if text is not None})
        response = post(f"{ekuaibao.url}{ekuaibao.REFRESH_PATH}?{query}")
        message = "参数错误" if status == 400 else "未开通功能，无权访问"  # noqa: RUF001 - the provider's comma
        assert said(response) == (status, message)
        assert ekuaibao.is_live(secret)

    @pytest.mark.parametrize("status", [200, 403])
    @pytest.mark.parametrize("shape", Shape)
    def test_a_refusal_has_three_shapes(self, ekuaibao: Ekuaibao, shape: Shape, status: int) -> None:
        """Those that the documents have shown, on HTTP 200 or 403."""
        ekuaibao.refusal_shape, ekuaibao.refusal_status = shape, status
        secret = ekuaibao.create_account()
        refresh(ekuaibao, secret)
        response = refresh(ekuaibao, secret)
        bodies: dict[Shape, Any] = {Shape.TOP_LEVEL: UNAUTHORISED, Shape.IN_VALUE: {"value": UNAUTHORISED}}
        body = response.content.decode() if shape is Shape.TEXT else response.json()
        assert (response.status_code, body) == (status, bodies.get(shape, "未授权"))

    def test_refusals(self, ekuaibao: Ekuaibao) -> None:
        """Of tokens that are not of one pair, and of a wrong key."""
        secret, other = ekuaibao.create_account(), ekuaibao.create_account()
        assert said(refresh(ekuaibao, {**secret, "refreshToken": other["refreshToken"]})) == (403, "未授权")
        assert said(log_in(ekuaibao, {**secret, "appSecurity": "wrong"})) == (403, "密钥无效")

    def test_a_login_lasts_two_hours_and_leaves_other_pairs_alone(self, ekuaibao: Ekuaibao, clock: Clock) -> None:
        """After them it cannot be refreshed."""
        secret = ekuaibao.create_account()
        response = log_in(ekuaibao, secret)
        assert response.json()["value"]["expireTime"] == NOW_MS + 2 * HOUR * 1_000
        assert ekuaibao.is_live(secret)
        clock.now += 2 * HOUR
        assert said(refresh(ekuaibao, renewed(secret, response))) == (403, "未授权")


class TestAllThree:
    """What they have in common."""

    def test_the_documents_endpoints(self) -> None:
        """Where a refresh and a login go."""
        assert [(kind.REFRESH_PATH, kind.LOGIN_PATH) for kind in (Mcs, FashionWorld, Ekuaibao)] == [
            ("/oauth/login/thirdpart/refresh", "/oauth/login/thirdpart"),
            ("/api/my/refresh-token", "/api/my/login"),
            ("/api/openapi/v2/auth/refreshToken/expireDate", "/api/openapi/v1/auth/getAccessToken"),
        ]

    def test_a_refresh_spends_the_old_pair(self, provider: Simulator) -> None:
        """The old tokens are refused, the new ones are current and can be refreshed."""
        secret = provider.create_account("demo")
        after = renewed(secret, refresh(provider, secret))
        assert (provider.is_live(secret), provider.is_live(after)) == (False, True)
        assert provider.current("demo").items() <= after.items()
        assert provider.current(secret) == provider.current("demo")
        assert not refresh(provider, secret).ok
        assert refresh(provider, after).ok

    def test_a_revoked_session_needs_a_login(self, provider: Simulator) -> None:
        """A refresh is refused as the documents say, a login brings new tokens; for a deleted account neither works."""
        secret = provider.create_account()
        provider.revoke(secret)
        assert provider.current(secret) == {}
        assert said(refresh(provider, secret)) == provider.DEAD_SESSION
        secret = renewed(secret, log_in(provider, secret))
        assert provider.is_live(secret)
        provider.delete_account(secret)
        assert not provider.is_live(secret)
        assert not refresh(provider, secret).ok
        assert not log_in(provider, secret).ok

    def test_only_one_of_many_at_once_gets_the_pair(self, provider: Simulator) -> None:
        """Each request acts on the state in one piece."""
        secret = provider.create_account()
        with ThreadPoolExecutor(8) as pool:
            good = [response.ok for response in pool.map(lambda _: refresh(provider, secret), range(8))]
        assert good.count(True) == 1
        assert len(provider.requests) == 8

    def test_a_secret_holds_what_was_wanted(self, provider: Simulator) -> None:
        """Tokens and login fields are each left out on request."""
        whole = provider.create_account()
        tokens, login = provider.create_account(login_fields=False), provider.create_account(tokens=False)
        assert tokens.keys() | login.keys() == whole.keys()
        assert [provider.is_live(secret) for secret in (whole, tokens, login)] == [True, True, False]

    def test_every_secret_value_is_known_and_none_is_shown(self, provider: Simulator) -> None:
        """What was in the secret, what came back, the Authorization header; a request's ``repr`` can be printed."""
        secret = provider.create_account()
        after = renewed(secret, refresh(provider, secret))
        header = provider.requests[0].headers.get("Authorization")
        assert set(secret.values()) | set(after.values()) <= provider.issued
        assert header is None or header.partition(" ")[2] in provider.issued
        shown = repr(provider.requests)
        assert "POST" in shown
        assert not [value for value in provider.issued if value in shown]

    def test_an_unknown_path_is_no_providers_error(self, provider: Simulator) -> None:
        """A wrong path or method is answered as text."""
        assert post(f"{provider.url}/elsewhere").status_code == 404
        refresh(provider, provider.create_account())
        assert requests.get(provider.url + provider.requests[-1].path, timeout=10).status_code == 405

    def test_it_starts_again_on_its_port_with_its_state(self, provider: Simulator) -> None:
        """An outage refuses connections and forgets nothing."""
        secret = provider.create_account()
        provider.stop()
        with pytest.raises(requests.ConnectionError):
            refresh(provider, secret)
        provider.start()
        assert refresh(provider, secret).ok

    def test_it_says_nothing(self, provider: Simulator, capfd: pytest.CaptureFixture[str]) -> None:
        """No request line reaches the terminal, not even a malformed one."""
        refresh(provider, provider.create_account())
        with socket.create_connection(("127.0.0.1", int(provider.url.rpartition(":")[2])), timeout=10) as connection:
            connection.sendall(b"NONSENSE ?token=shown HTTP/9\r\n\r\n")
            assert connection.recv(1_000)
        assert capfd.readouterr() == ("", "")
