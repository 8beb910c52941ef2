"""People who edit the secrets, at the console."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers

from tests.safety.histories.tracked_secret import Account, Page, TrackedSecret, base_of, tokens_of
from tests.support.secrets_manager.errors import ServiceError
from tests.support.simulators import Received

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.safety.histories.world import World


class People:
    """They see what is really stored, take care, and can be wrong all the same."""

    def __init__(self, history: World) -> None:
        """Works on a history's secrets."""
        self._history = history
        self._count = 0
        self._accounts: dict[str, Account] = {}

    def account(self, name: str) -> Account:
        """Returns an account by its name."""
        return self._accounts[name]

    def settle(self, short: str, *, tokens: bool, login: bool) -> TrackedSecret:
        """Creates a secret."""
        history = self._history
        name = f"token-refresh/{history.kind.name}/{short}"
        account = self._open_account(name)
        tracked = TrackedSecret(name, short, account)
        fields = self._fields(account, tokens=tokens, login=login)
        document = {"note": self._note(), **fields, "größe": [1, {"a": None}]}
        history.store.create(name, document)
        tracked.base = base_of(document, history.kind)
        return tracked

    def change_note(self, tracked: TrackedSecret) -> None:
        """Changes what is none of a run's business."""
        document = self._document(tracked)
        if document is None:
            self.fix(tracked)
        else:
            self._write(
                tracked, {**document, "note": self._note()}, self._owner(document, tracked), usable=tracked.usable
            )

    def open_page(self, tracked: TrackedSecret) -> None:
        """Opens the secret, to save it some time later."""
        document = self._document(tracked)
        if document is not None and tracked.usable:
            tracked.page = Page(document, self._owner(document, tracked))

    def save_page(self, tracked: TrackedSecret) -> None:
        """Saves the page opened then, with a note."""
        if tracked.page is None:
            self.change_note(tracked)
        else:
            self._write(tracked, {**tracked.page.document, "note": self._note()}, tracked.page.account)

    def paste_session(self, tracked: TrackedSecret) -> None:
        """Logs in at the provider, and stores what that gave."""
        history, document = self._history, self._document(tracked)
        # Who gets no usable answer, or has no account any more, starts with a new one.
        issued = None if history.in_a_mood or document is None else self._log_in(tracked.account)
        if document is None or issued is None or not tracked.usable:
            self.fix(tracked)
            return
        history.end(tracked)  # at some providers a login ends the session before
        self._write(tracked, {**document, **issued}, tracked.account)

    def paste_account(self, tracked: TrackedSecret, *, login: bool) -> None:
        """Stores another account's credentials."""
        account = self._open_account(tracked.name)
        fields = self._fields(account, tokens=True, login=login)
        self._write(tracked, {"note": self._note(), **fields}, account)

    def paste_another_secret(self, tracked: TrackedSecret) -> None:
        """Stores what another secret holds: at Fashion World, which knows one session a user, a mistake."""
        others = [other for other in self._history.secrets if other is not tracked]
        document = self._document(others[0]) if others and self._history.kind.name == "fashion-world" else None
        if document is None or not {*self._history.kind.login_fields} <= document.keys():
            self.change_note(tracked)
        else:
            fields = {name: document[name] for name in others[0].account.credentials if name in document}
            self._write(tracked, {"note": self._note(), **fields}, others[0].account)

    def store_garbage(self, tracked: TrackedSecret) -> None:
        """Stores what is no document."""
        self._write(tracked, f"by mistake: {self._note()}", tracked.account, usable=False)

    def take_out_credentials(self, tracked: TrackedSecret) -> None:
        """Leaves nothing to present."""
        self._write(tracked, {"note": self._note()}, tracked.account, usable=False)

    def fix(self, tracked: TrackedSecret) -> None:
        """Stores what works."""
        self.paste_account(tracked, login=True)

    def _write(
        self, tracked: TrackedSecret, value: Mapping[str, Any] | str, account: Account, *, usable: bool = True
    ) -> None:
        history = self._history
        # AWS can refuse a person, too.
        with contextlib.suppress(ServiceError):
            before = self._document(tracked)
            history.store.person_writes(tracked.name, value)
            if isinstance(value, str) or before is None or self._differ(before, value):
                history.invocation.ended.add(tracked.name)
            tracked.account, tracked.usable = account, usable
            tracked.garbage = value if isinstance(value, str) else None
            tracked.base = [] if isinstance(value, str) else base_of(value, history.kind)
            history.edited(tracked)

    def _differ(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        """Tells whether a person stores other tokens than those that are there."""
        return tokens_of(before, self._history.kind) != tokens_of(after, self._history.kind)

    def _document(self, tracked: TrackedSecret) -> dict[str, Any] | None:
        try:
            return self._history.store.current(tracked.name).document
        except ValueError:
            return None

    def _owner(self, document: Mapping[str, Any], tracked: TrackedSecret) -> Account:
        """Returns whose tokens a person sees, who need not be who the person meant."""
        tokens = tokens_of(document, self._history.kind)
        return self._accounts[self._history.provider.owner(tokens)] if tokens else tracked.account

    def _open_account(self, name: str) -> Account:
        self._count += 1
        account = Account(f"{name}#{self._count}", self._history.provider.create_account(f"{name}#{self._count}"))
        self._accounts[account.name] = account
        return account

    def _fields(self, account: Account, *, tokens: bool, login: bool) -> dict[str, str]:
        kind = self._history.kind
        left_out = {*(() if tokens else kind.tokens), *(() if login else kind.login_fields)}
        return {key: value for key, value in account.credentials.items() if key not in left_out}

    def _log_in(self, account: Account) -> dict[str, Any] | None:
        history = self._history
        sent = history.kind.login(account.credentials)
        headers = {"Authorization": sent.authorization, "Content-Type": sent.content_type}
        given = Headers({name: value for name, value in headers.items() if value is not None})
        received = Received(sent.method, sent.path, sent.query, given, json.dumps(sent.body).encode(), history.clock())
        answer = history.provider.answer_to(received)
        if answer.status != 200:
            return None
        document = answer.document()
        return tokens_of({**document, **document.get("value", {})}, history.kind)

    def _note(self) -> str:
        self._count += 1
        return f"dummy note {self._count}"
