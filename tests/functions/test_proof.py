"""No token is spent before there is proof that its successor can be stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import steps
from tests.support.clock import HOUR, MINUTE, START
from tests.support.secrets_manager import Fault, Key
from tests.support.simulators import Mood
from tests.support.steps import SWEEP
from tests.support.world import one_provider

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.world import World


@one_provider
def test_the_proof_is_the_value_unchanged(world: World) -> None:
    """The proof is a version with the very same text, under AWSPENDING only."""
    name = world.add(note="héllo \u2028 Привет", nested={"b": [1, 2.50, None], "a": True})
    before = world.current(name)
    world.provider.misbehave(Mood.SERVICE_UNAVAILABLE)

    run = world.run()

    proof = world.proof(name, before.id, START)
    assert run.steps == [SWEEP, steps.read(name), world.look(name), steps.room(name), proof]
    assert proof.token is not None
    version = world.store.secret(name).version(proof.token)
    assert version.text == before.text
    assert version.labels == {"AWSPENDING"}
    assert world.store.labels(name) == {"AWSCURRENT": before.id, "AWSPENDING": proof.token}


def _disable_key(world: World, name: str) -> None:
    world.store.set_key(name, Key.READS_ONLY)


def _fill_up(world: World, _: str) -> None:
    world.store.set_version_quota(1)


@one_provider
@pytest.mark.parametrize("trouble", [_disable_key, _fill_up])
def test_without_proof_no_token_is_spent(world: World, trouble: Callable[[World, str], None]) -> None:
    """KMS key disabled, no room for versions: denied in each run, and the provider not asked."""
    name = world.add()
    before = world.current(name)
    trouble(world, name)

    for _ in range(2):
        run = world.run()
        assert run.outcomes == {"denied": 1}
        assert f"{name}: denied: " in run.failure
        assert run.steps[-1]._replace(problem=None) == world.proof(name, before.id, world.clock.now())
        assert run.steps[-1].problem is not None
        assert run.sent == []
        world.clock.advance(55 * MINUTE)  # into the next hour
    assert world.provider.is_live(before.document)
    world.store.heal()
    world.store.set_version_quota(100)
    assert world.run().result["outcomes"] == {"refreshed": 1}


@one_provider
def test_a_disabled_key_in_a_later_hour_is_noticed(world: World) -> None:
    """A proof of the last hour is no proof of this one: a key disabled since then stops the run in time."""
    name = world.add()
    world.provider.misbehave(Mood.SERVICE_UNAVAILABLE)
    world.run()
    world.store.set_key(name, Key.READS_ONLY)
    world.clock.advance(HOUR)

    run = world.run()

    assert run.outcomes == {"denied": 1}
    assert run.sent == []


@one_provider
def test_a_login_is_proven_too(world: World) -> None:
    """The same holds for a secret that can only log in."""
    world.add(tokens=False)
    world.store.fail("PutSecretValue", Fault.DENIED, times=None)

    run = world.run()

    assert run.outcomes == {"denied": 1}
    assert run.sent == []


@one_provider
def test_deleted_between_the_reads(world: World) -> None:
    """A secret that is deleted after the sweep's read is denied, and its token not spent."""
    name = world.add()
    world.store.after_call = lambda call: (
        world.store.delete(name) if call.operation == "BatchGetSecretValue" and call.ok else None
    )

    run = world.run()

    assert run.outcomes == {"denied": 1}
    assert f"{name}: denied: " in run.failure
    assert run.sent == []


@one_provider
def test_deleted_before_the_sweep(world: World) -> None:
    """A deleted secret is no longer this function's affair; asked for by name, it is denied."""
    name = world.add()
    world.store.delete(name)

    assert world.run().result["outcomes"] == {}
    assert f"{name}: denied: " in world.run({"secret_id": name}).failure


@one_provider
def test_time_that_passes_while_proving(world: World) -> None:
    """If the proof took so long that an answer could not be stored any more, the provider is not asked."""
    name = world.add()
    before = world.current(name)
    world.store.after_call = lambda call: (
        world.clock.advance(500) if call.operation == "PutSecretValue" and call.ok else None
    )

    run = world.run()

    assert run.result["outcomes"] == {"deferred": 1}
    assert run.steps == [
        SWEEP,
        *world.preparation(name, before, START),
    ]
    assert run.sent == []


@one_provider
def test_a_throttled_proof_is_tried_again(world: World) -> None:
    """A passing hiccup of Secrets Manager is none of anybody's business."""
    name = world.add()
    before = world.current(name)
    world.store.fail("PutSecretValue", Fault.THROTTLED, times=2)

    run = world.run()

    proof = world.proof(name, before.id, START)
    assert run.result["outcomes"] == {"refreshed": 1}
    assert run.steps[4:7] == [proof.but(steps.THROTTLED), proof.but(steps.THROTTLED), proof]
