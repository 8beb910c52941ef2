"""The situations in which two runs overlap, and what must be true when they have ended."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from tests.safety.histories.tracked_secret import tokens_of
from tests.safety.moves import edit_left_behind
from tests.safety.overlap.explorer import Explorer
from tests.safety.overlap.recorded_runs import RecordedRuns, RunState
from tests.safety.overlap.state import Servers, State
from tests.safety.overlap.wired_function import Call, Done, Request
from tests.support.clock import MINUTE, START
from tests.support.providers import PROVIDERS, ProviderFacts
from tests.support.secrets_manager.account import Account
from tests.support.secrets_manager.invariants import check as check_secret
from tests.support.secrets_manager.operations import perform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.safety.overlap.wired_function import WiredFunction
    from tests.support.simulators import Simulator

SWEEP: dict[str, Any] = {}
SCHEDULE_SECONDS = 10 * MINUTE
WAIT_SECONDS = 15  # that a refused run waits for the other one's save
_QUOTA = 100
_GOOD = {"fresh", "refreshed", "logged_in"}

_KILLED = Done("killed", raised=False)
QUICK_STATES = 600  # of a scenario, in each round of the quick tests
_HARSHEST = "fashion-world"  # of the providers: whatever it issues kills what it issued before

DUE, DEAD, LOGIN_ONLY, FORCED = "both due", "session dead", "login only", "one forced"
SITUATIONS = (DUE, DEAD, LOGIN_ONLY, FORCED)
OTHERS, OLD_PAGE, NEW_PAGE = "other credentials", "a note, on the page as it was before", "a note, on the page as it is"
TWICE, KILL, KILL_AND_PAGE = (
    "the page as it was before, saved twice",
    "a run killed",
    "a run killed, and the page as it was",
)
# What happens at any moment, one after the other.
EDITS: dict[str, tuple[str, ...]] = {
    OTHERS: (OTHERS,),
    OLD_PAGE: (OLD_PAGE,),
    NEW_PAGE: (NEW_PAGE,),
    TWICE: (OLD_PAGE, OLD_PAGE),
    KILL: (KILL,),
    KILL_AND_PAGE: (KILL, OLD_PAGE),
}
_PAGES = (OLD_PAGE, NEW_PAGE, TWICE, KILL_AND_PAGE)


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
    def kind(self) -> ProviderFacts:
        """Returns what is known of the provider."""
        return PROVIDERS[self.provider]

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
    def move_takes_pending_off(self) -> bool:
        """Whether a move of AWSCURRENT takes AWSPENDING off, which AWS documents both ways: here half do."""
        return not self.login_fields

    @property
    def alive(self) -> bool:
        """Whether the secret's session lives when the runs begin."""
        return self.situation in (DUE, FORCED)


def quick() -> list[tuple[Scenario, int | None]]:
    """Returns the scenarios of the quick tests, each with its bound on preemptions.

    The harshest provider in all situations, the others where they can differ: how they refresh, and how they log in.
    """
    return [(scenario, 2) for scenario in every() if _is_quick(scenario)]


def _is_quick(scenario: Scenario) -> bool:
    if scenario.provider != _HARSHEST:
        return scenario.edit is None or (scenario.situation == DUE and scenario.edit in (OLD_PAGE, KILL))
    if scenario.edit is None or scenario.edit == KILL:
        return True
    if scenario.situation == DEAD:
        return False
    return scenario.edit != TWICE or scenario.situation == DUE


def thorough() -> list[tuple[Scenario, int | None]]:
    """Returns the scenarios of the long run, each with its bound on preemptions (None: no bound)."""
    return [(scenario, _thorough_bound(scenario)) for scenario in every()]


def _thorough_bound(scenario: Scenario) -> int | None:
    if scenario.situation == DEAD:
        return 2 if scenario.edit is None else 1
    return 1 if scenario.edit == TWICE else 2 if scenario.edit else None


def every() -> Iterator[Scenario]:
    """Yields every scenario."""
    for provider, situation, login_fields, edit in product(PROVIDERS, SITUATIONS, (True, False), (None, *EDITS)):
        if login_fields or situation != LOGIN_ONLY:
            yield Scenario(provider, situation, login_fields, edit)


