"""The situations in which two runs meet, and what must be true when they have ended."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from tests.handlers.clock import MINUTE, START
from tests.handlers.kinds import KINDS, Kind
from tests.safety.overlap.explorer import Explorer
from tests.safety.overlap.playback import Moment, Runs
from tests.safety.overlap.state import PERSONS, State, Surroundings
from tests.safety.overlap.wired import Call, Done, Post
from tests.secrets_manager.account import Account
from tests.secrets_manager.invariants import check as check_secret
from tests.secrets_manager.operations import perform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.safety.overlap.wired import Wired
    from tests.simulators import Simulator

SWEEP: dict[str, Any] = {}
TICK_SECONDS = 10 * MINUTE
WAIT_SECONDS = 15  # that a refused run waits for the other one's save
_QUOTA = 100
_GOOD = {"fresh", "refreshed", "logged_in"}

_HARSHEST = "fashion-world"  # of the providers: whatever it issues kills what it issued before

DUE, DEAD, LOGIN_ONLY, FORCED = "both due", "session dead", "login only", "one forced"
SITUATIONS = (DUE, DEAD, LOGIN_ONLY, FORCED)
OTHERS, OLD_PAGE, NEW_PAGE = "other credentials", "a note, on the page as it was before", "a note, on the page as it is"
EDITS = (OTHERS, OLD_PAGE, NEW_PAGE)


@dataclass(frozen=True)
class Scenario:
    """Two runs on one secret."""

    provider: str
    situation: str
    login_fields: bool = True
    edit: str | None = None
    post_seconds: float = 0.1  # that a request is on its way to the provider

    def __str__(self) -> str:
        fields = "login fields" if self.login_fields else "no login fields"
        slow = "" if self.post_seconds else ", all in one millisecond"
        return f"{self.provider}, {self.situation}, {fields}, {self.edit or 'no edit'}{slow}"

    @property
    def kind(self) -> Kind:
        """Returns what is known of the provider."""
        return KINDS[self.provider]

    @property
    def secret_name(self) -> str:
        """Returns the name of the secret that both runs are about."""
        return f"token-refresh/{self.provider}/a"

    @property
    def events(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Returns what the two runs are told to do."""
        by_hand = {"secret_id": self.secret_name, "force": True}
        return SWEEP, (by_hand if self.situation == FORCED else SWEEP)

    @property
    def alive(self) -> bool:
        """Whether the secret's session lives when the runs begin."""
        return self.situation in (DUE, FORCED)


def quick() -> list[tuple[Scenario, int | None]]:
    """Returns the scenarios of the quick tests, each with its bound on preemptions (None: no bound)."""
    found: list[tuple[Scenario, int | None]] = []
    for scenario in every():
        if scenario.edit is None:
            found.append((scenario, 1 if scenario.situation == DEAD else None))
        elif scenario.situation != DEAD:
            found.append((scenario, 2 if scenario.provider == _HARSHEST else 1))
        elif scenario.provider == _HARSHEST and scenario.login_fields:
            found.append((scenario, 1))
    return found


def thorough() -> list[tuple[Scenario, int | None]]:
    """Returns the scenarios of the long run, each with its bound on preemptions (None: no bound)."""
    bounds = {(True, True): 2, (True, False): 3, (False, True): None, (False, False): None}
    return [(scenario, bounds[scenario.situation == DEAD, scenario.edit is not None]) for scenario in every()]


def every() -> Iterator[Scenario]:
    """Yields every scenario."""
    for provider, situation, login_fields, edit in product(KINDS, SITUATIONS, (True, False), (None, *EDITS)):
        if login_fields or situation != LOGIN_ONLY:
            yield Scenario(provider, situation, login_fields, edit)


