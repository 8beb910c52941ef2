"""What each provider's answers mean: the tables, text by text, status by status, for a refresh and for a login."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from token_refresh.ekuaibao import EKUAIBAO
from token_refresh.fashion_world import FASHION_WORLD
from token_refresh.mcs import MCS
from token_refresh.replies import Operation, Verdict
from token_refresh.transport import HttpResponse

if TYPE_CHECKING:
    from token_refresh.provider import Provider

NOW = 1_510_213_872.070
PROVIDERS = {"mcs": MCS, "fashion-world": FASHION_WORLD, "ekuaibao": EKUAIBAO}
S, D, R, B, C, U = (
    Verdict.SUCCESS,
    Verdict.DEAD,
    Verdict.REFUSED,
    Verdict.BUSY,
    Verdict.UNCLEAR,
    Verdict.UNREADABLE,
)


def mcs(code: object, message: object = "x", **more: object) -> dict[str, object]:
    """Returns an error in MCS's own shape."""
    return {"apiVersion": "0.0.1", "code": code, "message": message, "statusCode": code, "options": {}, **more}


def ekuaibao(code: object, message: object = "x", **more: object) -> dict[str, object]:
    """Returns an error in ekuaibao's own shape."""
    return {"errorCode": code, "errorMessage": message, "errorDetails": None, "code": None, "data": None, **more}


def within(error: dict[str, object]) -> dict[str, object]:
    """Returns an error as the login page showed it: inside `value`."""
    return {"value": error}


def in_many_ways(said: str) -> list[bytes]:
    """Returns a plain text as different servers send it."""
    ways = [
        said.encode(),
        said.encode("gbk"),
        said.encode("utf-16"),
        f'"{said}"'.encode(),
        f"\ufeff {said}\n\0".encode(),
    ]
    return [*ways, said.encode("gbk") + b"\r\n"]


