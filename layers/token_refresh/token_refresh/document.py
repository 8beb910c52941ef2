"""A secret's value: a JSON object in the provider's own words, checked on the way in, rewritten on the way out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from token_refresh.clock import iso
from token_refresh.errors import InvalidSecret, Unreadable
from token_refresh.transport import check_base_url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from token_refresh.provider import Provider
    from token_refresh.replies import Issued

MOST_BYTES = 48 * 1024  # so that the successor fits in what Secrets Manager takes:
MOST_STORED_BYTES = 64 * 1024
_SPARE_LEVELS = 50  # of nesting
_MOST_DIGITS = 4  # of a number of days


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
        names = ("baseUrl", *self.provider.option_fields)
        return {name: str(self.fields[name]) for name in names if _present(self.fields.get(name))}

    def pick(self, names: Iterable[str]) -> dict[str, Any]:
        """Return these fields, None where missing, for comparing two documents."""
        return {name: value if _present(value := self.fields.get(name)) else None for name in names}

    def kept(self) -> dict[str, Any]:
        """Return what no run writes: whatever differs there, a person changed."""
        written = {*self.provider.written_fields, "refreshedAt", "expiresAt"}
        return {name: value for name, value in self.fields.items() if name not in written}

    def _all(self, names: tuple[str, ...]) -> dict[str, str] | None:
        return self.pick(names) if all(_present(self.fields.get(name)) for name in names) else None

    def successor(self, issued: Issued, refreshed_at: float) -> str:
        """Return this document with new tokens in it, every other key as it was and where it was.

        Raises `Unreadable` if Secrets Manager could not hold it.
        """
        expires_at = None if issued.expires_at is None else iso(issued.expires_at)
        fields = dict(self.fields)
        for name, value in {**issued.fields, "refreshedAt": iso(refreshed_at), "expiresAt": expires_at}.items():
            if value is None:
                fields.pop(name, None)
            else:
                fields[name] = value
        written = dump(fields)
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


def parse_document(value: str | None, provider: Provider, *, allow_plain_http: bool) -> Document:
    """Parse and check a SecretString (None: the secret is binary).

    Raises `InvalidSecret` naming the field that is wrong, never its value.
    """
    if value is None:
        raise InvalidSecret("the secret is binary: store a JSON object as text")
    size = len(value.encode("utf-8", "surrogatepass"))
    fields: object = None
    try:
        fields = json.loads(value) if size <= MOST_BYTES else None
        if isinstance(fields, dict):
            # What cannot be written back must be known before a token is spent. Numbers and escapes can grow.
            size = max(size, len(dump(fields).encode()))
            dump(_nested(fields))
    except (ValueError, RecursionError):
        fields = None
    if size > MOST_BYTES:
        raise InvalidSecret(f"the secret is too large: {size} bytes, at most {MOST_BYTES} leave room for new tokens")
    if not isinstance(fields, dict):
        raise InvalidSecret("the secret is not a JSON object")
    document = Document(fields, provider)
    _check(document, allow_plain_http=allow_plain_http)
    return document


def _nested(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields some levels deeper: Python's limit counts the callers too, and saving has more of them."""
    for _ in range(_SPARE_LEVELS):
        fields = {"": fields}
    return fields


def _present(value: object) -> bool:
    return value is not None and value != ""


def _check(document: Document, *, allow_plain_http: bool) -> None:
    provider, fields = document.provider, document.fields
    for name in (*provider.credential_fields, "baseUrl", *provider.option_fields):
        value = fields.get(name)
        if not _present(value) or name == "expireDate":
            continue
        if not isinstance(value, str):
            raise InvalidSecret(f"{name} must be a string")
        if not _is_unicode(value):
            raise InvalidSecret(f"{name} is not valid Unicode text")
    if "expireDate" in provider.option_fields and not _is_days(fields.get("expireDate")):
        raise InvalidSecret(f"expireDate must be a whole number of days, 1 or more, of at most {_MOST_DIGITS} digits")
    base_url = document.options.get("baseUrl")
    problem = base_url and check_base_url(base_url, allow_plain_http=allow_plain_http)
    if problem:
        raise InvalidSecret(f"baseUrl must be {problem}")
    if document.refresh is None and document.login is None:
        missing = (
            ", ".join(n for n in names if not _present(fields.get(n)))
            for names in (provider.refresh_fields, provider.login_fields)
        )
        raise InvalidSecret("fields are missing: to refresh: {}; or, to log in: {}".format(*missing))


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_days(value: object) -> bool:
    if not _present(value):
        return True
    if isinstance(value, str):
        return value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS and int(value) > 0
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**_MOST_DIGITS
