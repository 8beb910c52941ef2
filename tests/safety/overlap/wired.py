"""The real function, wired so that every step that others can notice, or that takes time, passes a gate."""

from __future__ import annotations

import importlib
import json
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self
from urllib.parse import quote, urlencode

from botocore.exceptions import ClientError

from tests.support.clock import Context
from tests.support.function import RUN_SECONDS, cold_start, environment

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


class Post(NamedTuple):
    """A request that a run is about to send to its provider."""

    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def __str__(self) -> str:
        return f"POST {self.path}"


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


Step = Call | Post | Sleep | Done


class Seen(NamedTuple):
    """What a run saw of a step: an HTTP status and a body, or, of a sleep, nothing but the time afterwards."""

    at: float  # epoch seconds
    status: int = 0
    body: bytes = b""


class Gate(Protocol):
    """What every step passes."""

    def now(self) -> float:
        """Returns epoch seconds."""

    def step(self, step: Step) -> Seen | None:
        """Lets a step happen; returns what it gave, or None if it is to go over the wire."""

    def answered(self, status: int) -> None:
        """Takes note of what the provider answered over the wire."""


class Wired:
    """One provider's function behind a gate, which may be changed between runs. A clock, too."""

    def __init__(
        self,
        kind: ProviderFacts,
        monkeypatch: pytest.MonkeyPatch,
        *,
        base_url: str = "http://127.0.0.1:9",  # never asked unless the gate lets something go over the wire
        make_client: Callable[[], Any] | None = None,
    ) -> None:
        """Wires the layer until the monkeypatch is undone; `make_client` makes boto3's, for what goes over the wire."""
        self.gate: Gate
        variables = environment(kind, base_url, POWERTOOLS_LOG_LEVEL="CRITICAL", AWS_DEFAULT_REGION="us-east-1")
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        transport = importlib.import_module("token_refresh.transport")

        def client(*_: object, **__: object) -> _Client:
            return _Client(self, make_client)

        def post(base_url: str, request: Any, **options: Any) -> Any:  # noqa: ANN401 - the layer's own types
            seen = self.gate.step(_post_of(request))
            if seen is not None:
                return transport.HttpResponse(seen.status, seen.body)
            answer = transport.post(base_url, request, **options)
            self.gate.answered(answer.status)
            return answer

        monkeypatch.setattr("token_refresh.secrets_manager._client", client)
        monkeypatch.setattr("token_refresh.exchange.post", post)
        monkeypatch.setattr("token_refresh.sweep.ThreadPoolExecutor", _NoPool)
        self._failed = importlib.import_module("token_refresh.errors").SecretsFailed
        self._function = cold_start(kind, self)

    def run(self, event: dict[str, Any]) -> Done:
        """Invokes the function."""
        try:
            result = self._function(event, Context(self, RUN_SECONDS))
        except self._failed as failure:
            return Done(str(failure).split(": ")[2], raised=True)
        (outcome,) = result["outcomes"]
        return Done(outcome, raised=False)

    def now(self) -> float:
        """Returns epoch seconds."""
        return self.gate.now()

    def monotonic(self) -> float:
        """Returns the same: nobody sets this clock."""
        return self.gate.now()

    def sleep(self, seconds: float) -> None:
        """Waits at the gate; a wait of no time is none."""
        if seconds > 0:
            self.gate.step(Sleep(round(self.gate.now() + seconds, 3)))


class _Client:
    """A client of Secrets Manager whose every call passes the gate first.

    Only if the gate wants a call to go over the wire is boto3 asked, and made: it takes a hundred times as long.
    """

    def __init__(self, wired: Wired, make: Callable[[], Any] | None) -> None:
        self._wired, self._make = wired, make

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return partial(self._call, method)

    def _call(self, method: str, **request: Any) -> Any:  # noqa: ANN401 - as boto3's own
        operation = method.title().replace("_", "")
        seen = self._wired.gate.step(Call(operation, json.dumps(request, sort_keys=True)))
        if seen is None:
            assert self._make is not None
            return getattr(self._make(), method)(**request)
        answer: dict[str, Any] = json.loads(seen.body)
        if seen.status != 200:
            error = {"Code": answer["__type"], "Message": answer["Message"]}
            raise ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": seen.status}}, operation)  # type: ignore[typeddict-item]  # what the layer reads of it
        for value in (answer, *answer.get("SecretValues", ()), *answer.get("Versions", ())):
            if "CreatedDate" in value:
                value["CreatedDate"] = datetime.fromtimestamp(value["CreatedDate"], UTC)
        return answer


class _NoPool:
    """A pool of no threads: a sweep's only secret has its turn in the run's own."""

    def __init__(self, _workers: int) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, turn: Callable[..., Any], *args: Any) -> Future[Any]:  # noqa: ANN401 - the turn's own
        """Lets a turn pass at once."""
        done: Future[Any] = Future()
        done.set_result(turn(*args))
        return done


def _post_of(request: Any) -> Post:  # noqa: ANN401 - the layer's own Request
    headers = dict(request.headers)
    body = b""
    if request.json is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(request.json, ensure_ascii=False).encode()
    return Post(request.path, urlencode(request.query, quote_via=quote, safe=""), tuple(headers.items()), body)