class Meeting:
    """A scenario, ready to be explored."""

    def __init__(self, scenario: Scenario, wired: Wired) -> None:
        """Brings the world to where the two runs begin."""
        self.scenario, self._wired = scenario, wired
        self.surroundings = Surroundings(self.open_provider, scenario.post_seconds)
        self._ticks: dict[float, Runs] = {}
        self._ticked: dict[State, tuple[State, Done]] = {}
        self.start = self._begin()
        runs = [Runs(wired, event, self.start.now) for event in scenario.events]
        self.runs = runs
        edits = (scenario.edit,) if scenario.edit else ()
        self.start = self.start._replace(runs=tuple(one.first for one in runs), edits=edits)
        self.explorer = Explorer(self.surroundings, runs, self.edit, self.check)

    def open_provider(self, clock: Callable[[], float]) -> Simulator:
        """Opens the provider with the secret's account, and one that a person may put in its place."""
        return self._open(clock)[0]

    def _open(self, clock: Callable[[], float]) -> tuple[Simulator, dict[str, str], dict[str, str]]:
        """Returns the provider, and what the secrets of the two accounts hold."""
        scenario, opened = self.scenario, [START]
        provider = scenario.kind.simulator(clock=lambda: clock() or opened[0])
        tokens = scenario.situation != LOGIN_ONLY
        mine = provider.create_account("mine", tokens=tokens, login_fields=scenario.login_fields)
        if scenario.situation == DEAD:
            provider.revoke("mine")
        opened[0] = self._met_at
        theirs = provider.create_account("theirs", login_fields=scenario.login_fields)
        return provider, mine, theirs

    @property
    def _met_at(self) -> float:
        """Returns when the two runs begin: when tokens that were refreshed at the start are due again."""
        since = self.scenario.kind.seconds / 2 + 15 * MINUTE if self.scenario.alive else 10 * MINUTE
        return START + since

    def edit(self, state: State, edit: str) -> State:
        """Lets the person write."""
        return self.surroundings.person_writes(state, self.edited(state.current.document, edit))

    def edited(self, current: Mapping[str, Any], edit: str) -> dict[str, Any]:
        """Returns what the person writes."""
        page = {OTHERS: self.theirs, OLD_PAGE: self._before, NEW_PAGE: current}[edit]
        return {**page, "note": "after"}

    def tick(self, state: State) -> tuple[State, Done]:
        """Lets one run pass alone, ten minutes later."""
        at = State(round(state.now + TICK_SECONDS, 3), state.secret, state.granted, (), ())
        if at not in self._ticked:
            self._ticked[at] = self._tick(at)
        return self._ticked[at]

    def _tick(self, state: State) -> tuple[State, Done]:
        if state.now not in self._ticks:
            self._ticks[state.now] = Runs(self._wired, SWEEP, state.now)
        runs = self._ticks[state.now]
        state = state._replace(runs=(runs.first,))
        alone = Explorer(self.surroundings, [runs], self.edit, lambda _: [])
        while not isinstance(state.runs[0].next, Done):
            state = alone.take(state, 0)
        return state, state.runs[0].next

    def check(self, end: State) -> list[str]:
        """Returns what is wrong when both runs have ended."""
        return [wrong for wrong, is_so in self._wrongs(end) if is_so]

    def _wrongs(self, end: State) -> Iterator[tuple[str, bool]]:
        check_secret(end.secret.value, _QUOTA)
        scenario, document = self.scenario, end.current.document
        outcomes = {moment.next.outcome for moment in end.runs if isinstance(moment.next, Done)}
        said = "/".join(sorted(outcomes))
        can_live = scenario.alive or scenario.login_fields or scenario.edit == OTHERS
        in_vain = any(map(outlasted, end.runs))
        both_received = all(map(received, end.runs))
        # A page can put back tokens that are spent by now: only the run that received new ones, and sees it, can help.
        page = scenario.edit == OLD_PAGE or (scenario.edit == NEW_PAGE and not scenario.alive)
        spent = page and (in_vain or not any(map(saw_edit, end.runs)))
        # Where both runs received tokens, and a page was stored between their saves, the next tick has to sort it out.
        torn = both_received and scenario.edit in (OLD_PAGE, NEW_PAGE)
        logins = sum(is_login(step) for moment in end.runs for step, _ in moment.history())
        live = self.surroundings.provider(end).is_live(document)

        yield f"what is current is dead: {said}", can_live and not (spent or torn) and not live
        excused = in_vain or scenario.edit == OLD_PAGE
        yield f"an unexpected outcome: {said}", not excused and not outcomes <= self._expected
        yield f"a login: {said}", scenario.alive and not excused and logins > 0
        # An edit that neither run has seen has lost both labels to two saves on top of it.
        hidden = both_received and not any(map(presented_edit, end.runs)) and not any(map(saw_edit, end.runs))
        note = "after" if scenario.edit else "before"
        yield f"the edit is gone: {said}", not hidden and document.get("note") != note
        meant = self.theirs if scenario.edit == OTHERS else self._before
        own = [name for name in scenario.kind.login_fields if document.get(name) != meant.get(name)]
        yield f"the edit is gone, but for its note: {said}", not hidden and bool(own)

        after, done = self.tick(end)
        lives_on = self.surroundings.provider(after).is_live(after.current.document)
        yield f"the next tick, after {said}, ends {done.outcome}", can_live and live and done.outcome not in _GOOD
        yield (
            f"the next tick, after {said}, is silent: {done.outcome}",
            not lives_on and done.outcome != "rejected",
        )
        yield f"the next tick, after {said}, does not heal", scenario.login_fields and not lives_on

    @property
    def _expected(self) -> set[str]:
        """Returns how runs may end, unless one waited in vain."""
        if self.scenario.alive:
            return {"fresh", "refreshed", "superseded"}
        granted = {"logged_in"} if self.scenario.login_fields else {"rejected"}
        return {"fresh", "superseded", *granted, *(("refreshed",) if self.scenario.edit else ())}

    def _begin(self) -> State:
        scenario = self.scenario
        _, mine, self.theirs = self._open(lambda: 0.0)
        self.creation = {
            "Name": scenario.secret_name,
            "SecretString": json.dumps({**mine, "note": "before"}),
            "ClientRequestToken": "0" * 32,
        }
        account = Account(lambda: START, seed=0)
        perform(account, "CreateSecret", self.creation)
        state = self.surroundings.begin(START, account.truth(scenario.secret_name))
        if scenario.alive:
            state, done = self.tick(state)
            assert done.outcome == "refreshed"
        state = state._replace(now=self._met_at, runs=())
        self._before = state.current.document
        return state


