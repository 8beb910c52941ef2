"""One account's secrets: finding one by its id, reading it as a caller may see it, writing it."""

from __future__ import annotations

import random
import string
from enum import Enum
from typing import TYPE_CHECKING

from . import errors
from .consistency import StaleReads, Timeline
from .errors import ServiceError
from .model import VERSION_QUOTA, with_pending_off

if TYPE_CHECKING:
    from collections.abc import Callable

    from .model import Secret

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"

_ARN_PREFIX = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:"
_SUFFIX_LENGTH = len("-AbCdEf")


class Key(Enum):
    """The state of the KMS key that encrypts a secret.

    The API reference: EncryptionFailure, "check that the KMS key is available, enabled, and not in an
    invalid state"; DecryptionFailure when reading. A caller without kms permissions is told
    AccessDeniedException, "Access to KMS is not allowed".
    """

    ENABLED = "enabled"
    READS_ONLY = "reads only"  # just disabled: reads are still served while writes fail
    DISABLED = "disabled"
    DENIED = "denied"

    def for_writing(self) -> None:
        """Raises what a write meets."""
        self.for_reading()
        if self is Key.READS_ONLY:
            message = "Secrets Manager can't encrypt the protected secret text using the provided KMS key."
            raise ServiceError("EncryptionFailure", message)

    def for_reading(self) -> None:
        """Raises what a read meets."""
        if self is Key.DENIED:
            raise ServiceError("AccessDeniedException", "Access to KMS is not allowed")
        if self is Key.DISABLED:
            message = "Secrets Manager can't decrypt the protected secret text using the provided KMS key."
            raise ServiceError("DecryptionFailure", message)


class Account:
    """The secrets by name. Not thread-safe: the server holds its lock around every call."""

    def __init__(self, clock: Callable[[], float], seed: int, *, move_takes_pending_off: bool = False) -> None:
        """Begins without secrets; the seed decides ARN suffixes and shuffled reads.

        `move_takes_pending_off`: whether AWSPENDING leaves the version that AWSCURRENT moves to. The user guide says so
        ("which also removes the AWSPENDING label in the same API call"), the API reference does not, and users report
        both (aws-samples/aws-secrets-manager-rotation-lambdas, pull request 145 and issue 168).
        """
        self._clock = clock
        self._move_takes_pending_off = move_takes_pending_off
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing is protected by it
        self._timelines: dict[str, Timeline] = {}
        self.keys: dict[str, Key] = {}
        self.stale_reads = StaleReads()
        self.version_quota = VERSION_QUOTA
        self.empty_first_page = False
        self.refusal_in_batch: Callable[[str], ServiceError | None] = lambda _: None
        self.values_written: set[str | bytes] = set()

    @property
    def now(self) -> float:
        """Returns the clock's time in epoch seconds, to the millisecond."""
        return round(float(self._clock()), 3)

    def new_arn(self, name: str) -> str:
        """Makes an ARN: the name, a hyphen, and six random characters."""
        suffix = "".join(self._random.choices(string.ascii_letters + string.digits, k=6))
        return f"{_ARN_PREFIX}{name}-{suffix}"

    def new_token(self) -> str:
        """Makes a version id in the form of a UUID."""
        digits = f"{self._random.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def name_of(self, secret_id: str) -> str | None:
        """Returns the name that a name, an ARN, or an ARN without its suffix refers to."""
        if not secret_id.startswith("arn:"):
            return secret_id if secret_id in self._timelines else None
        partial = secret_id.removeprefix(_ARN_PREFIX)
        whole = self._timelines.get(partial[:-_SUFFIX_LENGTH])
        if whole is not None and whole.last_known is not None and whole.last_known.arn == secret_id:
            return whole.last_known.name
        return partial if partial in self._timelines else None

    def names(self) -> list[str]:
        """Returns the name of every secret that a read may still see."""
        return list(self._timelines)

    def created(self, name: str) -> float:
        """Returns when a secret was created, whether or not a read can see it."""
        last_known = self._timelines[name].last_known
        return last_known.created if last_known is not None else 0.0

    def truth(self, secret_id: str) -> Secret:
        """Returns a secret as it really is, or raises that there is none; the state that writes act on."""
        return self._found(secret_id, lambda timeline: timeline.newest)

    def seen(self, secret_id: str) -> Secret:
        """Returns a secret as this read sees it, or raises that there is none."""
        return self._found(secret_id, lambda timeline: timeline.read(self.now, self._random))

    def _found(self, secret_id: str, state: Callable[[Timeline], Secret | None]) -> Secret:
        name = self.name_of(secret_id)
        secret = state(self._timelines[name]) if name is not None else None
        if secret is None or not _refers_to(secret_id, secret):
            raise errors.no_such_secret()
        return secret

    def exists(self, name: str) -> bool:
        """Says whether there is such a secret, marked for deletion or not."""
        return name in self._timelines and self._timelines[name].newest is not None

    def write(self, secret: Secret) -> Secret:
        """Stores a secret's new state, and returns it as it is stored."""
        self.values_written.update(content.value for content in secret.versions.values())
        timeline = self._timelines.setdefault(secret.name, Timeline())
        if self._move_takes_pending_off and timeline.newest is not None:
            secret = with_pending_off(timeline.newest, secret)
        timeline.write(secret, self.now, self.stale_reads)
        return secret

    def remove(self, secret: Secret) -> None:
        """Deletes a secret with all its versions."""
        self._timelines[secret.name].write(None, self.now, self.stale_reads)

    def key(self, secret: Secret) -> Key:
        """Returns the state of a secret's KMS key."""
        return self.keys.get(secret.name, Key.ENABLED)


def _refers_to(secret_id: str, secret: Secret) -> bool:
    """Tells a secret from an earlier one of the same name, whose ARN ends otherwise."""
    return secret_id in {secret.name, secret.arn, secret.arn[:-_SUFFIX_LENGTH]}
