"""How much memory a function's process needs whose 32 workers all get the same huge answer."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.function import environment
from tests.support.process import run_as_lambda
from tests.support.providers import PROVIDERS
from tests.support.secrets_manager import StrictSecretsManager
from tests.unit.wire import WireServer

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_MB = 256  # as in the template
_WORKERS = 32  # the most that can be set
_TEMPLATE = Path(__file__).parents[3] / "template.yaml"
_CGROUPS = Path("/sys/fs/cgroup")
_SCRIPT = """
import os, re, sys
if sys.argv[1]:
    open(sys.argv[1] + "/cgroup.procs", "w").write(str(os.getpid()))
import app

try:
    app.lambda_handler({}, Context())
except Exception as error:
    print(re.search("([0-9]+) of ([0-9]+) secrets failed", str(error))[1], file=sys.stderr)
print(re.search("VmHWM:\\\\s*([0-9]+) kB", open("/proc/self/status").read())[1], file=sys.stderr)
"""


def peak_of_all_at_once(sent: bytes, document: dict[str, Any]) -> int:
    """Returns MB. The secrets are like this one.

    Where this machine lets us set a limit, the process is killed if it outgrows what Lambda gives it.
    """
    kind = PROVIDERS["ekuaibao"]
    with StrictSecretsManager() as store, WireServer(sent) as provider, _limit(LIMIT_MB) as group:
        for number in range(_WORKERS):
            own = {key: f"{value}-{number}" for key, value in document.items()}  # or they would be one account
            store.create(f"token-refresh/{kind.name}/{number}", own)
        more = {**store.environment, "MAX_WORKERS": str(_WORKERS), "POWERTOOLS_LOG_LEVEL": "INFO", **_malloc()}
        ended = run_as_lambda(kind, _SCRIPT, environment(kind, provider.url, **more), group)
    assert ended.returncode == 0, ended.stderr[-1000:] or f"killed by signal {-ended.returncode}: too much memory"
    failed, kilobytes = ended.stderr.splitlines()[-2:]
    assert int(failed) == _WORKERS
    return int(kilobytes) // 1024


def _malloc() -> dict[str, str]:
    """Returns how the template tells the C library to use memory."""
    return dict(re.findall(r'(?m)^ +(MALLOC_\w+): "(\d+)"', _TEMPLATE.read_text()))


@contextlib.contextmanager
def _limit(megabytes: int) -> Iterator[str]:
    """Makes a control group with this limit; yields its folder, or "" where that is not allowed."""
    group, limit = _CGROUPS / f"token-refresh-test-{os.getpid()}", "memory.max"
    if (_CGROUPS / "memory").is_dir():  # the older kind
        group, limit = _CGROUPS / "memory" / group.name, "memory.limit_in_bytes"
    made = False
    try:
        group.mkdir()
        made = True
        (group / limit).write_text(str(megabytes * 1024 * 1024))
    except OSError:
        if made:
            group.rmdir()
        made = False
    try:
        yield str(group) if made else ""
    finally:
        if made:
            group.rmdir()
