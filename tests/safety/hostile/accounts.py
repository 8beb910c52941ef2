"""A secret and a good answer for each provider, of dummies that are hard to hide: signs that every encoder escapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.clock import DAY, START

if TYPE_CHECKING:
    from collections.abc import Mapping

OTHER: dict[str, Any] = {"note": 'kept "as is" \u5408\u601d', "nested": {"a": [1, 2.5, None, True]}, "": ""}
EXPIRY_MS = int((START + 30 * DAY) * 1000)

REFRESHES: dict[str, dict[str, Any]] = {
    "mcs": {"appKey": "dummyAppKey0001", "appSecret": "dummy/App+Secret=02", "token": "dummy user token & 003"},
    "fashion-world": {"apiKey": "/dummyApiKey+0001/x==", "secretKey": "+dummySecretKey/0002=="},
    "ekuaibao": {"accessToken": 'dummy:access"token%0001', "refreshToken": "dummy\\refresh\u5bc6\u7801-0002"},
}
LOGS_IN: dict[str, dict[str, Any]] = {
    "mcs": {
        "appKey": "dummyAppKey0001",
        "appSecret": "dummy/App+Secret=02",
        "email": "dummy.0004@mail.invalid",
        "password": 'dummy "pass\\word" 0005',
    },
    "fashion-world": {"mobile": "13800000003", "password": "dummy<pass>word'0004"},
    "ekuaibao": {"appKey": "dummy-app-key-\U0001f511-0003", "appSecurity": "dummy~app!security*(0004)"},
}
ISSUED: dict[str, dict[str, Any]] = {
    "mcs": {"access_token": "new/Access+Token=0006", "token": 'new "user token" 0007'},
    "fashion-world": {"apiKey": "+newApiKey/0005==", "secretKey": "/newSecretKey+0006=", "userId": "new-user-0007"},
    "ekuaibao": {
        "accessToken": "new:access%token&0005",
        "refreshToken": "new\\refresh\u5bc6\u7801-0006",
        "corporationId": "new-corporation-0007",
    },
}
_PROFILE = {"email": "private.0008@mail.invalid", "password": "$2a$10$private-hash-0009"}


def good_answer(kind: str, ask: str) -> dict[str, Any]:
    """Returns what the provider says to a good request, as its documents show it."""
    issued = ISSUED[kind]
    match kind:
        case "mcs" if ask == "refresh":
            return {"apiVersion": "0.0.1", "code": 200, "message": "ok", "results": {**issued, **_PROFILE}}
        case "mcs":
            return {"apiVersion": "0.0.1", "code": 200, "message": "ok", **issued}
        case "fashion-world":
            return {**issued, "expireIn": EXPIRY_MS, "user": _PROFILE}
    return {"value": {**issued, "expireTime": EXPIRY_MS}}


def error_answer(kind: str, message: object, code: object = 400) -> dict[str, Any]:
    """Returns an error in the provider's own shape."""
    match kind:
        case "mcs":
            return {"apiVersion": "0.0.1", "code": code, "message": message, "statusCode": code, "options": {}}
        case "fashion-world":
            return {"message": message}
    return {"errorCode": code, "errorMessage": message, "errorDetails": None, "code": None, "data": None}


def documents(kind: str) -> dict[str, dict[str, Any]]:
    """Returns the secrets there can be, by what they can do."""
    return {
        "refreshes": {**OTHER, **REFRESHES[kind]},
        "logs in": {**OTHER, **LOGS_IN[kind]},
        "does both": {**REFRESHES[kind], **OTHER, **LOGS_IN[kind]},
    }


def credentials(document: Mapping[str, Any]) -> set[str]:
    """Returns the values in a secret that nothing may show."""
    return {value for name, value in document.items() if name not in OTHER and isinstance(value, str)}


def received(kind: str) -> set[str]:
    """Returns the values in a good answer that nothing may show: tokens, and a person's data."""
    return {*ISSUED[kind].values(), *_PROFILE.values()}
