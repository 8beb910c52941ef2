"""Fashion World, the "Caa" API, as its documents and its own published server describe it.

Choices where they are silent: the key is looked up before the signature is checked; a body, or a content type
other than the documented one, is refused with 400 ``invalid request``.
"""

from __future__ import annotations

import hashlib
import re
import time
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.simulators.exchange import Answer, Received
from tests.support.simulators.server import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ACTION = "client:my:refresh-token"
_SESSION_MS = 3 * 24 * 60 * 60 * 1_000  # three days, as in the documents' example
_CLOCK_TOLERANCE_MS = 5 * 60 * 1_000
_CREDENTIALS = re.compile(r"([^:\s]+):([^:\s]+) ([0-9]{13})")


class Credentials(NamedTuple):
    """What an Authorization header says."""

    api_key: str
    signature: str
    timestamp: str  # 13 digits, epoch milliseconds


def parse_authorization(header: str) -> Credentials | None:
    """Reads ``Caa base64("{apiKey}:{signature} {timestamp}")``; None if it is anything else."""
    scheme, _, encoded = header.partition(" ")
    try:
        said = _CREDENTIALS.fullmatch(b64decode(encoded, validate=True).decode())
    except ValueError:
        return None
    return Credentials(*said.groups()) if said and scheme == "Caa" else None


def signed_text(action: str, api_key: str, secret_key: str, timestamp: str) -> str:
    """Returns the text that is signed; its values are not URL-encoded."""
    return f"?action={action}&apiKey={api_key}&secretKey={secret_key}&timestamp={timestamp}"


def sign(text: str) -> str:
    """Returns the Base64 of the text's plain SHA-1 (no HMAC)."""
    return b64encode(hashlib.sha1(text.encode(), usedforsecurity=False).digest()).decode()


@dataclass(frozen=True, slots=True)
class _Account:
    name: str
    user_id: str
    mobile: str = field(repr=False)
    password: str = field(repr=False)
    profile: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Session:
    account: _Account
    secret_key: str = field(repr=False)
    expires_at: int  # epoch milliseconds


