"""A secret under the stack's prefix that no function reads is named in a warning, once an hour, by the MCS function."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest

from tests.support.clock import HOUR, MINUTE
from tests.support.providers import PROVIDERS
from tests.support.secrets_manager import Fault
from tests.support.world import one_provider
from token_refresh import strays

if TYPE_CHECKING:
    from tests.support.world import Run, World

STRAY = "token-refresh/fashionworld/shop"
BEGIN = "token-refresh/mcs/, token-refresh/fashion-world/, token-refresh/ekuaibao/"


@pytest.fixture
def world(world: World) -> World:
    """A secret of each provider, and others that are none of this stack's business."""
    world.cold_start(looks_for_strays=True)
    for name in (
        "other/mcs/a",
        "token-refresher/x",
        "token-refresh/eu/mcs/a",
        *(f"token-refresh/{p}/a" for p in PROVIDERS),
    ):
        world.store.create(name, "{")
    return world


def _run(world: World, event: object = None, **options: float) -> Run:
    world.cold_start(looks_for_strays=True)
    return world.run(event, **options)


def _warnings(run: Run) -> list[str]:
    said = (str(line.get("message")) for line in run.lines if line.get("level") == "WARNING")
    return [one for one in said if one.startswith(("no function reads", "could not look"))]


@one_provider
def test_it_is_named_once_an_hour(world: World) -> None:
    """With what its name must begin with; a run that failed otherwise says it too."""
    world.store.create(STRAY, "{}")
    world.cold_start(looks_for_strays=True)
    said = []
    for _ in range(7):
        said += _warnings(world.run())
        world.clock.advance(10 * MINUTE)
    assert said == [f"no function reads these secrets: {STRAY}. Their names must begin with one of {BEGIN}"] * 2


@one_provider
def test_secrets_with_an_owner_are_not_named(world: World) -> None:
    """Those of this stack, of other stacks, of other software."""
    assert _warnings(_run(world)) == []


@one_provider
@pytest.mark.parametrize(("count", "end"), [(20, "x19. Their"), (25, "x19 and 5 more. Their")])
def test_twenty_are_named(world: World, count: int, end: str) -> None:
    """A page of ListSecrets holds a hundred."""
    for number in range(count):
        world.store.create(f"token-refresh/typo/x{number:02}", "{}")
    for number in range(100):
        world.store.create(f"token-refresh/mcs/many{number}", "{")
    [said] = _warnings(_run(world))
    assert end in said
    assert said.count("token-refresh/typo/") == 20


@one_provider
@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.SERVER_ERROR])
def test_no_list_fails_no_run(world: World, fault: Fault) -> None:
    """It is said, and tried again in the next hour."""
    world.store.create(STRAY, "{}")
    for provider in PROVIDERS:
        world.store.delete(f"token-refresh/{provider}/a")
    world.store.fail("ListSecrets", fault, times=None)
    run = _run(world)
    assert run.result["outcomes"] == {}
    assert len(_warnings(run)) == 1
    assert _warnings(run)[0].startswith("could not look for secrets that belong to no provider: ")
    world.store.heal()
    world.clock.advance(HOUR)
    assert len(_warnings(world.run())) == 1


@one_provider
def test_only_a_sweep_with_time_left_looks(world: World) -> None:
    """The run for one secret has something else to do; a list of many pages must not be cut off."""
    world.store.create(STRAY, "{}")
    _run(world, {"secret_id": "token-refresh/mcs/a"})
    _run(world, seconds=59)
    assert not any(call.operation == "ListSecrets" for call in world.store.calls)


def test_one_function_looks_and_knows_all_providers() -> None:
    """A fourth provider has a line in the list."""
    layers = {name: importlib.import_module(f"token_refresh.{facts.module}") for name, facts in PROVIDERS.items()}
    providers = [getattr(layers[name], facts.constant) for name, facts in PROVIDERS.items()]
    assert sorted(strays.PROVIDERS) == sorted(provider.name for provider in providers)
    assert [provider.name for provider in providers if provider.looks_for_strays] == ["mcs"]
