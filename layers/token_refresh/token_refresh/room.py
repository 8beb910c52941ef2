"""Whether a secret has room for two more versions: the proof and the answer.

AWS keeps about 100 versions of a secret, and each of them for a day. The proof alone does not show that an answer can
be stored: it could take the last place itself. So the versions are counted first. And where they become too many,
because a person saves often, tokens that can wait do, so that the secret does not fill up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from token_refresh.errors import Deferred, Denied
from token_refresh.lifetime import Lifetime
from token_refresh.versions import ASKED, proof_version_id

if TYPE_CHECKING:
    from token_refresh.run_context import RunContext, StoredSecret

_HOUR, _HALF_A_DAY = 60 * 60.0, 12 * 60 * 60.0  # seconds
_DAY = 2 * _HALF_A_DAY + 5 * 60  # and what two clocks may differ
_MOST_IN_HALF_A_DAY = 44  # less than half, since a person can save at any time
_MOST = 98  # two fewer than AWS keeps
_CAN_WAIT_PERCENT = 25.0  # of the life of the tokens must be left


def check_room(run: RunContext, secret: StoredSecret) -> None:
    """Raise `Deferred` if the tokens can wait for room, `Denied` if they cannot and there is none."""
    now, version = run.clock.now(), secret.version
    listed = run.secrets.list_versions(version.arn)
    lately = sum(now - one.created < _HALF_A_DAY for one in listed)
    kept = sum(one.labelled or now - one.created < _DAY for one in listed)
    proofs = {proof_version_id(version.successor_id, at) for at in (now, now - _HOUR)} & {one.id for one in listed}
    # The dates beside the tokens say how long they can wait, also where a person has saved something since; but not
    # where they may have been spent already, by a run that proved or labelled it and lost the answer.
    life = Lifetime.written_in(secret.document.fields, run.provider.limits)
    unspent = not proofs and ASKED not in version.labels
    can_wait = unspent and life is not None and life.remaining_percent(now) >= _CAN_WAIT_PERCENT
    if kept <= _MOST and not (can_wait and lately > _MOST_IN_HALF_A_DAY):
        return
    kind = Deferred if can_wait else Denied
    raise kind(
        f"the secret has {kept} versions that are too young to be deleted, {lately} of them from the last 12 hours, "
        "and AWS keeps about 100: nothing was asked, so that an answer has room; it goes on as they become a day old; "
        "save the secret less often"
    )
