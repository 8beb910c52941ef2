"""A sweep: every secret of this provider and no other, soonest expiry first, each one's trouble its own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.support import interrupts
from tests.support.clock import MINUTE
from tests.support.secrets_manager import Fault
from tests.support.steps import SWEEP, Step
from tests.support.world import one_provider

if TYPE_CHECKING:
    from tests.support.secrets_manager import Call
    from tests.support.world import World


@one_provider
def test_pages(world: World) -> None:
    """BatchGetSecretValue reads twenty secrets a call, and all pages are read."""
    names = {world.add(f"s{number:02}", tokens=False) for number in range(21)}

    run = world.run()

    assert run.result["outcomes"] == {"logged_in": 21}
    assert {secret["name"] for secret in run.result["secrets"]} == names
    assert run.steps[:2] == [SWEEP] * 2
    assert run.steps.count(SWEEP) == 2
    assert len(run.sent) == 21


@one_provider
def test_other_prefixes_are_untouched(world: World) -> None:
    """Secrets of other providers and other stacks are neither read alone nor written."""
    mine, others = world.add(), ["token-refresh/other/a", "another-stack/mcs/a"]
    for name in others:
        world.store.create(name, world.provider.create_account(name))

    run = world.run()

    assert run.result["outcomes"] == {"refreshed": 1}
    assert {step.secret for step in run.steps} == {None, mine}
    assert all(len(world.store.versions(name)) == 1 for name in others)


@one_provider
def test_one_secrets_error_is_its_own(world: World) -> None:
    """A page's error for one secret is that secret's outcome; the others are refreshed."""
    names = [world.add(short) for short in "abc"]
    world.store.fail("BatchGetSecretValue", Fault.DENIED, secret=names[1])

    run = world.run()

    assert run.outcomes == {"denied": 1, "refreshed": 2}
    assert f"1 of 3 secrets failed: {names[1]}: denied: " in run.failure
    assert all(world.provider.is_live(world.document(name)) for name in names)


@one_provider
@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.SERVER_ERROR, "Transient"), (Fault.DENIED, "Denied")],
)
def test_a_list_that_cannot_be_read(world: World, fault: Fault, error: str) -> None:
    """If the list itself cannot be read, the run fails, and it was no completed sweep: no metric at all."""
    world.add()
    world.store.fail("BatchGetSecretValue", fault, times=None)

    run = world.run()

    assert type(run.raised).__name__ == error
    assert run.emf == []
    assert run.sent == []


@one_provider
def test_all_that_can_go_wrong_at_once(world: World) -> None:
    """Each of many secrets ends in its own outcome; the run fails after finishing the others, naming the failed."""
    fresh, due = world.add_refreshed("fresh"), world.add("due")
    new, dead = world.add("new", tokens=False), world.add("dead", login_fields=False)
    world.provider.revoke(dead)
    world.store.create(broken := world.prefix + "broken", "{")
    forbidden = world.add("forbidden")
    world.store.fail("PutSecretValue", Fault.DENIED, times=None, secret=forbidden)

    run = world.run()

    assert run.outcomes == {
        "denied": 1,
        "fresh": 1,
        "invalid_secret": 1,
        "logged_in": 1,
        "refreshed": 1,
        "rejected": 1,
    }
    assert run.failure.startswith(f"3 of 6 secrets failed: {broken}: invalid_secret: ")
    assert f"; {dead}: rejected: " in run.failure
    assert f"; {forbidden}: denied: " in run.failure
    assert all(name not in run.failure for name in (fresh, due, new))
    assert "\n" not in run.failure


@one_provider
def test_reported_ones_are_not_raised_again(world: World) -> None:
    """A new failure is raised without those that were raised before."""
    old, new = world.add("old", login_fields=False), world.add("new", login_fields=False)
    world.provider.revoke(old)
    world.run()
    world.clock.advance(world.kind.seconds / 2)
    world.provider.revoke(new)

    run = world.run()

    assert run.outcomes["rejected"] == 2
    assert f"{new}: rejected: " in run.failure
    assert old not in run.failure


@one_provider
def test_soonest_expiry_first(world: World) -> None:
    """What a person stored and nobody tried comes first, then our own by expiry."""
    world.set_environment(MAX_WORKERS="1")
    order = ["second", "third", "fourth"]
    for short in order:
        world.add_refreshed(short)
        world.clock.advance(MINUTE)
    world.clock.advance(world.kind.seconds / 2)
    world.add("a-new-one")

    run = world.run()

    rotated = [step.secret for step in run.steps if interrupts.is_save(step)]
    assert rotated == [world.prefix + short for short in ("a-new-one", *order)]


@one_provider
def test_deferred(world: World) -> None:
    """A run stops starting secrets while there is time to finish; the next goes on, soonest expiry first."""
    world.set_environment(MAX_WORKERS="1")
    names = [world.add_refreshed(f"s{number}") for number in range(5)]
    world.clock.advance(world.kind.seconds / 2)
    world.store.after_call = lambda call: world.clock.advance(120 * interrupts.is_promotion(Step.of(call)))

    run = world.run()

    # 540, 420, 300 and 180 seconds left, then 60; not begun with less than 15 for the request and 60 for the saving.
    assert run.result["outcomes"] == {"deferred": 1, "refreshed": 4}
    assert [secret["name"] for secret in run.result["secrets"] if secret["outcome"] == "deferred"] == names[4:]
    assert len(run.sent) == 4
    world.store.after_call = None
    assert world.run().result["outcomes"] == {"fresh": 4, "refreshed": 1}


@one_provider
def test_max_workers(world: World) -> None:
    """So many secrets are worked on at once, and never more."""
    workers = 3
    world.set_environment(MAX_WORKERS=str(workers))
    for number in range(2 * workers):
        world.add(f"s{number}")
    lock = threading.Lock()
    meeting = threading.Barrier(workers, timeout=20)
    working: list[int] = [0]
    most: list[int] = [0]

    def arrive(call: Call) -> None:
        if interrupts.is_proof(Step.of(call)):
            with lock:
                working[0] += 1
                most[0] = max(most[0], working[0])
            meeting.wait()  # breaks the test if fewer are ever at work

    def leave(call: Call) -> None:
        if interrupts.is_save(Step.of(call)):
            with lock:
                working[0] -= 1

    world.store.before_call, world.store.after_call = arrive, leave

    assert world.run().result["outcomes"] == {"refreshed": 2 * workers}
    assert most == [workers]
