"""How Fashion World's "Caa" API answers.

Departures from the norm: ``expireIn`` is named like a duration and is an instant (one page of the docs spells it
``expiresIn``); the reply carries a ``user`` object of personal data that must go nowhere. Source: the provider's
"refresh token" page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from token_refresh.provider import Provider
from token_refresh.replies import IssuedTokens, Operation, ParsedReply, ReplyTable, Row, Verdict, expiry, text, token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _parse(body: Mapping[str, object], _: Operation, status: int, sent_at: float) -> ParsedReply:
    api_key, secret_key, user_id = (token(body.get(name)) for name in ("apiKey", "secretKey", "userId"))
    given = body.get("expiresIn") if body.get("expireIn") is None else body["expireIn"]
    expires_at = expiry(given, sent_at)
    issued = None
    if api_key and secret_key:
        known = {"userId": user_id} if user_id else {}
        expire_in = given if expires_at is not None and isinstance(given, (int, float, str)) else None
        issued = IssuedTokens({"apiKey": api_key, "secretKey": secret_key, **known, "expireIn": expire_in}, expires_at)
    message = body.get("message")
    return ParsedReply(status, issued, isinstance(message, str) and body.get("apiKey") is None, None, text(message))


def _says(*messages: str) -> Callable[[ParsedReply], bool]:
    return lambda reply: reply.own_shape and reply.message.strip().lower() in messages


FASHION_WORLD = Provider(
    name="fashion-world",
    title="Fashion World",
    refresh_fields=("apiKey", "secretKey"),
    login_fields=("mobile", "password"),
    written_fields=("apiKey", "secretKey", "userId", "expireIn"),
    replies=ReplyTable(
        parse=_parse,
        rows=(
            Row(_says("apikey not found"), Verdict.DEAD, Verdict.REFUSED),
            Row(_says("invalid signature"), Verdict.DEAD, Verdict.REFUSED),
            Row(_says("user not found", "invalid authorization"), Verdict.REFUSED, Verdict.REFUSED),
            Row(lambda reply: reply.own_shape and reply.refuses(), Verdict.DEAD, Verdict.REFUSED),
        ),
        hints={
            "invalid signature": "the secretKey does not belong to the apiKey, or our clock is off by over five minutes"
        },
    ),
)
