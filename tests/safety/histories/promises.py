"""What must be true whenever no run is under way, whatever has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.safety.histories.tally import EDIT_LOST, LOST
from tests.safety.histories.ward import base_of, tokens_of
from tests.safety.outcomes import NEED_A_HUMAN
from tests.support.steps import successor_id

if TYPE_CHECKING:
    from tests.safety.histories.course import Course
    from tests.safety.histories.gate import Lane
    from tests.safety.histories.ward import Ward
    from tests.safety.histories.world import World
    from tests.support.secrets_manager import Version

_GOOD = frozenset({"fresh", "refreshed", "logged_in"})
_STORED = frozenset({"refreshed", "logged_in"})
_WAIT_SECONDS = 15  # that a refused run waits for another one's save
# A run may give up saving when not even one more try (a pause of 5 s, a call of 8 s, a second to spare) fits in.
_LATE_SECONDS = 15


def judge(history: World, course: Course) -> None:
    """Notes every promise that was not kept."""
    for lane in course.lanes:
        _no_run_crashes(history, lane)
    for ward in history.wards:
        _what_people_wrote_stands(history, ward)
        _versions_are_few(history, ward)
        for lane in course.lanes:
            _what_was_received_stands(history, course, lane, ward)
            _the_label_is_set(history, course, lane, ward)
            _nobody_logs_in_needlessly(history, course, lane, ward)
    [first, *_] = course.lanes
    if course.sweep and first.results:
        _count(history, course)
    if course.sweep and course.plain:
        _everyone_is_found(history, course, first)


def _no_run_crashes(history: World, lane: Lane) -> None:
    allowed = ("NoneType", "SecretsFailed", "Transient", "Denied")
    if type(lane.raised).__name__ not in allowed:
        history.watch.breaks("a run crashes", repr(lane.raised))
    for result in lane.results:
        if "internal error" in str(result.error):
            history.watch.breaks("a run crashes", str(result.error))


def _what_people_wrote_stands(history: World, ward: Ward) -> None:
    current = history.store.current(ward.name)
    if ward.garbage is not None and current.value == ward.garbage:
        return
    try:
        document = current.document
    except ValueError:
        document = None
    base = None if document is None else base_of(document, history.kind)
    if document is None or base is None or base != ward.base or ward.garbage is not None:
        _an_edit_is_lost(history, ward)
        return
    tokens = tokens_of(document, history.kind)
    if tokens and history.provider.owner(tokens) != ward.account.name:
        # What a person pastes can differ in nothing but the tokens.
        _an_edit_is_lost(history, ward)


def _an_edit_is_lost(history: World, ward: Ward) -> None:
    """An edit that is not in what is current is lost, wherever else it may be."""
    holders = [version for version in history.store.versions(ward.name) if _is_edit(history, ward, version)]
    labels = [sorted(version.labels) for version in holders]
    history.watch.breaks(EDIT_LOST, f"{ward.short}; it is {labels}")


def _is_edit(history: World, ward: Ward, version: Version) -> bool:
    if ward.garbage is not None:
        return version.value == ward.garbage
    try:
        return base_of(version.document, history.kind) == ward.base
    except (TypeError, ValueError):
        return False


def _versions_are_few(history: World, ward: Ward) -> None:
    for hour, proofs in ward.proofs_in_hour.items():
        # Reads that lag, a clock that is wrong and an hour's end each account for one more.
        if proofs > 3 + ward.room_in_hour.get(hour, 0) + history.clock_settings.get(hour, 0):
            history.watch.breaks("too many versions", f"{ward.short}: {proofs} proofs in one hour")


def _what_was_received_stands(history: World, course: Course, lane: Lane, ward: Ward) -> None:
    """A run that lives keeps what it has received, as long as AWS lets it before its time is up."""
    result = lane.outcome(ward.name)
    if result is None or lane.killed:
        return
    if result.outcome == "not_stored" and lane.seconds_left > _LATE_SECONDS and not course.clock_set:
        history.watch.breaks("gave up early", f"{ward.short}: {lane.seconds_left:.0f} s were left")
    others = [other.outcome(ward.name) for other in course.lanes if other is not lane]
    lost_elsewhere = (
        course.killed
        or course.lost_an_answer
        or any(other is not None and other.outcome not in (*_GOOD, "superseded") for other in others)
    )
    excused = lost_elsewhere or ward.name in course.ended
    if result.outcome in _STORED and not excused and not history.is_live(ward):
        history.watch.breaks(LOST, f"{ward.short}: {result.outcome}, and what is current is dead")


def _the_label_is_set(history: World, course: Course, lane: Lane, ward: Ward) -> None:
    result = lane.outcome(ward.name)
    if result is None or lane.troubled or not course.plain or result.outcome not in ("rejected", "invalid_secret"):
        return
    if "REJECTED" not in history.store.current(ward.name).labels:
        history.watch.breaks("rejected without the label", ward.short)


def _nobody_logs_in_needlessly(history: World, course: Course, lane: Lane, ward: Ward) -> None:
    """A run that is refused only because another one holds the answer waits for that one's save."""
    result = lane.outcome(ward.name)
    if result is None or not course.undisturbed or ward.name not in course.live or ward.name in course.labelled:
        return
    outlasted = any(
        other.saving_seconds.get(ward.name, 0.0) >= _WAIT_SECONDS for other in course.lanes if other is not lane
    )
    waits_for_room = result.outcome == "deferred" and "AWS keeps about 100" in (result.error or "")
    if result.outcome not in (*_GOOD - {"logged_in"}, "superseded") and not outlasted and not waits_for_room:
        history.watch.breaks("a needless login or alarm", f"{ward.short}: {result.outcome}: {result.error}")


