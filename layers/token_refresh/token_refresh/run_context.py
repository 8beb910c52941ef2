"""What all rotations of one run share, and a secret as they work on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from token_refresh.document import parse_document
from token_refresh.errors import InvalidSecret
from token_refresh.lifetime import Lifetime
from token_refresh.masking import mask_values
from token_refresh.replies import IssuedTokens
from token_refresh.settings import check_base_url
from token_refresh.versions import ISSUED

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools import Logger

    from token_refresh.clock import Clock, Deadline
    from token_refresh.document import Document
    from token_refresh.provider import Provider
    from token_refresh.secrets_manager import SecretsManager
    from token_refresh.settings import Settings
    from token_refresh.transport import HttpRequest
    from token_refresh.versions import Version


@dataclass(frozen=True, slots=True, repr=False)
class StoredSecret:
    """One version of a secret, with its value parsed and its dates read."""

    version: Version
    document: Document
    life: Lifetime

    def tokens(self) -> IssuedTokens:
        """Return the tokens that a run stored in it."""
        return IssuedTokens(self.document.pick(self.document.provider.written_fields), self.life.expires_at)

    def successor(self, tokens: IssuedTokens, sent_at: float) -> StoredSecret:
        """Return its successor, as it is stored. Raises `Unreadable` if it is too large."""
        document, labels, new_id = self.document.successor(tokens, sent_at), {ISSUED}, self.version.successor_id
        version = replace(self.version, id=new_id, text=document.text(), labels=frozenset(labels))
        return StoredSecret(version, document, Lifetime.of(version, document.fields, self.life.limits))


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a run's rotations have in common."""

    provider: Provider
    # Build a request, given the fields to present, for a refresh the options, and the time in epoch seconds.
    build_refresh: Callable[[dict[str, str], dict[str, str], float], HttpRequest]
    build_login: Callable[[dict[str, str], float], HttpRequest]
    settings: Settings
    secrets: SecretsManager
    clock: Clock
    deadline: Deadline
    logger: Logger
    began: float  # epoch seconds

    def parse(self, version: Version) -> StoredSecret:
        """Parse and check a version's value; from here on its credentials are masked.

        Raises `InvalidSecret` naming the field that is wrong, never its value.
        """
        document = parse_document(version.text, self.provider)
        mask_values(document.fields.get(name) for name in self.provider.secret_fields)
        base_url = document.options.get("baseUrl")
        problem = base_url and check_base_url(base_url, allow_plain_http=self.settings.allow_plain_http)
        if problem:
            raise InvalidSecret(f"baseUrl must be {problem}")
        return StoredSecret(version, document, Lifetime.of(version, document.fields, self.provider.limits))

    def parse_if_valid(self, version: Version) -> StoredSecret | None:
        """Parse a version that somebody else stored; None if it is no secret of this provider."""
        try:
            return self.parse(version)
        except InvalidSecret:
            return None
