"""How ekuaibao (合思) answers.

Departures from the norm: success and error bodies share no field, so ``value`` tells them apart; an error can ride on
HTTP 200; the tenant's licence can shorten the validity that was asked for, so ``expireTime`` is believed and
never computed. Source: the provider's "refresh authorisation (with a validity)" page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from token_refresh.provider import Provider
from token_refresh.replies import (
    IssuedTokens,
    Operation,
    ParsedReply,
    ReplyTable,
    Row,
    Verdict,
    expiry,
    number,
    text,
    token,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_DIGITS = 4  # of a number of days


def _parse(body: Mapping[str, object], _: Operation, status: int, sent_at: float) -> ParsedReply:
    value, error_code = body.get("value"), body.get("errorCode")
    issued = None
    if isinstance(value, dict):
        access_token, refresh_token = token(value.get("accessToken")), token(value.get("refreshToken"))
        corporation_id = token(value.get("corporationId"))
        given = value.get("expireTime")
        expires_at = expiry(given, sent_at)
        if access_token and refresh_token:
            known = {"corporationId": corporation_id} if corporation_id else {}
            expire_time = given if expires_at is not None else None
            issued = IssuedTokens(
                {"accessToken": access_token, "refreshToken": refresh_token, "expireTime": expire_time, **known},
                expires_at,
            )
    own_shape = error_code is not None and value is None
    return ParsedReply(status, issued, own_shape, number(error_code), text(body.get("errorMessage")))


def _check_expire_date(value: object) -> str | None:
    digits = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS and int(digits) > 0:
        return None
    return f"a whole number of days, 1 or more, of at most {_MOST_DIGITS} digits"


EKUAIBAO = Provider(
    name="ekuaibao",
    title="ekuaibao",
    refresh_fields=("accessToken", "refreshToken"),
    login_fields=("appKey", "appSecurity"),
    written_fields=("accessToken", "refreshToken", "expireTime", "corporationId"),
    option_fields=("powerCode",),
    checked_options={"expireDate": _check_expire_date},
    replies=ReplyTable(
        parse=_parse,
        rows=(
            Row(lambda reply: reply.own_shape and reply.refuses(), Verdict.DEAD, Verdict.REFUSED),
            Row(lambda reply: reply.own_shape, Verdict.BUSY, Verdict.BUSY),
        ),
        hints={"未授权": "unauthorised: expired, already spent, or the wrong baseUrl for this tenant"},
    ),
)
