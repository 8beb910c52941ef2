"""A made-up OAuth provider: a refresh ends the pair that it was given for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.simulators import Simulator
from tests.support.simulators.exchange import Answer, Received
from tests.support.simulators.simulator import Account

if TYPE_CHECKING:
    from collections.abc import Mapping

LIVES_SECONDS = 30 * 60


class Example(Simulator):
    """One living pair an account."""

    DEAD_SESSION = (400, "invalid_grant")
    ECHO_STATUS = 400
    LIFETIME_MS = LIVES_SECONDS * 1_000
    REFRESH_PATH = LOGIN_PATH = "/token"
    TOKEN = "refreshToken"

    def _open(self, name: str, unique: str) -> Account:
        login, app = (
            {field: f"dummy-{field}-{unique[:12]}" for field in fields}
            for fields in (("username", "password"), ("clientId", "clientSecret"))
        )
        return Account(name, login, app)

    def _error(self, status: int, message: str) -> Answer:
        return Answer.of_json(status, {"error": message})

    def _with_expiry(self, document: dict[str, Any], expiry: object) -> dict[str, Any]:
        return {**document, "expires_in": expiry}

    def _refresh(self, received: Received) -> Answer:
        given = received.json_strings()
        if given.get("grant_type") != "refresh_token":
            return self._log_in(received)
        session = self._session(given.get("refresh_token"))
        return self._grant(session.account if session is not None else None, given)

    def _log_in(self, received: Received) -> Answer:
        given = received.json_strings()
        return self._grant(self._who_logs_in(given), given)

    def _grant(self, account: Account | None, given: Mapping[str, str]) -> Answer:
        if account is None:
            return self._refusal()
        if [given.get("client_id"), given.get("client_secret")] != list(account.app.values()):
            return self._error(401, "invalid_client")
        self.revoke(account.name)
        tokens = self._new_session(account).tokens
        pair = {"access_token": tokens["accessToken"], "refresh_token": tokens["refreshToken"]}
        return Answer.of_json(200, {**pair, "expires_in": LIVES_SECONDS})

    def _new_tokens(self, _: Account) -> dict[str, str]:
        return {name: f"dummy/{self._ledger.mint().hex()[:16]}+=" for name in ("accessToken", "refreshToken")}
