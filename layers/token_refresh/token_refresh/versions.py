"""The versions of a secret: their ids, and the labels (AWS: staging labels) that this software puts on them.

Ids are computed, never drawn: whoever stores the successor of a version stores it under the same id, and Secrets
Manager refuses a second, different value for it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

CURRENT = "AWSCURRENT"  # on the version that readers get
PENDING = "AWSPENDING"
ISSUED = "ISSUED"  # on the latest answer of the provider that a run stored, current or about to be
ASKED = "ASKED"  # on a version that the next run presents whatever its dates say
REJECTED = "REJECTED"  # on a version that has been reported: refused by the provider, or an invalid secret
UNCLEAR = "UNCLEAR"  # on a version whose login got an answer that no document explains
UNREADABLE = "UNREADABLE"  # on an answer that was kept because no tokens were found in it

_HOUR_SECONDS, _DAY_SECONDS = 3600, 86_400
_MOST_UNREADABLE = 12
_SLOT_SECONDS = 600
_SLOTS, _SLOTS_AN_HOUR = 144, 6  # of ten minutes, in a UTC day and in an hour


@dataclass(frozen=True, slots=True, repr=False)
class Version:
    """One version of one secret. A version's value never changes; its labels do."""

    arn: str
    name: str
    id: str
    text: str | None  # None: binary
    labels: frozenset[str]
    created: float  # epoch seconds

    @property
    def successor_id(self) -> str:
        """The id of the version with the tokens that replace this one's: there is only one, whoever stores it."""
        return successor_version_id(self.arn, self.id)


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """One version as a list of versions shows it, without its value."""

    id: str
    labelled: bool
    created: float  # epoch seconds


def successor_version_id(arn: str, version_id: str) -> str:
    """Return the id of the version that replaces this one."""
    return _version_id(f"{arn}#{version_id}#successor")


def proof_version_id(successor_id: str, at: float) -> str:
    """Return the id of the copy that proves, before asking, that a successor can be stored.

    It is the same within one UTC hour, so an outage adds at most 24 versions a day.
    """
    return _version_id(f"{successor_id}#{int(at // _HOUR_SECONDS)}")


def unreadable_version_ids(version_id: str, at: float) -> list[str]:
    """Return the ids under which answers to a version can be kept: twelve in a UTC day."""
    day = int(at // _DAY_SECONDS)
    return [_version_id(f"{version_id}#unreadable#{day}#{number}") for number in range(_MOST_UNREADABLE)]


def is_refresh_slot(version_id: str, at: float) -> bool:
    """Tell whether these are the ten minutes of the hour in which a refused version's tokens are presented again."""
    return _slot(at) % _SLOTS_AN_HOUR == _slot_of(version_id) % _SLOTS_AN_HOUR


def is_login_slot(version_id: str, at: float) -> bool:
    """Tell whether these are the ten minutes of the UTC day in which a refused password is presented again."""
    return _slot(at) == _slot_of(version_id)


def next_slot(version_id: str, now: float, *, daily: bool) -> float:
    """Return when the next slot begins (epoch seconds): the one for logins, or the one in every hour."""
    every = _SLOTS if daily else _SLOTS_AN_HOUR
    slots = now // _SLOT_SECONDS + 1
    return (slots + (_slot_of(version_id) - slots) % every) * _SLOT_SECONDS


def _slot(at: float) -> int:
    return int(at % _DAY_SECONDS // _SLOT_SECONDS)


def _slot_of(version_id: str) -> int:
    return int.from_bytes(hashlib.sha256(version_id.encode()).digest()[:4]) % _SLOTS


def _version_id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))
