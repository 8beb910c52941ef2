"""Presenting one version's credentials to its provider: prove, ask, look for another run's answer, log in, report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from token_refresh.clock import REQUEST_SECONDS
from token_refresh.document import odd_ends
from token_refresh.errors import Outcome, Rejected, SecretError, SessionDead, Transient, Unclear, Unreachable
from token_refresh.exchange import ask
from token_refresh.masking import hide
from token_refresh.recovery import adopt
from token_refresh.refusals import label_reported, refused_before
from token_refresh.replies import Operation
from token_refresh.report import Result
from token_refresh.room import check_room
from token_refresh.storing import Saved, label_asked
from token_refresh.tenant import new_base_url
from token_refresh.versions import REJECTED, UNCLEAR, is_login_slot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from token_refresh.run_context import RunContext, StoredSecret
    from token_refresh.versions import Version

# Another run may hold the answer and be about to store it. Seconds before each look, 15 in all.
WAITS = (0.0, 1.0, 2.0, 4.0, 8.0)
_NEEDS_A_PERSON = (Outcome.DENIED, Outcome.UNREADABLE, Outcome.NOT_STORED)
_PROVEN_SECONDS = 25 * 60  # less than the time between two refreshes, unless tokens live less than an hour


def present(run: RunContext, secret: StoredSecret, *, in_slot: bool = False) -> Result:
    """Present a version's credentials to the provider. `in_slot`: they were refused before, and a person was told."""
    try:
        _prepare(run, secret, in_slot=in_slot)
        return _refresh_or_log_in(run, secret, in_slot=in_slot)
    except SecretError as error:
        failure = error
    news = failure.outcome in (Outcome.REJECTED, Outcome.INVALID_SECRET) and REJECTED not in secret.version.labels
    if news and failure.outcome is Outcome.INVALID_SECRET:  # its baseUrl leads inside
        label_reported(run, secret.version, REJECTED)
    told = (Outcome.UNREADABLE, Outcome.NOT_STORED) if REJECTED in secret.version.labels else _NEEDS_A_PERSON
    if in_slot and not news and failure.outcome not in told:
        return refused_before(run, secret, hide(str(failure)))
    return Result(secret.version.name, failure.outcome, hide(str(failure)), secret.life)


def _prepare(run: RunContext, secret: StoredSecret, *, in_slot: bool = False) -> None:
    """Prove that the answer can be stored, and that a lost one will be noticed."""
    now = run.clock.now()
    check_room(run, secret)
    if in_slot or not _written_lately(secret, now):
        run.secrets.check_writable(secret.version, run.began if in_slot else now)  # of the hour that the slot is in
    if not secret.life.due(now):
        label_asked(run, secret.version)


def _refresh_or_log_in(run: RunContext, secret: StoredSecret, *, in_slot: bool) -> Result:
    try:
        if secret.document.refresh is None:
            return _log_in(run, secret)
        return _refresh(run, secret, in_slot=in_slot)
    except (SessionDead, Rejected) as error:
        refused = str(error)
    if newer := run.secrets.replacement(secret.version):
        return _superseded(run, newer)
    label_reported(run, secret.version, REJECTED)
    odd = odd_ends(secret.document)
    raise Rejected(f"{refused}; {odd}" if odd else refused)


def _refresh(run: RunContext, secret: StoredSecret, *, in_slot: bool) -> Result:
    refused = _ask(run, secret, Operation.REFRESH)
    if isinstance(refused, Saved):
        return _result(secret, refused, Outcome.REFRESHED)
    alive = run.clock.now() < secret.life.end
    if moved_to := new_base_url(run, secret):
        run.logger.warning("%s: asking again at %s: %s", secret.version.name, moved_to, refused)
        again = _ask_elsewhere(run, secret, Operation.REFRESH, moved_to)
        if isinstance(again, Saved):
            return _result(secret, again, Outcome.REFRESHED)
        # Who never knew living tokens refuses them, too.
        if not isinstance(refused, SessionDead) and isinstance(again, SessionDead) and not alive:
            refused = again
    # While the tokens live, nothing is lost by asking again in the next run.
    if isinstance(refused, Transient) and (isinstance(refused, Unreachable) or alive):
        raise refused
    if found := _look_elsewhere(run, secret, WAITS[:1] if in_slot else WAITS):
        return found
    if secret.document.login is None:
        raise Rejected(f"{refused}; the secret has no login fields to log in again with")
    if in_slot and REJECTED in secret.version.labels and not is_login_slot(secret.version.id, run.began):
        raise Rejected(f"{refused}; a password that was refused is presented once a day")
    run.logger.warning("%s: the session is dead, logging in again: %s", secret.version.name, refused)
    return _log_in(run, secret, moved_to)


