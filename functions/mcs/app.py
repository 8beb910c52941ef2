"""Asks MCS, MediaTek Cloud Sandbox, for new tokens. How its answers are read: `token_refresh.mcs`."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from token_refresh.function import Function
from token_refresh.mcs import MCS
from token_refresh.transport import HttpRequest

if TYPE_CHECKING:
    from token_refresh.clock import LambdaContext


def _basic(app_key: str, app_secret: str) -> str:
    return base64.b64encode(f"{app_key}:{app_secret}".encode()).decode()


def refresh(fields: dict[str, str], _options: dict[str, str], _now: float) -> HttpRequest:
    """Build ``POST /oauth/login/thirdpart/refresh``."""
    pair = _basic(fields["appKey"], fields["appSecret"])
    return HttpRequest(
        "/oauth/login/thirdpart/refresh",
        # The provider's last pages spell it so; the clients of that time do not.
        other_path="/oauth/login/thirdparty/refresh",
        # The docs' worked example leaves out the word "Basic"; their description, and every client, has it.
        headers={"Authorization": f"Basic {pair}"},
        json={"token": fields["token"]},
        credentials=(pair,),
    )


def login(fields: dict[str, str], _now: float) -> HttpRequest:
    """Build ``POST /oauth/login/thirdpart``."""
    pair = _basic(fields["appKey"], fields["appSecret"])
    return HttpRequest(
        "/oauth/login/thirdpart",
        other_path="/oauth/login/thirdparty",
        headers={"Authorization": f"Basic {pair}"},
        json={"email": fields["email"], "password": fields["password"]},
        credentials=(pair,),
    )


_function = Function(MCS, refresh, login)


def lambda_handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """Refresh every MCS secret that is due, or the one that the event names."""
    return _function(event, context)
