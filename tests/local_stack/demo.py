"""The demonstration: one function invoked as the console would, the timer left to do the others."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.local_stack.processes import last_lines
from tests.support.leaks import leaked
from tests.support.providers import MCS, PROVIDERS, ProviderFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.local_stack.stack import Invocation, LocalStack, Secret
    from tests.local_stack.terminal import Terminal

CONSOLE_TEST_EVENT = {"key1": "value1", "key2": "value2", "key3": "value3"}
_TIMER_SECONDS = 120  # a first tick comes 60 to 70 seconds after the deployment
_POLL_SECONDS = 1
# Every outcome of a secret that was not simply fresh; each is a metric of that name.
_OUTCOMES = {
    "refreshed",
    "logged_in",
    "superseded",
    "deferred",
    "transient",
    "denied",
    "rejected",
    "invalid_secret",
    "unreadable",
    "not_stored",
}


@dataclass(frozen=True, slots=True)
class Rotation:
    """What became of one secret."""

    provider: ProviderFacts
    secret_name: str
    before: Secret
    after: Secret
    by: str  # "console", "timer" or, if it was not rotated, ""
    outcome: str


def demonstrate(stack: LocalStack, terminal: Terminal) -> list[str]:
    """Rotate one secret a provider, show what happened, and return what is wrong with it."""
    with terminal.step("Creating a secret for each provider"):
        before = {provider: stack.create_secret(provider) for provider in PROVIDERS.values()}
    with terminal.step(f"Invoking {MCS.function} with the console's default test event"):
        invocation = stack.invoke(MCS, CONSOLE_TEST_EVENT)
    by_hand = rotated(stack, before)
    with terminal.step("Waiting for the timer to do the others (about a minute)"):
        wait_until_reported(stack, PROVIDERS.values())
    logs = {provider: stack.log_lines(provider) for provider in PROVIDERS.values()}
    rotations = [
        Rotation(
            provider,
            stack.secret_name(provider),
            first,
            after := stack.read(provider),
            _by(changed=after.version_id != first.version_id, by_hand=provider in by_hand),
            outcome(logs[provider]),
        )
        for provider, first in before.items()
    ]
    problems = [*_unrotated(rotations), *_not_live(stack)]
    if leaks := leaked(_everything_printed(stack, invocation, logs), stack.secret_values()):
        problems.append(f"{leaks} secret values are in the logs or results, which are therefore not shown")
    terminal.rotations(rotations)
    if not leaks:
        terminal.heading(f"{MCS.function}, as the console shows it")
        terminal.say(json.dumps(invocation.result, indent=2, ensure_ascii=False))
        terminal.logs(logs)
        if problems:  # a function that cannot even start is heard of nowhere else
            terminal.heading("The emulator's own log ends with")
            terminal.say(last_lines(stack.aws.log))
    terminal.verdict(problems)
    return problems


def rotated(stack: LocalStack, before: Mapping[ProviderFacts, Secret]) -> set[ProviderFacts]:
    """Return the providers whose secret has changed since."""
    return {provider for provider, first in before.items() if stack.read(provider).version_id != first.version_id}


def wait_until_reported(stack: LocalStack, providers: Iterable[ProviderFacts]) -> None:
    """Return when every function's log tells of a secret's end, or when the timer has had its time."""
    deadline = time.monotonic() + _TIMER_SECONDS
    waiting = set(providers)
    while waiting and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        waiting = {provider for provider in waiting if not outcome(stack.log_lines(provider))}


def outcome(lines: Iterable[str]) -> str:
    """Return how a function's secrets ended, other than fresh, from the metrics in its log."""
    entries = [json.loads(line) for line in lines if line.startswith("{")]
    names = {name: None for entry in entries if "_aws" in entry for name in entry if name in _OUTCOMES}
    return ", ".join(names)


def _by(*, changed: bool, by_hand: bool) -> str:
    return ("console" if by_hand else "timer") if changed else ""


def _unrotated(rotations: Iterable[Rotation]) -> list[str]:
    found = list(rotations)
    problems = [f"{rotation.secret_name} was not rotated" for rotation in found if not rotation.by]
    if "timer" not in {rotation.by for rotation in found}:
        problems.append("the timer rotated nothing")
    return problems


def _not_live(stack: LocalStack) -> list[str]:
    return [
        f"{provider.name} would not accept what is stored in {stack.secret_name(provider)}"
        for provider in PROVIDERS.values()
        if not stack.is_live(provider)
    ]


def _everything_printed(
    stack: LocalStack, invocation: Invocation, logs: Mapping[ProviderFacts, Iterable[str]]
) -> list[str]:
    return [
        json.dumps(invocation.result, ensure_ascii=False),
        invocation.log,
        stack.aws.log.read_text(encoding="utf-8", errors="replace"),
        *(line for lines in logs.values() for line in lines),
    ]
