"""Sees what runs do, where it arrives; counts it; and keeps what is against the rules at that very moment."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.safety.histories.gate import Lane, Received
from tests.safety.histories.happenings import LIES, LOSSES
from tests.safety.histories.tally import EDIT_LOST
from tests.safety.moves import edit_left_behind
from tests.support.clock import HOUR
from tests.support.secrets_manager import Fault

if TYPE_CHECKING:
    from tests.safety.histories.ward import Ward
    from tests.safety.histories.world import World
    from tests.support.secrets_manager import Call
    from tests.support.simulators import Received as Request

_ENDED_WELL = range(200, 300)
_LONGEST_RUN_SECONDS = 600
_GONE = "ResourceNotFoundException"  # an everyday answer to looking for a label


class Watch:
    """Called in the servers' threads and the runs', of which one at a time moves."""

    def __init__(self, history: World) -> None:
        """Takes the servers' hooks."""
        self._history = history
        self.broken: list[tuple[str, str]] = []  # promise, details
        history.store.after_call = self._call_acted
        history.provider.before_request = self._request_arrives

    def breaks(self, promise: str, details: str) -> None:
        """Notes that a promise is broken."""
        self.broken.append((promise, details))

    # What a run does, told by itself

    def asking(self) -> None:
        """Sees to it that the provider is asked only when the answer can be stored, and not in vain."""
        history, lane = self._history, self._lane
        proof = lane.proof
        if proof is None or proof.client_request_token is None or proof.secret is None:
            self.breaks("asked without a proof", f"at step {lane.steps}")
            return
        ward = history.ward(proof.secret)
        age = history.clock() - history.store.secret(ward.name).versions[proof.client_request_token].created
        # The hour is that of the run's own clock; retries and a delay can carry a run past its end.
        if age > HOUR + _LONGEST_RUN_SECONDS and not ward.proofs[proof.client_request_token]:
            self.breaks("asked with a proof from long ago", f"{ward.short}: {age:.0f} s old")
        # Due by a clock that is days ahead, fresh by the right one: if the answer is lost, that shows only when it
        # is next due. AWS itself refuses whatever is signed by a clock that is minutes off.
        ward.clock_was_wrong |= history.run_clock.wrong_by != 0
        self._look_for_hammering(lane, ward)

    def answered(self, status: int, body: bytes) -> None:
        """Notes that a run holds tokens."""
        history, lane = self._history, self._lane
        named = all(f'"{name}"'.encode() in body for name in history.kind.tokens)
        if status not in _ENDED_WELL or not named:
            return
        history.tally.rotations += 1
        if lane.proof is None or lane.proof.secret is None:
            return
        lane.unsaved[lane.proof.secret] = Received(
            time.perf_counter(), history.clock.monotonic(), history.next_event(), history.gate.disturbances
        )

    def ended(self, results: list[Any]) -> None:
        """Notes how a run's secrets ended."""
        self._lane.results = results

    # What arrives at the servers

    def _call_acted(self, call: Call) -> None:
        history, lane = self._history, self._history.gate.active
        if lane is None:
            return
        code = call.error_code
        if call.fault is not None:
            history.tally.faults[f"AWS: {call.fault.value}"] += 1
        elif code is not None and code != _GONE:
            history.tally.faults[f"AWS: {code}"] += 1
        if call.fault is not None or code not in (None, _GONE):
            lane.troubled = True
        if call.operation == "GetSecretValue" and lane.proof is not None and lane.proof.secret != call.secret:
            lane.proof = None
        if call.operation == "PutSecretValue" and call.ok and call.secret is not None:
            self._value_put(lane, call, history.ward(call.secret))
        if "AWSCURRENT" in call.version_stages and call.operation != "GetSecretValue" and call.ok:
            wrong = edit_left_behind(history.store.secret(str(call.secret)), history.kind)
            if wrong:
                self.breaks(EDIT_LOST, wrong)

    def _request_arrives(self, _: Request) -> None:
        history = self._history
        mood = history.next_mood()
        if mood is None:
            return
        history.tally.faults[f"provider: {mood.value.replace('_', ' ')}"] += 1
        history.course.lost_an_answer |= mood in LOSSES
        if mood in LIES:
            for ward in history.wards:
                ward.misled = True

    def _value_put(self, lane: Lane, call: Call, ward: Ward) -> None:
        history = self._history
        hour = int(history.clock() // HOUR)
        if call.version_stages == ("AWSPENDING",):
            lane.proof = call if call.fault is None else None
            token = str(call.client_request_token)
            if token not in ward.proofs:
                ward.proofs_in_hour[hour] = ward.proofs_in_hour.get(hour, 0) + 1
            ward.proofs[token] = ward.proofs.get(token, False) or history.run_clock.wrong_by != 0
        elif "ISSUED" in call.version_stages:
            ward.room_in_hour[hour] = ward.room_in_hour.get(hour, 0) + 1
            received = lane.unsaved.pop(ward.name, None)
            if received is not None and call.fault is not Fault.LOST_BEFORE:
                self._saved(lane, ward, received)

    def _saved(self, lane: Lane, ward: Ward, received: Received) -> None:
        history = self._history
        simulated = history.clock.monotonic() - received.simulated
        lane.saving_seconds[ward.name] = simulated
        if received.disturbances == history.gate.disturbances:
            well = simulated == 0
            windows = history.tally.windows if well else history.tally.outage_windows
            windows.append(time.perf_counter() - received.real + simulated)
        if received.order > ward.ended:
            ward.ended, ward.misled = 0, not history.is_honest
        ward.clock_was_wrong = history.run_clock.wrong_by != 0

    def _look_for_hammering(self, lane: Lane, ward: Ward) -> None:
        """Sees to it that what was refused is presented again by a person's wish, or once an hour."""
        history = self._history
        current = history.store.current(ward.name)
        if lane.insists or not {"REJECTED", "UNCLEAR"} & current.labels or not history.course.plain:
            return
        hours, this_hour = ward.presented.setdefault(current.id, set()), int(history.clock() // HOUR)
        if this_hour in hours and ward.name not in history.course.presented:
            self.breaks("rejected credentials presented again and again", ward.short)
        hours.add(this_hour)
        history.course.presented.add(ward.name)

    @property
    def _lane(self) -> Lane:
        lane = self._history.gate.active
        assert lane is not None
        return lane
