"""Rotating one secret, in the order that loses no token: read, decide, finish, prove, ask, store, make current.

A token is never spent before there is proof that its successor can be stored, and a successor that a run has received
is not dropped while that run lives. The protocol is explained in this layer's README.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from token_refresh.deciding import Decision, decide
from token_refresh.errors import InvalidSecret, Outcome, SecretError
from token_refresh.exchange import describe_bug
from token_refresh.masking import hide, use_mask
from token_refresh.presenting import present
from token_refresh.recovery import finish
from token_refresh.refusals import UNCHANGED, invalid, refused_before, stays_rejected
from token_refresh.report import Result
from token_refresh.versions import ISSUED, REJECTED, proof_version_id

if TYPE_CHECKING:
    from token_refresh.events import RunRequest
    from token_refresh.lifetime import Lifetime
    from token_refresh.run_context import RunContext, StoredSecret
    from token_refresh.versions import Version


def rotate(run: RunContext, request: RunRequest, listed: Version, life: Lifetime | None = None) -> Result:
    """Rotate one secret if it is due; every failure becomes the result's outcome. `life`: as the list showed it."""
    with use_mask():
        try:
            run.deadline.check_request()
            # Alone and once more: a list may be minutes old.
            return _rotate_current(run, request, run.secrets.read(listed.arn))
        except SecretError as error:
            if REJECTED in listed.labels and not request.insists and not error.outcome.needs_human:
                return stays_rejected(listed.name, f"{UNCHANGED}; {hide(str(error))}", life)
            return Result.of(listed.name, error, life)
        except Exception as error:  # noqa: BLE001  # a bug in one secret's turn must not take the others down
            return Result(listed.name, Outcome.TRANSIENT, describe_bug(error), life)


def settled(run: RunContext, secret: StoredSecret, decision: Decision) -> Result | None:
    """Return how a secret ends that needs no turn, or None."""
    if decision is Decision.FRESH:
        return Result(secret.version.name, Outcome.FRESH, life=secret.life)
    # If it is not a run's, the answer to what it presented may be stored and wait to be made current.
    if decision is Decision.BLOCKED and ISSUED in secret.version.labels:
        return refused_before(run, secret)
    return None


def _rotate_current(run: RunContext, request: RunRequest, version: Version) -> Result:
    try:
        secret = run.parse(version)
    except InvalidSecret as error:
        return invalid(run, request, version, str(error))
    return _rotate_valid(run, request, secret)


def _rotate_valid(run: RunContext, request: RunRequest, secret: StoredSecret) -> Result:
    version, now = secret.version, run.clock.now()
    decision = decide(secret, request, run.began, now)
    if result := settled(run, secret, decision):
        return result
    if ISSUED not in version.labels and (waiting := finish(run, secret)):
        return present(run, waiting)
    if decision is Decision.RETRY:
        # A timer of one minute meets the slot ten times: it is used up if this hour's proof is there.
        proof_id = proof_version_id(version.successor_id, run.began)
        if run.secrets.read_version(version.arn, proof_id) is None:
            return present(run, secret, in_slot=True)
    elif decision is Decision.DUE:
        return present(run, secret)
    return refused_before(run, secret)
