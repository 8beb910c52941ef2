"""A person may write at any moment: their edit survives, and so do the tokens that belong to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import interrupts, steps
from tests.support.clock import MINUTE, START, iso
from tests.support.secrets_manager import Fault
from tests.support.steps import SWEEP
from tests.support.world import one_provider

if TYPE_CHECKING:
    from tests.support.secrets_manager import Call
    from tests.support.world import World


def _merged(world: World, name: str, edited: dict[str, Any]) -> None:
    """Asserts that the current value is the edit with live tokens in it, key for key in the edit's order."""
    after = world.document(name)
    assert world.provider.is_live(after)
    assert list(after)[: len(edited)] == list(edited)
    changed = {*world.kind.written, "refreshedAt", "expiresAt"}
    assert {key: after[key] for key in edited if key not in changed} == {
        key: value for key, value in edited.items() if key not in changed
    }


def test_the_same_credentials_before_the_save(world: World) -> None:
    """An edit of something else between read and save is saved once more with our tokens in it."""
    name = world.add(note="before")
    before = world.current(name)
    edits: list[dict[str, Any]] = []
    interrupts.before(world, interrupts.is_save, lambda: edits.append(world.edit(name, note="after", more=[1, None])))

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    first = steps.save(name, world.successor_id(name, before.id))
    second = steps.save(name, world.current(name).id)._replace(labels=("ISSUED", "AWSPENDING", "ASKED"))
    assert run.steps == [
        SWEEP,
        *world.preparation(name, before, START),
        first,
        *steps.refused_promotion(name),
        steps.read(name, "ISSUED"),
        second,
        steps.promotion(name),
    ]
    assert len(run.sent) == 1
    assert first.token != second.token
    _merged(world, name, edits[0])
    assert world.document(name)["refreshedAt"] == iso(START)
    assert world.run().result["outcomes"] == {"refreshed": 1}  # tried once: nobody knows what came in between
    assert world.run().result["outcomes"] == {"fresh": 1}


@one_provider
def test_the_same_credentials_after_the_save(world: World) -> None:
    """An edit made from the old page just after our save, which put the spent tokens back, gets the new ones."""
    name = world.add(note="before")
    edited = {**world.document(name), "note": "after"}
    interrupts.after(world, interrupts.is_save, lambda: world.store.person_writes(name, edited))

    assert world.run().result["outcomes"] == {"refreshed": 1}
    _merged(world, name, edited)


@one_provider
def test_an_older_page_during_a_run(world: World) -> None:
    """A page that is two refreshes old, saved while we ask: its tokens led to ours, and it gets them."""
    name = world.add(login_fields=False, note="before")
    page = {**world.document(name), "note": "after"}
    assert world.run().result["outcomes"] == {"refreshed": 1}
    interrupts.before(world, interrupts.is_save, lambda: world.store.person_writes(name, page))

    assert world.force(name).result["outcomes"] == {"refreshed": 1}

    _merged(world, name, page)


@one_provider
def test_two_edits(world: World) -> None:
    """A person who saves twice while we do is followed."""
    name = world.add(note="before")
    texts = ["first", "second"]
    seen: list[str] = []

    def edit(call: Call) -> None:
        if interrupts.is_save(steps.Step.of(call)) and texts:
            seen.append(texts.pop(0))
            world.edit(name, **{field: before[field] for field in world.kind.tokens if field in before}, note=seen[-1])

    before = world.document(name)
    world.store.before_call = edit

    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert seen == ["first", "second"]
    assert world.document(name)["note"] == "second"
    assert world.provider.is_live(world.document(name))


@pytest.mark.parametrize("moment", ["before the save", "after the save"])
def test_other_credentials(world: World, moment: str) -> None:
    """Credentials that a person stored while we asked stand, at once and untouched, and are tried at the next run."""
    name = world.add()
    before = world.current(name)
    theirs = {**world.provider.create_account("theirs"), "note": "theirs"}
    hook = interrupts.before if moment == "before the save" else interrupts.after
    hook(world, interrupts.is_save, lambda: world.store.person_writes(name, theirs))

    run = world.run()

    assert run.result["outcomes"] == {"superseded": 1}
    assert run.result["secrets"][0]["error"] is None
    ours = world.successor_id(name, before.id)
    expected = [
        SWEEP,
        *world.preparation(name, before, START),
        steps.save(name, ours),
    ]
    expected += steps.refused_promotion(name)
    assert run.steps == expected
    assert len(run.sent) == 1
    assert world.document(name) == theirs
    assert world.store.labels(name)["AWSPREVIOUS"] == before.id
    assert world.store.labels(name)["ISSUED"] == ours

    world.clock.advance(10 * MINUTE)
    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert world.document(name)["note"] == "theirs"


@one_provider
@pytest.mark.parametrize(("fault", "times"), [(Fault.THROTTLED, 5), (Fault.LOST_AFTER, 1)])
def test_giving_way_is_retried(world: World, fault: Fault, times: int) -> None:
    """A move that was throttled, or whose answer was lost, is tried again until it is refused because of theirs."""
    name = world.add()
    theirs = world.provider.create_account("theirs")
    interrupts.before(world, interrupts.is_save, lambda: world.store.person_writes(name, theirs))
    world.store.fail("UpdateSecretVersionStage", fault, times=times)

    assert world.run().result["outcomes"] == {"superseded": 1}
    assert world.document(name) == theirs


