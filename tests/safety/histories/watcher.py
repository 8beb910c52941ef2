"""Sees what runs do, when it arrives at the servers; counts it; and reports what is wrong at that very moment."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.safety.histories.events import LOSSES, MISLEADING
from tests.safety.histories.scheduler import Received, Run
from tests.safety.histories.totals import EDIT_LOST
from tests.safety.moves import edit_left_behind
from tests.support.clock import HOUR
from tests.support.secrets_manager import Fault

if TYPE_CHECKING:
    from tests.safety.histories.tracked_secret import TrackedSecret
    from tests.safety.histories.world import World
    from tests.support.secrets_manager import Call
    from tests.support.simulators import Received as Request

_ENDED_WELL = range(200, 300)
_LONGEST_RUN_SECONDS = 600
_GONE = "ResourceNotFoundException"  # an everyday answer to looking for a label


class Watcher:
    """Called in the servers' threads and the runs', of which one at a time moves."""

    def __init__(self, history: World) -> None:
        """Takes the servers' hooks."""
        self._history = history
        self.broken: list[tuple[str, str]] = []  # invariant, details
        history.store.after_call = self._call_acted
        history.provider.before_request = self._request_arrives

    def report(self, invariant: str, details: str) -> None:
        """Notes that an invariant is broken."""
        self.broken.append((invariant, details))

    # What a run itself reports

    def asking(self) -> None:
        """Checks that the provider is asked only when the answer can be stored, and not too often."""
        history, run = self._history, self._active_run
        proof = run.proof
        if proof is None or proof.client_request_token is None or proof.secret is None:
            self.report("asked without a proof", f"at step {run.steps}")
            return
        tracked = history.tracked(proof.secret)
        age = history.clock() - history.store.secret(tracked.name).versions[proof.client_request_token].created
        # The hour is that of the run's own clock; retries and a delay can carry a run past its end.
        if age > HOUR + _LONGEST_RUN_SECONDS and not tracked.proofs[proof.client_request_token]:
            self.report("asked with a proof from long ago", f"{tracked.short}: {age:.0f} s old")
        # Due by a clock that is days ahead, fresh by the right one: if the answer is lost, that shows only when it
        # is next due. AWS itself refuses whatever is signed by a clock that is minutes off.
        tracked.clock_was_wrong |= history.run_clock.wrong_by != 0
        self._check_repetition(run, tracked)

    def answered(self, status: int, body: bytes) -> None:
        """Notes that a run holds tokens."""
        history, run = self._history, self._active_run
        named = all(f'"{name}"'.encode() in body for name in history.kind.tokens)
        if status not in _ENDED_WELL or not named:
            return
        history.totals.rotations += 1
        if run.proof is None or run.proof.secret is None:
            return
        run.unsaved[run.proof.secret] = Received(
            time.perf_counter(), history.clock.monotonic(), history.next_event(), history.scheduler.disturbances
        )

    def ended(self, results: list[Any]) -> None:
        """Notes how a run's secrets ended."""
        self._active_run.results = results

    # What arrives at the servers

    def _call_acted(self, call: Call) -> None:
        history, run = self._history, self._history.scheduler.active
        if run is None:
            return
        code = call.error_code
        if call.fault is not None:
            history.totals.faults[f"AWS: {call.fault.value}"] += 1
        elif code is not None and code != _GONE:
            history.totals.faults[f"AWS: {code}"] += 1
        if call.fault is not None or code not in (None, _GONE):
            run.troubled = True
        if call.operation == "GetSecretValue" and run.proof is not None and run.proof.secret != call.secret:
            run.proof = None
        if call.operation == "PutSecretValue" and "ISSUED" in call.version_stages and call.secret in run.unsaved:
            # Also of a save that is refused because another run, which waited in vain, has logged in and saved first.
            run.saving_seconds[call.secret] = history.clock.monotonic() - run.unsaved[call.secret].simulated
        if call.operation == "PutSecretValue" and call.ok and call.secret is not None:
            self._value_put(run, call, history.tracked(call.secret))
        if "AWSCURRENT" in call.version_stages and call.operation != "GetSecretValue" and call.ok:
            wrong = edit_left_behind(history.store.secret(str(call.secret)), history.kind)
            if wrong:
                self.report(EDIT_LOST, wrong)

    def _request_arrives(self, _: Request) -> None:
        history = self._history
        mood = history.next_mood()
        if mood is None:
            return
        history.totals.faults[f"provider: {mood.value.replace('_', ' ')}"] += 1
        history.invocation.lost_an_answer |= mood in LOSSES
        if mood in MISLEADING:
            for tracked in history.secrets:
                tracked.misled = True

    def _value_put(self, run: Run, call: Call, tracked: TrackedSecret) -> None:
        history = self._history
        hour = int(history.clock() // HOUR)
        if call.version_stages == ("AWSPENDING",):
            run.proof = call if call.fault is None else None
            token = str(call.client_request_token)
            if token not in tracked.proofs:
                tracked.proofs_in_hour[hour] = tracked.proofs_in_hour.get(hour, 0) + 1
            tracked.proofs[token] = tracked.proofs.get(token, False) or history.run_clock.wrong_by != 0
        elif "ISSUED" in call.version_stages:
            tracked.room_in_hour[hour] = tracked.room_in_hour.get(hour, 0) + 1
            received = run.unsaved.pop(tracked.name, None)
            if received is not None and call.fault is not Fault.LOST_BEFORE:
                self._saved(tracked, received)

    def _saved(self, tracked: TrackedSecret, received: Received) -> None:
        history = self._history
        simulated = history.clock.monotonic() - received.simulated
        if received.disturbances == history.scheduler.disturbances:
            well = simulated == 0
            windows = history.totals.windows if well else history.totals.outage_windows
            windows.append(time.perf_counter() - received.real + simulated)
        if received.order > tracked.ended:
            tracked.ended, tracked.misled = 0, not history.is_honest
        tracked.clock_was_wrong = history.run_clock.wrong_by != 0

    def _check_repetition(self, run: Run, tracked: TrackedSecret) -> None:
        """Checks that what was refused is presented again only if a person wishes so, or once an hour."""
        history = self._history
        current = history.store.current(tracked.name)
        if run.insists or not {"REJECTED", "UNCLEAR"} & current.labels or not history.invocation.plain:
            return
        hours, this_hour = tracked.presented.setdefault(current.id, set()), int(history.clock() // HOUR)
        if this_hour in hours and tracked.name not in history.invocation.presented:
            self.report("rejected credentials presented again and again", tracked.short)
        hours.add(this_hour)
        history.invocation.presented.add(tracked.name)

    @property
    def _active_run(self) -> Run:
        run = self._history.scheduler.active
        assert run is not None
        return run
