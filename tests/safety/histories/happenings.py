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

    from tests.safety.histories.ward import Ward
    from tests.safety.histories.world import World


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing, which happens to one secret or to all."""

    said: str
    act: Callable[[World, Ward], object]

    def __str__(self) -> str:
        return self.said

    __repr__ = __str__


def _named(**acts: Callable[[World, Ward], Any]) -> list[Happening]:
    return [Happening(name.replace("_", " "), act) for name, act in acts.items()]


# A provider may refuse what is good; a run cannot know.
LIES = frozenset(
    {Mood.ERROR_IN_200, Mood.ECHO_CREDENTIALS, Mood.REDIRECT, Mood.REDIRECT_SAME_METHOD, Mood.NOT_JSON, Mood.EMPTY}
)
# The provider acts, and no tokens arrive.
LOSSES = frozenset({Mood.DROP_AFTER, Mood.WRONG_SHAPE, Mood.EMPTY, Mood.TRUNCATED, Mood.OVERSIZED})
HARMLESS = (Mood.GZIP, Mood.ODD_EXPIRY)
ELSEWHERE = (
    Mood.DROP_BEFORE,
    Mood.TOO_MANY_REQUESTS,
    Mood.SERVICE_UNAVAILABLE,
    Mood.BAD_GATEWAY_HTML,
    Mood.REDIRECT,
    Mood.NOT_JSON,
)
# What takes real time (slow, trickling) or much memory is for the tests of the transport.
MOODS = (*sorted(LIES), *sorted(LOSSES), *HARMLESS, *ELSEWHERE)

NOTE = Happening("a person changes a note", lambda history, ward: history.people.change_note(ward))
PEOPLE = [
    NOTE,
    NOTE,
    *_named(
        a_person_opens_a_page=lambda history, ward: history.people.open_page(ward),
        a_person_saves_an_old_page=lambda history, ward: history.people.save_page(ward),
        a_person_pastes_a_new_session=lambda history, ward: history.people.paste_session(ward),
        a_person_pastes_another_account=lambda history, ward: history.people.paste_account(ward, login=True),
        a_person_pastes_another_account_without_login=lambda history, ward: history.people.paste_account(
            ward, login=False
        ),
    ),
]
GARBAGE = _named(
    a_person_stores_no_JSON=lambda history, ward: history.people.store_garbage(ward),
    a_person_takes_out_the_credentials=lambda history, ward: history.people.take_out_credentials(ward),
)
MENDING = Happening("a person mends what was raised", lambda history, ward: history.people.mend(ward))


def _mood(history: World, _: Ward, mood: Mood, times: int | None) -> None:
    history.misbehave(mood, times)


SPELLS = [
    Happening(f"provider: {mood}" + (f", {times} times" if times > 1 else ""), partial(_mood, mood=mood, times=times))
    for mood, times in product(MOODS, (1, 2))
]
SIEGES = [
    Happening(f"provider: {mood} until further notice", partial(_mood, mood=mood, times=None)) for mood in ELSEWHERE
]
ENDINGS = _named(
    the_session_is_revoked=lambda history, ward: history.end_session(ward),
    the_account_is_deleted=lambda history, ward: history.delete_account(ward),
)


def _fault(history: World, ward: Ward, **what: Any) -> None:  # noqa: ANN401  # those of the store's `fail`
    of_all = what["operation"] in (ANY, "BatchGetSecretValue")
    history.trouble(lambda: history.store.fail(secret=None if of_all else ward.name, **what))


def _faults(operations: Iterable[str], times: Iterable[int | None], after: Iterable[int] = (0,)) -> list[Happening]:
    return [
        Happening(
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
OUTAGES = [
    *_faults(("PutSecretValue",), (None,), (0, 1)),
    *_faults((*_READS, "UpdateSecretVersionStage", ANY), (None,)),
]


def _key(history: World, ward: Ward, key: Key) -> None:
    history.trouble(lambda: history.store.set_key(ward.name, key))


KEYS = [
    Happening(f"the KMS key is {key.value}", partial(_key, key=key))
    for key in (Key.READS_ONLY, Key.READS_ONLY, Key.DISABLED, Key.DENIED)
]


def _stale(history: World, _: Ward, rule: StaleReads) -> None:
    history.lag(rule)


# Shorter than a run waits for another one's save. A read that is older can make a run log in again over a session that
# is alive, and nothing in an answer of AWS tells.
LAGS = [
    Happening(
        f"reads lag {seconds} s behind writes" + (", or not" if shuffled else ""),
        partial(_stale, rule=StaleReads(seconds=seconds, shuffled=shuffled)),
    )
    for seconds, shuffled in product((0.1, 2, 10), (False, True))
]


def _clock(history: World, _: Ward, seconds: float) -> None:
    history.set_clock_wrong(seconds)


CLOCKS = [
    Happening(f"the runs' clock is {seconds / HOUR:+g} h off", partial(_clock, seconds=seconds))
    for seconds in (-3 * DAY, -DAY, -2 * HOUR, -6 * MINUTE, 6 * MINUTE, 2 * HOUR, DAY, 3 * DAY, 0)
]


def _slow(history: World, _: Ward, seconds: float) -> None:
    history.clock.advance(seconds)


DELAYS = [Happening(f"the run takes {seconds} s", partial(_slow, seconds=seconds)) for seconds in (1, 6, 14, 100)]
KILL = Happening("KILL", lambda history, _: history.kill())

# One of a kind is picked first, so that no kind is rare because it has few members.
IN_A_RUN = [PEOPLE, GARBAGE, HICCUPS, OUTAGES, KEYS, LAGS, SPELLS, ENDINGS, CLOCKS, DELAYS, [KILL]]
BETWEEN_RUNS = [PEOPLE, GARBAGE, HICCUPS, OUTAGES, KEYS, LAGS, SPELLS, SIEGES, ENDINGS, CLOCKS, [MENDING]]
