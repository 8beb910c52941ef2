"""The calls that a run makes to Secrets Manager, written down short enough to be compared in a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self
from uuid import NAMESPACE_URL, uuid5

from tests.support.secrets_manager import Fault

if TYPE_CHECKING:
    from tests.support.secrets_manager import Call

DENIED = "AccessDeniedException"
THROTTLED = "ThrottlingException"
_UNANSWERED = (Fault.LOST_BEFORE, Fault.LOST_AFTER)


class Step(NamedTuple):
    """One call: what, about which secret, with which labels and token; and what went wrong, if anything did."""

    operation: str
    secret: str | None = None
    labels: tuple[str, ...] = ()
    token: str | None = None
    problem: str | None = None

    @classmethod
    def of(cls, call: Call) -> Step:
        """Reads a call from the store's history."""
        problem = call.error_code
        if call.fault in _UNANSWERED:
            problem = call.fault.value
        return cls(call.operation, call.secret, call.version_stages, call.client_request_token, problem)

    def but(self, problem: str) -> Self:
        """Returns the same call, gone wrong."""
        return self._replace(problem=problem)


SWEEP = Step("BatchGetSecretValue")


def read(name: str, label: str = "AWSCURRENT") -> Step:
    """Reads the version that a label is on."""
    return Step("GetSecretValue", name, (label,))


def read_version(name: str) -> Step:
    """Reads one version by its id."""
    return Step("GetSecretValue", name)


def room(name: str) -> Step:
    """Lists the versions, to see whether there is room for two more."""
    return Step("ListSecretVersionIds", name)


def successor_id(arn: str, version_id: str) -> str:
    """Returns the id of the version with the tokens that replace a version's."""
    return str(uuid5(NAMESPACE_URL, f"{arn}#{version_id}#successor"))


def proof_token(arn: str, version_id: str, now: float) -> str:
    """Returns the token of the proof for a version in a UTC hour."""
    return str(uuid5(NAMESPACE_URL, f"{successor_id(arn, version_id)}#{int(now // 3600)}"))


def proof(name: str, token: str) -> Step:
    """Stores the value again as AWSPENDING: the proof, for this version in this UTC hour."""
    return Step("PutSecretValue", name, ("AWSPENDING",), token)


def save(name: str, token: str) -> Step:
    """Stores new tokens."""
    return Step("PutSecretValue", name, ("ISSUED", "AWSPENDING"), token)


def promotion(name: str) -> Step:
    """Makes new tokens current."""
    return move(name, "AWSCURRENT")


def refused_promotion(name: str) -> list[Step]:
    """Finds that somebody else's version is current: the move is refused, and no lagging read is to blame."""
    return [promotion(name).but("InvalidParameterException"), read(name), read_version(name)]


def move(name: str, label: str) -> Step:
    """Moves a label."""
    return Step("UpdateSecretVersionStage", name, (label,))


def labelling(name: str) -> list[Step]:
    """Looks who holds the label REJECTED (nobody) and puts it on."""
    return [read(name, "REJECTED").but("ResourceNotFoundException"), move(name, "REJECTED")]
