"""A successor that a run has received is not dropped while that run lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import interrupts, steps
from tests.support.clock import DAY, MINUTE, START
from tests.support.secrets_manager import ANY, Fault, StaleReads
from tests.support.steps import SWEEP, THROTTLED
from tests.support.world import one_provider

if TYPE_CHECKING:
    from tests.support.world import World


@one_provider
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
    save = steps.save(name, world.successor_id(name, before.id))
    proof = world.proof(name, before.id, START)
    assert run.steps == [
        SWEEP,
        *world.preparation(name, before, START),
        *[save.but(problem)] * 3,
        save,
        steps.promotion(name),
    ]
    assert len(run.sent) == 1
    assert world.provider.is_live(world.document(name))
    assert [version.id for version in world.store.versions(name)] == [before.id, proof.token, save.token]


@one_provider
def test_a_save_of_which_no_answer_comes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save that Secrets Manager sits on is given up and repeated with the same token."""
    name = world.add()
    before = world.current(name)
    monkeypatch.setattr("token_refresh.secrets_manager.AWS_READ_SECONDS", 0.2)
    world.store.fail("PutSecretValue", Fault.SLOW, after=1, seconds=0.5)

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    save = steps.save(name, world.successor_id(name, before.id))
    assert save in run.steps
    assert {step.token for step in run.steps if interrupts.is_save(step)} == {save.token}
    assert world.provider.is_live(world.document(name))


@one_provider
def test_saving_stops_shortly_before_the_deadline(world: World) -> None:
    """However short the run, the failure is told before Lambda would end it."""
    name = world.add()
    world.store.fail("PutSecretValue", Fault.THROTTLED, times=None, after=1)

    run = world.run(seconds=60)

    assert f"{name}: not_stored: " in run.failure
    assert 40 < run.seconds < 60


@one_provider
@pytest.mark.parametrize("jump", [-DAY, -10 * MINUTE, 5 * MINUTE])
def test_a_clock_jump_while_saving(world: World, jump: float) -> None:
    """Set the clock while a save is being retried: back, and the run still ends in time; forward, and it ends early."""
    name = world.add()
    world.store.fail("PutSecretValue", Fault.THROTTLED, times=None, after=1)
    interrupts.after(world, interrupts.is_save, lambda: world.clock.jump(jump))

    run = world.run()

    assert f"{name}: not_stored: " in run.failure
    assert run.seconds < 540
    assert run.seconds > (520 if jump < 0 else 200)


@one_provider
@pytest.mark.parametrize("reads", [1, 5])
def test_stale_reads_after_the_save(world: World, reads: int) -> None:
    """Reads that lag behind the save change nothing about it."""
    name = world.add()
    world.store.set_stale_reads(StaleReads(reads=reads))

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    assert [step.operation for step in run.steps].count("UpdateSecretVersionStage") == 1
    assert world.provider.is_live(world.document(name))


@one_provider
def test_reads_that_stay_stale(world: World) -> None:
    """Reads that lag for minutes: the tokens are stored, and the run says that it could not see whether alone."""
    name = world.add(login_fields=False)
    world.store.set_stale_reads(StaleReads(seconds=70))

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    assert world.provider.is_live(world.document(name))
    world.clock.advance(60)  # within the wait, reads catch up
    # The next run reads the spent version, is refused, waits, and finds itself superseded.
    run = world.force(name)
    assert run.result["outcomes"] == {"superseded": 1}
    assert len(run.sent) == 1
    assert world.provider.is_live(world.document(name))
    assert "REJECTED" not in world.store.labels(name)


@one_provider
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


@one_provider
def test_an_outage_of_everything_after_the_proof(world: World) -> None:
    """A Secrets Manager that is away for minutes gets the tokens when it is back."""
    name = world.add()
    interrupts.after(world, interrupts.is_proof, lambda: world.store.fail(ANY, Fault.SERVER_ERROR, times=40))

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    assert 120 < run.seconds < 540
    assert world.provider.is_live(world.document(name))
