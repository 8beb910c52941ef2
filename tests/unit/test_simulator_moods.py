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

SPENDING = {
    Mood.SLOW,
    Mood.TRICKLE_BODY,
    Mood.TRICKLE_HEADERS,
    Mood.DROP_AFTER,
    Mood.WRONG_SHAPE,
    Mood.EMPTY,
    Mood.TRUNCATED,
    Mood.OVERSIZED,
    Mood.GZIP,
    Mood.GZIP_BOMB,
    Mood.ODD_EXPIRY,
}


@pytest.fixture(params=[Mcs, FashionWorld, Ekuaibao])
def provider(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """Each provider in turn, running, at the time as of which the client signs."""
    kind: type[Simulator] = request.param
    with kind(clock=lambda: NOW_MS / 1_000) as simulator:
        yield simulator


@pytest.fixture
def mcs() -> Iterator[Mcs]:
    """A running MCS, for what is the same with all three."""
    with Mcs() as simulator:
        yield simulator


def in_mood(provider: Simulator, mood: Mood) -> requests.Response:
    """Refreshes a new account in this mood, without waiting; the body is still to be read."""
    provider.slow_seconds = provider.trickle_seconds = 0.0
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
def test_mood_acts_or_does_not(provider: Simulator, mood: Mood) -> None:
    """Exactly the moods that say so spend the pair, and the next request meets a good mood again."""
    provider.slow_seconds = provider.trickle_seconds = 0.0
    secret = provider.create_account()
    provider.misbehave(mood)

    with contextlib.suppress(requests.ConnectionError):
        refresh(provider, secret, stream=True).close()

    assert provider.is_live(secret) is (mood not in SPENDING)
    assert refresh(provider, {**secret, **provider.current(secret)}).ok


@pytest.mark.parametrize(
    "mood",
    [Mood.WRONG_SHAPE, Mood.EMPTY, Mood.TRUNCATED, Mood.OVERSIZED, Mood.GZIP, Mood.GZIP_BOMB, Mood.ODD_EXPIRY],
)
def test_mood_leaves_a_refusal_alone(provider: Simulator, mood: Mood) -> None:
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


@pytest.mark.parametrize(
    ("mood", "status"),
    [
        (Mood.TOO_MANY_REQUESTS, 429),
        (Mood.SERVICE_UNAVAILABLE, 503),
        (Mood.BAD_GATEWAY_HTML, 502),
        (Mood.REDIRECT, 302),
        (Mood.REDIRECT_SAME_METHOD, 307),
        (Mood.NOT_JSON, 200),
        (Mood.ERROR_IN_200, 200),
    ],
)
def test_mood_answers_with_its_status(provider: Simulator, mood: Mood, status: int) -> None:
    """The status is the mood's."""
    assert in_mood(provider, mood).status_code == status


def test_redirect_that_is_followed_is_on_record(provider: Simulator) -> None:
    """A client that follows it comes back to this simulator."""
    assert in_mood(provider, Mood.REDIRECT).headers["Location"] == f"{provider.url}/redirected"

    requests.post(f"{provider.url}/redirected", timeout=10)
    assert provider.requests[-1].path == "/redirected"


def test_error_in_200_is_the_refusal_of_a_dead_session(provider: Simulator) -> None:
    """Only the status differs from the true refusal."""
    response = in_mood(provider, Mood.ERROR_IN_200)
    spent = provider.create_account()
    provider.revoke(spent)

    assert response.json() == refresh(provider, spent).json()


def test_echo_repeats_every_credential_in_the_providers_own_shape(provider: Simulator) -> None:
    """Tokens, keys and the Authorization header all come back, in the fields of a true refusal."""
    secret = provider.create_account(login_fields=False)
    provider.misbehave(Mood.ECHO_CREDENTIALS)

    response = refresh(provider, secret)
    provider.revoke(secret)
    refusal = refresh(provider, secret)

    document = response.json()
    assert response.status_code == refusal.status_code
    assert document.keys() == refusal.json().keys()
    message = document.get("message") or document["errorMessage"]
    assert [value for value in secret.values() if value not in message] == []
    assert (provider.requests[0].headers.get("Authorization") or "") in message


def test_wrong_shape_holds_the_tokens_further_down(provider: Simulator) -> None:
    """A person could still find the tokens in it."""
    response = in_mood(provider, Mood.WRONG_SHAPE)

    session = response.json()["data"][0]["session"]
    assert set(provider.current("demo").values()) <= strings_in(session)


def test_truncated_breaks_off_in_the_middle(provider: Simulator) -> None:
    """Fewer bytes come than Content-Length promises."""
    response = in_mood(provider, Mood.TRUNCATED)

    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        response.json()


def test_oversized_is_one_good_document(provider: Simulator) -> None:
    """It is more than 4 MiB of valid JSON with the tokens in their place."""
    response = in_mood(provider, Mood.OVERSIZED)

    assert provider.current("demo").items() <= renewed({}, response).items()
    assert len(response.content) > 4 * 1024 * 1024


def test_gzip_comes_unasked(provider: Simulator) -> None:
    """The good answer is compressed, and says so."""
    response = in_mood(provider, Mood.GZIP)

    assert response.headers["Content-Encoding"] == "gzip"
    assert set(provider.current("demo").values()) <= strings_in(response.json())


def test_gzip_bomb_is_small_until_it_is_opened(provider: Simulator) -> None:
    """128 MiB come in less than 200 KiB."""
    compressed = in_mood(provider, Mood.GZIP_BOMB).raw.read(decode_content=False)
    opener = zlib.decompressobj(wbits=31)

    size = sum(len(opener.decompress(compressed[start : start + 1_024])) for start in range(0, len(compressed), 1_024))
    assert len(compressed) < 200 * 1024
    assert size == 128 * 1024 * 1024


@pytest.mark.parametrize("expiry", ["soon", None, -1, 10**30, [1]])
def test_odd_expiry_comes_with_good_tokens(provider: Simulator, expiry: object) -> None:
    """The nonsense stands where the expiry belongs; the tokens are good."""
    provider.odd_expiry = expiry

    document = in_mood(provider, Mood.ODD_EXPIRY).json()

    place = document.get("results") or document.get("value") or document
    assert expiry in [place.get(name) for name in ("expires_in", "expireIn", "expireTime") if name in place]
    assert set(provider.current("demo").values()) <= strings_in(document)


def test_trickled_body_is_the_answer_and_spaces(provider: Simulator) -> None:
    """Patience is rewarded with the good answer."""
    response = in_mood(provider, Mood.TRICKLE_BODY)

    assert response.content.endswith(b" " * 2_048)
    assert set(provider.current("demo").values()) <= strings_in(response.json())


def test_trickled_headers_end_in_the_answer(provider: Simulator) -> None:
    """Patience is rewarded with the good answer."""
    response = in_mood(provider, Mood.TRICKLE_HEADERS)

    assert response.headers["X-Padding"] == "x" * 2_048
    assert set(provider.current("demo").values()) <= strings_in(response.json())


@pytest.mark.parametrize("mood", [Mood.SLOW, Mood.TRICKLE_BODY, Mood.TRICKLE_HEADERS])
def test_stops_at_once_in_the_middle_of_an_answer(mood: Mood) -> None:
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


def test_moods_wait_in_line_before_the_standing_one(mcs: Mcs) -> None:
    """Counted behaviours come first, in their order, then the standing one, until reset."""
    secret = mcs.create_account()
    mcs.misbehave(Mood.SERVICE_UNAVAILABLE, times=None)
    mcs.misbehave(Mood.TOO_MANY_REQUESTS, times=2)
    mcs.answer_with(418, {"X-Kettle": "yes"}, "short and stout")

    statuses = [refresh(mcs, secret).status_code for _ in range(5)]
    mcs.behave()

    assert statuses == [429, 429, 418, 503, 503]
    assert refresh(mcs, secret).status_code == 200


def test_canned_answer_goes_out_as_given(mcs: Mcs) -> None:
    """Status, headers and body are the test's; nothing is acted on."""
    secret = mcs.create_account()
    mcs.answer_with(418, {"X-Kettle": "yes"}, b"\xff\x00")

    response = refresh(mcs, secret)

    assert (response.status_code, response.headers["X-Kettle"], response.content) == (418, "yes", b"\xff\x00")
    assert mcs.is_live(secret)


def test_raw_answer_goes_out_byte_for_byte(mcs: Mcs) -> None:
    """Even what is not HTTP at all."""
    mcs.answer_raw(b"SSH-2.0-OpenSSH_9.6\r\n")

    with pytest.raises(requests.ConnectionError, match="SSH"):
        refresh(mcs, mcs.create_account())


def test_mood_can_be_set_over_http(mcs: Mcs) -> None:
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
