"""The strict Secrets Manager's faults, and what a test learns from it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from tests.support.clock import FakeClock
from tests.support.secrets_manager import ANY, Call, Fault, StrictSecretsManager
from tests.support.secrets_manager.calling import FILTERS, NAME, OTHER, code, put, read, token

if TYPE_CHECKING:
    from collections.abc import Iterator

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
            assert code(client.describe_secret, SecretId=NAME) == "InternalServiceError"
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
