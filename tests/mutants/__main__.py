"""Runs the quick tests against each mutant of a sample. Exit status 1: too many survive."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from tests.mutants.sample import Mutant, sample

SEED = "token-refresh"
SIZE = int(os.environ.get("MUTANTS", "300"))
PROCESSES = 2
TARGET = 0.95
SLOWER = 3  # so many times as long as the unchanged code, and a minute, before a mutant counts as hanging

COPIED = ("events", "functions", "layers", "tests", "pyproject.toml", "samconfig.toml", "template.yaml")
# What tests the doubles and not the code.
DOUBLES = ("test_leak_scan", "test_simulator", "test_strict_secrets_manager")
# Of the functions' tests, what goes through most of the code.
BROAD = ("outcomes", "recovery", "rejected", "saving", "due")


def main() -> int:
    """Print the survivors and the share killed."""
    with TemporaryDirectory() as place:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(PROCESSES):
            trees.put(_copy(Path(place, str(number))))
        tree = trees.get()
        limit = _time_unchanged(tree)
        trees.put(tree)
        sampled = sample(SEED, SIZE)
        harmless = tomllib.loads(Path(__file__).with_name("harmless.toml").read_text())["mutant"]
        known = {(one["file"], one["was"], one["becomes"]) for one in harmless}
        chosen = [one for one in sampled if not known & {(one.file, *_change(one)), ("*", *_change(one))}]
        print(f"{len(sampled)} mutants, {len(sampled) - len(chosen)} of them harmless: left out", flush=True)
        with ThreadPoolExecutor(PROCESSES) as pool:
            killed = list(pool.map(lambda numbered: _try(trees, numbered[0], numbered[1], limit), enumerate(chosen, 1)))
    share = sum(killed) / len(killed)
    print(f"{sum(killed)} of {len(killed)} killed: {share:.1%}")
    return int(share < TARGET)


def _copy(tree: Path) -> Path:
    tree.mkdir()
    for name in COPIED:
        copy = shutil.copytree if Path(name).is_dir() else shutil.copy2
        copy(name, tree / name)
    return tree


def _time_unchanged(tree: Path) -> float:
    """Return the time limit of a step. Exits if a test fails without a mutant."""
    started = time.monotonic()
    if _fails(tree, _quick(tree), None):
        sys.exit("a quick test fails without a mutant")
    return SLOWER * (time.monotonic() - started) + 60


def _quick(tree: Path) -> list[str]:
    files = [*sorted(tree.glob("tests/unit/test_*.py")), *sorted(tree.glob("tests/functions/**/test_*.py"))]
    return [str(file.relative_to(tree)) for file in files if not file.name.startswith(DOUBLES)]


def _try(trees: SimpleQueue[Path], number: int, mutant: Mutant, limit: float) -> bool:
    """Tell whether a test fails, or takes too long."""
    tree = trees.get()
    changed, original = tree / mutant.file, Path(mutant.file)
    changed.write_text(mutant.code)
    os.utime(changed, (number, number))  # Python compiles a file anew if its time has changed
    try:
        killed = any(_fails(tree, files, limit) for files in _steps(tree, mutant) if files)
    finally:
        shutil.copy2(original, changed)
        trees.put(tree)
    if not killed:
        print(f"{mutant.file}:{mutant.line}\n  - {mutant.was}\n  + {mutant.becomes}", flush=True)
    return killed


def _steps(tree: Path, mutant: Mutant) -> list[list[str]]:
    """Return the quick tests, those first that are likeliest to fail: each step is a run of pytest."""
    module = Path(mutant.file).stem
    quick = _quick(tree)
    own = [file for file in quick if Path(file).name == f"test_{module}.py"]
    near = [file for file in quick if file not in own and f"token_refresh.{module} " in (tree / file).read_text()]
    broad = [f"tests/functions/test_{name}.py" for name in BROAD]
    broad = [file for file in broad if file in quick and file not in near]
    return [[*own, *near], broad, [file for file in quick if file not in {*own, *near, *broad}]]


def _fails(tree: Path, files: list[str], limit: float | None) -> bool:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--quiet",
        "--exitfirst",
        "-m",
        "not slow",
        "-p",
        "no:cacheprovider",
        *files,
    ]
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(tree / "pycache")}
    with subprocess.Popen(
        command,
        cwd=tree,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # so that its own processes end with it
    ) as tests:
        try:
            return tests.wait(limit) != 0
        except subprocess.TimeoutExpired:
            os.killpg(tests.pid, signal.SIGKILL)
            return True


def _change(mutant: Mutant) -> tuple[str, str]:
    return mutant.was, mutant.becomes


if __name__ == "__main__":
    sys.exit(main())
