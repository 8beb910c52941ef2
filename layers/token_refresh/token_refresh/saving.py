"""Storing an answer, and making sure that nobody who wrote meanwhile is overwritten.

From here on the run holds the only copy of live tokens: every write is tried again until shortly before the run ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from token_refresh.clock import iso
from token_refresh.errors import Denied, NotStored, SecretError, Transient
from token_refresh.lifetime import Lifetime, save_token, unsure_token
from token_refresh.meanwhile import Answered, Theirs
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
    from token_refresh.document import Document

T = TypeVar("T")

# For another run that may hold the answer and be about to store it. Seconds before each look, 15 in all.
WAITS = (1.0, 2.0, 4.0, 8.0)
_SPARE_SECONDS = 1.0  # for reporting, at the end of a run
_LONGEST_PAUSE_SECONDS = 5.0
_LOOKS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds before each; reads can lag behind writes
_MOST_MERGES = 3
_MOST_ATTEMPTS = 1000  # the deadline comes first
_ONE_MILLISECOND = 0.001
_AMISS = f"two values were stored at once; the newer one is under {PREVIOUS} and could not be made current"


@dataclass(frozen=True, slots=True)
class _Saved:
    id: str
    refreshed_at: float  # epoch seconds


class Saver:
    """Stores what one run received for one secret."""

    def __init__(
        self, secrets: SecretsManager, deadline: Deadline, clock: Clock, logger: Logger, *, allow_plain_http: bool
    ) -> None:
        self._secrets, self._deadline, self._clock, self._logger = secrets, deadline, clock, logger
        self._allow_plain_http = allow_plain_http

    def save(self, answered: Answered) -> Lifetime | None:
        """Store the tokens; return their life, or None if newer credentials that someone else stored stand instead.

        Raises `NotStored` if the run's time is up before the tokens, or the edit that someone made meanwhile, are safe;
        `Unreadable` if the tokens are too large to be stored; `Transient` if they are stored, but not what someone else
        may have written in the same moment.
        """
        arn = answered.version.arn
        mine = self._put(answered, answered.document, answered.sent_at, save_token)
        handled, edited = {answered.version.id}, None
        for _ in range(_MOST_MERGES):
            found, ours_on_top = self._written_meanwhile(answered.version, mine, handled)
            if not found:
                break
            handled |= {mine.id, *(version.id for version in found)}
            read = (self._theirs(version, answered) for version in found)
            theirs, *others = sorted(read, key=lambda one: one.life is not None)  # what a person stored comes first
            ours = Lifetime(ours=True, start=mine.refreshed_at, expires_at=answered.issued.expires_at)
            if theirs.is_outdated(ours, answered):
                if CURRENT in theirs.version.labels:
                    self._make_current(arn, mine.id, off=theirs.version.id)
                break
            if edited and theirs.life and theirs.built_on(answered):  # and issued later: live tokens, without the edit
                answered = replace(answered, issued=theirs.issued)
                mine = self._put(answered, edited, theirs.life.start + _ONE_MILLISECOND, unsure_token)
                continue
            # Tokens that were issued later than ours, and that a person has written over since, have replaced ours.
            replaced = any(one.issued_later(ours) for one in (theirs, *others))
            if replaced or not theirs.document or not theirs.has_what_was_presented(answered):
                self._give_way(answered, theirs, mine.id)
                return None
            edited = theirs.document
            # Another run may have logged in, or presented our tokens, and have lost its labels to the edit.
            unsure = not ours_on_top or answered.logged_in or self._clock.now() >= answered.sent_at + sum(WAITS)
            token_of = unsure_token if unsure else save_token
            mine = self._put(answered, edited, mine.refreshed_at + _ONE_MILLISECOND, token_of)
        return Lifetime(ours=True, start=mine.refreshed_at, expires_at=answered.issued.expires_at)

    def persist(self, attempt: Callable[[], T], lost: str) -> T:
        """Try until it works; raise `NotStored` saying what is lost when the run's time is nearly up.

        `AlreadyStored` is an answer, not an outage: it is raised at once.
        """
        pause, why = 0.2, ""
        for _ in range(_MOST_ATTEMPTS):
            try:
                return attempt()
            except AlreadyStored:
                raise
            except SecretError as error:
                why = str(error)
            if self._deadline.remaining() < pause + ATTEMPT_SECONDS + _SPARE_SECONDS:
                break
            self._logger.warning("still trying, for up to %.0f s: %s", self._deadline.remaining(), why)
            self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        raise NotStored(f"{lost}: {why}")

    def _put(
        self, answered: Answered, document: Document, refreshed_at: float, token_of: Callable[[str, str], str]
    ) -> _Saved:
        arn = answered.version.arn
        while True:
            token, text = token_of(arn, iso(refreshed_at)), document.successor(answered.issued, refreshed_at)
            try:
                self.persist(
                    partial(self._secrets.save, arn, text, token),
                    "new tokens were issued and could not be stored; the old ones may be spent",
                )
            except AlreadyStored:  # another run received other tokens in the very same millisecond
                refreshed_at += _ONE_MILLISECOND
            else:
                return _Saved(token, refreshed_at)

    def _written_meanwhile(self, presented: Version, mine: _Saved, handled: set[str]) -> tuple[list[Version], bool]:
        """Return what someone else stored between our reading and our saving, or just after it; and if ours is on top.

        One version, or none, or two if ours has lost both labels since.
        Raises `Transient` if AWS does not let us look.
        """
        why = "reads still show the state before it"
        for pause in _LOOKS:
            if self._deadline.remaining() < pause + 2 * ATTEMPT_SECONDS:
                break
            self._clock.sleep(pause)
            try:
                current, previous = self._secrets.current_and_previous(presented.arn)
                if current == mine.id and previous in handled:
                    return [], True
                if mine.id in (current, previous):
                    other = previous if current == mine.id else current
                    if other:
                        return [self._secrets.read_version(presented.arn, other)], current == mine.id
                elif current and previous and current not in handled:
                    ids = mine.id, current, previous
                    saved, *theirs = (self._secrets.read_version(presented.arn, version_id) for version_id in ids)
                    # Reads can lag behind writes: AWS's own dates tell whether this is how it was before our save.
                    if max(version.created for version in theirs) >= saved.created:
                        return [version for version in theirs if version.id not in handled], False
            except SecretError as error:
                why = str(error)
        raise Transient(
            "the new tokens are stored; whether someone else wrote in the same moment could not be seen "
            f"(their value would be under {PREVIOUS}): {why}"
        )

    def _give_way(self, answered: Answered, theirs: Theirs, off: str) -> None:
        arn = answered.version.arn
        for _ in range(_MOST_MERGES):
            current_id = self._make_current(arn, theirs.version.id, off=off)
            if theirs.life or current_id in (theirs.version.id, answered.version.id, None):
                return
            off = current_id
            # Another run may have built on what we stored before a person's value came back, and not know that value.
            read = self.persist(partial(self._secrets.read_version, arn, off), _AMISS)
            if not self._theirs(read, answered).built_on(answered):
                return

    def _theirs(self, version: Version, answered: Answered) -> Theirs:
        return Theirs.of(version, answered, allow_plain_http=self._allow_plain_http)

    def _make_current(self, arn: str, version_id: str, *, off: str) -> str | None:
        """Return which version is current now: another one if somebody was faster."""
        return self.persist(partial(self._move_current, arn, version_id, off), _AMISS)

    def _move_current(self, arn: str, version_id: str, off: str) -> str | None:
        try:
            self._secrets.move(arn, CURRENT, to=version_id, off=off)
        except Denied:
            # A move whose answer was lost is refused when it is tried again, and so is one that came too late.
            current, _ = self._secrets.current_and_previous(arn)
            if current == off:
                raise
            return current
        return version_id
