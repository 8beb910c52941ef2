"""A yes in a shape that nobody knows is kept for a person: it may hold the only copy of a token."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING

import pytest

from tests.support import interrupts, steps
from tests.support.clock import DAY, START
from tests.support.providers import PROVIDERS
from tests.support.secrets_manager import Fault
from tests.support.simulators import Mood
from tests.support.steps import SWEEP
from tests.support.world import one_provider

if TYPE_CHECKING:
    from tests.support.world import World


def _kept(world: World, name: str) -> bytes:
    return world.store.secret(name).version(world.store.labels(name)["UNREADABLE"]).binary


@pytest.mark.parametrize(
    ("provider_name", "mood"),
    [*product(PROVIDERS, [Mood.WRONG_SHAPE]), ("mcs", Mood.TRUNCATED), ("mcs", Mood.OVERSIZED)],
)
def test_kept_as_it_came(world: World, mood: Mood) -> None:
    """The first 64 KiB of the answer become a binary version of its own; AWSCURRENT and AWSPENDING stay."""
    name = world.add()
    before = world.current(name)
    world.provider.misbehave(mood)

    run = world.run()

    assert f"{name}: unreadable: " in run.failure
    proof = world.proof(name, before.id, START)
    labels = world.store.labels(name)
    assert run.steps == [
        SWEEP,
        *world.preparation(name, before, START),
        steps.Step("PutSecretValue", name, ("UNREADABLE",), labels["UNREADABLE"]),
        steps.read(name, "UNREADABLE"),
    ]
    assert labels == {"AWSCURRENT": before.id, "AWSPENDING": proof.token, "UNREADABLE": labels["UNREADABLE"]}
    kept = _kept(world, name)
    if mood in (Mood.WRONG_SHAPE, Mood.OVERSIZED):  # it holds what a person needs
        assert any(token.encode() in kept for token in world.provider.current(name).values())
    if mood is Mood.OVERSIZED:
        assert len(kept) == 64 * 1024


@pytest.mark.parametrize("provider_name", ["mcs"])
def test_twelve_a_day(world: World) -> None:
    """A thirteenth answer is not kept, and the line says so; the next day begins anew."""
    name, failure = world.add(), ""
    for number in range(13):
        world.provider.answer_with(200, body=f"[{number}]")
        failure = world.run().failure
        assert ("its answer is kept" in failure) is (number < 12)
    assert "its answer is NOT kept: twelve others of today are" in failure
    assert _kept(world, name) == b"[11]"
    world.clock.advance(DAY)
    world.provider.answer_with(200, body="[13]")
    world.run()
    assert _kept(world, name) == b"[13]"


@one_provider
@pytest.mark.parametrize("body", ["", "<html>hello</html>"])
def test_nothing_to_keep(world: World, body: str) -> None:
    """What cannot hold a token is no yes: the tokens are asked about again, and nothing is kept."""
    name = world.add()
    world.provider.answer_with(200, body=body)

    run = world.run()

    assert f"{name}: transient: " in run.failure
    assert ("with a web page" in run.failure) is body.startswith("<")
    assert not any(step.labels == ("UNREADABLE",) for step in run.steps)
    assert world.run().result["outcomes"] == {"refreshed": 1}


@one_provider
def test_keeping_is_retried(world: World) -> None:
    """Keeping the answer is tried again like any save."""
    name = world.add()
    world.provider.misbehave(Mood.WRONG_SHAPE)
    world.store.fail("PutSecretValue", Fault.DENIED, times=5, after=1)

    assert f"{name}: unreadable: " in world.run().failure
    assert "UNREADABLE" in world.store.labels(name)


@one_provider
def test_an_answer_that_cannot_be_kept(world: World) -> None:
    """If AWS refuses it to the end, tokens may be lost: not_stored."""
    name = world.add()
    world.provider.misbehave(Mood.WRONG_SHAPE)
    world.store.fail("PutSecretValue", Fault.DENIED, times=None, after=1)

    run = world.run()

    assert f"{name}: not_stored: " in run.failure
    assert 520 < run.seconds < 540


@one_provider
def test_unreadable_at_login(world: World) -> None:
    """A login's unknown yes is kept in the same way."""
    name = world.add(tokens=False)
    world.provider.misbehave(Mood.WRONG_SHAPE)

    assert f"{name}: unreadable: " in world.run().failure
    assert json.loads(_kept(world, name))["status"] == "ok"


def test_tokens_that_do_not_fit(world: World) -> None:
    """Tokens too large to stand beside the rest of the secret are kept, not dropped."""
    name = world.add(note="x" * 47_000)
    beside = {"fashion-world": "userId", "ekuaibao": "corporationId"}
    answer = dict.fromkeys((*world.kind.tokens, beside.get(world.kind.name, "")), "t" * 8_192)
    wrapped = {"mcs": {"code": 200, "results": answer}, "ekuaibao": {"value": answer}}
    body = json.dumps(wrapped.get(world.kind.name, answer))
    world.provider.answer_with(200, body=body)

    run = world.run()

    if world.kind.name == "mcs":  # its two tokens of at most 8 KiB always fit
        assert run.result["outcomes"] == {"refreshed": 1}
    else:
        assert f"{name}: unreadable: " in run.failure
        assert _kept(world, name) == body.encode()
        assert not any(interrupts.is_save(step) for step in run.steps)
