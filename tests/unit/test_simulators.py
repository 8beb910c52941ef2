"""The simulators obey the providers' documents: what the other tests stand on."""

from __future__ import annotations

import base64
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import requests

from tests.support.providers import FORM, caa
from tests.support.simulators import Ekuaibao, FashionWorld, Mcs, Simulator
from tests.support.simulators.client import NOW_MS, log_in, post, refresh, refresh_ekuaibao, renewed
from tests.support.simulators.ekuaibao import Shape
from tests.support.simulators.fashion_world import parse_authorization, sign, signed_text

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = 3_600.0
DAY = 24 * HOUR

MCS_APP = "BuMgS2MPK5Z6nqWhVsyV", "o1uBjWTzuqbaMnQzSmDp5UhR6M33NOhb3YL0b1YK"
MCS_BASIC = "QnVNZ1MyTVBLNVo2bnFXaFZzeVY6bzF1QmpXVHp1cWJhTW5RelNtRHA1VWhSNk0zM05PaGIzWUwwYjFZSw=="


@dataclass
class Clock:
    """A clock that moves when told."""

    now: float = NOW_MS / 1_000

    def __call__(self) -> float:
        """Returns epoch seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at the documents' example."""
    return Clock()


@pytest.fixture
def mcs(clock: Clock) -> Iterator[Mcs]:
    """A running MCS."""
    with Mcs(clock=clock) as provider:
        yield provider


@pytest.fixture
def fashion_world(clock: Clock) -> Iterator[FashionWorld]:
    """A running Fashion World."""
    with FashionWorld(clock=clock) as provider:
        yield provider


@pytest.fixture
def ekuaibao(clock: Clock) -> Iterator[Ekuaibao]:
    """A running ekuaibao."""
    with Ekuaibao(clock=clock) as provider:
        yield provider


# ---- MCS ----------------------------------------------------------------------------------------------------


def test_mcs_accepts_the_documents_basic_credentials(mcs: Mcs) -> None:
    """The documents' app key, secret and Base64 text belong together."""
    secret = mcs.create_account(app_key=MCS_APP[0], app_secret=MCS_APP[1])

    response = post(
        mcs.url + "/oauth/login/thirdpart/refresh",
        headers={"Authorization": f"Basic {MCS_BASIC}"},
        json={"token": secret["token"]},
    )

    assert response.status_code == 200


def test_mcs_answers_a_refresh_in_the_documents_shape(mcs: Mcs) -> None:
    """The reply has the fields of the documents' example, in their order."""
    document = refresh(mcs, mcs.create_account()).json()

    assert list(document) == ["apiVersion", "code", "message", "results"]
    assert (document["apiVersion"], document["code"]) == ("0.0.1", 200)
    assert list(document["results"]) == [
        "access_token",
        "userImageURL",
        "timezone",
        "email",
        "nickname",
        "language",
        "plan",
        "token",
    ]


@pytest.mark.parametrize(
    "header",
    [None, MCS_BASIC, f"Basic {MCS_BASIC[:-4]}", "Basic ?", f"Bearer {MCS_BASIC}"],
    ids=["none", "without the word Basic", "another secret", "not Base64", "another scheme"],
)
def test_mcs_answers_500_for_a_wrong_app(mcs: Mcs, header: str | None) -> None:
    """A wrong app key is an HTTP 500, byte for byte the documents' example."""
    secret = mcs.create_account(app_key=MCS_APP[0], app_secret=MCS_APP[1])
    headers = {} if header is None else {"Authorization": header}

    response = post(mcs.url + "/oauth/login/thirdpart/refresh", headers=headers, json={"token": secret["token"]})

    assert response.status_code == 500
    assert response.json() == {
        "apiVersion": "0.0.1",
        "code": 500,
        "message": "Invalid or missing client_id parameter",
        "statusCode": 500,
        "options": {},
    }
    assert mcs.is_live(secret)


def test_mcs_login_answers_at_the_top_level(mcs: Mcs) -> None:
    """A login's tokens are not under ``results``."""
    secret = mcs.create_account(tokens=False)

    document = log_in(mcs, secret).json()

    assert list(document) == ["apiVersion", "code", "message", "token", "access_token"]


def test_mcs_user_token_lives_two_weeks_and_access_token_an_hour(mcs: Mcs, clock: Clock) -> None:
    """The lifetimes are the documents'."""
    account = mcs.create_account(tokens=False)
    secret = renewed(account, log_in(mcs, account))

    clock.now += HOUR - 1
    assert mcs.accepts_access_token(secret)
    clock.now += 1
    assert not mcs.accepts_access_token(secret)
    clock.now += 14 * DAY - HOUR - 1
    assert mcs.is_live(secret)
    clock.now += 1
    assert not mcs.is_live(secret)
    assert refresh(mcs, secret).status_code == refresh(mcs, secret).json()["code"] == 401


