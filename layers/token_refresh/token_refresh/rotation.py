"""Rotating one secret, in the order that loses no token: read, due?, prove, ask, save.

A token is never spent before there is proof that its successor can be stored, and a successor that a run has received
is not dropped while that run lives.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from token_refresh.clock import REQUEST_SECONDS
from token_refresh.document import Document, parse_document
from token_refresh.errors import (
    Deferred,
    InvalidSecret,
    Outcome,
    Rejected,
    SecretError,
    SessionDead,
    Transient,
    Unreadable,
)
from token_refresh.lifetime import Lifetime, daily_turn, proof_token
from token_refresh.masking import Mask, use_mask
from token_refresh.meanwhile import Answered
from token_refresh.replies import Ask, Meaning
from token_refresh.result import Result
from token_refresh.saving import WAITS, Saver
from token_refresh.secrets_manager import ASKED, PENDING, REJECTED, NoSuchVersion, SecretsManager, Version
from token_refresh.transport import Answer, post

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools import Logger

    from token_refresh.clock import Clock, Deadline
    from token_refresh.events import Order
    from token_refresh.provider import Provider
    from token_refresh.replies import Reply
    from token_refresh.settings import Settings
    from token_refresh.transport import Request

_LONGEST_MESSAGE = 200  # characters of a provider's own message
_LONGEST_CODE = 20
_LABEL_WAITS = (0.5, 1.0, 2.0)  # seconds between attempts


@dataclass(frozen=True, slots=True)
class Tools:
    """What a run's rotations have in common."""

    provider: Provider
    # How to ask, given the fields to present, the options, and the time in epoch seconds.
    refresh: Callable[[dict[str, str], dict[str, str], float], Request]
    login: Callable[[dict[str, str], float], Request]
    settings: Settings
    secrets: SecretsManager
    clock: Clock
    deadline: Deadline
    logger: Logger


