"""What must be true whenever no run is under way, whatever has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.safety.histories.totals import EDIT_LOST, LOST
from tests.safety.histories.tracked_secret import base_of, tokens_of
from tests.safety.outcomes import NEED_A_HUMAN
from tests.support.steps import successor_id

if TYPE_CHECKING:
    from tests.safety.histories.invocation import Invocation
    from tests.safety.histories.scheduler import Run
    from tests.safety.histories.tracked_secret import TrackedSecret
    from tests.safety.histories.world import World
    from tests.support.secrets_manager import Version

_GOOD = frozenset({"fresh", "refreshed", "logged_in"})
_STORED = frozenset({"refreshed", "logged_in"})
_WAIT_SECONDS = 15  # that a refused run waits for another one's save
# A run may give up saving when not even one more try (a pause of 5 s, a call of 8 s, a second to spare) fits in.
_LATE_SECONDS = 15


def check(history: World, invocation: Invocation) -> None:
    """Notes every invariant that was not kept."""
    for run in invocation.runs:
        _no_run_crashes(history, run)
    for tracked in history.secrets:
        _edits_are_kept(history, tracked)
        _versions_are_few(history, tracked)
        for run in invocation.runs:
            _received_tokens_are_kept(history, invocation, run, tracked)
            _the_label_is_set(history, invocation, run, tracked)
            _nobody_logs_in_needlessly(history, invocation, run, tracked)
    [first, *_] = invocation.runs
    if invocation.sweep and first.results:
        _count(history, invocation)
    if invocation.sweep and invocation.plain:
        _all_losses_are_reported(history, invocation, first)


def _no_run_crashes(history: World, run: Run) -> None:
    allowed = ("NoneType", "SecretsFailed", "Transient", "Denied")
    if type(run.raised).__name__ not in allowed:
        history.watcher.report("a run crashes", repr(run.raised))
    for result in run.results:
        if "internal error" in str(result.error):
            history.watcher.report("a run crashes", str(result.error))


def _edits_are_kept(history: World, tracked: TrackedSecret) -> None:
    current = history.store.current(tracked.name)
    if tracked.garbage is not None and current.value == tracked.garbage:
        return
    try:
        document = current.document
    except ValueError:
        document = None
    base = None if document is None else base_of(document, history.kind)
    if document is None or base is None or base != tracked.base or tracked.garbage is not None:
        _an_edit_is_lost(history, tracked)
        return
    tokens = tokens_of(document, history.kind)
    if tokens and history.provider.owner(tokens) != tracked.account.name:
        # What a person pastes can differ in nothing but the tokens.
        _an_edit_is_lost(history, tracked)


def _an_edit_is_lost(history: World, tracked: TrackedSecret) -> None:
    """An edit that is not in what is current is lost, wherever else it may be."""
    holders = [version for version in history.store.versions(tracked.name) if _is_edit(history, tracked, version)]
    labels = [sorted(version.labels) for version in holders]
    history.watcher.report(EDIT_LOST, f"{tracked.short}; it is {labels}")


def _is_edit(history: World, tracked: TrackedSecret, version: Version) -> bool:
    if tracked.garbage is not None:
        return version.value == tracked.garbage
    try:
        return base_of(version.document, history.kind) == tracked.base
    except (TypeError, ValueError):
        return False


def _versions_are_few(history: World, tracked: TrackedSecret) -> None:
    for hour, proofs in tracked.proofs_in_hour.items():
        # Reads that lag, a clock that is wrong and an hour's end each account for one more.
        if proofs > 3 + tracked.room_in_hour.get(hour, 0) + history.clock_settings.get(hour, 0):
            history.watcher.report("too many versions", f"{tracked.short}: {proofs} proofs in one hour")


def _received_tokens_are_kept(history: World, invocation: Invocation, run: Run, tracked: TrackedSecret) -> None:
    """A run that is not killed saves what it has received, if AWS allows it before its time is up."""
    result = run.outcome(tracked.name)
    if result is None or run.killed:
        return
    if result.outcome == "not_stored" and run.seconds_left > _LATE_SECONDS and not invocation.clock_set:
        history.watcher.report("gave up early", f"{tracked.short}: {run.seconds_left:.0f} s were left")
    others = [other.outcome(tracked.name) for other in invocation.runs if other is not run]
    lost_elsewhere = (
        invocation.killed
        or invocation.lost_an_answer
        or any(other is not None and other.outcome not in (*_GOOD, "superseded") for other in others)
    )
    excused = lost_elsewhere or tracked.name in invocation.ended or history.shares_its_account(tracked)
    if result.outcome in _STORED and not excused and not history.is_live(tracked):
        history.watcher.report(LOST, f"{tracked.short}: {result.outcome}, and what is current is dead")


def _the_label_is_set(history: World, invocation: Invocation, run: Run, tracked: TrackedSecret) -> None:
    result = run.outcome(tracked.name)
    if result is None or run.troubled or not invocation.plain or result.outcome not in ("rejected", "invalid_secret"):
        return
    if "REJECTED" not in history.store.current(tracked.name).labels:
        history.watcher.report("rejected without the label", tracked.short)


def _nobody_logs_in_needlessly(history: World, invocation: Invocation, run: Run, tracked: TrackedSecret) -> None:
    """A run that is refused only because another one holds the answer waits for that one's save."""
    result = run.outcome(tracked.name)
    if (
        result is None
        or not invocation.undisturbed
        or tracked.name not in invocation.live
        or tracked.name in invocation.labelled
        or history.shares_its_account(tracked)
    ):
        return
    outlasted = any(
        other.saving_seconds.get(tracked.name, 0.0) >= _WAIT_SECONDS for other in invocation.runs if other is not run
    )
    waits_for_room = result.outcome == "deferred" and "AWS keeps about 100" in (result.error or "")
    if result.outcome not in (*_GOOD - {"logged_in"}, "superseded") and not outlasted and not waits_for_room:
        history.watcher.report("a needless login or alarm", f"{tracked.short}: {result.outcome}: {result.error}")


