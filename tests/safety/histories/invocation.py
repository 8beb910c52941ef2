"""One run, or two at once, as the invariants look at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.safety.histories.scheduler import Run


class Broken(AssertionError):
    """An invariant was not kept."""

    def __init__(self, invariant: str, details: str) -> None:
        super().__init__(f"{invariant}: {details}")
        self.invariant = invariant


class Second(NamedTuple):
    """Another run, which begins at a step of the first; the schedule's bits say when turns are passed on."""

    step: int
    event: Mapping[str, Any]
    schedule: int


@dataclass(slots=True)
class Invocation:
    """What one run, or two at once, and all that happened meanwhile, came to."""

    sweep: bool
    plain: bool  # AWS, clock and reads in order, nothing planned in the middle, no second run
    undisturbed: bool  # the same, with a second run perhaps
    runs: list[Run] = field(default_factory=list)
    edited: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)  # secrets whose session was ended, or replaced by a person
    live: set[str] = field(default_factory=set)  # secrets whose session lived at the beginning
    labelled: set[str] = field(default_factory=set)  # secrets that were labelled REJECTED or UNCLEAR at the beginning
    presented: set[str] = field(default_factory=set)
    killed: bool = False
    lost_an_answer: bool = False
    clock_set: bool = False
    metrics: dict[str, float] = field(default_factory=dict)
