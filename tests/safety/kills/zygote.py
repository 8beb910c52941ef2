"""The process that runs are forked from: everything imported, no threads, no connections."""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import sys
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING
from unittest.mock import patch

import boto3

from tests.safety.kills import container
from tests.support.providers import PROVIDERS

if TYPE_CHECKING:
    from tests.safety.kills.container import Start


def serve(line: Connection) -> None:
    """Starts one container after the other, until the other end hangs up; tells how each process ended."""
    fork = multiprocessing.get_context("fork")
    _warm_up()
    gc.freeze()  # what is here is here to stay: no child need copy it to count its references
    while True:
        try:
            start: Start = line.recv()
        except EOFError:
            return
        process = fork.Process(target=container.live, args=(start, line))
        process.start()
        process.join()
        line.send(process.exitcode)


def _warm_up() -> None:
    for kind in PROVIDERS.values():
        importlib.import_module(f"functions.{kind.module}.app")
    # Parsing AWS's models takes longer than a whole run; credentials and region are the same dummies for all.
    session = boto3.session.Session()
    session.client("secretsmanager")
    patch("boto3.session.Session", lambda: session).start()


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
