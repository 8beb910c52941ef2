"""ekuaibao (合思) as its documents describe it.

Choices where they are silent: a login issues one more pair and leaves earlier pairs alone; a wrong or
missing parameter, or a request body, is HTTP 400 with ``errorCode`` 400 in the shape of the refusals.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from tests.support.simulators.exchange import Answer, Received
from tests.support.simulators.server import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DAY_MS = 24 * 60 * 60 * 1_000
_LOGIN_MS = 2 * 60 * 60 * 1_000  # a login's pair lives two hours
_POWER_CODE = "219904"
_PARAMETERS = ("accessToken", "refreshToken", "expireDate", "powerCode")


class Shape(Enum):
    """The three published shapes of a refusal."""

    TOP_LEVEL = "top level"  # the seed's
    IN_VALUE = "in value"  # the login page's, until August 2022
    TEXT = "text"  # the refresh page's, until January 2022: the message alone


@dataclass(frozen=True, slots=True)
class _Account:
    name: str
    corporation_id: str
    app_key: str = field(repr=False)
    app_security: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Pair:
    account: _Account
    refresh_token: str = field(repr=False)
    expires_at: int  # epoch milliseconds


class Ekuaibao(Simulator):
    """Rotates pairs of tokens that travel in the query string."""

    DEAD_SESSION = (403, "未授权")

    def __init__(
        self, *, clock: Callable[[], float] = time.time, port: int = 0, licence_days: float | None = None
    ) -> None:
        """Makes a stopped simulator; ``licence_days``, if not None, is all that is left of the licence."""
        super().__init__(clock=clock, port=port)
        self.licence_days = licence_days
        self.tenants: dict[str, str] = {}  # where each tenant is, with a trailing slash, by corpId
        self.refusal_shape = Shape.TOP_LEVEL
        self.refusal_status = 403  # the documents show the same bodies on 200 too
        self._accounts: dict[str, _Account] = {}  # by appKey
        self._pairs: dict[str, _Pair] = {}  # by access token, oldest first

    def create_account(
        self, name: str | None = None, *, tokens: bool = True, login_fields: bool = True
    ) -> dict[str, str]:
        """Opens an account; its first pair lives as long as a login's."""
        with self._lock:
            unique = self._ledger.mint().hex()
            account = _Account(
                name or f"account-{unique[:8]}",
                corporation_id=f"corp{unique[:10]}",
                app_key=f"dummy-key-{unique[10:22]}",
                app_security=self._ledger.note(f"dummy-security-{unique[22:34]}"),
            )
            self._accounts[account.app_key] = account
            self._ledger.note(account.app_key, account.name)
            secret: dict[str, str] = {}
            if tokens:
                value = self._new_pair(account, _LOGIN_MS)
                secret = {"accessToken": value["accessToken"], "refreshToken": value["refreshToken"]}
            if login_fields:
                secret |= {"appKey": account.app_key, "appSecurity": account.app_security}
            return secret

    def revoke(self, account: str | Mapping[str, object]) -> None:
        """Ends every pair of the account."""
        with self._lock:
            name = self._ledger.owner(account)
            self._pairs = {token: held for token, held in self._pairs.items() if held.account.name != name}

    def delete_account(self, account: str | Mapping[str, object]) -> None:
        """Removes the account and its pairs."""
        with self._lock:
            name = self._ledger.owner(account)
            self.revoke(name)
            self._accounts = {key: held for key, held in self._accounts.items() if held.name != name}

    def current(self, account: str | Mapping[str, object]) -> dict[str, str]:
        """Returns ``accessToken`` and ``refreshToken`` of the newest live pair; nothing if there is none."""
        with self._lock:
            name = self._ledger.owner(account)
            live = [
                {"accessToken": access_token, "refreshToken": pair.refresh_token}
                for access_token, pair in self._pairs.items()
                if pair.account.name == name and self._now_ms() < pair.expires_at
            ]
            return live[-1] if live else {}

    def is_live(self, secret: Mapping[str, object]) -> bool:
        """Says whether a refresh with this secret's pair would be accepted right now."""
        with self._lock:
            return self._pair(secret.get("accessToken"), secret.get("refreshToken")) is not None

    @property
    def _routes(self) -> Mapping[str, Callable[[Received], Answer]]:
        return {
            "/api/openapi/v2/auth/refreshToken/expireDate": self._refresh,
            "/api/openapi/v1/auth/getAccessToken": self._log_in,
        }

    @property
    def _readable(self) -> Mapping[str, Callable[[Received], Answer]]:
        return {"/api/openapi/v2/location": self._locate}

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
        if not (days.isascii() and days.isdigit() and int(days) > 0) or power_code != _POWER_CODE:
            return self._error(400, "参数错误")
        pair = self._pair(access_token, refresh_token)
        if pair is None:
            return self._refusal()
        del self._pairs[access_token]
        lifetime_days = int(days) if self.licence_days is None else min(int(days), self.licence_days)
        return Answer.of_json(200, {"value": self._new_pair(pair.account, round(lifetime_days * _DAY_MS))})

    def _log_in(self, received: Received) -> Answer:
        given = received.json_strings()
        account = self._accounts.get(given.get("appKey", ""))
        if account is None or account.app_security != given.get("appSecurity"):
            return self._refusal()
        return Answer.of_json(200, {"value": self._new_pair(account, _LOGIN_MS)})

    def _pair(self, access_token: object, refresh_token: object) -> _Pair | None:
        """Returns the live pair that these two tokens are."""
        pair = self._pairs.get(access_token) if isinstance(access_token, str) else None
        if pair is None or pair.refresh_token != refresh_token or self._now_ms() >= pair.expires_at:
            return None
        return pair

    def _new_pair(self, account: _Account, lifetime_ms: int) -> dict[str, Any]:
        access_token, refresh_token = (self._new_token(account) for _ in range(2))
        expires_at = self._now_ms() + lifetime_ms
        self._pairs[access_token] = _Pair(account, refresh_token, expires_at)
        return {
            "accessToken": access_token,
            "refreshToken": refresh_token,
            "expireTime": expires_at,
            "corporationId": account.corporation_id,
        }

    def _new_token(self, account: _Account) -> str:
        # As in the documents ("ID_…:corporation"), with the four characters that trip up naive URL building.
        return self._ledger.note(f"ID_3v{self._ledger.mint().hex()[:12]}+&%=:{account.corporation_id}", account.name)
