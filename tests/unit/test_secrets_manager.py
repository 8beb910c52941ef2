"""The calls to Secrets Manager: what they return, how often they try, and what is written under which label."""

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

from tests.support.secrets_manager import Call, Fault, Key, StaleReads, StrictSecretsManager
from tests.unit.wire import WireServer, answer
from token_refresh.errors import Denied, NoSuchVersion, SecretError, Transient
from token_refresh.listings import secret_name
from token_refresh.secrets_manager import SecretsManager
from token_refresh.versions import Version, proof_version_id, unreadable_version_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.usefixtures("guarded_logging")

PREFIX = "token-refresh/mcs/"
NAME = "token-refresh/mcs/demo"
VALUE = "dummy-secret-value"
NEW = '{"token": "new"}'
ARN = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{NAME}-AbCdEf"
VERSION = Version(ARN, NAME, str(uuid.UUID(int=1)), VALUE, frozenset({"AWSCURRENT"}), 0.0)  # of a secret of nobody's
HOUR = 3600
NOW = 1_700_000_000.0
KIB = 1024
# What AWS says of a label or an id that is on no version.
WORDINGS = [
    "Secrets Manager can't find the specified secret value for staging label: REJECTED",
    "Secrets Manager can't find the specified secret.",
]
LOOKS = pytest.mark.parametrize(
    "look",
    [
        lambda secrets: secrets.read_labelled(ARN, "REJECTED"),
        lambda secrets: secrets.read_version(ARN, VERSION.id),
    ],
    ids=["read_labelled", "read_version"],
)


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