def outlasted(run: Moment) -> bool:
    """Tells whether a run's saving, from the provider's yes to the store's, took as long as another's wait."""
    answered: float | None = None
    for step, seen in run.history():
        if isinstance(step, Post) and seen.status == 200:
            answered = seen.at
        if isinstance(step, Call) and is_save(step) and seen.status == 200 and answered is not None:
            if seen.at - answered >= WAIT_SECONDS:
                return True
            answered = None
    return False


def received(run: Moment) -> bool:
    """Tells whether a run received tokens."""
    return any(isinstance(step, Post) and seen.status == 200 for step, seen in run.history())


def saw_edit(run: Moment) -> bool:
    """Tells whether a run that had received tokens saw the person's version among those that carry a label."""
    history = run.history()
    asked = [i for i, (step, seen) in enumerate(history) if isinstance(step, Post) and seen.status == 200]
    return bool(asked) and any(PERSONS in seen.body for _, seen in history[asked[0] :])


def presented_edit(run: Moment) -> bool:
    """Tells whether a run presented what the person wrote."""
    read = b""
    for step, seen in run.history():
        if isinstance(step, Post):
            return PERSONS in read
        read = seen.body if isinstance(step, Call) and step.operation == "GetSecretValue" else read
    return False


def is_save(step: Call) -> bool:
    """Tells whether a call stores new tokens."""
    return step.operation == "PutSecretValue" and "AWSCURRENT" in step.labels


def is_login(step: object) -> bool:
    """Tells whether a step is a login."""
    return (
        isinstance(step, Post) and ("ogin" in step.path or "getAccessToken" in step.path) and "refresh" not in step.path
    )