def test_mcs_may_return_the_same_user_token(mcs: Mcs) -> None:
    """Without rotation the token comes back unchanged and stays good."""
    mcs.rotates = False
    secret = mcs.create_account()

    after = renewed(secret, refresh(mcs, secret))

    assert after["token"] == secret["token"]
    assert mcs.is_live(secret)


def test_mcs_refuses_another_apps_token(mcs: Mcs) -> None:
    """A user token is good for its own app only."""
    secret, other = mcs.create_account(), mcs.create_account()

    assert refresh(mcs, {**secret, "token": other["token"]}).status_code == 401


def test_mcs_refuses_a_body_that_is_not_declared_json(mcs: Mcs) -> None:
    """A token sent as a form is no token."""
    secret = mcs.create_account()
    app = secret["appKey"], secret["appSecret"]

    response = post(mcs.url + "/oauth/login/thirdpart/refresh", auth=app, data={"token": secret["token"]})

    assert response.status_code == response.json()["code"] == 400


# ---- Fashion World ------------------------------------------------------------------------------------------


def test_fashion_world_signs_as_documented() -> None:
    """The documents' test vector comes out."""
    text = signed_text(
        "user:personal-profile",
        "SzggU8dj2xcegXfZVx1ucm/hKgre8DIckHPoxkkn+n0=",
        "fz/THFXY6gbW7eWh+qKtefvgY49IR2W4v6lpTNimsd0=",
        "1494908261599",
    )

    assert sign(text) == "VHTnYjscONrGXMumaGChvV+Q+Xo="


def test_fashion_world_reads_the_documents_header() -> None:
    """The documents' example header decodes into its three parts."""
    header = (
        "Caa N1QrTys5S01TbW0vL1Qrbi9yYlJrbkYxNzlFU3VaTGVTUXc0Ky96OHQ2ND06UytxZHBrbmZBS0l3WGY0YWFxdWNxd1Nsb1Nz"
        "PSAxNTEwMjEzODcyMDcw"
    )

    assert parse_authorization(header) == (
        "7T+O+9KMSmm//T+n/rbRknF179ESuZLeSQw4+/z8t64=",
        "S+qdpknfAKIwXf4aaqucqwSloSs=",
        "1510213872070",
    )


def test_fashion_world_answers_in_the_documents_shape(fashion_world: FashionWorld) -> None:
    """``expireIn`` is an instant three days ahead; the user object has a password hash."""
    document = refresh(fashion_world, fashion_world.create_account()).json()

    assert list(document) == ["apiKey", "secretKey", "userId", "expireIn", "user"]
    assert document["expireIn"] == NOW_MS + 3 * 24 * 3_600 * 1_000
    assert document["user"]["_id"] == document["userId"]
    assert document["user"]["password"] in fashion_world.issued


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Caa",
        "Caa ?",
        "Caa " + base64.b64encode(b"key:signature 151021387207").decode(),
        "Caa " + base64.b64encode(b"key:signature1510213872070").decode(),
        "Basic " + base64.b64encode(b"key:signature 1510213872070").decode(),
    ],
)
def test_fashion_world_refuses_a_malformed_header(fashion_world: FashionWorld, header: str | None) -> None:
    """Anything but ``Caa base64(key:signature timestamp)`` is an invalid authorization."""
    headers = {"Content-Type": FORM} | ({} if header is None else {"Authorization": header})

    response = post(fashion_world.url + "/api/my/refresh-token", headers=headers)

    assert (response.status_code, response.json()) == (400, {"message": "invalid authorization"})


@pytest.mark.parametrize("offset_ms", [-300_001, 300_001])
def test_fashion_world_refuses_a_clock_more_than_five_minutes_off(fashion_world: FashionWorld, offset_ms: int) -> None:
    """Early or late, the signature is invalid and the pair lives on."""
    secret = fashion_world.create_account()
    header = caa(secret["apiKey"], secret["secretKey"], NOW_MS + offset_ms)

    response = post(
        fashion_world.url + "/api/my/refresh-token", headers={"Authorization": header, "Content-Type": FORM}
    )

    assert (response.status_code, response.json()) == (400, {"message": "invalid signature"})
    assert fashion_world.is_live(secret)


