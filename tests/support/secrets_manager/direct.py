"""A test's own way into a store: the truth, without HTTP, faults or history."""

from __future__ import annotations

import base64
import json
import threading
from typing import TYPE_CHECKING, Any

from tests.support.leaks import strings_to_hide

from . import invariants
from .account import Account, Key
from .model import AWSCURRENT, Secret, Version
from .operations import perform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .consistency import StaleReads

    Value = Mapping[str, Any] | str | bytes


class DirectAccess:
    """One account's secrets, as a test writes and reads them."""

    def __init__(self, clock: Callable[[], float], *, seed: int, move_takes_pending_off: bool) -> None:
        self._account = Account(clock, seed, move_takes_pending_off=move_takes_pending_off)
        self._lock = threading.RLock()

    def create(self, name: str, value: Value | None = None) -> Version | None:
        """Creates a secret; returns its first version, or None if it was given no value."""
        self._act("CreateSecret", {"Name": name, **_value_members(value)})
        return None if value is None else self.current(name)

    def person_writes(self, name: str, value: Value) -> Version:
        """Stores a value as a person at the console does, by UpdateSecret; a dict is stored as JSON."""
        self._act("UpdateSecret", {"SecretId": name, **_value_members(value)})
        return self.current(name)

    def delete(self, name: str) -> None:
        """Marks a secret for deletion."""
        self._act("DeleteSecret", {"SecretId": name})

    def current(self, name: str) -> Version:
        """Returns the version that AWSCURRENT is on."""
        secret = self.secret(name)
        return secret.version(secret.labels[AWSCURRENT])

    def labels(self, name: str) -> dict[str, str]:
        """Returns every label of a secret, with the id of the version it is on."""
        return dict(self.secret(name).labels)

    def versions(self, name: str) -> list[Version]:
        """Returns every version of a secret, oldest first."""
        secret = self.secret(name)
        return [secret.version(version_id) for version_id in secret.versions]

    def secret(self, name: str) -> Secret:
        """Returns a secret as it is now, marked for deletion or not."""
        with self._lock:
            return self._account.truth(name)

    def names(self) -> list[str]:
        """Returns the names of the secrets that exist, marked for deletion or not."""
        with self._lock:
            return self._account.names()

    def set_key(self, name: str, key: Key) -> None:
        """Puts the KMS key of one secret into a state."""
        with self._lock:
            self._account.keys[name] = key

    def set_stale_reads(self, rule: StaleReads) -> None:
        """Makes writes from now on invisible for a while."""
        with self._lock:
            self._account.stale_reads = rule

    def set_version_quota(self, quota: int) -> None:
        """Sets how many versions a secret can have."""
        with self._lock:
            self._account.version_quota = quota

    def set_empty_first_page(self, *, empty: bool) -> None:
        """Makes listings begin with an empty page and a NextToken, as the API reference says may happen."""
        with self._lock:
            self._account.empty_first_page = empty

    def secret_values(self) -> set[str]:
        """Returns every string that was ever stored and must not be shown, for scanning output.

        Of a JSON document, its strings and numbers of six characters or more, but for those under
        `PUBLIC_KEYS`.
        """
        with self._lock:
            return strings_to_hide(self._account.values_written)

    def check_invariants(self) -> None:
        """Raises AssertionError if any secret breaks a rule that holds at every moment."""
        with self._lock:
            for name in self.names():
                invariants.check(self._account.truth(name), self._account.version_quota)

    def _act(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        with self._lock:
            return perform(self._account, operation, request)


def _value_members(value: Value | None) -> dict[str, str]:
    match value:
        case None:
            return {}
        case bytes():
            return {"SecretBinary": base64.b64encode(value).decode()}
        case str():
            return {"SecretString": value}
        case _:
            return {"SecretString": json.dumps(value, ensure_ascii=False)}
