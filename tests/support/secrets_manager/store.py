"""The strict Secrets Manager: a server, the faults that its calls meet, and the history of them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from tests.support.loopback import LoopbackServer

from . import clients, json_protocol
from .calls import Call, Fault, FaultPlan, Rule, stages_of
from .consistency import StaleReads
from .direct import DirectAccess
from .errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

    from mypy_boto3_secretsmanager import SecretsManagerClient

_LOST = {Fault.LOST_BEFORE, Fault.LOST_AFTER}


class StrictSecretsManager(DirectAccess, LoopbackServer):
    """An in-process Secrets Manager that keeps to the documented rules, and misbehaves on request.

    A context manager: it serves from `__enter__` to `__exit__`. The hooks run in the server's thread, outside
    its lock, and may block or ask for faults, or raise a ConnectionError to give no answer: `before_call` before a call
    is acted on, `after_call` once it has been, before the answer leaves.
    """

    def __init__(
        self, clock: Callable[[], float] = time.time, *, seed: int = 0, move_takes_pending_off: bool = False
    ) -> None:
        """Makes an empty store; the clock gives epoch seconds, the seed decides all that is random.

        `move_takes_pending_off`: whether AWSPENDING leaves the version that AWSCURRENT moves to. AWS documents both.
        """
        DirectAccess.__init__(self, clock, seed=seed, move_takes_pending_off=move_takes_pending_off)
        LoopbackServer.__init__(self)
        self._faults = FaultPlan()
        self._calls: list[Call] = []
        self._account.refusal_in_batch = self._faults.take_in_batch
        self.before_call: Callable[[Call], None] | None = None
        self.after_call: Callable[[Call], None] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Returns the variables that make a process's SDK use this store, with dummy credentials."""
        return clients.environment(self.url)

    def client(self, **options: Any) -> SecretsManagerClient:  # noqa: ANN401 - those of botocore's Config
        """Makes a boto3 client with dummy credentials and no retries, unless the options say otherwise."""
        return clients.client(self.url, options)

    def fail(self, operation: str, fault: Fault, **when: Any) -> None:  # noqa: ANN401 - those of a Rule
        """Makes calls of an operation (ANY: of every operation) meet a fault.

        It happens `times` times (None: for ever; by default once), to calls about one `secret` (by default about any),
        once `after` such calls have been let through. `seconds` holds the call first, whatever the fault. In a batch, a
        fault for one secret is an entry among the Errors; a fault for any fails the whole call.
        """
        with self._lock:
            self._faults.rules.append(Rule(operation, fault, **when))

    def heal(self) -> None:
        """Ends every fault, every KMS trouble, and, for writes still to come, stale reads."""
        with self._lock:
            self._faults.rules.clear()
            self._account.keys.clear()
            self._account.stale_reads = StaleReads()

    @property
    def calls(self) -> list[Call]:
        """Returns the history so far, in the order in which the calls were acted on."""
        with self._lock:
            return list(self._calls)

    def _answer_http(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return json_protocol.respond(Request(environ), self._serve)(environ, start_response)

    def _serve(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        call = self._received(operation, request)
        if self.before_call is not None:
            self.before_call(call)
        with self._lock:
            rule = self._faults.take(operation, call.secret)
        if rule is not None and self._stopping.wait(rule.seconds):
            raise ConnectionAbortedError
        call, answer = self._acted(replace(call, fault=rule.fault if rule is not None else None), request)
        if self.after_call is not None:
            self.after_call(call)
        if call.fault in _LOST:
            raise ConnectionAbortedError
        if isinstance(answer, ServiceError):
            raise answer
        return answer

    def _received(self, operation: str, request: Mapping[str, Any]) -> Call:
        secret_id = request.get("SecretId") or request.get("Name")
        with self._lock:
            return Call(
                operation,
                None if secret_id is None else self._account.name_of(str(secret_id)) or str(secret_id),
                request.get("ClientRequestToken"),
                stages_of(request),
                self._account.now,
            )

    def _acted(self, call: Call, request: Mapping[str, Any]) -> tuple[Call, Mapping[str, Any] | ServiceError]:
        """Acts on a call, unless its fault forbids it, and enters it in the history in the same breath."""
        with self._lock:
            answer = self._answer(call, request)
            done = call.fault is not Fault.LOST_BEFORE and not isinstance(answer, ServiceError)
            code = answer.code if isinstance(answer, ServiceError) else None
            call = replace(call, ok=done, error_code=code)
            self._calls.append(call)
            return call, answer

    def _answer(self, call: Call, request: Mapping[str, Any]) -> Mapping[str, Any] | ServiceError:
        if call.fault is Fault.LOST_BEFORE:
            return {}
        refusal = call.fault.error(call.operation, call.secret or "*") if call.fault is not None else None
        if refusal is not None:
            return refusal
        try:
            return self._act(call.operation, request)
        except ServiceError as error:
            return error
