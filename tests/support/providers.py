"""What the tests know of the three providers: nothing of it from the layer but the layer's own description."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from tests.support.clock import DAY, HOUR
from tests.support.simulators import Ekuaibao, FashionWorld, Mcs
from tests.support.simulators.fashion_world import sign, signed_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.simulators import Received, Simulator

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class Sent(NamedTuple):
    """One request, in what matters of it: where it went, how it was authorised, what it carried."""

    method: str
    path: str
    query: str
    authorization: str | None
    content_type: str | None
    body: Any  # parsed, if it was declared as JSON

    @classmethod
    def of(cls, received: Received) -> Sent:
        """Reads a request that a simulator received."""
        headers = received.headers
        content_type = headers.get("Content-Type")
        body: Any = json.loads(received.body) if content_type == JSON else received.body
        return cls(received.method, received.path, received.query, headers.get("Authorization"), content_type, body)


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """One provider."""

    name: str
    module: str  # under functions/
    constant: str  # its description, in the layer's module of the same name
    simulator: type[Simulator]
    refreshed_by: str  # a credential that a refresh presents
    tokens: tuple[str, ...]  # what a refresh changes
    written: tuple[str, ...]  # what a refresh writes, the dates aside
    login_fields: tuple[str, ...]
    seconds: float  # that the tokens of a refresh live
    login_seconds: float  # that the tokens of a login live
    refresh: Callable[[Mapping[str, Any], float], Sent]  # the request the documents ask for, given secret and time
    login: Callable[[Mapping[str, Any]], Sent]
    template_stem: str = ""  # what the template's names for it begin with
    app: str = ""  # the module that asks, if it is not functions/<module>/app.py
    layer: str = ""  # the module that reads, if it is not the layer's

    @property
    def function(self) -> str:
        """Its function's logical id in the template."""
        return f"{self.template_stem}Function"


def caa(api_key: str, secret_key: str, now_ms: int) -> str:
    """Returns a Fashion World refresh's Authorization header."""
    timestamp = str(now_ms)
    signature = sign(signed_text("client:my:refresh-token", api_key, secret_key, timestamp))
    return "Caa " + b64encode(f"{api_key}:{signature} {timestamp}".encode()).decode()


def _basic(secret: Mapping[str, Any]) -> str:
    return "Basic " + b64encode(f"{secret['appKey']}:{secret['appSecret']}".encode()).decode()


def _mcs_refresh(secret: Mapping[str, Any], _: float) -> Sent:
    body = {"token": secret["token"]}
    return Sent("POST", Mcs.REFRESH_PATH, "", _basic(secret), JSON, body)


def _mcs_login(secret: Mapping[str, Any]) -> Sent:
    body = {name: secret[name] for name in ("email", "password")}
    return Sent("POST", Mcs.LOGIN_PATH, "", _basic(secret), JSON, body)


def _fashion_world_refresh(secret: Mapping[str, Any], now: float) -> Sent:
    header = caa(secret["apiKey"], secret["secretKey"], round(now * 1000))
    return Sent("POST", FashionWorld.REFRESH_PATH, "", header, FORM, b"")


def _fashion_world_login(secret: Mapping[str, Any]) -> Sent:
    body = {name: secret[name] for name in ("mobile", "password")}
    return Sent("POST", FashionWorld.LOGIN_PATH, "", None, JSON, body)


def _ekuaibao_refresh(secret: Mapping[str, Any], _: float) -> Sent:
    tokens = {name: secret[name] for name in ("accessToken", "refreshToken")}
    parameters = {**tokens, "expireDate": secret.get("expireDate", 1), "powerCode": secret.get("powerCode", "219904")}
    query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in parameters.items())
    return Sent("POST", Ekuaibao.REFRESH_PATH, query, None, None, b"")


def _ekuaibao_login(secret: Mapping[str, Any]) -> Sent:
    body = {name: secret[name] for name in ("appKey", "appSecurity")}
    return Sent("POST", Ekuaibao.LOGIN_PATH, "", None, JSON, body)


MCS = ProviderFacts(
    "mcs",
    module="mcs",
    constant="MCS",
    simulator=Mcs,
    refreshed_by="token",
    tokens=("token", "access_token"),
    written=("token", "access_token"),
    login_fields=("email", "password"),
    seconds=HOUR,
    login_seconds=HOUR,
    refresh=_mcs_refresh,
    login=_mcs_login,
    template_stem="Mcs",
)
FASHION_WORLD = ProviderFacts(
    "fashion-world",
    module="fashion_world",
    constant="FASHION_WORLD",
    simulator=FashionWorld,
    refreshed_by="secretKey",
    tokens=("apiKey", "secretKey"),
    written=("apiKey", "secretKey", "userId", "expireIn"),
    login_fields=("mobile", "password"),
    seconds=3 * DAY,
    login_seconds=3 * DAY,
    refresh=_fashion_world_refresh,
    login=_fashion_world_login,
    template_stem="FashionWorld",
)
EKUAIBAO = ProviderFacts(
    "ekuaibao",
    module="ekuaibao",
    constant="EKUAIBAO",
    simulator=Ekuaibao,
    refreshed_by="refreshToken",
    tokens=("accessToken", "refreshToken"),
    written=("accessToken", "refreshToken", "expireTime", "corporationId"),
    login_fields=("appKey", "appSecurity"),
    seconds=DAY,
    login_seconds=2 * HOUR,
    refresh=_ekuaibao_refresh,
    login=_ekuaibao_login,
    template_stem="Ekuaibao",
)
PROVIDERS = {facts.name: facts for facts in (MCS, FASHION_WORLD, EKUAIBAO)}
