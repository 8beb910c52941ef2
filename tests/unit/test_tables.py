"""Every row of the three tables, against oracles that are written from the tables and share no code with the layer.

Each oracle is the table read aloud: its conditions in the table's order, first match wins.
"""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from token_refresh.ekuaibao import EKUAIBAO
from token_refresh.fashion_world import FASHION_WORLD
from token_refresh.mcs import MCS
from token_refresh.replies import Operation
from token_refresh.transport import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from token_refresh.provider import Provider

    Oracle = Callable[[int, Any, str], str]

NOW = 1_510_213_872.070
STATUSES = range(100, 600)
# Where the meaning of a status can change, and those that providers and gateways are known for.
EDGES = (100, 199, 200, 201, 204, 299, 300, 302, 399, 400, 401, 403, 404, 422, 428, 429, 430, 499, 500, 502, 503, 599)
MISSING = object()  # a field that is left out

# Bodies that are no provider's: (what it is, the bytes)
FOREIGN = {
    "empty": b"",
    "html": b"<html><body>502 Bad Gateway</body></html>",
    "truncated": b'{"apiKey": "new-api-key", "secretKey": "new',
    "not utf-8": b"\xff\xfe{}",
    "empty object": b"{}",
    "other object": b'{"status": "ok", "error": "something"}',
    "array": b'[{"message": "apiKey not found", "errorCode": 403}]',
    "string": b'"apiKey not found"',
    "number": b"200",
    "null": b"null",
    "too deep": b'{"value": ' + b"[" * 100_000,
}


