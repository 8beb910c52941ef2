"""Runs `pip install` with a person's index, proxy and certificates, and with none of their other settings.

Their environment, and pip's configuration files, can turn anything on: `user`, `target`, `no-binary` and many more.
Give this the same arguments as `pip install`.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys

# How packages are reached, as pip spells it.
_KEPT = (
    *("index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "keyring-provider", "cache-dir"),
    *("proxy", "cert", "client-cert", "timeout", "default-timeout", "retries"),
)
_NOT_REACHED = re.compile(
    "NewConnection|ConnectTimeout|ReadTimeout|ConnectionReset|RemoteDisconnected|NameResolution|ProxyError|SSLError"
)


def main(arguments: list[str]) -> int:
    """Return pip's exit status. Says nothing unless it fails."""
    done = _pip(["install", *arguments], _environment())
    if done.returncode:
        said = done.stderr.strip()
        if _NOT_REACHED.search(said):
            said = "pip cannot reach the package index: is there a network, or an index or proxy of your own to set?"
        sys.stderr.write(f"{said}\n")
    return done.returncode


def _environment() -> dict[str, str]:
    settings = {_variable(key): value for key, value in _settings().items()}
    # As variables, not as options: an older pip ignores those that it does not know.
    ours = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore", "PIP_QUIET": "1"}
    return {**_without_pip(), **settings, **ours, "PIP_CONFIG_FILE": os.devnull}


def _settings() -> dict[str, str]:
    """Return what the person's files, and then variables, say of `_KEPT`."""
    file = {name: os.environ[name] for name in ("PIP_CONFIG_FILE",) if name in os.environ}
    # A file may make pip quiet, or have it read one of the files only.
    all_of_it = {"PIP_QUIET": "0", "PIP_USER": "0", "PIP_GLOBAL": "0", "PIP_SITE": "0"}
    listed = _pip(["config", "list"], {**_without_pip(), **all_of_it, **file}).stdout
    found = {}
    for section in ("global", "install"):  # the later one counts
        for key, value in re.findall(rf"(?m)^{section}\.([a-z-]+)=(.+)$", listed):
            found[key] = " ".join(str(ast.literal_eval(value)).split())
    found |= {key: os.environ[_variable(key)] for key in _KEPT if _variable(key) in os.environ}
    return {key: found[key] for key in _KEPT if key in found}


def _variable(key: str) -> str:
    return "PIP_" + key.upper().replace("-", "_")


def _without_pip() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}


def _pip(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - from the Makefiles


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
