"""The strict Secrets Manager: the server, the faults, the history, and a test's own way in."""

from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from . import clients, invariants, leaks
from .account import Account, Key
from .consistency import StaleReads
from .errors import ServiceError
from .faults import Fault, FaultPlan
from .history import Call, stages_of
from .model import AWSCURRENT, Secret, Version
from .operations import perform
from .server import ConnectionLost, LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from types import TracebackType

    from mypy_boto3_secretsmanager import SecretsManagerClient

    Value = Mapping[str, Any] | str | bytes

_LOST = {Fault.LOST_BEFORE, Fault.LOST_AFTER}


class StrictSecretsManager:
    """An in-process Secrets Manager that keeps to the documented rules, and misbehaves on request.

    A context manager: it serves from `__enter__` to `__exit__`. The hooks run in the server's thread, outside
    its lock, and may block or ask for faults: `before_call` before a call is acted on, `after_call` once it
    has been, before the answer leaves.
    """

    def __init__(
        self, clock: Callable[[], float] = time.time, *, seed: int = 0, move_takes_pending_off: bool = False
    ) -> None:
        """Makes an empty store; the clock gives epoch seconds, the seed decides all that is random.

        `move_takes_pending_off`: whether AWSPENDING leaves the version that AWSCURRENT moves to. AWS documents both.
        """
        self._account = Account(clock, seed, move_takes_pending_off=move_takes_pending_off)
        self._faults = FaultPlan()
        self._calls: list[Call] = []
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._server = LoopbackServer(self._serve)
        self._account.refusal_in_batch = lambda name: self._faults.take_in_batch("BatchGetSecretValue", name)
        self.before_call: Callable[[Call], None] | None = None
        self.after_call: Callable[[Call], None] | None = None

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.stop()

    # Reaching it

    @property
    def url(self) -> str:
        """Returns the endpoint's URL."""
        return self._server.url

    @property
    def environment(self) -> dict[str, str]:
        """Returns the variables that make a process's SDK use this store, with dummy credentials."""
        return clients.environment(self.url)

    def client(self, **options: Any) -> SecretsManagerClient:  # noqa: ANN401 - those of botocore's Config
        """Makes a boto3 client with dummy credentials and no retries, unless the options say otherwise."""
        return clients.client(self.url, options)

    # Making it misbehave

    def fail(  # noqa: PLR0913 - what, how; the rest by name, with defaults
        self,
        operation: str,
        fault: Fault,
        *,
        times: int | None = 1,
        secret: str | None = None,
        after: int = 0,
        seconds: float = 0,
    ) -> None:
        """Makes calls of an operation (ANY: of every operation) meet a fault.

        It happens `times` times (None: for ever), to calls about one `secret` (None: about any), once `after`
        such calls have been let through. `seconds` holds the call first, whatever the fault. In a batch, a
        fault for one secret is an entry among the Errors; a fault for any fails the whole call.
        """
        with self._lock:
            self._faults.add(operation, fault, times=times, secret=secret, after=after, seconds=seconds)

    def heal(self) -> None:
        """Ends every fault, every KMS trouble, and, for writes still to come, stale reads."""
        with self._lock:
            self._faults.clear()
            self._account.keys.clear()
            self._account.stale_reads = StaleReads()

    def set_key(self, name: str, key: Key) -> None:
        """Puts the KMS key of one secret into a state."""
        with self._lock:
            self._account.keys[name] = key

    def set_stale_reads(self, rule: StaleReads) -> None:
        """Makes writes from now on invisible for a while."""
        with self._lock:
            self._account.stale_reads = rule

    def set_version_quota(self, quota: int) -> None:
        """Sets how many versions a secret can have."""
        with self._lock:
            self._account.version_quota = quota

    def set_empty_first_page(self, *, empty: bool) -> None:
        """Makes listings begin with an empty page and a NextToken, as the API reference says may happen."""
        with self._lock:
            self._account.empty_first_page = empty

    # A test's own way in: the truth, without HTTP, faults or history

    def create(self, name: str, value: Value | None = None) -> Version | None:
        """Creates a secret; returns its first version, or None if it was given no value."""
        self._act("CreateSecret", {"Name": name, **_value_members(value)})
        return None if value is None else self.current(name)

    def person_writes(self, name: str, value: Value) -> Version:
        """Stores a value as a person at the console does, by UpdateSecret; a dict is stored as JSON."""
        self._act("UpdateSecret", {"SecretId": name, **_value_members(value)})
        return self.current(name)

    def delete(self, name: str) -> None:
        """Marks a secret for deletion."""
        self._act("DeleteSecret", {"SecretId": name})

    def restore(self, name: str) -> None:
        """Takes back a deletion."""
        self._act("RestoreSecret", {"SecretId": name})

    def current(self, name: str) -> Version:
        """Returns the version that AWSCURRENT is on."""
        secret = self.secret(name)
        return secret.version(secret.labels[AWSCURRENT])

    def labels(self, name: str) -> dict[str, str]:
        """Returns every label of a secret, with the id of the version it is on."""
        return dict(self.secret(name).labels)

    def versions(self, name: str) -> list[Version]:
        """Returns every version of a secret, oldest first."""
        secret = self.secret(name)
        return [secret.version(version_id) for version_id in secret.versions]

    def secret(self, name: str) -> Secret:
        """Returns a secret as it is now, marked for deletion or not."""
        with self._lock:
            return self._account.truth(name)

    def names(self) -> list[str]:
        """Returns the names of the secrets that exist, marked for deletion or not."""
        with self._lock:
            return [name for name in self._account.names() if self._account.exists(name)]

    # Afterwards

    @property
    def calls(self) -> list[Call]:
        """Returns the history so far, in the order in which the calls were acted on."""
        with self._lock:
            return list(self._calls)

    def secret_values(self, *, besides: Collection[str] = leaks.PUBLIC_KEYS) -> set[str]:
        """Returns every string that was ever stored and must not be shown, for scanning output.

        Of a JSON document, its strings and numbers of six characters or more, but for those under the keys
        `besides`.
        """
        with self._lock:
            return leaks.strings_to_hide(self._account.values_written, besides)

    def check_invariants(self) -> None:
        """Raises AssertionError if any secret breaks a rule that holds at every moment."""
        with self._lock:
            for name in self.names():
                invariants.check(self._account.truth(name), self._account.version_quota)

    # Serving

    def _act(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        with self._lock:
            return perform(self._account, operation, request)

    def _serve(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        call = self._received(operation, request)
        if self.before_call is not None:
            self.before_call(call)
        with self._lock:
            planned = self._faults.take(operation, call.secret)
        if planned is not None and self._closing.wait(planned.seconds):
            raise ConnectionLost
        call, answer = self._acted(replace(call, fault=planned.fault if planned is not None else None), request)
        if self.after_call is not None:
            self.after_call(call)
        if call.fault in _LOST:
            raise ConnectionLost
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


def _value_members(value: Value | None) -> dict[str, str]:
    match value:
        case None:
            return {}
        case bytes():
            return {"SecretBinary": base64.b64encode(value).decode()}
        case str():
            return {"SecretString": value}
        case _:
            return {"SecretString": json.dumps(value, ensure_ascii=False)}
