"""One deployment of the real template, and what happened on it."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.local_stack.demo import CONSOLE_TEST_EVENT, rotated, wait_until_reported
from tests.local_stack.stack import Invocation, LocalStack, Secret, local_stack
from tests.support.providers import MCS, PROVIDERS, ProviderFacts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


class _Silent:
    def step(self, _text: str, /) -> AbstractContextManager[None]:
        return nullcontext()


@dataclass(frozen=True, slots=True)
class Story:
    """A secret a provider; one function invoked by hand; the others left to the timer."""

    before: dict[ProviderFacts, Secret]
    by_hand: Invocation
    after_hand: set[ProviderFacts]  # rotated before the timer could have been
    after: dict[ProviderFacts, Secret]


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """Deploy once, with everything logged that can be."""
    with local_stack(_Silent(), log_level="DEBUG") as running:
        yield running


@pytest.fixture(scope="session")
def story(stack: LocalStack) -> Story:
    """Let a minute pass on the deployed stack."""
    before = {provider: stack.create_secret(provider) for provider in PROVIDERS.values()}
    by_hand = stack.invoke(MCS, CONSOLE_TEST_EVENT)
    after_hand = rotated(stack, before)
    wait_until_reported(stack, PROVIDERS.values())
    return Story(before, by_hand, after_hand, {provider: stack.read(provider) for provider in PROVIDERS.values()})
