"""How Fashion World's "Caa" API answers.

Departures from the norm: ``expireIn`` is named like a duration and is an instant (one page of the docs spells it
``expiresIn``); the reply carries a ``user`` object of personal data that must go nowhere. Source: the provider's
"refresh token" page.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from token_refresh.parsing import expiry, text, token
from token_refresh.provider import Provider
from token_refresh.replies import IssuedTokens, Operation, ParsedReply, ReplyTable, Row, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


_INTERNAL_ERROR = 500  # of HTTP
_NO_SESSION, _SIGNATURE = "apikey not found", "invalid signature"
_NO_USER, _MALFORMED = "user not found", "invalid authorization"
_INVALID = re.compile(r"\s*path `[^`]*` \(`.*`\) is ", re.IGNORECASE | re.DOTALL)  # of a login's field; with its value


def _parse(body: Mapping[str, object], _: Operation, status: int, sent_at: float) -> ParsedReply:
    api_key, secret_key = (token(body.get(name)) for name in ("apiKey", "secretKey"))
    user_id = body.get("userId")
    user_id = token(str(user_id) if isinstance(user_id, int) else user_id)
    spelled = (body.get("expireIn"), body.get("expiresIn"))
    given = next((one for one in spelled if expiry(one, sent_at) is not None), None)
    expires_at = expiry(given, sent_at)
    issued = None
    if api_key and secret_key:
        expire_in = given if isinstance(given, (int, float, str)) else None
        issued = IssuedTokens(
            {"apiKey": api_key, "secretKey": secret_key, "userId": user_id, "expireIn": expire_in}, expires_at
        )
    message = body.get("message")
    own_shape = isinstance(message, str) and body.get("apiKey") is None
    return ParsedReply(status, issued, own_shape, None, text(message), body.keys() == {"message"})


def _says(*messages: str) -> Callable[[ParsedReply], bool]:
    return lambda reply: reply.own_shape and reply.message.strip().lower() in messages


FASHION_WORLD = Provider(
    name="fashion-world",
    title="Fashion World",
    refresh_fields=("apiKey", "secretKey"),
    login_fields=("mobile", "password"),
    written_fields=("apiKey", "secretKey", "userId", "expireIn"),
    identities=(("mobile",), ("apiKey",)),  # one session a user
    identities_written=(("userId",),),
    replies=ReplyTable(
        parse=_parse,
        rows=(
            Row(lambda reply: reply.status == _INTERNAL_ERROR, Verdict.BUSY, Verdict.BUSY),
            Row(_says(_NO_USER, _MALFORMED), Verdict.REFUSED, Verdict.REFUSED),
            Row(lambda reply: reply.own_shape and bool(_INVALID.match(reply.message)), None, Verdict.REFUSED),
            Row(_says(_NO_SESSION, _SIGNATURE), Verdict.DEAD, Verdict.REFUSED),
        ),
        hints={
            Operation.REFRESH: {
                _NO_SESSION: "the session is over: too old, or ended elsewhere (one user has one session)",
                _SIGNATURE: "the secretKey does not belong to the apiKey, or our clock is off by over five minutes",
                _NO_USER: "the account is gone",
                _MALFORMED: "apiKey or secretKey is damaged",
            },
            Operation.LOGIN: {
                _NO_USER: "mobile or password is wrong",
                "path `": "mobile or password has not the form that Fashion World wants",
                **dict.fromkeys((_NO_SESSION, _SIGNATURE, _MALFORMED), "Fashion World took the login for another call"),
            },
        },
    ),
)
