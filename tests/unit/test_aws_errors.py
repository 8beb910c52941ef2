"""What AWS and its SDK raise, in this project's own errors: what passes by itself, and what needs a person."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.secrets_manager import Fault, StrictSecretsManager, clients
from tests.unit.wire import WireServer, answer
from token_refresh.aws_errors import ALREADY_STORED, COMPARED, NO_SUCH_SECRET, NOT_A_NAME, call, from_code
from token_refresh.errors import Denied, NoSuchVersion, SecretError, Transient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_secretsmanager import SecretsManagerClient

pytestmark = pytest.mark.usefixtures("guarded_logging")

NAME = "token-refresh/mcs/demo"
VALUE = "dummy-secret-value"
IDS = [f"00000000-0000-4000-8000-{number:012}" for number in range(3)]


@pytest.fixture
def client() -> Iterator[SecretsManagerClient]:
    """A client of a store that holds one secret with three versions: the second is current, the third pending."""
    with StrictSecretsManager() as store:
        made = store.client()
        made.create_secret(Name=NAME, SecretString="first", ClientRequestToken=IDS[0])
        made.put_secret_value(SecretId=NAME, SecretString="second", ClientRequestToken=IDS[1])
        made.put_secret_value(
            SecretId=NAME, SecretString="third", ClientRequestToken=IDS[2], VersionStages=["AWSPENDING"]
        )
        yield made


def failure(send: Callable[[], object]) -> SecretError:
    """Calls, expects a failure, and returns it, once it is sure that no exception of the SDK's is behind it."""
    with pytest.raises(SecretError) as caught:
        call("read the secret", send)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    return caught.value


def move_current(client: SecretsManagerClient, **source: str) -> object:
    """Moves AWSCURRENT to the pending version."""
    return client.update_secret_version_stage(
        SecretId=NAME, VersionStage="AWSCURRENT", MoveToVersionId=IDS[2], **source
    )


def on_answer(data: bytes) -> SecretError:
    """Returns what is raised when an endpoint answers so."""
    with WireServer(data) as server:
        client = clients.client(server.url, {})
        return failure(lambda: client.get_secret_value(SecretId=NAME))


def refusal(code: str, status: int = 400, message: str = "Something.") -> bytes:
    """Makes an error answer of AWS JSON 1.1."""
    return answer(status, json.dumps({"__type": code, "message": message}).encode())


def test_what_was_answered_is_returned() -> None:
    """Nothing is done to it."""
    answered = object()
    assert call("read the secret", lambda: answered) is answered


class TestPassing:
    """What passes by itself: the next run tries again."""

    @pytest.mark.parametrize(
        "data",
        [
            *(refusal("SomethingNew", status) for status in (500, 502, 503, 504)),
            *(refusal("ThrottlingException", status) for status in (400, 408, 429)),  # AWS uses several for it
            refusal("AccessDeniedException", 503),
            refusal("ResourceNotFoundException", 500),
            *(answer(status, b"<html>Bad Gateway</html>", "Content-Type: text/html") for status in (500, 502, 503)),
            answer(500, b'{"__type": "InternalServiceError", "message": null}'),
            *(answer(503, body) for body in (b"[]", b"null", b'"x"')),
        ],
        ids=range(16),
    )
    def test_an_outage_is_transient(self, data: bytes) -> None:
        """Told by the HTTP status, whatever the code or the page; the SDK's parser raises whatever it happens to."""
        assert type(on_answer(data)) is Transient

    @pytest.mark.parametrize(
        "code",
        [
            "InternalFailure",
            "InternalServerError",
            "InternalServiceError",
            "RequestTimeout",
            "RequestTimeoutException",
            "RequestLimitExceeded",
            "ServiceUnavailable",
            "ExpiredTokenException",
            "PriorRequestNotComplete",
            "ProvisionedThroughputExceededException",
            "RequestAbortedException",
            "RequestExpired",
            "RequestThrottled",
            "RequestThrottledException",
            "ServiceUnavailableException",
            "SlowDown",
            "BandwidthLimitExceeded",
            "EC2ThrottledException",
            "ExpiredToken",
            "InternalError",
            "InternalServerException",
            "InternalServiceErrorException",
            "KMSThrottlingException",
            "RequestTimeTooSkewed",
            "ThrottledException",
            "TransactionInProgressException",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
        ],
    )
    def test_an_outage_or_a_throttle_is_transient_by_its_code(self, code: str) -> None:
        """A batch gives no HTTP status for one secret."""
        assert type(from_code("read the secret", code, "Something.")) is Transient

    @pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
    def test_an_outage_or_a_throttle_is_transient_by_its_http_status(self, status: int) -> None:
        """Whatever the code is."""
        assert type(from_code("read the secret", str(status), "", status)) is Transient

    def test_a_signature_that_has_expired_is_transient(self) -> None:
        """It took too long; any other wrong signature needs a person."""
        said = [
            "Signature expired: 20171109T075112Z is now earlier",
            "The request signature we calculated does not match",
        ]
        kinds = [type(from_code("read the secret", "InvalidSignatureException", one)) for one in said]
        assert kinds == [Transient, Denied]

    def test_a_broken_connection_is_transient(self) -> None:
        """The kind of failure is named, and nothing else: the SDK's text holds the URL."""
        expected = "could not read the secret: Secrets Manager did not answer properly (ConnectionClosedError)"
        error = on_answer(b"")
        assert (type(error), str(error)) == (Transient, expected)

    def test_a_refused_connection_is_transient(self) -> None:
        """The SDK has another class for it than for one that broke."""
        with WireServer(listening=False) as server:
            client = clients.client(server.url, {})
            assert type(failure(lambda: client.get_secret_value(SecretId=NAME))) is Transient

    def test_a_late_answer_is_transient(self) -> None:
        """The SDK does not wait for ever."""
        with StrictSecretsManager() as store:
            store.create(NAME, VALUE)
            store.fail("GetSecretValue", Fault.SLOW, seconds=2)
            client = store.client(read_timeout=0.2)
            assert type(failure(lambda: client.get_secret_value(SecretId=NAME))) is Transient

    @pytest.mark.parametrize("kind", [KeyError, TypeError, RecursionError])
    def test_whatever_else_is_raised_is_transient(self, kind: type[Exception]) -> None:
        """An answer had another shape than its reader expects; the text could hold a part of it."""

        def send() -> None:
            raise kind(VALUE)

        error = failure(send)
        expected = f"could not read the secret: Secrets Manager did not answer properly ({kind.__name__})"
        assert (type(error), str(error)) == (Transient, expected)


