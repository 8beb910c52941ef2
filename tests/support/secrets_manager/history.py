"""The history of the calls that a store received."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .faults import Fault


@dataclass(frozen=True, slots=True)
class Call:
    """One call. It carries no secret value, so a failing test may print it.

    `ok` says whether the store did what was asked, which the caller may not have learnt (LOST_AFTER).
    Before the call is acted on, `ok`, `error_code` and `fault` are None.
    """

    operation: str
    secret: str | None  # its name; the id as sent if there is no such secret; None for a batch or a list
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
