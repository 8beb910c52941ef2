"""A successor that a run has received is not dropped while that run lives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.handlers import meddling, steps
from tests.handlers.clock import DAY, MINUTE, START, iso
from tests.handlers.steps import SWEEP, THROTTLED, Step
from tests.secrets_manager import ANY, Fault, StaleReads
from tests.simulators import Mcs

if TYPE_CHECKING:
    from tests.handlers.world import World


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault.DENIED, steps.DENIED),
        (Fault.THROTTLED, THROTTLED),
        (Fault.SERVER_ERROR, "InternalServiceError"),
        (Fault.LOST_BEFORE, "lost before"),
        (Fault.LOST_AFTER, "lost after"),
    ],
)
def test_a_save_that_fails_is_tried_again(world: World, fault: Fault, problem: str) -> None:
    """Refused or lost, a save is repeated with the same token until it works; whatever the reason, denied included."""
    name = world.add()
    before = world.current(name)
    world.store.fail("PutSecretValue", fault, times=3, after=1)

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    save = steps.save(name, world.save_token(name, START))
    proof = steps.proof(name, before.id, START)
    assert run.steps == [
        SWEEP,
        steps.read(name),
        proof,
        *[save.but(problem)] * 3,
        save,
        *steps.looks(name),
    ]
    assert len(run.sent) == 1
    assert world.provider.is_live(world.document(name))
    assert [version.id for version in world.store.versions(name)] == [before.id, proof.token, save.token]


def test_a_save_of_which_no_answer_comes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save that Secrets Manager sits on is given up and repeated with the same token."""
    name = world.add()
    monkeypatch.setattr("token_refresh.secrets_manager.READ_SECONDS", 0.2)
    world.store.fail("PutSecretValue", Fault.SLOW, after=1, seconds=0.5)

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    save = steps.save(name, world.save_token(name, START))
    assert save in run.steps
    assert {step.token for step in run.steps if meddling.is_save(step)} == {save.token}
    assert world.provider.is_live(world.document(name))


def test_saving_stops_shortly_before_the_deadline(world: World) -> None:
    """However short the run, the failure is told before Lambda would end it."""
    name = world.add()
    world.store.fail("PutSecretValue", Fault.THROTTLED, times=None, after=1)

    run = world.run(seconds=60)

    assert f"{name}: not_stored: " in run.failure
    assert 40 < run.seconds < 60


@pytest.mark.parametrize("jump", [-DAY, -10 * MINUTE, 5 * MINUTE])
def test_a_clock_jump_while_saving(world: World, jump: float) -> None:
    """Set the clock while a save is being retried: back, and the run still ends in time; forward, and it ends early."""
    name = world.add()
    world.store.fail("PutSecretValue", Fault.THROTTLED, times=None, after=1)
    meddling.after(world, meddling.is_save, lambda: world.clock.jump(jump))

    run = world.run()

    assert f"{name}: not_stored: " in run.failure
    assert run.seconds < 540
    assert run.seconds > (520 if jump < 0 else 200)


def test_awspending_moves_with_the_save(world: World) -> None:
    """AWSPENDING is on the new version: elsewhere it would mean "began, did not finish"."""
    name = world.add()
    world.store.fail("PutSecretValue", Fault.THROTTLED, times=None, after=1)
    world.run()
    labels = world.store.labels(name)
    assert labels["AWSPENDING"] != labels["AWSCURRENT"]

    world.store.heal()
    world.run()
    labels = world.store.labels(name)
    assert labels["AWSPENDING"] == labels["AWSCURRENT"]


def test_the_time_of_a_token_is_taken(world: World) -> None:
    """If a version with this run's token holds other content, the tokens are stored a millisecond later."""
    name = world.add()
    taken = world.save_token(name)
    world.store.client().put_secret_value(
        SecretId=name, SecretString="someone else's", ClientRequestToken=taken, VersionStages=["OTHER"]
    )

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    saves = [step for step in run.steps if meddling.is_save(step)]
    assert saves == [
        steps.save(name, taken).but("ResourceExistsException"),
        steps.save(name, world.save_token(name, START + 0.001)),
    ]
    assert world.document(name)["refreshedAt"] == iso(START + 0.001)


def test_our_own_version_is_recognised_by_its_id(world: World) -> None:
    """The id of what a run stores is uuid5 of the ARN and its refreshedAt."""
    name = world.add_refreshed()

    assert world.current(name).id == world.save_token(name, START)


@pytest.mark.parametrize("reads", [1, 2, 5])
def test_stale_reads_after_the_save(world: World, reads: int) -> None:
    """Reads that lag behind the save change nothing about it."""
    name = world.add()
    world.store.set_stale_reads(StaleReads(reads=reads))

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    assert [step.operation for step in run.steps].count("UpdateSecretVersionStage") == 0
    assert world.provider.is_live(world.document(name))


