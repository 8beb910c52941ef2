"""Where an answer is stored, and made current by compare-and-swap. The picture is in this layer's README.

1. Store: the successor of the version that was presented, under an id that follows from that version's, where Secrets
   Manager overwrites nothing. Tried until the run's time is up. If the process dies after it, the next run goes on.
2. Make current: AWSCURRENT moves to the successor if it is still on the version that was presented. If a person stored
   another value meanwhile, AWS refuses; the tokens are then put into that value, or it stands as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from token_refresh.aws_errors import COMPARED
from token_refresh.errors import Denied, NotStored, SecretError, Transient, Unreadable
from token_refresh.lifetime import Lifetime
from token_refresh.lineage import issued_for, path
from token_refresh.versions import ASKED, CURRENT, ISSUED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from token_refresh.replies import IssuedTokens
    from token_refresh.run_context import RunContext, StoredSecret
    from token_refresh.versions import Version

_MOST_SUCCESSORS = 100  # of one version, one after the other; AWS keeps about so many versions of a secret
_MOST_EDITS = 10  # by persons, while one answer is saved
_MOST_REFUSALS = 3  # by AWS, when nothing is at stake any more
_MOST_LABEL_TRIES = 5  # three seconds between the first and the last
_LATE_SECONDS = 15  # so long a run that is refused waits for another one's answer; then it may log in, and end ours


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """Tokens received: for which version, by presenting which of its fields, and when the request left."""

    given_for: StoredSecret
    presented: tuple[str, ...]
    tokens: IssuedTokens
    sent_at: float  # epoch seconds

    def for_edit(self, theirs: StoredSecret) -> Answer:
        """Return what to put into somebody's edit: not where the tenant was found, if they have changed where it is."""
        if theirs.document.fields.get("baseUrl") == self.given_for.document.fields.get("baseUrl"):
            return self
        fields = {name: value for name, value in self.tokens.fields.items() if name != "baseUrl"}
        return replace(self, tokens=replace(self.tokens, fields=fields))


@dataclass(frozen=True, slots=True, repr=False)
class Saved:
    """What is current after saving."""

    ours: bool  # it holds our tokens; if not, somebody else's newer credentials stand
    secret: StoredSecret | None  # None: somebody else's, and no secret of this provider


def save(run: RunContext, answer: Answer) -> Saved:
    """Store the tokens and make them current.

    Raises `NotStored` if the run's time is up before they are stored, `Unreadable` if they are too large to be;
    `Transient` or `Denied` if they are stored, and it is left to the next run to make them current.
    """
    stored = False
    try:
        chain = _store(run, answer.given_for, answer)
        stored = True
        return _make_answer_current(run, answer, chain)
    except Unreadable:
        raise
    except SecretError as error:
        why = error
    if not stored:
        raise NotStored(f"new tokens were issued and could not be stored; the old ones may be spent: {why}")
    raise not_current_yet(why)


def make_current(run: RunContext, steps: Iterable[Version]) -> Version | None:
    """Move AWSCURRENT from each version in turn to its successor, which is stored.

    Returns what else is current, or None. Raises `Transient` or `Denied` if AWS does not do it.
    """
    for version in steps:
        instead = run.deadline.retry(partial(_move, run, version), most_refusals=_MOST_REFUSALS, calls=3)
        if instead is not None:
            return instead
    return None


def not_current_yet(why: SecretError) -> SecretError:
    """Return the error for an answer that is stored and could not be made current."""
    kind = Denied if isinstance(why, Denied) else Transient
    return kind(f"new tokens are stored under the label ISSUED; the next run tries to make them current: {why}")


def label_asked(run: RunContext, version: Version) -> None:
    """Mark an attempt, so that a lost answer is retried whatever the dates say. Raises `Transient` or `Denied`."""
    put_label(run, version, ASKED)


def put_label(run: RunContext, version: Version, label: str) -> None:
    """Put a label on a version. Raises `Transient` or `Denied`."""
    # A refusal can pass: another run moves the label at the same time, or reads lag behind its latest move.
    run.deadline.retry(partial(run.secrets.label, version, label), most_tries=_MOST_LABEL_TRIES, calls=2)


