"""Asks ekuaibao (合思) for new tokens. How its answers are read: `token_refresh.ekuaibao`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from token_refresh.ekuaibao import EKUAIBAO
from token_refresh.function import Function
from token_refresh.transport import HttpRequest

if TYPE_CHECKING:
    from token_refresh.clock import LambdaContext

DEFAULT_EXPIRE_DATE = "1"  # days
DEFAULT_POWER_CODE = "219904"


def refresh(fields: dict[str, str], options: dict[str, str], _now: float) -> HttpRequest:
    """Build ``POST /api/openapi/v2/auth/refreshToken/expireDate``, whose query carries the tokens."""
    return HttpRequest(
        "/api/openapi/v2/auth/refreshToken/expireDate",
        query={
            "accessToken": fields["accessToken"],
            "refreshToken": fields["refreshToken"],
            "expireDate": options.get("expireDate", DEFAULT_EXPIRE_DATE),
            "powerCode": options.get("powerCode", DEFAULT_POWER_CODE),
        },
    )


def login(fields: dict[str, str], _now: float) -> HttpRequest:
    """Build ``POST /api/openapi/v1/auth/getAccessToken``."""
    return HttpRequest(
        "/api/openapi/v1/auth/getAccessToken",
        json={"appKey": fields["appKey"], "appSecurity": fields["appSecurity"]},
    )


_function = Function(EKUAIBAO, refresh, login)


def lambda_handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """Refresh every ekuaibao secret that is due, or the one that the event names."""
    return _function(event, context)
