"""The same functions against another emulated Secrets Manager, moto, where it does what AWS does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.support.clock import START, iso
from tests.support.world import one_provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_secretsmanager import SecretsManagerClient

    from tests.support.world import World


@pytest.fixture
def moto(world: World, moto_url: str) -> Iterator[SecretsManagerClient]:
    """A client of moto, which the function talks to in place of the strict store; every test's secrets are new."""
    world.set_environment(AWS_ENDPOINT_URL_SECRETS_MANAGER=moto_url)
    world.cold_start()  # from here on the SDK's own log lines are withheld, this client's included
    client = boto3.client("secretsmanager", endpoint_url=moto_url)
    yield client
    for secret in client.list_secrets()["SecretList"]:
        client.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)
    client.close()


def _document(moto: SecretsManagerClient, name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        moto.get_secret_value(SecretId=name, VersionStage="AWSCURRENT")["SecretString"]
    )
    return document


def _create(world: World, moto: SecretsManagerClient, short: str, **options: bool) -> str:
    name = world.prefix + short
    moto.create_secret(Name=name, SecretString=json.dumps(world.provider.create_account(name, **options)))
    return name


def test_refreshed_then_fresh(world: World, moto: SecretsManagerClient) -> None:
    """A run refreshes, the next one has nothing to do, half a life later it is due again."""
    name = _create(world, moto, "a")

    assert world.run().result == {
        "provider": world.kind.name,
        "outcomes": {"refreshed": 1},
        "secrets": [
            {"name": name, "outcome": "refreshed", "expires_at": iso(START + world.kind.seconds), "error": None}
        ],
    }
    assert world.provider.is_live(_document(moto, name))
    assert world.run().result["outcomes"] == {"fresh": 1}
    world.clock.advance(world.kind.seconds / 2)
    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert world.provider.is_live(_document(moto, name))


def test_logged_in(world: World, moto: SecretsManagerClient) -> None:
    """With and without tokens, a dead session is logged in again."""
    dead, new = _create(world, moto, "dead"), _create(world, moto, "new", tokens=False)
    world.provider.revoke(dead)

    assert world.run().result["outcomes"] == {"logged_in": 2}
    assert all(world.provider.is_live(_document(moto, name)) for name in (dead, new))


@one_provider
def test_unreadable_is_kept(world: World, moto: SecretsManagerClient) -> None:
    """A yes in an unknown shape becomes a binary version under its label."""
    name = _create(world, moto, "a")
    world.provider.answer_with(200, body=b'{"brand": "new shape"}')

    assert f"{name}: unreadable: " in world.run().failure
    kept = moto.get_secret_value(SecretId=name, VersionStage="UNREADABLE")
    assert kept["SecretBinary"] == b'{"brand": "new shape"}'
    assert "SecretString" in moto.get_secret_value(SecretId=name)


@one_provider
def test_a_secret_that_does_not_exist(world: World, moto: SecretsManagerClient) -> None:
    """The words of moto for a secret that is not there are understood, too."""
    _create(world, moto, "a")

    run = world.run({"secret_id": world.prefix + "none"})

    assert type(run.raised).__name__ == "InvalidEvent"
    assert run.sent == []