def _ask(run: RunContext, secret: StoredSecret, operation: Operation) -> Saved | SecretError:
    """Ask; return what was saved, or why the credentials may be dead, or why nobody was there."""
    try:
        return ask(run, secret, operation)
    except Rejected as error:
        if operation is Operation.LOGIN:
            return error
        raise
    except (SessionDead, Unclear, Unreachable) as error:
        return error


def _ask_elsewhere(
    run: RunContext, secret: StoredSecret, operation: Operation, moved_to: str | None
) -> Saved | SecretError:
    """Ask at a second address (None: the secret's own). Whatever is wrong there says less than what the first said."""
    try:
        return ask(run, secret, operation, moved_to)
    except SecretError as error:
        if error.outcome in (Outcome.UNREADABLE, Outcome.NOT_STORED, Outcome.DEFERRED):
            raise
        return error


def _log_in(run: RunContext, secret: StoredSecret, moved_to: str | None = None) -> Result:
    """Log in: where the tenant has moved, if that is known, then at the secret's own address."""
    elsewhere = _ask_elsewhere(run, secret, Operation.LOGIN, moved_to) if moved_to else None
    if elsewhere is None:
        answer = _ask(run, secret, Operation.LOGIN)
    else:
        answer = elsewhere if isinstance(elsewhere, Saved) else _ask_elsewhere(run, secret, Operation.LOGIN, None)
    if not isinstance(answer, Saved) and moved_to is None and (moved_to := new_base_url(run, secret)):
        elsewhere = _ask_elsewhere(run, secret, Operation.LOGIN, moved_to)
        answer = elsewhere if isinstance(elsewhere, Saved) else answer
    if isinstance(answer, Saved):
        current = answer.secret
        if answer.ours and current and current.life.nearly_over(run.clock.now()):
            answer = _refreshed_at_once(run, current) or answer
        return _result(secret, answer, Outcome.LOGGED_IN)
    if isinstance(elsewhere, (Rejected, Unclear)) and not isinstance(answer, Rejected):
        answer = elsewhere
    if isinstance(answer, Unclear):
        label_reported(run, secret.version, UNCLEAR)
    raise answer


def _refreshed_at_once(run: RunContext, secret: StoredSecret) -> Saved | None:
    """Refresh tokens that a login gave, and that are nearly over; None if that fails: the next run asks again."""
    try:
        label_asked(run, secret.version)  # if anything fails from here on
        _prepare(run, secret)
        return ask(run, secret, Operation.REFRESH)
    except SecretError as error:
        failure = error
    if failure.outcome in (Outcome.UNREADABLE, Outcome.NOT_STORED):
        raise failure
    run.logger.warning("%s: logged in; the refresh after it failed: %s", secret.version.name, failure)
    return None


def _look_elsewhere(run: RunContext, secret: StoredSecret, waits: Sequence[float]) -> Result | None:
    """Look for another run's answer to the same tokens: that run may be about to store it. None if there is none."""
    deadline = run.deadline
    looked_at: set[str] = set()
    kept_back = deadline.saving_seconds + (REQUEST_SECONDS if secret.document.login else 0.0)
    for wait in waits:
        if deadline.remaining() < wait + kept_back:
            break
        if wait:
            run.clock.sleep(wait)
        if newer := run.secrets.replacement(secret.version):
            return _superseded(run, newer)
        if answer := adopt(run, secret, looked_at):
            return present(run, answer)
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
