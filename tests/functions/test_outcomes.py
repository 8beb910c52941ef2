"""Every outcome of a secret: what the store and the provider are asked, what the caller is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support import steps
from tests.support.clock import HOUR, iso
from tests.support.secrets_manager import Fault
from tests.support.simulators import Mood
from tests.support.steps import SWEEP
from tests.support.world import one_provider

if TYPE_CHECKING:
    from tests.support.world import World


def test_refreshed(world: World) -> None:
    """One proof, one request, one save: new tokens are current, the old ones AWSPREVIOUS."""
    name = world.add()
    before, now = world.current(name), world.clock.now()

    run = world.run()

    expires_at = iso(now + world.kind.seconds)
    assert run.result == {
        "provider": world.kind.name,
        "outcomes": {"refreshed": 1},
        "secrets": [{"name": name, "outcome": "refreshed", "expires_at": expires_at, "error": None}],
    }
    assert run.steps == [SWEEP, *world.rotation(name, before)]
    assert run.sent == [world.kind.refresh(before.document, now)]
    after = world.current(name)
    assert world.provider.is_live(after.document)
    assert after.document["refreshedAt"] == iso(now)
    assert after.document["expiresAt"] == expires_at
    labels = world.store.labels(name)
    assert labels == {
        "AWSCURRENT": after.id,
        "AWSPENDING": after.id,
        "AWSPREVIOUS": before.id,
        "ISSUED": after.id,
    }


@one_provider
def test_fresh(world: World) -> None:
    """A secret that is not due costs its share of a page, nothing else, and is not listed."""
    world.add_refreshed()

    run = world.run()

    assert run.result == {"provider": world.kind.name, "outcomes": {"fresh": 1}, "secrets": []}
    assert run.steps == [SWEEP]
    assert run.sent == []


@one_provider
def test_no_secrets_at_all(world: World) -> None:
    """A provider without accounts is no failure."""
    run = world.run()

    assert run.result == {"provider": world.kind.name, "outcomes": {}, "secrets": []}
    assert run.steps == [SWEEP]
    assert run.metrics == {"NeedsAttention": 0}


def test_logged_in_without_tokens(world: World) -> None:
    """A secret that holds only the login fields is logged in with at once, without a refresh."""
    name = world.add(tokens=False)
    before, now = world.current(name), world.clock.now()

    run = world.run()

    assert run.result["outcomes"] == {"logged_in": 1}
    assert run.result["secrets"][0]["expires_at"] == iso(now + world.kind.login_seconds)
    assert run.steps == [SWEEP, *world.rotation(name, before)]
    assert run.sent == [world.kind.login(before.document)]
    assert world.provider.is_live(world.document(name))


def test_logged_in_after_a_dead_session(world: World) -> None:
    """A dead session is refused, waited out, looked at again, and logged in with the secret's own fields."""
    name = world.add()
    before, began = world.current(name), world.clock.now()
    world.provider.revoke(name)

    run = world.run()

    assert run.result["outcomes"] == {"logged_in": 1}
    assert run.sent == [world.kind.refresh(before.document, began), world.kind.login(before.document)]
    assert world.clock.slept[:4] == [1, 2, 4, 8]
    assert run.steps == [
        SWEEP,
        *world.preparation(name, before, began),
        *[steps.read(name), world.look(name)] * 5,
        steps.read(name),
        steps.save(name, world.successor_id(name, before.id)),
        steps.promotion(name),
    ]
    assert world.provider.is_live(world.document(name))


@one_provider
def test_superseded(world: World) -> None:
    """Credentials that someone stored while the dead ones were being refused are left alone."""
    name = world.add(login_fields=False)
    before, began = world.current(name), world.clock.now()
    world.provider.revoke(name)
    other = world.provider.create_account("other", login_fields=False)
    world.clock.on_sleep = lambda: _once(world, name, other)

    run = world.run()

    assert run.result["outcomes"] == {"superseded": 1}
    assert run.steps == [
        SWEEP,
        *world.preparation(name, before, began),
        *[steps.read(name), world.look(name)],
        *[steps.read(name), steps.read_version(name)],
    ]
    assert len(run.sent) == 1
    assert world.document(name) == other


def _once(world: World, name: str, document: dict[str, str]) -> None:
    if world.document(name) != document:
        world.store.person_writes(name, document)


@one_provider
def test_deferred(world: World) -> None:
    """With less time left than a request and the saving need, nothing is begun, and nobody is alarmed."""
    name = world.add()

    run = world.run(seconds=24)  # 15 s for the request, 10 s for the saving

    assert run.result["outcomes"] == {"deferred": 1}
    assert run.result["secrets"][0]["name"] == name
    assert run.steps == [SWEEP]
    assert run.sent == []


@one_provider
def test_transient_provider(world: World) -> None:
    """A busy provider is asked once; the run fails, and the next one succeeds."""
    name = world.add()
    before = world.current(name)
    world.provider.misbehave(Mood.SERVICE_UNAVAILABLE)

    run = world.run()

    assert run.outcomes == {"transient": 1}
    assert f"{name}: transient: " in run.failure
    assert "HTTP 503" in run.failure
    assert run.steps == [
        SWEEP,
        *world.preparation(name, before, world.clock.now()),
    ]
    assert len(run.sent) == 1
    assert world.current(name).id == before.id
    assert world.run().result["outcomes"] == {"refreshed": 1}


