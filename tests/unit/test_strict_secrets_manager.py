"""What the strict Secrets Manager does beyond moto: quotas, pages, stale reads, KMS keys, faults and a history.

The rules that can be asked of both are in `test_strict_secrets_manager_beside_moto.py`.
"""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from tests.support.clock import DAY, START, FakeClock
from tests.support.secrets_manager import ANY, Call, Fault, Key, StaleReads, StrictSecretsManager

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_secretsmanager import SecretsManagerClient

NAME = "token-refresh/mcs/a"
OTHER = "token-refresh/mcs/b"
FILTERS: Any = [{"Key": "name", "Values": ["token-refresh/mcs/"]}]


def token(number: int) -> str:
    """Makes a version id."""
    return str(uuid.UUID(int=number))


def put(client: SecretsManagerClient, number: int, value: str, *labels: str, secret: str = NAME) -> str:
    """Puts a value under a version id; returns the id."""
    stages: dict[str, Any] = {"VersionStages": list(labels)} if labels else {}
    client.put_secret_value(SecretId=secret, ClientRequestToken=token(number), SecretString=value, **stages)
    return token(number)


def move(client: SecretsManagerClient, label: str, to: str, off: str | None = None) -> None:
    """Moves a label."""
    source = {"RemoveFromVersionId": off} if off else {}
    client.update_secret_version_stage(SecretId=NAME, VersionStage=label, MoveToVersionId=to, **source)


def read(client: SecretsManagerClient, count: int = 1, secret: str = NAME) -> list[str]:
    """Reads the current value so many times."""
    return [client.get_secret_value(SecretId=secret)["SecretString"] for _ in range(count)]


