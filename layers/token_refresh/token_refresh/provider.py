"""What the shared code needs to know of a provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from token_refresh.replies import Reader


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider: the keys of its secret, and how to read its answers."""

    name: str
    title: str  # for people
    refresh_fields: tuple[str, ...]  # what a refresh presents
    login_fields: tuple[str, ...]  # what a login presents
    written_fields: tuple[str, ...]
    reader: Reader
    option_fields: tuple[str, ...] = ()  # beside ``baseUrl``, which every secret may have

    @property
    def credential_fields(self) -> tuple[str, ...]:
        """Every key whose value is a credential."""
        return tuple(dict.fromkeys((*self.refresh_fields, *self.login_fields)))
