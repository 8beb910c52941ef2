"""One run's secrets: all of the provider's, soonest expiry first, or the one that the event names."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from token_refresh.aws_errors import NO_SUCH_SECRET, NOT_A_NAME
from token_refresh.deciding import decide
from token_refresh.duplicates import Accounts
from token_refresh.errors import Denied, InvalidEvent, Outcome, SecretError, Transient
from token_refresh.events import check_prefix
from token_refresh.masking import use_mask
from token_refresh.refusals import invalid, stays_rejected
from token_refresh.report import Result
from token_refresh.rotation import rotate, settled
from token_refresh.versions import ISSUED, REJECTED

if TYPE_CHECKING:
    from token_refresh.events import RunRequest
    from token_refresh.lifetime import Lifetime
    from token_refresh.run_context import RunContext
    from token_refresh.versions import Version

_SAME_ACCOUNT = "holds the same account as {}, and each ends the other's session: delete one, then force the other"
_MOST_SHOWN = 100  # characters of a name that an event gives


def rotate_all(run: RunContext, request: RunRequest) -> list[Result]:
    """Rotate every secret that is due, and tell how each one ended.

    Raises `Transient` or `Denied` if the list of secrets cannot be read.
    """
    settled_by_arn: dict[str, Result] = {}
    due: dict[str, tuple[Version, Lifetime | None]] = {}  # by ARN, without the values, so that memory stays flat
    accounts = Accounts()
    all_seen = True
    for item in run.secrets.list_current(run.settings.secret_prefix):
        if isinstance(item, tuple):
            name, error = item
            settled_by_arn[name] = Result.of(name, error)
            all_seen = all_seen and not isinstance(error, Transient)
            continue
        result, life = _look(run, request, item, accounts)
        if result is None:
            due[item.arn] = replace(item, text=None), life
        else:
            settled_by_arn[item.arn] = result
    for version, other in accounts.losers():
        due.pop(version.arn, None)
        settled_by_arn[version.arn] = invalid(run, request, version, _SAME_ACCOUNT.format(other))
    if run.provider.identities and not all_seen:
        for version in [version for version, _ in due.values() if not _is_settled_owner(version)]:
            _, life = due.pop(version.arn)
            settled_by_arn[version.arn] = _wait(version, life)
    soonest_first = sorted(due.values(), key=lambda entry: entry[1].urgency if entry[1] else 0.0)
    with ThreadPoolExecutor(run.settings.max_workers) as pool:
        turns = [pool.submit(rotate, run, request, version, life) for version, life in soonest_first]
        results = [*settled_by_arn.values(), *(turn.result() for turn in turns)]
    return sorted(results, key=lambda result: result.name)


def rotate_named(run: RunContext, request: RunRequest, secret_id: str) -> list[Result]:
    """Rotate the secret that an event names. Raises `InvalidEvent` if there is none of this provider's by that name."""
    shown = ascii(secret_id)[1:-1][:_MOST_SHOWN]
    try:
        version = run.secrets.read(secret_id)
    except SecretError as error:
        failure = error
    else:
        # An ARN's name ends in random characters, so only the answer tells for certain.
        check_prefix(version.name, run.settings.secret_prefix)
        # Without its labels: who asks for one secret is told whatever goes wrong.
        return [rotate(run, request, replace(version, text=None, labels=frozenset()))]
    if isinstance(failure, Denied) and failure.code in (NO_SUCH_SECRET, NOT_A_NAME):
        raise InvalidEvent(f"secret_id: there is no secret '{shown}' in this account and region")
    return [Result.of(shown, failure)]


def _is_settled_owner(version: Version) -> bool:
    return ISSUED in version.labels and REJECTED not in version.labels


def _wait(version: Version, life: Lifetime | None) -> Result:
    """Return the result of a secret that is not asked about while the one with the same account may be out of sight."""
    why = "not asked: AWS did not show all secrets, and one of them may hold the same account; the next run goes on"
    if REJECTED in version.labels:
        return stays_rejected(version.name, why, life)
    return Result(version.name, Outcome.DEFERRED, why, life)


def _look(
    run: RunContext, request: RunRequest, version: Version, accounts: Accounts
) -> tuple[Result | None, Lifetime | None]:
    """Return how a secret ended if there is nothing to do for it; and the life of its tokens, if it can be read."""
    try:
        with use_mask():
            secret = run.parse(version)
            accounts.add(secret)
            return settled(run, secret, decide(secret, request, run.began, run.clock.now())), secret.life
    except Exception:  # noqa: BLE001  # whatever it is, only this secret's own turn may end by it
        return None, None