def code(act: Callable[..., object], /, *given: object, **parameters: object) -> str:
    """Calls, expects a refusal, and returns its code."""
    with pytest.raises(ClientError) as caught:
        act(*given, **parameters)
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still."""
    return FakeClock()


@pytest.fixture
def store(clock: FakeClock) -> Iterator[StrictSecretsManager]:
    """A store that serves, with one secret; its rules are checked once more at the end."""
    with StrictSecretsManager(clock) as serving:
        serving.create(NAME, "old")
        yield serving
        serving.check_invariants()


@pytest.fixture
def client(store: StrictSecretsManager) -> SecretsManagerClient:
    """A client that leaves the checks to the service."""
    return store.client(parameter_validation=False)


def fill(store: StrictSecretsManager, count: int) -> list[str]:
    """Fills the secret to so many versions; returns their ids, oldest first."""
    for number in range(1, count):
        store.person_writes(NAME, f"value {number}")
    return [version.id for version in store.versions(NAME)]


def at_once(act: Callable[[int], object]) -> Counter[str]:
    """Calls with 0 to 7, each in a thread of its own, and counts how the calls ended."""
    together = threading.Barrier(8)

    def end(number: int) -> str:
        together.wait(10)
        try:
            act(number)
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "done"

    with ThreadPoolExecutor(8) as pool:
        return Counter(pool.map(end, range(8)))


class TestBounds:
    """What a call may hold, and how full a secret may be."""

    @pytest.mark.parametrize(
        ("parameters", "expected"),
        [
            ({"SecretString": "x" * 65_536}, None),
            ({"SecretString": "x" * 65_537}, "ValidationException"),
            ({"SecretString": "é" * 32_769}, "ValidationException"),  # bytes, not characters
            ({"SecretBinary": b"x" * 65_537}, "ValidationException"),
            ({"SecretString": "x", "SecretBinary": b"x"}, "InvalidParameterException"),
            *[({"ClientRequestToken": "t" * length}, None) for length in (32, 64)],
            ({"ClientRequestToken": "t" * 31}, "InvalidParameterException"),
            ({"VersionStages": ["L" * 256]}, None),
            ({"VersionStages": ["L" * 257]}, "ValidationException"),
            ({"VersionStages": [f"L{number}" for number in range(21)]}, "ValidationException"),
            ({"RotationToken": "t" * 36}, "InvalidParameterException"),  # unknown here: refused, not ignored
        ],
    )
    def test_a_put(
        self,
        store: StrictSecretsManager,
        client: SecretsManagerClient,
        parameters: dict[str, Any],
        expected: str | None,
    ) -> None:
        """The bounds themselves are allowed; a refusal stores nothing."""
        if "SecretBinary" not in parameters:
            parameters = {"SecretString": "x", **parameters}
        if expected is None:
            client.put_secret_value(SecretId=NAME, **parameters)
        else:
            assert code(client.put_secret_value, SecretId=NAME, **parameters) == expected
        assert len(store.versions(NAME)) == (2 if expected is None else 1)

    def test_a_secret_has_at_most_20_labels(self, store: StrictSecretsManager, client: SecretsManagerClient) -> None:
        """On all its versions together; a label that moves is not one more."""
        first = store.current(NAME).id
        second = put(client, 2, "two", *(f"L{number}" for number in range(19)))
        before = store.secret(NAME)
        assert code(put, client, 3, "three") == "LimitExceededException"  # AWSPREVIOUS would be the 21st
        assert code(move, client, "one more", first) == "LimitExceededException"
        assert store.secret(NAME) == before
        move(client, "L0", first, second)
        assert store.labels(NAME)["L0"] == first

    def test_a_secret_has_at_most_100_versions(self, store: StrictSecretsManager, client: SecretsManagerClient) -> None:
        """Of one day; a token used again needs no room."""
        fill(store, 99)
        for _ in range(2):
            put(client, 1, "the 100th")
        before = store.secret(NAME)
        assert code(put, client, 2, "one more") == "LimitExceededException"
        assert store.secret(NAME) == before

    def test_after_a_day_the_oldest_without_labels_makes_room(
        self, store: StrictSecretsManager, client: SecretsManagerClient, clock: FakeClock
    ) -> None:
        """One at a time, and only when there is no room; one with a label stays, however old."""
        ids = fill(store, 99)
        move(client, "MINE", ids[0])
        clock.advance(DAY + 1)
        put(client, 1, "the 100th")
        assert [version.id for version in store.versions(NAME)] == [*ids, token(1)]
        put(client, 2, "one more")
        assert [version.id for version in store.versions(NAME)] == [ids[0], *ids[2:], token(1), token(2)]

    @pytest.mark.parametrize("taken_off", [False, True])
    def test_awspending_stays_or_goes_when_awscurrent_moves(self, clock: FakeClock, *, taken_off: bool) -> None:
        """AWS documents both: the store does either, whichever call moves AWSCURRENT."""
        with StrictSecretsManager(clock, move_takes_pending_off=taken_off) as store:
            client = store.client()
            store.create(NAME)
            first = put(client, 1, "one", "AWSPENDING")  # a first version becomes current without a move
            assert store.secret(NAME).labels_of(first) == ["AWSCURRENT", "AWSPENDING"]
            left = [] if taken_off else ["AWSPENDING"]
            second = put(client, 2, "two", "AWSPENDING", "ISSUED")
            move(client, "AWSCURRENT", second, first)
            assert store.secret(NAME).labels_of(second) == ["AWSCURRENT", *left, "ISSUED"]
            stages = ["AWSCURRENT", "AWSPENDING"]
            answer = client.put_secret_value(SecretId=NAME, SecretString="three", VersionStages=stages)
            assert answer["VersionStages"] == ["AWSCURRENT", *left]
            put(client, 4, "four", "AWSPENDING")  # AWSPENDING on a version that AWSCURRENT does not move to
            move(client, "AWSCURRENT", second, answer["VersionId"])
            assert store.labels(NAME)["AWSPENDING"] == token(4)


class TestAtOnce:
    """Callers at once: each call is one step."""

    def test_puts_under_one_token(self, client: SecretsManagerClient) -> None:
        """One succeeds; each has another value."""
        ends = at_once(lambda number: put(client, 1, f"value {number}", "ISSUED"))
        assert ends == {"done": 1, "ResourceExistsException": 7}

    def test_moves_of_one_label(self, store: StrictSecretsManager, client: SecretsManagerClient) -> None:
        """One succeeds: comparing and moving are one step (not documented, and relied on); the history has them all."""
        first = store.current(NAME).id
        for number in range(8):
            put(client, number, str(number), "MINE")
        ends = at_once(lambda number: move(client, "AWSCURRENT", token(number), first))
        assert ends == {"done": 1, "InvalidParameterException": 7}
        assert (store.labels(NAME)["AWSPREVIOUS"], len(store.calls)) == (first, 8 + 8)


class TestListings:
    """Pages, and what is on them."""

    def test_pages_of_a_batch(self, store: StrictSecretsManager, client: SecretsManagerClient) -> None:
        """1 to 20 on a page; together they have all of the prefix, once, but for deleted ones."""
        for size in (0, 21):
            assert code(client.batch_get_secret_value, Filters=FILTERS, MaxResults=size) == "ValidationException"
        names = [NAME, *(f"token-refresh/mcs/{number:02}" for number in range(44))]
        for name in (*names[1:], "token-refresh/mcs2/a", "Token-refresh/mcs/c", OTHER):
            store.create(name, "one")
        store.delete(OTHER)
        pages: list[Any] = [client.batch_get_secret_value(Filters=FILTERS)]
        while "NextToken" in pages[-1]:
            pages.append(client.batch_get_secret_value(Filters=FILTERS, NextToken=pages[-1]["NextToken"]))
        assert [len(page["SecretValues"]) for page in pages] == [20, 20, 5]
        assert sorted(value["Name"] for page in pages for value in page["SecretValues"]) == sorted(names)

    def test_a_secret_created_between_two_pages_hides_none(
        self, store: StrictSecretsManager, client: SecretsManagerClient, clock: FakeClock
    ) -> None:
        """A token is a place, not a count."""
        store.create(OTHER, "one")
        first = client.batch_get_secret_value(Filters=FILTERS, MaxResults=1)
        clock.advance(1)
        store.create("token-refresh/mcs/0", "one")
        second = client.batch_get_secret_value(Filters=FILTERS, MaxResults=2, NextToken=first["NextToken"])
        assert [one["Name"] for one in second["SecretValues"]] == [OTHER, "token-refresh/mcs/0"]
        put(client, 1, "two")
        other = client.list_secret_version_ids(SecretId=NAME, MaxResults=1)["NextToken"]
        for wrong in (other, "nonsense"):
            refusal = code(client.batch_get_secret_value, Filters=FILTERS, NextToken=wrong)
            assert refusal == "InvalidNextTokenException"

    def test_an_empty_page_may_come_first(self, store: StrictSecretsManager, client: SecretsManagerClient) -> None:
        """Documented: NextToken "can occur even when the response includes no values at all"."""
        store.set_empty_first_page(empty=True)
        first = client.batch_get_secret_value(Filters=FILTERS)
        second = client.batch_get_secret_value(Filters=FILTERS, NextToken=first["NextToken"])
        assert (first["SecretValues"], [one["Name"] for one in second["SecretValues"]]) == ([], [NAME])
        assert "NextToken" not in second

    def test_versions_and_their_labels(
        self, store: StrictSecretsManager, client: SecretsManagerClient, clock: FakeClock
    ) -> None:
        """Those without labels on request; creation times to the millisecond."""
        first = store.current(NAME).id
        clock.advance(0.123)
        put(client, 2, "the-value")
        clock.advance(5)
        put(client, 3, "three")
        some = client.list_secret_version_ids(SecretId=NAME)["Versions"]
        every = client.list_secret_version_ids(SecretId=NAME, IncludeDeprecated=True)["Versions"]
        assert [one["VersionId"] for one in some] == [token(2), token(3)]
        assert [one["VersionId"] for one in every] == [first, token(2), token(3)]
        assert some[0]["CreatedDate"].timestamp() == pytest.approx(START + 0.123, abs=1e-4)


class TestStaleReads:
    """A read may see a secret as it was; a write never does."""

    @pytest.mark.parametrize(
        ("rule", "seen", "later"),
        [
            (StaleReads(reads=2), ["old", "old", "new"], ["new"]),
            (StaleReads(seconds=5), ["old", "old", "old"], ["new"]),
            (StaleReads(), ["new", "new", "new"], ["new"]),
        ],
    )
    def test_reads_lag(  # noqa: PLR0913, PLR0917 - a table's columns
        self,
        store: StrictSecretsManager,
        client: SecretsManagerClient,
        clock: FakeClock,
        rule: StaleReads,
        seen: list[str],
        later: list[str],
    ) -> None:
        """For a number of reads, or for some seconds; then they stay, even if the clock is set back."""
        store.set_stale_reads(rule)
        put(client, 1, "new")
        assert read(client, 3) == seen
        clock.advance(5)
        assert read(client) == later
        clock.jump(-3600)
        assert read(client) == later

    def test_each_write_settles_by_itself(self, store: StrictSecretsManager, client: SecretsManagerClient) -> None:
        """A lagging read never goes back; shuffled ones go back and forth, and then settle."""
        store.set_stale_reads(StaleReads(reads=2))
        seen = []
        for number in range(1, 4):
            put(client, number, str(number))
            seen += read(client)
        assert seen + read(client, 3) == ["old", "old", "1", "2", "3", "3"]
        store.set_stale_reads(StaleReads(reads=20, shuffled=True))
        put(client, 4, "new")
        seen = read(client, 20)
        assert "3" in seen[seen.index("new") :]
        assert read(client, 2) == ["new", "new"]

    def test_every_kind_of_read_lags(self, store: StrictSecretsManager, client: SecretsManagerClient) -> None:
        """Of a new secret, too: it is not found at first."""
        store.set_stale_reads(StaleReads(reads=3))
        store.create(OTHER, "new")
        assert code(client.get_secret_value, SecretId=OTHER) == "ResourceNotFoundException"
        assert code(client.list_secret_version_ids, SecretId=OTHER) == "ResourceNotFoundException"
        assert len(client.batch_get_secret_value(Filters=FILTERS)["SecretValues"]) == 1
        assert read(client, secret=OTHER) == ["new"]

    def test_writes_act_on_the_truth(self, store: StrictSecretsManager, client: SecretsManagerClient) -> None:
        """A compare-and-swap is decided by what is, not by what is seen."""
        first = store.current(NAME).id
        store.set_stale_reads(StaleReads(reads=100))
        put(client, 1, "one")
        assert read(client) == ["old"]
        assert code(move, client, "AWSPREVIOUS", token(1), token(1)) == "InvalidParameterException"
        put(client, 2, "two")
        assert store.labels(NAME)["AWSPREVIOUS"] == token(1) != first


@pytest.mark.parametrize(
    ("key", "reading", "writing"),
    [
        (Key.READS_ONLY, None, "EncryptionFailure"),
        (Key.DISABLED, "DecryptionFailure", "DecryptionFailure"),
        (Key.DENIED, "AccessDeniedException", "AccessDeniedException"),
    ],
)
def test_a_key_that_fails(
    store: StrictSecretsManager, client: SecretsManagerClient, key: Key, reading: str | None, writing: str
) -> None:
    """It fails one secret's reads and writes, not its labels; a put again that stores nothing only reads."""
    put(client, 1, "one")
    store.create(OTHER, "two")
    store.set_key(NAME, key)
    assert code(put, client, 2, "two") == writing
    assert code(client.update_secret, SecretId=NAME, SecretString="two") == writing
    move(client, "MINE", token(1))
    answer = client.batch_get_secret_value(Filters=FILTERS)
    assert [one["ErrorCode"] for one in answer["Errors"]] == ([reading] if reading else [])
    assert OTHER in [one["Name"] for one in answer["SecretValues"]]
    if reading:
        assert code(put, client, 1, "one") == code(client.get_secret_value, SecretId=NAME) == reading
    else:
        assert (put(client, 1, "one"), read(client)) == (token(1), ["one"])


