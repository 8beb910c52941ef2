"""A running copy of the whole project: emulated AWS, simulators, the deployed template."""

from __future__ import annotations

import base64
import json
import platform
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tests.local_stack.deployment import Deployment, build, deploy
from tests.local_stack.emulator import EmulatedAws, emulated_aws
from tests.support.providers import PROVIDERS, ProviderFacts
from tests.support.secrets_manager import StrictSecretsManager

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from mypy_boto3_secretsmanager import SecretsManagerClient

    from tests.support.simulators import Simulator


class Steps(Protocol):
    """Somewhere to say what is going on."""

    def step(self, text: str, /) -> AbstractContextManager[None]:
        """Show that something has begun, and on leaving that it is done."""


@dataclass(frozen=True, slots=True)
class Secret:
    """What a secret holds under AWSCURRENT."""

    version_id: str
    fields: dict[str, Any]

    def __repr__(self) -> str:
        return f"Secret({self.version_id})"


@dataclass(frozen=True, slots=True)
class Invocation:
    """What the console shows of a run."""

    result: Any  # JSON; the error's description if the run raised
    raised: bool
    log: str


@dataclass(frozen=True, slots=True)
class LocalStack:
    """The handle on everything that runs."""

    folder: Path
    template: Path
    aws: EmulatedAws
    deployment: Deployment
    simulators: Mapping[ProviderFacts, Simulator]

    @property
    def _secrets(self) -> SecretsManagerClient:
        return self.aws.session.client("secretsmanager", endpoint_url=self.aws.secrets_url, config=self.aws.config)

    def beside(self, deployment: Deployment) -> LocalStack:
        """Return the handle on another deployment in the same account."""
        return replace(self, deployment=deployment)

    def secret_name(self, provider: ProviderFacts) -> str:
        """Return the name of the provider's demonstration secret."""
        return f"{self.deployment.stack_name}/{provider.name}/demo"

    def create_secret(self, provider: ProviderFacts) -> Secret:
        """Open an account with the provider and store it, as a person would in the console."""
        account = self.simulators[provider].create_account()
        self._secrets.create_secret(Name=self.secret_name(provider), SecretString=json.dumps(account))
        return self.read(provider)

    def read(self, provider: ProviderFacts) -> Secret:
        """Read the provider's demonstration secret."""
        answer = self._secrets.get_secret_value(SecretId=self.secret_name(provider))
        return Secret(answer["VersionId"], json.loads(answer["SecretString"]))

    def is_live(self, provider: ProviderFacts) -> bool:
        """Tell whether the provider would accept the tokens that are stored now."""
        return self.simulators[provider].is_live(self.read(provider).fields)

    def invoke(self, provider: ProviderFacts, event: object) -> Invocation:
        """Invoke the provider's function and wait for it, as the console's Test tab does."""
        client = self.aws.session.client("lambda", endpoint_url=self.aws.url, config=self.aws.config)
        answer = client.invoke(
            FunctionName=self.deployment.function_name(provider.function),
            LogType="Tail",
            Payload=json.dumps(event).encode(),
        )
        log = base64.b64decode(answer.get("LogResult", "")).decode()
        return Invocation(json.load(answer["Payload"]), "FunctionError" in answer, log)

    def log_group(self, provider: ProviderFacts) -> str:
        """Return the name of the log group that the provider's function writes to."""
        functions = self.aws.session.client("lambda", endpoint_url=self.aws.url, config=self.aws.config)
        name = self.deployment.function_name(provider.function)
        return functions.get_function_configuration(FunctionName=name)["LoggingConfig"]["LogGroup"]

    def log_lines(self, provider: ProviderFacts) -> list[str]:
        """Read what the provider's function has logged so far, oldest first."""
        logs = self.aws.session.client("logs", endpoint_url=self.aws.url, config=self.aws.config)
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=self.log_group(provider))
        return [event["message"].rstrip("\n") for page in pages for event in page["events"]]

    def secret_values(self) -> set[str]:
        """Return every secret value that took part so far."""
        return {value for simulator in self.simulators.values() for value in simulator.issued}


@contextmanager
def local_stack(steps: Steps, *, log_level: str = "INFO") -> Iterator[LocalStack]:
    """Start everything, hand it over, and stop and remove everything, whatever happened."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="token-refresh-")))
        with steps.step("Starting the providers' simulators and an emulated AWS"):
            simulators = {provider: stack.enter_context(provider.simulator()) for provider in PROVIDERS.values()}
            secrets = stack.enter_context(StrictSecretsManager())
            aws = stack.enter_context(emulated_aws(folder, secrets.url))
        with steps.step("Building the layer (sam build)"):
            template = build(aws, folder)
        with steps.step("Deploying template.yaml (sam deploy)"):
            urls = {provider: simulator.url for provider, simulator in simulators.items()}
            deployment = deploy(aws, folder, template, parameters(urls, log_level))
        yield LocalStack(folder, template, aws, deployment, simulators)


def parameters(urls: Mapping[ProviderFacts, str], log_level: str = "INFO") -> dict[str, str]:
    """Return the template's parameters for simulators at the given addresses and the shortest tick."""
    machine = "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"
    values = {"Schedule": "rate(1 minute)", "LogLevel": log_level, "Architecture": machine}
    for provider, url in urls.items():
        values[f"{provider.template_stem}BaseUrl"] = url
        values[f"{provider.template_stem}AllowPlainHttp"] = "true"
    return values
