"""Two runs of one function at once, the timer's and a person's, on one secret."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.support import interrupts
from tests.support.clock import MINUTE
from tests.support.simulators import Mcs
from tests.support.steps import Step
from tests.support.world import one_provider

if TYPE_CHECKING:
    from tests.support.secrets_manager import Call
    from tests.support.world import Run, World

PATIENCE_SECONDS = 20  # for the other thread: reached only by a test that fails


class SecondRun:
    """A second run that begins while the first one's save is on its way, and how long that save is held up."""

    def __init__(self, world: World, name: str, *, held_until: str) -> None:
        """Holds the first run's save until the second run waits, or until it has ended."""
        self._world, self._name, self._held_until = world, name, held_until
        self._waits, self._first_saved = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._act)
        self.run: Run | None = None
        world.store.before_call = self._before
        world.store.after_call = self._after
        world.clock.on_sleep = self._slept

    def result(self) -> Run:
        """Returns what the second run did."""
        self._thread.join(PATIENCE_SECONDS)
        assert self.run is not None
        return self.run

    def _act(self) -> None:
        self.run = self._world.force(self._name)

    def _before(self, call: Call) -> None:
        if interrupts.is_save(Step.of(call)) and self._thread.ident is None:
            self._thread.start()
            if self._held_until == "it waits":
                assert self._waits.wait(PATIENCE_SECONDS)
            else:
                self._thread.join(PATIENCE_SECONDS)

    def _after(self, call: Call) -> None:
        if interrupts.is_promotion(Step.of(call)):
            self._first_saved.set()

    def _slept(self) -> None:
        if self._held_until == "it waits" and threading.current_thread() is self._thread:
            self._waits.set()
            self._first_saved.wait(PATIENCE_SECONDS)


@one_provider
@pytest.mark.parametrize("login_fields", [True, False])
def test_the_second_is_refused_and_superseded(world: World, *, login_fields: bool) -> None:
    """The second presents the spent session, is refused, waits, and finds what the first has stored."""
    name = world.add(login_fields=login_fields)
    second = SecondRun(world, name, held_until="it waits")

    first = world.run()

    assert first.result["outcomes"] == {"refreshed": 1}
    assert second.result().result["outcomes"] == {"superseded": 1}
    assert len(world.provider.requests) == 2
    assert world.provider.is_live(world.document(name))
    assert "REJECTED" not in world.store.labels(name)


@one_provider
def test_the_second_logs_in_before_the_first_has_saved(world: World) -> None:
    """If the first one's save outlasts the wait, the second logs in; its later tokens are the ones that stay."""
    name = world.add()
    second = SecondRun(world, name, held_until="it has ended")

    first = world.run()

    assert second.result().result["outcomes"] == {"logged_in": 1}
    assert first.raised is None
    assert world.provider.is_live(world.document(name))
    assert world.run().result["outcomes"] == {"refreshed": 1}  # two answers at once: tried, not trusted
    assert world.run().result["outcomes"] == {"fresh": 1}


@one_provider
def test_the_second_gives_up_before_the_first_has_saved(world: World) -> None:
    """Without login fields the second rejects what is spent; the first one's save clears that at the next run."""
    name = world.add(login_fields=False)
    second = SecondRun(world, name, held_until="it has ended")

    first = world.run()

    assert f"{name}: rejected: " in second.result().failure
    assert first.result["outcomes"] == {"refreshed": 1}
    world.clock.advance(10 * MINUTE)
    after = world.run()
    assert after.result["outcomes"] == {"refreshed": 1}  # saved late: tried, not trusted
    assert after.metrics["NeedsAttention"] == 0
    assert world.provider.is_live(world.document(name))


@pytest.mark.parametrize("provider_name", ["mcs"])
def test_a_provider_that_answers_both(world: World) -> None:
    """Where a refresh spends nothing, both are answered, and what is current is good for both."""
    assert isinstance(world.provider, Mcs)
    world.provider.rotates = False
    name = world.add()
    second = SecondRun(world, name, held_until="it has ended")

    first = world.run()

    assert first.raised is None
    assert second.result().raised is None
    assert world.provider.is_live(world.document(name))
    assert world.run().result["outcomes"] == {"refreshed": 1}  # two answers at once: tried, not trusted
    assert world.run().result["outcomes"] == {"fresh": 1}
