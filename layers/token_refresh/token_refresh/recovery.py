"""Finding an answer that another run stored and that is not current: that run died, was refused, or is still at it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from token_refresh.errors import SecretError
from token_refresh.lineage import issued_for, path
from token_refresh.storing import label_asked, make_current, not_current_yet
from token_refresh.versions import ASKED, ISSUED, REJECTED

if TYPE_CHECKING:
    from token_refresh.run_context import RunContext, StoredSecret
    from token_refresh.versions import Version


def finish(run: RunContext, secret: StoredSecret) -> StoredSecret | None:
    """Make current the answer that another run stored for a version; return it, or None if there is none.

    Only asking tells whether it lives: it has waited.
    """
    answer = _other_answer(run, secret)
    if answer is None or answer.id != secret.version.successor_id:
        return None
    return _made_current(run, [secret.version], answer)


def adopt(run: RunContext, secret: StoredSecret, looked_at: set[str]) -> StoredSecret | None:
    """Find the tokens that replaced the ones that the provider has just refused, and make them current.

    They are in the version's own successor, or in a later one, if a person moved AWSCURRENT back. Or a person saved a
    page with spent tokens over the answer that replaced them: then they are put into what the person saved. Returns
    what is current then, or None. `looked_at`: the ids of answers that were none, from one call to the next.
    """
    answer = _other_answer(run, secret)
    if answer is None or answer.id in looked_at:
        return None
    looked_at.add(answer.id)
    listed = run.secrets.list_versions(answer.arn)
    if steps := path(secret.version, answer, listed):
        return _made_current(run, steps, answer)
    issued = issued_for(run, secret, answer, listed)
    if issued is None:
        return None
    successor = secret.successor(issued.tokens(), issued.life.start)
    if not run.secrets.store_successor(secret.version, successor.document.text(), asked=True):
        return None  # another run was faster, and makes its own current
    return _made_current(run, [secret.version], replace(successor.version, labels=frozenset({ASKED, ISSUED})))


def _other_answer(run: RunContext, secret: StoredSecret) -> Version | None:
    """Return the latest answer that a run stored, unless it is this version, or was refused since."""
    answer = run.secrets.read_labelled(secret.version.arn, ISSUED)
    if answer is None or answer.id == secret.version.id or REJECTED in answer.labels:
        return None
    return answer


def _made_current(run: RunContext, steps: list[Version], answer: Version) -> StoredSecret | None:
    """Make an answer current, by one move for each step; None if somebody else's is current."""
    try:
        if ASKED not in answer.labels:
            label_asked(run, answer)
        instead = make_current(run, steps)
    except SecretError as error:
        why = error
    else:
        return None if instead else run.parse(replace(answer, labels=answer.labels | {ASKED, ISSUED}))
    raise not_current_yet(why)
