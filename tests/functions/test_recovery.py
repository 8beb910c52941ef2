"""An answer that was stored and not made current is made current by the next run, whatever happened in between."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support import interrupts, steps
from tests.support.clock import MINUTE
from tests.support.secrets_manager import Fault
from tests.support.steps import SWEEP
from tests.support.world import one_provider

if TYPE_CHECKING:
    from tests.support.world import World


def _stored_only(world: World, *, login_fields: bool) -> str:
    """Leaves a secret whose new tokens are stored and not current."""
    name = world.add(login_fields=login_fields, note="before")
    world.store.fail("UpdateSecretVersionStage", Fault.DENIED, times=None)
    run = world.run()
    assert run.outcomes == {"denied": 1}
    assert "ISSUED" in run.failure
    assert not world.provider.is_live(world.document(name))
    world.store.heal()
    world.clock.advance(10 * MINUTE)
    return name


@pytest.mark.parametrize("login_fields", [True, False])
def test_made_current_by_the_next_run(world: World, *, login_fields: bool) -> None:
    """A read and a move; then it is tried as if it were due, since nobody knows what else has happened."""
    name = _stored_only(world, login_fields=login_fields)
    run = world.run()
    assert run.result["outcomes"] == {"refreshed": 1}
    assert len(run.sent) == 1
    marked = [steps.read(name, "ASKED").but("ResourceNotFoundException"), steps.move(name, "ASKED")]
    finished = [SWEEP, steps.read(name), steps.read(name, "ISSUED"), *marked, steps.promotion(name)]
    assert run.steps[:6] == finished
    # It is ours, and young: so it is labelled before it is presented, like any that is not due.
    assert run.steps[8:] == [steps.read(name, "ASKED"), *run.steps[-2:]]
    assert world.provider.is_live(world.document(name))
    assert world.run().result["outcomes"] == {"fresh": 1}


@one_provider
@pytest.mark.parametrize("edits", [1, 2])
def test_edited_in_between(world: World, edits: int) -> None:
    """Edits of something else in between get the tokens, without a login."""
    name = _stored_only(world, login_fields=True)
    for number in range(edits):
        world.edit(name, note=f"after {number}")
        world.clock.advance(MINUTE)
    run = world.run()
    assert run.result["outcomes"] == {"refreshed": 1}
    assert world.provider.is_live(world.document(name))
    assert world.document(name)["note"] == f"after {edits - 1}"
    assert world.run().result["outcomes"] == {"fresh": 1}


def test_an_old_page_saved_later(world: World) -> None:
    """A page opened before a refresh and saved long after it puts spent tokens back: they are replaced."""
    name = world.add(login_fields=False, note="before")
    page = world.document(name)
    assert world.run().result["outcomes"] == {"refreshed": 1}
    world.clock.advance(10 * MINUTE)
    world.store.person_writes(name, {**page, "note": "after"})
    run = world.run()
    assert run.result["outcomes"] == {"refreshed": 1}
    assert world.provider.is_live(world.document(name))
    assert world.document(name)["note"] == "after"


@one_provider
def test_an_old_page_whose_session_is_dead(world: World) -> None:
    """If the tokens that replaced the page's are dead, too, that is found out at once."""
    name = world.add(login_fields=False, note="before")
    page = world.document(name)
    assert world.run().result["outcomes"] == {"refreshed": 1}
    world.provider.revoke(name)
    world.clock.advance(10 * MINUTE)
    world.store.person_writes(name, {**page, "note": "after"})
    assert f"{name}: rejected: " in world.run().failure
    assert world.document(name)["note"] == "after"


@one_provider
def test_rolled_back_by_hand(world: World) -> None:
    """AWSCURRENT moved back to what was replaced: the replacement comes back, it holds the same and live tokens."""
    name = world.add(login_fields=False)
    before = world.current(name)
    assert world.run().result["outcomes"] == {"refreshed": 1}
    after = world.current(name)
    world.store.client().update_secret_version_stage(
        SecretId=name, VersionStage="AWSCURRENT", MoveToVersionId=before.id, RemoveFromVersionId=after.id
    )
    run = world.run()
    assert len(run.sent) == 1
    assert world.store.labels(name)["AWSPREVIOUS"] == after.id
    assert world.provider.is_live(world.document(name))