class TestAttempts:
    """The calls that have a retry loop of their own try once, the others three times in all."""

    @pytest.mark.parametrize(
        ("act", "attempts"),
        [
            (lambda secrets: list(secrets.list_current(PREFIX)), 3),
            (lambda secrets: secrets.list_versions(ARN), 3),
            (lambda secrets: secrets.read(NAME), 3),
            (lambda secrets: secrets.read_labelled(ARN, "REJECTED"), 3),
            (lambda secrets: secrets.check_writable(VERSION, NOW), 3),
            (lambda secrets: secrets.read_version(ARN, VERSION.id), 1),
            (lambda secrets: secrets.store_successor(VERSION, NEW, asked=False), 1),
            (lambda secrets: secrets.keep_unreadable(VERSION, b"answer", NOW), 1),
            (lambda secrets: secrets.move(ARN, "REJECTED", to=VERSION.id, off=None), 1),
        ],
        ids=[
            "list_current",
            "list_versions",
            "read",
            "read_labelled",
            "check_writable",
            "read_version",
            "store_successor",
            "keep_unreadable",
            "move",
        ],
    )
    @pytest.mark.parametrize("data", [b"", refusal("InternalServiceError", 500)], ids=["broken", "refused"])
    def test_an_outage_is_met_so_often(
        self, act: Callable[[SecretsManager], object], attempts: int, data: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Then it is `Transient`."""
        error, asked = on_answer(data, monkeypatch, act)
        assert (type(error), asked) == (Transient, attempts)

    def test_a_missing_permission_is_asked_for_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Trying again would not help."""
        error, asked = on_answer(refusal("AccessDeniedException", 400), monkeypatch)
        assert (type(error), asked) == (Denied, 1)

    def test_the_environment_s_retries_do_not_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The bounds on time are ours, whatever the environment says."""
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "10")
        error, asked = on_answer(refusal("InternalServiceError", 500), monkeypatch)
        assert (type(error), asked) == (Transient, 3)


class TestOddAnswers:
    """An answer that is no answer: something between us and AWS made it, or it broke off."""

    @pytest.mark.parametrize("body", [b"", b"{", b"<html>", b"{}", b'{"Name": "x"}'])
    def test_a_yes_that_holds_nothing_is_transient(self, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        """The next run tries again."""
        error, _ = on_answer(answer(200, body), monkeypatch)
        assert type(error) is Transient

    @pytest.mark.parametrize(
        "body",
        [
            b"[]",
            b"null",
            b'{"ARN": "a", "Name": "n", "VersionId": "v", "CreatedDate": "never"}',
            b'{"ARN": "a", "Name": "n", "VersionId": "v", "CreatedDate": 1e99}',
        ],
    )
    def test_a_version_of_another_shape_is_transient(self, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        """The SDK's parser raises whatever it happens to."""
        error, _ = on_answer(answer(200, body), monkeypatch)
        assert type(error) is Transient

    @pytest.mark.parametrize(
        "act",
        [
            lambda secrets: secrets.check_writable(VERSION, NOW),
            lambda secrets: secrets.store_successor(VERSION, NEW, asked=False),
            lambda secrets: secrets.keep_unreadable(VERSION, b"answer", NOW),
        ],
        ids=["check_writable", "store_successor", "keep_unreadable"],
    )
    @pytest.mark.parametrize("body", [b"", b"{", b"{}", b"[]", b"null"])
    def test_a_write_is_not_believed_without_an_answer(
        self, act: Callable[[SecretsManager], object], body: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Only the version's id says that it is stored: the last copy of a token must not be given up for less."""
        error, _ = on_answer(answer(200, body), monkeypatch, act)
        assert type(error) is Transient

    @pytest.mark.parametrize(
        "page", [[], None, {"SecretValues": [{}]}, {"SecretValues": "x"}, {"Errors": [[]]}, {"Errors": "x"}]
    )
    def test_a_page_of_another_shape_is_transient(self, page: object, monkeypatch: pytest.MonkeyPatch) -> None:
        """It does not end the run by an error that names nothing."""
        data = answer(200, json.dumps(page).encode())
        error, _ = on_answer(data, monkeypatch, lambda secrets: list(secrets.list_current("demo")))
        assert type(error) is Transient

    def test_a_page_s_errors_may_lack_everything(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """They still count for one secret."""
        with WireServer(answer(200, b'{"Errors": [{"SecretId": null, "ErrorCode": null, "Message": null}]}')) as server:
            [found] = reaching(endpoint(server.url), monkeypatch).list_current("demo")
        assert isinstance(found, tuple)
        assert (found[0], type(found[1])) == ("?", Denied)


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

    def test_a_secret_without_a_value_is_said_so(self, store: StrictSecretsManager, secrets: SecretsManager) -> None:
        """The secret itself is there, and a person is to store one."""
        store.create(NAME)
        assert type(failure(lambda: secrets.read(NAME))) is NoSuchVersion

    def test_a_missing_secret_is_denied(self, secrets: SecretsManager) -> None:
        """An event may name one; the code tells."""
        error = failure(lambda: secrets.read(NAME))
        assert isinstance(error, Denied)
        assert error.code == "ResourceNotFoundException"

    @pytest.mark.usefixtures("demo")
    def test_a_deleted_secret_is_denied(self, store: StrictSecretsManager, secrets: SecretsManager) -> None:
        """It waits out its recovery window."""
        store.delete(NAME)
        assert type(failure(lambda: secrets.read(NAME))) is Denied

    def test_a_version_is_read_by_its_label(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """AWSPREVIOUS, after a person has written."""
        store.person_writes(NAME, {"token": "other"})
        found = secrets.read_labelled(demo.arn, "AWSPREVIOUS")
        assert found == replace(demo, labels=frozenset({"AWSPREVIOUS"}))

    def test_a_label_on_no_version_finds_none(self, secrets: SecretsManager, demo: Version) -> None:
        """The secret itself is there."""
        assert secrets.read_labelled(demo.arn, "REJECTED") is None

    def test_a_version_is_read_by_its_id(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """Whatever its labels are by now."""
        store.person_writes(NAME, {"token": "other"})
        assert secrets.read_version(demo.arn, demo.id) == replace(demo, labels=frozenset({"AWSPREVIOUS"}))

    def test_a_version_without_labels_is_read_too(self, store: StrictSecretsManager, secrets: SecretsManager) -> None:
        """Nobody but its id leads to it."""
        first = store.create(NAME, {"token": VALUE})
        assert first is not None
        for value in ("second", "third"):
            store.person_writes(NAME, value)
        found = secrets.read_version(store.secret(NAME).arn, first.id)
        assert found is not None
        assert (found.id, found.labels) == (first.id, frozenset())

    def test_an_id_that_is_none_finds_none(self, secrets: SecretsManager, demo: Version) -> None:
        """The secret itself is there."""
        assert secrets.read_version(demo.arn, demo.successor_id) is None

    @pytest.mark.parametrize("wording", WORDINGS)
    @LOOKS
    def test_either_of_aws_s_wordings_means_none(
        self, look: Callable[[SecretsManager], object], wording: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """For a missing label some answers speak of the secret."""
        data = refusal("ResourceNotFoundException", 400, wording)
        with WireServer(data) as server:
            assert look(reaching(endpoint(server.url), monkeypatch)) is None

    @pytest.mark.parametrize(
        ("code", "kind"), [("AccessDeniedException", Denied), ("DecryptionFailure", Denied), ("Throttling", Transient)]
    )
    @LOOKS
    def test_any_other_refusal_is_raised(
        self,
        look: Callable[[SecretsManager], object],
        code: str,
        kind: type[SecretError],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """It does not tell that nothing is there."""
        error, _ = on_answer(refusal(code, 400), monkeypatch, look)
        assert type(error) is kind


class TestNames:
    """An event, and a page's error, may name a secret by its ARN."""

    @pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
    def test_the_name_is_taken_out_of_an_arn(self, partition: str) -> None:
        """In every partition; its random characters stay."""
        assert secret_name(ARN.replace("aws", partition, 1)) == f"{NAME}-AbCdEf"

    @pytest.mark.parametrize(
        "name", [NAME, "token-refresh/mcs/a:secret:b", f"x{ARN}", "arn:aws:s3:::token-refresh/mcs/demo", ""]
    )
    def test_anything_else_is_a_name(self, name: str) -> None:
        """Also with the word secret in it: only a secret's ARN is taken apart."""
        assert secret_name(name) == name


class TestList:
    """Every secret under a prefix."""

    def test_45_secrets_are_three_pages(self, store: StrictSecretsManager, secrets: SecretsManager) -> None:
        """20 a call."""
        names = [f"{PREFIX}{number:02}" for number in range(45)]
        for name in names:
            store.create(name, {"token": VALUE})
        found = [item.name for item in secrets.list_current(PREFIX) if isinstance(item, Version)]
        assert (sorted(found), [call.operation for call in store.calls]) == (names, ["BatchGetSecretValue"] * 3)

    def test_an_empty_page_is_not_the_end(self, store: StrictSecretsManager, secrets: SecretsManager) -> None:
        """AWS may give one, with a NextToken."""
        store.create(NAME, {"token": VALUE})
        store.set_empty_first_page(empty=True)
        assert [item.name for item in secrets.list_current(PREFIX) if isinstance(item, Version)] == [NAME]

    def test_no_secret_at_all_is_no_error(self, secrets: SecretsManager) -> None:
        """A fresh stack."""
        assert list(secrets.list_current(PREFIX)) == []

    def test_others_secrets_are_left_out(self, store: StrictSecretsManager, secrets: SecretsManager) -> None:
        """Also one that differs in case only."""
        for name in (NAME, "token-refresh/ekuaibao/demo", "Token-Refresh/MCS/demo", "x/token-refresh/mcs/demo"):
            store.create(name, {"token": VALUE})
        assert [item.name for item in secrets.list_current(PREFIX) if isinstance(item, Version)] == [NAME]

    def test_a_filter_that_lets_others_through_is_not_believed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Their tokens would be sent to this provider."""
        names = [NAME, "token-refresh/ekuaibao/demo", "Token-Refresh/MCS/demo"]
        values = [{"ARN": name, "Name": name, "VersionId": "1", "SecretString": "{}"} for name in names]
        with WireServer(answer(200, json.dumps({"SecretValues": values}).encode())) as server:
            found = list(reaching(endpoint(server.url), monkeypatch).list_current(PREFIX))
        assert [item.name for item in found if isinstance(item, Version)] == [NAME]

    @pytest.mark.parametrize(("fault", "kind"), [(Fault.DENIED, Denied), (Fault.SERVER_ERROR, Transient)])
    def test_one_secret_s_error_is_its_own(
        self, store: StrictSecretsManager, secrets: SecretsManager, fault: Fault, kind: type[SecretError]
    ) -> None:
        """The others of its page are read; it is reported by its name, not its ARN."""
        for name in ("a", "b", "c"):
            store.create(PREFIX + name, {"token": VALUE})
        store.fail("BatchGetSecretValue", fault, secret=f"{PREFIX}b", times=None)
        read = [
            item.name if isinstance(item, Version) else (item[0], type(item[1]))
            for item in secrets.list_current(PREFIX)
        ]
        assert sorted(read, key=str) == [(f"{PREFIX}b", kind), f"{PREFIX}a", f"{PREFIX}c"]

    @pytest.mark.parametrize(("fault", "kind"), [(Fault.DENIED, Denied), (Fault.THROTTLED, Transient)])
    def test_a_list_that_cannot_be_read_is_raised(
        self, store: StrictSecretsManager, secrets: SecretsManager, fault: Fault, kind: type[SecretError]
    ) -> None:
        """The run has nothing to go on."""
        store.fail("BatchGetSecretValue", fault, times=None)
        error = failure(lambda: list(secrets.list_current(PREFIX)))
        assert (type(error), str(error).startswith("could not list the secrets: AWS says ")) == (kind, True)

    def test_an_endless_list_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """One whose NextToken goes round in circles."""
        page = answer(200, json.dumps({"SecretValues": [], "NextToken": "again"}).encode())
        with WireServer(page) as server:
            found = list(reaching(endpoint(server.url), monkeypatch).list_current(PREFIX))
            assert (found, len(server.sent)) == ([], 2)


class TestVersions:
    """The list of a secret's versions."""

    def test_all_of_them(self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version) -> None:
        """Also those without labels, over several pages; with their dates."""
        for number in range(250):
            store.set_version_quota(300)
            store.person_writes(NAME, f"value {number}")
        found = secrets.list_versions(demo.arn)
        versions = store.versions(NAME)
        assert {one.id: (one.labelled, one.created) for one in found} == {
            one.id: (bool(one.labels), one.created) for one in versions
        }
        assert sum(one.labelled for one in found) == 2
        assert len(versions) == 251

    def test_a_list_that_goes_round_in_circles_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A token of a page that has been seen is the end."""
        body = json.dumps({"Versions": [{"VersionId": "a" * 32, "CreatedDate": 1.5}], "NextToken": "again"}).encode()
        with WireServer(answer(200, body)) as server:
            found = reaching(endpoint(server.url), monkeypatch).list_versions(ARN)
        assert [(one.id, one.labelled, one.created) for one in found] == [("a" * 32, False, 1.5)] * 2


class TestProof:
    """The same value again, as AWSPENDING, before anything is spent."""

    def test_it_writes_the_value_unchanged(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """Under AWSPENDING only, with an id that follows from the successor's: AWSCURRENT stays."""
        secrets.check_writable(demo, NOW)
        proof_id = proof_version_id(demo.successor_id, NOW)
        assert store.labels(NAME) == {"AWSCURRENT": demo.id, "AWSPENDING": proof_id}
        assert store.secret(NAME).version(proof_id).value == demo.text

    def test_it_is_one_version_an_hour(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """An outage of a day adds 24, however often it is tried."""
        begin = NOW // HOUR * HOUR
        for minutes in range(0, 180, 10):
            secrets.check_writable(demo, begin + minutes * 60)
        assert len(store.versions(NAME)) == 1 + 3

    def test_a_key_that_only_reads_is_found_out(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """Reads may still be served while writes fail."""
        store.set_key(NAME, Key.READS_ONLY)
        assert type(failure(lambda: secrets.check_writable(demo, NOW))) is Denied

    def test_another_value_under_its_id_proves_nothing(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """A person is told: nobody but this software should have stored it."""
        proof_id = proof_version_id(demo.successor_id, NOW)
        store.client().put_secret_value(
            SecretId=NAME, SecretString="other", ClientRequestToken=proof_id, VersionStages=["AWSPENDING"]
        )
        assert type(failure(lambda: secrets.check_writable(demo, NOW))) is Denied


class TestSuccessor:
    """New tokens are stored as the successor of the version that was presented, not yet current."""

    @pytest.mark.parametrize(
        ("asked", "labels"), [(False, {"ISSUED", "AWSPENDING"}), (True, {"ISSUED", "AWSPENDING", "ASKED"})]
    )
    def test_it_has_these_labels(
        self,
        store: StrictSecretsManager,
        secrets: SecretsManager,
        demo: Version,
        asked: bool,  # noqa: FBT001  # a column
        labels: set[str],
    ) -> None:
        """ISSUED finds it again; ASKED, where it is wanted, makes the next run present it."""
        assert secrets.store_successor(demo, NEW, asked=asked)
        assert store.labels(NAME) == {"AWSCURRENT": demo.id, **dict.fromkeys(labels, demo.successor_id)}

    def test_its_value_is_the_text(self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version) -> None:
        """As it is, under the id that follows from the version's."""
        secrets.store_successor(demo, NEW, asked=False)
        assert store.secret(NAME).version(demo.successor_id).value == NEW

    def test_it_takes_the_pending_label_off_the_proof(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """Which has served."""
        secrets.check_writable(demo, NOW)
        secrets.store_successor(demo, NEW, asked=False)
        assert store.labels(NAME)["AWSPENDING"] == demo.successor_id

    def test_it_takes_the_issued_label_off_the_answer_before(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """Which is not the latest any more."""
        secrets.store_successor(demo, NEW, asked=False)
        secrets.move(demo.arn, "AWSCURRENT", to=demo.successor_id, off=demo.id)
        first = secrets.read(NAME)
        secrets.store_successor(first, '{"token": "newer"}', asked=False)
        assert store.labels(NAME)["ISSUED"] == first.successor_id

    def test_the_same_again_is_there(self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version) -> None:
        """One whose answer was lost is stored again, and nothing is written twice."""
        store.fail("PutSecretValue", Fault.LOST_AFTER)
        failure(lambda: secrets.store_successor(demo, NEW, asked=False))
        assert secrets.store_successor(demo, NEW, asked=False)
        assert [version.id for version in store.versions(NAME)] == [demo.id, demo.successor_id]

    def test_the_same_again_moves_no_label(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """What happened since stands."""
        secrets.store_successor(demo, NEW, asked=False)
        secrets.move(demo.arn, "AWSCURRENT", to=demo.successor_id, off=demo.id)
        secrets.check_writable(secrets.read(NAME), NOW)
        before = store.labels(NAME)
        assert secrets.store_successor(demo, NEW, asked=True)
        assert store.labels(NAME) == before

    def test_another_value_that_is_there_already_is_told(self, secrets: SecretsManager, demo: Version) -> None:
        """Another run presented the same version, and was faster."""
        secrets.store_successor(demo, '{"token": "theirs"}', asked=False)
        assert not secrets.store_successor(demo, NEW, asked=False)

    def test_another_value_that_is_there_already_stays(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """With its labels: nothing is written over an answer."""
        secrets.store_successor(demo, '{"token": "theirs"}', asked=False)
        before = store.secret(NAME)
        secrets.store_successor(demo, NEW, asked=True)
        assert store.secret(NAME) == before

    @pytest.mark.parametrize(("fault", "kind"), [(Fault.DENIED, Denied), (Fault.THROTTLED, Transient)])
    def test_any_other_refusal_is_raised(
        self,
        store: StrictSecretsManager,
        secrets: SecretsManager,
        demo: Version,
        fault: Fault,
        kind: type[SecretError],
    ) -> None:
        """It does not tell whether anything is there."""
        store.fail("PutSecretValue", fault)
        assert type(failure(lambda: secrets.store_successor(demo, NEW, asked=False))) is kind


class TestKept:
    """An answer in an unknown shape."""

    def test_its_bytes_are_kept_under_a_label(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """AWSCURRENT stays where it is."""
        assert secrets.keep_unreadable(demo, b"\x00answer", NOW)
        labels = store.labels(NAME)
        assert labels == {"AWSCURRENT": demo.id, "UNREADABLE": unreadable_version_ids(demo.id, NOW)[0]}
        assert store.secret(NAME).version(labels["UNREADABLE"]).value == b"\x00answer"

    def test_64_kib_are_kept(self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version) -> None:
        """All that Secrets Manager can hold."""
        secrets.keep_unreadable(demo, b"x" * 100 * KIB, NOW)
        assert len(store.versions(NAME)[-1].value) == 64 * KIB

    def test_each_new_one_is_kept_twelve_a_day(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """The label is on the newest; the same bytes are kept once; a thirteenth has no place."""
        for number in (0, 1, 0, 2):
            assert secrets.keep_unreadable(demo, b"%d" % number, NOW)
            assert store.secret(NAME).version(store.labels(NAME)["UNREADABLE"]).value == b"%d" % number
        assert [version.value for version in store.versions(NAME)[1:]] == [b"0", b"1", b"2"]
        assert all(secrets.keep_unreadable(demo, b"%d" % number, NOW) for number in range(12))
        assert not secrets.keep_unreadable(demo, b"12", NOW)
        assert secrets.keep_unreadable(demo, b"12", NOW + 24 * HOUR)


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

    def test_a_version_that_does_not_exist_is_not_labelled(self, secrets: SecretsManager, demo: Version) -> None:
        """AWS refuses it."""
        assert isinstance(failure(lambda: secrets.label(replace(demo, id=demo.successor_id), "REJECTED")), SecretError)

    def test_current_moves_to_the_successor(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """Off the version that was presented, which becomes AWSPREVIOUS."""
        secrets.store_successor(demo, NEW, asked=False)
        secrets.move(demo.arn, "AWSCURRENT", to=demo.successor_id, off=demo.id)
        labels = store.labels(NAME)
        assert (labels["AWSCURRENT"], labels["AWSPREVIOUS"]) == (demo.successor_id, demo.id)

    def test_a_label_that_has_moved_on_is_left(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """Someone wrote meanwhile: the move names where the label must be, and is refused."""
        secrets.store_successor(demo, NEW, asked=False)
        newest = store.person_writes(NAME, {"token": "newest"})
        error = failure(lambda: secrets.move(demo.arn, "AWSCURRENT", to=demo.successor_id, off=demo.id))
        assert isinstance(error, Denied)
        assert (error.code, store.labels(NAME)["AWSCURRENT"]) == ("InvalidParameterException", newest.id)

    def test_a_label_on_no_version_is_moved_off_none(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """There is nowhere to take it from."""
        secrets.move(demo.arn, "ASKED", to=demo.id, off=None)
        assert store.labels(NAME)["ASKED"] == demo.id

    def test_a_label_that_has_appeared_is_left(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """Somebody put it on another version meanwhile: the move says that it is on none, and is refused."""
        secrets.store_successor(demo, NEW, asked=True)
        error = failure(lambda: secrets.move(demo.arn, "ASKED", to=demo.id, off=None))
        assert (type(error), store.labels(NAME)["ASKED"]) == (Denied, demo.successor_id)


class TestReplacement:
    """Whether AWSCURRENT has moved on, by the labels alone: reads can lag, and dates can be equal."""

    def test_nothing_has_replaced_what_is_current(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """AWSCURRENT has not moved: one look is enough."""
        before = len(store.calls)
        assert (secrets.replacement(demo), len(store.calls) - before) == (None, 1)

    @pytest.mark.parametrize("created", [NOW - 1, NOW, NOW + 1])
    def test_a_person_s_version_is_a_replacement(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version, created: float
    ) -> None:
        """Whatever the dates: the one that was read is no longer AWSCURRENT."""
        newer = store.person_writes(NAME, {"token": "newer"})
        found = secrets.replacement(replace(demo, created=created))
        assert found is not None
        assert (found.id, found.text, found.labels) == (newer.id, newer.text, frozenset({"AWSCURRENT"}))

    def test_a_run_s_version_is_a_replacement(self, secrets: SecretsManager, demo: Version) -> None:
        """Another run's, which is the version's successor."""
        secrets.store_successor(demo, NEW, asked=False)
        secrets.move(demo.arn, "AWSCURRENT", to=demo.successor_id, off=demo.id)
        found = secrets.replacement(demo)
        assert found is not None
        assert found.id == demo.successor_id

    def test_a_successor_that_is_not_current_is_none(self, secrets: SecretsManager, demo: Version) -> None:
        """It waits to be made current."""
        secrets.store_successor(demo, NEW, asked=False)
        assert secrets.replacement(demo) is None

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

    @pytest.mark.parametrize("lag", [1, 2], ids=["the second read sees it", "no read sees it"])
    def test_an_older_version_in_a_lagging_read_is_no_replacement(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version, lag: int
    ) -> None:
        """Whether or not the lag hides the version that was read, too."""
        store.set_stale_reads(StaleReads(reads=lag))
        newer = store.person_writes(NAME, {"token": "newer"})
        before = len(store.calls)
        assert (secrets.replacement(replace(demo, id=newer.id)), len(store.calls) - before) == (None, 2)

    def test_a_version_that_is_current_again_is_not_replaced(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """Its own labels are looked at last, and count."""
        newer = store.person_writes(NAME, {"token": "newer"})

        def step_back(_: Call) -> None:
            store.after_call = None
            store.client().update_secret_version_stage(
                SecretId=NAME, VersionStage="AWSCURRENT", MoveToVersionId=demo.id, RemoveFromVersionId=newer.id
            )

        store.after_call = step_back
        assert secrets.replacement(demo) is None

    def test_a_look_that_fails_is_no_answer(
        self, store: StrictSecretsManager, secrets: SecretsManager, demo: Version
    ) -> None:
        """Whoever cannot look must not act as if nothing had happened."""
        store.person_writes(NAME, {"token": "newer"})
        store.fail("GetSecretValue", Fault.SERVER_ERROR, after=1)
        assert type(failure(lambda: secrets.replacement(demo))) is Transient