class OverlapCase:
    """A scenario, ready to be explored."""

    def __init__(self, scenario: Scenario, function: WiredFunction) -> None:
        """Brings the world to where the two runs begin."""
        self.scenario, self._function = scenario, function
        self.servers = Servers(
            self.open_provider, scenario.post_seconds, move_takes_pending_off=scenario.move_takes_pending_off
        )
        self._runs_at: dict[float, RecordedRuns] = {}
        self._next_runs: dict[State, tuple[State, Done]] = {}
        self.start = self._begin()
        runs = [RecordedRuns(function, event, self.start.now) for event in scenario.events]
        self.runs = runs
        self._killed: dict[RunState, RunState] = {}
        edits = EDITS[scenario.edit] if scenario.edit else ()
        self.start = self.start._replace(runs=tuple(one.first for one in runs), edits=edits)
        self.explorer = Explorer(self.servers, runs, self.edit, self.check, self.step_check)

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
        opened[0] = self._overlap_at
        theirs = provider.create_account("theirs", login_fields=scenario.login_fields)
        return provider, mine, theirs

    @property
    def _overlap_at(self) -> float:
        """Returns when the two runs begin: when tokens that were refreshed at the start are due again."""
        since = self.scenario.kind.seconds / 2 + 15 * MINUTE if self.scenario.alive else 10 * MINUTE
        return START + since

    def edit(self, state: State, edit: str) -> State:
        """Lets the person write, or the first run be killed."""
        if edit == KILL:
            return self._kill(state)
        return self.servers.person_writes(state, self.edited(state.current.document, edit))

    def edited(self, current: Mapping[str, Any], edit: str) -> dict[str, Any]:
        """Returns what the person writes."""
        page = {OTHERS: self.theirs, OLD_PAGE: self._before, NEW_PAGE: current}[edit]
        return {**page, "note": "after"}

    def _kill(self, state: State) -> State:
        run, *others = state.runs
        if isinstance(run.next, Done):
            return state
        killed = self._killed.setdefault(run, RunState(_KILLED, run.before, run.answer))
        return state._replace(runs=(killed, *others))

    def next_run(self, state: State, after: float = SCHEDULE_SECONDS) -> tuple[State, Done]:
        """Runs the function alone, ten minutes later."""
        at = State(round(state.now + after, 3), state.secret, state.granted, (), ())
        if at not in self._next_runs:
            self._next_runs[at] = self._run_alone(at)
        return self._next_runs[at]

    def _run_alone(self, state: State) -> tuple[State, Done]:
        if state.now not in self._runs_at:
            self._runs_at[state.now] = RecordedRuns(self._function, SWEEP, state.now)
        runs = self._runs_at[state.now]
        state = state._replace(runs=(runs.first,))
        alone = Explorer(self.servers, [runs], self.edit, lambda _: [], lambda *_: [])
        while not isinstance(state.runs[0].next, Done):
            state = alone.take(state, 0)
        return state, state.runs[0].next

    def step_check(self, before: State, after: State) -> list[str]:
        """Returns what is wrong with a run's single step."""
        if before.secret.value.labels["AWSCURRENT"] == after.secret.value.labels["AWSCURRENT"]:
            return []
        wrong = edit_left_behind(after.secret.value, self.scenario.kind)
        return [wrong] if wrong else []

    def check(self, end: State) -> list[str]:
        """Returns what is wrong when both runs have ended."""
        return [wrong for wrong, is_so in self._problems(end) if is_so]

    def _problems(self, end: State) -> Iterator[tuple[str, bool]]:
        check_secret(end.secret.value, _QUOTA)
        scenario, document = self.scenario, end.current.document
        outcomes = {run.next.outcome for run in end.runs if isinstance(run.next, Done)}
        ended = "/".join(sorted(outcomes))
        can_live = scenario.alive or scenario.login_fields or scenario.edit == OTHERS
        live = self.servers.provider(end).is_live(document)
        logins = sum(is_login(step) for run in end.runs for step, _ in run.history())

        # What the person wrote is kept.
        note = "after" if scenario.edit in (OTHERS, *_PAGES) else "before"
        yield f"the edit is gone: {ended}", document.get("note") != note
        meant = self.theirs if scenario.edit == OTHERS else self._before
        own = [name for name in scenario.kind.login_fields if document.get(name) != meant.get(name)]
        yield f"the edit is gone, but for its note: {ended}", bool(own)

        # Where nobody puts spent tokens back and nobody is killed, all is well at once, and without a login.
        undisturbed = scenario.edit in (None, OTHERS)
        yield f"what is current is dead: {ended}", undisturbed and can_live and not live
        waited_in_vain = any(map(save_outlasted, end.runs))
        routine = scenario.edit in (None, OTHERS, NEW_PAGE) and not waited_in_vain
        yield f"an unexpected outcome: {ended}", routine and not outcomes <= self._expected
        yield f"a login: {ended}", routine and scenario.alive and logins > 0

        # Whatever has happened, the next run finds live tokens, or logs in, or reports.
        after, done = self.next_run(end)
        live_later = self.servers.provider(after).is_live(after.current.document)
        yield f"the next run, after {ended}, ends {done.outcome}", live and done.outcome not in _GOOD
        if not live_later and done.outcome == "fresh" and self._ended_by_a_killed_login(end):
            after, done = self.next_run(after, scenario.kind.seconds)  # found out when it is due
            live_later = self.servers.provider(after).is_live(after.current.document)
        yield f"the next run, after {ended}, is silent: {done.outcome}", not live_later and done.outcome != "rejected"
        yield f"the next run, after {ended}, does not heal", scenario.login_fields and not live_later
        stored = any(self.servers.provider(end).is_live(one) for one in documents(end))
        aside = stored and refreshes_behind(end, scenario.kind) <= 1 and not live_later
        yield f"the next run, after {ended}, leaves live tokens that are stored aside", aside
        again, done = self.next_run(after)
        still = self.servers.provider(again).is_live(again.current.document)
        yield f"the run after the next one, after {ended}, ends {done.outcome}", live_later and not still

    def _ended_by_a_killed_login(self, end: State) -> bool:
        """Tells whether both runs logged in, and the later one died with what it had received.

        Then the session of the other's tokens is over, and nothing that is stored says so.
        """
        killed, other = end.runs
        logins = [
            [answer.at for step, answer in run.history() if is_login(step) and answer.status == 200] for run in end.runs
        ]
        return (
            killed.next == _KILLED and isinstance(other.next, Done) and bool(logins[0]) and logins[0] > logins[1] > []
        )

    @property
    def _expected(self) -> set[str]:
        """Returns how runs may end that did not wait in vain."""
        if self.scenario.alive:
            return {"fresh", "refreshed", "superseded"}
        granted = {"logged_in"} if self.scenario.login_fields else {"rejected"}
        # "refreshed": a run may make another one's answer current before that one does.
        return {"fresh", "superseded", "refreshed", *granted}

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
        state = self.servers.begin(START, account.truth(scenario.secret_name))
        if scenario.alive:
            state, done = self.next_run(state)
            assert done.outcome == "refreshed"
        state = state._replace(now=self._overlap_at, runs=())
        self._before = state.current.document
        return state


