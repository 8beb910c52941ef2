"""What is remembered of a refusal: a label on the version, and what every later run says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from token_refresh.clock import iso
from token_refresh.errors import Outcome, SecretError
from token_refresh.report import Result
from token_refresh.storing import put_label
from token_refresh.versions import REJECTED, next_slot

if TYPE_CHECKING:
    from token_refresh.events import RunRequest
    from token_refresh.lifetime import Lifetime
    from token_refresh.run_context import RunContext, StoredSecret
    from token_refresh.versions import Version


UNCHANGED = "refused before, and not changed since"


def stays_rejected(name: str, why: str, life: Lifetime | None) -> Result:
    """Return the result of a rejected version that this run does not ask about: an alarm would flap otherwise."""
    return Result(name, Outcome.REJECTED, why, life, reported=True)


def invalid(run: RunContext, request: RunRequest, version: Version, why: str) -> Result:
    """Return the result of a version that cannot be presented, and remember that it has been reported."""
    reported = REJECTED in version.labels
    if not reported:
        label_reported(run, version, REJECTED)
    return Result(version.name, Outcome.INVALID_SECRET, why, reported=reported and not request.insists)


def refused_before(run: RunContext, secret: StoredSecret, why: str = UNCHANGED) -> Result:
    """Return the result of a version that was reported already; `why`: what its slot has brought."""
    version = secret.version
    rejected = REJECTED in version.labels
    daily = rejected and secret.document.refresh is None
    again = iso(next_slot(version.id, run.clock.now(), daily=daily))
    text = f"{why}; asked again after {again}; store working credentials in the secret, or force it"
    return Result(version.name, Outcome.REJECTED if rejected else Outcome.TRANSIENT, text, secret.life, reported=True)


def label_reported(run: RunContext, version: Version, label: str) -> None:
    """Remember that a version has been reported; if that fails, it is presented and reported again."""
    try:
        put_label(run, version, label)
    except SecretError as error:
        run.logger.warning("%s: the label %s could not be set: %s", version.name, label, error)