def body_of(data: bytes) -> Any:  # noqa: ANN401  # whatever JSON holds
    """Reads a body as an oracle sees it; None if it is no JSON object."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def fields(**values: object) -> dict[str, object]:
    """Returns a JSON object of the fields that are not left out."""
    return {name: value for name, value in values.items() if value is not MISSING}


def as_number(value: object) -> int | None:
    """Reads a code that may have come as a string."""
    return int(value) if isinstance(value, (int, str)) and str(value).isdigit() else None


def filled(*values: object) -> bool:
    """Tells whether all are usable tokens."""
    return all(isinstance(value, str) and value for value in values)


def mcs_oracle(status: int, body: Any, operation: str) -> str:  # noqa: ANN401, PLR0911  # JSON; a return for each row
    """Is the table of MCS."""
    body = body or {}
    yes = 200 <= status <= 299
    place = body.get("results", {}) if operation == "refresh" else body
    code, message = body.get("code"), body.get("message")
    own_shape = isinstance(message, str) or (code is not None and as_number(code) != 200)
    if yes and (code is None or as_number(code) == 200) and isinstance(place, dict):
        needed = ["access_token"] if operation == "refresh" else ["access_token", "token"]
        if filled(*(place.get(name) for name in needed)):
            return "success"
    if status == 429:
        return "busy"
    # Not in the table: every yes of MCS has a message, so a yes in an unknown shape would be taken for an error's.
    if yes and as_number(code) == 200:
        return "unreadable"
    if own_shape and "client" in str(message).lower():
        return "refused"
    if own_shape and (400 <= status <= 499 or 400 <= (as_number(code) or 0) <= 499):
        return "dead" if operation == "refresh" else "refused"
    if own_shape:
        return "busy"
    return "unreadable" if yes else "busy"


def fashion_world_oracle(status: int, body: Any, operation: str) -> str:  # noqa: ANN401  # as above
    """Is the table of Fashion World."""
    body = body or {}
    message = body.get("message")
    own_shape = isinstance(message, str) and body.get("apiKey") is None
    if 200 <= status <= 299 and filled(body.get("apiKey"), body.get("secretKey")):
        return "success"
    if status == 429:
        return "busy"
    if own_shape and message in ("apiKey not found", "invalid signature"):
        return "dead" if operation == "refresh" else "refused"
    if own_shape and message in ("user not found", "invalid authorization"):
        return "refused"
    if own_shape and 400 <= status <= 499:
        return "dead" if operation == "refresh" else "refused"
    return "unreadable" if 200 <= status <= 299 else "busy"


def ekuaibao_oracle(status: int, body: Any, operation: str) -> str:  # noqa: ANN401  # as above
    """Is the table of ekuaibao."""
    body = body or {}
    value, code = body.get("value"), body.get("errorCode")
    own_shape = code is not None and value is None
    yes = 200 <= status <= 299
    if yes and isinstance(value, dict) and filled(value.get("accessToken"), value.get("refreshToken")):
        return "success"
    if status == 429:
        return "busy"
    if own_shape and (400 <= status <= 499 or 400 <= (as_number(code) or 0) <= 499):
        return "dead" if operation == "refresh" else "refused"
    if own_shape:
        return "busy"
    return "unreadable" if yes else "busy"


def mcs_bodies() -> Iterator[dict[str, object]]:
    """Yields every combination of what each field of MCS can hold."""
    pairs: list[dict[str, object]] = [
        {"access_token": "new-access", "token": "new-user"},
        {"access_token": "new-access"},
        {"access_token": "new-access", "token": ""},
        {"access_token": "", "token": "new-user"},
        {"access_token": 7, "token": "new-user"},
        {},
    ]
    codes = [MISSING, None, 200, "200", 201, 0, 399, 400, "401", 404, 499, 500, "503", "odd"]
    messages = [
        MISSING,
        None,
        7,
        "",
        "Request has succeeded",
        "Invalid or missing client_id parameter",
        "bad CLIENT_SECRET",
        "The Client is unknown",
        "token expired",
    ]
    for code, message, tokens in product(codes, messages, pairs):
        yield fields(code=code, message=message, results=tokens)
        yield fields(code=code, message=message, **tokens)
    odd: tuple[object, ...] = (None, [], "text", 7)
    for results in odd:
        yield fields(code=200, message="Request has succeeded", results=results)


def fashion_world_bodies() -> Iterator[dict[str, object]]:
    """Yields every combination of what each field of Fashion World can hold."""
    messages = [
        MISSING,
        None,
        7,
        "",
        "apiKey not found",
        "invalid signature",
        "user not found",
        "invalid authorization",
        "internal error",
    ]
    for message, api_key, secret_key in product(messages, *[[MISSING, None, "", "new-key", 7, ["new"]]] * 2):
        yield fields(message=message, apiKey=api_key, secretKey=secret_key)


def ekuaibao_bodies() -> Iterator[dict[str, object]]:
    """Yields every combination of what each field of ekuaibao can hold."""
    values = [
        MISSING,
        None,
        "text",
        [],
        {},
        {"accessToken": "new-access"},
        {"refreshToken": "new-refresh"},
        {"accessToken": "new-access", "refreshToken": ""},
        {"accessToken": 7, "refreshToken": "new-refresh"},
        {"accessToken": "new-access", "refreshToken": "new-refresh"},
    ]
    codes = [MISSING, None, 0, 200, 399, 400, 403, "403", 429, 499, 500, "503", "odd"]
    for value, code, message in product(values, codes, [MISSING, "未授权"]):
        yield fields(value=value, errorCode=code, errorMessage=message)


# The documents' own bodies, walked through every status there is.
KNOWN = {
    "mcs": {
        "refreshed": {
            "apiVersion": "0.0.1",
            "code": 200,
            "message": "Request has succeeded",
            "results": {"access_token": "new-access", "token": "new-user", "plan": {"name": "Free plan"}},
        },
        "logged in": {"apiVersion": "0.0.1", "code": 200, "message": "ok", "token": "u", "access_token": "a"},
        "wrong app key": {
            "apiVersion": "0.0.1",
            "code": 500,
            "message": "Invalid or missing client_id parameter",
            "statusCode": 500,
            "options": {},
        },
        "wrong token": {"code": 401, "message": "token expired"},
        "wrong token, code as a string": {"code": "401", "message": "token expired"},
        "trouble": {"code": 500, "message": "something broke"},
        "yes without tokens": {"code": 200, "message": "Request has succeeded"},
        "message only": {"message": "Unauthorized"},
    },
    "fashion-world": {
        "refreshed": {"apiKey": "new-api-key", "secretKey": "new-secret-key", "userId": "u", "expireIn": 1},
        "refreshed, with a message": {"apiKey": "new-api-key", "secretKey": "new-secret-key", "message": "hello"},
        "half refreshed": {"apiKey": "new-api-key", "message": "hello"},
        **{
            message: {"message": message}
            for message in (
                "apiKey not found",
                "invalid signature",
                "user not found",
                "invalid authorization",
                "internal error",
            )
        },
    },
    "ekuaibao": {
        "refreshed": {"value": {"accessToken": "new-access", "refreshToken": "new-refresh", "expireTime": 1}},
        "half refreshed": {"value": {"accessToken": "new-access"}},
        "refused": {"errorCode": 403, "errorMessage": "未授权", "errorDetails": None, "code": None, "data": None},
        "refused, code as a string": {"errorCode": "403", "errorMessage": "未授权"},
        "refused, with an empty value": {"value": None, "errorCode": 403, "errorMessage": "未授权"},
        "trouble": {"errorCode": 500, "errorMessage": "系统错误"},
    },
}

TABLES: list[tuple[Provider, Oracle, Callable[[], Iterator[dict[str, object]]]]] = [
    (MCS, mcs_oracle, mcs_bodies),
    (FASHION_WORLD, fashion_world_oracle, fashion_world_bodies),
    (EKUAIBAO, ekuaibao_oracle, ekuaibao_bodies),
]
KNOWN_BODIES = [
    pytest.param(provider, oracle, json.dumps(body).encode(), id=f"{provider.name}-{name}")
    for provider, oracle, _ in TABLES
    for name, body in KNOWN[provider.name].items()
] + [
    pytest.param(provider, oracle, body, id=f"{provider.name}-{name}")
    for provider, oracle, _ in TABLES
    for name, body in FOREIGN.items()
]


def verdict(provider: Provider, status: int, data: bytes, operation: Operation) -> str:
    """Asks the layer what an answer means."""
    return provider.replies.read(HttpResponse(status, data), operation, NOW)[0].value


@pytest.mark.parametrize("operation", list(Operation))
@pytest.mark.parametrize(("provider", "oracle", "data"), KNOWN_BODIES)
def test_a_known_body_means_at_every_status_what_the_table_says(
    provider: Provider, oracle: Oracle, data: bytes, operation: Operation
) -> None:
    """All statuses from 100 to 599, one body of the documents or of nobody's."""
    body = body_of(data)
    expected = {status: oracle(status, body, operation.value) for status in STATUSES}
    assert expected == {status: verdict(provider, status, data, operation) for status in STATUSES}