class FashionWorld(Simulator):
    """Keeps one session a user: a refresh deletes the old pair before it makes one."""

    DEAD_SESSION = (404, "apiKey not found")

    def __init__(self, *, clock: Callable[[], float] = time.time, port: int = 0) -> None:
        """Makes a stopped simulator."""
        super().__init__(clock=clock, port=port)
        self.login_returns_living_pair = False  # True: as the published server does, with its old expiry
        self.expiry_field = "expireIn"  # one page of the documents spells it "expiresIn"
        self._accounts: dict[str, _Account] = {}  # by mobile
        self._sessions: dict[str, _Session] = {}  # by apiKey

    def create_account(
        self, name: str | None = None, *, tokens: bool = True, login_fields: bool = True
    ) -> dict[str, str]:
        """Opens an account whose password is, as in the documents, an MD5 hex digest."""
        with self._lock:
            unique = self._ledger.mint().hex()
            user_id = unique[:24]
            mobile = f"138{int(unique[24:32], 16) % 10**8:08}"
            profile = {
                "_id": user_id,
                "registerAt": self._now_ms(),
                "createAt": self._now_ms(),
                "mobile": mobile,
                "password": self._ledger.note(f"$2a$10${unique[:53]}"),  # the real server really does return one
                "thirdParty": {
                    "weixin": {
                        "unionid": self._ledger.note(f"ok{unique[:26]}"),
                        "openid": self._ledger.note(f"os{unique[26:52]}"),
                    }
                },
                "gender": "secret",
                "name": "测试用户",
            }
            account = _Account(
                name or f"account-{unique[:8]}", user_id, mobile, self._ledger.note(unique[32:]), profile
            )
            self._accounts[mobile] = account
            self._ledger.note(mobile, account.name)
            secret = self._new_session(account) if tokens else {}
            if login_fields:
                secret |= {"mobile": mobile, "password": account.password}
            return secret

    def revoke(self, account: str | Mapping[str, object]) -> None:
        """Ends the account's session."""
        with self._lock:
            name = self._ledger.owner(account)
            self._sessions = {key: held for key, held in self._sessions.items() if held.account.name != name}

    def delete_account(self, account: str | Mapping[str, object]) -> None:
        """Removes the user; the session stays and points at nobody (``user not found``)."""
        with self._lock:
            name = self._ledger.owner(account)
            self._accounts = {mobile: held for mobile, held in self._accounts.items() if held.name != name}

    def current(self, account: str | Mapping[str, object]) -> dict[str, str]:
        """Returns ``apiKey`` and ``secretKey`` of the account's live session; nothing if there is none."""
        with self._lock:
            name = self._ledger.owner(account)
            for api_key, session in self._sessions.items():
                if session.account.name == name and self._session(api_key) is not None:
                    return {"apiKey": api_key, "secretKey": session.secret_key}
            return {}

    def is_live(self, secret: Mapping[str, object]) -> bool:
        """Says whether a refresh with this secret's pair would be accepted right now."""
        with self._lock:
            session = self._session(secret.get("apiKey"))
            return (
                session is not None
                and session.secret_key == secret.get("secretKey")
                and session.account.mobile in self._accounts
            )

    @property
    def _routes(self) -> Mapping[str, Callable[[Received], Answer]]:
        return {"/api/my/refresh-token": self._refresh, "/api/my/login": self._log_in}

    def _error(self, status: int, message: str) -> Answer:
        return Answer.of_json(status, {"message": message})

    def _with_expiry(self, document: dict[str, Any], expiry: object) -> dict[str, Any]:
        return {**document, self.expiry_field: expiry}

    def _known_about(self, received: Received) -> str:
        credentials = parse_authorization(received.headers.get("Authorization", ""))
        session = self._session(credentials.api_key) if credentials else None
        if credentials is None or session is None:
            return ""
        return signed_text(_ACTION, credentials.api_key, session.secret_key, credentials.timestamp)

    def _refresh(self, received: Received) -> Answer:
        if received.body or received.content_type != "application/x-www-form-urlencoded":
            return self._error(400, "invalid request")
        credentials = parse_authorization(received.headers.get("Authorization", ""))
        if credentials is None:
            return self._error(400, "invalid authorization")
        session = self._session(credentials.api_key)
        if session is None:
            return self._refusal()
        text = signed_text(_ACTION, credentials.api_key, session.secret_key, credentials.timestamp)
        off_by = abs(int(credentials.timestamp) - self._now_ms())
        if credentials.signature != sign(text) or off_by > _CLOCK_TOLERANCE_MS:
            return self._error(400, "invalid signature")
        if session.account.mobile not in self._accounts:
            return self._error(404, "user not found")
        self.revoke(session.account.name)
        return self._success(session.account)

    def _log_in(self, received: Received) -> Answer:
        given = received.json_strings()
        account = self._accounts.get(given.get("mobile", ""))
        if account is None or account.password != given.get("password"):
            return self._error(404, "user not found")
        if not self.login_returns_living_pair:
            self.revoke(account.name)
        return self._success(account)

    def _success(self, account: _Account) -> Answer:
        """Returns the user's living pair with its own expiry; makes one only if there is none."""
        pair = self.current(account.name) or self._new_session(account)
        session = self._sessions[pair["apiKey"]]
        return Answer.of_json(
            200,
            {
                **pair,
                "userId": account.user_id,
                self.expiry_field: session.expires_at,
                "user": account.profile,
            },
        )

    def _session(self, api_key: object) -> _Session | None:
        """Returns the live session of this key."""
        session = self._sessions.get(api_key) if isinstance(api_key, str) else None
        return session if session is not None and self._now_ms() < session.expires_at else None

    def _new_session(self, account: _Account) -> dict[str, str]:
        api_key, secret_key = (
            self._ledger.note(b64encode(self._ledger.mint()).decode(), account.name) for _ in range(2)
        )
        self._sessions[api_key] = _Session(account, secret_key, self._now_ms() + _SESSION_MS)
        return {"apiKey": api_key, "secretKey": secret_key}
