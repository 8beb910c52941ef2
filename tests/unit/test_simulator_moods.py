"""Each way to misbehave does what it says: what the tests of hostile answers stand on."""

from __future__ import annotations

import contextlib
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import requests

from tests.support.simulators import Ekuaibao, FashionWorld, Mcs, Mood, Simulator
from tests.support.simulators.client import NOW_MS, refresh, renewed

if TYPE_CHECKING:
    from collections.abc import Iterator

# What these do, they do to a good answer once the provider has acted; a refusal they leave alone.
SPOILING = [
    Mood.WRONG_SHAPE,
    Mood.EMPTY,
    Mood.TRUNCATED,
    Mood.OVERSIZED,
    Mood.BROKEN_TEXT,
    Mood.GZIP,
    Mood.GZIP_BOMB,
    Mood.ODD_EXPIRY,
]
SPENDING = {*SPOILING, Mood.SLOW, Mood.TRICKLE_BODY, Mood.TRICKLE_HEADERS, Mood.DROP_AFTER}
STATUS = {
    Mood.TOO_MANY_REQUESTS: 429,
    Mood.BUSY_IN_200: 200,
    Mood.TEAPOT: 418,
    Mood.SERVICE_UNAVAILABLE: 503,
    Mood.BAD_GATEWAY_HTML: 502,
    Mood.REDIRECT: 302,
    Mood.REDIRECT_SAME_METHOD: 307,
    Mood.NOT_JSON: 200,
    Mood.ERROR_IN_200: 200,
}