@pytest.mark.parametrize("offset_ms", [-300_000, 300_000])
def test_fashion_world_accepts_a_clock_five_minutes_off(fashion_world: FashionWorld, offset_ms: int) -> None:
    """Five minutes are within the tolerance."""
    secret = fashion_world.create_account()
    header = caa(secret["apiKey"], secret["secretKey"], NOW_MS + offset_ms)

    response = post(
        fashion_world.url + "/api/my/refresh-token", headers={"Authorization": header, "Content-Type": FORM}
    )

    assert response.status_code == 200


def test_fashion_world_refuses_another_secret_key(fashion_world: FashionWorld) -> None:
    """A key signed with another key's secret has an invalid signature."""
    secret = fashion_world.create_account()

    response = refresh(fashion_world, {**secret, "secretKey": "another"})

    assert (response.status_code, response.json()) == (400, {"message": "invalid signature"})


def test_fashion_world_forgets_an_expired_key(fashion_world: FashionWorld, clock: Clock) -> None:
    """After three days the key is not found."""
    secret = fashion_world.create_account()
    clock.now += 3 * DAY

    response = refresh(fashion_world, secret)

    assert (response.status_code, response.json()) == (404, {"message": "apiKey not found"})


def test_fashion_world_does_not_find_a_user_who_is_gone(fashion_world: FashionWorld) -> None:
    """The session of a deleted user, and the user's login, say ``user not found``."""
    secret = fashion_world.create_account()
    fashion_world.delete_account(secret)

    for response in refresh(fashion_world, secret), log_in(fashion_world, secret):
        assert (response.status_code, response.json()) == (404, {"message": "user not found"})


def test_fashion_world_login_ends_the_previous_session(fashion_world: FashionWorld) -> None:
    """One user has one session."""
    secret = fashion_world.create_account()

    after = renewed(secret, log_in(fashion_world, secret))

    assert not fashion_world.is_live(secret)
    assert fashion_world.is_live(after)


@pytest.mark.parametrize("content_type", [None, "application/json"])
def test_fashion_world_wants_the_documented_content_type(fashion_world: FashionWorld, content_type: str | None) -> None:
    """A refresh without the documented content type is refused."""
    secret = fashion_world.create_account()
    header = caa(secret["apiKey"], secret["secretKey"], NOW_MS)
    headers = {"Authorization": header} | ({"Content-Type": content_type} if content_type else {})

    assert post(fashion_world.url + "/api/my/refresh-token", headers=headers).status_code == 400


# ---- ekuaibao -----------------------------------------------------------------------------------------------


def test_ekuaibao_answers_in_the_documents_shape(ekuaibao: Ekuaibao) -> None:
    """The pair is under ``value`` and lives as many days as asked for."""
    secret = ekuaibao.create_account()
    tokens = {name: secret[name] for name in ("accessToken", "refreshToken")}

    document = refresh_ekuaibao(ekuaibao, {**tokens, "expireDate": "7", "powerCode": "219904"}).json()

    assert list(document) == ["value"]
    assert list(document["value"]) == ["accessToken", "refreshToken", "expireTime", "corporationId"]
    assert document["value"]["expireTime"] == NOW_MS + 7 * 24 * 3_600 * 1_000


def test_ekuaibao_tokens_need_encoding(ekuaibao: Ekuaibao) -> None:
    """Tokens hold the characters that trip up naive URL building, and a naive URL is refused."""
    secret = ekuaibao.create_account()

    assert all(character in secret["accessToken"] for character in ":+&%=")
    naive = f"accessToken={secret['accessToken']}&refreshToken={secret['refreshToken']}"
    path = f"/api/openapi/v2/auth/refreshToken/expireDate?{naive}&expireDate=1&powerCode=219904"
    assert post(ekuaibao.url + path).status_code == 400
    assert refresh(ekuaibao, secret).status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accessToken", None),
        ("refreshToken", None),
        ("expireDate", None),
        ("expireDate", ""),
        ("expireDate", "null"),
        ("expireDate", "0"),
        ("powerCode", None),
        ("powerCode", "219905"),
    ],
)
def test_ekuaibao_wants_all_four_parameters(ekuaibao: Ekuaibao, name: str, value: str | None) -> None:
    """A parameter that is missing or wrong is refused and spends nothing."""
    secret = ekuaibao.create_account()
    given = {
        "accessToken": secret["accessToken"],
        "refreshToken": secret["refreshToken"],
        "expireDate": "1",
        "powerCode": "219904",
        name: value,
    }

    response = refresh_ekuaibao(ekuaibao, {key: text for key, text in given.items() if text is not None})

    assert (response.status_code, response.json()["errorCode"]) == (400, 400)
    assert ekuaibao.is_live(secret)


