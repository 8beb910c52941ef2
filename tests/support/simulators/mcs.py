"""MCS, the MediaTek Cloud Sandbox, as its documents describe it.

Choices where the documents are silent: a user token belongs to the app that it was issued to; a token that
comes back unchanged (``rotates=False``) keeps its first two weeks; a login leaves earlier user tokens alone.
With ``library_errors`` a refusal is HTTP 500 with the text of the OAuth library behind it, as in the provider's
sibling code; without, it is a 401 in the same shape.
"""

from __future__ import annotations

import time
from base64 import b64decode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.simulators.exchange import Answer, Received
from tests.support.simulators.server import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ACCESS_TOKEN_MS = 60 * 60 * 1_000  # one hour
_USER_TOKEN_MS = 14 * 24 * 60 * 60 * 1_000  # two weeks


@dataclass(frozen=True, slots=True)
class _Account:
    name: str
    app_key: str = field(repr=False)
    app_secret: str = field(repr=False)
    email: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Grant:
    """What a token is worth."""

    account: _Account
    expires_at: int  # epoch milliseconds


class Mcs(Simulator):
    """Issues user tokens (two weeks) and access tokens (one hour) to apps that know their key and secret."""

    DEAD_SESSION = (401, "Invalid or expired token")

    def __init__(self, *, clock: Callable[[], float] = time.time, port: int = 0, rotates: bool = True) -> None:
        """Makes a stopped simulator; ``rotates``: a refresh spends the user token and issues another."""
        super().__init__(clock=clock, port=port)
        self.rotates = rotates
        self.library_errors = False
        self._apps: dict[str, str] = {}  # secret by key
        self._accounts: dict[str, _Account] = {}  # by e-mail
        self._user_tokens: dict[str, _Grant] = {}  # oldest first
        self._access_tokens: dict[str, _Grant] = {}

    def create_account(
        self,
        name: str | None = None,
        *,
        tokens: bool = True,
        login_fields: bool = True,
        app_key: str | None = None,
        app_secret: str | None = None,
    ) -> dict[str, str]:
        """Opens an account, under an app of its own unless one is given."""
        with self._lock:
            unique = self._ledger.mint().hex()
            account = _Account(
                name or f"account-{unique[:8]}",
                app_key=self._ledger.note(app_key or f"AppKey{unique[:14]}"),
                app_secret=self._ledger.note(app_secret or f"AppSecret{unique[14:44]}"),
                email=f"user-{unique[:8]}@example.com",
                password=self._ledger.note(f"dummy-password-{unique[44:56]}"),
            )
            self._apps[account.app_key] = account.app_secret
            self._accounts[account.email] = account
            self._ledger.note(account.email, account.name)
            secret = {"appKey": account.app_key, "appSecret": account.app_secret}
            if tokens:
                secret["token"] = self._new_user_token(account)
            if login_fields:
                secret |= {"email": account.email, "password": account.password}
            return secret

    def revoke(self, account: str | Mapping[str, object]) -> None:
        """Ends the account's user and access tokens."""
        with self._lock:
            name = self._ledger.owner(account)
            for held in (self._user_tokens, self._access_tokens):
                for token in [token for token, grant in held.items() if grant.account.name == name]:
                    del held[token]

    def delete_account(self, account: str | Mapping[str, object]) -> None:
        """Removes the account; its app stays."""
        with self._lock:
            name = self._ledger.owner(account)
            self.revoke(name)
            self._accounts = {email: held for email, held in self._accounts.items() if held.name != name}

    def current(self, account: str | Mapping[str, object]) -> dict[str, str]:
        """Returns ``token``, the account's newest live user token; nothing if there is none."""
        with self._lock:
            name = self._ledger.owner(account)
            live = [
                token
                for token, grant in self._user_tokens.items()
                if grant.account.name == name and self._now_ms() < grant.expires_at
            ]
            return {"token": live[-1]} if live else {}

    def is_live(self, secret: Mapping[str, object]) -> bool:
        """Says whether a refresh with this secret's app and user token would be accepted right now."""
        with self._lock:
            app_key, app_secret = secret.get("appKey"), secret.get("appSecret")
            known_app = isinstance(app_key, str) and self._apps.get(app_key, "") == app_secret
            return known_app and self._grant(self._user_tokens, secret.get("token"), app_key) is not None

    def accepts_access_token(self, secret: Mapping[str, object]) -> bool:
        """Says whether an API call with this secret's access token would be accepted right now."""
        with self._lock:
            return self._grant(self._access_tokens, secret.get("access_token"), secret.get("appKey")) is not None

    @property
    def _routes(self) -> Mapping[str, Callable[[Received], Answer]]:
        return {"/oauth/login/thirdpart/refresh": self._refresh, "/oauth/login/thirdpart": self._log_in}

    def _error(self, status: int, message: str) -> Answer:
        return Answer.of_json(
            status,
            {"apiVersion": "0.0.1", "code": status, "message": message, "statusCode": status, "options": {}},
        )

    def _with_expiry(self, document: dict[str, Any], expiry: object) -> dict[str, Any]:
        # MCS names no expiry: one that turns up all the same, wherever the tokens are, must do no harm.
        if "results" in document:
            return {**document, "results": {**document["results"], "expires_in": expiry}}
        return {**document, "expires_in": expiry}

    def _refresh(self, received: Received) -> Answer:
        app_key = self._app_of(received)
        if app_key is None:
            return self._wrong_app()
        token = received.json_strings().get("token", "")
        if not token:
            return self._error(400, "Missing token parameter")
        grant = self._grant(self._user_tokens, token, app_key)
        if grant is None:
            expired = token in self._user_tokens and self._now_ms() >= self._user_tokens[token].expires_at
            text = "Refresh token has expired" if expired else "Invalid refresh token"
            return self._refused(text, self._refusal())
        account = grant.account
        if self.rotates:
            del self._user_tokens[token]
            token = self._new_user_token(account)
        results = {
            "access_token": self._new_access_token(account),
            "userImageURL": "profile/1234567890.jpg",
            "timezone": "Asia/Taipei",
            "email": account.email,
            "nickname": "MCS User",
            "language": "zh-TW",
            "plan": {"name": "Free plan", "deviceCount": 10, "dataPointCount": 100_000, "emailCount": 100},
            "token": token,
        }
        return self._success({"results": results})

    def _log_in(self, received: Received) -> Answer:
        app_key = self._app_of(received)
        if app_key is None:
            return self._wrong_app()
        given = received.json_strings()
        account = self._accounts.get(given.get("email", ""))
        if account is None or account.password != given.get("password") or account.app_key != app_key:
            return self._refused("User credentials are invalid", self._error(401, "Invalid email or password"))
        return self._success({"token": self._new_user_token(account), "access_token": self._new_access_token(account)})

    def _success(self, fields: dict[str, Any]) -> Answer:
        return Answer.of_json(200, {"apiVersion": "0.0.1", "code": 200, "message": "Request has succeeded", **fields})

    def _refused(self, library_text: str, otherwise: Answer) -> Answer:
        return self._error(500, library_text) if self.library_errors else otherwise

    def _wrong_app(self) -> Answer:
        return self._error(500, "Invalid or missing client_id parameter")

    def _app_of(self, received: Received) -> str | None:
        """Returns the app key whose Basic credentials were sent."""
        scheme, _, credentials = received.headers.get("Authorization", "").partition(" ")
        try:
            app_key, colon, app_secret = b64decode(credentials, validate=True).decode().partition(":")
        except ValueError:
            return None
        known = scheme.lower() == "basic" and colon and self._apps.get(app_key) == app_secret
        return app_key if known else None

    def _grant(self, held: Mapping[str, _Grant], token: object, app_key: object) -> _Grant | None:
        """Returns what the token is worth to this app right now."""
        grant = held.get(token) if isinstance(token, str) else None
        if grant is None or grant.account.app_key != app_key or self._now_ms() >= grant.expires_at:
            return None
        return grant

    def _new_user_token(self, account: _Account) -> str:
        token = self._ledger.note(f"user-token-{self._ledger.mint().hex()[:40]}", account.name)
        self._user_tokens[token] = _Grant(account, self._now_ms() + _USER_TOKEN_MS)
        return token

    def _new_access_token(self, account: _Account) -> str:
        token = self._ledger.note(f"access-token-{self._ledger.mint().hex()[:40]}", account.name)
        self._access_tokens[token] = _Grant(account, self._now_ms() + _ACCESS_TOKEN_MS)
        return token
