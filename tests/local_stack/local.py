"""The stack left running, and the commands to try on it."""

from __future__ import annotations

import os
import shlex
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tests.local_stack.container import sam_local_invoke, write_template
from tests.local_stack.deployment import REPOSITORY
from tests.local_stack.relay import seen_from_containers
from tests.local_stack.stack import parameters
from tests.support.providers import MCS, PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_stack.stack import LocalStack
    from tests.local_stack.terminal import Terminal
    from tests.support.providers import ProviderFacts


def leave_running(stack: LocalStack, terminal: Terminal) -> None:
    """Print what to try next, and wait for Ctrl-C."""
    environment = _write_environment(stack)
    with ExitStack() as relays:
        chapters = {
            "What a secret holds, and which version has which label": _reading(stack),
            "Invoke as the console does; what the functions log": _invoking(stack),
            "In a container, with the real runtime": _in_a_container(stack, relays),
            "Make a provider misbehave for its next request, then force a refresh": _misbehaving(stack),
        }
        terminal.heading("Running until Ctrl-C. In another terminal:")
        terminal.say(f"cd {shlex.quote(str(REPOSITORY))} && . {shlex.quote(str(environment))}")
        for title, commands in chapters.items():
            terminal.say(f"\n# {title}")
            for command in commands:
                terminal.say(command)
        terminal.say()
        threading.Event().wait()


def events(provider: ProviderFacts) -> list[Path]:
    """Return the sample events that fit a provider, relative to the repository."""
    folder = REPOSITORY / "events"
    found = [*folder.glob("*.json"), *(folder / provider.name).glob("*.json")]
    return [path.relative_to(REPOSITORY) for path in sorted(found)]


def _write_environment(stack: LocalStack) -> Path:
    """Write a file for a shell to read: the tools on the PATH, and AWS being this stack."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in stack.aws.environment.items()]
    tools = Path(sys.executable).parent
    path = stack.folder / "environment"
    path.write_text(
        "\n".join(["unset AWS_PROFILE AWS_SESSION_TOKEN", f'export PATH="{tools}{os.pathsep}$PATH"', *lines, ""]),
        encoding="utf-8",
    )
    return path


def _reading(stack: LocalStack) -> Iterator[str]:
    aws = f"aws --endpoint-url {stack.aws.secrets_url} secretsmanager"
    for provider in PROVIDERS.values():
        name = stack.secret_name(provider)
        yield f"{aws} get-secret-value --secret-id {name} --query SecretString --output text"
        yield f"{aws} list-secret-version-ids --secret-id {name}"


def _invoking(stack: LocalStack) -> Iterator[str]:
    aws = f"aws --endpoint-url {stack.aws.url}"
    for provider in PROVIDERS.values():
        name, group = stack.deployment.function_name(provider.function), stack.log_group(provider)
        yield f"{aws} lambda invoke --function-name {name} /dev/stdout"
        yield f"{aws} logs filter-log-events --log-group-name {group} --query 'events[].[message]' --output text"


def _in_a_container(stack: LocalStack, relays: ExitStack) -> Iterator[str]:
    urls = {
        provider: relays.enter_context(seen_from_containers(simulator.url))
        for provider, simulator in stack.simulators.items()
    }
    endpoint = relays.enter_context(seen_from_containers(stack.aws.secrets_url))
    values = {**parameters(urls), "SecretPrefix": stack.deployment.stack_name}
    template = write_template(stack.template, values, endpoint)
    for provider in PROVIDERS.values():
        for event in events(provider):
            yield sam_local_invoke(provider.function, template, event)


def _misbehaving(stack: LocalStack) -> Iterator[str]:
    name = stack.deployment.function_name(MCS.function)
    for mood in ("service_unavailable", "echo_credentials", "drop_after"):
        yield f"""curl -d '{{"mood": "{mood}", "times": 1}}' {stack.simulators[MCS].url}/_mood"""
        yield (
            f"aws --endpoint-url {stack.aws.url} lambda invoke --function-name {name} "
            "--payload fileb://events/mcs/one-secret-forced.json /dev/stdout"
        )
