"""The calls to Secrets Manager: what they return, how often they try, and what is written under which label."""

from __future__ import annotations

import functools
import json
import uuid
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import boto3
import botocore.endpoint
import pytest

from tests.support.secrets_manager import Call, Fault, Key, StaleReads, StrictSecretsManager
from tests.unit.wire import WireServer, answer
from token_refresh.errors import Denied, NoSuchVersion, SecretError, Transient
from token_refresh.secrets_manager import SecretsManager
from token_refresh.versions import Version, proof_version_id, unreadable_version_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Act = Callable[[SecretsManager], object]

pytestmark = pytest.mark.usefixtures("guarded_logging")

PREFIX = "token-refresh/mcs/"
NAME = "token-refresh/mcs/demo"
VALUE = "dummy-secret-value"
NEW, NEWER = '{"token": "new"}', '{"token": "newer"}'
ARN = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{NAME}-AbCdEf"
VERSION = Version(ARN, NAME, str(uuid.UUID(int=1)), VALUE, frozenset({"AWSCURRENT"}), 0.0)  # of a secret of nobody's
HOUR = 3600
NOW = 1_700_000_000.0
KIB = 1024
# Each call, and how often it tries: once if it has a retry loop of its own, three times in all otherwise.
CALLS: dict[str, tuple[Act, int]] = {
    "list_current": (lambda secrets: list(secrets.list_current(PREFIX)), 3),
    "list_versions": (lambda secrets: secrets.list_versions(ARN), 3),
    "read": (lambda secrets: secrets.read(NAME), 3),
    "read_labelled": (lambda secrets: secrets.read_labelled(ARN, "REJECTED"), 3),
    "check_writable": (lambda secrets: secrets.check_writable(VERSION, NOW), 3),
    "read_version": (lambda secrets: secrets.read_version(ARN, VERSION.id), 1),
    "store_successor": (lambda secrets: secrets.store_successor(VERSION, NEW, asked=False), 1),
    "keep_unreadable": (lambda secrets: secrets.keep_unreadable(VERSION, b"answer", NOW), 1),
    "move": (lambda secrets: secrets.move(ARN, "REJECTED", to=VERSION.id, off=None), 1),
}


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


@dataclass(frozen=True, slots=True)
class Demo:
    """A store, our own view of it, and a secret's first version in it, as we read it."""

    store: StrictSecretsManager
    secrets: SecretsManager
    version: Version

    @property
    def labels(self) -> dict[str, str]:
        """The secret's labels, each with the id of the version that it is on."""
        return self.store.labels(NAME)

    def value(self, version_id: str) -> str | bytes:
        """Returns what is stored under an id."""
        return self.store.secret(NAME).version(version_id).value

    def promote(self) -> None:
        """Makes the version's successor current."""
        self.secrets.move(self.version.arn, "AWSCURRENT", to=self.version.successor_id, off=self.version.id)


@pytest.fixture
def demo(store: StrictSecretsManager, secrets: SecretsManager) -> Demo:
    """A secret with one version."""
    store.create(NAME, {"token": VALUE})
    return Demo(store, secrets, secrets.read(NAME))


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


def on_answer(data: bytes, monkeypatch: pytest.MonkeyPatch, call: str = "read") -> tuple[type[SecretError], int]:
    """Returns what a call makes of an endpoint that answers so, and how often it asked."""
    with WireServer(data) as server:
        secrets = reaching(endpoint(server.url), monkeypatch)
        return type(failure(lambda: CALLS[call][0](secrets))), server.connections


def refusal(code: str, status: int, message: str = "Something.") -> bytes:
    """Makes an error answer of AWS JSON 1.1."""
    return answer(status, json.dumps({"__type": code, "message": message}).encode())


