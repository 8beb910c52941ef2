"""Every way in which a provider can misbehave ends in its outcome, with the fewest requests, and heals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.clock import HOUR
from tests.support.simulators import Mood
from tests.support.steps import SWEEP

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.world import Run, World

# The outcome at once, and at the next run.
REFRESHES = {
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
UNCLEAR = {Mood.EMPTY, Mood.NOT_JSON, Mood.REDIRECT, Mood.REDIRECT_SAME_METHOD}
EXPECTED = REFRESHES | SPENDS | REFUSES | LOGS_IN


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


@pytest.mark.parametrize("mood", Mood)
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


@pytest.mark.parametrize("mood", Mood)
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


@pytest.mark.parametrize("mood", Mood)
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


def test_nobody_listens(world: World) -> None:
    """A provider that cannot be reached is transient; it sees no request, and nothing is lost."""
    name = world.add()
    world.provider.stop()

    run = world.run()

    assert f"{name}: transient: " in run.failure
    assert run.sent == []
    world.provider.start()
    assert world.run().result["outcomes"] == {"refreshed": 1}


@pytest.mark.parametrize("status", [301, 307, 308, 400, 403, 404, 500, 502, 504])
def test_a_gateways_page_rejects_nobody(world: World, status: int) -> None:
    """Only the provider's own error shape can refuse credentials: any other page is transient, whatever its status."""
    name = world.add()
    headers = {"Content-Type": "text/html", "Location": world.provider.url + "/elsewhere"}
    world.provider.answer_with(status, headers, "<html>no</html>")

    run = world.run()

    assert f"{name}: transient: " in run.failure
    assert f"HTTP {status}" in run.failure
    asked_elsewhere = world.kind.name == "mcs" and status == 404  # its path is spelt in two ways
    assert len(run.sent) == 1 + asked_elsewhere
    assert world.run().steps[0] == SWEEP
    assert world.provider.is_live(world.document(name))


def test_a_long_message_is_cut(world: World) -> None:
    """The provider's own message comes in one line of at most 200 characters."""
    world.add(login_fields=False)
    message = "no\\n\\t" + "way " * 200
    body = f'{{"code": 400, "message": "{message}", "errorCode": 400, "errorMessage": "{message}"}}'
    world.provider.answer_with(400, body=body)

    run = world.run()

    assert "\n" not in run.failure
    assert ("no " + "way " * 200)[:190] in run.failure
    assert ("no " + "way " * 200)[:201] not in run.failure


def test_what_goes_out(world: World) -> None:
    """A request names the project, closes its connection, and carries no cookie, though the provider sets one."""
    world.add("a")
    world.add("b")
    world.set_environment(MAX_WORKERS="1")
    world.provider.answer_with(503, {"Set-Cookie": "session=dummy; Path=/"}, "busy", times=1)

    world.run()

    headers = [request.headers for request in world.provider.requests]
    assert len(headers) == 2
    for sent in headers:
        assert sent["User-Agent"].startswith("token-refresh")
        assert sent["Connection"] == "close"
        assert "Cookie" not in sent


def test_plain_http_is_refused_unless_allowed(world: World) -> None:
    """A secret's own plain base URL is an invalid secret when the stack does not allow it; nothing is sent."""
    name = world.add(baseUrl=world.provider.url)
    world.set_environment(ALLOW_PLAIN_HTTP="false", BASE_URL="https://provider.invalid")

    run = world.run()

    assert f"{name}: invalid_secret: " in run.failure
    assert "baseUrl" in run.failure
    assert run.sent == []


@pytest.mark.parametrize("slash", ["", "/"])
def test_base_url_of_a_secret(world: World, slash: str) -> None:
    """A secret's own base URL is the one that is asked."""
    name = world.add(baseUrl=world.provider.url + slash)
    world.set_environment(BASE_URL="https://provider.invalid")
    before = world.current(name)

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    assert run.sent == [world.kind.refresh(before.document, world.clock.now())]
