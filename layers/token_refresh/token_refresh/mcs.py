"""How MCS, MediaTek Cloud Sandbox, answers.

Departures from the norm: a wrong app key is an HTTP 500; an error can ride on HTTP 200; a refresh carries the tokens
under ``results``, a login at the top level; no lifetime is given. Source: the provider's "refresh user access
token" page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from token_refresh.provider import Provider
from token_refresh.replies import IssuedTokens, Operation, ParsedReply, ReplyTable, Row, Verdict, number, text, token

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCESS_TOKEN_SECONDS = 3600  # "使用期限为一个小时": one hour, counted from when the request left
_SUCCESS = 200  # in `code`, as in HTTP


def _parse(body: Mapping[str, object], operation: Operation, status: int, sent_at: float) -> ParsedReply:
    given_code, message = body.get("code"), body.get("message")
    code = number(given_code)
    place = body.get("results") if operation is Operation.REFRESH else body
    issued = None
    if isinstance(place, dict) and (code == _SUCCESS or given_code is None):
        access_token, user_token = token(place.get("access_token")), token(place.get("token"))
        if access_token and (user_token or operation is Operation.REFRESH):
            fields = {"token": user_token} if user_token else {}  # left out of a refresh: the old one stays good
            issued = IssuedTokens({**fields, "access_token": access_token}, sent_at + ACCESS_TOKEN_SECONDS)
    own_shape = isinstance(message, str) or (given_code is not None and code != _SUCCESS)
    return ParsedReply(status, issued, own_shape, code, text(message))


MCS = Provider(
    name="mcs",
    title="MCS",
    refresh_fields=("appKey", "appSecret", "token"),
    login_fields=("appKey", "appSecret", "email", "password"),
    written_fields=("token", "access_token"),
    replies=ReplyTable(
        parse=_parse,
        rows=(
            # HTTP 2xx and `code` 200 is a yes, even though its message ("Request has succeeded") looks like an error's.
            Row(lambda reply: reply.ok and reply.code == _SUCCESS, Verdict.UNREADABLE, Verdict.UNREADABLE),
            Row(lambda reply: reply.own_shape and "client" in reply.message.lower(), Verdict.REFUSED, Verdict.REFUSED),
            Row(lambda reply: reply.own_shape and reply.refuses(), Verdict.DEAD, Verdict.REFUSED),
            Row(lambda reply: reply.own_shape, Verdict.BUSY, Verdict.BUSY),
        ),
    ),
)