PATH = "Path `password` (`dummy-pass`) is invalid"
PAGE = b"<html><body>hello</body></html>"
CUT = b'{"value": {"accessToken": "new-acc'
NO_FEATURE = "未开通功能，无权访问"  # noqa: RUF001  # the provider's own comma
TABLES: dict[str, list[tuple[int, Any, Verdict, Verdict]]] = {
    "mcs": [
        # HTTP status, body, what it means at a refresh, at a login
        (200, {"code": 200, "results": {"access_token": "a", "token": "t"}}, S, U),
        (200, {"code": 200, "results": {"access_token": "a"}}, S, U),
        (200, {"code": 200, "results": {"access_token": "a", "token": ""}}, S, U),
        (200, {"results": {"access_token": "a", "token": "t"}}, S, U),
        (201, {"code": "200", "results": {"access_token": "a"}}, S, U),
        (200, {"code": 200, "token": "t", "access_token": "a"}, U, S),
        (200, {"code": 200, "access_token": "a"}, U, U),
        (200, {"code": 200, "message": "Request has succeeded"}, U, U),
        (200, {"message": "x"}, U, U),
        (500, mcs(500, "Invalid or missing client_id parameter"), R, R),
        (500, mcs(500, "Missing client_secret parameter"), R, R),
        (400, mcs(400, "Client credentials are invalid"), R, R),
        (401, mcs(401, "CLIENT CREDENTIALS are invalid"), R, R),
        (200, mcs(500, "Client credentials are invalid"), R, R),
        (503, mcs(503, "Client credentials are invalid"), B, B),
        (404, mcs(404, "Client credentials are invalid"), C, C),
        (503, {"message": "upstream http client timed out"}, B, B),
        (500, mcs(500, "upstream http client timed out"), C, C),
        (500, mcs(500, "User credentials are invalid"), C, R),
        (500, mcs(500, "Invalid refresh token"), D, R),
        (500, mcs(500, "Refresh token has expired"), D, R),
        (400, mcs(400, "Refresh token has expired"), D, R),
        (200, mcs(500, "Refresh token has expired"), D, R),
        (502, mcs(502, "Refresh token has expired"), B, B),
        (401, mcs(401, "anything"), D, R),
        (403, mcs(403, "anything"), D, R),
        (200, mcs(401, "anything"), D, R),
        (200, mcs("403", "anything"), D, R),
        (400, mcs(400, "anything"), C, R),
        (402, mcs(402, "anything"), C, R),
        (404, mcs(404, "anything"), C, C),
        (500, mcs(500, "anything"), C, C),
        (500, mcs(500, None), C, C),
        (200, mcs(500, "anything"), C, C),
        (200, mcs(500, "anything", extra=1), U, U),
        (200, mcs(429, "slow down"), B, B),
        (200, mcs(503, "later"), B, B),
        (400, mcs(408, "later"), B, B),
        (200, mcs(1002, "later"), B, B),
        (500, {"message": "x"}, B, B),
        (401, {"message": "x"}, D, R),
        (403, {"message": "Forbidden"}, C, C),
    ],
    "fashion-world": [
        (200, {"apiKey": "a", "secretKey": "s"}, S, S),
        (200, {"apiKey": "a", "secretKey": "s", "message": "x", "expireIn": "soon"}, S, S),
        (200, {"apiKey": "a", "secretKey": ""}, U, U),
        (200, {"message": "maintenance"}, C, C),
        (200, {"message": "maintenance", "data": {}}, U, U),
        (400, {"message": "invalid authorization"}, R, R),
        (404, {"message": "User Not Found "}, R, R),
        (404, {"message": "apiKey not found"}, D, R),
        (200, {"message": "apiKey not found"}, D, R),
        (400, {"message": "invalid signature"}, D, R),
        (500, {"message": "apiKey not found"}, B, B),
        (503, {"message": "user not found"}, B, B),
        (400, {"message": PATH}, C, R),
        (400, {"message": "Path is invalid"}, C, C),
        (401, {"message": "anything"}, D, R),
        (403, {"message": "Forbidden"}, C, C),
        (400, {"message": "anything"}, C, C),
        (404, {"message": "Not Found"}, C, C),
        (404, {"message": "x", "apiKey": "a"}, C, C),
    ],
    "ekuaibao": [
        (200, {"value": {"accessToken": "a", "refreshToken": "r"}}, S, S),
        (200, {"value": {"accessToken": "a", "refreshToken": "r"}, "errorCode": None}, S, S),
        (200, {"value": {"accessToken": "a"}}, U, U),
        (403, ekuaibao(403, "未授权"), D, R),
        (200, ekuaibao(403, "未授权"), D, R),
        (200, ekuaibao("403", "未授权"), D, R),
        (403, within(ekuaibao(403, "密钥无效")), D, R),
        (200, within(ekuaibao(403, "密钥无效")), D, R),
        (403, "未授权".encode(), D, R),
        (200, "未授权\n".encode(), D, R),
        (400, "密钥无效".encode(), D, R),
        (503, "未授权".encode(), B, B),
        (403, ekuaibao(403, NO_FEATURE), R, R),
        (403, NO_FEATURE.encode(), R, R),
        (400, ekuaibao(400, "请求过于频繁"), B, B),
        (200, ekuaibao(429, "x"), B, B),
        (200, within(ekuaibao(429, "x")), B, B),
        (200, ekuaibao(500, "x"), B, B),
        (500, ekuaibao(500, "x"), B, B),
        (500, ekuaibao(403, "未授权"), B, B),
        (400, ekuaibao(400, "参数错误"), C, C),
        (200, ekuaibao(400, "参数错误"), C, C),
        (200, ekuaibao(400, "参数错误", token="t"), U, U),
        (200, {"value": {"errorCode": 400, "errorMessage": "x", "token": "t"}}, U, U),
        (200, ekuaibao("E1", "x"), C, C),
        (401, ekuaibao(401, "x"), D, R),
        (403, {"message": "Forbidden"}, C, C),
        (200, {"value": None}, U, U),
        *((403, data, D, R) for data in in_many_ways("未授权")),
        *((403, data, R, R) for data in in_many_ways(NO_FEATURE)),
        *(
            (status, data, B, B)
            for status in (200, 400, 403)
            for data in in_many_ways("请求过于频繁")
            if data[:1] != b'"'
        ),
        (403, "未开通功能,无权访问".encode(), R, R),
        (403, "查无此人".encode(), C, C),
        (403, json.dumps(ekuaibao(403, NO_FEATURE), ensure_ascii=False).encode("gbk"), R, R),
        (400, json.dumps(ekuaibao(400, "请求频繁"), ensure_ascii=False).encode("gbk"), B, B),
        (200, ekuaibao("403.0", "未授权"), D, R),
        (200, ekuaibao("4_03", "未授权"), C, C),
    ],
}
# Of any provider: bodies that are not its own.
FOREIGN: list[tuple[int, bytes, Verdict, Verdict]] = [
    *((status, b"", B, B) for status in (408, 425, 429, 500, 502, 503, 504, 599)),
    *((status, PAGE, C, C) for status in (200, 204, 301, 302, 307, 400, 402, 403, 404, 405, 499)),
    *((status, b"", C, C) for status in (200, 204, 302, 400, 403, 404)),
    *((status, b"ok", C, C) for status in (200, 404)),
    (401, b"", D, R),
    (401, PAGE, D, R),
    (500, PAGE, B, B),
    (200, CUT, U, U),
    (200, b"[1]", U, U),
    (200, b'"text"', U, U),
    (200, b"{}", U, U),
    (200, b"\x1f\x8b\x08\x00\xff\xfe", U, U),
    (200, b"\xef\xbb\xbf<html>", C, C),
    (200, "<html>登录</html>".encode("gbk"), C, C),
    (200, "<html>登录</html>".encode("utf-16"), C, C),
    *((200, f"\n<html>{odd}</html>".encode(), C, C) for odd in "\u200b\ue001\u00ad\0\x1b"),
    (200, "系统维护".encode("gbk"), C, C),
    (200, "系统维护".encode("gbk")[:-1], C, C),
    (200, "下周一维护 \U0001f468\u200d\U0001f4bb".encode(), C, C),
    (200, b'Warning: slow\n{"token": "new"}', U, U),
    (200, b'callback({"token": "new"});', U, U),
    (200, bytes(range(256)), U, U),
]
CASES = [
    pytest.param(name, *case, id=f"{name}-{number}")
    for name, rows in TABLES.items()
    for number, case in enumerate([*rows, *FOREIGN])
]


