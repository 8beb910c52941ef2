"""Fashion World, the "Caa" API, as its documents and its own published server describe it.

Choices where they are silent: the key is looked up before the signature is checked; a body, or a content type
other than the documented one, is refused with 400 ``invalid request``.
"""

from __future__ import annotations

import hashlib
import re
import time
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.simulators.exchange import Answer, Received
from tests.support.simulators.simulator import Account, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ACTION = "client:my:refresh-token"
_CLOCK_TOLERANCE_MS = 5 * 60 * 1_000
_PASSWORD = re.compile(r"[0-9A-Fa-f]{32}")  # an MD5
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


class FashionWorld(Simulator):
    """Keeps one session a user: a refresh deletes the old pair before it makes one."""

    DEAD_SESSION = (404, "apiKey not found")
    ECHO_STATUS = 404
    LIFETIME_MS = 3 * 24 * 60 * 60 * 1_000  # three days, as in the documents' example
    REFRESH_PATH = "/api/my/refresh-token"
    LOGIN_PATH = "/api/my/login"
    TOKEN = "apiKey"

    def __init__(self, *, clock: Callable[[], float] = time.time, port: int = 0) -> None:
        """Makes a stopped simulator."""
        super().__init__(clock=clock, port=port)
        self.expiry_field = "expireIn"  # one page of the documents spells it "expiresIn"

    def delete_account(self, account: str | Mapping[str, object]) -> None:
        """Removes the user; the session stays and points at nobody (``user not found``)."""
        with self._lock:
            self._accounts.pop(self._ledger.owner(account), None)

    def _open(self, name: str, unique: str) -> Account:
        login = {"mobile": f"138{int(unique[24:32], 16) % 10**8:08}", "password": unique[32:]}
        profile = {
            "_id": unique[:24],
            "registerAt": self._now_ms(),
            "createAt": self._now_ms(),
            "mobile": login["mobile"],
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
        return Account(name, login, profile=profile)

    def _error(self, status: int, message: str) -> Answer:
        return Answer.of_json(status, {"message": message})

    def _with_expiry(self, document: dict[str, Any], expiry: object) -> dict[str, Any]:
        return {**document, self.expiry_field: expiry}

    def _known_about(self, received: Received) -> str:
        credentials = parse_authorization(received.headers.get("Authorization", ""))
        session = self._session(credentials.api_key) if credentials else None
        if credentials is None or session is None:
            return ""
        return signed_text(_ACTION, credentials.api_key, session.tokens["secretKey"], credentials.timestamp)

    def _refresh(self, received: Received) -> Answer:
        if received.body or received.content_type != "application/x-www-form-urlencoded":
            return self._error(400, "invalid request")
        credentials = parse_authorization(received.headers.get("Authorization", ""))
        if credentials is None:
            return self._error(400, "invalid authorization")
        session = self._session(credentials.api_key)
        if session is None:
            return self._refusal()
        text = signed_text(_ACTION, credentials.api_key, session.tokens["secretKey"], credentials.timestamp)
        off_by = abs(int(credentials.timestamp) - self._now_ms())
        if credentials.signature != sign(text) or off_by > _CLOCK_TOLERANCE_MS:
            return self._error(400, "invalid signature")
        if session.account.name not in self._accounts:
            return self._error(404, "user not found")
        self.revoke(session.account.name)
        return self._success(session.account)

    def _log_in(self, received: Received) -> Answer:
        given = received.json_strings()
        password = given.get("password", "")
        if not _PASSWORD.fullmatch(password):
            return self._error(400, f"Path `password` (`{password}`) is invalid")
        account = self._who_logs_in(given)
        return self._error(404, "user not found") if account is None else self._success(account)

    def _success(self, account: Account) -> Answer:
        """Returns the user's living pair with its own expiry; makes one only if there is none."""
        session = self._session(self.current(account.name).get(self.TOKEN)) or self._new_session(account)
        user = {"userId": account.profile["_id"], self.expiry_field: session.expires_at, "user": account.profile}
        return Answer.of_json(200, {**session.tokens, **user})

    def _new_tokens(self, _: Account) -> dict[str, str]:
        return {name: b64encode(self._ledger.mint()).decode() for name in ("apiKey", "secretKey")}
