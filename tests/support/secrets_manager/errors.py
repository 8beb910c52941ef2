"""The errors Secrets Manager answers with.

AWS JSON 1.1 knows an error by its code. The codes are those that the API reference lists for each operation,
and those that every AWS service has: AccessDeniedException, ThrottlingException, ValidationException.
"""

from __future__ import annotations


class ServiceError(Exception):
    """An error answer: its code, its message (never a secret value) and its HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def no_such_value(what: str) -> ServiceError:
    """Answers for a version that does not exist; `what` is "staging label: X" or "VersionId: X"."""
    message = f"Secrets Manager can't find the specified secret value for {what}"
    return ServiceError("ResourceNotFoundException", message)


def token_in_use(token: str, arn: str) -> ServiceError:
    """Answers for a ClientRequestToken that already names a version with other content."""
    message = (
        f"You can't use ClientRequestToken {token} because that value is already in use for a version of secret {arn}."
    )
    return ServiceError("ResourceExistsException", message)


def invalid_parameter(message: str) -> ServiceError:
    """Answers for a parameter that is wrong by itself."""
    return ServiceError("InvalidParameterException", message)


def invalid_request(message: str) -> ServiceError:
    """Answers for a parameter that is wrong in the secret's present state."""
    return ServiceError("InvalidRequestException", message)


def validation(member: str, constraint: str) -> ServiceError:
    """Answers for a member that breaks a constraint of its shape."""
    message = f"1 validation error detected: Value at '{member}' failed to satisfy constraint: {constraint}"
    return ServiceError("ValidationException", message)


def limit_exceeded(message: str) -> ServiceError:
    """Answers for a quota that would be exceeded."""
    return ServiceError("LimitExceededException", message)
