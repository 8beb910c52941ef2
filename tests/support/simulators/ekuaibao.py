"""ekuaibao (合思) as its documents describe it.

Choices where they are silent: a login issues one more pair and leaves earlier pairs alone; a missing parameter, a wrong
number of days, or a request body, is HTTP 400 with ``errorCode`` 400 in the shape of the refusals.
"""

from __future__ import annotations

import time
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from tests.support.simulators.exchange import Answer, Received
from tests.support.simulators.simulator import Account, Session, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

_DAY_MS = 24 * 60 * 60 * 1_000
_POWER_CODE = "219904"
_PARAMETERS = ("accessToken", "refreshToken", "expireDate", "powerCode")


class Shape(Enum):
    """The three published shapes of a refusal."""

    TOP_LEVEL = "top level"  # the seed's
    IN_VALUE = "in value"  # the login page's, until August 2022
    TEXT = "text"  # the refresh page's, until January 2022: the message alone


class Ekuaibao(Simulator):
    """Rotates pairs of tokens that travel in the query string."""

    DEAD_SESSION = (403, "未授权")
    ECHO_STATUS = 403
    LIFETIME_MS = 2 * 60 * 60 * 1_000  # of a login's pair, and of an account's first
    REFRESH_PATH = "/api/openapi/v2/auth/refreshToken/expireDate"
    LOGIN_PATH = "/api/openapi/v1/auth/getAccessToken"
    TOKEN = "accessToken"

    def __init__(
        self, *, clock: Callable[[], float] = time.time, port: int = 0, licence_days: float | None = None
    ) -> None:
        """Makes a stopped simulator; ``licence_days``, if not None, is all that is left of the licence."""
        super().__init__(clock=clock, port=port)
        self.licence_days = licence_days
        self.tenants: dict[str, str] = {}  # where each tenant is, with a trailing slash, by corpId
        self.refusal_shape = Shape.TOP_LEVEL
        self.refusal_status = 403  # the documents show the same bodies on 200 too

    def _open(self, name: str, unique: str) -> Account:
        login = {"appKey": f"dummy-key-{unique[10:22]}", "appSecurity": f"dummy-security-{unique[22:34]}"}
        return Account(name, login, profile={"corporationId": f"corp{unique[:10]}"})

    def _act(self, received: Received) -> Answer:
        if (received.method, received.path) == ("GET", "/api/openapi/v2/location"):
            return self._locate(received)
        return super()._act(received)

    def _locate(self, received: Received) -> Answer:
        [tenant] = parse_qs(received.query).get("corpId", [""])
        return (
            Answer.of_json(200, {"value": self.tenants[tenant]}) if tenant in self.tenants else self._error(404, "无")
        )

    def _error(self, status: int, message: str) -> Answer:
        error = {"errorCode": status, "errorMessage": message, "errorDetails": None, "code": None, "data": None}
        http_status = self.refusal_status if status == self.DEAD_SESSION[0] else status
        match self.refusal_shape:
            case Shape.TOP_LEVEL:
                return Answer.of_json(http_status, error)
            case Shape.IN_VALUE:
                return Answer.of_json(http_status, {"value": error})
            case Shape.TEXT:
                return Answer.of_text(http_status, message)

    def _with_expiry(self, document: dict[str, Any], expiry: object) -> dict[str, Any]:
        return {**document, "value": {**document["value"], "expireTime": expiry}}

    def _refresh(self, received: Received) -> Answer:
        given = parse_qs(received.query, keep_blank_values=True)
        if received.body or sorted(given) != sorted(_PARAMETERS) or any(len(said) != 1 for said in given.values()):
            return self._error(400, "参数错误")
        access_token, refresh_token, days, power_code = (given[name][0] for name in _PARAMETERS)
        if not (days.isascii() and days.isdigit() and int(days) > 0):
            return self._error(400, "参数错误")
        if power_code != _POWER_CODE:
            return self._error(403, "未开通功能，无权访问")  # noqa: RUF001 - the provider's comma
        session = self._session(access_token)
        if session is None or session.tokens["refreshToken"] != refresh_token:
            return self._refusal()
        del self._sessions[access_token]
        lifetime_days = int(days) if self.licence_days is None else min(int(days), self.licence_days)
        return self._success(self._new_session(session.account, round(lifetime_days * _DAY_MS)))

    def _log_in(self, received: Received) -> Answer:
        account = self._who_logs_in(received.json_strings())
        return self._error(403, "密钥无效") if account is None else self._success(self._new_session(account))

    def _success(self, session: Session) -> Answer:
        value = {**session.tokens, "expireTime": session.expires_at, **session.account.profile}
        return Answer.of_json(200, {"value": value})

    def _new_tokens(self, account: Account) -> dict[str, str]:
        # As in the documents ("ID_…:corporation"), with the four characters that trip up naive URL building.
        corporation = account.profile["corporationId"]
        return {
            name: f"ID_3v{self._ledger.mint().hex()[:12]}+&%=:{corporation}" for name in ("accessToken", "refreshToken")
        }