@pytest.fixture(params=[Mcs, FashionWorld, Ekuaibao])
def provider(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """Each provider in turn, running, at the time as of which the client signs; nothing takes long."""
    kind: type[Simulator] = request.param
    with kind(clock=lambda: NOW_MS / 1_000) as simulator:
        simulator.slow_seconds = simulator.trickle_seconds = 0.0
        yield simulator


@pytest.fixture
def mcs() -> Iterator[Mcs]:
    """A running MCS, for what is the same with all three."""
    with Mcs() as simulator:
        yield simulator


def in_mood(provider: Simulator, mood: Mood) -> requests.Response:
    """Refreshes a new account in this mood; the body is still to be read."""
    provider.misbehave(mood)
    return refresh(provider, provider.create_account("demo"), stream=True)


def strings_in(document: object) -> set[str]:
    """Returns every string in a JSON document, at any depth."""
    match document:
        case str():
            return {document}
        case dict():
            return set().union(*map(strings_in, document.values()))
        case list():
            return set().union(*map(strings_in, document))
    return set()


@pytest.mark.parametrize("mood", Mood)
def test_it_acts_or_does_not(provider: Simulator, mood: Mood) -> None:
    """Exactly the moods that say so spend the pair, and the next request meets a good mood again."""
    secret = provider.create_account()
    provider.misbehave(mood)

    with contextlib.suppress(requests.ConnectionError):
        response = refresh(provider, secret, stream=True)
        assert response.status_code == STATUS.get(mood, response.status_code)
        response.close()

    assert provider.is_live(secret) is (mood not in SPENDING)
    assert refresh(provider, {**secret, **provider.current(secret)}).ok


@pytest.mark.parametrize("mood", SPOILING)
def test_a_refusal_stays_one(provider: Simulator, mood: Mood) -> None:
    """A dead session is never dressed up as a success."""
    secret = provider.create_account()
    provider.revoke(secret)
    plain = refresh(provider, secret)
    provider.misbehave(mood)

    response = refresh(provider, secret)

    assert (response.status_code, response.content) == (plain.status_code, plain.content)


@pytest.mark.parametrize("mood", [Mood.DROP_BEFORE, Mood.DROP_AFTER])
def test_drop_closes_without_a_byte(provider: Simulator, mood: Mood) -> None:
    """The client sees the connection end before any answer."""
    with pytest.raises(requests.ConnectionError, match="without response"):
        in_mood(provider, mood)

    assert len(provider.requests) == 1


def test_a_redirect_that_is_followed_is_on_record(provider: Simulator) -> None:
    """A client that follows it comes back to this simulator."""
    assert in_mood(provider, Mood.REDIRECT).headers["Location"] == f"{provider.url}/redirected"

    requests.post(f"{provider.url}/redirected", timeout=10)
    assert provider.requests[-1].path == "/redirected"


def test_refusals_of_a_living_session(provider: Simulator) -> None:
    """One is the refusal of a dead session, on 200; the other has its fields, and repeats every credential it got."""
    secret = provider.create_account(login_fields=False)
    answers = []
    for mood in Mood.ERROR_IN_200, Mood.ECHO_CREDENTIALS:
        provider.misbehave(mood)
        answers.append(refresh(provider, secret))
    provider.revoke(secret)
    refusal = refresh(provider, secret)

    assert (answers[0].status_code, answers[0].json()) == (200, refusal.json())
    echo = answers[1].json()
    assert (answers[1].status_code, echo.keys()) == (provider.ECHO_STATUS, refusal.json().keys())
    message = echo.get("message") or echo["errorMessage"]
    assert [value for value in secret.values() if value not in message] == []
    assert (provider.requests[0].headers.get("Authorization") or "") in message


@pytest.mark.parametrize(
    "mood", [Mood.WRONG_SHAPE, Mood.OVERSIZED, Mood.GZIP, Mood.ODD_EXPIRY, Mood.TRICKLE_BODY, Mood.TRICKLE_HEADERS]
)
def test_the_tokens_are_in_the_answer(provider: Simulator, mood: Mood) -> None:
    """A person could find them: further down, beside 4 MiB of padding, compressed unasked, or after a while."""
    response = in_mood(provider, mood)

    document = response.json()
    assert set(provider.current("demo").values()) <= strings_in(document)
    match mood:
        case Mood.WRONG_SHAPE:
            assert list(document["data"][0]) == ["session"]
        case Mood.OVERSIZED:
            assert provider.current("demo").items() <= renewed({}, response).items()
            assert len(response.content) > 4 * 1024 * 1024
        case Mood.GZIP:
            assert response.headers["Content-Encoding"] == "gzip"
        case Mood.TRICKLE_BODY:
            assert response.content.endswith(b" " * 2_048)
        case Mood.TRICKLE_HEADERS:
            assert response.headers["X-Padding"] == "x" * 2_048


def test_truncated_breaks_off_in_the_middle(provider: Simulator) -> None:
    """Fewer bytes come than Content-Length promises."""
    response = in_mood(provider, Mood.TRUNCATED)

    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        response.json()


def test_gzip_bomb_is_small_until_it_is_opened(provider: Simulator) -> None:
    """128 MiB come in less than 200 KiB."""
    compressed = in_mood(provider, Mood.GZIP_BOMB).raw.read(decode_content=False)
    opener = zlib.decompressobj(wbits=31)

    size = sum(len(opener.decompress(compressed[start : start + 1_024])) for start in range(0, len(compressed), 1_024))
    assert len(compressed) < 200 * 1024
    assert size == 128 * 1024 * 1024


@pytest.mark.parametrize("expiry", [None, -1, 10**30, [1]])
def test_an_odd_expiry_stands_where_the_expiry_belongs(provider: Simulator, expiry: object) -> None:
    """Whatever it is."""
    provider.odd_expiry = expiry

    document = in_mood(provider, Mood.ODD_EXPIRY).json()

    place = document.get("results") or document.get("value") or document
    assert expiry in [place.get(name) for name in ("expires_in", "expireIn", "expireTime") if name in place]


@pytest.mark.parametrize("mood", [Mood.SLOW, Mood.TRICKLE_BODY, Mood.TRICKLE_HEADERS])
def test_it_stops_at_once_in_the_middle_of_an_answer(mood: Mood) -> None:
    """Nobody waits for the answer that is being dawdled over."""
    with ThreadPoolExecutor(1) as pool:
        with Mcs() as provider:
            secret = provider.create_account()
            provider.misbehave(mood)
            waiting = pool.submit(refresh, provider, secret)
            deadline = time.monotonic() + 10
            while provider.is_live(secret) and time.monotonic() < deadline:
                time.sleep(0.01)
            began = time.monotonic()
        assert time.monotonic() - began < 2
        with pytest.raises(requests.RequestException):
            waiting.result(timeout=5)


def test_behaviours_wait_in_line_before_the_standing_one(mcs: Mcs) -> None:
    """Counted ones first, in their order, then the standing one, until reset; a canned answer goes out as given."""
    secret = mcs.create_account()
    mcs.misbehave(Mood.SERVICE_UNAVAILABLE, times=None)
    mcs.misbehave(Mood.TOO_MANY_REQUESTS, times=2)
    mcs.answer_with(418, {"X-Kettle": "yes"}, b"\xff\x00")

    answers = [refresh(mcs, secret) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [429, 429, 418, 503, 503]
    assert (answers[2].headers["X-Kettle"], answers[2].content) == ("yes", b"\xff\x00")
    assert mcs.is_live(secret)
    mcs.behave()
    assert refresh(mcs, secret).status_code == 200


def test_a_mood_can_be_set_over_http(mcs: Mcs) -> None:
    """A person with curl sets and resets moods, and leaves no trace in the record."""
    secret = mcs.create_account()

    answer = requests.post(f"{mcs.url}/_mood", data='{"mood": "SERVICE_UNAVAILABLE", "times": null}', timeout=10)
    assert answer.json() == {"mood": "service_unavailable", "times": None}
    assert [refresh(mcs, secret).status_code for _ in range(2)] == [503, 503]
    assert requests.post(f"{mcs.url}/_mood", data='{"mood": null}', timeout=10).ok
    assert refresh(mcs, secret).status_code == 200
    assert len(mcs.requests) == 3


@pytest.mark.parametrize(
    "wish",
    [
        "",
        "[]",
        "{}",
        '{"mood": "sulky"}',
        '{"mood": 1}',
        '{"mood": "slow", "times": 0}',
        '{"mood": "slow", "times": true}',
    ],
)
def test_a_wish_it_cannot_read_is_refused(mcs: Mcs, wish: str) -> None:
    """The answer names what it wants, and nothing changes."""
    answer = requests.post(f"{mcs.url}/_mood", data=wish, timeout=10)

    assert answer.status_code == 400
    assert "times" in answer.json()["error"]
    assert refresh(mcs, mcs.create_account()).ok
