"""Short ways to call a store about one secret, for the store's own tests."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_secretsmanager import SecretsManagerClient

NAME = "token-refresh/mcs/a"
OTHER = "token-refresh/mcs/b"
FILTERS: Any = [{"Key": "name", "Values": ["token-refresh/mcs/"]}]


def token(number: int) -> str:
    """Makes a version id."""
    return str(uuid.UUID(int=number))


def put(client: SecretsManagerClient, number: int, value: str, *labels: str, secret: str = NAME) -> str:
    """Puts a value under a version id; returns the id."""
    stages: dict[str, Any] = {"VersionStages": list(labels)} if labels else {}
    client.put_secret_value(SecretId=secret, ClientRequestToken=token(number), SecretString=value, **stages)
    return token(number)


def move(client: SecretsManagerClient, label: str, to: str, off: str | None = None) -> None:
    """Moves a label."""
    source = {"RemoveFromVersionId": off} if off else {}
    client.update_secret_version_stage(SecretId=NAME, VersionStage=label, MoveToVersionId=to, **source)


def read(client: SecretsManagerClient, count: int = 1, secret: str = NAME) -> list[str]:
    """Reads the current value so many times."""
    return [client.get_secret_value(SecretId=secret)["SecretString"] for _ in range(count)]


def code(act: Callable[..., object], /, *given: object, **parameters: object) -> str:
    """Calls, expects a refusal, and returns its code."""
    with pytest.raises(ClientError) as caught:
        act(*given, **parameters)
    return caught.value.response["Error"]["Code"]
