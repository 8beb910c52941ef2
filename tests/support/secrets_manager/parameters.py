"""Reading and checking a request's parameters.

The bounds are those of the service's own model. The SDK checks only some of them before it sends.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from . import errors

if TYPE_CHECKING:
    from .account import Account

Request = Mapping[str, Any]
V = TypeVar("V", str, bytes)

MAX_VALUE_BYTES = 65_536  # "Length of a secret: 65,536 bytes" (user guide, quotas)
MAX_LABEL_LENGTH = 256
MAX_LABELS_NAMED = 20

_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
ID_LENGTHS = range(32, 65)


def secret_id(request: Request) -> str:
    """Returns SecretId."""
    value = request.get("SecretId")
    if not isinstance(value, str) or not value:
        raise errors.validation("secretId", "Member must not be null or empty")
    return value


def new_name(request: Request) -> str:
    """Returns the Name of a secret to create."""
    value = request.get("Name")
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise errors.invalid_parameter(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@"
        )
    return value


def token(request: Request, account: Account) -> str:
    """Returns ClientRequestToken, or a new one; the SDKs always send one."""
    return version_id(request, "ClientRequestToken") or account.new_token()


def version_id(request: Request, member: str) -> str | None:
    """Returns the version id in a member, if it is there."""
    value = request.get(member)
    if value is not None and (not isinstance(value, str) or len(value) not in ID_LENGTHS):
        raise errors.invalid_parameter(f"{member} must be 32-64 characters long.")
    return value


def value(request: Request) -> str | bytes | None:
    """Returns what SecretString or SecretBinary holds, or None if neither is there."""
    text, binary = request.get("SecretString"), request.get("SecretBinary")
    if text is not None and binary is not None:
        raise errors.invalid_parameter("You can't specify both a binary secret value and a string secret value.")
    if text is not None:
        return _sized("secretString", str(text))
    if binary is None:
        return None
    try:
        return _sized("secretBinary", base64.b64decode(str(binary), validate=True))
    except binascii.Error:
        raise errors.ServiceError("SerializationException", "SecretBinary is not Base64.") from None


def required_value(request: Request) -> str | bytes:
    """Returns what SecretString or SecretBinary holds; one of them must be there."""
    held = value(request)
    if held is None:
        raise errors.invalid_parameter("You must provide either SecretString or SecretBinary.")
    return held


def label(request: Request) -> str | None:
    """Returns VersionStage, if it is there."""
    held = request.get("VersionStage")
    return None if held is None else _label("versionStage", held)


def required_label(request: Request) -> str:
    """Returns VersionStage."""
    held = label(request)
    if held is None:
        raise errors.validation("versionStage", "Member must not be null")
    return held


def labels(request: Request) -> list[str]:
    """Returns VersionStages; none if it is not there."""
    held = request.get("VersionStages")
    if held is None:
        return []
    if not isinstance(held, list) or not 1 <= len(held) <= MAX_LABELS_NAMED:
        raise errors.validation("versionStages", f"Member must have length between 1 and {MAX_LABELS_NAMED}")
    return [_label("versionStages", item) for item in held]


def _label(member: str, held: object) -> str:
    if not isinstance(held, str) or not 1 <= len(held) <= MAX_LABEL_LENGTH:
        raise errors.validation(member, f"Member must have length between 1 and {MAX_LABEL_LENGTH}")
    return held


def _sized(member: str, held: V) -> V:
    if not 1 <= size(held) <= MAX_VALUE_BYTES:
        raise errors.validation(member, f"Member must have length between 1 and {MAX_VALUE_BYTES}")
    return held


def size(held: str | bytes) -> int:
    """Returns how many bytes a value has."""
    return len(held.encode() if isinstance(held, str) else held)