def _store(run: RunContext, base: StoredSecret, answer: Answer) -> list[StoredSecret]:
    """Store the tokens as the successor of a version; return it, and before it the versions that lead to it.

    If another run's answer is there, the one that was issued later wins: ours is stored as its successor, or theirs is
    the last one returned.
    """
    chain = [base]
    while len(chain) < _MOST_SUCCESSORS:
        ours = chain[-1].successor(answer.tokens, answer.sent_at)
        attempt = partial(_put, run, chain[-1].version, ours, first=chain[-1] is answer.given_for)
        refusals, calls = (inf, 1) if base is answer.given_for else (_MOST_REFUSALS, 2)  # nothing is stored yet, or all
        other = run.deadline.retry(attempt, most_refusals=refusals, calls=calls)
        if other is None:
            return [*chain, ours]
        chain.append(run.parse(other))
        issued = Lifetime.written_in(chain[-1].document.fields, run.provider.limits)
        if chain[-1].document.holds(answer.tokens) or (issued and not issued.issued_before(ours.life)):
            return chain
    raise Transient("the answers of too many other runs are in the way")


def _put(run: RunContext, parent: Version, successor: StoredSecret, *, first: bool) -> Version | None:
    """Try once to store a version's successor; return the one that is there if it is another."""
    # Whatever happened meanwhile may have ended what we received: only the provider can tell (ASKED).
    if run.secrets.store_successor(parent, successor.version.text or "", asked=not first):
        return None
    other = run.secrets.read_version(parent.arn, parent.successor_id)
    if other is not None:
        return other
    raise Transient("could not read the secret: reads lag behind writes")


def _make_answer_current(run: RunContext, answer: Answer, chain: list[StoredSecret]) -> Saved:
    for _ in range(_MOST_EDITS):
        last, ours = chain[-1], chain[-1].document.holds(answer.tokens)
        if not ours or run.clock.now() - answer.sent_at >= _LATE_SECONDS:
            # Of two answers at once, only the provider knows which one lives: the next run is to try.
            label_asked(run, last.version)
        instead = make_current(run, (one.version for one in chain[:-1]))
        if instead is None:
            return Saved(ours, last)
        theirs = run.parse_if_valid(instead)
        if theirs and theirs.document.holds(answer.tokens):
            return Saved(ours=True, secret=theirs)
        latest = _latest(run, last, answer) if ours and theirs and _is_edit(run, theirs, answer, last) else None
        if theirs is None or latest is None:
            if ISSUED in instead.labels:
                label_asked(run, instead)
            return Saved(ours=False, secret=theirs)
        answer = latest.for_edit(theirs)
        chain = _store(run, theirs, answer)
    raise Transient("the secret was changed again and again")


def _is_edit(run: RunContext, theirs: StoredSecret, answer: Answer, stored: StoredSecret) -> bool:
    """Tell whether our tokens belong into it: a person edited something else, or an old page whose tokens are spent."""
    given_for, login = answer.given_for.document, run.provider.login_fields
    if theirs.document.pick(answer.presented) == given_for.pick(answer.presented):
        return True
    if theirs.document.pick(login) != given_for.pick(login):
        return False
    return issued_for(run, theirs, stored.version, run.secrets.list_versions(stored.version.arn)) is not None


def _latest(run: RunContext, stored: StoredSecret, answer: Answer) -> Answer | None:
    """Return the answer to put into somebody's edit; None if what another run has made of ours cannot be told."""
    latest = run.secrets.read_labelled(stored.version.arn, ISSUED)
    if latest is None or latest.id == stored.version.id:
        return answer
    listed = run.secrets.list_versions(latest.arn)
    if path(latest, stored.version, listed):
        return answer  # reads lag behind writes
    # Another run has gone on with our tokens, and they are spent: what it received belongs there.
    newer = issued_for(run, stored, latest, listed)
    return replace(answer, tokens=newer.tokens(), sent_at=newer.life.start) if newer else None


def _move(run: RunContext, version: Version) -> Version | None:
    try:
        run.secrets.move(version.arn, CURRENT, to=version.successor_id, off=version.id)
    except Denied as error:
        refusal = error
    else:
        return None
    # Somebody was faster; or it has moved already, and AWS's answer was lost; or AWS does not let us.
    current = run.secrets.replacement(version)
    if current is None:
        raise Transient(str(refusal)) if refusal.code in COMPARED else refusal  # reads lag behind writes
    return None if current.id == version.successor_id else current
