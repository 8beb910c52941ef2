"""Clients of a store: boto3, or another process through its environment."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from .account import REGION

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_ACCESS_KEY_ID = "dummy-access-key-id"
_SECRET_ACCESS_KEY = "dummy-secret-access-key"
_READ_TIMEOUT_SECONDS = 30


def client(url: str, options: dict[str, Any]) -> SecretsManagerClient:
    """Makes a client with dummy credentials and no retries; `options` are those of botocore's Config."""
    defaults: dict[str, Any] = {"retries": {"total_max_attempts": 1}, "read_timeout": _READ_TIMEOUT_SECONDS}
    return _session().client("secretsmanager", endpoint_url=url, config=Config(**{**defaults, **options}))


def environment(url: str) -> dict[str, str]:
    """Returns the variables that make a process's SDK use a store, with the same dummy credentials."""
    return {
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": url,
        "AWS_ACCESS_KEY_ID": _ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": _SECRET_ACCESS_KEY,
        "AWS_DEFAULT_REGION": REGION,
    }


@functools.cache
def _session() -> boto3.Session:
    """Keeps one session: parsing the service's model takes longer than most tests."""
    return boto3.Session(_ACCESS_KEY_ID, _SECRET_ACCESS_KEY, region_name=REGION)