@one_provider
def test_transient_aws(world: World) -> None:
    """A Secrets Manager that is unavailable for the proof costs no token."""
    name = world.add()
    world.store.fail("PutSecretValue", Fault.SERVER_ERROR, times=None)

    run = world.run()

    assert run.outcomes == {"transient": 1}
    assert f"{name}: transient: " in run.failure
    assert run.sent == []
    assert world.provider.is_live(world.document(name))


@one_provider
def test_denied(world: World) -> None:
    """Without the permission to write, no token is spent."""
    name = world.add()
    before = world.current(name)
    world.store.fail("PutSecretValue", Fault.DENIED, times=None)

    run = world.run()

    assert run.outcomes == {"denied": 1}
    assert f"{name}: denied: " in run.failure
    assert steps.DENIED in run.failure
    proof = world.proof(name, before.id, world.clock.now())
    assert run.steps == [SWEEP, steps.read(name), world.look(name), steps.room(name), proof.but(steps.DENIED)]
    assert run.sent == []


def test_rejected(world: World) -> None:
    """A dead session without login fields is labelled, and the run fails with the provider's own words."""
    name = world.add(login_fields=False)
    before, began = world.current(name), world.clock.now()
    world.provider.revoke(name)

    run = world.run()

    assert run.outcomes == {"rejected": 1}
    assert f"{name}: rejected: " in run.failure
    assert world.provider.DEAD_SESSION[1] in run.failure
    assert len(run.sent) == 1
    assert run.steps == [
        SWEEP,
        *world.preparation(name, before, began),
        *[steps.read(name), world.look(name)] * 5,  # five looks in 15 seconds,
        *[steps.read(name)] * 2,  # one at their end, and one before the label
        *steps.labelling(name),
    ]
    assert sum(world.clock.slept) == 15
    assert world.store.labels(name)["REJECTED"] == before.id
    assert world.current(name).id == before.id


def test_rejected_login(world: World) -> None:
    """A refused login is final: one refresh, one login, one label."""
    name = world.add()
    before = world.current(name)
    world.provider.revoke(name)
    world.provider.delete_account(name)

    run = world.run()

    assert run.outcomes == {"rejected": 1}
    assert f"{name}: rejected: " in run.failure
    assert len(run.sent) == 2
    assert run.steps[-2:] == steps.labelling(name)
    assert world.store.labels(name)["REJECTED"] == before.id


@one_provider
def test_invalid_secret(world: World) -> None:
    """A secret without its fields names them, is labelled, and is not asked about."""
    name = world.prefix + "a"
    world.store.create(name, {"note": "nothing to work with"})

    run = world.run()

    assert run.outcomes == {"invalid_secret": 1}
    assert f"{name}: invalid_secret: " in run.failure
    for field in world.kind.login_fields:
        assert field in run.failure
    assert run.steps == [SWEEP, steps.read(name), *steps.labelling(name)]
    assert run.sent == []


@one_provider
def test_not_stored(world: World) -> None:
    """A save that AWS refuses to the end is tried to the end, always with one token, and then told.

    The spent session is refused at the next run, and logged in again.
    """
    name = world.add()
    before, now = world.current(name), world.clock.now()
    world.store.fail("PutSecretValue", Fault.DENIED, times=None, after=1)

    run = world.run()

    assert run.outcomes == {"not_stored": 1}
    assert f"{name}: not_stored: " in run.failure
    save = steps.save(name, world.successor_id(name, before.id)).but(steps.DENIED)
    tries = len(run.steps) - 5
    assert run.steps == [
        SWEEP,
        *world.preparation(name, before, now),
        *[save] * tries,
    ]
    assert tries > 50
    assert 520 < run.seconds < 540
    assert len(run.sent) == 1
    assert world.store.labels(name)["AWSPENDING"] != before.id  # "began, did not finish"
    world.store.heal()
    assert world.run().result["outcomes"] == {"logged_in": 1}
    assert world.provider.is_live(world.document(name))
    assert world.store.labels(name)["AWSPENDING"] == world.current(name).id


@one_provider
def test_every_secret_ends_in_one_outcome(world: World) -> None:
    """A result counts each secret once and lists, in order of names, every one that is not fresh."""
    fresh, due, alone = world.add_refreshed("c"), world.add("b"), world.add("a", tokens=False)

    result = world.run().result

    assert result["outcomes"] == {"fresh": 1, "logged_in": 1, "refreshed": 1}
    assert [(secret["name"], secret["outcome"]) for secret in result["secrets"]] == [
        (alone, "logged_in"),
        (due, "refreshed"),
    ]
    assert fresh not in {secret["name"] for secret in result["secrets"]}


@one_provider
def test_a_full_cycle_of_ticks(world: World) -> None:
    """Left alone for three lifetimes of the shortest token, the secret is live in every run and nothing fails."""
    name = world.add()
    for _ in range(18):
        assert world.run().raised is None
        assert world.provider.is_live(world.document(name))
        world.clock.advance(HOUR / 6)
