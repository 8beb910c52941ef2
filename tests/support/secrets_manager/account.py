"""One account's secrets: finding one by its id, reading it as a caller may see it, writing it."""

from __future__ import annotations

import random
import string
import uuid
from enum import Enum
from typing import TYPE_CHECKING

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
        """Makes a version id."""
        return str(uuid.UUID(int=self._random.getrandbits(128)))

    def name_of(self, secret_id: str) -> str | None:
        """Returns the name that a name, an ARN, or an ARN without its suffix refers to."""
        partial = secret_id.removeprefix(_ARN_PREFIX)
        for name in (partial, partial[:-_SUFFIX_LENGTH]):
            secret = self._timelines[name].newest if name in self._timelines else None
            if secret is not None and secret_id in {name, secret.arn, secret.arn[:-_SUFFIX_LENGTH]}:
                return name
        return None

    def names(self) -> list[str]:
        """Returns the names of the secrets that exist, marked for deletion or not."""
        return list(self._timelines)

    def truth(self, secret_id: str) -> Secret:
        """Returns a secret as it really is, or raises that there is none; the state that writes act on."""
        name = self.name_of(secret_id)
        return _found(self._timelines[name].newest if name is not None else None)

    def seen(self, secret_id: str) -> Secret:
        """Returns a secret as this read sees it, or raises that there is none."""
        return _found(self.seen_or_none(secret_id))

    def seen_or_none(self, secret_id: str) -> Secret | None:
        """Returns a secret as this read sees it, if there is one."""
        name = self.name_of(secret_id)
        return self._timelines[name].read(self.now, self._random) if name is not None else None

    def write(self, secret: Secret) -> Secret:
        """Stores a secret's new state, and returns it as it is stored."""
        self.values_written.update(content.value for content in secret.versions.values())
        now = self.now  # a test's clock may look at the secrets: this one is not yet among them
        timeline = self._timelines.setdefault(secret.name, Timeline())
        if self._move_takes_pending_off and timeline.newest is not None:
            secret = with_pending_off(timeline.newest, secret)
        timeline.write(secret, now, self.stale_reads)
        return secret

    def key(self, secret: Secret) -> Key:
        """Returns the state of a secret's KMS key."""
        return self.keys.get(secret.name, Key.ENABLED)


def _found(secret: Secret | None) -> Secret:
    if secret is None:
        raise ServiceError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    return secret
