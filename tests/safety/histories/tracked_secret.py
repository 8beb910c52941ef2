"""A secret as the checks see it: what a person last put into it, and what has happened to its session since."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.providers import ProviderFacts

_DATES = ("refreshedAt", "expiresAt")

Base = list[tuple[str, Any]]  # a document's items, in order, without those that runs write


class Account(NamedTuple):
    """An account at the provider, as its owner knows it."""

    name: str
    credentials: dict[str, str]  # all of them, also those that are not in the secret


class Page(NamedTuple):
    """What a person has on the screen."""

    document: dict[str, Any]
    account: Account


@dataclass(eq=False, slots=True)
class TrackedSecret:
    """One secret."""

    name: str
    short: str
    account: Account  # whose credentials a person last stored
    # What a person last stored: what is none of a run's business, or something that is no document.
    base: Base = field(default_factory=list)
    garbage: str | None = None
    usable: bool = True  # whether it can be presented to the provider
    page: Page | None = None
    # Since the latest tokens were stored:
    ended: int = 0  # the event by which the history ended the session; 0: none
    clock_was_wrong: bool = False
    misled: bool = False  # something wrong was shown that can make a run reject what is good
    # The UTC hours in which a version labelled REJECTED or UNCLEAR was presented again, by its id.
    presented: dict[str, set[int]] = field(default_factory=dict)
    raised: bool = False  # counted by NeedsAttention at the latest sweep
    proofs: dict[str, bool] = field(default_factory=dict)  # by token: whether the clock was ever wrong when it was put
    proofs_in_hour: dict[int, int] = field(default_factory=dict)
    room_in_hour: dict[int, int] = field(default_factory=dict)  # what called for one more proof


def base_of(document: Mapping[str, Any], kind: ProviderFacts) -> Base:
    """Returns what no run may change."""
    return [(key, value) for key, value in document.items() if key not in (*kind.written, *_DATES)]


def tokens_of(document: Mapping[str, Any], kind: ProviderFacts) -> dict[str, Any]:
    """Returns what a refresh changes."""
    return {key: document[key] for key in kind.tokens if key in document}
