"""What a run finds, and what happens while it is under way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.safety.kills.invariants import TrackedSecret
from tests.safety.kills.killer import ASK
from tests.support.clock import MINUTE
from tests.support.simulators import Mood

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.safety.kills.world import World

_DUE = 40 * MINUTE  # of an hour


@dataclass(frozen=True, slots=True)
class Options:
    """How a scenario's secrets are made: under which prefix, and whether they can log in."""

    prefix: str
    login_fields: bool


@dataclass(frozen=True, slots=True)
class Scenario:
    """One situation, and how a run ends in it that nobody kills."""

    name: str
    prepare: Callable[
        [World, Options], Callable[[str], None] | None
    ]  # makes the secrets; returns what is called at each step
    outcomes: tuple[str, ...]  # of its secrets, in alphabetical order, with login fields
    outcomes_without_login: tuple[str, ...] | None  # None: it needs them
    heals_by_login: bool = True
    forced: bool = False  # by a person, secret "a" alone

    def event(self, options: Options) -> dict[str, object]:
        """Returns what the run is told."""
        return {"secret_id": options.prefix + "a", "force": True} if self.forced else {}


def _refreshed(world: World, options: Options) -> None:
    world.add_ours(options.prefix + "a", _DUE, login_fields=options.login_fields)


def _not_due(world: World, options: Options) -> None:
    world.add_ours(options.prefix + "a", 0, login_fields=options.login_fields)


def _refused(world: World, options: Options) -> None:
    tracked = world.add(options.prefix + "a", login_fields=options.login_fields)
    world.provider.revoke(tracked.account)


def _login_only(world: World, options: Options) -> None:
    world.add(options.prefix + "a", tokens=False, login_fields=options.login_fields)


def _rejected(world: World, options: Options) -> None:
    tracked = world.add_ours(options.prefix + "a", _DUE, login_fields=options.login_fields)
    world.provider.delete_account(tracked.account)


def _unreadable(world: World, options: Options) -> None:
    world.add(options.prefix + "a", login_fields=options.login_fields)
    world.provider.misbehave(Mood.WRONG_SHAPE)


def _unanswered(world: World, options: Options) -> None:
    world.add_ours(options.prefix + "a", _DUE, login_fields=options.login_fields)
    world.provider.misbehave(Mood.DROP_AFTER)


def _not_due_and_unanswered(world: World, options: Options) -> None:
    _not_due(world, options)
    world.provider.misbehave(Mood.DROP_AFTER)


def _edit(world: World, options: Options) -> Callable[[str], None]:
    """A person changes something else in the secret while the provider answers."""
    tracked = world.add_ours(options.prefix + "a", _DUE, login_fields=options.login_fields)

    def on_step(step: str) -> None:
        if step == ASK and tracked.edit is None:
            _write(world, tracked, {**world.store.current(tracked.name).document, "contact": "someone else"})
            tracked.edit = {**tracked.kept, "contact": "someone else"}

    return on_step


def _other_credentials(world: World, options: Options) -> Callable[[str], None]:
    """A person stores another account's credentials while the provider answers."""
    tracked = world.add_ours(options.prefix + "a", _DUE, login_fields=options.login_fields)

    def on_step(step: str) -> None:
        if step == ASK and tracked.edit is None:
            tracked.edited_account, kept, document = world.account(login_fields=options.login_fields)
            _write(world, tracked, {**document, "contact": "someone else"})
            tracked.edit = {**kept, "contact": "someone else"}

    return on_step


def _mixed(world: World, options: Options) -> None:
    """One secret that is due, one that is not, one that is no JSON."""
    world.add(options.prefix + "due", login_fields=options.login_fields)
    world.add_ours(options.prefix + "fresh", 0, login_fields=options.login_fields)
    version = world.store.create(options.prefix + "garbage", "no JSON")
    assert version is not None
    world.invariants.secrets.append(
        TrackedSecret(options.prefix + "garbage", "nobody", {}, by_hand={version.id}, parses=False)
    )


def _write(world: World, tracked: TrackedSecret, document: dict[str, object]) -> None:
    world.clock.advance(1)  # a person takes time
    tracked.by_hand.add(world.store.person_writes(tracked.name, document).id)


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