@pytest.mark.parametrize("operation", list(Operation))
@pytest.mark.parametrize(("provider", "oracle", "bodies"), TABLES, ids=[provider.name for provider, *_ in TABLES])
def test_every_combination_of_fields_means_what_the_table_says(
    provider: Provider, oracle: Oracle, bodies: Callable[[], Iterator[dict[str, object]]], operation: Operation
) -> None:
    """Each field present, missing, empty and of a wrong type, at every status where a meaning can change."""
    for body in bodies():
        data = json.dumps(body).encode()
        expected = {status: oracle(status, body, operation.value) for status in EDGES}
        assert (body, expected) == (body, {status: verdict(provider, status, data, operation) for status in EDGES})


ROWS = [
    # provider, HTTP status, body, refresh, login: one line for each row of the tables, as a person would check it
    (MCS, 200, {"code": 200, "results": {"access_token": "a"}}, "success", "unreadable"),
    (MCS, 200, {"results": {"access_token": "a"}}, "success", "unreadable"),
    (MCS, 200, {"code": 200, "token": "u", "access_token": "a"}, "unreadable", "success"),
    (MCS, 200, {"code": 200, "access_token": "a"}, "unreadable", "unreadable"),
    (MCS, 429, {"code": 401, "message": "client"}, "busy", "busy"),
    (MCS, 500, {"code": 500, "message": "Invalid or missing client_id parameter"}, "refused", "refused"),
    (MCS, 200, {"code": 500, "message": "Invalid or missing client_id parameter"}, "refused", "refused"),
    (MCS, 401, {"message": "unauthorized"}, "dead", "refused"),
    (MCS, 500, {"code": 401, "message": "unauthorized"}, "dead", "refused"),
    (MCS, 200, {"code": "404", "message": "no such token"}, "dead", "refused"),
    (MCS, 500, {"code": 500, "message": "database down"}, "busy", "busy"),
    (MCS, 200, {"code": 500, "results": {"access_token": "a"}}, "busy", "busy"),
    (MCS, 200, {"code": 200, "message": "Request has succeeded"}, "unreadable", "unreadable"),
    (MCS, 200, {}, "unreadable", "unreadable"),
    (MCS, 403, {}, "busy", "busy"),
    (FASHION_WORLD, 201, {"apiKey": "a", "secretKey": "s"}, "success", "success"),
    (FASHION_WORLD, 429, {"message": "apiKey not found"}, "busy", "busy"),
    (FASHION_WORLD, 404, {"message": "apiKey not found"}, "dead", "refused"),
    (FASHION_WORLD, 200, {"message": "apiKey not found"}, "dead", "refused"),
    (FASHION_WORLD, 400, {"message": "invalid signature"}, "dead", "refused"),
    (FASHION_WORLD, 404, {"message": "user not found"}, "refused", "refused"),
    (FASHION_WORLD, 400, {"message": "invalid authorization"}, "refused", "refused"),
    (FASHION_WORLD, 403, {"message": "something new"}, "dead", "refused"),
    (FASHION_WORLD, 200, {"message": "something new"}, "unreadable", "unreadable"),
    (FASHION_WORLD, 200, {"apiKey": "a"}, "unreadable", "unreadable"),
    (FASHION_WORLD, 500, {"message": "something new"}, "busy", "busy"),
    (FASHION_WORLD, 404, {"error": "no route"}, "busy", "busy"),
    (EKUAIBAO, 200, {"value": {"accessToken": "a", "refreshToken": "r"}}, "success", "success"),
    (EKUAIBAO, 429, {"errorCode": 403}, "busy", "busy"),
    (EKUAIBAO, 200, {"errorCode": 403, "errorMessage": "未授权"}, "dead", "refused"),
    (EKUAIBAO, 403, {"errorCode": 1, "errorMessage": "未授权"}, "dead", "refused"),
    (EKUAIBAO, 200, {"errorCode": "403"}, "dead", "refused"),
    (EKUAIBAO, 200, {"errorCode": 500}, "busy", "busy"),
    (EKUAIBAO, 200, {"value": {"accessToken": "a"}}, "unreadable", "unreadable"),
    (EKUAIBAO, 200, {"value": {"accessToken": "a"}, "errorCode": 403}, "unreadable", "unreadable"),
    (EKUAIBAO, 403, {"message": "Forbidden"}, "busy", "busy"),
    (EKUAIBAO, 502, {}, "busy", "busy"),
]


@pytest.mark.parametrize(("provider", "status", "body", "refresh", "login"), ROWS)
def test_a_row(provider: Provider, status: int, body: dict[str, object], refresh: str, login: str) -> None:
    """One row of a table, written out: the oracles could be wrong together with the layer."""
    data = json.dumps(body).encode()
    actual = verdict(provider, status, data, Operation.REFRESH), verdict(provider, status, data, Operation.LOGIN)
    assert (refresh, login) == actual
