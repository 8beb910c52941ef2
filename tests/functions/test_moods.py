"""Every way in which a provider can misbehave ends in its outcome, with the fewest requests, and heals."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from tests.support.clock import HOUR
from tests.support.simulators import Mood
from tests.support.world import one_provider

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.world import Run, World

# The outcome at once, and at the next run.
REFRESHES = {
    Mood.BROKEN_TEXT: ("refreshed", "fresh"),
    Mood.GZIP: ("refreshed", "fresh"),
    Mood.ODD_EXPIRY: ("refreshed", "fresh"),
}
SPENDS = {
    Mood.SLOW: ("transient", "logged_in"),
    Mood.TRICKLE_HEADERS: ("transient", "logged_in"),
    Mood.DROP_AFTER: ("transient", "logged_in"),
    Mood.TRICKLE_BODY: ("unreadable", "logged_in"),
    Mood.WRONG_SHAPE: ("unreadable", "logged_in"),
    Mood.EMPTY: ("transient", "logged_in"),
    Mood.TRUNCATED: ("unreadable", "logged_in"),
    Mood.OVERSIZED: ("unreadable", "logged_in"),
    Mood.GZIP_BOMB: ("unreadable", "logged_in"),
}
REFUSES = {
    Mood.DROP_BEFORE: ("transient", "refreshed"),
    Mood.TOO_MANY_REQUESTS: ("transient", "refreshed"),
    Mood.BUSY_IN_200: ("transient", "refreshed"),
    Mood.TEAPOT: ("transient", "refreshed"),
    Mood.SERVICE_UNAVAILABLE: ("transient", "refreshed"),
    Mood.BAD_GATEWAY_HTML: ("transient", "refreshed"),
    Mood.REDIRECT: ("transient", "refreshed"),
    Mood.REDIRECT_SAME_METHOD: ("transient", "refreshed"),
    Mood.NOT_JSON: ("transient", "refreshed"),
}
LOGS_IN = {
    Mood.ECHO_CREDENTIALS: ("logged_in", "fresh"),
    Mood.ERROR_IN_200: ("logged_in", "fresh"),
}
# Somebody answers, and no document explains it: a login is tried again in the version's slot only.
UNCLEAR = {Mood.TEAPOT, Mood.EMPTY, Mood.NOT_JSON, Mood.REDIRECT, Mood.REDIRECT_SAME_METHOD}
EXPECTED = REFRESHES | SPENDS | REFUSES | LOGS_IN
ONE_OF_EACH_KIND = [
    Mood.GZIP,
    Mood.DROP_AFTER,
    Mood.WRONG_SHAPE,
    Mood.SERVICE_UNAVAILABLE,
    Mood.NOT_JSON,
    Mood.ECHO_CREDENTIALS,
]
IN_ITS_OWN_SHAPE = [
    Mood.ODD_EXPIRY,
    Mood.WRONG_SHAPE,
    Mood.TOO_MANY_REQUESTS,
    Mood.BUSY_IN_200,
    Mood.TEAPOT,
    Mood.ECHO_CREDENTIALS,
    Mood.ERROR_IN_200,
]


def _is_explained(world: World, mood: Mood) -> bool:
    """Tells whether a refusal is one that a document explains: Fashion World's are known by their words only."""
    return not (world.kind.name == "fashion-world" and mood is Mood.ECHO_CREDENTIALS)


def _expected(world: World, mood: Mood) -> tuple[str, str]:
    return EXPECTED[mood] if _is_explained(world, mood) else ("transient", "refreshed")


def test_every_mood_is_tried() -> None:
    """A mood that is added to the simulators is tried here, too."""
    assert set(EXPECTED) == set(Mood)


@pytest.fixture
def spoilt(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[Mood], Run]:
    """Runs once in a mood; for the slow ones the limits of 10 and 15 real seconds are shortened to 0.2 and 0.4."""

    def run(mood: Mood) -> Run:
        world.provider.misbehave(mood)
        with monkeypatch.context() as patch:
            if mood in (Mood.SLOW, Mood.TRICKLE_BODY, Mood.TRICKLE_HEADERS):
                patch.setattr("token_refresh.transport.READ_SECONDS", 0.2)
                patch.setattr("token_refresh.exchange.REQUEST_SECONDS", 0.4)
            return world.run()

    return run


@pytest.mark.parametrize(
    ("provider_name", "mood"),
    [*(("mcs", mood) for mood in Mood), *product(("fashion-world", "ekuaibao"), IN_ITS_OWN_SHAPE)],
)
def test_mood(world: World, spoilt: Callable[[Mood], Run], mood: Mood) -> None:
    """One bad answer has its outcome, the next run has another, and what is current is live in the end."""
    name = world.add()
    at_once, next_tick = _expected(world, mood)

    run = spoilt(mood)

    assert run.outcomes == {at_once: 1}
    if at_once in ("transient", "unreadable"):
        assert f"{name}: {at_once}: " in run.failure
        assert "\n" not in run.failure
    assert len(run.sent) == (2 if mood in LOGS_IN and _is_explained(world, mood) else 1)
    assert {sent.path for sent in run.sent} <= {
        world.kind.refresh(world.store.versions(name)[0].document, 0).path,
        world.kind.login(world.store.versions(name)[0].document).path,
    }
    assert world.run().result["outcomes"] == {next_tick: 1}
    assert world.provider.is_live(world.document(name))


@one_provider
@pytest.mark.parametrize("mood", ONE_OF_EACH_KIND)
def test_mood_without_login_fields(world: World, spoilt: Callable[[Mood], Run], mood: Mood) -> None:
    """Without login fields a spent session is reported at the next run; otherwise nothing is different."""
    name = world.add(login_fields=False)
    at_once, next_tick = _expected(world, mood)
    if mood in LOGS_IN and _is_explained(world, mood):
        at_once = next_tick = "rejected"
    elif mood in SPENDS:
        next_tick = "rejected"

    run = spoilt(mood)

    assert run.outcomes == {at_once: 1}
    assert len(run.sent) == 1
    assert world.run().outcomes == {next_tick: 1}
    assert world.provider.is_live(world.document(name)) is (mood not in SPENDS)


@one_provider
@pytest.mark.parametrize("mood", ONE_OF_EACH_KIND)
def test_mood_at_login(world: World, spoilt: Callable[[Mood], Run], mood: Mood) -> None:
    """A login's bad answer is read like a refresh's, but that a refusal is final."""
    name = world.add(tokens=False)
    at_once = _expected(world, mood)[0]
    expected = {"refreshed": "logged_in", "logged_in": "rejected"}.get(at_once, at_once)

    run = spoilt(mood)

    assert run.outcomes == {expected: 1}
    assert len(run.sent) == 1
    if expected == "rejected":
        assert world.store.labels(name)["REJECTED"] == world.current(name).id
    elif expected != "logged_in":
        if mood in UNCLEAR or not _is_explained(world, mood):
            assert world.store.labels(name)["UNCLEAR"] == world.current(name).id
            world.clock.advance(HOUR)  # out of the hour of the first answer, whose proof is the same
            world.run_until_asked()
        else:
            assert world.run().result["outcomes"] == {"logged_in": 1}
        assert world.provider.is_live(world.document(name))


@one_provider
def test_nobody_listens(world: World) -> None:
    """A provider that cannot be reached is transient; it sees no request, and nothing is lost."""
    name = world.add()
    world.provider.stop()

    run = world.run()

    assert f"{name}: transient: " in run.failure
    assert run.sent == []
    world.provider.start()
    assert world.run().result["outcomes"] == {"refreshed": 1}