@one_provider
def test_an_older_page_saved_later(world: World) -> None:
    """A page that is some refreshes old gets the newest tokens: the versions in between tell what led to them."""
    name = world.add(login_fields=False, note="before")
    page = world.document(name)
    for _ in range(12):
        assert world.run().result["outcomes"] == {"refreshed": 1}
        world.clock.advance(max(world.kind.seconds / 2, 20 * MINUTE))
    world.store.person_writes(name, {**page, "note": "after"})

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    assert len(run.sent) == 2
    assert world.provider.is_live(world.document(name))
    assert world.document(name)["note"] == "after"


@one_provider
def test_rolled_back_two_steps(world: World) -> None:
    """Further back, what is current is presented and refused; AWSCURRENT goes on to the newest, step by step."""
    name = world.add(login_fields=False)
    before = world.current(name)
    assert world.run().result["outcomes"] == {"refreshed": 1}
    world.clock.advance(max(world.kind.seconds / 2, 20 * MINUTE))
    assert world.run().result["outcomes"] == {"refreshed": 1}
    after = world.current(name)
    world.store.client().update_secret_version_stage(
        SecretId=name, VersionStage="AWSCURRENT", MoveToVersionId=before.id, RemoveFromVersionId=after.id
    )
    assert world.run().raised is None
    assert world.provider.is_live(world.document(name))
    world.clock.advance(10 * MINUTE)
    assert world.run().raised is None
    assert world.provider.is_live(world.document(name))


@one_provider
def test_the_answer_to_a_move_is_lost(world: World) -> None:
    """A move that happened and was not answered is refused when it is tried again, and that is fine."""
    name = world.add()
    world.store.fail("UpdateSecretVersionStage", Fault.LOST_AFTER)
    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert world.provider.is_live(world.document(name))


@one_provider
def test_a_rejected_version_whose_answer_is_stored(world: World) -> None:
    """A run that waited in vain has labelled it REJECTED before the answer was stored: the answer counts."""
    name = _stored_only(world, login_fields=False)
    world.store.client().update_secret_version_stage(
        SecretId=name, VersionStage="REJECTED", MoveToVersionId=world.current(name).id
    )

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    assert world.provider.is_live(world.document(name))


@one_provider
def test_the_same_page_saved_during_and_after_a_run(world: World) -> None:
    """The page holds the tokens that the run spent, both times; both times it gets the new ones."""
    name = world.add(login_fields=False, note="before")
    page = world.document(name)
    first, second = {**page, "note": "first"}, {**page, "note": "second"}
    interrupts.before(world, interrupts.is_save, lambda: world.store.person_writes(name, first))
    assert world.run().result["outcomes"] == {"refreshed": 1}
    assert world.document(name)["note"] == "first"
    world.store.before_call = None
    world.store.person_writes(name, second)

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    assert world.document(name)["note"] == "second"
    assert world.provider.is_live(world.document(name))


@one_provider
def test_an_answer_that_was_refused_is_not_made_current_again(world: World) -> None:
    """A person who steps back from a rejected version is obeyed: what is current is presented, and nothing is moved."""
    name = world.add(login_fields=False)
    before = world.current(name)
    assert world.run().result["outcomes"] == {"refreshed": 1}
    world.provider.revoke(name)
    assert "rejected" in world.force(name).failure
    world.store.client().update_secret_version_stage(
        SecretId=name, VersionStage="AWSCURRENT", MoveToVersionId=before.id, RemoveFromVersionId=world.current(name).id
    )

    run = world.run()

    assert "rejected" in run.failure
    assert len(run.sent) == 1
    assert world.current(name).id == before.id


@one_provider
def test_the_move_is_refused_again(world: World) -> None:
    """The line says where the new tokens are, and the spent ones are not presented."""
    name = _stored_only(world, login_fields=True)
    world.store.fail("UpdateSecretVersionStage", Fault.DENIED, times=None)

    run = world.run()

    assert f"{name}: denied: new tokens are stored under the label ISSUED; " in run.failure
    assert run.sent == []


@one_provider
def test_what_recovery_reads_is_hidden(world: World) -> None:
    """Also the tokens of the answer that it finds, before anybody has presented them."""
    name = _stored_only(world, login_fields=False)
    issued = world.store.secret(name).version(world.store.labels(name)["ISSUED"]).document
    echoed = str(issued[world.kind.tokens[0]])
    world.provider.answer_with(400, body=json.dumps({"message": echoed, "errorCode": 400, "errorMessage": echoed}))

    run = world.run()

    assert run.raised is not None
    assert echoed not in str(run.raised)
