"""What the shared code needs to know of a provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from token_refresh.lifetime import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from token_refresh.replies import ReplyTable
    from token_refresh.transport import HttpRequest


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider: the keys of its secret, how long its tokens live, and how to read its answers."""

    name: str
    title: str  # for people
    refresh_fields: tuple[str, ...]  # what a refresh presents
    login_fields: tuple[str, ...]  # what a login presents
    written_fields: tuple[str, ...]
    replies: ReplyTable
    option_fields: tuple[str, ...] = ()  # strings, beside ``baseUrl``, which every secret may have
    # Other options, as they stand in a secret: each checked by a function that says what is wrong, or None.
    checked_options: Mapping[str, Callable[[object], str | None]] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    # Given a secret's fields: how to ask where its tenant is; None if that is not known. And where it may be.
    locate: Callable[[Mapping[str, object]], HttpRequest | None] | None = None
    domains: tuple[str, ...] = ()
    # Keys whose values, together, tell the account, where two secrets with one account would log each other out; and
    # those that do so only in what a run stored.
    identities: tuple[tuple[str, ...], ...] = ()
    identities_written: tuple[tuple[str, ...], ...] = ()
    looks_for_strays: bool = False  # one function of a stack does it for all

    @property
    def credential_fields(self) -> tuple[str, ...]:
        """Every key whose value is a credential."""
        return tuple(dict.fromkeys((*self.refresh_fields, *self.login_fields)))

    @property
    def known_keys(self) -> tuple[str, ...]:
        """Every key that a person may write."""
        return (*self.credential_fields, "baseUrl", *self.option_fields, *self.checked_options)

    @property
    def secret_fields(self) -> tuple[str, ...]:
        """Every key whose value is hidden wherever it could be shown."""
        return (*self.credential_fields, *self.written_fields)
