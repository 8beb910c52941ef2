"""The real template, deployed: the timer, a person, and nothing shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.local_stack.deployment import deploy
from tests.local_stack.stack import parameters
from tests.support.leaks import leaked
from tests.support.providers import EKUAIBAO, FASHION_WORLD, MCS, PROVIDERS, ProviderFacts

if TYPE_CHECKING:
    from tests.deployed.conftest import Story
    from tests.local_stack.stack import LocalStack

pytestmark = pytest.mark.timeout(400)  # the build, the deployment and the timer's minute


def test_the_console_shows_the_documented_result(stack: LocalStack, story: Story) -> None:
    """A run by hand with the console's default test event sweeps, and says what became of each secret."""
    name = stack.secret_name(MCS)
    expires = story.after[MCS].fields["expiresAt"]
    assert not story.by_hand.raised
    assert story.by_hand.result == {
        "provider": "mcs",
        "outcomes": {"refreshed": 1},
        "secrets": [{"name": name, "outcome": "refreshed", "expires_at": expires, "error": None}],
    }
    assert story.after_hand == {MCS}


@pytest.mark.parametrize("provider", [FASHION_WORLD, EKUAIBAO], ids=lambda provider: provider.name)
def test_the_timer_rotates_a_token(story: Story, provider: ProviderFacts) -> None:
    """A secret that nobody touched holds new tokens a tick later."""
    before, after = story.before[provider].fields, story.after[provider].fields
    assert story.before[provider].version_id != story.after[provider].version_id
    assert {name for name in provider.tokens if before[name] == after[name]} == set()


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda provider: provider.name)
def test_what_is_stored_is_what_the_provider_accepts(stack: LocalStack, story: Story, provider: ProviderFacts) -> None:
    """The stored tokens are the live ones, and every other field of the secret is as it was."""
    before, after = story.before[provider].fields, story.after[provider].fields
    assert stack.is_live(provider)
    assert [name for name in before if name not in provider.tokens and before[name] != after[name]] == []


def test_the_timer_leaves_fresh_tokens_alone(stack: LocalStack, story: Story) -> None:
    """A secret that was rotated by hand is fresh at the next sweep."""
    assert stack.invoke(MCS, {}).result == {"provider": "mcs", "outcomes": {"fresh": 1}, "secrets": []}
    assert stack.read(MCS).version_id == story.after[MCS].version_id


def test_one_secret_can_be_forced(stack: LocalStack, story: Story) -> None:
    """An event with a secret's name and force refreshes that secret though it is fresh."""
    invocation = stack.invoke(EKUAIBAO, {"secret_id": stack.secret_name(EKUAIBAO), "force": True})
    assert invocation.result["outcomes"] == {"refreshed": 1}
    assert stack.read(EKUAIBAO).version_id != story.after[EKUAIBAO].version_id
    assert stack.is_live(EKUAIBAO)


@pytest.mark.usefixtures("story")
def test_another_functions_secret_is_refused(stack: LocalStack) -> None:
    """A run that is asked for a secret outside its own prefix fails, and no provider is asked."""
    asked = len(stack.simulators[EKUAIBAO].requests)
    invocation = stack.invoke(EKUAIBAO, {"secret_id": stack.secret_name(MCS)})
    assert invocation.raised
    assert f"{stack.deployment.stack_name}/{EKUAIBAO.name}/" in invocation.result["errorMessage"]
    assert len(stack.simulators[EKUAIBAO].requests) == asked


@pytest.mark.usefixtures("story")
def test_two_copies_live_side_by_side(stack: LocalStack) -> None:
    """A second copy in the same account and region deploys, and keeps to secrets under its own name."""
    urls = {provider: simulator.url for provider, simulator in stack.simulators.items()}
    options = {**parameters(urls), "ScheduleState": "DISABLED"}
    second = deploy(stack.aws, stack.folder, stack.template, options, stack_name="token-refresh-second")
    names = {copy.function_name(MCS.function) for copy in (stack.deployment, second)}
    assert len(names) == 2
    assert stack.beside(second).invoke(MCS, {}).result == {"provider": "mcs", "outcomes": {}, "secrets": []}


def test_nothing_shown(stack: LocalStack, story: Story) -> None:
    """No value that took part is in the functions' logs, the emulator's or a result, at the level DEBUG."""
    printed = [json.dumps(story.by_hand.result), story.by_hand.log, stack.aws.log.read_text(encoding="utf-8")]
    printed += [line for provider in PROVIDERS.values() for line in stack.log_lines(provider)]
    assert leaked(printed, stack.secret_values()) == 0
