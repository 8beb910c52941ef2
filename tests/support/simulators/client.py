"""A client that asks as the documents say, for the simulators' own tests."""

from __future__ import annotations

import base64
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import requests

from tests.support.simulators.fashion_world import FashionWorld, sign, signed_text
from tests.support.simulators.mcs import Mcs

if TYPE_CHECKING:
    from tests.support.simulators.server import Simulator

NOW_MS = 1_510_213_872_070  # when the documents' Fashion World example was signed
FORM = "application/x-www-form-urlencoded"

post = partial(requests.post, allow_redirects=False, timeout=10)


def refresh(provider: Simulator, secret: dict[str, str], *, stream: bool = False) -> requests.Response:
    """Refreshes as the documents say, signing as of `NOW`; streamed, the body is still to be read."""
    match provider:
        case Mcs():
            app = secret["appKey"], secret["appSecret"]
            body = {"token": secret["token"]}
            return post(provider.url + "/oauth/login/thirdpart/refresh", auth=app, json=body, stream=stream)
        case FashionWorld():
            header = caa(secret["apiKey"], secret["secretKey"], NOW_MS)
            headers = {"Authorization": header, "Content-Type": FORM}
            return post(provider.url + "/api/my/refresh-token", headers=headers, stream=stream)
    tokens = {name: secret[name] for name in ("accessToken", "refreshToken")}
    return refresh_ekuaibao(provider, {**tokens, "expireDate": "1", "powerCode": "219904"}, stream=stream)


def refresh_ekuaibao(provider: Simulator, parameters: dict[str, str], *, stream: bool = False) -> requests.Response:
    """Refreshes at ekuaibao with these parameters."""
    path = f"/api/openapi/v2/auth/refreshToken/expireDate?{urlencode(parameters)}"
    return post(provider.url + path, stream=stream)


def log_in(provider: Simulator, secret: dict[str, str]) -> requests.Response:
    """Logs in as the documents say."""
    match provider:
        case Mcs():
            app = secret["appKey"], secret["appSecret"]
            body = {name: secret[name] for name in ("email", "password")}
            return post(provider.url + "/oauth/login/thirdpart", auth=app, json=body)
        case FashionWorld():
            body = {name: secret[name] for name in ("mobile", "password")}
            return post(provider.url + "/api/my/login", json=body)
    body = {name: secret[name] for name in ("appKey", "appSecurity")}
    return post(provider.url + "/api/openapi/v1/auth/getAccessToken", json=body)


def caa(api_key: str, secret_key: str, now_ms: int) -> str:
    """Returns a Fashion World refresh's Authorization header."""
    timestamp = str(now_ms)
    signature = sign(signed_text("client:my:refresh-token", api_key, secret_key, timestamp))
    return "Caa " + base64.b64encode(f"{api_key}:{signature} {timestamp}".encode()).decode()


def renewed(secret: dict[str, str], response: requests.Response) -> dict[str, str]:
    """Returns the secret with the tokens of a good answer."""
    assert response.status_code == 200
    document = response.json()
    fields = {**document, **document.get("results", {}), **document.get("value", {})}
    tokens = ("token", "access_token", "apiKey", "secretKey", "accessToken", "refreshToken")
    return {**secret, **{name: fields[name] for name in tokens if name in fields}}