class Rotation:
    """One secret's turn in a run."""

    def __init__(self, tools: Tools, order: Order, life: Lifetime | None = None) -> None:
        self._tools, self._order, self._life = tools, order, life
        plain = tools.settings.allow_plain_http
        self._saver = Saver(tools.secrets, tools.deadline, tools.clock, tools.logger, allow_plain_http=plain)
        self._mask = Mask()
        self._presented: tuple[str, ...] = ()
        self._known_bad = False  # rejected and reported before; presented again of our own accord
        self._answer: Answer | None = None  # tokens that were received and are not stored yet

    def first_look(self, version: Version) -> Result | Lifetime | None:
        """Return a sweep's verdict on what it read: how the secret ended, or the life of one that gets a turn."""
        use_mask(self._mask)
        try:
            verdict = self._triage(version)
        except Exception:  # noqa: BLE001  # whatever it is, only this secret's own turn may end by it
            return None
        return verdict if isinstance(verdict, Result) else self._life

    def run(self, arn: str, name: str) -> Result:
        """Rotate one secret if it is due; every failure becomes the result's outcome."""
        use_mask(self._mask)
        try:
            self._check_time()
            # Alone and once more: a sweep's first read may be minutes old.
            return self._turn(self._tools.secrets.read(arn))
        except SecretError as error:
            reported = self._known_bad and error.outcome is Outcome.REJECTED
            return Result(name, error.outcome, self._mask.hide(str(error)), self._life, reported)
        except Exception as error:  # noqa: BLE001  # a bug in one secret's turn must not take the others down
            return self._bug(name, error)

    def _turn(self, version: Version) -> Result:
        try:
            verdict = self._triage(version)
        except InvalidSecret as error:
            self._life = None
            reported = REJECTED in version.labels
            if not reported:
                self._label(version)
            return Result(version.name, error.outcome, str(error), reported=reported and not self._order.insists)
        if isinstance(verdict, Result):
            return verdict
        if self._known_bad and self._asked_this_turn(version):
            return self._rejected_before(version)
        return Result(version.name, self._rotate(version, verdict), life=self._life)

    def _triage(self, version: Version) -> Result | Document:
        """Return how a version ended if there is nothing to ask, or its document if it is to be presented."""
        document = self._parse(version)
        life = self._life = Lifetime.of(version, document)
        now, labelled = self._tools.clock.now(), REJECTED in version.labels
        self._known_bad = labelled and not self._order.insists
        if self._known_bad and not daily_turn(version.id, now):
            return self._rejected_before(version)
        due = ASKED in version.labels or life.due(now)
        if not self._order.force and not labelled and not due:
            return Result(version.name, Outcome.FRESH, life=life)
        return document

    def _rejected_before(self, version: Version) -> Result:
        why = "rejected before and not changed since: store working credentials in the secret"
        return Result(version.name, Outcome.REJECTED, why, self._life, reported=True)

    def _asked_this_turn(self, version: Version) -> bool:
        """Tell whether this daily turn has been used: a timer that ticks every minute meets it ten times."""
        if ASKED not in version.labels:
            return False
        try:
            proof = self._tools.secrets.read(version.arn, PENDING)
        except NoSuchVersion:
            return False
        return proof.id == proof_token(version.id, self._tools.clock.now())

    def _rotate(self, version: Version, document: Document) -> Outcome:
        now = self._tools.clock.now()
        self._tools.secrets.prove(version, now)
        if self._known_bad or (self._life and not self._life.due(now)):
            self._mark_asked(version)
        try:
            if document.refresh is None:
                return self._log_in(version, document)
            return self._refresh(version, document, document.refresh)
        except (SessionDead, Rejected) as error:
            if self._superseded(version):
                return Outcome.SUPERSEDED
            self._label(version)
            raise Rejected(str(error)) from None

    def _mark_asked(self, version: Version) -> None:
        """Tell the next run what no date does: to ask again if the answer is lost, or that the daily turn is used."""
        for wait in (*_LABEL_WAITS, 0.0):
            try:
                self._tools.secrets.label(version, ASKED)
            except SecretError:  # reads may lag behind the label's latest move
                if not wait:
                    raise
                self._tools.clock.sleep(wait)
            else:
                return

    def _refresh(self, version: Version, document: Document, fields: dict[str, str]) -> Outcome:
        tools = self._tools
        self._presented = tools.provider.refresh_fields
        try:
            return self._ask(version, document, Ask.REFRESH, lambda now: tools.refresh(fields, document.options, now))
        except SessionDead as error:
            refusal = str(error)
        if self._superseded_soon(version, can_log_in=document.login is not None):
            return Outcome.SUPERSEDED
        if document.login is None:
            raise Rejected(f"{refusal}; the secret has no login fields to log in again with")
        tools.logger.warning("%s: the session is dead, logging in again: %s", version.name, refusal)
        return self._log_in(version, document)

    def _log_in(self, version: Version, document: Document) -> Outcome:
        tools = self._tools
        fields = document.login or {}
        # The refresh fields too: someone who stored other ones meanwhile stored newer credentials.
        self._presented = tools.provider.credential_fields
        return self._ask(version, document, Ask.LOGIN, lambda now: tools.login(fields, now))

    def _ask(self, version: Version, document: Document, ask: Ask, build: Callable[[float], Request]) -> Outcome:
        tools = self._tools
        self._check_time()
        sent_at = int(tools.clock.now() * 1000) / 1000  # whole milliseconds, as it is stored
        request = build(sent_at)
        self._mask.add(request.credentials)
        base_url = document.options.get("baseUrl", tools.settings.base_url).rstrip("/")
        answer = post(base_url, request, REQUEST_SECONDS)
        meaning, reply = tools.provider.reader.read(answer, ask, sent_at)
        if meaning is Meaning.SUCCESS and reply.issued is not None:
            self._answer = answer
            self._mask.add(reply.issued.fields.values())
            stands = self._save(Answered(version, document, reply.issued, sent_at, self._presented), answer)
            if not stands:
                return Outcome.SUPERSEDED
            return Outcome.REFRESHED if ask is Ask.REFRESH else Outcome.LOGGED_IN
        if meaning is Meaning.UNREADABLE:
            kept = self._keep(version, answer)
            raise Unreadable(
                f"{tools.provider.title} answered yes (HTTP {reply.status}) without tokens where they belong; {kept}"
            )
        said = self._quote(reply)
        if meaning is Meaning.LOGIN:
            raise SessionDead(said)
        if meaning is Meaning.REJECTED:
            raise Rejected(f"{said}; " + ("at login" if ask is Ask.LOGIN else "a login would not help"))
        raise Transient(said)

    def _save(self, answered: Answered, answer: Answer) -> bool:
        """Store the tokens; tell whether they stand."""
        try:
            life = self._saver.save(answered)
        except Unreadable as error:
            too_large = str(error)
        else:
            self._life = life or self._life
            return life is not None
        raise Unreadable(f"{too_large}; {self._keep(answered.version, answer)}")

    def _keep(self, version: Version, answer: Answer) -> str:
        """Keep an answer's bytes; return where they are, for a person."""
        if not answer.body:
            return "its answer was empty"
        self._saver.persist(
            lambda: self._tools.secrets.keep_unreadable(version, answer.body),
            f"{self._tools.provider.title} answered in a shape we do not know, and the answer could not be kept",
        )
        return "its answer is kept under the label UNREADABLE"

    def _superseded_soon(self, version: Version, *, can_log_in: bool) -> bool:
        """Wait for another run that may hold the answer and be about to store it, as far as the time left allows."""
        deadline = self._tools.deadline
        kept_back = REQUEST_SECONDS + deadline.saving_seconds if can_log_in else deadline.saving_seconds
        for wait in WAITS:
            if deadline.remaining() < wait + kept_back:
                return False
            self._tools.clock.sleep(wait)
            if self._superseded(version):
                return True
        return False

    def _superseded(self, version: Version) -> bool:
        """Tell whether AWSCURRENT has moved on while the provider was asked."""
        current = self._tools.secrets.replacement(version)
        if current is None:
            return False
        try:
            self._life = Lifetime.of(current, self._parse(current))
        except InvalidSecret:
            self._life = None
        return True

    def _check_time(self) -> None:
        if not self._tools.deadline.allows_request():
            raise Deferred("too little time was left in this run to ask and store the answer; the next run goes on")

    def _label(self, version: Version) -> None:
        """Remember that a version has been reported; if that fails it is reported again, which is no harm."""
        try:
            self._tools.secrets.label(version, REJECTED)
        except SecretError as error:
            self._tools.logger.warning("%s: the label REJECTED could not be set: %s", version.name, error)

    def _parse(self, version: Version) -> Document:
        settings, provider = self._tools.settings, self._tools.provider
        document = parse_document(version.text, provider, allow_plain_http=settings.allow_plain_http)
        self._mask.add(document.fields.get(name) for name in (*provider.credential_fields, *provider.written_fields))
        return document

    def _quote(self, reply: Reply) -> str:
        title, codes = self._tools.provider.title, f"HTTP {reply.status}"
        if reply.code is not None and reply.code != reply.status:
            codes += f", code {str(reply.code)[:_LONGEST_CODE]}"
        if not reply.message:
            return f"{title} answered {codes}"
        # Masked before it is cut: a cut could leave half a token that no mask knows.
        beginning = self._mask.hide_beginning(reply.message, 10 * _LONGEST_MESSAGE)
        said = "".join(c if c.isprintable() else " " for c in beginning)
        shown = self._mask.hide(" ".join(said.split()))[:_LONGEST_MESSAGE]
        hint = self._tools.provider.reader.hints.get(reply.message.strip().lower())
        return f'{title} said "{shown}" ({codes})' + (f": {hint}" if hint else "")

    def _bug(self, name: str, error: Exception) -> Result:
        # Neither the error's text nor its chain: nobody knows what is in them.
        last = traceback.extract_tb(error.__traceback__)[-1]
        why = f"internal error, please report it: {type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
        if self._answer is None:
            return Result(name, Outcome.TRANSIENT, why, self._life)
        return Result(name, Outcome.NOT_STORED, f"new tokens were issued; {why}", self._life)