def _count(history: World, invocation: Invocation) -> None:
    for run in invocation.runs:
        history.totals.healed += sum(result.outcome == "logged_in" for result in run.results)
    for result in invocation.runs[0].results:
        tracked, needs = history.tracked(result.name), result.outcome in NEED_A_HUMAN
        history.totals.raised += needs and not tracked.raised
        tracked.raised = needs


def _all_losses_are_reported(history: World, invocation: Invocation, run: Run) -> None:
    """After a scheduled run without any trouble, whoever is lost has been healed or is counted by NeedsAttention."""
    if len(run.results) != len(history.secrets):
        history.watcher.report("a secret is passed over", f"{run.results} {run.raised!r}")
        return
    needing = [result for result in run.results if result.outcome in NEED_A_HUMAN]
    if invocation.metrics.get("NeedsAttention") != len(needing):
        history.watcher.report("NeedsAttention is wrong", f"{invocation.metrics}")
    news = [result.name for result in needing if not result.reported]
    if bool(news) != (run.raised is not None) or not all(name in str(run.raised) for name in news):
        history.watcher.report("not raised", f"{news} {run.raised!r}")
    presented: set[str] = set()
    for result in run.results:
        tracked = history.tracked(result.name)
        if tracked.usable and result.outcome != "invalid_secret":
            if tracked.account.name in presented:
                history.watcher.report("one account in two secrets", f"{tracked.short}: {result.outcome}")
            presented.add(tracked.account.name)
        wrong = _what_is_wrong(history, invocation, tracked, result)
        if wrong is not None:
            history.watcher.report(*wrong)


def _what_is_wrong(
    history: World,
    invocation: Invocation,
    tracked: TrackedSecret,
    result: Any,  # noqa: ANN401  # a Result
) -> tuple[str, str] | None:
    live, details = history.is_live(tracked), f"{tracked.short}: {result.outcome}: {result.error}"
    wrong, shared = None, history.shares_its_account(tracked)
    match result.outcome:
        case "fresh" | "refreshed" | "logged_in" | "deferred":  # deferred: the secret is nearly full of versions
            # What the history itself has ended is found out when it is next due.
            ended = tracked.ended or tracked.clock_was_wrong or shared
            excused = result.outcome in ("fresh", "deferred") and ended
            wrong = None if live or excused else LOST
        case "invalid_secret":
            wrong = "a false alarm" if tracked.usable and not shared else None
        case "rejected" if live:
            wrong = None if tracked.misled else "a false alarm"
        case "rejected" if _answer_waits(history, tracked):
            wrong = "live tokens that are stored are left aside"
        case "rejected":
            can_heal = not shared and tracked.name not in invocation.labelled and history.can_log_in(tracked)
            wrong = "not healed" if can_heal else None
        case "transient" if tracked.name in invocation.labelled:  # an answer to its login that no document explains
            wrong = None
        case _:
            wrong = "trouble without trouble"
    return (wrong, details) if wrong else None


def _answer_waits(history: World, tracked: TrackedSecret) -> bool:
    """Tells whether the answer to what is current is stored, and would be accepted by the provider."""
    secret = history.store.secret(tracked.name)
    current, issued = (secret.labels.get(label) for label in ("AWSCURRENT", "ISSUED"))
    if issued is None or issued != successor_id(secret.arn, str(current)):
        return False
    return history.provider.is_live(secret.version(issued).document)
