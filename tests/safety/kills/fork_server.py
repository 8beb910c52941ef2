"""The process that each function's process is forked from: everything is imported; no threads, no connections."""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import sys
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING
from unittest.mock import patch

import boto3

from tests.safety.kills import child
from tests.support.providers import PROVIDERS

if TYPE_CHECKING:
    from tests.safety.kills.child import Start


def serve(parent: Connection) -> None:
    """Starts one process after the other, until the parent closes the connection; sends each process's exit code."""
    fork = multiprocessing.get_context("fork")
    _warm_up()
    gc.freeze()  # what is here is here to stay: no child need copy it to count its references
    while True:
        try:
            start: Start = parent.recv()
        except EOFError:
            return
        process = fork.Process(target=child.serve, args=(start, parent))
        process.start()
        process.join()
        parent.send(process.exitcode)


def _warm_up() -> None:
    for kind in PROVIDERS.values():
        importlib.import_module(f"functions.{kind.module}.app")
    # Parsing AWS's models takes longer than a whole run; credentials and region are the same dummies for all.
    session = boto3.session.Session()
    session.client("secretsmanager")
    patch("boto3.session.Session", lambda: session).start()


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