class TestFaults:
    """Faults on request."""

    @pytest.mark.parametrize(
        ("fault", "expected", "stored"),
        [
            (Fault.DENIED, "AccessDeniedException", "old"),
            (Fault.THROTTLED, "ThrottlingException", "old"),
            (Fault.SERVER_ERROR, "InternalServiceError", "old"),
            (Fault.LOST_BEFORE, ConnectionClosedError, "old"),
            (Fault.LOST_AFTER, ConnectionClosedError, "new"),
        ],
    )
    def test_a_call_that_fails(
        self,
        store: StrictSecretsManager,
        client: SecretsManagerClient,
        fault: Fault,
        expected: str | type[Exception],
        stored: str,
    ) -> None:
        """Only the call whose answer is lost has stored its value."""
        store.fail("PutSecretValue", fault)
        error = ClientError if isinstance(expected, str) else expected
        with pytest.raises(error, match=expected if isinstance(expected, str) else None) as caught:
            put(client, 1, "new")
        if isinstance(caught.value, ClientError):
            status = caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
            assert status == (500 if fault is Fault.SERVER_ERROR else 400)
        assert store.current(NAME).text == stored

    def test_a_slow_call_is_acted_on_though_nobody_waits(self, store: StrictSecretsManager) -> None:
        """The caller gives up, and the value is stored all the same."""
        store.fail("PutSecretValue", Fault.SLOW, seconds=0.3)
        done = threading.Event()
        store.after_call = lambda _: done.set()
        with pytest.raises(ReadTimeoutError):
            put(store.client(read_timeout=0.1), 1, "new")
        assert done.wait(5)
        assert store.current(NAME).text == "new"

    def test_when_and_how_often(self, store: StrictSecretsManager, client: SecretsManagerClient) -> None:
        """After as many calls as asked for; for one secret, however it is named; for ever, until healed."""
        store.create(OTHER, "two")
        store.fail("GetSecretValue", Fault.THROTTLED, after=1, times=2, secret=NAME)
        ids = [NAME, OTHER, store.secret(NAME).arn, NAME, NAME]
        for secret in ids:
            if len(store.calls) in {2, 3}:
                assert code(client.get_secret_value, SecretId=secret) == "ThrottlingException"
            else:
                read(client, secret=secret)
        store.fail(ANY, Fault.SERVER_ERROR, times=None)
        for _ in range(3):
            assert code(client.list_secret_version_ids, SecretId=NAME) == "InternalServiceError"
        store.heal()
        assert read(client) == ["old"]

    def test_a_batch(self, store: StrictSecretsManager, client: SecretsManagerClient) -> None:
        """A fault for one secret is an entry under its ARN; one for any fails the whole call."""
        store.create(OTHER, "two")
        store.fail("BatchGetSecretValue", Fault.DENIED, secret=NAME)
        answer = client.batch_get_secret_value(Filters=FILTERS)
        assert [one["Name"] for one in answer["SecretValues"]] == [OTHER]
        errors = [(one["SecretId"], one["ErrorCode"]) for one in answer["Errors"]]
        assert errors == [(store.secret(NAME).arn, "AccessDeniedException")]
        store.fail("BatchGetSecretValue", Fault.DENIED)
        assert code(client.batch_get_secret_value, Filters=FILTERS) == "AccessDeniedException"
        with pytest.raises(ValueError, match="not lost or slow"):
            store.fail("BatchGetSecretValue", Fault.LOST_AFTER, secret=NAME)


