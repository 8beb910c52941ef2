"""Rotating one secret, in the order that loses no token: read, due?, prove, ask, save.

A token is never spent before there is proof that its successor can be stored, and a successor that a run has received
is not dropped while that run lives.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from token_refresh.clock import REQUEST_SECONDS, iso
from token_refresh.document import Document, parse_document
from token_refresh.errors import Deferred, InvalidSecret, Outcome, Refused, Rejected, SecretError, Transient, Unreadable
from token_refresh.lifetime import Lifetime, daily_turn
from token_refresh.masking import Mask, use_mask
from token_refresh.replies import Ask, Meaning
from token_refresh.saving import Answered, Saver
from token_refresh.secrets_manager import REJECTED, SecretsManager, Version
from token_refresh.transport import post

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools import Logger

    from token_refresh.clock import Clock, Deadline
    from token_refresh.events import Order
    from token_refresh.provider import Provider
    from token_refresh.replies import Reply
    from token_refresh.settings import Settings
    from token_refresh.transport import Request

# Another run may hold the answer and be about to store it. Seconds before each look, 15 in all.
_WAITS = (1.0, 2.0, 4.0, 8.0)
_LONGEST_MESSAGE = 200  # characters of a provider's own message


@dataclass(frozen=True, slots=True)
class Result:
    """How one secret ended."""

    name: str
    outcome: Outcome
    error: str | None = None
    life: Lifetime | None = None  # of what is AWSCURRENT now; None if its value cannot be read
    reported: bool = False  # a failure that an earlier run raised already

    @property
    def expires_at(self) -> str | None:
        """The known expiry, as ISO 8601."""
        return None if self.life is None or self.life.expires_at is None else iso(self.life.expires_at)


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
        self._saver = Saver(tools.secrets, tools.deadline, tools.clock, tools.logger)
        self._mask = Mask()
        self._presented: tuple[str, ...] = ()

    def triage(self, version: Version) -> Result | Lifetime:
        """Return how a version ended if there is nothing to ask, or its life if it is due."""
        use_mask(self._mask)
        labelled = REJECTED in version.labels
        insisted = self._order.force or self._order.retry_rejected
        try:
            document = self._parse(version)
        except InvalidSecret as error:
            self._life = None
            if not labelled:
                self._label(version)
            return Result(version.name, error.outcome, str(error), reported=labelled and not insisted)
        life = self._life = Lifetime.of(version, document)
        now = self._tools.clock.now()
        if labelled and not insisted and not daily_turn(version.id, now):
            why = f"{self._tools.provider.title} refused it before; store working credentials in the secret"
            return Result(version.name, Outcome.REJECTED, why, life, reported=True)
        if not self._order.force and not labelled and not life.due(now):
            return Result(version.name, Outcome.FRESH, life=life)
        return life

    def run(self, arn: str, name: str) -> Result:
        """Rotate one secret if it is due; every failure becomes the result's outcome."""
        use_mask(self._mask)
        try:
            self._check_time()
            # Alone and once more: a sweep's first read may be minutes old.
            version = self._tools.secrets.read(arn)
            due = self.triage(version)
            if isinstance(due, Result):
                return due
            return Result(name, self._rotate(version), life=self._life)
        except SecretError as error:
            return Result(name, error.outcome, self._mask.hide(str(error)), self._life)
        except Exception as error:  # noqa: BLE001  # a bug in one secret's turn must not take the others down
            # Neither its text nor its chain: nobody knows what is in them.
            last = traceback.extract_tb(error.__traceback__)[-1]
            why = (
                f"internal error, please report it: {type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
            )
            return Result(name, Outcome.TRANSIENT, why, self._life)

    def _rotate(self, version: Version) -> Outcome:
        document = self._parse(version)
        self._tools.secrets.prove(version, self._tools.clock.now())
        try:
            if document.refresh is None:
                return self._log_in(version, document)
            return self._refresh(version, document, document.refresh)
        except Refused as error:
            return self._give_up(version, error)

    def _refresh(self, version: Version, document: Document, fields: dict[str, str]) -> Outcome:
        tools = self._tools
        self._presented = tools.provider.refresh_fields
        try:
            return self._ask(version, document, Ask.REFRESH, lambda now: tools.refresh(fields, document.options, now))
        except Rejected:
            raise
        except Refused as error:
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
            self._mask.add(reply.issued.fields.values())
            answered = Answered(version, document, reply.issued, sent_at, self._presented)
            if not self._save(answered, answer.body):
                return Outcome.SUPERSEDED
            return Outcome.REFRESHED if ask is Ask.REFRESH else Outcome.LOGGED_IN
        said = self._mask_message(reply)
        if meaning is Meaning.UNREADABLE:
            self._keep(version, answer.body)
            raise Unreadable(
                f"{tools.provider.title} answered yes (HTTP {reply.status}) without tokens where they belong; "
                "its answer is kept under the label UNREADABLE"
            )
        if meaning is Meaning.LOGIN:
            raise Refused(said)
        if meaning is Meaning.REJECTED:
            raise Rejected(f"{said}; " + ("at login" if ask is Ask.LOGIN else "a login would not help"))
        raise Transient(said)

    def _save(self, answered: Answered, body: bytes) -> bool:
        """Store the tokens; tell whether they stand."""
        try:
            life = self._saver.save(answered, allow_plain_http=self._tools.settings.allow_plain_http)
        except Unreadable:
            self._keep(answered.version, body)
            raise
        self._life = life
        return life is not None

    def _keep(self, version: Version, body: bytes) -> None:
        if body:
            self._saver.persist(
                lambda: self._tools.secrets.keep_unreadable(version, body),
                f"{self._tools.provider.title} answered in a shape we do not know, and the answer could not be kept",
            )

    def _give_up(self, version: Version, refusal: Refused) -> Outcome:
        if self._superseded(version):
            return Outcome.SUPERSEDED
        self._label(version)
        raise refusal

    def _superseded_soon(self, version: Version, *, can_log_in: bool) -> bool:
        """Wait for another run that may hold the answer and be about to store it, as far as the time left allows."""
        deadline = self._tools.deadline
        kept_back = REQUEST_SECONDS + deadline.saving_seconds if can_log_in else deadline.saving_seconds
        for wait in _WAITS:
            if deadline.remaining() < wait + kept_back:
                return False
            self._tools.clock.sleep(wait)
            if self._superseded(version):
                return True
        return False

    def _superseded(self, version: Version) -> bool:
        """Tell whether AWSCURRENT has moved on while the provider was asked."""
        current = self._tools.secrets.read(version.arn)
        if current.id == version.id:
            return False
        self._life = self._life_of(current)
        return True

    def _check_time(self) -> None:
        if not self._tools.deadline.allows_request():
            raise Deferred("too little time was left in this run to ask and store the answer; the next run goes on")

    def _label(self, version: Version) -> None:
        """Remember that a version has been reported; if that fails it is reported again, which is no harm."""
        try:
            self._tools.secrets.reject(version)
        except SecretError as error:
            self._tools.logger.warning("%s: the label REJECTED could not be set: %s", version.name, error)

    def _life_of(self, version: Version) -> Lifetime | None:
        try:
            return Lifetime.of(version, self._parse(version))
        except InvalidSecret:
            return None

    def _parse(self, version: Version) -> Document:
        settings, provider = self._tools.settings, self._tools.provider
        document = parse_document(version.text, provider, allow_plain_http=settings.allow_plain_http)
        self._mask.add(document.fields.get(name) for name in (*provider.credential_fields, *provider.written_fields))
        return document

    def _mask_message(self, reply: Reply) -> str:
        title, codes = self._tools.provider.title, f"HTTP {reply.status}"
        if reply.code is not None and reply.code != reply.status:
            codes += f", code {reply.code}"
        if not reply.message:
            return f"{title} answered {codes}"
        # Masked before it is cut: a cut could leave half a token that no mask knows.
        said = "".join(c if c.isprintable() else " " for c in self._mask.hide(reply.message))
        hint = self._tools.provider.reader.hints.get(reply.message.strip().lower())
        shown = self._mask.hide(" ".join(said.split()))[:_LONGEST_MESSAGE]
        return f'{title} said "{shown}" ({codes})' + (f": {hint}" if hint else "")
