"""What an invocation asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from token_refresh.errors import InvalidEvent
from token_refresh.listings import secret_name

_LETTERS = re.compile("[^A-Za-z]")  # what is dropped before a key is compared with ours
_MEANT = {name.replace("_", ""): name for name in ("secret_id", "force", "retry_rejected")}


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One secret (its name or ARN), or every secret of the provider when `secret_id` is None."""

    secret_id: str | None = None
    force: bool = False  # even if it is not due, or was rejected
    retry_rejected: bool = False  # present rejected credentials again

    @property
    def insists(self) -> bool:
        """Whether a person asks for what has been rejected before."""
        return self.force or self.retry_rejected


def parse_event(event: object, prefix: str) -> RunRequest:
    """Parse a Lambda event.

    Keys that are not ours are ignored: Scheduler, EventBridge and the console's sample event bring their own.
    Raises `InvalidEvent` for what cannot be meant.
    """
    if not isinstance(event, dict):
        raise InvalidEvent("the event must be a JSON object; {} means every secret")
    for key in event:
        meant = _LETTERS.sub("", str(key)).lower()
        if meant in _MEANT and key != _MEANT[meant]:
            raise InvalidEvent(f"the event has a key that is almost {_MEANT[meant]}: write it exactly so")
    secret_id = event.get("secret_id")
    if "secret_id" in event and (not isinstance(secret_id, str) or not secret_id):
        raise InvalidEvent("secret_id must be a string: the secret's name or ARN")
    for flag in ("force", "retry_rejected"):
        if not isinstance(event.get(flag, False), bool):
            raise InvalidEvent(f"{flag} must be true or false")
    request = RunRequest(secret_id, event.get("force", False), event.get("retry_rejected", False))
    if request.force and secret_id is None:
        raise InvalidEvent("force needs a secret_id: it applies to one secret only")
    if secret_id is not None:
        check_prefix(secret_name(secret_id), prefix)
    return request


def check_prefix(name: str, prefix: str) -> None:
    """Raise `InvalidEvent` for a secret that belongs to another function or stack."""
    if not name.startswith(prefix) or name == prefix:
        raise InvalidEvent(f"secret_id must name a secret under {prefix}: the others are not this function's")
