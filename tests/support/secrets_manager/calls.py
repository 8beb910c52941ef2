"""The calls that a store received, and the faults on request: which calls fail, how, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from .errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

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
                message = (
                    f"User: arn:aws:iam::123456789012:user/test is not authorized to perform: "
                    f"secretsmanager:{operation} on resource: {resource} because no identity-based policy allows "
                    f"the secretsmanager:{operation} action"
                )
                return ServiceError("AccessDeniedException", message)
            case Fault.THROTTLED:
                return ServiceError("ThrottlingException", "Rate exceeded")
            case Fault.SERVER_ERROR:
                return ServiceError("InternalServiceError", "An error occurred on the server side.", status=500)
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Call:
    """One call. It carries no secret value, so a failing test may print it.

    `ok` says whether the store did what was asked, which the caller may not have learnt (LOST_AFTER).
    Before the call is acted on, `ok`, `error_code` and `fault` are None.
    """

    operation: str
    secret: str | None  # its name; the id as sent if there is no such secret; None for a batch
    client_request_token: str | None
    version_stages: tuple[str, ...]
    at: float  # epoch seconds, by the store's clock
    ok: bool | None = None
    error_code: str | None = None
    fault: Fault | None = None


def stages_of(request: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the labels that a request names."""
    if "VersionStage" in request:
        return (str(request["VersionStage"]),)
    return tuple(str(label) for label in request.get("VersionStages", ()))


@dataclass(slots=True)
class Rule:
    """A fault that a test asked for."""

    operation: str
    fault: Fault
    times: int | None = 1  # left; None: for ever
    secret: str | None = None  # None: any
    after: int = 0  # matching calls still to let through
    seconds: float = 0  # the call is held first

    def __post_init__(self) -> None:
        """Refuses what cannot be done."""
        if self.fault is Fault.SLOW and self.seconds <= 0:
            raise ValueError("a slow call needs seconds")
        if self.operation == "BatchGetSecretValue" and self.secret is not None and not self.fault.error("", ""):
            raise ValueError("one secret of a batch can be refused, but not lost or slow")

    def matches(self, operation: str, secret: str | None) -> bool:
        """Tells whether this call is meant, and the rule not used up."""
        return self.times != 0 and self.operation in {ANY, operation} and self.secret in {None, secret}


class FaultPlan:
    """The faults a test asked for, taken by calls in the order they were asked for; at most one a call."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def take(self, operation: str, secret: str | None) -> Rule | None:
        """Returns the rule for a call about a secret (None: about no one secret), and uses it up once."""
        return _first([rule for rule in self.rules if rule.matches(operation, secret)])

    def take_in_batch(self, secret: str) -> ServiceError | None:
        """Returns the refusal of one secret within a batch, and uses it up once."""
        rules = [rule for rule in self.rules if rule.secret == secret and rule.matches("BatchGetSecretValue", secret)]
        rule = _first([rule for rule in rules if rule.fault.error("", "")])
        return rule.fault.error("GetSecretValue", secret) if rule else None


def _first(rules: list[Rule]) -> Rule | None:
    for rule in rules:
        if rule.after > 0:
            rule.after -= 1
            continue
        if rule.times is not None:
            rule.times -= 1
        return rule
    return None
