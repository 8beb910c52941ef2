"""The world of a history: its provider, Secrets Manager, clocks and people, and the trouble that they are in."""

from __future__ import annotations

import random
from collections import deque
from typing import TYPE_CHECKING

from tests.safety.histories.invocation import Invocation
from tests.safety.histories.people import People
from tests.safety.histories.scheduler import RunClock, Scheduler
from tests.safety.histories.totals import Totals
from tests.safety.histories.watcher import Watcher
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.secrets_manager import StaleReads, StrictSecretsManager
from tests.support.simulators import Ekuaibao, FashionWorld, Mcs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.safety.histories.tracked_secret import TrackedSecret
    from tests.support.providers import ProviderFacts
    from tests.support.simulators.moods import Mood

# More forced runs than any day sees; that versions are few is checked by an invariant.
_VERSION_QUOTA = 100_000


class World:
    """Everything but the runs."""

    def __init__(self, kind: ProviderFacts, *, logins: Sequence[bool], seed: int = 0, unusual: bool = False) -> None:
        """Makes a world with a secret for each of `logins`, which says whether it holds login fields.

        `unusual` picks the provider's less common behaviour: tokens that stay, a short licence, another spelling. And
        AWS's: whether moving AWSCURRENT takes AWSPENDING off is documented both ways.
        """
        random.seed(seed)  # the SDK's own waits are random
        self.kind, self.clock, self.scheduler, self.totals = kind, FakeClock(), Scheduler(), Totals(histories=1)
        self.run_clock = RunClock(self.clock, self.scheduler)
        self.store = StrictSecretsManager(self.clock, seed=seed, move_takes_pending_off=unusual)
        self.store.set_version_quota(_VERSION_QUOTA)
        self.provider = kind.simulator(clock=self.clock)
        self._choose_behaviour(unusual=unusual)
        self.people: People = People(self)
        self.watcher = Watcher(self)
        self.log: list[str] = [f"{kind.name}, login fields {list(logins)}" + (", unusual behaviour" if unusual else "")]
        self.secrets = [self.people.settle("abc"[i], tokens=True, login=login) for i, login in enumerate(logins)]
        self.invocation = Invocation(sweep=True, plain=True, undisturbed=True)
        self.moods: deque[Mood] = deque()  # that the next requests will meet
        self._standing: Mood | None = None
        self._aws_in_trouble = False
        self._settled_at = 0.0  # when reads show every write, in steady seconds
        self._lag = 0.0
        self._events = 0
        self._deleted: set[str] = set()
        self.clock_settings: dict[int, int] = {}  # times that the runs' clock was set, by hour

    # What can happen

    def pass_time(self, seconds: float) -> None:
        """Lets time pass without a scheduled run."""
        self.log.append(f"{seconds / MINUTE:g} minutes pass")
        self.clock.advance(seconds)

    def heal(self) -> None:
        """Ends all trouble but that of the secrets themselves."""
        self.log.append("all trouble ends")
        self.store.heal()
        self.provider.behave()
        self.moods.clear()
        self._standing, self._aws_in_trouble = None, False
        self._settled_at = max(self._settled_at, self.clock.monotonic() + self._lag)
        self._lag = 0.0
        self.run_clock.wrong_by = 0.0
        if self._settled_at > self.clock.monotonic():
            self.pass_time(self._settled_at - self.clock.monotonic())

    def kill(self) -> None:
        """Kills the run that is about to take a step."""
        run = self.scheduler.active
        if run is not None:
            run.killed = self.invocation.killed = True
            self.totals.kills += 1

    def misbehave(self, mood: Mood, times: int | None) -> None:
        """Puts the provider into a mood."""
        self.provider.misbehave(mood, times)
        self.invocation.undisturbed = self.invocation.plain = False
        if times is None:
            self._standing = mood
        else:
            self.moods.extend([mood] * times)

    def trouble(self, make: Callable[[], object]) -> None:
        """Lets AWS get into trouble."""
        self._aws_in_trouble = True
        make()

    def lag(self, rule: StaleReads) -> None:
        """Lets reads lag behind writes from now on."""
        self._aws_in_trouble = True
        self._settled_at = max(self._settled_at, self.clock.monotonic() + self._lag)
        self._lag = rule.seconds
        self.store.set_stale_reads(rule)
        for tracked in self.secrets:
            tracked.misled = True

    def set_clock_wrong(self, seconds: float) -> None:
        """Sets the runs' clock."""
        self.run_clock.wrong_by, self.invocation.clock_set = seconds, True
        hour = int(self.clock() // HOUR)
        self.clock_settings[hour] = self.clock_settings.get(hour, 0) + 1
        for tracked in self.secrets:
            tracked.misled = True

    def end_session(self, tracked: TrackedSecret) -> None:
        """Lets the provider forget a session."""
        self.provider.revoke(tracked.account.name)
        self.end(tracked)

    def delete_account(self, tracked: TrackedSecret) -> None:
        """Lets the provider forget an account."""
        self.provider.delete_account(tracked.account.name)
        self._deleted.add(tracked.account.name)
        self.end(tracked)

    def end(self, tracked: TrackedSecret) -> None:
        """Notes that a session is one that no run is responsible for any more."""
        tracked.ended = self.next_event()
        self.invocation.ended.add(tracked.name)

    def edited(self, tracked: TrackedSecret) -> None:
        """Notes that a person has stored something."""
        self.totals.edits += 1
        self.invocation.edited.add(tracked.name)
        tracked.ended, tracked.misled = 0, not self.is_honest
        hour = int(self.clock() // HOUR)
        tracked.room_in_hour[hour] = tracked.room_in_hour.get(hour, 0) + 1

    # The present state

    @property
    def is_calm(self) -> bool:
        """Whether AWS, provider and clock are in order."""
        settled = not self._lag and self.clock.monotonic() >= self._settled_at
        return settled and not self.in_a_mood and self.is_honest

    @property
    def in_a_mood(self) -> bool:
        """Whether the provider's next answer will be odd."""
        return bool(self.moods) or self._standing is not None

    @property
    def is_honest(self) -> bool:
        """Whether reads and the runs' clock are right."""
        return not self._aws_in_trouble and not self.run_clock.wrong_by

    def is_live(self, tracked: TrackedSecret) -> bool:
        """Tells whether the provider would accept what is current."""
        current = self.store.current(tracked.name)
        try:
            return self.provider.is_live(current.document)
        except ValueError:
            return False

    def shares_its_account(self, tracked: TrackedSecret) -> bool:
        """Says whether another secret holds the same account: each can end the other's session."""
        return any(other is not tracked and other.account is tracked.account for other in self.secrets)

    def tracked(self, name: str) -> TrackedSecret:
        """Returns a tracked secret."""
        return next(tracked for tracked in self.secrets if tracked.name == name)

    def can_log_in(self, tracked: TrackedSecret) -> bool:
        """Says whether a login with what is current would succeed."""
        names = {name for name, _ in tracked.base}
        return set(self.kind.login_fields) <= names and tracked.account.name not in self._deleted

    def next_event(self) -> int:
        """Returns a number that orders what happens."""
        self._events += 1
        return self._events

    def next_mood(self) -> Mood | None:
        """Returns the mood that a request meets."""
        return self.moods.popleft() if self.moods else self._standing

    def secret_values(self) -> set[str]:
        """Returns every value that nothing may show."""
        return {*self.provider.issued, *self.store.secret_values()}

    def _choose_behaviour(self, *, unusual: bool) -> None:
        match self.provider:
            case Mcs():
                self.provider.rotates = not unusual
            case FashionWorld():
                self.provider.expiry_field = "expiresIn" if unusual else "expireIn"
            case Ekuaibao():
                self.provider.licence_days = 0.25 if unusual else None
