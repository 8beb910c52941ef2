"""What the simulators have in common: accounts and their sessions."""

from __future__ import annotations

import time
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from tests.support.simulators.exchange import Answer, Received
from tests.support.simulators.server import MoodyServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody's account with a provider."""

    name: str
    login: dict[str, str] = field(repr=False)  # first what only this account has
    app: dict[str, str] = field(default_factory=dict, repr=False)  # what its secret holds besides
    profile: dict[str, Any] = field(default_factory=dict, repr=False)  # what an answer tells of it


@dataclass(frozen=True, slots=True)
class Session:
    """What a refresh spends."""

    account: Account
    tokens: dict[str, str] = field(repr=False)
    expires_at: int  # epoch milliseconds


class Simulator(MoodyServer):
    """One provider, stateful. An account is named by its name or by a secret of its own."""

    LIFETIME_MS: ClassVar[int]  # of a session
    REFRESH_PATH: ClassVar[str]
    LOGIN_PATH: ClassVar[str]
    TOKEN: ClassVar[str]  # the one that a session is found by

    def __init__(self, *, clock: Callable[[], float] = time.time, port: int = 0) -> None:
        """Makes a stopped simulator; ``clock`` returns epoch seconds, port 0 is any free one."""
        super().__init__(clock=clock, port=port)
        self._accounts: dict[str, Account] = {}  # by name
        self._sessions: dict[str, Session] = {}  # by TOKEN, oldest first

    def owner(self, secret: Mapping[str, object]) -> str:
        """Returns the name of the account that a secret, or a part of one, belongs to."""
        with self._lock:
            return self._ledger.owner(secret)

    def create_account(
        self, name: str | None = None, *, tokens: bool = True, login_fields: bool = True
    ) -> dict[str, str]:
        """Opens an account, under a name of its own if none is given.

        Returns its secret's fields, ready for ``json.dumps``: those that refresh, those that log in, or both.
        """
        with self._lock:
            unique = self._ledger.mint().hex()
            account = self._open(name or f"account-{unique[:8]}", unique)
            self._accounts[account.name] = account
            own, *others = account.login.values()
            self._ledger.note(own, account.name)
            for value in (*others, *account.app.values()):
                self._ledger.note(value)
            session = self._new_session(account).tokens if tokens else {}
            return {**account.app, **session, **(account.login if login_fields else {})}

    def revoke(self, account: str | Mapping[str, object]) -> None:
        """Ends the account's sessions as if they had expired: a refresh is refused, a login works."""
        with self._lock:
            name = self._ledger.owner(account)
            self._sessions = {token: held for token, held in self._sessions.items() if held.account.name != name}

    def delete_account(self, account: str | Mapping[str, object]) -> None:
        """Removes the account: neither a refresh nor a login works."""
        with self._lock:
            self.revoke(account)
            self._accounts.pop(self._ledger.owner(account), None)

    def current(self, account: str | Mapping[str, object]) -> dict[str, str]:
        """Returns the tokens that would refresh the account's newest live session; none if it is dead."""
        with self._lock:
            name = self._ledger.owner(account)
            mine = [token for token, held in self._sessions.items() if held.account.name == name]
            live = [session.tokens for session in map(self._session, mine) if session is not None]
            return dict(live[-1]) if live else {}

    def is_live(self, secret: Mapping[str, object]) -> bool:
        """Says whether a refresh with this secret would be accepted right now."""
        with self._lock:
            session = self._session(secret.get(self.TOKEN))
            if session is None or session.account.name not in self._accounts:
                return False
            needed = {**session.account.app, **session.tokens}
            return all(secret.get(name) == value for name, value in needed.items())

    @abstractmethod
    def _open(self, name: str, unique: str) -> Account:
        """Makes an account out of 64 hexadecimal digits that no other has."""

    @abstractmethod
    def _new_tokens(self, account: Account) -> dict[str, str]:
        """Makes a session's tokens."""

    @abstractmethod
    def _refresh(self, received: Received) -> Answer:
        """Answers a POST to REFRESH_PATH; called with the lock held."""

    @abstractmethod
    def _log_in(self, received: Received) -> Answer:
        """Answers a POST to LOGIN_PATH; called with the lock held."""

    def _now_ms(self) -> int:
        return round(self._clock() * 1_000)

    def _new_session(self, account: Account, lifetime_ms: int | None = None) -> Session:
        tokens = {name: self._ledger.note(value, account.name) for name, value in self._new_tokens(account).items()}
        session = Session(account, tokens, self._now_ms() + (lifetime_ms or self.LIFETIME_MS))
        self._sessions[tokens[self.TOKEN]] = session
        return session

    def _session(self, token: object) -> Session | None:
        """Returns the live session that this token is of."""
        session = self._sessions.get(token) if isinstance(token, str) else None
        return session if session is not None and self._now_ms() < session.expires_at else None

    def _who_logs_in(self, given: Mapping[str, str]) -> Account | None:
        """Returns the account whose login fields these are."""
        return next((one for one in self._accounts.values() if one.login.items() <= given.items()), None)

    def _act(self, received: Received) -> Answer:
        """Does what was asked and returns the provider's honest answer."""
        handler = {self.LOGIN_PATH: self._log_in, self.REFRESH_PATH: self._refresh}.get(received.path)
        if handler is None:
            return Answer.of_text(404, "Not Found\n")
        if received.method != "POST":
            return Answer.of_text(405, "Method Not Allowed\n")
        return handler(received)
