"""The real function, whose scheduler decides when each step happens that others can notice or that takes time."""

from __future__ import annotations

import json
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self
from urllib.parse import quote, urlencode

from botocore.exceptions import ClientError

from tests.safety.wiring import wire
from tests.support.clock import Context
from tests.support.function import RUN_SECONDS, cold_start, environment
from token_refresh import transport
from token_refresh.errors import SecretsFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.support.providers import ProviderFacts


class Call(NamedTuple):
    """A call to Secrets Manager that a run is about to make."""

    operation: str
    body: str  # JSON

    @property
    def labels(self) -> list[str]:
        """Returns the labels that it names."""
        request = json.loads(self.body)
        return request.get("VersionStages") or [request[key] for key in ("VersionStage",) if key in request]

    def __str__(self) -> str:
        return " ".join((self.operation, *self.labels))


class Request(NamedTuple):
    """A request that a run is about to send to its provider."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Sleep(NamedTuple):
    """A wait that a run is about to begin."""

    until: float  # epoch seconds

    def __str__(self) -> str:
        return f"sleep until {self.until:.3f}"


class Done(NamedTuple):
    """The end of a run."""

    outcome: str  # of the only secret
    raised: bool

    def __str__(self) -> str:
        return self.outcome


Step = Call | Request | Sleep | Done


class Answer(NamedTuple):
    """What a run learns from a step: an HTTP status and a body; from a sleep, only the time afterwards."""

    at: float  # epoch seconds
    status: int = 0
    body: bytes = b""


class Scheduler(Protocol):
    """Decides when each step happens, and perhaps what its answer is."""

    def now(self) -> float:
        """Returns epoch seconds."""

    def step(self, step: Step) -> Answer | None:
        """Lets a step happen; returns the answer, or None if the step is to go over the wire."""

    def answered(self, status: int) -> None:
        """Takes note of what the provider answered over the wire."""


class WiredFunction:
    """One provider's function and its scheduler, which may be changed between runs. It is the function's clock, too."""

    def __init__(
        self,
        kind: ProviderFacts,
        monkeypatch: pytest.MonkeyPatch,
        *,
        base_url: str = "http://127.0.0.1:9",  # never asked unless the scheduler lets something go over the wire
        make_client: Callable[[], Any] | None = None,
    ) -> None:
        """Wires the layer until the monkeypatch is undone; `make_client` makes boto3's, for what goes over the wire."""
        self.scheduler: Scheduler
        variables = environment(kind, base_url, POWERTOOLS_LOG_LEVEL="CRITICAL", AWS_DEFAULT_REGION="us-east-1")

        over_the_wire: dict[str, Callable[..., transport.HttpResponse]] = {"POST": transport.post, "GET": transport.get}

        def client(*_: object, **__: object) -> _Client:
            return _Client(self, make_client)

        def send(method: str, base_url: str, request: transport.HttpRequest, **options: Any) -> transport.HttpResponse:  # noqa: ANN401 - passed on
            answer = self.scheduler.step(_request_of(method, request))
            if answer is not None:
                return transport.HttpResponse(answer.status, answer.body)
            received = over_the_wire[method](base_url, request, **options)
            if method == "POST":
                self.scheduler.answered(received.status)
            return received

        wire(monkeypatch, variables, make_client=client, post=partial(send, "POST"), get=partial(send, "GET"))
        monkeypatch.setattr("token_refresh.sweep.ThreadPoolExecutor", _NoPool)
        self._layer_function = cold_start(kind, self)

    def run(self, event: dict[str, Any]) -> Done:
        """Invokes the function."""
        try:
            result = self._layer_function(event, Context(self, RUN_SECONDS))
        except SecretsFailed as failure:
            return Done(str(failure).split(": ")[2], raised=True)
        (outcome,) = result["outcomes"]
        return Done(outcome, raised=False)

    def now(self) -> float:
        """Returns epoch seconds."""
        return self.scheduler.now()

    def monotonic(self) -> float:
        """Returns the same: nobody sets this clock."""
        return self.scheduler.now()

    def sleep(self, seconds: float) -> None:
        """Waits at the scheduler; a wait of no time is none."""
        if seconds > 0:
            self.scheduler.step(Sleep(round(self.scheduler.now() + seconds, 3)))


class _Client:
    """A client of Secrets Manager; each of its calls asks the scheduler first.

    Only if the scheduler wants a call to go over the wire is boto3 asked, and made: it takes a hundred times as long.
    """

    def __init__(self, function: WiredFunction, make: Callable[[], Any] | None) -> None:
        self._function, self._make = function, make

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return partial(self._call, method)

    def _call(self, method: str, **request: Any) -> Any:  # noqa: ANN401 - as boto3's own
        operation = method.title().replace("_", "")
        answer = self._function.scheduler.step(Call(operation, json.dumps(request, sort_keys=True)))
        if answer is None:
            assert self._make is not None
            return getattr(self._make(), method)(**request)
        document: dict[str, Any] = json.loads(answer.body)
        if answer.status != 200:
            error = {"Code": document["__type"], "Message": document["Message"]}
            raise ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": answer.status}}, operation)  # type: ignore[typeddict-item]  # what the layer reads of it
        for value in (document, *document.get("SecretValues", ()), *document.get("Versions", ())):
            if "CreatedDate" in value:
                value["CreatedDate"] = datetime.fromtimestamp(value["CreatedDate"], UTC)
        return document


class _NoPool:
    """A pool of no threads: a sweep's only secret has its turn in the run's own."""

    def __init__(self, _workers: int) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, turn: Callable[..., Any], *args: Any) -> Future[Any]:  # noqa: ANN401 - the turn's own
        """Does a secret's turn at once."""
        done: Future[Any] = Future()
        done.set_result(turn(*args))
        return done


def _request_of(method: str, request: transport.HttpRequest) -> Request:
    headers = dict(request.headers)
    body = b""
    if request.json is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(request.json, ensure_ascii=False).encode()
    return Request(
        method, request.path, urlencode(request.query, quote_via=quote, safe=""), tuple(headers.items()), body
    )
