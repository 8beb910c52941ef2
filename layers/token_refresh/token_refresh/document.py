"""A secret's value: a JSON object in the provider's own words, checked on the way in, rewritten on the way out."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from token_refresh.clock import iso
from token_refresh.errors import InvalidSecret, Unreadable
from token_refresh.json_text import load
from token_refresh.masking import trimmed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from token_refresh.provider import Provider
    from token_refresh.replies import IssuedTokens

MOST_BYTES = 48 * 1024  # so that the successor fits in what Secrets Manager takes:
MOST_STORED_BYTES = 64 * 1024
_SPARE_LEVELS = 50  # of nesting


@dataclass(frozen=True, slots=True, repr=False)
class Document:
    """One parsed secret value. Its fields are secrets: it has no repr that would show them."""

    fields: dict[str, Any]  # JSON, as it stands in the secret
    provider: Provider

    @property
    def refresh(self) -> dict[str, str] | None:
        """What a refresh presents, or None if a field is missing."""
        return self._all(self.provider.refresh_fields)

    @property
    def login(self) -> dict[str, str] | None:
        """What a login presents, or None if a field is missing."""
        return self._all(self.provider.login_fields)

    @property
    def options(self) -> dict[str, str]:
        """The options that are set, as strings."""
        names = ("baseUrl", *self.provider.option_fields, *self.provider.checked_options)
        return {name: str(self.fields[name]) for name in names if _present(self.fields.get(name))}

    def pick(self, names: Iterable[str]) -> dict[str, Any]:
        """Return these fields, None where missing, for comparing two documents."""
        return {name: value if _present(value := self.fields.get(name)) else None for name in names}

    def holds(self, tokens: IssuedTokens) -> bool:
        """Tell whether these tokens are in it."""
        return all(self.fields.get(name) == value for name, value in tokens.fields.items() if value is not None)

    def _all(self, names: tuple[str, ...]) -> dict[str, str] | None:
        return self.pick(names) if all(_present(self.fields.get(name)) for name in names) else None

    def successor(self, tokens: IssuedTokens, refreshed_at: float) -> Document:
        """Return this document with new tokens in it, every other key as it was and where it was."""
        expires_at = None if tokens.expires_at is None else iso(tokens.expires_at)
        fields = dict(self.fields)
        for name, value in {**tokens.fields, "refreshedAt": iso(refreshed_at), "expiresAt": expires_at}.items():
            if value is None:
                fields.pop(name, None)
            else:
                fields[name] = value
        return Document(fields, self.provider)

    def text(self) -> str:
        """Return the JSON to store. Raises `Unreadable` if Secrets Manager could not hold it."""
        written = dump(self.fields)
        if len(written.encode()) > MOST_STORED_BYTES:
            raise Unreadable("the new tokens are too large to be stored beside the rest of the secret")
        return written


def dump(fields: dict[str, Any]) -> str:
    """Write JSON that any strict parser takes; non-ASCII stays itself."""
    written = json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        written.encode()
    except UnicodeEncodeError:  # half a surrogate pair came in as \ud83d and can only go out so
        return json.dumps(fields, allow_nan=False, separators=(",", ":"))
    return written


def parse_document(value: str | None, provider: Provider) -> Document:
    """Parse and check a SecretString (None: the secret is binary).

    Raises `InvalidSecret` naming the field that is wrong, never its value.
    """
    if value is None:
        raise InvalidSecret("the secret is binary: store a JSON object as text")
    _check_size(len(value.encode("utf-8", "surrogatepass")))
    fields = load(value, provider.known_keys)
    if not isinstance(fields, dict):
        raise InvalidSecret('the secret is JSON, but not an object: write {"name": "value", ...}')
    size = -1
    try:
        # What cannot be written back must be known before a token is spent. Numbers and escapes can grow.
        size = len(dump(fields).encode())
        # Some levels deeper: Python's limit counts the callers too, and saving has more of them.
        dump(reduce(lambda inner, _: {"": inner}, range(_SPARE_LEVELS), fields))
    except (ValueError, RecursionError):
        size = -1
    if size < 0:
        raise InvalidSecret("the secret is not valid JSON: it is nested too deep, or holds NaN or Infinity")
    _check_size(size)
    document = Document(fields, provider)
    _check(document)
    return document


def _check_size(size: int) -> None:
    if size > MOST_BYTES:
        raise InvalidSecret(f"the secret is too large: {size} bytes, at most {MOST_BYTES} leave room for new tokens")


def odd_ends(document: Document) -> str:
    """Return which keys or credentials begin or end with white space or an invisible character, or nothing."""
    odd = [
        name
        for name in document.provider.credential_fields
        if isinstance(value := document.fields.get(name), str) and _has_odd_ends(value)
    ]
    keys = [name for name in document.fields if _has_odd_ends(name) and trimmed(name) in document.provider.known_keys]
    told = [*odd, *(f"the key name {trimmed(name)}" for name in keys)]
    return "; ".join(f"{one} begins or ends with white space or an invisible character" for one in told)


def _has_odd_ends(value: str) -> bool:
    return value != trimmed(value)


def _present(value: object) -> bool:
    return value is not None and value != ""


def _check(document: Document) -> None:
    provider, fields = document.provider, document.fields
    for name in (*provider.credential_fields, "baseUrl", *provider.option_fields):
        value = fields.get(name)
        if not _present(value):
            continue
        if not isinstance(value, str):
            raise InvalidSecret(f"{name} must be a string")
        if any(unicodedata.category(character) == "Cs" for character in value):  # half a surrogate pair
            raise InvalidSecret(f"{name} is not valid Unicode text")
    for name, check in provider.checked_options.items():
        if _present(fields.get(name)) and (expected := check(fields[name])):
            raise InvalidSecret(f"{name} must be {expected}")
    if document.refresh is None and document.login is None:
        missing = (
            ", ".join(n for n in names if not _present(fields.get(n)))
            for names in (provider.refresh_fields, provider.login_fields)
        )
        odd = odd_ends(document)
        text = "fields are missing: to refresh: {}; or, to log in: {}".format(*missing)
        raise InvalidSecret(f"{text}; {odd}" if odd else text)
