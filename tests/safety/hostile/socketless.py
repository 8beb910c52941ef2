"""One function with its real code and SDK, but without sockets, so that thousands of runs are quick."""

from __future__ import annotations

import io
import json
import logging
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from tests.safety.hostile.exceptions import chain
from tests.safety.outcomes import NEED_A_HUMAN
from tests.safety.wiring import clients_with, operation_of, wire
from tests.support.clock import Context, FakeClock
from tests.support.function import RUN_SECONDS, cold_start, environment
from tests.support.secrets_manager import StrictSecretsManager
from tests.support.secrets_manager.errors import ServiceError
from token_refresh.transport import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.awsrequest import AWSPreparedRequest

    from tests.support.providers import ProviderFacts
    from tests.support.secrets_manager import Version

RAISING = NEED_A_HUMAN | {"transient"}
OUTCOMES = RAISING | {"fresh", "refreshed", "logged_in", "superseded", "deferred"}
LONGEST_LINE = 1_000  # characters of a failure: a message of 200, codes, and our own words
_NOWHERE = "https://provider.invalid"
_LINE_BEFORE = "1 of 1 secrets failed: "


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run with one secret ended."""

    name: str
    outcome: str
    reason: str | None
    before: Version
    after: Version
    kept: bytes | None
    asked: int  # times
    seconds: float  # of this process's computing: a busy machine does not make them more
    output: str  # on every channel

    @property
    def untouched(self) -> bool:
        """Whether AWSCURRENT is what it was, byte for byte."""
        return (self.before.id, self.before.value) == (self.after.id, self.after.value)


class SocketlessFunction:
    """A function, the store behind it, and what its provider answers: each answer once, the last one for ever."""

    def __init__(self, kind: ProviderFacts, store: StrictSecretsManager, clock: FakeClock) -> None:
        """Is made by `socketless`."""
        self.kind, self.store, self.clock = kind, store, clock
        self.prefix = f"token-refresh/{kind.name}/"
        self.answers: list[tuple[int, bytes]] = []
        self.asked = 0
        self.function: Any = None
        self.printed = io.StringIO()
        self.records = io.StringIO()
        self._made = 0

    def add(self, value: Mapping[str, Any] | str | bytes) -> str:
        """Creates a secret of this value; returns its name."""
        self._made += 1
        name = f"{self.prefix}{self._made}"
        self.store.create(name, value)
        return name

    def run(self, value: Mapping[str, Any] | str | bytes, *answers: tuple[int, bytes]) -> RunResult:
        """Runs with one new secret, and checks what is true of every run."""
        name = self.add(value)
        self.answers, self.asked = list(answers), 0
        before = self.store.current(name)
        began = time.process_time()
        returned, raised = self.invoke({"secret_id": name})
        seconds = time.process_time() - began
        outcome, reason = _ending(name, returned, raised)
        labels = self.store.labels(name)
        kept = self.store.secret(name).version(labels["UNREADABLE"]).binary if "UNREADABLE" in labels else None
        output = self.new_output(returned, raised)
        return RunResult(name, outcome, reason, before, self.store.current(name), kept, self.asked, seconds, output)

    def invoke(self, event: object) -> tuple[dict[str, Any] | None, Exception | None]:
        """Invokes the function, as Lambda does."""
        try:
            return self.function(event, Context(self.clock, RUN_SECONDS)), None
        except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
            return None, error

    def new_output(self, returned: object, raised: BaseException | None) -> str:
        """Returns all that was printed and logged since the last time, with a result and an exception."""
        everything = [self.printed.getvalue(), self.records.getvalue(), json.dumps(returned), *chain(raised)]
        for stream in (self.printed, self.records):
            stream.seek(0)
            stream.truncate()
        return "\n".join(everything)

    def post(self, _base_url: str, _request: object, **_: object) -> HttpResponse:
        """Answers in the place of `token_refresh.transport.post`."""
        status, body = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return HttpResponse(status, body)


@contextmanager
def socketless(kind: ProviderFacts, base_url: str | None = None) -> Iterator[SocketlessFunction]:
    """Sets a function up; with a base URL its requests to the provider go over real sockets."""
    clock = FakeClock()
    factory = logging.getLogRecordFactory()
    with StrictSecretsManager(clock) as store, pytest.MonkeyPatch.context() as patch:
        made = SocketlessFunction(kind, store, clock)
        patch.setattr(sys, "stdout", made.printed)
        patch.setattr(sys, "stderr", made.printed)
        patch.setattr(logging.root, "handlers", [logging.StreamHandler(made.records)])
        patch.setattr(logging.root, "level", logging.DEBUG)
        wire(
            patch,
            environment(kind, base_url or _NOWHERE, **store.environment),
            clock=clock,
            make_client=clients_with(partial(_answer, store)),
            post=made.post if base_url is None else None,
        )
        made.function = cold_start(kind, clock)
        yield made
        store.check_invariants()
    logging.setLogRecordFactory(factory)


def _answer(store: StrictSecretsManager, request: AWSPreparedRequest, **_: Any) -> AWSResponse:  # noqa: ANN401 - botocore's
    """Answers in the place of the network: the SDK does all but send."""
    status = 200
    answer: Mapping[str, Any]
    try:
        answer = store._serve(operation_of(request), json.loads(_text(request.body)))  # noqa: SLF001 - without its socket
    except ServiceError as error:
        status, answer = error.status, {"__type": error.code, "Message": error.message}
    body = io.BytesIO(json.dumps(answer).encode())
    headers = HTTPHeaders()
    headers["Content-Type"] = "application/x-amz-json-1.1"
    return AWSResponse(request.url, status, headers, _Raw(body))


def _text(body: object) -> str:
    return body.decode() if isinstance(body, bytes) else str(body)


class _Raw:
    """A body as botocore reads it."""

    def __init__(self, body: io.BytesIO) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterator[bytes]:  # noqa: ANN401 - botocore's
        yield self._body.read()


def _ending(name: str, returned: dict[str, Any] | None, raised: Exception | None) -> tuple[str, str | None]:
    """Returns outcome and reason; checks that the run result in one of the ways that a run may, and in no other."""
    reason: str | None
    if raised is not None:
        assert type(raised).__name__ == "SecretsFailed", f"{type(raised).__name__} is no way to end a run"
        line = str(raised)
        assert len(line) <= LONGEST_LINE, f"a line of {len(line)} characters"
        assert line.isprintable(), "more than one line, or something that no terminal should see"
        assert line.startswith(f"{_LINE_BEFORE}{name}: ")
        outcome, reason = line.removeprefix(f"{_LINE_BEFORE}{name}: ").split(": ", 1)
        assert outcome in RAISING
    else:
        assert returned is not None
        ((outcome, count),) = returned["outcomes"].items()
        assert count == 1
        assert outcome in OUTCOMES - RAISING
        reason = returned["secrets"][0]["error"] if outcome != "fresh" else None
    assert "internal error" not in (reason or "")
    return outcome, reason
