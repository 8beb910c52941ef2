"""What the shared code needs to know of a provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from token_refresh.lifetime import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from token_refresh.replies import ReplyTable


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

    @property
    def credential_fields(self) -> tuple[str, ...]:
        """Every key whose value is a credential."""
        return tuple(dict.fromkeys((*self.refresh_fields, *self.login_fields)))

    @property
    def secret_fields(self) -> tuple[str, ...]:
        """Every key whose value is hidden wherever it could be shown."""
        return (*self.credential_fields, *self.written_fields)
