"""How a made-up OAuth provider answers, as a module of the layer says it: tokens that live half an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from token_refresh.lifetime import Limits
from token_refresh.parsing import number, text, token
from token_refresh.provider import Provider
from token_refresh.replies import IssuedTokens, Operation, ParsedReply, ReplyTable, Row, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping


def _parse(body: Mapping[str, object], _: Operation, status: int, sent_at: float) -> ParsedReply:
    access_token, refresh_token = token(body.get("access_token")), token(body.get("refresh_token"))
    seconds, issued = number(body.get("expires_in")), None
    if access_token and refresh_token:
        fields = {"accessToken": access_token, "refreshToken": refresh_token}
        issued = IssuedTokens(fields, sent_at + seconds if seconds and seconds > 0 else None)
    error = body.get("error")
    return ParsedReply(status, issued, isinstance(error, str), None, text(error))


EXAMPLE = Provider(
    name="example",
    title="Example",
    refresh_fields=("clientId", "clientSecret", "refreshToken"),
    login_fields=("clientId", "clientSecret", "username", "password"),
    written_fields=("accessToken", "refreshToken"),
    limits=Limits(assumed=30 * 60, shortest=20 * 60),
    replies=ReplyTable(
        parse=_parse,
        rows=(
            Row(lambda reply: reply.message == "invalid_client", Verdict.REFUSED, Verdict.REFUSED),
            Row(lambda reply: reply.message == "invalid_grant", Verdict.DEAD, Verdict.REFUSED),
        ),
    ),
)