def documents(state: State) -> list[dict[str, Any]]:
    """Returns the values of all versions."""
    secret = state.secret.value
    return [secret.version(version_id).document for version_id in secret.versions]


def save_outlasted(run: RunState) -> bool:
    """Tells whether a run's saving, from the provider's answer to the store's, took as long as another's wait."""
    answered: float | None = None
    for step, answer in run.history():
        if isinstance(step, Request) and step.method == "POST" and answer.status == 200:
            answered = answer.at
        if isinstance(step, Call) and is_save(step) and answered is not None:
            if answer.at - answered >= WAIT_SECONDS:
                return True
            answered = None
    return False


def refreshes_behind(state: State, kind: ProviderFacts) -> int:
    """Returns how many answers were stored after the tokens that are current.

    A page that is one refresh old gets the tokens that replaced its own. One that is two refreshes old does not:
    nothing that is stored says that they belong together.
    """
    tokens: list[dict[str, Any]] = []
    for document in documents(state):
        held = tokens_of(document, kind)
        if held not in tokens:
            tokens.append(held)
    return len(tokens) - 1 - tokens.index(tokens_of(state.current.document, kind))


def is_save(step: Call) -> bool:
    """Tells whether a call stores new tokens."""
    return step.operation == "PutSecretValue" and "ISSUED" in step.labels


def is_login(step: object) -> bool:
    """Tells whether a step is a login."""
    return (
        isinstance(step, Request)
        and ("ogin" in step.path or "getAccessToken" in step.path)
        and "refresh" not in step.path
    )
