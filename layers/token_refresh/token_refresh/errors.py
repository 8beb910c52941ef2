"""Everything that can go wrong, by what a person does about it.

TokenRefreshError
├── InvalidConfiguration   correct the environment variable it names, deploy again
├── InvalidEvent           correct the event, invoke again
├── SecretsFailed          read the line: it names each failed secret and why
└── SecretError            one secret's failure; its ``outcome`` is the one reported
    ├── Transient          nothing: the next run tries again
    │   ├── Unreachable    nothing; if it lasts, check the address (`baseUrl`)
    │   └── Unclear        nothing yet: tried again; if it lasts, ask the provider what its answer means
    ├── Deferred           nothing: the next run goes on (more workers or stacks if it is always so)
    ├── Denied             give the function's role access to the secret, or its KMS key
    ├── InvalidSecret      correct the field it names in the secret
    │   └── NoSuchVersion  store a value in the secret
    ├── SessionDead        nothing yet: the secret's own login fields are tried next
    ├── Rejected           store working credentials in the secret
    ├── Unreadable         read the answer kept under the label UNREADABLE; update this software
    └── NotStored          log in at the provider by hand and store the new tokens

No message of these carries a credential, and none is raised while another exception is being handled: a library's
own error text (a URL with its query, a request body) would travel along in the chain that Lambda prints.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class Outcome(StrEnum):
    """How one secret ended."""

    FRESH = "fresh"
    REFRESHED = "refreshed"
    LOGGED_IN = "logged_in"
    SUPERSEDED = "superseded"
    DEFERRED = "deferred"
    TRANSIENT = "transient"
    DENIED = "denied"
    REJECTED = "rejected"
    INVALID_SECRET = "invalid_secret"  # noqa: S105  # an outcome, not a password
    UNREADABLE = "unreadable"
    NOT_STORED = "not_stored"

    @property
    def needs_human(self) -> bool:
        """Whether only a person can fix it."""
        return self in _NEED_A_HUMAN

    @property
    def fails_the_run(self) -> bool:
        """Whether the run that met it raises."""
        return self.needs_human or self is Outcome.TRANSIENT


_NEED_A_HUMAN = frozenset(
    {Outcome.DENIED, Outcome.REJECTED, Outcome.INVALID_SECRET, Outcome.UNREADABLE, Outcome.NOT_STORED}
)


class TokenRefreshError(Exception):
    """The root of everything raised on purpose."""


class InvalidConfiguration(TokenRefreshError):
    """An environment variable is missing or wrong."""


class InvalidEvent(TokenRefreshError):
    """The event asks for something that does not exist or makes no sense."""


class SecretsFailed(TokenRefreshError):
    """A run ended, and at least one of its secrets failed."""


class SecretError(TokenRefreshError):
    """One secret could not be rotated."""

    outcome: ClassVar[Outcome]

    def __init_subclass__(cls, outcome: Outcome | None = None) -> None:
        """Take the outcome that is reported, the parent's by default."""
        cls.outcome = outcome or cls.outcome


class Transient(SecretError, outcome=Outcome.TRANSIENT):
    """The provider or AWS is unavailable or throttling; no token is lost."""


class Unreachable(Transient):
    """No connection to the provider could be made, so nothing was sent."""


class Unclear(Transient):
    """The provider answered, and no document explains its answer."""


class Deferred(SecretError, outcome=Outcome.DEFERRED):
    """Too little time was left in this run to begin."""


class Denied(SecretError, outcome=Outcome.DENIED):
    """AWS refuses the function: permission, KMS key, deleted secret, quota."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code  # AWS's own


class InvalidSecret(SecretError, outcome=Outcome.INVALID_SECRET):
    """The secret's value is not what the provider's function needs."""


class NoSuchVersion(InvalidSecret):
    """The secret exists, and no version of it has that label or id."""


class SessionDead(SecretError, outcome=Outcome.REJECTED):
    """The provider no longer knows the session; logging in may help."""


class Rejected(SecretError, outcome=Outcome.REJECTED):
    """The provider refused the credentials, and logging in will not help."""


class Unreadable(SecretError, outcome=Outcome.UNREADABLE):
    """The provider said yes in a shape that is not known."""


class NotStored(SecretError, outcome=Outcome.NOT_STORED):
    """Tokens were issued and could not be stored before time ran out."""