class TestHistory:
    """What a test learns from the store."""

    def test_every_call_is_kept_without_its_value(
        self, store: StrictSecretsManager, client: SecretsManagerClient, clock: FakeClock
    ) -> None:
        """A test's own way in leaves no trace; no `repr` shows a value."""
        put(client, 1, "the-value", "AWSPENDING", secret=store.secret(NAME).arn)
        code(client.get_secret_value, SecretId=OTHER)
        assert store.calls == [
            Call("PutSecretValue", NAME, token(1), ("AWSPENDING",), clock.now(), ok=True),
            Call("GetSecretValue", OTHER, None, (), clock.now(), ok=False, error_code="ResourceNotFoundException"),
        ]
        shown = repr((store.calls, store.secret(NAME), store.versions(NAME)))
        assert "the-value" not in shown
        assert store.versions(NAME)[1].text == "the-value"

    def test_hooks_run_before_and_after_a_call_is_acted_on(
        self, store: StrictSecretsManager, client: SecretsManagerClient
    ) -> None:
        """One that blocks holds its own call only."""
        hold, seen = threading.Event(), []

        def wait(call: Call) -> None:
            if call.operation == "PutSecretValue":
                hold.wait(10)

        store.before_call = wait
        store.after_call = lambda call: seen.append((call.operation, store.current(NAME).text))
        writer = threading.Thread(target=put, args=(client, 1, "new"))
        writer.start()
        assert read(store.client()) == ["old"]
        hold.set()
        writer.join(10)
        assert seen == [("GetSecretValue", "old"), ("PutSecretValue", "new")]

    def test_secret_values_are_all_that_was_ever_stored(self, store: StrictSecretsManager) -> None:
        """Nested, numeric and replaced ones too; public keys and short strings are left out."""
        document = {"token": "dummy-token", "名": {"pin": 12345678}, "baseUrl": "http://x.test", "s": "abc"}
        store.person_writes(NAME, document)
        assert (store.current(NAME).document, "名" in store.current(NAME).text) == (document, True)
        store.person_writes(NAME, b"not json")
        assert store.secret_values() == {"dummy-token", "12345678", "not json"}

    def test_the_environment_is_all_an_sdk_needs(
        self, store: StrictSecretsManager, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """For a handler, or another process; what the store does not know is refused."""
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        client = boto3.session.Session().client("secretsmanager")
        assert read(client) == ["old"]
        assert code(client.get_random_password) == "UnknownOperationException"

    def test_the_same_seed_gives_the_same_store(self, clock: FakeClock) -> None:
        """So a failing history can be replayed."""
        arns = set()
        for _ in range(2):
            with StrictSecretsManager(clock, seed=7) as store:
                store.create(NAME, "one")
                arns.add(store.secret(NAME).arn)
        assert len(arns) == 1
