"""Storing an answer, and making sure that nobody who wrote meanwhile is overwritten.

From here on the run holds the only copy of live tokens: every step is tried again until shortly before the run ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from token_refresh.clock import iso
from token_refresh.document import Document, parse_document
from token_refresh.errors import Denied, InvalidSecret, NotStored, SecretError, Transient
from token_refresh.lifetime import Lifetime, save_token
from token_refresh.secrets_manager import (
    ATTEMPT_SECONDS,
    CURRENT,
    PREVIOUS,
    AlreadyStored,
    SecretsManager,
    Version,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools import Logger

    from token_refresh.clock import Clock, Deadline
    from token_refresh.replies import Issued

_SPARE_SECONDS = 1.0  # for reporting, at the end of a run
_LONGEST_PAUSE_SECONDS = 5.0
_LOOKS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds before each; reads can lag behind writes
_LAGGING_LOOKS = 4  # after these, a state without our save is believed to be newer than it
_MOST_MERGES = 3
_MOST_ATTEMPTS = 1000  # the deadline comes first
_ONE_MILLISECOND = 0.001


@dataclass(frozen=True, slots=True, repr=False)
class Answered:
    """What a run received, for which version, and by presenting which fields."""

    version: Version
    document: Document
    issued: Issued
    sent_at: float  # epoch seconds
    presented: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Saved:
    id: str
    refreshed_at: float  # epoch seconds


class Saver:
    """Stores what one run received for one secret."""

    def __init__(self, secrets: SecretsManager, deadline: Deadline, clock: Clock, logger: Logger) -> None:
        self._secrets, self._deadline, self._clock, self._logger = secrets, deadline, clock, logger

    def save(self, answered: Answered, *, allow_plain_http: bool) -> Lifetime | None:
        """Store the tokens; return their life, or None if newer credentials that someone else stored stand instead.

        Raises `NotStored` if the run's time is up before the tokens, or the edit that someone made meanwhile, are safe;
        `Unreadable` if the tokens are too large to be stored; `Transient` if they are stored, but not what someone else
        may have written in the same moment.
        """
        arn, expires_at = answered.version.arn, answered.issued.expires_at
        mine = self._put(answered, answered.document, answered.sent_at)
        handled = {answered.version.id}
        for _ in range(_MOST_MERGES):
            theirs = self._written_meanwhile(answered.version, mine, handled)
            if theirs is None:
                break
            document = _parsed(theirs, answered.document, allow_plain_http=allow_plain_http)
            life = Lifetime.of(theirs, document) if document else None
            ours = Lifetime(ours=True, start=mine.refreshed_at, expires_at=expires_at)
            # Of two runs' tokens those that were issued later are the live ones, unless a person's edit lies between.
            older = life is not None and life.ours and life.issued_before(ours)
            if document and older and document.kept() == answered.document.kept():
                if CURRENT in theirs.labels:
                    self._make_current(arn, mine.id, off=theirs.id)
                break
            if document and (older or not (life and life.ours)) and _same(document, answered, rotated=older):
                handled |= {theirs.id, mine.id}
                mine = self._put(answered, document, mine.refreshed_at + _ONE_MILLISECOND)
                continue
            self._make_current(arn, theirs.id, off=mine.id)
            return None
        return Lifetime(ours=True, start=mine.refreshed_at, expires_at=expires_at)

    def persist(self, attempt: Callable[[], None], lost: str) -> None:
        """Try until it works; raise `NotStored` saying what is lost when the run's time is nearly up.

        `AlreadyStored` is an answer, not an outage: it is raised at once.
        """
        pause, why = 0.2, ""
        for _ in range(_MOST_ATTEMPTS):
            try:
                attempt()
            except AlreadyStored:
                raise
            except SecretError as error:
                why = str(error)
            else:
                return
            if self._deadline.remaining() < pause + ATTEMPT_SECONDS + _SPARE_SECONDS:
                break
            self._logger.warning("still trying, for up to %.0f s: %s", self._deadline.remaining(), why)
            self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        raise NotStored(f"{lost}: {why}")

    def _put(self, answered: Answered, document: Document, refreshed_at: float) -> _Saved:
        arn = answered.version.arn
        while True:
            token, text = save_token(arn, iso(refreshed_at)), document.successor(answered.issued, refreshed_at)
            try:
                self.persist(
                    partial(self._secrets.save, arn, text, token),
                    "new tokens were issued and could not be stored; the old ones may be spent",
                )
            except AlreadyStored:  # another run received other tokens in the very same millisecond
                refreshed_at += _ONE_MILLISECOND
            else:
                return _Saved(token, refreshed_at)

    def _written_meanwhile(self, presented: Version, mine: _Saved, handled: set[str]) -> Version | None:
        """Return the version that someone else stored between our reading and our saving, or just after it.

        Raises `Transient` if AWS does not let us look.
        """
        why = "reads still show the state before it"
        for look, pause in enumerate(_LOOKS):
            if self._deadline.remaining() < pause + 2 * ATTEMPT_SECONDS:
                break
            self._clock.sleep(pause)
            try:
                current, previous = self._secrets.current_and_previous(presented.arn)
                if current == mine.id and previous in handled:
                    return None
                theirs = previous if current == mine.id else current
                # Reads can lag behind writes: only a state that has our save in it tells what was written around it.
                seen = mine.id in (current, previous)
                if theirs and (seen or (look >= _LAGGING_LOOKS and theirs not in handled)):
                    version = self._secrets.read_version(presented.arn, theirs)
                    if seen or version.created > presented.created:  # two writes since ours have taken both labels
                        return version
            except SecretError as error:
                why = str(error)
        raise Transient(
            "the new tokens are stored; whether someone else wrote in the same moment could not be seen "
            f"(their value would be under {PREVIOUS}): {why}"
        )

    def _make_current(self, arn: str, version_id: str, *, off: str) -> None:
        self.persist(
            partial(self._move_current, arn, version_id, off),
            f"two values were stored at once; the newer one is under {PREVIOUS} and could not be made current",
        )

    def _move_current(self, arn: str, version_id: str, off: str) -> None:
        try:
            self._secrets.move(arn, CURRENT, to=version_id, off=off)
        except Denied:
            # A move whose answer was lost is refused when it is tried again, and so is one that came too late.
            if self._secrets.current_and_previous(arn)[0] == off:
                raise


def _parsed(version: Version, like: Document, *, allow_plain_http: bool) -> Document | None:
    try:
        return parse_document(version.text, like.provider, allow_plain_http=allow_plain_http)
    except InvalidSecret:
        return None


def _same(document: Document, answered: Answered, *, rotated: bool) -> bool:
    """Tell whether a document has the credentials that were presented."""
    if not rotated:
        return document.pick(answered.presented) == answered.document.pick(answered.presented)
    # Another run has put its tokens into it since; what they replaced can be told only if we logged in.
    login_fields = document.provider.login_fields
    logged_in = set(login_fields) <= set(answered.presented)
    return logged_in and document.pick(login_fields) == answered.document.pick(login_fields)
