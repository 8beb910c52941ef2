"""What a run finds, and what happens while it is under way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.safety.kills.conductor import ASK
from tests.safety.kills.law import Held
from tests.support.clock import MINUTE
from tests.support.simulators import Mood

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.safety.kills.lab import Lab

_DUE = 40 * MINUTE  # of an hour


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scenario's secrets are made, and whether they can log in."""

    prefix: str
    login_fields: bool


@dataclass(frozen=True, slots=True)
class Scenario:
    """One situation, and how a run ends in it that nobody kills."""

    name: str
    prepare: Callable[[Lab, Place], Callable[[str], None] | None]  # makes the secrets; returns who meddles with the run
    outcomes: tuple[str, ...]  # of its secrets, in alphabetical order, with login fields
    outcomes_without_login: tuple[str, ...] | None  # None: it needs them
    heals_by_login: bool = True
    forced: bool = False  # by a person, secret "a" alone

    def event(self, place: Place) -> dict[str, object]:
        """Returns what the run is told."""
        return {"secret_id": place.prefix + "a", "force": True} if self.forced else {}


def _refreshed(lab: Lab, place: Place) -> None:
    lab.add_ours(place.prefix + "a", _DUE, login_fields=place.login_fields)


def _not_due(lab: Lab, place: Place) -> None:
    lab.add_ours(place.prefix + "a", 0, login_fields=place.login_fields)


def _refused(lab: Lab, place: Place) -> None:
    held = lab.add(place.prefix + "a", login_fields=place.login_fields)
    lab.provider.revoke(held.account)


def _login_only(lab: Lab, place: Place) -> None:
    lab.add(place.prefix + "a", tokens=False, login_fields=place.login_fields)


def _rejected(lab: Lab, place: Place) -> None:
    held = lab.add_ours(place.prefix + "a", _DUE, login_fields=place.login_fields)
    lab.provider.delete_account(held.account)


def _unreadable(lab: Lab, place: Place) -> None:
    lab.add(place.prefix + "a", login_fields=place.login_fields)
    lab.provider.misbehave(Mood.WRONG_SHAPE)


def _unanswered(lab: Lab, place: Place) -> None:
    lab.add_ours(place.prefix + "a", _DUE, login_fields=place.login_fields)
    lab.provider.misbehave(Mood.DROP_AFTER)


def _not_due_and_unanswered(lab: Lab, place: Place) -> None:
    _not_due(lab, place)
    lab.provider.misbehave(Mood.DROP_AFTER)


def _edit(lab: Lab, place: Place) -> Callable[[str], None]:
    """A person changes something else in the secret while the provider answers."""
    held = lab.add_ours(place.prefix + "a", _DUE, login_fields=place.login_fields)

    def meddle(step: str) -> None:
        if step == ASK and held.edit is None:
            _write(lab, held, {**lab.store.current(held.name).document, "contact": "someone else"})
            held.edit = {**held.kept, "contact": "someone else"}

    return meddle


def _other_credentials(lab: Lab, place: Place) -> Callable[[str], None]:
    """A person stores another account's credentials while the provider answers."""
    held = lab.add_ours(place.prefix + "a", _DUE, login_fields=place.login_fields)

    def meddle(step: str) -> None:
        if step == ASK and held.edit is None:
            held.edited_account, kept, document = lab.account(login_fields=place.login_fields)
            _write(lab, held, {**document, "contact": "someone else"})
            held.edit = {**kept, "contact": "someone else"}

    return meddle


def _mixed(lab: Lab, place: Place) -> None:
    """One secret that is due, one that is not, one that is no JSON."""
    lab.add(place.prefix + "due", login_fields=place.login_fields)
    lab.add_ours(place.prefix + "fresh", 0, login_fields=place.login_fields)
    version = lab.store.create(place.prefix + "garbage", "no JSON")
    assert version is not None
    lab.law.held.append(Held(place.prefix + "garbage", "nobody", {}, by_hand={version.id}, parses=False))


def _write(lab: Lab, held: Held, document: dict[str, object]) -> None:
    lab.clock.advance(1)  # a person takes time
    held.by_hand.add(lab.store.person_writes(held.name, document).id)


SCENARIOS = (
    Scenario("refreshed", _refreshed, ("refreshed",), ("refreshed",)),
    Scenario("forced", _not_due, ("refreshed",), ("refreshed",), forced=True),
    Scenario("forced-unanswered", _not_due_and_unanswered, ("transient",), ("transient",), forced=True),
    Scenario("refused", _refused, ("logged_in",), ("rejected",)),
    Scenario("login-only", _login_only, ("logged_in",), None),
    Scenario("rejected", _rejected, ("rejected",), ("rejected",), heals_by_login=False),
    Scenario("unreadable", _unreadable, ("unreadable",), ("unreadable",)),
    Scenario("unanswered", _unanswered, ("transient",), ("transient",)),
    Scenario("edited", _edit, ("refreshed",), ("refreshed",)),
    Scenario("other-credentials", _other_credentials, ("superseded",), ("superseded",)),
    Scenario("mixed", _mixed, ("refreshed", "fresh", "invalid_secret"), ("refreshed", "fresh", "invalid_secret")),
)