def _count(history: World, course: Course) -> None:
    for lane in course.lanes:
        history.tally.healed += sum(result.outcome == "logged_in" for result in lane.results)
    for result in course.lanes[0].results:
        ward, needs = history.ward(result.name), result.outcome in NEED_A_HUMAN
        history.tally.raised += needs and not ward.raised
        ward.raised = needs


def _everyone_is_found(history: World, course: Course, lane: Lane) -> None:
    """After a tick without any trouble, whoever is lost has been healed or is counted by NeedsAttention."""
    if len(lane.results) != len(history.wards):
        history.watch.breaks("a secret is passed over", f"{lane.results} {lane.raised!r}")
        return
    needing = [result for result in lane.results if result.outcome in NEED_A_HUMAN]
    if course.metrics.get("NeedsAttention") != len(needing):
        history.watch.breaks("NeedsAttention is wrong", f"{course.metrics}")
    news = [result.name for result in needing if not result.reported]
    if bool(news) != (lane.raised is not None) or not all(name in str(lane.raised) for name in news):
        history.watch.breaks("not raised", f"{news} {lane.raised!r}")
    for result in lane.results:
        wrong = _what_is_wrong(history, course, history.ward(result.name), result)
        if wrong is not None:
            history.watch.breaks(*wrong)


def _what_is_wrong(history: World, course: Course, ward: Ward, result: Any) -> tuple[str, str] | None:  # noqa: ANN401 - a Result
    live, said = history.is_live(ward), f"{ward.short}: {result.outcome}: {result.error}"
    wrong: str | None = None
    match result.outcome:
        case "fresh" | "refreshed" | "logged_in" | "deferred":  # deferred: the secret is nearly full of versions
            # What the history itself has ended is found out when it is next due.
            excused = result.outcome in ("fresh", "deferred") and (ward.ended or ward.clock_was_wrong)
            wrong = None if live or excused else LOST
        case "invalid_secret":
            wrong = "a false alarm" if ward.usable else None
        case "rejected" if live:
            wrong = None if ward.misled else "a false alarm"
        case "rejected" if _answer_waits(history, ward):
            wrong = "live tokens that are stored are left aside"
        case "rejected":
            can_heal = ward.name not in course.labelled and history.can_log_in(ward)
            wrong = "not healed" if can_heal else None
        case "transient" if ward.name in course.labelled:  # an answer to its login that no document explains
            wrong = None
        case _:
            wrong = "trouble without trouble"
    return (wrong, said) if wrong else None


def _answer_waits(history: World, ward: Ward) -> bool:
    """Tells whether the answer to what is current is stored, and would be accepted by the provider."""
    secret = history.store.secret(ward.name)
    current, issued = (secret.labels.get(label) for label in ("AWSCURRENT", "ISSUED"))
    if issued is None or issued != successor_id(secret.arn, str(current)):
        return False
    return history.provider.is_live(secret.version(issued).document)
