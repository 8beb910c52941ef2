"""The real template, built and deployed with SAM: the same two commands as for a real account."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.local_stack.processes import CommandError, run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.local_stack.emulator import EmulatedAws

REPOSITORY = Path(__file__).resolve().parents[2]
STACK_NAME = "token-refresh"
_BUILD_SECONDS = 300  # pip fetches the layer's wheels
_DEPLOY_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Deployment:
    """One stack in the emulated account."""

    aws: EmulatedAws
    stack_name: str

    def function_name(self, logical_id: str) -> str:
        """Return the name that CloudFormation gave to a function."""
        client = self.aws.session.client("cloudformation", endpoint_url=self.aws.url, config=self.aws.config)
        answer = client.describe_stack_resource(StackName=self.stack_name, LogicalResourceId=logical_id)
        return answer["StackResourceDetail"]["PhysicalResourceId"]


def build(aws: EmulatedAws, folder: Path) -> Path:
    """Run `sam build` with everything it makes in the given folder; return the built template."""
    target = folder / "build"
    _sam(aws, folder, _BUILD_SECONDS, "build", "--template-file", "template.yaml", "--build-dir", str(target))
    return target / "template.yaml"


def deploy(
    aws: EmulatedAws,
    folder: Path,
    template: Path,
    parameters: Mapping[str, str],
    stack_name: str = STACK_NAME,
) -> Deployment:
    """Run `sam deploy` of a built template, with the committed samconfig.toml."""
    pairs = [f'{name}="{value}"' for name, value in parameters.items()]  # quoted: a rate has a space in it
    command = ["deploy", "--template-file", str(template), "--stack-name", stack_name, "--s3-prefix", stack_name]
    settings = str(REPOSITORY / "samconfig.toml")  # sam would look beside the built template
    _sam(aws, folder, _DEPLOY_SECONDS, *command, "--config-file", settings, "--parameter-overrides", *pairs)
    return Deployment(aws, stack_name)


def _sam(aws: EmulatedAws, folder: Path, seconds: float, command: str, *arguments: str) -> None:
    tools = str(Path(sys.executable).parent)
    if shutil.which("sam", path=tools) is None:
        raise CommandError(f"there is no sam in {tools}: `make setup` installs it, in .venv")
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {
        **own,
        **aws.environment,
        "PATH": os.pathsep.join([tools, os.environ["PATH"]]),
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "1",  # seconds; 5 unless told
        "__SAM_CLI_APP_DIR": str(folder / "sam"),  # its notes, kept out of the home folder
    }
    log = folder / f"sam-{command}.log"
    run([f"{tools}/sam", command, *arguments], environment=environment, folder=REPOSITORY, log=log, seconds=seconds)