def test_ekuaibao_refuses_a_spent_pair_with_the_documents_body(ekuaibao: Ekuaibao) -> None:
    """The refusal is the documents' example."""
    secret = ekuaibao.create_account()
    refresh(ekuaibao, secret)

    response = refresh(ekuaibao, secret)

    assert response.status_code == 403
    assert response.json() == {
        "errorCode": 403,
        "errorMessage": "未授权",
        "errorDetails": None,
        "code": None,
        "data": None,
    }


def test_ekuaibao_refuses_a_mixed_pair(ekuaibao: Ekuaibao) -> None:
    """Both tokens must be of the same pair."""
    secret, other = ekuaibao.create_account(), ekuaibao.create_account()

    assert refresh(ekuaibao, {**secret, "refreshToken": other["refreshToken"]}).status_code == 403


def test_ekuaibao_licence_may_cut_the_days(ekuaibao: Ekuaibao) -> None:
    """What remains of the licence is all that a refresh can give."""
    ekuaibao.licence_days = 0.5

    document = refresh(ekuaibao, ekuaibao.create_account()).json()

    assert document["value"]["expireTime"] == NOW_MS + 12 * 3_600 * 1_000


def test_ekuaibao_login_lasts_two_hours_and_leaves_other_pairs_alone(ekuaibao: Ekuaibao, clock: Clock) -> None:
    """A login adds a pair; after two hours it cannot be refreshed."""
    secret = ekuaibao.create_account()
    response = log_in(ekuaibao, secret)

    assert response.json()["value"]["expireTime"] == NOW_MS + 2 * 3_600 * 1_000
    assert ekuaibao.is_live(secret)
    clock.now += 2 * HOUR
    assert refresh(ekuaibao, renewed(secret, response)).status_code == 403


# ---- all three ----------------------------------------------------------------------------------------------


@pytest.fixture(params=[Mcs, FashionWorld, Ekuaibao])
def provider(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Simulator]:
    """Each provider in turn, running."""
    kind: type[Simulator] = request.param
    with kind(clock=clock) as simulator:
        yield simulator


def test_refresh_spends_the_old_pair(provider: Simulator) -> None:
    """The old tokens are refused, the new ones are current and can be refreshed."""
    secret = provider.create_account("demo")

    after = renewed(secret, refresh(provider, secret))

    assert not provider.is_live(secret)
    assert provider.is_live(after)
    assert provider.current("demo").items() <= after.items()
    assert provider.current(secret) == provider.current("demo")
    assert not refresh(provider, secret).ok
    assert refresh(provider, after).ok


def test_revoked_session_needs_a_login(provider: Simulator) -> None:
    """A refresh is refused as the documents say, a login brings new tokens."""
    secret = provider.create_account()
    provider.revoke(secret)

    assert provider.current(secret) == {}
    assert refresh(provider, secret).status_code == provider.DEAD_SESSION[0]
    assert provider.is_live(renewed(secret, log_in(provider, secret)))


def test_deleted_account_cannot_log_in(provider: Simulator) -> None:
    """Neither way works any more."""
    secret = provider.create_account()
    provider.delete_account(secret)

    assert not refresh(provider, secret).ok
    assert not log_in(provider, secret).ok


def test_wrong_password_is_refused(provider: Simulator) -> None:
    """A login with any field wrong is refused."""
    secret = provider.create_account(tokens=False)

    assert not log_in(provider, dict.fromkeys(secret, "wrong")).ok


def test_only_one_of_many_at_once_gets_the_pair(provider: Simulator) -> None:
    """Each request acts on the state in one piece."""
    secret = provider.create_account()

    with ThreadPoolExecutor(8) as pool:
        good = [response.ok for response in pool.map(lambda _: refresh(provider, secret), range(8))]

    assert good.count(True) == 1
    assert len(provider.requests) == 8


def test_secret_holds_what_was_wanted(provider: Simulator) -> None:
    """Tokens and login fields are each left out on request."""
    whole = provider.create_account()
    tokens = provider.create_account(login_fields=False)
    login = provider.create_account(tokens=False)

    assert tokens.keys() | login.keys() == whole.keys()
    assert provider.is_live(whole)
    assert provider.is_live(tokens)
    assert not provider.is_live(login)


