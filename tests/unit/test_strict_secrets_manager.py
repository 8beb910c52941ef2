"""The strict Secrets Manager keeps to the documented rules; boto3 is the client throughout."""

from __future__ import annotations

import json
import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from tests.support.secrets_manager import ANY, Call, Fault, Key, StaleReads, StrictSecretsManager

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_secretsmanager import SecretsManagerClient

NAME = "token-refresh/mcs/a"
OTHER = "token-refresh/mcs/b"
DAY_SECONDS = 24 * 60 * 60


@dataclass(slots=True)
class Clock:
    """A clock that a test sets."""

    now: float = 1_700_000_000.123

    def __call__(self) -> float:
        """Tells the time that was set."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[StrictSecretsManager]:
    """A store that serves, checked once more at the end."""
    with StrictSecretsManager(clock) as serving:
        yield serving
        serving.check_invariants()


@pytest.fixture
def client(store: StrictSecretsManager) -> SecretsManagerClient:
    """A boto3 client of the store."""
    return store.client()


def token(number: int) -> str:
    """Makes a version id."""
    return str(uuid.UUID(int=number))


def put(client: SecretsManagerClient, number: int, value: str, *labels: str, name: str = NAME) -> str:
    """Puts a value under a version id; returns the id."""
    stages: dict[str, Any] = {"VersionStages": list(labels)} if labels else {}
    client.put_secret_value(SecretId=name, ClientRequestToken=token(number), SecretString=value, **stages)
    return token(number)


def move(client: SecretsManagerClient, label: str, *, to: int, off: int | None = None) -> None:
    """Moves a label to a version, off another."""
    source = {} if off is None else {"RemoveFromVersionId": token(off)}
    client.update_secret_version_stage(SecretId=NAME, VersionStage=label, MoveToVersionId=token(to), **source)


def refused(act: Callable[..., object], /, **parameters: object) -> tuple[str, str]:
    """Calls, expects a refusal, and returns its code and message."""
    with pytest.raises(ClientError) as caught:
        act(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def code(act: Callable[..., object], /, **parameters: object) -> str:
    """Calls, expects a refusal, and returns its code."""
    return refused(act, **parameters)[0]


class TestIdentity:
    """How a secret is named."""

    def test_an_arn_ends_in_six_random_characters(self, client: SecretsManagerClient) -> None:
        """So that a secret's successor of the same name has another ARN."""
        arn = client.create_secret(Name=NAME, SecretString="one")["ARN"]
        assert arn.startswith(f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{NAME}-")
        assert len(arn.rpartition("-")[2]) == 6

    def test_a_new_secret_of_an_old_name_has_another_arn(self, client: SecretsManagerClient) -> None:
        """And the old ARN finds nothing."""
        first = client.create_secret(Name=NAME, SecretString="one")["ARN"]
        client.delete_secret(SecretId=NAME, ForceDeleteWithoutRecovery=True)
        second = client.create_secret(Name=NAME, SecretString="two")["ARN"]
        assert first != second
        assert code(client.get_secret_value, SecretId=first) == "ResourceNotFoundException"

    def test_a_name_a_full_arn_and_a_partial_arn_find_a_secret(self, client: SecretsManagerClient) -> None:
        """All three are documented."""
        arn = client.create_secret(Name=NAME, SecretString="one")["ARN"]
        found = [client.get_secret_value(SecretId=one)["Name"] for one in (NAME, arn, arn[:-7])]
        assert found == [NAME, NAME, NAME]

    def test_a_name_that_is_taken_is_refused(self, client: SecretsManagerClient) -> None:
        """CreateSecret never overwrites."""
        client.create_secret(Name=NAME, SecretString="one")
        assert code(client.create_secret, Name=NAME, SecretString="two") == "ResourceExistsException"

    def test_the_same_creation_again_is_ignored(self, client: SecretsManagerClient) -> None:
        """The same token and content: a retry."""
        ids = {
            client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))["VersionId"]
            for _ in range(2)
        }
        assert ids == {token(1)}

    def test_a_name_outside_the_alphabet_is_refused(self, client: SecretsManagerClient) -> None:
        """Spaces, for one."""
        assert code(client.create_secret, Name="a b", SecretString="one") == "InvalidParameterException"

    def test_a_missing_secret_is_not_found(self, client: SecretsManagerClient) -> None:
        """With AWS's message for it."""
        expected = ("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        assert refused(client.get_secret_value, SecretId=NAME) == expected


class TestVersions:
    """Versions are immutable."""

    def test_a_version_id_is_the_client_request_token(self, client: SecretsManagerClient) -> None:
        """So a caller can name a version before it exists."""
        client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))
        assert client.get_secret_value(SecretId=NAME)["VersionId"] == token(1)

    def test_the_same_token_with_the_same_content_does_nothing(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """Not even labels move: "the operation succeeds but does nothing"."""
        store.create(NAME, "zero")
        put(client, 1, "one", "AWSPENDING")
        before = store.secret(NAME)
        client.put_secret_value(
            SecretId=NAME, ClientRequestToken=token(1), SecretString="one", VersionStages=["AWSCURRENT", "X"]
        )
        assert store.secret(NAME) == before

    def test_the_same_token_again_answers_with_the_present_labels(self, client: SecretsManagerClient) -> None:
        """Not with those asked for."""
        client.create_secret(Name=NAME, SecretString="zero")
        put(client, 1, "one", "AWSPENDING")
        answer = client.put_secret_value(SecretId=NAME, ClientRequestToken=token(1), SecretString="one")
        assert answer["VersionStages"] == ["AWSPENDING"]

    def test_the_same_token_with_other_content_is_refused(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """And nothing changes."""
        store.create(NAME, "zero")
        put(client, 1, "one")
        before = store.secret(NAME)
        assert code(put, client=client, number=1, value="other") == "ResourceExistsException"
        assert store.secret(NAME) == before

    @pytest.mark.parametrize("labels", [(), ("MINE",)], ids=["no label", "another label"])
    def test_the_same_token_with_the_same_content_does_nothing_though_the_labels_have_moved(
        self, client: SecretsManagerClient, store: StrictSecretsManager, labels: tuple[str, ...]
    ) -> None:
        """Whatever labels the version has by now, those of the first request do not come back."""
        store.create(NAME, "zero")
        put(client, 1, "one", "ISSUED")
        put(client, 2, "two", "ISSUED")
        for label in labels:
            move(client, label, to=1)
        before = store.secret(NAME)
        put(client, 1, "one", "ISSUED")
        assert store.secret(NAME) == before

    def test_the_same_token_with_other_content_is_refused_though_the_version_has_lost_its_labels(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """A version is immutable for as long as it is kept."""
        store.create(NAME, "zero")
        put(client, 1, "one", "ISSUED")
        put(client, 2, "two", "ISSUED")
        assert code(put, client=client, number=1, value="other") == "ResourceExistsException"

    def test_of_callers_that_put_at_once_under_one_token_one_succeeds(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """Each has another value."""
        store.create(NAME, "zero")
        ends = at_once(lambda number: put(client, 1, f"value {number}", "ISSUED"))
        assert ends == {"done": 1, "ResourceExistsException": 7}

    def test_text_and_binary_of_the_same_bytes_are_other_content(self, client: SecretsManagerClient) -> None:
        """A version is one or the other."""
        client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))
        binary = {"SecretId": NAME, "SecretBinary": b"one", "ClientRequestToken": token(1)}
        assert code(client.put_secret_value, **binary) == "ResourceExistsException"

    def test_update_secret_refuses_a_token_that_is_in_use_even_with_the_same_content(
        self, client: SecretsManagerClient
    ) -> None:
        """Unlike PutSecretValue."""
        client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))
        again = {"SecretId": NAME, "SecretString": "one", "ClientRequestToken": token(1)}
        assert code(client.update_secret, **again) == "ResourceExistsException"

    @pytest.mark.parametrize("length", [31, 65])
    def test_a_token_must_have_32_to_64_characters(self, store: StrictSecretsManager, length: int) -> None:
        """Checked by the service, whatever the SDK checks."""
        store.create(NAME, "zero")
        client = store.client(parameter_validation=False)
        parameters = {"SecretId": NAME, "SecretString": "one", "ClientRequestToken": "t" * length}
        assert code(client.put_secret_value, **parameters) == "InvalidParameterException"

    @pytest.mark.parametrize("length", [32, 64])
    def test_a_token_may_have_32_and_64_characters(self, client: SecretsManagerClient, length: int) -> None:
        """The bounds are inside."""
        created = client.create_secret(Name=NAME, SecretString="one", ClientRequestToken="t" * length)
        assert created["VersionId"] == "t" * length

    def test_a_version_keeps_its_creation_time_to_the_millisecond(
        self, client: SecretsManagerClient, clock: Clock
    ) -> None:
        """Whatever is written later."""
        client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))
        clock.now += 5
        put(client, 2, "two")
        got = client.get_secret_value(SecretId=NAME, VersionId=token(1))
        assert got["CreatedDate"].timestamp() == pytest.approx(1_700_000_000.123, abs=1e-4)

    def test_binary_comes_back_as_it_went(self, client: SecretsManagerClient) -> None:
        """Any bytes."""
        client.create_secret(Name=NAME, SecretBinary=b"\x00\xff")
        assert client.get_secret_value(SecretId=NAME)["SecretBinary"] == b"\x00\xff"

    def test_text_comes_back_as_it_went(self, client: SecretsManagerClient) -> None:
        """Non-ASCII, control characters and all."""
        client.create_secret(Name=NAME, SecretString="合思 \u2028\n\x00")
        assert client.get_secret_value(SecretId=NAME)["SecretString"] == "合思 \u2028\n\x00"

    def test_a_value_is_required(self, client: SecretsManagerClient) -> None:
        """PutSecretValue stores one."""
        client.create_secret(Name=NAME)
        assert code(client.put_secret_value, SecretId=NAME) == "InvalidParameterException"

    def test_text_and_binary_together_are_refused(self, client: SecretsManagerClient) -> None:
        """One or the other."""
        both = {"Name": NAME, "SecretString": "one", "SecretBinary": b"one"}
        assert code(client.create_secret, **both) == "InvalidParameterException"

    def test_64_kib_fit(self, client: SecretsManagerClient) -> None:
        """65,536 bytes."""
        client.create_secret(Name=NAME, SecretString="x" * 65_536)
        assert len(client.get_secret_value(SecretId=NAME)["SecretString"]) == 65_536

    @pytest.mark.parametrize("text", ["x" * 65_537, "é" * 32_769])
    def test_a_byte_more_than_64_kib_does_not_fit(self, client: SecretsManagerClient, text: str) -> None:
        """Bytes, not characters."""
        assert code(client.create_secret, Name=NAME, SecretString=text) == "ValidationException"

    def test_binary_over_64_kib_does_not_fit(self, client: SecretsManagerClient) -> None:
        """The same bound, before Base64."""
        assert code(client.create_secret, Name=NAME, SecretBinary=b"x" * 65_537) == "ValidationException"


