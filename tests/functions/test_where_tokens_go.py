"""Whoever may write a secret decides where its tokens go: to the public internet only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from token_refresh.errors import Unreachable

if TYPE_CHECKING:
    from tests.support.world import World


@pytest.fixture
def world(world: World) -> World:
    """The function as it is deployed: without plain HTTP."""
    world.set_environment(ALLOW_PLAIN_HTTP="false", BASE_URL="https://provider.invalid")
    return world


def test_a_secret_s_own_address_must_be_public(world: World) -> None:
    """Looked at when the connection is made: here it is this machine's. Nothing is sent."""
    name = world.add(baseUrl=world.provider.url.replace("http://", "https://"))

    run = world.run()

    assert f"{name}: invalid_secret: baseUrl leads to 127.0.0.1, which is not an address on the " in run.failure
    assert run.sent == []
    assert {"AWSCURRENT", "REJECTED"} <= world.current(name).labels
    assert world.run().result["outcomes"] == {"rejected": 1}  # it has been reported


@pytest.mark.parametrize("provider_name", ["ekuaibao"])
def test_where_a_tenant_is_looked_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the secret's own address, which must be public, and at the stack's, which is trusted."""
    asked = []

    def nobody(base_url: str, _: object, *, public_only: bool, **__: object) -> None:
        asked.append((base_url, public_only))
        raise Unreachable("nobody")

    monkeypatch.setattr("token_refresh.exchange.post", nobody)
    monkeypatch.setattr("token_refresh.tenant.get", nobody)
    world.add(baseUrl="https://own.invalid", corpId="corp-1")

    world.run()

    assert asked == [("https://own.invalid", True), ("https://own.invalid", True), ("https://provider.invalid", False)]


@pytest.mark.parametrize("provider_name", ["mcs"])
def test_the_stack_s_own_address_is_trusted(world: World) -> None:
    """It is the operator's."""
    world.set_environment(BASE_URL=world.provider.url.replace("http://", "https://"))
    name = world.add()

    assert f"{name}: transient: 127.0.0.1: the host does not speak TLS at this port" in world.run().failure
