"""How MCS, MediaTek Cloud Sandbox, answers.

Departures from the norm: a wrong app key is an HTTP 500; an error can ride on HTTP 200; a refresh carries the tokens
under ``results``, a login at the top level; no lifetime is given. Source: the provider's "refresh user access
token" page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from token_refresh.parsing import number, text, token
from token_refresh.provider import Provider
from token_refresh.replies import IssuedTokens, Operation, ParsedReply, ReplyTable, Row, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCESS_TOKEN_SECONDS = 3600  # "使用期限为一个小时": one hour, counted from when the request left
_SUCCESS = 200  # in `code`, as in HTTP
_ERROR_KEYS = {"apiVersion", "code", "message", "statusCode", "options"}
# The texts of the OAuth library behind it, which arrive as HTTP 500. A wrong app key says one of the first.
_CLIENT = ("client_id", "client_secret", "client credentials")
_CLIENT_STATUSES = (400, 401, 500)
_OF_THE_CLIENT = dict.fromkeys(
    ("invalid or missing client_id parameter", "client credentials are invalid"), "appKey or appSecret is wrong"
)
_REFRESH_TOKEN = (
    "invalid refresh token",
    "refresh token is invalid",
    "refresh token has expired",
    "refresh token was not found",
)
_USER = "user credentials are invalid"


def _parse(body: Mapping[str, object], operation: Operation, status: int, sent_at: float) -> ParsedReply:
    given_code, message = body.get("code"), body.get("message")
    code = number(given_code)
    place = body.get("results") if operation is Operation.REFRESH else body
    issued = None
    if isinstance(place, dict) and (code == _SUCCESS or given_code is None):
        access_token, given = token(place.get("access_token")), place.get("token")
        user_token = token(given)
        if access_token and (user_token or (operation is Operation.REFRESH and given in (None, ""))):
            fields = {"token": user_token} if user_token else {}  # left out of a refresh: the old one stays good
            issued = IssuedTokens({**fields, "access_token": access_token}, sent_at + ACCESS_TOKEN_SECONDS)
    own_shape = given_code is not None and code != _SUCCESS
    return ParsedReply(status, issued, own_shape, code, text(message), body.keys() <= _ERROR_KEYS)


def _refuses_the_client(reply: ParsedReply) -> bool:
    number_given = reply.code if reply.ok else reply.status
    return reply.says(*_CLIENT) and number_given in _CLIENT_STATUSES


MCS = Provider(
    name="mcs",
    title="MCS",
    refresh_fields=("appKey", "appSecret", "token"),
    login_fields=("appKey", "appSecret", "email", "password"),
    written_fields=("token", "access_token"),
    looks_for_strays=True,
    replies=ReplyTable(
        parse=_parse,
        rows=(
            Row(_refuses_the_client, Verdict.REFUSED, Verdict.REFUSED),
            Row(lambda reply: reply.says(_USER) or reply.refuses(*range(400, 404)), None, Verdict.REFUSED),
            Row(lambda reply: reply.says(*_REFRESH_TOKEN) or reply.refuses(401, 403), Verdict.DEAD, Verdict.REFUSED),
        ),
        hints={
            Operation.REFRESH: {
                **_OF_THE_CLIENT,
                "invalid refresh token": "the token is not known, or was replaced",
                "refresh token has expired": "the token was not refreshed for two weeks",
                _USER: "the account behind the token is gone",
            },
            Operation.LOGIN: {
                **_OF_THE_CLIENT,
                _USER: "email or password is wrong",
            },
        },
    ),
)
