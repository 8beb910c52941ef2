"""What the AWS SDK raises, in this project's own errors: without the SDK's exception, which can hold the request."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
)
from botocore.exceptions import ConnectionError as SdkConnectionError
from botocore.parsers import ResponseParserError

from token_refresh.errors import Denied, NoSuchVersion, SecretError, Transient
from token_refresh.masking import hide

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

ALREADY_STORED = "ResourceExistsException"  # that version id has been used with another value
NO_SUCH_SECRET = "ResourceNotFoundException"  # noqa: S105  # an error code
NOT_A_NAME = "ValidationException"  # among others: no secret can have that name
COMPARED = frozenset({"InvalidParameterException", "InvalidRequestException"})  # the label is not where we said

# Among the SDK's own exceptions.
_UNANSWERED = (
    *(SdkConnectionError, HTTPClientError, IncompleteReadError, ResponseParserError),
    *(CredentialRetrievalError, MetadataRetrievalError),
)
_PASSING_STATUSES = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
_LONGEST_MESSAGE = 200  # characters

# Those that pass by themselves: of AWS's common errors, of the general ones that its SDK tries again, and of Secrets
# Manager's own (read in November 2026). Every other refusal needs a person: permission, KMS key, deleted, quota.
_PASSING = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "ExpiredToken",
        "ExpiredTokenException",  # the role's own credentials, which Lambda renews
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "InternalServiceError",
        "InternalServiceErrorException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestAbortedException",
        "RequestExpired",  # it took over a quarter of an hour, or a clock was wrong
        "RequestLimitExceeded",
        "RequestTimeTooSkewed",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)


def call(doing: str, send: Callable[[], T]) -> T:
    """Call AWS; raise `Transient`, `Denied` or `NoSuchVersion` saying what could not be done and why."""
    try:
        return send()
    except ClientError as error:
        details: Mapping[str, Any] = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        failure = from_code(doing, details.get("Code") or "", details.get("Message") or "", status)
    except Exception as error:  # noqa: BLE001  # the SDK raises anything if an answer has not the shape that it expects
        refused = isinstance(error, BotoCoreError) and not isinstance(error, _UNANSWERED)
        if refused:
            failure = Denied(f"could not {doing}: the AWS SDK refused ({type(error).__name__})")
        else:
            failure = Transient(f"could not {doing}: Secrets Manager did not answer properly ({type(error).__name__})")
    # Raised out here so that the SDK's exception is not in the chain.
    raise failure


def from_code(doing: str, code: str, message: str, status: int = 0) -> SecretError:
    """Return the error for AWS's code and message, and the HTTP status where there is one of its own."""
    # A validation message can quote the value that it finds wrong.
    said = "" if code == NOT_A_NAME else hide(" ".join(message.split()))[:_LONGEST_MESSAGE]
    text = f"could not {doing}: AWS says {code}" + (f": {said}" if said else "")
    passing = code in _PASSING or "throttl" in code.lower() or "Signature expired" in message
    if passing or status in _PASSING_STATUSES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Transient(text)
    # AWS uses this code for a missing secret too; the text tells them apart.
    if code == NO_SUCH_SECRET and "specified secret value" in message:
        return NoSuchVersion("the secret has no value yet: store one")
    return Denied(text, code)
