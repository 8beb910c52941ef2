"""A made-up OAuth provider: a refresh ends the pair that it was given for."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.simulators import Simulator
from tests.support.simulators.exchange import Answer, Received

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LIVES_SECONDS = 30 * 60


@dataclass(slots=True)
class _Account:
    name: str
    fields: dict[str, str] = field(repr=False)
    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_at: float = 0.0  # epoch seconds


class Example(Simulator):
    """One living pair an account."""

    DEAD_SESSION = (400, "invalid_grant")

    def __init__(self, *, clock: Callable[[], float] = time.time, port: int = 0) -> None:
        """Makes a stopped simulator."""
        super().__init__(clock=clock, port=port)
        self._accounts: dict[str, _Account] = {}  # by name

    def create_account(
        self, name: str | None = None, *, tokens: bool = True, login_fields: bool = True
    ) -> dict[str, str]:
        """Opens an account."""
        with self._lock:
            unique = self._ledger.mint().hex()
            account = _Account(name or f"account-{unique[:8]}", {})
            account.fields = {
                field: self._ledger.note(f"dummy-{field}-{unique[:12]}", account.name)
                for field in ("clientId", "clientSecret", "username", "password")
            }
            self._accounts[account.name] = account
            left_out = () if login_fields else ("username", "password")
            secret = {name: value for name, value in account.fields.items() if name not in left_out}
            if tokens:
                self._renew(account)
                secret |= {"accessToken": account.access_token, "refreshToken": account.refresh_token}
            return secret

    def revoke(self, account: str | Mapping[str, object]) -> None:
        """Ends the account's pair."""
        with self._lock:
            self._accounts[self._ledger.owner(account)].expires_at = 0.0

    def delete_account(self, account: str | Mapping[str, object]) -> None:
        """Removes the account."""
        with self._lock:
            del self._accounts[self._ledger.owner(account)]

    def current(self, account: str | Mapping[str, object]) -> dict[str, str]:
        """Returns the living pair; nothing if there is none."""
        with self._lock:
            held = self._accounts.get(self._ledger.owner(account))
            if held is None or held.expires_at <= self._now_ms() / 1000:
                return {}
            return {"accessToken": held.access_token, "refreshToken": held.refresh_token}

    def is_live(self, secret: Mapping[str, object]) -> bool:
        """Says whether a refresh with this secret would be accepted right now."""
        with self._lock:
            return self._holder(str(secret.get("refreshToken"))) is not None

    @property
    def _routes(self) -> Mapping[str, Callable[[Received], Answer]]:
        return {"/token": self._token}

    def _error(self, status: int, message: str) -> Answer:
        return Answer.of_json(status, {"error": message})

    def _with_expiry(self, document: dict[str, Any], expiry: object) -> dict[str, Any]:
        return {**document, "expires_in": expiry}

    def _token(self, received: Received) -> Answer:
        given = received.json_strings()
        account = self._granted(given)
        if account is None:
            return self._refusal()
        if any(given.get(sent) != account.fields[held] for sent, held in _CLIENT):
            return self._error(401, "invalid_client")
        self._renew(account)
        pair = {"access_token": account.access_token, "refresh_token": account.refresh_token}
        return Answer.of_json(200, {**pair, "expires_in": LIVES_SECONDS})

    def _granted(self, given: Mapping[str, str]) -> _Account | None:
        if given.get("grant_type") == "refresh_token":
            return self._holder(given.get("refresh_token", ""))
        users = (one for one in self._accounts.values() if one.fields["username"] == given.get("username"))
        return next((one for one in users if one.fields["password"] == given.get("password")), None)

    def _holder(self, refresh_token: str) -> _Account | None:
        now = self._now_ms() / 1000
        return next(
            (one for one in self._accounts.values() if one.refresh_token == refresh_token and now < one.expires_at),
            None,
        )

    def _renew(self, account: _Account) -> None:
        account.access_token, account.refresh_token = (
            self._ledger.note(f"dummy/{self._ledger.mint().hex()[:16]}+=", account.name) for _ in range(2)
        )
        account.expires_at = self._now_ms() / 1000 + LIVES_SECONDS


_CLIENT = (("client_id", "clientId"), ("client_secret", "clientSecret"))
