"""Rotating one secret, in the order that loses no token: read, decide, finish, prove, ask, store, make current.

A token is never spent before there is proof that its successor can be stored, and a successor that a run has received
is not dropped while that run lives. The protocol is explained in this layer's README.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from token_refresh.clock import REQUEST_SECONDS
from token_refresh.deciding import Decision, decide
from token_refresh.errors import InvalidSecret, Outcome, Rejected, SecretError, SessionDead
from token_refresh.exchange import ask, describe_bug
from token_refresh.masking import hide, use_mask
from token_refresh.recovery import adopt, finish
from token_refresh.replies import Operation
from token_refresh.report import Result
from token_refresh.room import check_room
from token_refresh.storing import label_asked
from token_refresh.versions import ISSUED, REJECTED, proof_version_id

if TYPE_CHECKING:
    from token_refresh.events import RunRequest
    from token_refresh.lifetime import Lifetime
    from token_refresh.run_context import RunContext, StoredSecret
    from token_refresh.storing import Saved
    from token_refresh.versions import Version

# Another run may hold the answer and be about to store it. Seconds before each look, 15 in all.
WAITS = (0.0, 1.0, 2.0, 4.0, 8.0)
_PROVEN_SECONDS = 25 * 60  # less than the time between two refreshes, unless tokens live less than an hour


def rotate(run: RunContext, request: RunRequest, arn: str, name: str, life: Lifetime | None = None) -> Result:
    """Rotate one secret if it is due; every failure becomes the result's outcome. `life`: as a list showed it."""
    with use_mask():
        try:
            run.deadline.check_request()
            # Alone and once more: a list may be minutes old.
            return _rotate_current(run, request, run.secrets.read(arn))
        except SecretError as error:
            return Result(name, error.outcome, hide(str(error)), life)
        except Exception as error:  # noqa: BLE001  # a bug in one secret's turn must not take the others down
            return Result(name, Outcome.TRANSIENT, describe_bug(error), life)


def settled(secret: StoredSecret, decision: Decision) -> Result | None:
    """Return how a secret ends that needs no turn, or None."""
    name = secret.version.name
    if decision is Decision.FRESH:
        return Result(name, Outcome.FRESH, life=secret.life)
    # If it is not a run's, the answer to what it presented may be stored and wait to be made current.
    if decision is Decision.BLOCKED and ISSUED in secret.version.labels:
        return _rejected_before(secret)
    return None


def _rotate_current(run: RunContext, request: RunRequest, version: Version) -> Result:
    try:
        secret = run.parse(version)
    except InvalidSecret as error:
        why = str(error)
    else:
        return _rotate_valid(run, request, secret)
    reported = REJECTED in version.labels
    if not reported:
        _label_rejected(run, version)
    return Result(version.name, Outcome.INVALID_SECRET, why, reported=reported and not request.insists)


def _rotate_valid(run: RunContext, request: RunRequest, secret: StoredSecret) -> Result:
    version, now = secret.version, run.clock.now()
    decision = decide(version, secret.life, request, now)
    if result := settled(secret, decision):
        return result
    if ISSUED not in version.labels and (waiting := finish(run, secret)):
        return _present(run, waiting)
    if decision is Decision.RETRY:
        # A timer of one minute meets the slot ten times: it is used up if this hour's proof is there.
        proof_id = proof_version_id(version.successor_id, now)
        if run.secrets.read_version(version.arn, proof_id) is None:
            return _present(run, secret, reported=True)
    elif decision is Decision.DUE:
        return _present(run, secret)
    return _rejected_before(secret)


def _present(run: RunContext, secret: StoredSecret, *, reported: bool = False) -> Result:
    """Present a version's credentials to the provider. `reported`: they were rejected before, and a person was told."""
    try:
        now = run.clock.now()
        check_room(run, secret)
        if reported or not _written_lately(secret, now):
            run.secrets.check_writable(secret.version, now)
        if not secret.life.due(now):
            label_asked(run, secret.version)
        return _refresh_or_log_in(run, secret)
    except SecretError as error:
        failure = error
    reported = reported and failure.outcome is Outcome.REJECTED
    return Result(secret.version.name, failure.outcome, hide(str(failure)), secret.life, reported)


def _refresh_or_log_in(run: RunContext, secret: StoredSecret) -> Result:
    try:
        if secret.document.refresh is None:
            return _log_in(run, secret)
        return _refresh(run, secret)
    except (SessionDead, Rejected) as error:
        refused = str(error)
    if newer := run.secrets.replacement(secret.version):
        return _superseded(run, newer)
    _label_rejected(run, secret.version)
    raise Rejected(refused)


def _refresh(run: RunContext, secret: StoredSecret) -> Result:
    try:
        return _result(secret, ask(run, secret, Operation.REFRESH), Outcome.REFRESHED)
    except SessionDead as error:
        refused = str(error)
    if found := _look_elsewhere(run, secret):
        return found
    if secret.document.login is None:
        raise Rejected(f"{refused}; the secret has no login fields to log in again with")
    run.logger.warning("%s: the session is dead, logging in again: %s", secret.version.name, refused)
    return _log_in(run, secret)


def _log_in(run: RunContext, secret: StoredSecret) -> Result:
    return _result(secret, ask(run, secret, Operation.LOGIN), Outcome.LOGGED_IN)


def _look_elsewhere(run: RunContext, secret: StoredSecret) -> Result | None:
    """Look for another run's answer to the same tokens: that run may be about to store it. None if there is none."""
    deadline = run.deadline
    looked_at: set[str] = set()
    kept_back = deadline.saving_seconds + (REQUEST_SECONDS if secret.document.login else 0.0)
    for wait in WAITS:
        if deadline.remaining() < wait + kept_back:
            break
        if wait:
            run.clock.sleep(wait)
        if newer := run.secrets.replacement(secret.version):
            return _superseded(run, newer)
        if answer := adopt(run, secret, looked_at):
            return _present(run, answer)
    # Since the last look, too: logging in would end a session that somebody has just begun.
    newer = run.secrets.replacement(secret.version)
    return _superseded(run, newer) if newer else None


def _result(secret: StoredSecret, saved: Saved, done: Outcome) -> Result:
    life = saved.secret.life if saved.secret else None
    return Result(secret.version.name, done if saved.ours else Outcome.SUPERSEDED, life=life)


def _superseded(run: RunContext, newer: Version) -> Result:
    current = run.parse_if_valid(newer)
    return Result(newer.name, Outcome.SUPERSEDED, life=current.life if current else None)


def _written_lately(secret: StoredSecret, now: float) -> bool:
    """Tell whether storing the version itself is proof enough: more proofs for short-lived tokens fill the secret."""
    return secret.life.ours and secret.life.due(now) and 0 <= now - secret.life.start < _PROVEN_SECONDS


def _rejected_before(secret: StoredSecret) -> Result:
    why = "rejected before and not changed since: store working credentials in the secret"
    return Result(secret.version.name, Outcome.REJECTED, why, secret.life, reported=True)


def _label_rejected(run: RunContext, version: Version) -> None:
    """Remember that a version has been reported; if that fails it is reported again, which does no harm."""
    try:
        run.secrets.label(version, REJECTED)
    except SecretError as error:
        run.logger.warning("%s: the label REJECTED could not be set: %s", version.name, error)
