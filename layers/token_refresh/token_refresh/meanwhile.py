"""What someone else stored while a run was asking, and whose credentials then are the ones to keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from token_refresh.document import Document, parse_document
from token_refresh.errors import InvalidSecret
from token_refresh.lifetime import Lifetime
from token_refresh.replies import Issued

if TYPE_CHECKING:
    from token_refresh.secrets_manager import Version

# From a run's reading of a secret to its asking, seldom longer; also covers two clocks, AWS's and a run's.
_USUAL_PROOF_SECONDS = 30.0


@dataclass(frozen=True, slots=True, repr=False)
class Answered:
    """What a run received, for which version, and by presenting which fields."""

    version: Version
    document: Document
    issued: Issued
    sent_at: float  # epoch seconds
    presented: tuple[str, ...]

    @property
    def logged_in(self) -> bool:
        """Whether the tokens were received for the login fields."""
        return set(self.document.provider.login_fields) <= set(self.presented)


@dataclass(frozen=True, slots=True, repr=False)
class Theirs:
    """A version that another run or a person stored meanwhile."""

    version: Version
    document: Document | None  # None: a person stored what is no secret of ours
    life: Lifetime | None  # None: a person stored it

    @classmethod
    def of(cls, version: Version, answered: Answered, *, allow_plain_http: bool) -> Theirs:
        """Read a version."""
        try:
            document = parse_document(version.text, answered.document.provider, allow_plain_http=allow_plain_http)
        except InvalidSecret:
            return cls(version, None, None)
        life = Lifetime.of(version, document)
        return cls(version, document, life if life.ours else None)

    @property
    def issued(self) -> Issued:
        """The tokens in it."""
        fields = self.document.pick(self.document.provider.written_fields) if self.document else {}
        return Issued(fields, self.life.expires_at if self.life else None)

    def issued_later(self, ours: Lifetime) -> bool:
        """Tell whether it is a run's, with tokens that were issued after ours: they are the live ones."""
        return self.life is not None and not self.life.issued_before(ours)

    def built_on(self, answered: Answered) -> bool:
        """Tell whether it is a run's, without any edit that we did not know of when we asked."""
        return self.life is not None and self.document is not None and self.document.kept() == answered.document.kept()

    def is_outdated(self, ours: Lifetime, answered: Answered) -> bool:
        """Tell whether it is a run's, and ours is the one to keep."""
        if self.document is None or self.life is None:
            return False
        if self.built_on(answered):
            return self.life.issued_before(ours)
        # One of the two presented what a person has replaced since by what the other one presented.
        by_hand = not Lifetime.of(answered.version, answered.document).ours
        edited_later = by_hand and answered.version.created > self.life.start - _USUAL_PROOF_SECONDS
        other_account = self.document.login is None or self.document.login != answered.document.login
        return edited_later and (other_account or self.life.issued_before(ours))

    def has_what_was_presented(self, answered: Answered) -> bool:
        """Tell whether our tokens belong into it: it has the credentials for which we received them."""
        if self.document is None:
            return False
        if self.document.pick(answered.presented) == answered.document.pick(answered.presented):
            return True
        # Another run has put its tokens into it since; what they replaced can be told only if we logged in.
        login_fields = self.document.provider.login_fields
        same_login = self.document.pick(login_fields) == answered.document.pick(login_fields)
        return self.life is not None and answered.logged_in and same_login
