"""MCS, the MediaTek Cloud Sandbox, as its documents describe it.

Choices where the documents are silent: a user token belongs to the app that it was issued to; a token that
comes back unchanged (``rotates=False``) keeps its first two weeks; a login leaves earlier user tokens alone. A refusal
is HTTP 500 with the text of the OAuth library behind it, as in the provider's sibling code.
"""

from __future__ import annotations

import time
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from tests.support.simulators.exchange import Answer, Received
from tests.support.simulators.simulator import Account, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable


class Mcs(Simulator):
    """Issues user tokens (two weeks) and access tokens to apps that know their key and secret."""

    DEAD_SESSION = (500, "Invalid refresh token")
    ECHO_STATUS = 401
    LIFETIME_MS = 14 * 24 * 60 * 60 * 1_000  # two weeks
    REFRESH_PATH = "/oauth/login/thirdpart/refresh"
    LOGIN_PATH = "/oauth/login/thirdpart"
    TOKEN = "token"  # the user token

    def __init__(self, *, clock: Callable[[], float] = time.time, port: int = 0, rotates: bool = True) -> None:
        """Makes a stopped simulator; ``rotates``: a refresh spends the user token and issues another."""
        super().__init__(clock=clock, port=port)
        self.rotates = rotates
        self._apps: dict[str, str] = {}  # secret by key; an app outlives its account

    def _open(self, name: str, unique: str) -> Account:
        app = {"appKey": f"AppKey{unique[:14]}", "appSecret": f"AppSecret{unique[14:44]}"}
        self._apps[app["appKey"]] = app["appSecret"]
        login = {"email": f"user-{unique[:8]}@example.com", "password": f"dummy-password-{unique[44:56]}"}
        profile = {
            "userImageURL": "profile/1234567890.jpg",
            "timezone": "Asia/Taipei",
            "email": login["email"],
            "nickname": "MCS User",
            "language": "zh-TW",
            "plan": {"name": "Free plan", "deviceCount": 10, "dataPointCount": 100_000, "emailCount": 100},
        }
        return Account(name, login, app, profile)

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
        held, session = self._sessions.get(token), self._session(token)
        if held is not None and session is None:
            return self._error(500, "Refresh token has expired")
        if session is None or session.account.app["appKey"] != app_key:
            return self._refusal()
        if self.rotates:
            del self._sessions[token]
            session = self._new_session(session.account)
        results = {"access_token": self._new_access_token(session.account), **session.account.profile}
        return self._success({"results": {**results, **session.tokens}})

    def _log_in(self, received: Received) -> Answer:
        app_key = self._app_of(received)
        if app_key is None:
            return self._wrong_app()
        account = self._who_logs_in(received.json_strings())
        if account is None or account.app["appKey"] != app_key:
            return self._error(500, "User credentials are invalid")
        tokens = self._new_session(account).tokens
        return self._success({**tokens, "access_token": self._new_access_token(account)})

    def _success(self, fields: dict[str, Any]) -> Answer:
        return Answer.of_json(200, {"apiVersion": "0.0.1", "code": 200, "message": "Request has succeeded", **fields})

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

    def _new_tokens(self, _: Account) -> dict[str, str]:
        return {"token": f"user-token-{self._ledger.mint().hex()[:40]}"}

    def _new_access_token(self, account: Account) -> str:
        return self._ledger.note(f"access-token-{self._ledger.mint().hex()[:40]}", account.name)
