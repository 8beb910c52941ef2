"""`sam local invoke` in a container, against the stack that runs here.

Two things keep the plain command from working. SAM hands a container only the variables that the template declares
(--env-vars changes those and adds none), and the project's template has no reason to declare an AWS endpoint. And a
container has a loopback of its own (SAM CLI 1.167 ignores `--docker-network host`). So the container gets a copy of
the built template whose parameters default to the values deployed, whose functions all declare an endpoint, and whose
addresses name the machine as Docker Desktop does; Docker on Linux learns that name from --add-host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HOST = "host.docker.internal"


def write_template(built: Path, parameters: Mapping[str, str], endpoint: str) -> Path:
    """Write the copy beside the built template, whose relative paths it shares."""
    template = yaml.safe_load(built.read_text(encoding="utf-8"))
    for name, value in parameters.items():
        template["Parameters"][name]["Default"] = value
    # Not AWS_ENDPOINT_URL: a shell that talks to the stack has both, SAM lets a shell's win, and only this is unset.
    template["Globals"]["Function"]["Environment"]["Variables"]["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = endpoint
    copy = built.with_name("container.yaml")
    copy.write_text(yaml.safe_dump(template, sort_keys=False), encoding="utf-8")
    return copy


def sam_local_invoke(function: str, template: Path, event: Path) -> str:
    """Return the command that runs a function in a container of this machine's Docker."""
    arguments = f"{function} -t {template} --add-host {HOST}:host-gateway -e {event}"
    return f"env -u AWS_ENDPOINT_URL_SECRETS_MANAGER sam local invoke {arguments}"
