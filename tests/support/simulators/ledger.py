"""Which secret values a simulator has given out or been given, and whose they are."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMESTAMP = re.compile("[0-9]{13}")  # epoch milliseconds
_SHORTEST = 6  # characters; a scan for anything shorter finds it everywhere


class Ledger:
    """Makes secret values and remembers every one. Not thread-safe: the simulator's lock guards it."""

    def __init__(self, seed: str) -> None:
        """Makes an empty ledger; the same seed makes the same values in every run."""
        self._seed = seed
        self._minted = 0
        self._secrets: set[str] = set()
        self._owners: dict[str, str] = {}

    @property
    def secrets(self) -> frozenset[str]:
        """Every value noted so far."""
        return frozenset(self._secrets)

    def mint(self) -> bytes:
        """Returns 32 bytes that it never returned before."""
        self._minted += 1
        return hashlib.sha256(f"{self._seed} {self._minted}".encode()).digest()

    def note(self, value: str, owner: str | None = None) -> str:
        """Returns the value after noting it as secret, and as one that only this account has."""
        self._secrets.add(value)
        if owner is not None:
            self._owners[value] = owner
        return value

    def note_authorization(self, header: str) -> None:
        """Notes the credentials of an Authorization header, whole and in parts."""
        credentials = header.partition(" ")[2]
        # Not the time beside a signature: any log line of the same millisecond shows it, too.
        parts = [part for part in decoded(credentials).replace(":", " ").split() if not _TIMESTAMP.fullmatch(part)]
        self._secrets.update(part for part in (credentials, *parts) if len(part) >= _SHORTEST)

    def owner(self, account: str | Mapping[str, object]) -> str:
        """Returns an account's name: itself, or found through any value of a secret that only it has."""
        if isinstance(account, str):
            return account
        values = (value for value in account.values() if isinstance(value, str))
        return next(self._owners[value] for value in values if value in self._owners)


def decoded(text: str) -> str:
    """Returns what Base64 text says; nothing if it is not Base64 or not UTF-8."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return ""
