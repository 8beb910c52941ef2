"""Secrets Manager in our own words: what each refusal means, paging, and exactly what is written under which label."""

from __future__ import annotations

import functools
import json
import uuid
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import boto3
import botocore.endpoint
import pytest

from tests.secrets_manager import Fault, Key, StaleReads, StrictSecretsManager
from tests.unit.wire import WireServer, answer
from token_refresh.errors import Denied, InvalidSecret, SecretError, Transient
from token_refresh.secrets_manager import (
    AlreadyStored,
    NoSuchSecret,
    NoSuchVersion,
    NotAName,
    SecretsManager,
    Version,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.usefixtures("guarded_logging")

PREFIX = "token-refresh/mcs/"
NAME = "token-refresh/mcs/demo"
VALUE = "dummy-secret-value"
HOUR = 3600
NOW = 1_700_000_000.0
KIB = 1024


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the SDK try again at once."""
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))


@pytest.fixture
def store() -> Iterator[StrictSecretsManager]:
    """A strict Secrets Manager, checked once more at the end."""
    with StrictSecretsManager(lambda: NOW) as serving:
        yield serving
        serving.check_invariants()


@pytest.fixture
def secrets(store: StrictSecretsManager, monkeypatch: pytest.MonkeyPatch) -> SecretsManager:
    """Our own view of that store."""
    return reaching(store.environment, monkeypatch)


@pytest.fixture
def demo(store: StrictSecretsManager, secrets: SecretsManager) -> Version:
    """A secret's first version, as we read it."""
    store.create(NAME, {"token": VALUE})
    return secrets.read(NAME)


def reaching(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> SecretsManager:
    """Makes our own view of the store that an environment names."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return SecretsManager(_session(), 2)


@functools.cache
def _session() -> boto3.session.Session:
    """Keeps one session: parsing the service's model takes longer than most tests."""
    return boto3.session.Session("dummy-access-key-id", "dummy-secret-access-key", region_name="us-east-1")


def endpoint(url: str) -> dict[str, str]:
    """Returns the variables that make the SDK use an endpoint that is no store."""
    return {"AWS_ENDPOINT_URL_SECRETS_MANAGER": url}


def failure(act: Callable[[], object]) -> SecretError:
    """Calls, expects a failure, and returns it, once it is sure that no exception of the SDK's is behind it."""
    with pytest.raises(SecretError) as caught:
        act()
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    return caught.value


def on_answer(
    data: bytes, monkeypatch: pytest.MonkeyPatch, act: Callable[[SecretsManager], object] | None = None
) -> tuple[SecretError, int]:
    """Returns what a call makes of an endpoint that answers so, and how often it asked."""
    with WireServer(data) as server:
        secrets = reaching(endpoint(server.url), monkeypatch)
        error = failure(lambda: act(secrets) if act else secrets.read(NAME))
        return error, server.connections


def refusal(code: str, status: int, message: str = "Something.") -> bytes:
    """Makes an error answer of AWS JSON 1.1."""
    return answer(status, json.dumps({"__type": code, "message": message}).encode())


class TestKinds:
    """Each refusal's meaning: those that pass by themselves, and those that need a person."""

    @pytest.mark.parametrize(
        ("code", "status"),
        [
            ("InternalServiceError", 500),
            ("InternalFailure", 500),
            ("ServiceUnavailable", 503),
            ("ThrottlingException", 400),
            ("Throttling", 400),
            ("TooManyRequestsException", 429),
            ("RequestLimitExceeded", 400),
            ("RequestTimeout", 400),
            ("RequestTimeoutException", 408),
            ("SomethingNew", 500),
            ("SomethingNew", 502),
            ("SomethingNew", 503),
            ("AccessDeniedException", 503),
        ],
    )
    def test_an_outage_or_a_throttle_is_transient(
        self, code: str, status: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The next tick tries again."""
        error, _ = on_answer(refusal(code, status), monkeypatch)
        assert type(error) is Transient

    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            ("AccessDeniedException", Denied),
            ("DecryptionFailure", Denied),
            ("EncryptionFailure", Denied),
            ("LimitExceededException", Denied),
            ("InvalidRequestException", Denied),
            ("UnrecognizedClientException", Denied),
            ("ExpiredTokenException", Denied),
            ("SomethingNew", Denied),
            ("ResourceNotFoundException", NoSuchSecret),
            ("ResourceExistsException", AlreadyStored),
            ("InvalidParameterException", Denied),
            ("ValidationException", NotAName),
        ],
    )
    def test_any_other_refusal_is_denied(
        self, code: str, kind: type[SecretError], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Permission, key, deleted, quota: a person has to see to it."""
        error, _ = on_answer(refusal(code, 400), monkeypatch)
        assert (type(error), error.outcome.value) == (kind, "denied")

    def test_a_missing_permission_is_asked_for_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Trying again would not help."""
        _, asked = on_answer(refusal("AccessDeniedException", 400), monkeypatch)
        assert asked == 1

    def test_a_secret_without_a_value_is_invalid(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The secret is there; the same code says so in another sentence."""
        message = "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"
        error, _ = on_answer(refusal("ResourceNotFoundException", 400, message), monkeypatch)
        assert (type(error), error.outcome.value) == (NoSuchVersion, "invalid_secret")

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_a_gateway_s_page_is_transient(self, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever is on it."""
        error, _ = on_answer(answer(status, b"<html>Bad Gateway</html>", "Content-Type: text/html"), monkeypatch)
        assert type(error) is Transient

    @pytest.mark.parametrize("body", [b"", b"{", b"<html>", b"{}", b'{"Name": "x"}'])
    def test_a_yes_that_holds_nothing_is_transient(self, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        """Something between us and AWS, or an answer that broke off."""
        error, _ = on_answer(answer(200, body), monkeypatch)
        assert type(error) is Transient

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (500, b'{"__type": "InternalServiceError", "message": null}'),
            (503, b"[]"),
            (503, b"null"),
            (503, b'"x"'),
            (200, b"[]"),
            (200, b"null"),
            (200, b'{"ARN": "a", "Name": "n", "VersionId": "v", "CreatedDate": "never"}'),
            (200, b'{"ARN": "a", "Name": "n", "VersionId": "v", "CreatedDate": 1e99}'),
        ],
    )
    def test_an_answer_of_another_shape_is_transient(
        self, status: int, body: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The SDK's parser raises whatever it happens to: a save is tried again all the same."""
        error, _ = on_answer(answer(status, body), monkeypatch)
        assert type(error) is Transient

    @pytest.mark.parametrize(
        "page", [[], None, {"SecretValues": [{}]}, {"SecretValues": "x"}, {"Errors": [[]]}, {"Errors": "x"}]
    )
    def test_a_page_of_another_shape_is_transient(self, page: object, monkeypatch: pytest.MonkeyPatch) -> None:
        """It does not end the sweep by an error that names nothing."""
        data = answer(200, json.dumps(page).encode())
        error, _ = on_answer(data, monkeypatch, lambda secrets: list(secrets.sweep("demo")))
        assert type(error) is Transient

    def test_a_page_s_errors_may_lack_everything(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """They still count for one secret."""
        with WireServer(answer(200, b'{"Errors": [{"SecretId": null, "ErrorCode": null, "Message": null}]}')) as server:
            [found] = reaching(endpoint(server.url), monkeypatch).sweep("demo")
        assert isinstance(found, tuple)
        assert (found[0], type(found[1])) == ("?", Denied)

    def test_a_broken_connection_is_transient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Tried three times in all."""
        error, asked = on_answer(b"", monkeypatch)
        assert (type(error), asked) == (Transient, 3)

    def test_a_refused_connection_is_transient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The SDK has another class for it than for one that broke."""
        with WireServer(listening=False) as server:
            secrets = reaching(endpoint(server.url), monkeypatch)
            assert type(failure(lambda: secrets.read(NAME))) is Transient

    def test_a_save_s_broken_connection_is_tried_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A save has a loop of its own, which watches the time."""
        error, asked = on_answer(b"", monkeypatch, lambda secrets: secrets.save("arn", "text", str(uuid.UUID(int=1))))
        assert (type(error), asked) == (Transient, 1)

    def test_the_sdk_s_own_refusal_is_denied(self, secrets: SecretsManager) -> None:
        """It sends nothing: a bug, or an environment without credentials."""
        error = failure(lambda: secrets.read(""))
        assert isinstance(error, (Denied, InvalidSecret))

    def test_the_text_names_what_was_tried_and_what_aws_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """On one line, the message cut to 200 characters."""
        error, _ = on_answer(refusal("AccessDeniedException", 400, "not\nallowed " + "x" * 500), monkeypatch)
        expected = "could not read the secret: AWS says AccessDeniedException: " + ("not allowed " + "x" * 500)[:200]
        assert str(error) == expected

    def test_a_validation_s_message_is_left_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It quotes the value that it finds wrong."""
        error, _ = on_answer(refusal("ValidationException", 400, f"Value '{VALUE}' is odd"), monkeypatch)
        assert str(error) == "could not read the secret: AWS says ValidationException"

    def test_a_write_s_failure_does_not_show_what_was_written(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The SDK's exception could hold the request."""
        error, _ = on_answer(
            refusal("AccessDeniedException", 400),
            monkeypatch,
            lambda secrets: secrets.save("arn", VALUE, str(uuid.UUID(int=1))),
        )
        assert VALUE not in repr(error)

    def test_a_disabled_key_is_denied(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """Reads may still be served while writes fail: the proof finds out."""
        store.set_key(NAME, Key.READS_ONLY)
        assert type(failure(lambda: secrets.prove(demo, NOW))) is Denied

    @pytest.mark.usefixtures("demo")
    def test_a_deleted_secret_is_denied(self, store: StrictSecretsManager, secrets: SecretsManager) -> None:
        """It waits out its recovery window."""
        store.delete(NAME)
        assert type(failure(lambda: secrets.read(NAME))) is Denied


class TestReading:
    """One version."""

    def test_everything_a_rotation_needs_is_read(self, store: StrictSecretsManager, demo: Version) -> None:
        """Its ids, its text, its labels and its date."""
        truth = store.current(NAME)
        assert (demo.name, demo.arn, demo.id, demo.text, demo.labels, demo.created) == (
            NAME,
            store.secret(NAME).arn,
            truth.id,
            f'{{"token": "{VALUE}"}}',
            frozenset({"AWSCURRENT"}),
            NOW,
        )

    def test_a_binary_one_has_no_text(self, store: StrictSecretsManager, secrets: SecretsManager) -> None:
        """It is for the document to refuse."""
        store.create(NAME, b"\x00\x01")
        assert secrets.read(NAME).text is None

    def test_another_label_s_is_read(self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version) -> None:
        """AWSPREVIOUS, after a person has written."""
        store.person_writes(NAME, {"token": "other"})
        assert secrets.read(NAME, "AWSPREVIOUS").id == demo.id

    def test_a_version_is_read_by_its_id(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """Whatever its labels are by now."""
        store.person_writes(NAME, {"token": "other"})
        assert secrets.read_version(demo.arn, demo.id).labels == {"AWSPREVIOUS"}

    @pytest.mark.usefixtures("demo")
    def test_a_label_on_no_version_is_said_so(self, secrets: SecretsManager) -> None:
        """The secret itself is there."""
        assert type(failure(lambda: secrets.read(NAME, "REJECTED"))) is NoSuchVersion

    def test_a_missing_secret_is_said_so(self, secrets: SecretsManager) -> None:
        """An event may name one."""
        assert type(failure(lambda: secrets.read(NAME))) is NoSuchSecret

    def test_a_version_s_repr_shows_nothing(self, demo: Version) -> None:
        """It ends up in tracebacks and debuggers."""
        assert VALUE not in repr(demo)


class TestSweep:
    """Every secret under a prefix."""

    def test_45_secrets_are_three_pages(self, store: StrictSecretsManager, secrets: SecretsManager) -> None:
        """20 a call."""
        names = [f"{PREFIX}{number:02}" for number in range(45)]
        for name in names:
            store.create(name, {"token": VALUE})
        found = [item.name for item in secrets.sweep(PREFIX) if isinstance(item, Version)]
        assert (sorted(found), [call.operation for call in store.calls]) == (names, ["BatchGetSecretValue"] * 3)

    def test_an_empty_page_is_not_the_end(self, store: StrictSecretsManager, secrets: SecretsManager) -> None:
        """AWS may give one, with a NextToken."""
        store.create(NAME, {"token": VALUE})
        store.set_empty_first_page(empty=True)
        assert [item.name for item in secrets.sweep(PREFIX) if isinstance(item, Version)] == [NAME]

    def test_no_secret_at_all_is_no_error(self, secrets: SecretsManager) -> None:
        """A fresh stack."""
        assert list(secrets.sweep(PREFIX)) == []

    def test_others_secrets_are_left_out(self, store: StrictSecretsManager, secrets: SecretsManager) -> None:
        """Also one that differs in case only."""
        for name in (NAME, "token-refresh/ekuaibao/demo", "Token-Refresh/MCS/demo", "x/token-refresh/mcs/demo"):
            store.create(name, {"token": VALUE})
        assert [item.name for item in secrets.sweep(PREFIX) if isinstance(item, Version)] == [NAME]

    def test_a_filter_that_lets_others_through_is_not_believed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Their tokens would be sent to this provider."""
        names = [NAME, "token-refresh/ekuaibao/demo", "Token-Refresh/MCS/demo"]
        values = [{"ARN": name, "Name": name, "VersionId": "1", "SecretString": "{}"} for name in names]
        with WireServer(answer(200, json.dumps({"SecretValues": values}).encode())) as server:
            found = list(reaching(endpoint(server.url), monkeypatch).sweep(PREFIX))
        assert [item.name for item in found if isinstance(item, Version)] == [NAME]

    @pytest.mark.parametrize(("fault", "kind"), [(Fault.DENIED, Denied), (Fault.SERVER_ERROR, Transient)])
    def test_one_secret_s_error_is_its_own(
        self, store: StrictSecretsManager, secrets: SecretsManager, fault: Fault, kind: type[SecretError]
    ) -> None:
        """The others of its page are read; it is reported by its name, not its ARN."""
        for name in ("a", "b", "c"):
            store.create(PREFIX + name, {"token": VALUE})
        store.fail("BatchGetSecretValue", fault, secret=f"{PREFIX}b", times=None)
        read = [item.name if isinstance(item, Version) else (item[0], type(item[1])) for item in secrets.sweep(PREFIX)]
        assert sorted(read, key=str) == [(f"{PREFIX}b", kind), f"{PREFIX}a", f"{PREFIX}c"]

    @pytest.mark.parametrize(("fault", "kind"), [(Fault.DENIED, Denied), (Fault.THROTTLED, Transient)])
    def test_a_list_that_cannot_be_read_is_raised(
        self, store: StrictSecretsManager, secrets: SecretsManager, fault: Fault, kind: type[SecretError]
    ) -> None:
        """The run has nothing to go on."""
        store.fail("BatchGetSecretValue", fault, times=None)
        error = failure(lambda: list(secrets.sweep(PREFIX)))
        assert (type(error), str(error).startswith("could not list the secrets: AWS says ")) == (kind, True)

    def test_an_endless_list_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """One whose NextToken goes round in circles."""
        page = answer(200, json.dumps({"SecretValues": [], "NextToken": "again"}).encode())
        with WireServer(page) as server:
            found = list(reaching(endpoint(server.url), monkeypatch).sweep(PREFIX))
            assert (found, len(server.sent)) == ([], 2)


class TestProof:
    """The same value again, as AWSPENDING, before anything is spent."""

    def test_it_writes_the_value_unchanged(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """Under AWSPENDING only: AWSCURRENT stays."""
        secrets.prove(demo, NOW)
        labels = store.labels(NAME)
        proof = next(version for version in store.versions(NAME) if version.id == labels["AWSPENDING"])
        assert (labels["AWSCURRENT"], proof.id != demo.id, proof.value) == (demo.id, True, demo.text)

    def test_it_is_one_version_an_hour(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """An outage of a day adds 24, however often it ticks."""
        begin = NOW // HOUR * HOUR
        for minutes in range(0, 180, 10):
            secrets.prove(demo, begin + minutes * 60)
        assert len(store.versions(NAME)) == 1 + 3


class TestSave:
    """New tokens."""

    def test_it_is_current_and_pending(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """AWSPENDING elsewhere means "began, did not finish"; the old value is AWSPREVIOUS."""
        token = str(uuid.UUID(int=1))
        secrets.save(demo.arn, '{"token": "new"}', token)
        assert store.labels(NAME) == {"AWSCURRENT": token, "AWSPENDING": token, "AWSPREVIOUS": demo.id}

    def test_it_takes_the_pending_label_off_the_proof(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """Which has served."""
        secrets.prove(demo, NOW)
        secrets.save(demo.arn, '{"token": "new"}', str(uuid.UUID(int=1)))
        assert store.labels(NAME)["AWSPENDING"] == str(uuid.UUID(int=1))

    def test_the_same_again_does_nothing(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """So a save whose answer was lost is tried again."""
        store.fail("PutSecretValue", Fault.LOST_AFTER)
        token = str(uuid.UUID(int=1))
        failure(lambda: secrets.save(demo.arn, '{"token": "new"}', token))
        secrets.save(demo.arn, '{"token": "new"}', token)
        assert [version.id for version in store.versions(NAME)] == [demo.id, token]

    def test_another_value_under_the_same_token_is_said_so(self, secrets: SecretsManager, demo: Version) -> None:
        """Another run's, received in the same millisecond."""
        token = str(uuid.UUID(int=1))
        secrets.save(demo.arn, '{"token": "theirs"}', token)
        assert type(failure(lambda: secrets.save(demo.arn, '{"token": "ours"}', token))) is AlreadyStored


class TestKept:
    """An answer in an unknown shape."""

    def test_its_bytes_are_kept_under_a_label(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """AWSCURRENT stays where it is."""
        secrets.keep_unreadable(demo, b"\x00answer")
        labels = store.labels(NAME)
        kept = next(version for version in store.versions(NAME) if version.id == labels["UNREADABLE"])
        assert (kept.value, labels["AWSCURRENT"]) == (b"\x00answer", demo.id)

    def test_64_kib_are_kept(self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version) -> None:
        """All that Secrets Manager can hold."""
        secrets.keep_unreadable(demo, b"x" * 100 * KIB)
        assert len(store.versions(NAME)[-1].value) == 64 * KIB

    def test_the_first_for_a_version_stays(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """Only it was given for unspent tokens; no second version is written."""
        secrets.keep_unreadable(demo, b"first")
        secrets.keep_unreadable(demo, b"second")
        assert [version.value for version in store.versions(NAME)[1:]] == [b"first"]


class TestLabels:
    """Moving a label needs to know where it is."""

    def test_a_version_is_labelled(self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version) -> None:
        """REJECTED, beside its other labels."""
        secrets.label(demo, "REJECTED")
        assert store.labels(NAME) == {"AWSCURRENT": demo.id, "REJECTED": demo.id}

    def test_labelling_twice_does_nothing(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """The second time nothing is moved."""
        secrets.label(demo, "REJECTED")
        secrets.label(demo, "REJECTED")
        assert [call.operation for call in store.calls].count("UpdateSecretVersionStage") == 1

    def test_the_label_moves_off_an_older_version(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """It sits on one version only."""
        secrets.label(demo, "REJECTED")
        newer = store.person_writes(NAME, {"token": "also wrong"})
        secrets.label(secrets.read(NAME), "REJECTED")
        assert store.labels(NAME)["REJECTED"] == newer.id

    def test_current_is_moved_back(self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version) -> None:
        """To a person's version, off ours."""
        token = str(uuid.UUID(int=1))
        secrets.save(demo.arn, '{"token": "new"}', token)
        secrets.move(demo.arn, "AWSCURRENT", to=demo.id, off=token)
        assert store.labels(NAME)["AWSCURRENT"] == demo.id

    def test_a_label_that_has_moved_on_is_left(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """Someone wrote again: the move names where it must be, and is refused."""
        token = str(uuid.UUID(int=1))
        secrets.save(demo.arn, '{"token": "new"}', token)
        newest = store.person_writes(NAME, {"token": "newest"})
        error = failure(lambda: secrets.move(demo.arn, "AWSCURRENT", to=demo.id, off=token))
        assert (type(error), store.labels(NAME)["AWSCURRENT"]) == (Denied, newest.id)


class TestOrderOfWrites:
    """Who wrote before and after us."""

    def test_both_labels_are_told_as_of_one_moment(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """In one call: two reads may show two moments."""
        token = str(uuid.UUID(int=1))
        secrets.save(demo.arn, '{"token": "new"}', token)
        before = len(store.calls)
        assert secrets.current_and_previous(demo.arn) == (token, demo.id)
        assert [call.operation for call in store.calls[before:]] == ["DescribeSecret"]

    def test_a_secret_with_one_version_has_no_previous(self, secrets: SecretsManager, demo: Version) -> None:
        """Nothing has been replaced."""
        assert secrets.current_and_previous(demo.arn) == (demo.id, None)

    def test_two_reads_do_where_describing_is_not_allowed(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """They need no permission of their own."""
        token = str(uuid.UUID(int=1))
        secrets.save(demo.arn, '{"token": "new"}', token)
        store.fail("DescribeSecret", Fault.DENIED, times=None)
        assert secrets.current_and_previous(demo.arn) == (token, demo.id)

    def test_nothing_has_replaced_what_is_current(self, secrets: SecretsManager, demo: Version) -> None:
        """AWSCURRENT has not moved."""
        assert secrets.replacement(demo) is None

    def test_a_newer_version_is_a_replacement(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """By AWS's own date, in one call."""
        newer = store.person_writes(NAME, {"token": "newer"})
        before = len(store.calls)
        found = secrets.replacement(replace(demo, created=NOW - 1))
        assert found is not None
        assert (found.id, len(store.calls) - before) == (newer.id, 1)

    def test_a_version_of_the_same_moment_is_told_by_the_labels(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """The one that was read is no longer AWSCURRENT."""
        newer = store.person_writes(NAME, {"token": "newer"})
        found = secrets.replacement(demo)
        assert found is not None
        assert found.id == newer.id

    def test_an_older_version_made_current_again_is_a_replacement(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """A person stepped back."""
        newer = store.person_writes(NAME, {"token": "newer"})
        read = secrets.read(NAME)
        secrets.move(demo.arn, "AWSCURRENT", to=demo.id, off=newer.id)
        found = secrets.replacement(read)
        assert found is not None
        assert found.id == demo.id

    def test_an_older_version_in_a_lagging_read_is_no_replacement(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """Whether or not the lag hides the version that was read."""
        store.set_stale_reads(StaleReads(reads=1))
        newer = store.person_writes(NAME, {"token": "newer"})
        read = replace(demo, id=newer.id)
        assert secrets.replacement(read) is None
        store.set_stale_reads(StaleReads(reads=2))
        newest = store.person_writes(NAME, {"token": "newest"})
        assert secrets.replacement(replace(demo, id=newest.id)) is None


def test_no_client_is_shared_with_the_environment_s_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bounds on time are ours, whatever the environment says."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "10")
    error, asked = on_answer(refusal("InternalServiceError", 500), monkeypatch)
    assert (type(error), asked) == (Transient, 3)