class TestLabels:
    """Where PutSecretValue and UpdateSecret put labels."""

    def test_a_value_put_without_labels_becomes_current(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """And AWSPREVIOUS follows."""
        client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))
        put(client, 2, "two")
        assert store.labels(NAME) == {"AWSCURRENT": token(2), "AWSPREVIOUS": token(1)}

    def test_a_value_put_with_labels_takes_exactly_those(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """AWSCURRENT stays."""
        client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))
        put(client, 2, "two", "AWSPENDING")
        assert store.labels(NAME) == {"AWSCURRENT": token(1), "AWSPENDING": token(2)}

    def test_a_label_leaves_the_version_it_was_on(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """One version a label."""
        client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))
        put(client, 2, "two", "AWSPENDING", "MINE")
        put(client, 3, "three", "AWSPENDING")
        assert store.labels(NAME) == {"AWSCURRENT": token(1), "AWSPENDING": token(3), "MINE": token(2)}

    def test_several_labels_leave_the_versions_they_were_on(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """Wherever each of them was; a label that is not named stays."""
        client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))
        put(client, 2, "two", "ISSUED", "AWSPENDING")
        put(client, 3, "three", "ASKED")
        put(client, 4, "four", "ISSUED", "ASKED")
        expected = {"AWSCURRENT": token(1), "AWSPENDING": token(2), "ISSUED": token(4), "ASKED": token(4)}
        assert store.labels(NAME) == expected

    def test_the_first_version_is_current_whatever_its_labels(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """Documented of "the first version for the secret"."""
        client.create_secret(Name=NAME)
        put(client, 1, "one", "AWSPENDING")
        assert store.labels(NAME) == {"AWSCURRENT": token(1), "AWSPENDING": token(1)}

    def test_putting_current_and_pending_moves_previous(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """AWSPREVIOUS goes to the version that AWSCURRENT left."""
        client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))
        put(client, 2, "two")
        put(client, 3, "three", "AWSCURRENT", "AWSPENDING")
        expected = {"AWSCURRENT": token(3), "AWSPENDING": token(3), "AWSPREVIOUS": token(2)}
        assert store.labels(NAME) == expected

    def test_a_label_on_current_stays_when_current_moves(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """Only the labels concerned move."""
        client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))
        client.update_secret_version_stage(SecretId=NAME, VersionStage="MINE", MoveToVersionId=token(1))
        put(client, 2, "two")
        expected = {"AWSCURRENT": token(2), "AWSPREVIOUS": token(1), "MINE": token(1)}
        assert store.labels(NAME) == expected

    def test_update_secret_makes_its_value_current(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """As a person's edit at the console does."""
        client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))
        client.update_secret(SecretId=NAME, SecretString="two", ClientRequestToken=token(2))
        assert store.labels(NAME) == {"AWSCURRENT": token(2), "AWSPREVIOUS": token(1)}

    def test_update_secret_without_a_value_makes_no_version(self, client: SecretsManagerClient) -> None:
        """Only the description changes."""
        client.create_secret(Name=NAME, SecretString="one")
        answer = client.update_secret(SecretId=NAME, Description="mine")
        assert set(answer) == {"ARN", "Name", "ResponseMetadata"}
        assert client.describe_secret(SecretId=NAME)["Description"] == "mine"

    def test_a_call_may_name_at_most_20_labels(self, client: SecretsManagerClient) -> None:
        """The bound of VersionStages."""
        client.create_secret(Name=NAME, SecretString="one")
        labels = [f"L{number}" for number in range(21)]
        parameters = {"SecretId": NAME, "SecretString": "two", "VersionStages": labels}
        assert code(client.put_secret_value, **parameters) == "ValidationException"

    def test_a_secret_may_have_at_most_20_labels(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """Across all its versions; a refusal changes nothing."""
        client.create_secret(Name=NAME, SecretString="one")
        put(client, 1, "two", *(f"L{number}" for number in range(19)))
        before = store.secret(NAME)
        assert code(put, client=client, number=2, value="three") == "LimitExceededException"  # AWSPREVIOUS is one more
        assert store.secret(NAME) == before

    def test_a_label_may_have_256_characters(self, client: SecretsManagerClient, store: StrictSecretsManager) -> None:
        """The bound is inside."""
        client.create_secret(Name=NAME, SecretString="one")
        put(client, 1, "two", "L" * 256)
        assert store.labels(NAME)["L" * 256] == token(1)

    def test_a_label_may_not_have_257_characters(self, client: SecretsManagerClient) -> None:
        """Nor be longer."""
        client.create_secret(Name=NAME, SecretString="one")
        parameters = {"SecretId": NAME, "SecretString": "two", "VersionStages": ["L" * 257]}
        assert code(client.put_secret_value, **parameters) == "ValidationException"


class TestMovingLabels:
    """UpdateSecretVersionStage is a compare-and-swap."""

    @pytest.fixture(autouse=True)
    def two_versions(self, client: SecretsManagerClient) -> None:
        """Version 2 is current, version 1 previous, version 3 pending."""
        client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))
        put(client, 2, "two")
        put(client, 3, "three", "AWSPENDING")

    def test_current_moves_with_its_holder_named_and_previous_follows(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """AWSPREVIOUS goes to the version that AWSCURRENT left."""
        client.update_secret_version_stage(
            SecretId=NAME, VersionStage="AWSCURRENT", MoveToVersionId=token(3), RemoveFromVersionId=token(2)
        )
        expected = {"AWSCURRENT": token(3), "AWSPREVIOUS": token(2), "AWSPENDING": token(3)}
        assert store.labels(NAME) == expected

    def test_current_moved_back_swaps_with_previous(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """The way to revert."""
        client.update_secret_version_stage(
            SecretId=NAME, VersionStage="AWSCURRENT", MoveToVersionId=token(1), RemoveFromVersionId=token(2)
        )
        expected = {"AWSCURRENT": token(1), "AWSPREVIOUS": token(2), "AWSPENDING": token(3)}
        assert store.labels(NAME) == expected

    @pytest.mark.parametrize("label", ["AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"])
    @pytest.mark.parametrize("remove_from", [None, "wrong"])
    def test_a_label_held_elsewhere_does_not_move_unless_its_holder_is_named(
        self, client: SecretsManagerClient, store: StrictSecretsManager, label: str, remove_from: str | None
    ) -> None:
        """And nothing changes."""
        before = store.secret(NAME)
        holder = before.labels[label]
        target, wrong = sorted({token(1), token(2), token(3)} - {holder})
        parameters = {"SecretId": NAME, "VersionStage": label, "MoveToVersionId": target}
        if remove_from:
            parameters["RemoveFromVersionId"] = wrong
        assert code(client.update_secret_version_stage, **parameters) == "InvalidParameterException"
        assert store.secret(NAME) == before

    def test_current_moves_to_a_version_that_has_lost_its_labels(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """It exists until it is removed."""
        put(client, 4, "four", "AWSPENDING")
        assert store.secret(NAME).labels_of(token(3)) == []
        move(client, "AWSCURRENT", to=3, off=2)
        expected = {"AWSCURRENT": token(3), "AWSPREVIOUS": token(2), "AWSPENDING": token(4)}
        assert store.labels(NAME) == expected

    def test_the_same_move_again_is_refused(self, client: SecretsManagerClient, store: StrictSecretsManager) -> None:
        """The label is no longer where it is said to be, though it is where it is to go."""
        move(client, "AWSCURRENT", to=3, off=2)
        before = store.secret(NAME)
        assert code(move, client=client, label="AWSCURRENT", to=3, off=2) == "InvalidParameterException"
        assert store.secret(NAME) == before

    def test_of_callers_that_move_a_label_at_once_one_succeeds(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """Not documented, and relied on: comparing and moving are one step."""
        for number in range(10, 18):
            put(client, number, str(number), "MINE")
        ends = at_once(lambda number: move(client, "AWSCURRENT", to=10 + number, off=2))
        assert ends == {"done": 1, "InvalidParameterException": 7}
        assert store.labels(NAME)["AWSPREVIOUS"] == token(2)

    def test_a_move_is_compared_with_the_truth(self, client: SecretsManagerClient, store: StrictSecretsManager) -> None:
        """Though reads still show the label elsewhere."""
        store.set_stale_reads(StaleReads(reads=100))
        move(client, "AWSCURRENT", to=3, off=2)
        assert client.get_secret_value(SecretId=NAME)["VersionId"] == token(2)
        assert code(move, client=client, label="AWSCURRENT", to=1, off=2) == "InvalidParameterException"

    def test_a_label_may_not_be_the_21st_of_the_secret(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """Three are there; a refusal changes nothing."""
        for number in range(17):
            move(client, f"L{number}", to=1 + number % 3)
        before = store.secret(NAME)
        assert code(move, client=client, label="one more", to=1) == "LimitExceededException"
        assert store.secret(NAME) == before

    def test_a_label_moves_though_the_secret_has_20(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """It is not one more."""
        for number in range(17):
            move(client, f"L{number}", to=1)
        move(client, "L0", to=2, off=1)
        assert store.labels(NAME)["L0"] == token(2)

    def test_a_label_nobody_holds_needs_no_holder(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """It is simply put on."""
        client.update_secret_version_stage(SecretId=NAME, VersionStage="REJECTED", MoveToVersionId=token(2))
        assert store.labels(NAME)["REJECTED"] == token(2)

    def test_a_label_nobody_holds_cannot_be_taken_from_a_version(self, client: SecretsManagerClient) -> None:
        """The named holder does not match."""
        parameters = {
            "SecretId": NAME,
            "VersionStage": "REJECTED",
            "MoveToVersionId": token(2),
            "RemoveFromVersionId": token(1),
        }
        assert code(client.update_secret_version_stage, **parameters) == "InvalidParameterException"

    def test_a_label_already_there_stays_without_complaint(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """The holder need be named only if it is another version."""
        client.update_secret_version_stage(SecretId=NAME, VersionStage="AWSCURRENT", MoveToVersionId=token(2))
        assert store.labels(NAME)["AWSCURRENT"] == token(2)

    def test_a_label_can_be_removed_from_its_holder(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """By naming no new one."""
        client.update_secret_version_stage(SecretId=NAME, VersionStage="AWSPENDING", RemoveFromVersionId=token(3))
        assert store.labels(NAME) == {"AWSCURRENT": token(2), "AWSPREVIOUS": token(1)}

    def test_current_cannot_be_removed(self, client: SecretsManagerClient) -> None:
        """It can only move."""
        parameters = {"SecretId": NAME, "VersionStage": "AWSCURRENT", "RemoveFromVersionId": token(2)}
        assert code(client.update_secret_version_stage, **parameters) == "InvalidParameterException"

    def test_a_version_must_be_named(self, client: SecretsManagerClient) -> None:
        """Where to, where from, or both."""
        parameters = {"SecretId": NAME, "VersionStage": "AWSPENDING"}
        assert code(client.update_secret_version_stage, **parameters) == "InvalidParameterException"

    def test_a_label_cannot_move_to_a_version_that_does_not_exist(self, client: SecretsManagerClient) -> None:
        """The version is not found."""
        parameters = {"SecretId": NAME, "VersionStage": "MINE", "MoveToVersionId": token(9)}
        assert code(client.update_secret_version_stage, **parameters) == "ResourceNotFoundException"

    def test_a_label_cannot_move_off_a_version_that_does_not_exist(self, client: SecretsManagerClient) -> None:
        """The version is not found."""
        assert code(move, client=client, label="AWSCURRENT", to=3, off=9) == "ResourceNotFoundException"


class TestPendingAfterAMove:
    """Whether AWSPENDING leaves the version that AWSCURRENT moves to: AWS documents both, the store does either."""

    EITHER = pytest.mark.parametrize(
        ("taken_off", "left"), [(False, ["AWSPENDING"]), (True, [])], ids=["stays", "goes"]
    )

    @contextmanager
    def pending(self, clock: Clock, *, taken_off: bool) -> Iterator[tuple[StrictSecretsManager, SecretsManagerClient]]:
        """Serves a secret whose version 1 is current and whose version 2 is pending."""
        with StrictSecretsManager(clock, move_takes_pending_off=taken_off) as store:
            client = store.client()
            client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))
            put(client, 2, "two", "AWSPENDING", "ISSUED")
            yield store, client
            store.check_invariants()

    @EITHER
    def test_after_update_secret_version_stage(self, clock: Clock, *, taken_off: bool, left: list[str]) -> None:
        """The other labels of the version stay."""
        with self.pending(clock, taken_off=taken_off) as (store, client):
            move(client, "AWSCURRENT", to=2, off=1)
            assert store.secret(NAME).labels_of(token(2)) == ["AWSCURRENT", *left, "ISSUED"]

    @EITHER
    def test_after_put_secret_value(self, clock: Clock, *, taken_off: bool, left: list[str]) -> None:
        """As current and pending at once."""
        with self.pending(clock, taken_off=taken_off) as (store, client):
            put(client, 3, "three", "AWSCURRENT", "AWSPENDING")
            assert store.secret(NAME).labels_of(token(3)) == ["AWSCURRENT", *left]

    @EITHER
    def test_the_answer_of_put_secret_value(self, clock: Clock, *, taken_off: bool, left: list[str]) -> None:
        """It tells the labels that are left."""
        with self.pending(clock, taken_off=taken_off) as (_, client):
            answer = client.put_secret_value(
                SecretId=NAME, SecretString="three", VersionStages=["AWSCURRENT", "AWSPENDING"]
            )
            assert answer["VersionStages"] == ["AWSCURRENT", *left]

    def test_pending_stays_on_another_version(self, clock: Clock) -> None:
        """Where AWSCURRENT did not move to."""
        with self.pending(clock, taken_off=True) as (store, client):
            put(client, 3, "three", "MINE")
            move(client, "AWSCURRENT", to=3, off=1)
            assert store.labels(NAME)["AWSPENDING"] == token(2)

    def test_pending_may_come_back(self, clock: Clock) -> None:
        """Only a move of AWSCURRENT takes it off."""
        with self.pending(clock, taken_off=True) as (store, client):
            move(client, "AWSPENDING", to=1, off=2)
            move(client, "AWSCURRENT", to=1)
            assert store.secret(NAME).labels_of(token(1)) == ["AWSCURRENT", "AWSPENDING"]

    def test_pending_stays_on_a_first_version(self, clock: Clock) -> None:
        """It becomes current without a move."""
        with StrictSecretsManager(clock, move_takes_pending_off=True) as store:
            store.create(NAME)
            put(store.client(), 1, "one", "AWSPENDING")
            assert store.secret(NAME).labels_of(token(1)) == ["AWSCURRENT", "AWSPENDING"]


class TestReading:
    """GetSecretValue and the listings."""

    def test_a_label_finds_its_version(self, client: SecretsManagerClient) -> None:
        """AWSCURRENT when nothing is said."""
        client.create_secret(Name=NAME, SecretString="one")
        put(client, 2, "two")
        got = client.get_secret_value(SecretId=NAME, VersionStage="AWSPREVIOUS")
        assert (got["SecretString"], got["VersionStages"]) == ("one", ["AWSPREVIOUS"])

    def test_a_label_nobody_holds_is_not_found(self, client: SecretsManagerClient) -> None:
        """With AWS's message for it."""
        client.create_secret(Name=NAME, SecretString="one")
        message = "Secrets Manager can't find the specified secret value for staging label: AWSPENDING"
        found = refused(client.get_secret_value, SecretId=NAME, VersionStage="AWSPENDING")
        assert found == ("ResourceNotFoundException", message)

    def test_a_secret_without_a_value_has_no_current(self, client: SecretsManagerClient) -> None:
        """CreateSecret without a value makes no version."""
        client.create_secret(Name=NAME)
        message = "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"
        assert refused(client.get_secret_value, SecretId=NAME) == ("ResourceNotFoundException", message)

    def test_an_id_finds_a_version_without_labels(self, client: SecretsManagerClient) -> None:
        """A deprecated version can be read until it is removed."""
        client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))
        put(client, 2, "two")
        put(client, 3, "three")
        got = client.get_secret_value(SecretId=NAME, VersionId=token(1))
        assert (got["SecretString"], "VersionStages" in got) == ("one", False)

    def test_an_id_and_a_label_must_agree(self, client: SecretsManagerClient) -> None:
        """They must refer to the same version."""
        client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))
        put(client, 2, "two")
        parameters = {"SecretId": NAME, "VersionId": token(1), "VersionStage": "AWSCURRENT"}
        assert code(client.get_secret_value, **parameters) == "InvalidRequestException"

    def test_describe_tells_labels_but_no_value(self, client: SecretsManagerClient) -> None:
        """Versions without labels are left out."""
        client.create_secret(Name=NAME, SecretString="the-value", ClientRequestToken=token(1))
        for number in (2, 3):
            put(client, number, f"the-value-{number}")
        described = client.describe_secret(SecretId=NAME)
        assert described["VersionIdsToStages"] == {token(2): ["AWSPREVIOUS"], token(3): ["AWSCURRENT"]}
        assert "the-value" not in str(described)

    def test_versions_without_labels_are_listed_on_request(self, client: SecretsManagerClient) -> None:
        """IncludeDeprecated."""
        client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))
        for number in (2, 3):
            put(client, number, str(number))
        some = client.list_secret_version_ids(SecretId=NAME)["Versions"]
        every = client.list_secret_version_ids(SecretId=NAME, IncludeDeprecated=True)["Versions"]
        assert [one["VersionId"] for one in some] == [token(2), token(3)]
        assert [one["VersionId"] for one in every] == [token(1), token(2), token(3)]

    def test_list_secrets_filters_by_a_prefix_of_the_name(self, client: SecretsManagerClient) -> None:
        """Case-sensitive; another prefix is another secret."""
        for name in (NAME, OTHER, "token-refresh/mcs2/a", "Token-refresh/mcs/c"):
            client.create_secret(Name=name, SecretString="one")
        listed = client.list_secrets(Filters=[{"Key": "name", "Values": ["token-refresh/mcs/"]}])
        assert [one["Name"] for one in listed["SecretList"]] == [NAME, OTHER]


class TestBatch:
    """BatchGetSecretValue."""

    def batch(self, client: SecretsManagerClient, **parameters: Any) -> Any:  # noqa: ANN401 - boto3's dict
        """Reads a page of the secrets under the prefix."""
        filters = [{"Key": "name", "Values": ["token-refresh/mcs/"]}]
        return client.batch_get_secret_value(**{"Filters": filters, **parameters})

    def test_reads_the_current_values_of_a_prefix(self, client: SecretsManagerClient) -> None:
        """Each with what GetSecretValue tells."""
        client.create_secret(Name=NAME, SecretString="one")
        client.create_secret(Name="token-refresh/ekuaibao/a", SecretString="no")
        (value,) = self.batch(client)["SecretValues"]
        got: dict[str, Any] = {**client.get_secret_value(SecretId=NAME)}
        assert value == {key: got[key] for key in value}
        assert set(value) == {"ARN", "Name", "VersionId", "SecretString", "VersionStages", "CreatedDate"}

    def test_shows_every_label_of_the_current_version(self, client: SecretsManagerClient) -> None:
        """Those that were added since, and not those of other versions."""
        client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))
        move(client, "REJECTED", to=1)
        put(client, 2, "two", "ISSUED")
        (value,) = self.batch(client)["SecretValues"]
        assert value["VersionStages"] == ["AWSCURRENT", "REJECTED"]

    def test_a_page_has_at_most_20(self, client: SecretsManagerClient, store: StrictSecretsManager) -> None:
        """And the pages together have all, once."""
        names = [f"token-refresh/mcs/{number:02}" for number in range(45)]
        for name in names:
            store.create(name, "one")
        pages = [self.batch(client)]
        while "NextToken" in pages[-1]:
            pages.append(self.batch(client, NextToken=pages[-1]["NextToken"]))
        assert [len(page["SecretValues"]) for page in pages] == [20, 20, 5]
        assert [value["Name"] for page in pages for value in page["SecretValues"]] == names

    def test_a_secret_created_between_two_pages_hides_none(
        self, client: SecretsManagerClient, store: StrictSecretsManager, clock: Clock
    ) -> None:
        """A token is a place, not a count."""
        for name in (NAME, OTHER):
            store.create(name, "one")
        first = self.batch(client, MaxResults=1)
        clock.now += 1
        store.create("token-refresh/mcs/0", "one")
        second = self.batch(client, MaxResults=2, NextToken=first["NextToken"])
        assert [one["Name"] for one in second["SecretValues"]] == [OTHER, "token-refresh/mcs/0"]

    @pytest.mark.parametrize("size", [0, 21])
    def test_a_page_of_0_or_21_cannot_be_asked_for(self, store: StrictSecretsManager, size: int) -> None:
        """1 to 20."""
        client = store.client(parameter_validation=False)
        with pytest.raises(ClientError, match="ValidationException"):
            self.batch(client, MaxResults=size)

    def test_a_token_of_another_listing_is_refused(self, client: SecretsManagerClient) -> None:
        """As is one that is none."""
        for name in (NAME, OTHER):
            client.create_secret(Name=name, SecretString="one")
        first = client.list_secrets(MaxResults=1)
        for wrong in (first["NextToken"], "nonsense"):
            with pytest.raises(ClientError, match="InvalidNextTokenException"):
                self.batch(client, NextToken=wrong)

    def test_an_empty_page_may_come_before_a_full_one(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """Documented: NextToken "can occur even when the response includes no values at all"."""
        store.create(NAME, "one")
        store.set_empty_first_page(empty=True)
        first = self.batch(client)
        second = self.batch(client, NextToken=first["NextToken"])
        assert first["SecretValues"] == []
        assert [one["Name"] for one in second["SecretValues"]] == [NAME]
        assert "NextToken" not in second

    def test_filters_and_ids_exclude_each_other(self, client: SecretsManagerClient) -> None:
        """And one of them is needed."""
        with pytest.raises(ClientError, match="InvalidParameterException"):
            self.batch(client, SecretIdList=[NAME])
        assert code(client.batch_get_secret_value) == "InvalidParameterException"

    def test_a_secret_that_cannot_be_read_is_an_error_entry(self, client: SecretsManagerClient) -> None:
        """The others are read."""
        client.create_secret(Name=NAME, SecretString="one")
        answer = client.batch_get_secret_value(SecretIdList=[NAME, OTHER])
        assert [one["Name"] for one in answer["SecretValues"]] == [NAME]
        errors = [(one["SecretId"], one["ErrorCode"]) for one in answer["Errors"]]
        assert errors == [(OTHER, "ResourceNotFoundException")]

    def test_a_secret_that_may_not_be_read_is_an_error_entry_under_its_arn(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """Found by a filter, it was never named by the caller."""
        arn = client.create_secret(Name=NAME, SecretString="one")["ARN"]
        client.create_secret(Name=OTHER, SecretString="two")
        store.fail("BatchGetSecretValue", Fault.DENIED, secret=NAME)
        answer = self.batch(client)
        assert [one["Name"] for one in answer["SecretValues"]] == [OTHER]
        errors = [(one["SecretId"], one["ErrorCode"]) for one in answer["Errors"]]
        assert errors == [(arn, "AccessDeniedException")]

    def test_a_secret_marked_for_deletion_is_not_found_by_a_filter(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """As ListSecrets leaves it out."""
        store.create(NAME, "one")
        store.delete(NAME)
        answer = self.batch(client)
        assert (answer["SecretValues"], answer["Errors"]) == ([], [])


class TestQuota:
    """About 100 versions, and none removed within a day."""

    def fill(self, store: StrictSecretsManager, count: int) -> None:
        """Makes a secret with so many versions."""
        store.create(NAME, "value 0")
        for number in range(1, count):
            store.person_writes(NAME, f"value {number}")

    def test_the_101st_version_within_a_day_is_refused(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """And nothing changes."""
        self.fill(store, 100)
        before = store.secret(NAME)
        assert code(put, client=client, number=1, value="one more") == "LimitExceededException"
        assert store.secret(NAME) == before

    def test_a_token_used_again_needs_no_room(self, client: SecretsManagerClient, store: StrictSecretsManager) -> None:
        """It makes no version."""
        self.fill(store, 99)
        put(client, 1, "the 100th")
        put(client, 1, "the 100th")
        assert len(store.versions(NAME)) == 100

    def test_after_a_day_the_oldest_without_labels_makes_room(
        self, client: SecretsManagerClient, store: StrictSecretsManager, clock: Clock
    ) -> None:
        """One at a time."""
        self.fill(store, 100)
        ids = [version.id for version in store.versions(NAME)]
        clock.now += DAY_SECONDS + 1
        put(client, 1, "one more")
        assert [version.id for version in store.versions(NAME)] == [*ids[1:], token(1)]

    def test_a_version_with_a_label_is_never_removed(
        self, client: SecretsManagerClient, store: StrictSecretsManager, clock: Clock
    ) -> None:
        """However old it is."""
        self.fill(store, 100)
        oldest, second = (version.id for version in store.versions(NAME)[:2])
        client.update_secret_version_stage(SecretId=NAME, VersionStage="MINE", MoveToVersionId=oldest)
        clock.now += DAY_SECONDS + 1
        put(client, 1, "one more")
        kept = {version.id for version in store.versions(NAME)}
        assert (oldest in kept, second in kept) == (True, False)

    def test_below_the_quota_nothing_is_removed(
        self, client: SecretsManagerClient, store: StrictSecretsManager, clock: Clock
    ) -> None:
        """However old it is."""
        self.fill(store, 99)
        clock.now += 30 * DAY_SECONDS
        put(client, 1, "the 100th")
        assert len(store.versions(NAME)) == 100


class TestDeletion:
    """A secret marked for deletion can only be described, restored, or deleted at once."""

    @pytest.mark.parametrize(
        ("operation", "parameters"),
        [
            ("get_secret_value", {}),
            ("put_secret_value", {"SecretString": "two"}),
            ("update_secret", {"SecretString": "two"}),
            ("update_secret_version_stage", {"VersionStage": "MINE", "MoveToVersionId": token(1)}),
            ("delete_secret", {}),
        ],
    )
    def test_reads_and_writes_are_refused(
        self, client: SecretsManagerClient, operation: str, parameters: dict[str, str]
    ) -> None:
        """With AWS's message for it."""
        client.create_secret(Name=NAME, SecretString="one", ClientRequestToken=token(1))
        client.delete_secret(SecretId=NAME)
        message = "You can't perform this operation on the secret because it was marked for deletion."
        expected = ("InvalidRequestException", message)
        assert refused(getattr(client, operation), SecretId=NAME, **parameters) == expected

    def test_the_window_is_30_days_unless_it_is_said(self, client: SecretsManagerClient, clock: Clock) -> None:
        """DescribeSecret tells when it ends."""
        client.create_secret(Name=NAME, SecretString="one")
        client.delete_secret(SecretId=NAME)
        ends = client.describe_secret(SecretId=NAME)["DeletedDate"].timestamp()
        assert ends == pytest.approx(clock.now + 30 * DAY_SECONDS, abs=1e-3)

    @pytest.mark.parametrize("days", [6, 31])
    def test_the_window_has_7_to_30_days(self, client: SecretsManagerClient, days: int) -> None:
        """The documented bounds."""
        client.create_secret(Name=NAME, SecretString="one")
        parameters = {"SecretId": NAME, "RecoveryWindowInDays": days}
        assert code(client.delete_secret, **parameters) == "InvalidParameterException"

    def test_a_restored_secret_is_as_before(self, client: SecretsManagerClient, store: StrictSecretsManager) -> None:
        """Labels and all."""
        client.create_secret(Name=NAME, SecretString="one")
        before = store.secret(NAME)
        client.delete_secret(SecretId=NAME)
        client.restore_secret(SecretId=NAME)
        assert store.secret(NAME) == before

    def test_its_name_is_taken(self, client: SecretsManagerClient) -> None:
        """Until the window ends."""
        client.create_secret(Name=NAME, SecretString="one")
        client.delete_secret(SecretId=NAME)
        assert code(client.create_secret, Name=NAME, SecretString="two") == "InvalidRequestException"


class TestStaleReads:
    """Eventual consistency on request."""

    def values(self, client: SecretsManagerClient, count: int) -> list[str]:
        """Reads the current value so many times."""
        return [client.get_secret_value(SecretId=NAME)["SecretString"] for _ in range(count)]

    def test_reads_lag_for_a_number_of_reads(self, client: SecretsManagerClient, store: StrictSecretsManager) -> None:
        """Then they see the write, and stay."""
        store.create(NAME, "old")
        store.set_stale_reads(StaleReads(reads=2))
        put(client, 1, "new")
        assert self.values(client, 4) == ["old", "old", "new", "new"]

    def test_reads_lag_for_some_seconds(
        self, client: SecretsManagerClient, store: StrictSecretsManager, clock: Clock
    ) -> None:
        """By the store's clock."""
        store.create(NAME, "old")
        store.set_stale_reads(StaleReads(seconds=5))
        put(client, 1, "new")
        seen = self.values(client, 2)
        clock.now += 5
        assert seen + self.values(client, 1) == ["old", "old", "new"]

    def test_a_lagging_read_never_goes_back(self, client: SecretsManagerClient, store: StrictSecretsManager) -> None:
        """Each write settles by itself."""
        store.create(NAME, "0")
        store.set_stale_reads(StaleReads(reads=2))
        seen: list[str] = []
        for number in range(1, 4):
            put(client, number, str(number))
            seen += self.values(client, 1)
        assert seen + self.values(client, 3) == ["0", "0", "1", "2", "3", "3"]

    def test_shuffled_reads_go_back_and_forth_and_then_settle(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """The seed decides which read sees what."""
        store.create(NAME, "old")
        store.set_stale_reads(StaleReads(reads=20, shuffled=True))
        put(client, 1, "new")
        seen = self.values(client, 20)
        assert "old" in seen[seen.index("new") :]
        assert self.values(client, 2) == ["new", "new"]

    def test_a_clock_set_back_breaks_nothing(
        self, client: SecretsManagerClient, store: StrictSecretsManager, clock: Clock
    ) -> None:
        """The write is merely not settled yet."""
        store.create(NAME, "old")
        store.set_stale_reads(StaleReads(seconds=5))
        put(client, 1, "new")
        clock.now += 5
        seen = self.values(client, 1)
        clock.now -= 3600
        assert seen + self.values(client, 1) == ["new", "new"]

    def test_describe_lags_too(self, client: SecretsManagerClient, store: StrictSecretsManager) -> None:
        """It is a read."""
        store.create(NAME, "old")
        store.set_stale_reads(StaleReads(reads=1))
        put(client, 1, "new")
        seen = [token(1) in client.describe_secret(SecretId=NAME)["VersionIdsToStages"] for _ in range(2)]
        assert seen == [False, True]

    def test_a_batch_lags_too(self, client: SecretsManagerClient, store: StrictSecretsManager) -> None:
        """One read of each secret on the page."""
        store.create(NAME, "old")
        store.set_stale_reads(StaleReads(reads=1))
        put(client, 1, "new")
        answers = [client.batch_get_secret_value(SecretIdList=[NAME]) for _ in range(2)]
        assert [one["SecretValues"][0]["SecretString"] for one in answers] == ["old", "new"]

    def test_a_new_secret_is_invisible_at_first(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """To a listing as to a read."""
        store.set_stale_reads(StaleReads(reads=2))
        store.create(NAME, "new")
        assert client.list_secrets()["SecretList"] == []
        assert code(client.get_secret_value, SecretId=NAME) == "ResourceNotFoundException"
        assert self.values(client, 1) == ["new"]

    def test_a_new_arn_does_not_find_an_old_secret_of_the_same_name(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """However stale the read: the name still shows the old one."""
        store.create(NAME, "old")
        store.set_stale_reads(StaleReads(seconds=5))
        client.delete_secret(SecretId=NAME, ForceDeleteWithoutRecovery=True)
        arn = client.create_secret(Name=NAME, SecretString="new")["ARN"]
        assert code(client.get_secret_value, SecretId=arn) == "ResourceNotFoundException"
        assert self.values(client, 1) == ["old"]

    def test_writes_act_on_the_truth(self, client: SecretsManagerClient, store: StrictSecretsManager) -> None:
        """Compare-and-swap is decided by what is, not by what is seen."""
        store.create(NAME, "old")
        store.set_stale_reads(StaleReads(reads=100))
        first = put(client, 1, "one")
        put(client, 2, "two")
        assert store.labels(NAME)["AWSPREVIOUS"] == first


class TestKey:
    """A KMS key that is disabled, or not ours to use."""

    def test_writes_fail_while_reads_are_still_served(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """A key just disabled."""
        store.create(NAME, "one")
        store.set_key(NAME, Key.READS_ONLY)
        assert code(put, client=client, number=1, value="two") == "EncryptionFailure"
        assert code(client.update_secret, SecretId=NAME, SecretString="two") == "EncryptionFailure"
        assert client.get_secret_value(SecretId=NAME)["SecretString"] == "one"

    def test_a_token_used_again_succeeds_as_it_stores_nothing(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """So a write that was proof an hour ago proves nothing now."""
        store.create(NAME, "one")
        put(client, 1, "two")
        store.set_key(NAME, Key.READS_ONLY)
        assert put(client, 1, "two") == token(1)

    def test_a_disabled_key_fails_reads_too(self, client: SecretsManagerClient, store: StrictSecretsManager) -> None:
        """With the read's own error."""
        store.create(NAME, "one")
        store.set_key(NAME, Key.DISABLED)
        assert code(client.get_secret_value, SecretId=NAME) == "DecryptionFailure"

    def test_a_key_we_may_not_use_denies_access(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """With AWS's message for it."""
        store.create(NAME, "one")
        store.set_key(NAME, Key.DENIED)
        expected = ("AccessDeniedException", "Access to KMS is not allowed")
        assert refused(client.get_secret_value, SecretId=NAME) == expected

    def test_labels_move_without_the_key(self, client: SecretsManagerClient, store: StrictSecretsManager) -> None:
        """Nothing is encrypted."""
        version = store.create(NAME, "one")
        assert version is not None
        store.set_key(NAME, Key.DISABLED)
        client.update_secret_version_stage(SecretId=NAME, VersionStage="MINE", MoveToVersionId=version.id)
        assert store.labels(NAME)["MINE"] == version.id

    def test_another_secret_has_another_key(self, client: SecretsManagerClient, store: StrictSecretsManager) -> None:
        """In a batch, only the one fails."""
        store.create(NAME, "one")
        store.create(OTHER, "two")
        store.set_key(NAME, Key.DISABLED)
        answer = client.batch_get_secret_value(SecretIdList=[NAME, OTHER])
        errors = [(one["SecretId"], one["ErrorCode"]) for one in answer["Errors"]]
        assert errors == [(NAME, "DecryptionFailure")]
        assert [one["Name"] for one in answer["SecretValues"]] == [OTHER]


class TestFaults:
    """Faults on request."""

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            (Fault.DENIED, ("AccessDeniedException", 400)),
            (Fault.THROTTLED, ("ThrottlingException", 400)),
            (Fault.SERVER_ERROR, ("InternalServiceError", 500)),
        ],
    )
    def test_a_refusal_has_its_code_and_status_and_stores_nothing(
        self, client: SecretsManagerClient, store: StrictSecretsManager, fault: Fault, expected: tuple[str, int]
    ) -> None:
        """As AWS answers."""
        store.create(NAME, "one")
        store.fail("PutSecretValue", fault)
        with pytest.raises(ClientError) as caught:
            put(client, 1, "two")
        response = caught.value.response
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        assert (response["Error"]["Code"], status) == expected
        assert store.current(NAME).text == "one"

    def test_a_request_lost_on_its_way_stores_nothing(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """The caller sees a closed connection."""
        store.create(NAME, "one")
        store.fail("PutSecretValue", Fault.LOST_BEFORE)
        with pytest.raises(ConnectionClosedError):
            put(client, 1, "two")
        assert store.current(NAME).text == "one"

    def test_an_answer_lost_on_its_way_was_stored(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """The caller sees the same closed connection."""
        store.create(NAME, "one")
        store.fail("PutSecretValue", Fault.LOST_AFTER)
        with pytest.raises(ConnectionClosedError):
            put(client, 1, "two")
        assert store.current(NAME).text == "two"

    def test_a_slow_call_is_acted_on_though_nobody_waits(self, store: StrictSecretsManager) -> None:
        """The caller gives up, and the value is stored all the same."""
        store.create(NAME, "one")
        store.fail("PutSecretValue", Fault.SLOW, seconds=0.3)
        done = threading.Event()
        store.after_call = lambda _: done.set()
        with pytest.raises(ReadTimeoutError):
            put(store.client(read_timeout=0.1), 1, "two")
        assert done.wait(5)
        assert store.current(NAME).text == "two"

    def test_a_fault_comes_after_as_many_calls_and_as_often_as_asked(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """Then it is over."""
        store.create(NAME, "one")
        store.fail("GetSecretValue", Fault.THROTTLED, after=1, times=2)
        for _ in range(5):
            try:
                client.get_secret_value(SecretId=NAME)
            except ClientError:
                continue
        assert [call.ok for call in store.calls] == [True, False, False, True, True]

    def test_a_fault_for_ever_lasts_until_healed(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """Until the test ends it."""
        store.create(NAME, "one")
        store.fail(ANY, Fault.SERVER_ERROR, times=None)
        for _ in range(3):
            assert code(client.get_secret_value, SecretId=NAME) == "InternalServiceError"
        store.heal()
        assert client.get_secret_value(SecretId=NAME)["SecretString"] == "one"

    def test_a_fault_may_be_for_one_secret(self, client: SecretsManagerClient, store: StrictSecretsManager) -> None:
        """However the call names it."""
        store.create(NAME, "one")
        store.create(OTHER, "two")
        store.fail("GetSecretValue", Fault.DENIED, secret=NAME)
        assert client.get_secret_value(SecretId=OTHER)["SecretString"] == "two"
        assert code(client.get_secret_value, SecretId=store.secret(NAME).arn) == "AccessDeniedException"

    def test_a_denied_batch_fails_as_a_whole(self, client: SecretsManagerClient, store: StrictSecretsManager) -> None:
        """The permission to list is missing."""
        store.create(NAME, "one")
        store.fail("BatchGetSecretValue", Fault.DENIED)
        assert code(client.batch_get_secret_value, SecretIdList=[NAME]) == "AccessDeniedException"

    def test_one_secret_of_a_batch_cannot_be_lost(self, store: StrictSecretsManager) -> None:
        """A connection carries the whole batch."""
        with pytest.raises(ValueError, match="not lost or slow"):
            store.fail("BatchGetSecretValue", Fault.LOST_AFTER, secret=NAME)

    def test_the_sdk_retries_against_the_store(self, store: StrictSecretsManager) -> None:
        """With the retries it is given."""
        store.create(NAME, "one")
        store.fail("PutSecretValue", Fault.LOST_AFTER)
        put(store.client(retries={"total_max_attempts": 2}), 1, "two")
        assert [(call.ok, call.fault) for call in store.calls] == [(True, Fault.LOST_AFTER), (True, None)]
        assert len(store.versions(NAME)) == 2


class TestHistory:
    """What a test learns from the store."""

    def test_every_call_is_kept(self, client: SecretsManagerClient, store: StrictSecretsManager, clock: Clock) -> None:
        """With what a test may want to know, and no value."""
        store.create(NAME, "one")
        put(client, 1, "the-value", "AWSPENDING", name=store.secret(NAME).arn)
        code(client.get_secret_value, SecretId=OTHER)
        assert store.calls == [
            Call("PutSecretValue", NAME, token(1), ("AWSPENDING",), clock.now, ok=True),
            Call("GetSecretValue", OTHER, None, (), clock.now, ok=False, error_code="ResourceNotFoundException"),
        ]
        assert "the-value" not in repr(store.calls)

    def test_a_tests_own_way_in_leaves_no_trace(self, store: StrictSecretsManager) -> None:
        """The history is of callers."""
        store.create(NAME, "one")
        store.person_writes(NAME, "two")
        assert store.calls == []

    def test_a_hook_before_a_call_can_act_first(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """A person's edit, between a caller's steps."""
        store.create(NAME, "one")
        store.before_call = lambda _: void(store.person_writes(NAME, "edited"))
        assert client.get_secret_value(SecretId=NAME)["SecretString"] == "edited"

    def test_a_hook_after_a_call_comes_before_its_answer(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """The call has been acted on, and the caller does not know yet."""
        store.create(NAME, "one")
        seen: list[str] = []
        store.after_call = lambda call: seen.append(f"{call.ok} {store.current(NAME).text}")
        put(client, 1, "two")
        assert seen == ["True two"]

    def test_a_hook_that_blocks_holds_only_its_own_call(self, store: StrictSecretsManager) -> None:
        """So that a scheduler can choose who goes first."""
        store.create(NAME, "one")
        gate = threading.Event()
        store.before_call = lambda call: void(call.operation == "PutSecretValue" and gate.wait(10))
        writer = threading.Thread(target=put, args=(store.client(), 1, "two"))
        writer.start()
        before = store.client().get_secret_value(SecretId=NAME)["SecretString"]
        gate.set()
        writer.join(10)
        assert (before, store.current(NAME).text) == ("one", "two")

    def test_concurrent_calls_all_count(self, store: StrictSecretsManager) -> None:
        """None is lost from the history or the store."""
        store.create(NAME, "zero")
        client = store.client()
        writers = [threading.Thread(target=put, args=(client, number, str(number))) for number in range(1, 17)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(10)
        assert len(store.calls) == 16
        assert len(store.versions(NAME)) == 17
        store.check_invariants()

    def test_secret_values_are_all_that_was_ever_stored(
        self, client: SecretsManagerClient, store: StrictSecretsManager
    ) -> None:
        """Nested, numeric and replaced ones too; public keys and short strings are left out."""
        store.create(NAME, {"token": "dummy-token", "n": {"pin": 12345678}, "baseUrl": "http://x.test", "s": "abc"})
        store.person_writes(NAME, {"token": "other-token"})
        client.update_secret(SecretId=NAME, SecretBinary=b"not json")
        assert store.secret_values() == {"dummy-token", "12345678", "other-token", "not json"}


class TestTestsOwnWayIn:
    """The truth, without HTTP."""

    def test_a_dict_is_stored_as_json_with_non_ascii_as_itself(self, store: StrictSecretsManager) -> None:
        """As a person would paste it."""
        store.create(NAME, {"名": "合思"})
        assert store.current(NAME).text == '{"名": "合思"}'
        assert store.current(NAME).document == {"名": "合思"}

    def test_versions_come_oldest_first_with_their_labels(self, store: StrictSecretsManager) -> None:
        """All of them."""
        store.create(NAME, "one")
        store.person_writes(NAME, "two")
        store.person_writes(NAME, b"three")
        seen = [(version.value, set(version.labels)) for version in store.versions(NAME)]
        assert seen == [("one", set()), ("two", {"AWSPREVIOUS"}), (b"three", {"AWSCURRENT"})]

    def test_no_value_is_in_a_repr(self, store: StrictSecretsManager) -> None:
        """A failing assertion prints it."""
        store.create(NAME, "the-value")
        assert "the-value" not in repr((store.secret(NAME), store.current(NAME), store.versions(NAME)))


class TestWire:
    """The protocol."""

    def test_the_environment_is_all_an_sdk_needs(
        self, store: StrictSecretsManager, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """For a handler, or another process."""
        store.create(NAME, "one")
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        client = boto3.session.Session().client("secretsmanager")
        assert client.get_secret_value(SecretId=NAME)["SecretString"] == "one"

    def test_an_unknown_operation_is_refused(self, client: SecretsManagerClient) -> None:
        """Rather than answered with something."""
        assert code(client.get_random_password) == "UnknownOperationException"

    def test_an_unknown_parameter_is_refused(self, client: SecretsManagerClient) -> None:
        """Rather than ignored."""
        parameters = {"SecretId": NAME, "SecretString": "one", "RotationToken": "t" * 36}
        assert code(client.put_secret_value, **parameters) == "InvalidParameterException"

    def test_the_same_seed_gives_the_same_store(self, clock: Clock) -> None:
        """So a failing history can be replayed."""
        arns = []
        for _ in range(2):
            with StrictSecretsManager(clock, seed=7) as store:
                store.create(NAME, json.dumps({}))
                arns.append(store.secret(NAME).arn)
        assert arns[0] == arns[1]


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


def void(_: object) -> None:
    """Drops a hook's result."""
