"""Random histories: the same seed, the same history."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from tests.safety.histories import events
from tests.safety.histories.history import SWEEP, History
from tests.safety.histories.invocation import Second
from tests.safety.histories.scheduler import SCHEDULE_BITS
from tests.support.clock import DAY, HOUR, MINUTE
from tests.support.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.safety.histories.events import Event

ACTIONS = 150
_LATE_STEP = 16  # most rotations of one secret have fewer


class Driver:
    """Picks what happens next."""

    def __init__(self, history: History, source: random.Random) -> None:
        """Drives a history."""
        self._history, self._random = history, source
        self._actions: list[tuple[int, Callable[[], object]]] = [
            (40, self._rotate),
            (20, self._interrupted),
            (10, self._overlapping),
            (5, self._by_hand),
            (16, self._apply_event),
            (3, self._time_passes),
            (18, self._run_without_trouble),
            (1, self._long_outage),
        ]

    def drive(self, actions: int) -> None:
        """Takes so many actions, and ends the history."""
        weights = [weight for weight, _ in self._actions]
        for _, action in self._random.choices(self._actions, weights, k=actions):
            action()
        self._history.finish()

    def _rotate(self) -> None:
        self._history.pass_time(self._history.kind.seconds / 2 + self._random.choice((0, 10)) * MINUTE)
        self._history.scheduled_run()

    def _interrupted(self) -> None:
        self._become_due()
        count = self._random.choice((1, 1, 1, 2, 2, 3))
        interruptions = tuple(self._interruption(events.IN_A_RUN) for _ in range(count))
        self._history.scheduled_run(interruptions=interruptions, seconds=self._random.choice((540, 540, 540, 60)))

    def _overlapping(self) -> None:
        self._become_due()
        choice = self._random.random()
        some = [events.PEOPLE] if choice < 0.7 else events.IN_A_RUN
        interruptions = () if choice < 0.4 else (self._interruption(some),)
        schedule = self._random.getrandbits(SCHEDULE_BITS)
        second = Second(self._random.randint(1, _LATE_STEP), self._event(), schedule)
        self._history.run(self._event(), interruptions=interruptions, second=second)

    def _by_hand(self) -> None:
        self._history.run(self._event(by_hand=True))

    def _apply_event(self) -> None:
        on = self._random.randrange(3)
        self._history.apply(self._random.choice(self._random.choice(events.BETWEEN_RUNS)), on)
        if self._random.random() < 0.5:
            self._history.scheduled_run()

    def _time_passes(self) -> None:
        self._history.pass_time(self._random.choice((MINUTE, 10 * MINUTE, HOUR, DAY, 4 * DAY, 15 * DAY)))

    def _run_without_trouble(self) -> None:
        self._history.run_without_trouble()

    def _long_outage(self) -> None:
        """Lets trouble last for hours, a scheduled run every ten minutes."""
        outage = self._random.choice((*events.PROVIDER_OUTAGES, *events.AWS_OUTAGES, *events.KEYS))
        self._become_due()
        self._history.apply(outage, self._random.randrange(3))
        for _ in range(self._random.choice((6, 12, 40, 150))):
            self._history.pass_time(10 * MINUTE)
            self._history.scheduled_run()
        self._history.run_without_trouble()

    def _become_due(self) -> None:
        self._history.pass_time(self._random.choice((MINUTE, 10 * MINUTE, self._history.kind.seconds * 0.55)))

    def _interruption(self, some: list[list[Event]]) -> tuple[int, Event, int]:
        kinds = [[events.KILL]] if self._random.random() < 0.3 else some
        what = self._random.choice(self._random.choice(kinds))
        return self._random.randint(1, _LATE_STEP), what, self._random.randrange(3)

    def _event(self, *, by_hand: bool = False) -> Mapping[str, Any]:
        tracked = self._random.choice(self._history.secrets)
        named: dict[str, Any] = {"secret_id": tracked.name}
        payloads = [named, {**named, "force": True}, {"retry_rejected": True}]
        return self._random.choice(payloads if by_hand else [SWEEP, SWEEP, SWEEP, *payloads])


def begin(seed: int) -> tuple[History, Driver]:
    """Returns the beginning of a history, to be entered, and what drives it."""
    source = random.Random(seed)  # noqa: S311  # repeatable on purpose
    kind = source.choice(list(PROVIDERS.values()))
    logins = [source.random() < 0.6 for _ in range(source.choice((1, 2, 3)))]
    history = History(kind, logins=logins, seed=seed, unusual=source.random() < 0.3)
    return history, Driver(history, source)
