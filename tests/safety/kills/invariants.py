"""What must hold after every step of every run, whatever happens to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from tests.safety.moves import edit_left_behind
from tests.support.secrets_manager.invariants import check as check_secret
from tests.support.secrets_manager.model import VERSION_QUOTA
from tests.support.steps import proof_token, successor_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.providers import ProviderFacts
    from tests.support.secrets_manager import Call, Secret, StrictSecretsManager, Version


@dataclass(slots=True)
class TrackedSecret:
    """A secret whose invariants are checked."""

    name: str
    account: str  # whose tokens are in it
    kept: dict[str, Any]  # the fields that no function may change
    edit: dict[str, Any] | None = None  # what a person stored instead of `kept` during a run
    edited_account: str | None = None  # whose tokens that person stored, if others
    by_hand: set[str] = field(default_factory=set)  # the versions that people stored
    parses: bool = True

    def is_in(self, document: Mapping[str, Any]) -> bool:
        """Tells whether a document holds all that people last wrote."""
        return _holds(document, self.kept if self.edit is None else self.edit)

    def accept_edit(self) -> None:
        """From now on the edit is what no function may change."""
        if self.edit is not None:
            self.kept, self.account = self.edit, self.edited_account or self.account
        self.edit, self.edited_account = None, None


def _holds(document: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    return {name: document.get(name) for name in fields} == dict(fields)


class Invariants:
    """Checks the store. It is called in the servers' threads, so what is broken is collected, not raised."""

    def __init__(self, store: StrictSecretsManager, kind: ProviderFacts) -> None:
        """Begins without secrets."""
        self._store, self._kind = store, kind
        self.secrets: list[TrackedSecret] = []
        self.broken: list[str] = []
        self._proved: Call | None = None
        self._asked = 0
        self._saved: set[str | None] = set()
        self._waiting = 0  # answers that an earlier run stored and did not make current

    def begin_run(self) -> None:
        """Begins a run."""
        self._proved, self._asked, self._saved = None, 0, set()
        labels = [self._store.labels(tracked.name) for tracked in self.secrets]
        self._waiting = sum(one.get("ISSUED") not in (None, one["AWSCURRENT"]) for one in labels)

    def after_call(self, call: Call) -> None:
        """Remembers what was proved and what was saved; checks each move of AWSCURRENT."""
        if "AWSCURRENT" in call.version_stages and call.operation != "GetSecretValue" and call.ok:
            wrong = edit_left_behind(self._store.secret(str(call.secret)), self._kind)
            self.broken += [wrong] if wrong else []
        if call.operation != "PutSecretValue":
            return
        if call.version_stages == ("AWSPENDING",):
            self._proved = call if call.ok and call.fault is None else None
        elif call.version_stages[:1] == ("ISSUED",):
            self._proved = None
            if call.ok:
                self._saved.add(call.client_request_token)

    def before_request(self) -> None:
        """Checks that the provider is asked only by a run that has just proved that it can store the answer."""
        self._asked += 1
        self._check(self._proof_stands)

    def after_step(self) -> None:
        """Checks what holds at every moment."""
        self._check(self._labels_stand)
        self._check(self._documents_stand)
        self._check(self._saves_are_few)

    def check_versions(self) -> None:
        """Raises if there is a version that the protocol does not account for."""
        for tracked in self.secrets:
            secret = self._store.secret(tracked.name)
            versions = {version.id: version for version in self._store.versions(tracked.name)}
            odd = [
                one for one in versions.values() if one.id not in tracked.by_hand and not _is_due(one, secret, versions)
            ]
            assert not odd, f"{tracked.name}: versions that nobody had to write: {[one.id for one in odd]}"

    def _check(self, rule: Callable[[], None]) -> None:
        try:
            rule()
        except Exception as error:  # noqa: BLE001  # also one that says that a value does not parse
            self.broken.append(f"{rule.__name__}: {type(error).__name__}: {error}")

    def _proof_stands(self) -> None:
        proof = self._proved
        assert proof is not None, "the provider is asked without a proof"
        assert proof.secret is not None
        versions = {version.id: version for version in self._store.versions(proof.secret)}
        arn = self._store.secret(proof.secret).arn
        assert proof.client_request_token in _proof_ids(arn, versions, proof.at), "the proof is not one of this hour"
        current = self._store.current(proof.secret)
        proved = versions[proof.client_request_token]
        tracked = next(one for one in self.secrets if one.name == proof.secret)
        assert proved.value == current.value or tracked.edit is not None, "the proof is of another value"

    def _labels_stand(self) -> None:
        for tracked in self.secrets:
            check_secret(self._store.secret(tracked.name), VERSION_QUOTA)

    def _documents_stand(self) -> None:
        for tracked in self.secrets:
            current = self._store.current(tracked.name)
            if tracked.parses:
                document = current.document
                sound = _holds(document, tracked.kept) or tracked.is_in(document)
                assert sound, f"{tracked.name}: a field changed that no function may change"
                assert tracked.is_in(document), f"{tracked.name}: a person's edit is not in what is current"

    def _saves_are_few(self) -> None:
        edits = sum(tracked.edit is not None for tracked in self.secrets)
        saved = len(self._saved)
        assert saved <= self._asked + edits + self._waiting, f"{saved} saves of {self._asked} answers"


def _proof_ids(arn: str, versions: Mapping[str, Version], at: float) -> set[str]:
    return {proof_token(arn, version_id, at) for version_id in versions}


def _kept_answer_ids(versions: Mapping[str, Version], at: float) -> set[str]:
    day = int(at // (24 * 3600))
    return {str(uuid5(NAMESPACE_URL, f"{one}#unreadable#{day}#{number}")) for one in versions for number in range(12)}


def _is_due(version: Version, secret: Secret, versions: Mapping[str, Version]) -> bool:
    """Tells whether a version is a save, a proof of its hour, or an answer kept for another version."""
    if version.id in _kept_answer_ids(versions, version.created):
        return True
    if version.id in _proof_ids(secret.arn, versions, version.created):
        return any(version.value == other.value for other in versions.values() if other.id != version.id)
    return version.id in {successor_id(secret.arn, version_id) for version_id in versions}
