"""Setting up, building and deploying do not depend on the settings that a person has for pip and uv.

But for how packages are reached: here a company's mirror is all that there is, an index with one package.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
WHEEL = "only_there-1.0-py3-none-any.whl"
# What would send packages elsewhere, or let pip or uv refuse.
HOSTILE = {
    **dict.fromkeys(("PIP_USER", "PIP_REQUIRE_VIRTUALENV", "UV_SYSTEM_PYTHON", "UV_NO_BUILD"), "1"),
    **dict.fromkeys(("PIP_TARGET", "PIP_PREFIX", "UV_TARGET", "UV_PREFIX"), "/nowhere"),
    "PIP_NO_BINARY": ":all:",
    "PIP_QUIET": "3",
    "UV_NO_BINARY": "1",
}
OFF = dict.fromkeys(("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"), "")  # of this machine's own files


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """An index of one package: its address, and the package's hash."""
    root = tmp_path_factory.mktemp("mirror")
    wheel = root / "simple" / "only-there" / WHEEL
    wheel.parent.mkdir(parents=True)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("only_there.py", "")
        archive.writestr("only_there-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: only-there\nVersion: 1.0\n")
        archive.writestr(
            "only_there-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("only_there-1.0.dist-info/RECORD", "")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(root)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/simple", hashlib.sha256(wheel.read_bytes()).hexdigest()
    server.shutdown()
    server.server_close()


def _environment(home: Path, **more: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    return {**own, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "NO_PROXY": "127.0.0.1", **OFF, **HOSTILE, **more}


def _install(target: Path, environment: dict[str, str], package: str) -> subprocess.CompletedProcess[str]:
    script = ROOT / "layers" / "token_refresh" / "pip_install.py"
    command = [sys.executable, str(script), "--no-deps", "--target", str(target), package]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=100)


@pytest.mark.parametrize("where", ["a variable", "a file"])
def test_pip_finds_the_mirror_and_nothing_else(tmp_path: Path, mirror: tuple[str, str], where: str) -> None:
    """The file turns on what breaks a build, too, and makes pip say nothing."""
    url, _ = mirror
    config = tmp_path / "pip.conf"
    index = f"index-url = {url}\n" if where == "a file" else ""
    config.write_text(f"[global]\n{index}quiet = 3\nuser = true\n[install]\nprefix = /nowhere\nno-binary = :all:\n")
    more = {"PIP_CONFIG_FILE": str(config), **({"PIP_INDEX_URL": url} if where == "a variable" else {})}

    done = _install(tmp_path / "target", _environment(tmp_path, **more), "only-there")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "target" / "only_there.py").exists()


def test_without_a_network_pip_says_one_line(tmp_path: Path) -> None:
    """Not one for each time that it tried."""
    done = _install(
        tmp_path, _environment(tmp_path, PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_RETRIES="1"), "only-there"
    )
    assert done.returncode == 1
    assert done.stderr == (
        "pip cannot reach the package index: is there a network, or an index or proxy of your own to set?\n"
    )


def test_another_failure_is_said_by_pip(tmp_path: Path, mirror: tuple[str, str]) -> None:
    """It knows best."""
    done = _install(tmp_path, _environment(tmp_path, PIP_INDEX_URL=mirror[0]), "not-there")
    assert done.returncode == 1
    assert "No matching distribution found for not-there" in done.stderr


@pytest.mark.parametrize("variable", ["UV_DEFAULT_INDEX", "PIP_INDEX_URL"])
def test_make_setup_uses_the_mirror(tmp_path: Path, mirror: tuple[str, str], variable: str) -> None:
    """Whatever index the lock file names; another project's environment stays as it is."""
    url, digest = mirror
    [version] = re.findall(r"(?m)^uv_version := (.+)$", (ROOT / "Makefile").read_text())
    project, foreign = tmp_path / "project", tmp_path / "foreign"
    (project / ".tools").mkdir(parents=True)
    (project / ".tools" / f"uv-{version}").symlink_to(ROOT / ".tools" / f"uv-{version}")
    shutil.copy(ROOT / "Makefile", project)
    (project / "pyproject.toml").write_text(
        '[project]\nname = "p"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = ["only-there"]\n'
    )
    (project / "uv.lock").write_text(
        f'version = 1\nrequires-python = ">=3.11"\n[[package]]\nname = "only-there"\nversion = "1.0"\n'
        f'source = {{ registry = "https://packages.example.com/simple" }}\n'
        f'wheels = [{{ url = "https://packages.example.com/{WHEEL}", hash = "sha256:{digest}" }}]\n'
        f'[[package]]\nname = "p"\nversion = "0"\nsource = {{ virtual = "." }}\n'
        f'dependencies = [{{ name = "only-there" }}]\n'
    )
    foreign.mkdir()
    (foreign / "mine").write_text("")
    environment = _environment(tmp_path, **{variable: url}, UV_PROJECT_ENVIRONMENT=str(foreign))

    done = subprocess.run(
        ["make", "setup"], cwd=project, env=environment, capture_output=True, text=True, check=False, timeout=100
    )

    assert done.returncode == 0, done.stderr
    assert [*project.glob(".venv/lib/python*/site-packages/only_there.py")]
    assert [path.name for path in foreign.iterdir()] == ["mine"]


def test_without_a_build_nothing_is_deployed(tmp_path: Path) -> None:
    """SAM would upload the layer's source, and no function could start."""
    for name in ("samconfig.toml", "template.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    aws = {"AWS_ACCESS_KEY_ID": "dummy", "AWS_SECRET_ACCESS_KEY": "dummy", "AWS_DEFAULT_REGION": "us-east-1"}
    environment = {**os.environ, **aws, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "SAM_CLI_TELEMETRY": "0"}
    sam = Path(sys.executable).with_name("sam")

    done = subprocess.run(
        [sam, "deploy"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=100
    )

    assert done.returncode != 0
    assert f"Template file not found at {tmp_path}/.aws-sam/build/template.yaml" in done.stderr


def test_each_stack_has_a_folder_of_its_own() -> None:
    """`sam delete` deletes the folder of the code, whoever else's code is in it."""
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]
    assert settings["deploy"]["parameters"]["s3_prefix"] == settings["global"]["parameters"]["stack_name"]
    others = re.findall(r"sam deploy --stack-name (\S+)(.*)", (ROOT / "README.md").read_text())
    assert others
    assert all(rest.startswith(f" --s3-prefix {name}") for name, rest in others)