def test_issued_knows_every_secret_value(provider: Simulator) -> None:
    """What was in the secret and what came back is all known; so is the Authorization header."""
    secret = provider.create_account()
    after = renewed(secret, refresh(provider, secret))
    header = provider.requests[0].headers.get("Authorization")

    assert set(secret.values()) | set(after.values()) <= provider.issued
    assert header is None or header.partition(" ")[2] in provider.issued


def test_the_time_beside_a_signature_is_no_secret(fashion_world: FashionWorld) -> None:
    """A log line of the same millisecond shows it too; the key and the signature beside it are secrets."""
    secret = fashion_world.create_account()
    refresh(fashion_world, secret)
    spoken = base64.b64decode(fashion_world.requests[0].headers["Authorization"].partition(" ")[2]).decode()

    assert {*spoken.replace(":", " ").split()} - fashion_world.issued == {str(NOW_MS)}


def test_record_shows_no_credential(provider: Simulator) -> None:
    """A received request's ``repr`` can be printed."""
    secret = provider.create_account()
    refresh(provider, secret)

    shown = repr(provider.requests)

    assert "POST" in shown
    assert not [value for value in provider.issued if value in shown]


def test_unknown_path_is_no_providers_error(provider: Simulator) -> None:
    """A wrong path or method is answered as text."""
    secret = provider.create_account()

    assert post(provider.url + "/elsewhere").status_code == 404
    refresh(provider, secret)
    path = provider.requests[-1].path
    assert requests.get(provider.url + path, timeout=10).status_code == 405


def test_starts_again_on_its_port_with_its_state(provider: Simulator) -> None:
    """An outage refuses connections and forgets nothing."""
    secret = provider.create_account()
    provider.stop()

    with pytest.raises(requests.ConnectionError):
        refresh(provider, secret)
    provider.start()
    assert refresh(provider, secret).ok


def test_says_nothing(provider: Simulator, capfd: pytest.CaptureFixture[str]) -> None:
    """No request line reaches the terminal, not even a malformed one."""
    refresh(provider, provider.create_account())
    with socket.create_connection(("127.0.0.1", int(provider.url.rpartition(":")[2])), timeout=10) as connection:
        connection.sendall(b"NONSENSE ?token=shown HTTP/9\r\n\r\n")
        assert connection.recv(1_000)

    assert capfd.readouterr() == ("", "")


# ---- what the documents say elsewhere, on request -----------------------------------------------------------


def test_fashion_world_login_may_return_the_living_pair(fashion_world: FashionWorld, clock: Clock) -> None:
    """With its old expiry, as the published server does; once it is over, a login makes a new one."""
    fashion_world.login_returns_living_pair = True
    secret = fashion_world.create_account()
    clock.now += 2 * DAY

    document = log_in(fashion_world, secret).json()

    assert {name: document[name] for name in ("apiKey", "secretKey")}.items() <= secret.items()
    assert document["expireIn"] == NOW_MS + 3 * 24 * 3_600 * 1_000
    clock.now += DAY
    assert fashion_world.is_live(renewed(secret, log_in(fashion_world, secret)))


def test_mcs_may_refuse_with_the_texts_of_its_oauth_library(mcs: Mcs, clock: Clock) -> None:
    """All of them on HTTP 500."""
    mcs.library_errors = True
    secret = mcs.create_account()
    answers = [refresh(mcs, {**secret, "token": "wrong"}), log_in(mcs, {**secret, "password": "wrong"})]
    clock.now += 14 * DAY
    answers.append(refresh(mcs, secret))

    assert [(answer.status_code, answer.json()["code"], answer.json()["message"]) for answer in answers] == [
        (500, 500, "Invalid refresh token"),
        (500, 500, "User credentials are invalid"),
        (500, 500, "Refresh token has expired"),
    ]


@pytest.mark.parametrize("status", [200, 403])
@pytest.mark.parametrize("shape", Shape)
def test_ekuaibao_refuses_in_three_shapes(ekuaibao: Ekuaibao, shape: Shape, status: int) -> None:
    """Those that its documents have shown, on HTTP 200 or 403."""
    ekuaibao.refusal_shape, ekuaibao.refusal_status = shape, status
    secret = ekuaibao.create_account()
    ekuaibao.revoke(secret)

    response = refresh(ekuaibao, secret)

    error = {"errorCode": 403, "errorMessage": "未授权", "errorDetails": None, "code": None, "data": None}
    bodies = {Shape.TOP_LEVEL: error, Shape.IN_VALUE: {"value": error}}
    body = response.content.decode() if shape is Shape.TEXT else response.json()
    assert (response.status_code, body) == (status, bodies.get(shape, "未授权"))