class TestAttempts:
    """Some try once, the others three times in all."""

    @pytest.mark.parametrize("call", CALLS)
    def test_an_outage_is_met_so_often(self, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Then it is `Transient`. The bounds on time are ours, whatever the environment says."""
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "10")
        for data in (b"", refusal("InternalServiceError", 500)):
            assert on_answer(data, monkeypatch, call) == (Transient, CALLS[call][1])

    def test_a_missing_permission_is_asked_for_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Trying again would not help."""
        assert on_answer(refusal("AccessDeniedException", 400), monkeypatch) == (Denied, 1)


NOTHING = (b"", b"{", b"{}", b"[]", b"null")
VERSION_OF = b'{"ARN": "a", "Name": "n", "VersionId": "v", "CreatedDate": %s}'
PAGES = (b"[]", b"null", b'{"SecretValues": [{}]}', b'{"SecretValues": "x"}', b'{"Errors": [[]]}', b'{"Errors": "x"}')


@pytest.mark.parametrize(
    ("call", "bodies"),
    [
        ("read", (*NOTHING, b"<html>", b'{"Name": "x"}', VERSION_OF % b'"never"', VERSION_OF % b"1e99")),
        ("list_current", PAGES),
        ("check_writable", NOTHING),
        ("store_successor", NOTHING),
        ("keep_unreadable", NOTHING),
    ],
)
def test_a_yes_of_another_shape_is_transient(
    call: str, bodies: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something between us and AWS made it, or it broke off; the SDK's parser raises whatever it happens to.

    Only the version's id says that it is stored: the last copy of a token must not be given up for less.
    """
    ended = {body: on_answer(answer(200, body), monkeypatch, call)[0] for body in bodies}
    assert ended == dict.fromkeys(bodies, Transient)


class TestReading:
    """One version."""

    def test_everything_a_rotation_needs_is_read(self, demo: Demo) -> None:
        """Its ids, its text, its labels and its date."""
        arn, truth = demo.store.secret(NAME).arn, demo.store.current(NAME)
        assert demo.version == Version(arn, NAME, truth.id, truth.text, frozenset({"AWSCURRENT"}), NOW)
        assert truth.text == f'{{"token": "{VALUE}"}}'

    def test_a_binary_one_has_no_text(self, store: StrictSecretsManager, secrets: SecretsManager) -> None:
        """It is for the document to refuse."""
        store.create(NAME, b"\x00\x01")
        assert secrets.read(NAME).text is None

    def test_why_there_is_none_is_told(self, store: StrictSecretsManager, secrets: SecretsManager) -> None:
        """No secret of that name, one without a value, one that waits out its recovery window."""
        missing = failure(lambda: secrets.read(NAME))
        assert isinstance(missing, Denied)
        assert missing.code == "ResourceNotFoundException"
        store.create(NAME)
        assert type(failure(lambda: secrets.read(NAME))) is NoSuchVersion
        store.person_writes(NAME, VALUE)
        store.delete(NAME)
        assert type(failure(lambda: secrets.read(NAME))) is Denied

    def test_a_version_is_read_by_its_label_or_its_id(self, demo: Demo) -> None:
        """Whatever its labels are by now, if it has any."""
        arn, old = demo.version.arn, replace(demo.version, labels=frozenset({"AWSPREVIOUS"}))
        demo.store.person_writes(NAME, NEW)
        assert demo.secrets.read_labelled(arn, "AWSPREVIOUS") == old
        assert demo.secrets.read_version(arn, old.id) == old
        demo.store.person_writes(NAME, NEWER)
        assert demo.secrets.read_version(arn, old.id) == replace(old, labels=frozenset())

    def test_a_label_or_an_id_that_is_on_no_version_finds_none(self, demo: Demo) -> None:
        """The secret itself is there."""
        assert demo.secrets.read_labelled(demo.version.arn, "REJECTED") is None
        assert demo.secrets.read_version(demo.version.arn, demo.version.successor_id) is None

    @pytest.mark.parametrize("look", ["read_labelled", "read_version"])
    def test_only_that_nothing_is_there_means_none(self, look: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """In either of AWS's wordings, one of which speaks of the secret. Other refusals are raised."""
        for wording in ("secret value for staging label: REJECTED", "secret."):
            said = f"Secrets Manager can't find the specified {wording}"
            with WireServer(refusal("ResourceNotFoundException", 400, said)) as server:
                assert CALLS[look][0](reaching(endpoint(server.url), monkeypatch)) is None
        for code, kind in {"AccessDeniedException": Denied, "Throttling": Transient}.items():
            assert on_answer(refusal(code, 400), monkeypatch, look)[0] is kind


class TestList:
    """Every secret under a prefix, and every version of a secret."""

    def test_45_secrets_are_three_pages(self, store: StrictSecretsManager, secrets: SecretsManager) -> None:
        """20 a call."""
        names = [f"{PREFIX}{number:02}" for number in range(45)]
        for name in names:
            store.create(name, {"token": VALUE})
        found = [item.name for item in secrets.list_current(PREFIX) if isinstance(item, Version)]
        assert (sorted(found), [call.operation for call in store.calls]) == (names, ["BatchGetSecretValue"] * 3)

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

    def test_one_secret_s_error_is_its_own(self, store: StrictSecretsManager, secrets: SecretsManager) -> None:
        """The others of its page are read; it is reported by its name, not its ARN."""
        for name in "abc":
            store.create(PREFIX + name, {"token": VALUE})
        store.fail("BatchGetSecretValue", Fault.DENIED, secret=f"{PREFIX}b", times=None)
        found = list(secrets.list_current(PREFIX))
        assert [item.name for item in found if isinstance(item, Version)] == [f"{PREFIX}a", f"{PREFIX}c"]
        assert [(item[0], type(item[1])) for item in found if isinstance(item, tuple)] == [(f"{PREFIX}b", Denied)]

    def test_a_list_that_cannot_be_read_is_raised(self, store: StrictSecretsManager, secrets: SecretsManager) -> None:
        """The run has nothing to go on."""
        store.fail("BatchGetSecretValue", Fault.DENIED, times=None)
        error = failure(lambda: list(secrets.list_current(PREFIX)))
        assert (type(error), str(error).startswith("could not list the secrets: AWS says ")) == (Denied, True)

    def test_all_versions(self, demo: Demo) -> None:
        """Also those without labels, over several pages; with their dates."""
        demo.store.set_version_quota(300)
        for number in range(250):
            demo.store.person_writes(NAME, f"value {number}")
        found = demo.secrets.list_versions(demo.version.arn)
        assert {one.id: (one.labelled, one.created) for one in found} == {
            one.id: (bool(one.labels), one.created) for one in demo.store.versions(NAME)
        }
        assert (len(found), sum(one.labelled for one in found)) == (251, 2)


class TestProof:
    """The same value again, as AWSPENDING, before anything is spent."""

    def test_it_writes_the_value_unchanged(self, demo: Demo) -> None:
        """Under AWSPENDING only, with an id that follows from the successor's: AWSCURRENT stays."""
        demo.secrets.check_writable(demo.version, NOW)
        proof_id = proof_version_id(demo.version.successor_id, NOW)
        assert demo.labels == {"AWSCURRENT": demo.version.id, "AWSPENDING": proof_id}
        assert demo.value(proof_id) == demo.version.text

    def test_it_is_one_version_an_hour(self, demo: Demo) -> None:
        """An outage of a day adds 24, however often it is tried."""
        begin = NOW // HOUR * HOUR
        for minutes in range(0, 180, 10):
            demo.secrets.check_writable(demo.version, begin + minutes * 60)
        assert len(demo.store.versions(NAME)) == 1 + 3

    def test_a_key_that_only_reads_is_found_out(self, demo: Demo) -> None:
        """Reads may still be served while writes fail."""
        demo.store.set_key(NAME, Key.READS_ONLY)
        assert type(failure(lambda: demo.secrets.check_writable(demo.version, NOW))) is Denied

    def test_another_value_under_its_id_proves_nothing(self, demo: Demo) -> None:
        """A person is told: nobody but this software should have stored it."""
        demo.secrets.check_writable(demo.version, NOW)
        other = replace(demo.version, text="other")
        assert type(failure(lambda: demo.secrets.check_writable(other, NOW))) is Denied


class TestSuccessor:
    """New tokens are stored as the successor of the version that was presented, not yet current."""

    @pytest.mark.parametrize(("asked", "more"), [(False, ()), (True, ("ASKED",))])
    def test_it_is_stored_under_its_labels(self, demo: Demo, asked: bool, more: tuple[str, ...]) -> None:  # noqa: FBT001  # a column
        """ISSUED finds it again; AWSPENDING comes off the proof; ASKED, if wanted, makes the next run present it."""
        demo.secrets.check_writable(demo.version, NOW)
        assert demo.secrets.store_successor(demo.version, NEW, asked=asked)
        labels = dict.fromkeys(("ISSUED", "AWSPENDING", *more), demo.version.successor_id)
        assert demo.labels == {"AWSCURRENT": demo.version.id, **labels}
        assert demo.value(demo.version.successor_id) == NEW

    def test_it_takes_the_issued_label_off_the_answer_before(self, demo: Demo) -> None:
        """Which is not the latest any more."""
        demo.secrets.store_successor(demo.version, NEW, asked=False)
        demo.promote()
        first = demo.secrets.read(NAME)
        demo.secrets.store_successor(first, NEWER, asked=False)
        assert demo.labels["ISSUED"] == first.successor_id

    def test_the_same_again_is_there(self, demo: Demo) -> None:
        """One whose answer was lost is stored again, and nothing is written twice."""
        demo.store.fail("PutSecretValue", Fault.LOST_AFTER)
        failure(lambda: demo.secrets.store_successor(demo.version, NEW, asked=False))
        assert demo.secrets.store_successor(demo.version, NEW, asked=False)
        assert [version.id for version in demo.store.versions(NAME)] == [demo.version.id, demo.version.successor_id]

    def test_the_same_again_moves_no_label(self, demo: Demo) -> None:
        """What happened since stands."""
        demo.secrets.store_successor(demo.version, NEW, asked=False)
        demo.promote()
        demo.secrets.check_writable(demo.secrets.read(NAME), NOW)
        before = demo.labels
        assert demo.secrets.store_successor(demo.version, NEW, asked=True)
        assert demo.labels == before

    def test_another_value_that_is_there_already_is_told_and_stays(self, demo: Demo) -> None:
        """Another run presented the same version, and was faster: nothing is written over an answer."""
        demo.secrets.store_successor(demo.version, NEWER, asked=False)
        before = demo.store.secret(NAME)
        assert not demo.secrets.store_successor(demo.version, NEW, asked=True)
        assert demo.store.secret(NAME) == before

    @pytest.mark.parametrize(("fault", "kind"), [(Fault.DENIED, Denied), (Fault.THROTTLED, Transient)])
    def test_any_other_refusal_is_raised(self, demo: Demo, fault: Fault, kind: type[SecretError]) -> None:
        """It does not tell whether anything is there."""
        demo.store.fail("PutSecretValue", fault)
        assert type(failure(lambda: demo.secrets.store_successor(demo.version, NEW, asked=False))) is kind


class TestKept:
    """An answer in an unknown shape."""

    def test_its_bytes_are_kept_under_a_label(self, demo: Demo) -> None:
        """AWSCURRENT stays where it is; 64 KiB are all that Secrets Manager can hold."""
        assert demo.secrets.keep_unreadable(demo.version, b"\x00answer" + b"x" * 100 * KIB, NOW)
        kept = unreadable_version_ids(demo.version.id, NOW)[0]
        assert demo.labels == {"AWSCURRENT": demo.version.id, "UNREADABLE": kept}
        assert demo.value(kept) == (b"\x00answer" + b"x" * 100 * KIB)[: 64 * KIB]

    def test_each_new_one_is_kept_twelve_a_day(self, demo: Demo) -> None:
        """The label is on the newest; the same bytes are kept once; a thirteenth has no place."""

        def keep(number: int, at: float = NOW) -> bool:
            return demo.secrets.keep_unreadable(demo.version, b"%d" % number, at)

        for number in (0, 1, 0, 2):
            assert keep(number)
            assert demo.value(demo.labels["UNREADABLE"]) == b"%d" % number
        assert [version.value for version in demo.store.versions(NAME)[1:]] == [b"0", b"1", b"2"]
        assert all(keep(number) for number in range(12))
        assert not keep(12)
        assert keep(12, NOW + 24 * HOUR)


class TestLabels:
    """Moving a label needs to know where it is."""

    def test_a_version_is_labelled_once(self, demo: Demo) -> None:
        """REJECTED, beside its other labels; the second time nothing is moved."""
        for _ in range(2):
            demo.secrets.label(demo.version, "REJECTED")
        assert demo.labels == {"AWSCURRENT": demo.version.id, "REJECTED": demo.version.id}
        assert [call.operation for call in demo.store.calls].count("UpdateSecretVersionStage") == 1

    def test_the_label_moves_off_an_older_version(self, demo: Demo) -> None:
        """It sits on one version only."""
        demo.secrets.label(demo.version, "REJECTED")
        newer = demo.store.person_writes(NAME, NEWER)
        demo.secrets.label(demo.secrets.read(NAME), "REJECTED")
        assert demo.labels["REJECTED"] == newer.id

    def test_a_version_that_does_not_exist_is_not_labelled(self, demo: Demo) -> None:
        """AWS refuses it."""
        missing = replace(demo.version, id=demo.version.successor_id)
        failure(lambda: demo.secrets.label(missing, "REJECTED"))

    def test_current_moves_to_the_successor(self, demo: Demo) -> None:
        """Off the version that was presented, which becomes AWSPREVIOUS."""
        demo.secrets.store_successor(demo.version, NEW, asked=False)
        demo.promote()
        labels = demo.labels
        assert (labels["AWSCURRENT"], labels["AWSPREVIOUS"]) == (demo.version.successor_id, demo.version.id)

    def test_a_label_that_has_moved_on_is_left(self, demo: Demo) -> None:
        """Someone wrote meanwhile: the move names where the label must be, and is refused."""
        demo.secrets.store_successor(demo.version, NEW, asked=False)
        newest = demo.store.person_writes(NAME, NEWER)
        error = failure(demo.promote)
        assert isinstance(error, Denied)
        assert (error.code, demo.labels["AWSCURRENT"]) == ("InvalidParameterException", newest.id)

    def test_a_label_on_no_version_is_moved_off_none(self, demo: Demo) -> None:
        """There is nowhere to take it from; if it has appeared on a version meanwhile, the move is refused."""
        demo.secrets.move(demo.version.arn, "ASKED", to=demo.version.id, off=None)
        assert demo.labels["ASKED"] == demo.version.id
        demo.secrets.store_successor(demo.version, NEW, asked=True)
        error = failure(lambda: demo.secrets.move(demo.version.arn, "ASKED", to=demo.version.id, off=None))
        assert (type(error), demo.labels["ASKED"]) == (Denied, demo.version.successor_id)


class TestReplacement:
    """Whether AWSCURRENT has moved on, by the labels alone: reads can lag, and dates can be equal."""

    def test_nothing_has_replaced_what_is_current(self, demo: Demo) -> None:
        """AWSCURRENT has not moved, though a successor waits to be made current: one look is enough."""
        demo.secrets.store_successor(demo.version, NEW, asked=False)
        before = len(demo.store.calls)
        assert (demo.secrets.replacement(demo.version), len(demo.store.calls) - before) == (None, 1)

    @pytest.mark.parametrize("created", [NOW - 1, NOW, NOW + 1])
    def test_a_person_s_version_is_a_replacement(self, demo: Demo, created: float) -> None:
        """Whatever the dates: the one that was read is no longer AWSCURRENT."""
        newer = demo.store.person_writes(NAME, NEWER)
        found = demo.secrets.replacement(replace(demo.version, created=created))
        assert found is not None
        assert (found.id, found.text, found.labels) == (newer.id, newer.text, frozenset({"AWSCURRENT"}))

    def test_a_run_s_version_is_a_replacement(self, demo: Demo) -> None:
        """Another run's, which is the version's successor."""
        demo.secrets.store_successor(demo.version, NEW, asked=False)
        demo.promote()
        found = demo.secrets.replacement(demo.version)
        assert found is not None
        assert found.id == demo.version.successor_id

    def test_an_older_version_made_current_again_is_a_replacement(self, demo: Demo) -> None:
        """A person stepped back."""
        newer = demo.store.person_writes(NAME, NEWER)
        read = demo.secrets.read(NAME)
        demo.secrets.move(demo.version.arn, "AWSCURRENT", to=demo.version.id, off=newer.id)
        found = demo.secrets.replacement(read)
        assert found is not None
        assert found.id == demo.version.id

    @pytest.mark.parametrize("lag", [1, 2], ids=["the second read sees it", "no read sees it"])
    def test_an_older_version_in_a_lagging_read_is_no_replacement(self, demo: Demo, lag: int) -> None:
        """Whether or not the lag hides the version that was read, too."""
        demo.store.set_stale_reads(StaleReads(reads=lag))
        newer = demo.store.person_writes(NAME, NEWER)
        before = len(demo.store.calls)
        found = demo.secrets.replacement(replace(demo.version, id=newer.id))
        assert (found, len(demo.store.calls) - before) == (None, 2)

    def test_a_version_that_is_current_again_is_not_replaced(self, demo: Demo) -> None:
        """Its own labels are looked at last, and count."""
        newer = demo.store.person_writes(NAME, NEWER)

        def step_back(_: Call) -> None:
            demo.store.after_call = None
            demo.store.client().update_secret_version_stage(
                SecretId=NAME, VersionStage="AWSCURRENT", MoveToVersionId=demo.version.id, RemoveFromVersionId=newer.id
            )

        demo.store.after_call = step_back
        assert demo.secrets.replacement(demo.version) is None

    def test_a_look_that_fails_is_no_answer(self, demo: Demo) -> None:
        """Whoever cannot look must not act as if nothing had happened."""
        demo.store.person_writes(NAME, NEWER)
        demo.store.fail("GetSecretValue", Fault.SERVER_ERROR, after=1)
        assert type(failure(lambda: demo.secrets.replacement(demo.version))) is Transient