def read(provider: Provider, status: int, body: object, operation: Operation) -> Verdict:
    """Reads an answer."""
    data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return provider.replies.read(HttpResponse(status, data), operation, NOW)[0]


@pytest.mark.parametrize(("name", "status", "body", "at_refresh", "at_login"), CASES)
def test_the_tables(name: str, status: int, body: object, at_refresh: Verdict, at_login: Verdict) -> None:
    """Each documented text, each shape, at a refresh and at a login."""
    meanings = [read(PROVIDERS[name], status, body, operation) for operation in Operation]
    assert meanings == [at_refresh, at_login]


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_every_status_of_a_stranger(provider: Provider) -> None:
    """A page that is not the provider's own, with every HTTP status."""

    def wanted(status: int) -> list[Verdict]:
        if status == 401:
            return [D, R]
        return [B, B] if status in {408, 425, 429} or status >= 500 or status < 200 else [C, C]

    statuses = range(100, 600)
    meanings = {status: [read(provider, status, PAGE, operation) for operation in Operation] for status in statuses}
    assert meanings == {status: wanted(status) for status in statuses}


@pytest.mark.parametrize("name", PROVIDERS)
def test_an_encoding_that_is_broken_in_a_field_that_nobody_uses(name: str) -> None:
    """GBK, half a character: the tokens are found. In a token itself nothing can be trusted."""
    place = {
        "mcs": b'{"code":200,"message":"%s","results":{"access_token":"%s","token":"t"}}',
        "fashion-world": b'{"user":"%s","apiKey":"%s","secretKey":"s"}',
        "ekuaibao": b'{"name":"%s","value":{"accessToken":"%s","refreshToken":"r"}}',
    }[name]
    for broken in ("合思".encode("gbk"), "思".encode()[:2]):
        assert read(PROVIDERS[name], 200, place % (broken, b"a"), Operation.REFRESH) is S
        assert read(PROVIDERS[name], 200, place % (b"x", broken), Operation.REFRESH) is U
    assert read(PROVIDERS[name], 200, b"\xef\xbb\xbf" + place % (b"x", b"a"), Operation.REFRESH) is S
