"""An emulated AWS on loopback (ministack), started for one purpose and stopped with it.

It differs from AWS in ways that matter here, all of them read off ministack 1.5:

- Functions run as child processes, with the Python that runs the emulator.
- IAM policies are stored, not enforced; Lambda's event age and Scheduler's retry policy likewise.
- A `rate()` schedule first fires one whole rate after its creation, as seen by a sweep every 10 seconds.
- Every invocation writes a log stream of its own.
- A run that raises costs its execution environment, and its error's type is always `Runtime.HandlerError`.
- Its Secrets Manager overwrites a version whose token is used again, and leaves a label on the old version too when
  PutSecretValue puts it on a new one. The strict one of tests/support/secrets_manager is used in its place.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests
from boto3.session import Session
from botocore.config import Config

from tests.local_stack.processes import CommandError, last_lines, running

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

REGION = "us-east-1"
_READY_SECONDS = 60
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class EmulatedAws:
    """Where the emulator answers, and how to speak to it without touching anyone's real account."""

    url: str
    secrets_url: str
    log: Path
    session: Session

    @property
    def environment(self) -> dict[str, str]:
        """The variables that send AWS's tools to the emulator, and away from this person's own settings."""
        nowhere = str(self.log.parent / "no-such-file")
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": self.secrets_url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_CONFIG_FILE": nowhere,
            "AWS_SHARED_CREDENTIALS_FILE": nowhere,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    @property
    def config(self) -> Config:
        """What every client of the emulator is made with: no proxy, no second try."""
        return Config(
            proxies={},
            retries={"total_max_attempts": 1},
            connect_timeout=5,
            read_timeout=120,  # seconds
        )


@contextmanager
def emulated_aws(folder: Path, secrets_url: str) -> Iterator[EmulatedAws]:
    """Run the emulator with all of its state and its log in the given folder."""
    log = folder / "emulator.log"
    # The port is this socket's from the start, so two stacks starting at once cannot meet on one.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        command = [sys.executable, "-m", "hypercorn", "ministack.app:app", "--workers", "0"]
        with running(
            [*command, "--bind", f"fd://{listener.fileno()}"],
            environment=_environment(folder, secrets_url, port=listener.getsockname()[1]),
            folder=folder,
            log=log,
            keep_open=[listener.fileno()],
        ) as process:
            listener.close()
            _wait_until_ready(url, process, log)
            yield EmulatedAws(url, secrets_url, log, Session("test", "test", region_name=REGION))


def _environment(folder: Path, secrets_url: str, *, port: int) -> dict[str, str]:
    """Return only what the emulator needs: every function inherits it, so no proxy, no PYTHONPATH."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TMPDIR": str(folder),
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
        "GATEWAY_PORT": str(port),  # what functions are told to call
        "LAMBDA_EXECUTOR": "local",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": secrets_url,
        "DOCKER_HOST": f"unix://{folder}/no-docker",  # it would look for containers to clean up
        "SFTP_ENABLED": "0",  # fixed ports
        "IOT_MTLS_ENABLED": "0",  # the same
    }


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    with requests.Session() as session:
        session.trust_env = False  # a proxy of this person's has no business here
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise CommandError(f"the emulator ended at once{last_lines(log)}")
            try:
                if session.get(f"{url}/_ministack/ready", timeout=2).ok:
                    return
            except requests.RequestException:
                pass
            time.sleep(_POLL_SECONDS)
    raise CommandError(f"the emulator is not ready after {_READY_SECONDS} s{last_lines(log)}")