@one_provider
def test_giving_way_to_the_newest(world: World) -> None:
    """AWSCURRENT is moved off our version only: what a person stored later still is left alone."""
    name = world.add()
    theirs, newest = world.provider.create_account("theirs"), world.provider.create_account("newest")
    writes = [theirs, newest]

    def write(call: Call) -> None:
        step = steps.Step.of(call)
        if (interrupts.is_save(step) and len(writes) == 2) or (step.operation == "UpdateSecretVersionStage" and writes):
            world.store.person_writes(name, writes.pop(0))

    world.store.before_call = write

    assert world.run().result["outcomes"] == {"superseded": 1}
    assert world.document(name) == newest


@one_provider
@pytest.mark.parametrize("value", ["{not json", '{"note": "emptied"}'])
@pytest.mark.parametrize("moment", ["before the save", "after the save"])
def test_something_that_does_not_parse(world: World, value: str, moment: str) -> None:
    """Whatever a person stored stands; that it is no good is told at the next run."""
    name = world.add()
    hook = interrupts.before if moment == "before the save" else interrupts.after
    hook(world, interrupts.is_save, lambda: world.store.person_writes(name, value))

    assert world.run().result["outcomes"] == {"superseded": 1}
    assert world.current(name).text == value
    assert f"{name}: invalid_secret: " in world.run().failure


@one_provider
def test_an_edit_between_the_two_reads(world: World) -> None:
    """A sweep's first read may be old: what is presented is what is current just before the proof."""
    name = world.add()
    theirs = world.provider.create_account("theirs")
    interrupts.before(world, interrupts.is_look, lambda: world.store.person_writes(name, theirs))

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    assert run.sent == [world.kind.refresh(theirs, START + 1)]


@one_provider
def test_an_edit_before_the_proof(world: World) -> None:
    """An edit between the read and the proof is no different from one before the save."""
    name = world.add(note="before")
    edits: list[dict[str, Any]] = []
    interrupts.before(world, interrupts.is_proof, lambda: edits.append(world.edit(name, note="after")))

    assert world.run().result["outcomes"] == {"refreshed": 1}
    _merged(world, name, edits[0])


def test_an_edit_while_logging_in(world: World) -> None:
    """The same credentials, edited while we logged in, are merged; other login fields stand."""
    same, other = world.add("same", tokens=False, note="before"), world.add("other", tokens=False)
    theirs = world.provider.create_account("theirs", tokens=False)

    edits = {same: {**world.document(same), "note": "after"}, other: theirs}

    def edit(call: Call) -> None:
        if interrupts.is_save(steps.Step.of(call)) and call.secret in edits:
            world.store.person_writes(call.secret, edits.pop(call.secret))

    world.store.before_call = edit

    assert world.run().result["outcomes"] == {"logged_in": 1, "superseded": 1}
    assert world.document(same)["note"] == "after"
    assert world.provider.is_live(world.document(same))
    assert world.document(other) == theirs


def test_fresh_tokens_pasted_while_logging_in(world: World) -> None:
    """A person who pasted working tokens while we logged in knows better."""
    name = world.add()
    world.provider.revoke(name)
    pasted = world.provider.create_account("pasted", login_fields=False)
    interrupts.before(world, interrupts.is_save, lambda: world.edit(name, **pasted))

    assert world.run().result["outcomes"] == {"superseded": 1}
    assert world.document(name).items() >= pasted.items()


@one_provider
def test_a_version_that_someone_moved_back_to(world: World) -> None:
    """A person who moved AWSCURRENT back to an older version while we asked is obeyed like one who wrote."""
    old = world.provider.create_account("old")
    name = world.prefix + "a"
    world.store.create(name, old)
    oldest = world.current(name)
    world.clock.advance(MINUTE)
    world.store.person_writes(name, world.provider.create_account("new"))
    newer = world.current(name)

    def roll_back() -> None:
        world.store.client().update_secret_version_stage(
            SecretId=name, VersionStage="AWSCURRENT", MoveToVersionId=oldest.id, RemoveFromVersionId=newer.id
        )

    interrupts.before(world, interrupts.is_save, roll_back)

    assert world.run().result["outcomes"] == {"superseded": 1}
    assert world.current(name).id == oldest.id


@one_provider
def test_an_edit_that_cannot_get_the_tokens(world: World) -> None:
    """The tokens are stored, and the edit stands without them until AWS lets us write: denied, at once, not lost."""
    name = world.add(note="before")
    interrupts.before(world, interrupts.is_save, lambda: world.edit(name, note="after"))
    interrupts.after(
        world, interrupts.is_promotion, lambda: world.store.fail("PutSecretValue", Fault.DENIED, times=None)
    )

    run = world.run()

    assert f"{name}: denied: new tokens are stored under the label ISSUED; " in run.failure
    assert run.seconds < 10
    assert world.document(name)["note"] == "after"
    world.store.heal()
    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert world.document(name)["note"] == "after"
    assert world.provider.is_live(world.document(name))
