"""Faults on request: which calls fail, how, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from . import errors

if TYPE_CHECKING:
    from .errors import ServiceError

ANY = "*"  # as an operation: every operation


class Fault(Enum):
    """What goes wrong with a call."""

    DENIED = "denied"  # AccessDeniedException, 400
    THROTTLED = "throttled"  # ThrottlingException, 400
    SERVER_ERROR = "server error"  # InternalServiceError, 500
    LOST_BEFORE = "lost before"  # not acted on; the connection closes without an answer
    LOST_AFTER = "lost after"  # acted on; the connection closes without an answer
    SLOW = "slow"  # acted on after a while, whether or not the caller still waits

    def error(self, operation: str, resource: str) -> ServiceError | None:
        """Returns the error answer that this fault is, if it is one."""
        match self:
            case Fault.DENIED:
                return errors.access_denied(operation, resource)
            case Fault.THROTTLED:
                return errors.throttled()
            case Fault.SERVER_ERROR:
                return errors.server_error()
            case _:
                return None


@dataclass(slots=True)
class _Rule:
    operation: str
    fault: Fault
    times: int | None  # left; None: for ever
    secret: str | None
    after: int  # matching calls still to let through
    seconds: float

    def matches(self, operation: str, secret: str | None) -> bool:
        if self.times == 0 or self.operation not in {ANY, operation}:
            return False
        return self.secret in {None, secret}


@dataclass(frozen=True, slots=True)
class Planned:
    """The fault that a call meets, and how many seconds it is held first."""

    fault: Fault
    seconds: float


class FaultPlan:
    """The faults a test asked for, taken by calls in the order they were asked for; at most one a call."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []

    def add(  # noqa: PLR0913 - the six facts of a rule, all but two with a default and by name
        self,
        operation: str,
        fault: Fault,
        *,
        times: int | None,
        secret: str | None,
        after: int,
        seconds: float,
    ) -> None:
        """Adds a rule."""
        if fault is Fault.SLOW and seconds <= 0:
            raise ValueError("a slow call needs seconds")
        if operation == "BatchGetSecretValue" and secret is not None and fault.error(operation, secret) is None:
            raise ValueError("one secret of a batch can be refused, but not lost or slow")
        self._rules.append(_Rule(operation, fault, times, secret, after, seconds))

    def clear(self) -> None:
        """Forgets every rule."""
        self._rules.clear()

    def take(self, operation: str, secret: str | None) -> Planned | None:
        """Returns the fault for a call about a secret (None: about no one secret), and uses it up once."""
        return self._take([rule for rule in self._rules if rule.matches(operation, secret)])

    def take_in_batch(self, operation: str, secret: str) -> ServiceError | None:
        """Returns the refusal of one secret within a batch, and uses it up once."""
        rules = [rule for rule in self._rules if rule.secret == secret and rule.matches(operation, secret)]
        planned = self._take([rule for rule in rules if rule.fault.error(operation, secret)])
        return planned.fault.error("GetSecretValue", secret) if planned else None

    @staticmethod
    def _take(rules: list[_Rule]) -> Planned | None:
        for rule in rules:
            if rule.after > 0:
                rule.after -= 1
                continue
            if rule.times is not None:
                rule.times -= 1
            return Planned(rule.fault, rule.seconds)
        return None