def test_reads_that_stay_stale(world: World) -> None:
    """Reads that lag for minutes: the tokens are stored, and the run says that it could not see whether alone."""
    name = world.add(login_fields=False)
    world.store.set_stale_reads(StaleReads(seconds=70))

    run = world.run()

    assert f"{name}: transient: " in run.failure
    assert world.provider.is_live(world.document(name))
    # The next run reads the spent version, is refused, waits, and finds itself superseded.
    run = world.force(name)
    assert run.result["outcomes"] == {"superseded": 1}
    assert len(run.sent) == 1
    assert world.provider.is_live(world.document(name))
    assert "REJECTED" not in world.store.labels(name)


@pytest.mark.parametrize("seed", range(3))
def test_reads_that_show_any_recent_state(world: World, seed: int) -> None:
    """Whichever of the recent states each read shows, what is current stays live, refresh after refresh."""
    name = world.add_refreshed()
    for _ in range(seed):
        world.store.client().get_secret_value(SecretId=name)
    world.store.set_stale_reads(StaleReads(reads=4, shuffled=True))
    for _ in range(12):
        run = world.force(name)
        assert run.raised is None
        assert world.provider.is_live(world.document(name))
        world.clock.advance(MINUTE)


def test_reads_that_show_what_was_before_the_save(world: World) -> None:
    """Versions that come into sight only after our save, and are older than it, are not taken for newer ones."""
    world.cold_start()  # from here on the SDK's own log lines are withheld, those of this test included
    name = world.add(note="before")
    before = world.document(name)
    world.store.set_stale_reads(StaleReads(seconds=10))
    saved = {**before, "refreshedAt": iso(START - MINUTE)}
    arn = world.store.secret(name).arn
    token = steps.save_token(arn, START - MINUTE)
    world.store.client().put_secret_value(SecretId=arn, SecretString=json.dumps(saved), ClientRequestToken=token)
    world.clock.advance(5)
    world.store.person_writes(name, {**before, "note": "after"})
    world.clock.advance(3)

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    assert world.document(name)["note"] == "after"
    assert world.provider.is_live(world.document(name))


def test_looking_back_without_describing(world: World) -> None:
    """Where DescribeSecret is not allowed, two reads tell what was written around the save."""
    name = world.add()
    before = world.current(name)
    world.store.fail("DescribeSecret", Fault.DENIED, times=None)

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    described = [step.but(steps.DENIED) for step in steps.looks(name)]
    reads = [steps.read(name), steps.read(name, "AWSPREVIOUS")]
    assert run.steps == [SWEEP, *world.rotation(name, before)[:-1], *described, *reads]


def test_looking_back_may_fail(world: World) -> None:
    """If AWS does not let us look whether someone wrote in between, the tokens are stored all the same."""
    name = world.add()
    before = world.current(name)
    world.store.fail("DescribeSecret", Fault.DENIED, times=None)
    world.store.fail("GetSecretValue", Fault.DENIED, times=None, after=1)  # the run's own read goes through

    run = world.run()

    assert f"{name}: transient: " in run.failure
    assert run.steps[:4] == [
        SWEEP,
        steps.read(name),
        steps.proof(name, before.id, START),
        steps.save(name, world.save_token(name, START)),
    ]
    assert world.provider.is_live(world.document(name))
    world.store.heal()
    assert world.run().result["outcomes"] == {"fresh": 1}


def test_an_outage_of_everything_after_the_proof(world: World) -> None:
    """A Secrets Manager that is away for minutes gets the tokens when it is back."""
    name = world.add()
    meddling.after(world, meddling.is_proof, lambda: world.store.fail(ANY, Fault.SERVER_ERROR, times=40))

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    assert 120 < run.seconds < 540
    assert world.provider.is_live(world.document(name))


@pytest.mark.parametrize("provider_name", ["mcs"])
@pytest.mark.parametrize("token", ["same", "missing", "empty", "null"])
def test_mcs_without_a_new_user_token(world: World, token: str) -> None:
    """MCS may answer with the token it was sent, or with none: then the old one stays."""
    assert isinstance(world.provider, Mcs)
    world.provider.rotates = False
    name = world.add()
    before = world.document(name)
    results = {"missing": "", "empty": ', "token": ""', "null": ', "token": null'}
    if token != "same":
        body = '{"code": 200, "results": {"access_token": "access-token-of-the-answer"' + results[token] + "}}"
        world.provider.answer_with(200, body=body)

    assert world.run().result["outcomes"] == {"refreshed": 1}

    after = world.document(name)
    assert after["token"] == before["token"]
    assert after["access_token"] not in (None, "")
    assert ("access_token" in before) is False
    assert world.store.labels(name)["AWSPREVIOUS"] != world.store.labels(name)["AWSCURRENT"]


def test_two_versions_a_refresh(world: World) -> None:
    """A refresh writes its proof and its tokens, and nothing else."""
    name = world.add()
    for _ in range(3):
        world.force(name)
        world.clock.advance(1)

    writes = [Step.of(call) for call in world.store.calls if call.operation == "PutSecretValue"]
    assert [meddling.is_proof(step) for step in writes] == [True, False] * 3
    assert len(world.store.versions(name)) == 1 + 6
