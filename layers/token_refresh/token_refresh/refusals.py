"""What is remembered of a refusal: a label on the version, and what every later run says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from token_refresh.clock import iso
from token_refresh.errors import Outcome, SecretError
from token_refresh.report import Result
from token_refresh.storing import put_label
from token_refresh.versions import REJECTED, next_slot

if TYPE_CHECKING:
    from token_refresh.run_context import RunContext, StoredSecret
    from token_refresh.versions import Version


def refused_before(run: RunContext, secret: StoredSecret, why: str = "refused before, and not changed since") -> Result:
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
