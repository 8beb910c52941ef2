"""A function in a process of its own, which imports `app` as Lambda's does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.providers import ProviderFacts

_ROOT = Path(__file__).parents[2]
_CONTEXT = """
class Context:
    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self):
        return 540_000
"""


def run_as_lambda(
    kind: ProviderFacts, script: str, environment: Mapping[str, str], *arguments: str, options: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Runs a script that can import `app` and has a class Context, with this environment only; options are Python's."""
    folders = (f"functions/{kind.module}", "layers/token_refresh")
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPYCACHEPREFIX") if name in os.environ}
    return subprocess.run(
        [sys.executable, *options, "-c", _CONTEXT + script, *arguments],
        env={**inherited, "PYTHONPATH": os.pathsep.join(str(_ROOT / folder) for folder in folders), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
