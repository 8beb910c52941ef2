"""What Secrets Manager answers, as the versions that this software knows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from token_refresh.aws_errors import call, from_code
from token_refresh.versions import ListedVersion, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from token_refresh.errors import SecretError

T = TypeVar("T")

_SUFFIX = 7  # characters that Secrets Manager adds to a name in an ARN: a hyphen and six random ones


def pages(
    doing: str, send: Callable[..., Mapping[str, Any]], parse: Callable[[Mapping[str, Any]], list[T]]
) -> Iterator[T]:
    """Yield what all pages of a list hold. Raises `Transient` or `Denied` if AWS does not answer with one."""
    seen = {""}
    while True:
        found, token = call(doing, partial(_page, send, parse))
        yield from found
        if token in seen:  # the end, or a list that goes round in circles
            return
        seen.add(token)
        send = partial(send, NextToken=token)


def current_versions(page: Mapping[str, Any]) -> list[Version | tuple[str, SecretError]]:
    """Read a page of BatchGetSecretValue: versions, or a secret's name and why it could not be read."""
    found: list[Version | tuple[str, SecretError]] = [parse_version(value) for value in page.get("SecretValues", [])]
    for error in page.get("Errors", []):
        why = from_code("read the secret", error.get("ErrorCode") or "", error.get("Message") or "")
        secret_id = error.get("SecretId") or "?"
        name = secret_name(secret_id)
        found.append((name if name == secret_id else name[:-_SUFFIX], why))
    return found


def secret_names(page: Mapping[str, Any]) -> list[str]:
    """Read a page of ListSecrets."""
    return [one["Name"] for one in page.get("SecretList", [])]


def listed_versions(page: Mapping[str, Any]) -> list[ListedVersion]:
    """Read a page of ListSecretVersionIds."""
    return [
        ListedVersion(one["VersionId"], bool(one.get("VersionStages")), one["CreatedDate"].timestamp())
        for one in page.get("Versions", [])
    ]


def parse_version(value: Mapping[str, Any]) -> Version:
    """Read an answer to GetSecretValue, or one entry of BatchGetSecretValue."""
    created = value.get("CreatedDate")
    return Version(
        arn=value["ARN"],
        name=value["Name"],
        id=value["VersionId"],
        text=value.get("SecretString"),
        labels=frozenset(value.get("VersionStages", [])),
        created=created.timestamp() if created else 0.0,
    )


def secret_name(secret_id: str) -> str:
    """Return the name in a secret's ARN (its six random characters included), or the name itself."""
    arn, found, name = secret_id.partition(":secret:")
    return name if found and arn.startswith("arn:") else secret_id


def _page(send: Callable[[], Mapping[str, Any]], parse: Callable[[Mapping[str, Any]], list[T]]) -> tuple[list[T], str]:
    """Return what the page holds, and the token of the next one ("": there is none)."""
    page = send()
    return parse(page), page.get("NextToken") or ""