class TestRefused:
    """What needs a person: permission, key, deleted, quota."""

    @pytest.mark.parametrize(
        "code",
        [
            "AccessDeniedException",
            "DecryptionFailure",
            "EncryptionFailure",
            "LimitExceededException",
            "InvalidRequestException",
            "InvalidParameterException",
            "UnrecognizedClientException",
            "ResourceNotFoundException",
            "ResourceExistsException",
            "ValidationException",
            "SomethingNew",
        ],
    )
    def test_any_other_refusal_is_denied_and_keeps_its_code(self, code: str) -> None:
        """For the callers to whom one code means more."""
        error = from_code("read the secret", code, "Something.", 400)
        assert isinstance(error, Denied)
        assert (type(error), error.code) == (Denied, code)

    @pytest.mark.parametrize("what", ["staging label: AWSCURRENT", "VersionId: 00000000-0000-4000-8000-000000000000"])
    def test_a_secret_without_such_a_version_is_invalid(self, what: str) -> None:
        """The secret is there; the code for a missing secret says so in another sentence."""
        message = f"Secrets Manager can't find the specified secret value for {what}"
        error = on_answer(refusal("ResourceNotFoundException", 400, message))
        assert (type(error), str(error)) == (NoSuchVersion, "the secret has no value yet: store one")

    def test_the_sdk_s_own_refusal_is_denied(self) -> None:
        """It sends nothing: a bug, or an environment without credentials. The code is not AWS's."""
        with WireServer() as server:
            client = clients.client(server.url, {})
            error = failure(lambda: client.get_secret_value(SecretId=""))
            assert isinstance(error, Denied)
            assert (str(error), error.code, server.connections) == (
                "could not read the secret: the AWS SDK refused (ParamValidationError)",
                "",
                0,
            )


class TestText:
    """What is said of a refusal."""

    def test_it_names_what_was_tried_and_what_aws_said(self) -> None:
        """On one line, the message cut to 200 characters."""
        error = on_answer(refusal("AccessDeniedException", 400, "not\nallowed " + "x" * 500))
        expected = "could not read the secret: AWS says AccessDeniedException: " + ("not allowed " + "x" * 500)[:200]
        assert str(error) == expected

    @pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
    def test_a_refusal_without_a_message_is_its_code(self, code: str) -> None:
        """There is nothing to add."""
        assert str(from_code("read the secret", code, "")) == f"could not read the secret: AWS says {code}"

    def test_a_validation_s_message_is_left_out(self) -> None:
        """It quotes the value that it finds wrong."""
        error = on_answer(refusal("ValidationException", 400, f"Value '{VALUE}' is odd"))
        assert str(error) == "could not read the secret: AWS says ValidationException"

    def test_a_write_s_failure_does_not_show_what_was_written(self) -> None:
        """The SDK's exception could hold the request."""
        with WireServer(refusal("AccessDeniedException")) as server:
            client = clients.client(server.url, {})
            error = failure(lambda: client.put_secret_value(SecretId=NAME, SecretString=VALUE))
            assert VALUE.encode() in server.sent[0].body
        assert VALUE not in repr(error)


class TestCodes:
    """The codes that mean more to a caller, as a strict Secrets Manager gives them."""

    @pytest.mark.parametrize(
        ("send", "codes"),
        [
            (
                lambda client: client.put_secret_value(SecretId=NAME, SecretString="x", ClientRequestToken=IDS[0]),
                {ALREADY_STORED},
            ),
            (lambda client: client.get_secret_value(SecretId="token-refresh/mcs/missing"), {NO_SUCH_SECRET}),
            (lambda client: client.put_secret_value(SecretId=NAME, SecretString="x" * 65_537), {NOT_A_NAME}),
            (lambda client: move_current(client, RemoveFromVersionId=IDS[0]), COMPARED),
            (move_current, COMPARED),
        ],
        ids=[
            "a used version id, with another value",
            "a missing secret, not one without a value",
            "what breaks the service's own model, as a name does that no secret can have",
            "a label that is elsewhere: it comes off a version that it is not on any more",
            "a label that is somewhere: it comes off none",
        ],
    )
    def test_a_refusal_has_its_code(
        self, client: SecretsManagerClient, send: Callable[[SecretsManagerClient], object], codes: frozenset[str]
    ) -> None:
        """By which a caller tells it from others."""
        error = failure(lambda: send(client))
        assert isinstance(error, Denied)
        assert error.code in codes

    @pytest.mark.parametrize("code", ["AccessDeniedException", "LimitExceededException", "ResourceNotFoundException"])
    def test_a_refusal_for_another_reason_is_no_lost_comparison(self, code: str) -> None:
        """It would be tried again and again."""
        assert code not in COMPARED
