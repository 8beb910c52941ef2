"""What can happen to a history's world, between two runs or in the middle of one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

from tests.support.clock import DAY, HOUR, MINUTE
from tests.support.secrets_manager import ANY, Fault, Key, StaleReads
from tests.support.simulators.moods import Mood

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.safety.histories.tracked_secret import TrackedSecret
    from tests.safety.histories.world import World


@dataclass(frozen=True, slots=True)
class Event:
    """One thing, which happens to one secret or to all."""

    text: str
    act: Callable[[World, TrackedSecret], object]

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def _named(**acts: Callable[[World, TrackedSecret], Any]) -> list[Event]:
    return [Event(name.replace("_", " "), act) for name, act in acts.items()]


# A provider may refuse what is good; a run cannot know.
LIES = frozenset(
    {
        Mood.ERROR_IN_200,
        Mood.ECHO_CREDENTIALS,
        Mood.REDIRECT,
        Mood.REDIRECT_SAME_METHOD,
        Mood.NOT_JSON,
        Mood.EMPTY,
        Mood.TEAPOT,
    }
)
# Fashion World has no codes: on HTTP 200 its "too many requests" is a text that no document explains.
MISLEADING = LIES | {Mood.BUSY_IN_200}
# The provider acts, and no tokens arrive.
LOSSES = frozenset({Mood.DROP_AFTER, Mood.WRONG_SHAPE, Mood.EMPTY, Mood.TRUNCATED, Mood.OVERSIZED})
HARMLESS = (Mood.GZIP, Mood.BROKEN_TEXT, Mood.ODD_EXPIRY)
ELSEWHERE = (
    Mood.DROP_BEFORE,
    Mood.TOO_MANY_REQUESTS,
    Mood.BUSY_IN_200,
    Mood.SERVICE_UNAVAILABLE,
    Mood.BAD_GATEWAY_HTML,
    Mood.REDIRECT,
    Mood.NOT_JSON,
)
# What takes real time (slow, trickling) or much memory is for the tests of the transport.
MOODS = (*sorted(LIES), *sorted(LOSSES), *HARMLESS, *ELSEWHERE)

NOTE = Event("a person changes a note", lambda history, tracked: history.people.change_note(tracked))
PEOPLE = [
    NOTE,
    NOTE,
    *_named(
        a_person_opens_a_page=lambda history, tracked: history.people.open_page(tracked),
        a_person_saves_an_old_page=lambda history, tracked: history.people.save_page(tracked),
        a_person_pastes_a_new_session=lambda history, tracked: history.people.paste_session(tracked),
        a_person_pastes_another_account=lambda history, tracked: history.people.paste_account(tracked, login=True),
        a_person_pastes_what_another_secret_holds=lambda history, tracked: history.people.paste_another_secret(tracked),
        a_person_pastes_another_account_without_login=lambda history, tracked: history.people.paste_account(
            tracked, login=False
        ),
    ),
]
GARBAGE = _named(
    a_person_stores_no_JSON=lambda history, tracked: history.people.store_garbage(tracked),
    a_person_takes_out_the_credentials=lambda history, tracked: history.people.take_out_credentials(tracked),
)
FIX = Event("a person fixes what was raised", lambda history, tracked: history.people.fix(tracked))


def _mood(history: World, _: TrackedSecret, mood: Mood, times: int | None) -> None:
    history.misbehave(mood, times)


PROVIDER_MOODS = [
    Event(f"provider: {mood}" + (f", {times} times" if times > 1 else ""), partial(_mood, mood=mood, times=times))
    for mood, times in product(MOODS, (1, 2))
]
PROVIDER_OUTAGES = [
    Event(f"provider: {mood} until further notice", partial(_mood, mood=mood, times=None)) for mood in ELSEWHERE
]
ENDINGS = _named(
    the_session_is_revoked=lambda history, tracked: history.end_session(tracked),
    the_account_is_deleted=lambda history, tracked: history.delete_account(tracked),
)


def _fault(history: World, tracked: TrackedSecret, **what: Any) -> None:  # noqa: ANN401  # those of the store's `fail`
    of_all = what["operation"] in (ANY, "BatchGetSecretValue")
    history.trouble(lambda: history.store.fail(secret=None if of_all else tracked.name, **what))


def _faults(operations: Iterable[str], times: Iterable[int | None], after: Iterable[int] = (0,)) -> list[Event]:
    return [
        Event(
            f"AWS: {operation} {fault.value}, "
            + ("until further notice" if often is None else f"{often} times")
            + (f" after {later}" if later else ""),
            partial(_fault, operation=operation, fault=fault, times=often, after=later),
        )
        for operation, fault, often, later in product(operations, Fault, times, after)
        if fault is not Fault.SLOW  # which takes real time; see `the run is slow`
    ]


_READS = ("BatchGetSecretValue", "GetSecretValue", "ListSecretVersionIds")
HICCUPS = [
    *_faults(("PutSecretValue",), (1, 2, 4), (0, 1)),
    *_faults((*_READS, "UpdateSecretVersionStage"), (1, 2, 4)),
    *_faults((ANY,), (1, 3)),
]
AWS_OUTAGES = [
    *_faults(("PutSecretValue",), (None,), (0, 1)),
    *_faults((*_READS, "UpdateSecretVersionStage", ANY), (None,)),
]


def _key(history: World, tracked: TrackedSecret, key: Key) -> None:
    history.trouble(lambda: history.store.set_key(tracked.name, key))


KEYS = [
    Event(f"the KMS key is {key.value}", partial(_key, key=key))
    for key in (Key.READS_ONLY, Key.READS_ONLY, Key.DISABLED, Key.DENIED)
]


def _stale(history: World, _: TrackedSecret, rule: StaleReads) -> None:
    history.lag(rule)


# Shorter than a run waits for another one's save. A read that is older can make a run log in again over a session that
# is alive, and nothing in an answer of AWS tells.
LAGS = [
    Event(
        f"reads lag {seconds} s behind writes" + (", or not" if shuffled else ""),
        partial(_stale, rule=StaleReads(seconds=seconds, shuffled=shuffled)),
    )
    for seconds, shuffled in product((0.1, 2, 10), (False, True))
]


def _clock(history: World, _: TrackedSecret, seconds: float) -> None:
    history.set_clock_wrong(seconds)


CLOCKS = [
    Event(f"the runs' clock is {seconds / HOUR:+g} h off", partial(_clock, seconds=seconds))
    for seconds in (-3 * DAY, -DAY, -2 * HOUR, -6 * MINUTE, 6 * MINUTE, 2 * HOUR, DAY, 3 * DAY, 0)
]


def _slow(history: World, _: TrackedSecret, seconds: float) -> None:
    history.clock.advance(seconds)


DELAYS = [Event(f"the run takes {seconds} s", partial(_slow, seconds=seconds)) for seconds in (1, 6, 14, 100)]
KILL = Event("KILL", lambda history, _: history.kill())

# One of a kind is picked first, so that no kind is rare because it has few members.
IN_A_RUN = [PEOPLE, GARBAGE, HICCUPS, AWS_OUTAGES, KEYS, LAGS, PROVIDER_MOODS, ENDINGS, CLOCKS, DELAYS, [KILL]]
BETWEEN_RUNS = [
    PEOPLE,
    GARBAGE,
    HICCUPS,
    AWS_OUTAGES,
    KEYS,
    LAGS,
    PROVIDER_MOODS,
    PROVIDER_OUTAGES,
    ENDINGS,
    CLOCKS,
    [FIX],
]
