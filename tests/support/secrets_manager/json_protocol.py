"""AWS JSON 1.1, so that the SDK itself can be the client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from .errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.wrappers import Request

_TARGET_PREFIX = "secretsmanager."
_CONTENT_TYPE = "application/x-amz-json-1.1"


def respond(request: Request, perform: Callable[[str, Mapping[str, Any]], Mapping[str, Any]]) -> Response:
    """Answers a request; `perform` is called with an operation's name and its parameters."""
    try:
        return _json(perform(_operation(request), _parameters(request)))
    except ServiceError as error:
        return _json({"__type": error.code, "Message": error.message}, error.status)


def _operation(request: Request) -> str:
    authorization = request.headers.get("Authorization", "")
    if not authorization.startswith("AWS4-HMAC-SHA256 ") or "/secretsmanager/aws4_request" not in authorization:
        raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token")
    target = request.headers.get("X-Amz-Target", "")
    if request.method != "POST" or not target.startswith(_TARGET_PREFIX):
        raise ServiceError("UnknownOperationException", "This store knows Secrets Manager only.")
    return target.removeprefix(_TARGET_PREFIX)


def _parameters(request: Request) -> dict[str, Any]:
    try:
        parsed = json.loads(request.get_data())
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise ServiceError("SerializationException", "The request is not a JSON object.")
    return {name: value for name, value in parsed.items() if value is not None}


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type=_CONTENT_TYPE)
