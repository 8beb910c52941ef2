"""Interrupts a run between two of its calls to Secrets Manager: a person saves, or AWS fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.secrets_manager import Call
    from tests.support.world import World


def is_proof(step: Step) -> bool:
    """Says whether a call is a proof."""
    return step.operation == "PutSecretValue" and step.labels == ("AWSPENDING",)


def is_save(step: Step) -> bool:
    """Says whether a call stores new tokens."""
    return step.operation == "PutSecretValue" and "ISSUED" in step.labels


def is_look(step: Step) -> bool:
    """Says whether a call reads AWSCURRENT."""
    return step.operation == "GetSecretValue" and step.labels == ("AWSCURRENT",)


def is_promotion(step: Step) -> bool:
    """Says whether a call makes new tokens current."""
    return step.operation == "UpdateSecretVersionStage" and step.labels == ("AWSCURRENT",)


def before(world: World, matches: Callable[[Step], bool], act: Callable[[], object], *, nth: int = 1) -> None:
    """Does something once, just before Secrets Manager acts on the nth such call."""
    world.store.before_call = _once(world, matches, act, nth)


def after(world: World, matches: Callable[[Step], bool], act: Callable[[], object], *, nth: int = 1) -> None:
    """Does something once, just after Secrets Manager has acted on the nth such call, before it answers."""
    world.store.after_call = _once(world, matches, act, nth)


def _once(world: World, matches: Callable[[Step], bool], act: Callable[[], object], nth: int) -> Callable[[Call], None]:
    seen = 0

    def hook(call: Call) -> None:
        nonlocal seen
        if matches(Step.of(call)):
            seen += 1
            if seen == nth:
                world.clock.advance(1)  # a person takes time
                act()

    return hook
