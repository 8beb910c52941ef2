"""A refused version is reported once, labelled, and not presented again until there is a reason to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import interrupts, steps
from tests.support.clock import HOUR, MINUTE
from tests.support.secrets_manager import Fault
from tests.support.steps import SWEEP
from tests.support.world import one_provider

if TYPE_CHECKING:
    from tests.support.world import World


@pytest.fixture
def rejected(world: World) -> str:
    """A secret whose dead session has been reported."""
    name = world.add(login_fields=False)
    world.provider.revoke(name)
    assert f"{name}: rejected: " in world.run().failure
    return name


@one_provider
def test_not_presented_again(world: World, rejected: str) -> None:
    """The next scheduled run counts and lists it, asks nobody but the store for a waiting answer, does not raise."""
    world.clock.advance(MINUTE)

    run = world.run()

    assert run.result["outcomes"] == {"rejected": 1}
    [listed] = run.result["secrets"]
    assert (listed["name"], listed["outcome"]) == (rejected, "rejected")
    assert listed["error"]
    assert run.steps == [SWEEP, steps.read(rejected), world.look(rejected)]
    assert run.sent == []


@one_provider
def test_not_presented_again_by_name(world: World, rejected: str) -> None:
    """Neither is it when it is asked for by name, but not forced."""
    run = world.run({"secret_id": rejected})

    assert run.result["outcomes"] == {"rejected": 1}
    assert run.sent == []


@one_provider
def test_a_false_alarm_heals_by_itself(world: World) -> None:
    """A provider that took back its refusal is believed within the hour after the next."""
    world.add(login_fields=False)
    world.provider.answer_with(world.provider.DEAD_SESSION[0], body=_refusal(world))
    assert world.run().outcomes == {"rejected": 1}

    assert world.run_until_asked().result["outcomes"] == {"refreshed": 1}


def _refusal(world: World) -> str:
    status, message = world.provider.DEAD_SESSION
    return json.dumps({"code": status, "message": message, "errorCode": status, "errorMessage": message})


@one_provider
def test_force_presents_it(world: World, rejected: str) -> None:
    """Forced, it is presented, and its refusal is raised again."""
    run = world.force(rejected)

    assert f"{rejected}: rejected: " in run.failure
    assert len(run.sent) == 1


@one_provider
def test_retry_rejected_presents_all(world: World) -> None:
    """A sweep that is told to retry presents every rejected secret, and leaves the fresh ones alone."""
    names = [world.add(short, login_fields=False) for short in ("a", "b")]
    world.add_refreshed("fresh")
    for name in names:
        world.provider.revoke(name)
    world.run()

    run = world.run({"retry_rejected": True})

    assert run.outcomes == {"fresh": 1, "rejected": 2}
    assert all(f"{name}: rejected: " in run.failure for name in names)
    assert len(run.sent) == 2


@one_provider
def test_new_credentials_are_tried_at_once(world: World, rejected: str) -> None:
    """What a person stores instead is due at the next run; the label stays behind on the old version."""
    labelled = world.current(rejected).id
    theirs = world.provider.create_account("theirs", login_fields=False)
    world.store.person_writes(rejected, theirs)
    before = world.current(rejected)

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    assert run.steps == [SWEEP, *world.rotation(rejected, before)]
    assert world.store.labels(rejected)["REJECTED"] == labelled


@one_provider
def test_new_credentials_that_are_refused_too(world: World, rejected: str) -> None:
    """A second refusal is raised again, and the label moved to the version that it is about."""
    theirs = world.provider.create_account("theirs", login_fields=False)
    world.provider.revoke("theirs")
    world.store.person_writes(rejected, theirs)

    run = world.run()

    assert f"{rejected}: rejected: " in run.failure
    # Without RemoveFromVersionId the strict store would have refused the move.
    assert run.steps[-2:] == [steps.read(rejected, "REJECTED"), steps.move(rejected, "REJECTED")]
    assert world.store.labels(rejected)["REJECTED"] == world.current(rejected).id
    assert world.run().result["outcomes"] == {"rejected": 1}


@one_provider
def test_the_same_credentials_stored_again(world: World, rejected: str) -> None:
    """A new version of the same dead credentials is a new attempt, and a new report."""
    world.edit(rejected, note="really?")

    assert f"{rejected}: rejected: " in world.run().failure
    assert world.run().sent == []


def test_login_fields_added_to_a_rejected_secret(world: World, rejected: str) -> None:
    """Whoever adds the login fields is logged in at the next run."""
    account = world.provider.create_account("with login", tokens=False)
    world.edit(rejected, **account)

    run = world.run()

    assert run.result["outcomes"] == {"logged_in": 1}
    assert world.provider.is_live(world.document(rejected))


@one_provider
def test_a_label_that_cannot_be_put(world: World) -> None:
    """If AWS refuses the label, the failure is told all the same, and told again at the next run."""
    name = world.add(login_fields=False)
    world.provider.revoke(name)
    world.store.fail("UpdateSecretVersionStage", Fault.DENIED, times=None)

    assert f"{name}: rejected: " in world.run().failure
    assert "REJECTED" not in world.store.labels(name)
    assert f"{name}: rejected: " in world.run().failure
    world.store.heal()
    assert f"{name}: rejected: " in world.run().failure
    assert world.run().result["outcomes"] == {"rejected": 1}


@one_provider
@pytest.mark.parametrize("nth", [2, 6])
def test_refused_but_superseded(world: World, nth: int) -> None:
    """Whenever in those 15 seconds, or after them, someone stores another version, nothing is labelled."""
    name = world.add(login_fields=False)
    world.provider.revoke(name)
    theirs = world.provider.create_account("theirs")
    interrupts.before(world, interrupts.is_look, lambda: world.store.person_writes(name, theirs), nth=nth)

    run = world.run()

    assert run.result["outcomes"] == {"superseded": 1}
    assert [step for step in run.steps if interrupts.is_look(step)] == [steps.read(name)] * nth
    assert world.document(name) == theirs
    assert "REJECTED" not in world.store.labels(name)


@one_provider
def test_waiting_is_cut_to_the_time_left(world: World) -> None:
    """A run that has no 15 seconds to spare does not wait them."""
    name = world.add(login_fields=False)
    world.provider.revoke(name)

    run = world.run(seconds=26)

    assert f"{name}: rejected: " in run.failure
    assert run.seconds <= 16


@one_provider
def test_no_time_left_to_log_in(world: World) -> None:
    """A login is not begun either unless its answer can be stored; the next run does it."""
    name = world.add()
    world.provider.revoke(name)
    world.clock.on_sleep = lambda: world.clock.advance(30)

    run = world.run(seconds=50)

    assert run.result["outcomes"] == {"deferred": 1}
    assert len(run.sent) == 1
    world.clock.on_sleep = None
    assert world.run().result["outcomes"] == {"logged_in": 1}
    assert world.provider.is_live(world.document(name))


@pytest.mark.parametrize("provider_name", ["mcs"])
def test_a_login_would_not_help(world: World) -> None:
    """MCS answers 500 for a wrong app key: rejected at once, without waiting and without a login."""
    name, message = world.add(), "Invalid or missing client_id parameter"
    world.provider.answer_with(500, body=json.dumps({"code": 500, "message": message, "statusCode": 500}))

    run = world.run()

    assert f"{name}: rejected: " in run.failure
    assert message in run.failure
    assert len(run.sent) == 1
    assert world.clock.slept == []
    assert "REJECTED" in world.store.labels(name)


@one_provider
@pytest.mark.parametrize("wrong", [{"token": 7}, {"baseUrl": "ftp://example.com"}], ids=["document", "base URL"])
def test_an_invalid_secret_is_reported_once(world: World, wrong: dict[str, Any]) -> None:
    """invalid_secret is labelled as well: raised once, listed from then on, until a person fixes it."""
    name = world.prefix + "a"
    world.store.create(name, {**world.provider.create_account(name), **wrong})

    run = world.run()
    assert f"{name}: invalid_secret: " in run.failure
    assert run.steps == [SWEEP, steps.read(name), *steps.labelling(name)]
    assert world.store.labels(name)["REJECTED"] == world.current(name).id

    for _ in range(2):
        world.clock.advance(HOUR)
        run = world.run()
        assert run.result["outcomes"] == {"invalid_secret": 1}
        assert run.result["secrets"][0]["outcome"] == "invalid_secret"
        assert run.steps == [SWEEP, steps.read(name)]

    world.store.person_writes(name, world.provider.create_account("fixed"))
    assert world.run().result["outcomes"] == {"refreshed": 1}
