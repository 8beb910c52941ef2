"""Hypothesis looks for a history in which an invariant is broken, and for the shortest one like it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.safety.histories import events
from tests.safety.histories.history import SWEEP, History
from tests.safety.histories.invocation import Broken, Second
from tests.safety.histories.scheduler import SCHEDULE_BITS
from tests.support.clock import DAY, HOUR, MINUTE
from tests.support.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.safety.histories.events import Event

_MOST_LINES = 40  # of a failing history's log: its end
_SECRETS = st.integers(0, 2)
_STEPS = st.integers(1, 16)
_INTERRUPTIONS = st.lists(
    st.tuples(_STEPS, st.one_of(*map(st.sampled_from, events.IN_A_RUN)), _SECRETS),
    min_size=1,
    max_size=2,
).map(tuple)
_ORDERS = st.sampled_from(("sweep", "sweep", "one", "forced", "retry"))


class Histories(RuleBasedStateMachine):
    """One history; `History` itself checks the invariants after every step."""

    history: History

    @initialize(
        provider=st.sampled_from(list(PROVIDERS)),
        logins=st.lists(st.booleans(), min_size=1, max_size=2),
        unusual=st.booleans(),
    )
    def begin(self, provider: str, logins: list[bool], *, unusual: bool) -> None:
        """Opens the accounts and creates their secrets."""
        self.history = History(PROVIDERS[provider], logins=logins, unusual=unusual)
        self.history.__enter__()

    @rule(after=st.sampled_from((0.0, 0.55)))
    def scheduled_run(self, after: float) -> None:
        """The timer runs, after a while."""
        self.history.pass_time(10 * MINUTE + after * self.history.kind.seconds)
        self.history.scheduled_run()

    @rule(interruptions=_INTERRUPTIONS, seconds=st.sampled_from((540, 60)))
    def disturbed_run(self, interruptions: tuple[tuple[int, Event, int], ...], seconds: float) -> None:
        """Things happen in the middle of a run, which may be killed."""
        self.history.pass_time(0.55 * self.history.kind.seconds)
        self.history.scheduled_run(interruptions=interruptions, seconds=seconds)

    @rule(
        step=st.integers(1, 12),
        orders=st.tuples(_ORDERS, _ORDERS),
        on=_SECRETS,
        schedule=st.integers(0, 2**SCHEDULE_BITS - 1),
        interruptions=st.one_of(st.just(()), _INTERRUPTIONS),
        calm=st.booleans(),
    )
    def overlap(  # noqa: PLR0913  # what there is to choose
        self,
        step: int,
        orders: tuple[str, str],
        on: int,
        schedule: int,
        interruptions: tuple[tuple[int, Event, int], ...],
        *,
        calm: bool,
    ) -> None:
        """Two runs overlap."""
        if calm:
            self.history.heal()
        self.history.pass_time(0.55 * self.history.kind.seconds)
        first, other = (self._event(order, on) for order in orders)
        self.history.run(first, interruptions=interruptions, second=Second(step, other, schedule))

    @rule(order=_ORDERS, on=_SECRETS)
    def by_hand(self, order: str, on: int) -> None:
        """A person invokes the function."""
        self.history.run(self._event(order, on))

    @rule(what=st.one_of(*map(st.sampled_from, events.BETWEEN_RUNS)), on=_SECRETS)
    def apply_event(self, what: Event, on: int) -> None:
        """Something happens between two runs."""
        self.history.apply(what, on)

    @rule(seconds=st.sampled_from((MINUTE, HOUR, DAY, 15 * DAY)))
    def time_passes(self, seconds: float) -> None:
        """Nobody runs for a while."""
        self.history.pass_time(seconds)

    @rule()
    def run_without_trouble(self) -> None:
        """All trouble ends, and the timer runs."""
        self.history.run_without_trouble()

    def teardown(self) -> None:
        """Ends the history."""
        if hasattr(self, "history"):
            try:
                self.history.finish()
            finally:
                note("\n".join(self.history.log[-_MOST_LINES:]))
                self.history.__exit__(None, None, None)

    def _event(self, order: str, on: int) -> Mapping[str, Any]:
        name = self.history.secrets[on % len(self.history.secrets)].name
        payloads = {
            "sweep": SWEEP,
            "one": {"secret_id": name},
            "forced": {"secret_id": name, "force": True},
            "retry": {"retry_rejected": True},
        }
        return payloads[order]


def test_a_login_is_needed_if_a_save_outlasts_the_wait() -> None:
    """The other run's save comes after the login, and is refused: that is no needless login."""
    with History(PROVIDERS["mcs"], logins=[True]) as history:
        history.scheduled_run()
        history.pass_time(0.55 * history.kind.seconds)
        [secret] = history.secrets
        # The second run begins at the first one's request, and goes on alone from the next step until its end.
        invocation = history.run({"secret_id": secret.name, "force": True}, second=Second(5, SWEEP, 1 << 6))

    assert [run.outcome(secret.name).outcome for run in invocation.runs] == ["superseded", "logged_in"]


_SETTINGS = settings(
    max_examples=25,
    stateful_step_count=25,
    derandomize=True,
    deadline=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(600)  # seconds; a failure takes minutes to shrink
def test_no_history_breaks_an_invariant() -> None:
    """Always the same histories, so that running this test again repeats a failure."""
    try:
        run_state_machine_as_test(Histories, settings=_SETTINGS)
    except Broken as error:
        wrong = "\n".join([str(error), *getattr(error, "__notes__", ())])
    else:
        return
    pytest.fail(f"{wrong}\nRepeat with: pytest tests/safety/test_histories.py", pytrace=False)
