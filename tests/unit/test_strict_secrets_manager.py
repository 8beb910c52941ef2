"""What the strict Secrets Manager does beyond moto: quotas, pages, stale reads and KMS keys.

The rules that can be asked of both are in `test_strict_secrets_manager_beside_moto.py`.
"""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.support.clock import DAY, START, FakeClock
from tests.support.secrets_manager import Key, StaleReads, StrictSecretsManager
from tests.support.secrets_manager.calling import FILTERS, NAME, OTHER, code, move, put, read, token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_secretsmanager import SecretsManagerClient


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
        """One succeeds: comparing and moving are one step (not documented, and relied on)."""
        first = store.current(NAME).id
        for number in range(8):
            put(client, number, str(number), "MINE")
        ends = at_once(lambda number: move(client, "AWSCURRENT", token(number), first))
        assert ends == {"done": 1, "InvalidParameterException": 7}
        assert store.labels(NAME)["AWSPREVIOUS"] == first

    def test_all_count(self, store: StrictSecretsManager, client: SecretsManagerClient) -> None:
        """None is lost from the history or the store."""
        assert at_once(lambda number: put(client, number, str(number))) == {"done": 8}
        assert (len(store.calls), len(store.versions(NAME))) == (8, 9)


class TestListings:
    """Pages, and what is on them."""

    def test_pages_of_a_batch(self, store: StrictSecretsManager, client: SecretsManagerClient) -> None:
        """At most 20 on a page; together they have all of the prefix, once, but for deleted ones."""
        names = [NAME, *(f"token-refresh/mcs/{number:02}" for number in range(44))]
        for name in (*names[1:], "token-refresh/mcs2/a", "Token-refresh/mcs/c", OTHER):
            store.create(name, "one")
        store.delete(OTHER)
        pages: list[Any] = [client.batch_get_secret_value(Filters=FILTERS)]
        while "NextToken" in pages[-1]:
            pages.append(client.batch_get_secret_value(Filters=FILTERS, NextToken=pages[-1]["NextToken"]))
        assert [len(page["SecretValues"]) for page in pages] == [20, 20, 5]
        assert sorted(value["Name"] for page in pages for value in page["SecretValues"]) == sorted(names)
        listed = client.list_secrets(Filters=FILTERS)["SecretList"]
        assert sorted(one["Name"] for one in listed) == sorted(names)

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
        other = client.list_secrets(MaxResults=1)["NextToken"]
        for wrong in (other, "nonsense"):
            refusal = code(client.batch_get_secret_value, Filters=FILTERS, NextToken=wrong)
            assert refusal == "InvalidNextTokenException"

    @pytest.mark.parametrize("size", [0, 21])
    def test_a_page_of_0_or_21_cannot_be_asked_for(self, client: SecretsManagerClient, size: int) -> None:
        """1 to 20."""
        assert code(client.batch_get_secret_value, Filters=FILTERS, MaxResults=size) == "ValidationException"

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
        """Those without labels on request; creation times to the millisecond; a description has no value."""
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
        described = client.describe_secret(SecretId=NAME)
        assert described["VersionIdsToStages"] == {token(2): ["AWSPREVIOUS"], token(3): ["AWSCURRENT"]}
        assert "the-value" not in str(described)


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
        """And a lagging read never goes back."""
        store.set_stale_reads(StaleReads(reads=2))
        seen = []
        for number in range(1, 4):
            put(client, number, str(number))
            seen += read(client)
        assert seen + read(client, 3) == ["old", "old", "1", "2", "3", "3"]

    def test_shuffled_reads_go_back_and_forth(self, store: StrictSecretsManager, client: SecretsManagerClient) -> None:
        """Then they settle."""
        store.set_stale_reads(StaleReads(reads=20, shuffled=True))
        put(client, 1, "new")
        seen = read(client, 20)
        assert "old" in seen[seen.index("new") :]
        assert read(client, 2) == ["new", "new"]

    def test_every_kind_of_read_lags(self, store: StrictSecretsManager, client: SecretsManagerClient) -> None:
        """Of a new secret, too: it is not found at first."""
        store.set_stale_reads(StaleReads(reads=4))
        store.create(OTHER, "new")
        assert code(client.get_secret_value, SecretId=OTHER) == "ResourceNotFoundException"
        assert code(client.describe_secret, SecretId=OTHER) == "ResourceNotFoundException"
        assert [one["Name"] for one in client.list_secrets()["SecretList"]] == [NAME]
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

    def test_a_new_arn_does_not_find_an_old_secret(
        self, store: StrictSecretsManager, client: SecretsManagerClient
    ) -> None:
        """The name still shows the old one; the ARNs differ in six random characters."""
        old = store.secret(NAME).arn
        store.set_stale_reads(StaleReads(seconds=5))
        client.delete_secret(SecretId=NAME, ForceDeleteWithoutRecovery=True)
        new = client.create_secret(Name=NAME, SecretString="new")["ARN"]
        assert (old[:-6], len(old.rpartition("-")[2])) == (new[:-6], 6)
        assert code(client.get_secret_value, SecretId=new) == "ResourceNotFoundException"
        assert read(client) == ["old"]


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
    answer = client.batch_get_secret_value(SecretIdList=[NAME, OTHER])
    assert [one["ErrorCode"] for one in answer["Errors"]] == ([reading] if reading else [])
    assert OTHER in [one["Name"] for one in answer["SecretValues"]]
    if reading:
        assert code(put, client, 1, "one") == code(client.get_secret_value, SecretId=NAME) == reading
    else:
        assert (put(client, 1, "one"), read(client)) == (token(1), ["one"])
