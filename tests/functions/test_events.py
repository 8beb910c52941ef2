"""What an event may ask for, and that anything else stops the run before a provider is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import steps
from tests.support.clock import MINUTE
from tests.support.steps import SWEEP
from tests.support.world import one_provider

if TYPE_CHECKING:
    from tests.support.world import Run, World


def _error_of(run: Run) -> str:
    return type(run.raised).__name__


@one_provider
def test_sweeps(world: World) -> None:
    """Nothing asked for, as Scheduler does, means every secret of the provider."""
    world.add("a")
    world.add("b")

    run = world.run({"source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": "{}"})

    assert run.result["outcomes"] == {"refreshed": 2}
    assert run.steps[0] == SWEEP


@one_provider
@pytest.mark.parametrize("by", ["name", "ARN"])
def test_one_secret(world: World, by: str) -> None:
    """A name or an ARN means that one: it is read by itself, the others are not looked at."""
    name = world.add("a")
    world.add("b")
    before = world.current(name)

    run = world.run({"secret_id": name if by == "name" else world.store.secret(name).arn})

    assert run.result["outcomes"] == {"refreshed": 1}
    assert run.result["secrets"][0]["name"] == name
    assert run.steps == [steps.read(name), *world.rotation(name, before)]
    assert run.sent == [world.kind.refresh(before.document, world.clock.now())]


@one_provider
def test_one_secret_that_is_not_due(world: World) -> None:
    """Without force a fresh secret stays as it is."""
    name = world.add_refreshed()

    run = world.run({"secret_id": name})

    assert run.result == {"provider": world.kind.name, "outcomes": {"fresh": 1}, "secrets": []}
    assert run.sent == []


@one_provider
def test_force(world: World) -> None:
    """With force a fresh secret is refreshed all the same."""
    name = world.add_refreshed()
    world.clock.advance(MINUTE)
    before = world.current(name)

    run = world.run({"secret_id": name, "force": True})

    assert run.result["outcomes"] == {"refreshed": 1}
    assert run.sent == [world.kind.refresh(before.document, world.clock.now())]


@one_provider
def test_one_secret_in_trouble_fails_the_run(world: World) -> None:
    """A click in the console shows red when the one secret fails."""
    name = world.add(login_fields=False)
    world.provider.revoke(name)

    assert f"{name}: rejected: " in world.run({"secret_id": name}).failure


@one_provider
def test_invalid(world: World) -> None:
    """What cannot be meant fails the run before anyone is asked anything; it was no sweep: no metric at all."""
    world.add()

    run = world.run({"force": True})

    assert _error_of(run) == "InvalidEvent"
    assert (run.steps, run.sent, run.emf) == ([], [], [])


@one_provider
@pytest.mark.parametrize("rest", ["none-of-that-name", "not a name"])
def test_a_secret_that_does_not_exist(world: World, rest: str) -> None:
    """A secret_id without a secret is an invalid event; one look at Secrets Manager, no provider asked."""
    world.add()

    run = world.run({"secret_id": world.prefix + rest})

    assert _error_of(run) == "InvalidEvent"
    assert [step.operation for step in run.steps] == ["GetSecretValue"]
    assert run.sent == []
    assert run.emf == []


@one_provider
@pytest.mark.parametrize("slash", ["", "/"])
def test_an_arn_whose_name_only_looks_right(world: World, slash: str) -> None:
    """An ARN's own random characters are no name: the name that Secrets Manager answers with decides."""
    foreign = world.prefix.rstrip("/") + slash
    world.store.create(foreign, world.provider.create_account())
    arn = world.store.secret(foreign).arn

    run = world.run({"secret_id": arn})

    assert _error_of(run) == "InvalidEvent"
    assert run.sent == []
