"""How ekuaibao (合思) answers.

Departures from the norm: success and error bodies share no field, so ``value`` tells them apart; an error can ride on
HTTP 200; the tenant's licence can shorten the validity that was asked for, so ``expireTime`` is believed and
never computed. Source: the provider's "refresh authorisation (with a validity)" page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from token_refresh.lifetime import Limits
from token_refresh.parsing import expiry, number, text, token
from token_refresh.provider import Provider
from token_refresh.replies import IssuedTokens, Operation, ParsedReply, ReplyTable, Row, Verdict
from token_refresh.transport import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

_ERROR_KEYS = {"errorCode", "errorMessage", "errorDetails", "code", "data", "value"}
_INTERNAL_ERROR = 500
_UNAUTHORISED, _WRONG_KEYS, _TOO_OFTEN = "未授权", "密钥无效", "频繁"
_NO_FEATURE = "未开通功能"
_NO_FEATURE_WHOLE = "未开通功能，无权访问"  # noqa: RUF001  # the provider's own comma
_LOGIN_HINT = "appKey or appSecurity is wrong, or the wrong baseUrl for this tenant"
_MOST_DAYS, _MOST_DIGITS = 60, 4  # "at most two months"


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
    # An error has been published at the top, and inside ``value``.
    error = value if isinstance(value, dict) and error_code is None else body
    code, message = error.get("errorCode"), text(error.get("errorMessage"))
    only_documented = error.keys() <= _ERROR_KEYS and (error is body or body.keys() == {"value"})
    return ParsedReply(status, issued, code is not None and issued is None, number(code), message, only_documented)


def _check_expire_date(value: object) -> str | None:
    digits = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS and 1 <= int(digits) <= _MOST_DAYS:
        return None
    return f"a whole number of days from 1 to {_MOST_DAYS}: ekuaibao gives two months at most"


def _locate(fields: Mapping[str, object]) -> HttpRequest | None:
    tenant = token(fields.get("corpId")) or token(fields.get("corporationId"))  # a copy has that of another
    return HttpRequest("/api/openapi/v2/location", query={"corpId": tenant}) if tenant else None


EKUAIBAO = Provider(
    name="ekuaibao",
    title="ekuaibao",
    refresh_fields=("accessToken", "refreshToken"),
    login_fields=("appKey", "appSecurity"),
    written_fields=("accessToken", "refreshToken", "expireTime", "corporationId"),
    option_fields=("powerCode", "corpId"),
    limits=Limits(longest=30 * 86_400),  # access tokens are deleted after three months
    locate=_locate,
    domains=("ekuaibao.com", "hosecloud.com"),
    identities=(("accessToken", "refreshToken"),),
    checked_options={"expireDate": _check_expire_date},
    replies=ReplyTable(
        parse=_parse,
        rows=(
            Row(
                lambda reply: _INTERNAL_ERROR in (reply.status, reply.code) or _TOO_OFTEN in reply.message,
                Verdict.BUSY,
                Verdict.BUSY,
            ),
            Row(lambda reply: _NO_FEATURE in reply.message, Verdict.REFUSED, Verdict.REFUSED),
            Row(lambda reply: reply.refuses(401, 403), Verdict.DEAD, Verdict.REFUSED),
        ),
        hints={
            Operation.REFRESH: {
                _UNAUTHORISED: "unauthorised: expired, already spent, or the wrong baseUrl for this tenant",
                _WRONG_KEYS: "the tokens are not known, or the wrong baseUrl for this tenant",
                _NO_FEATURE_WHOLE: "no such feature: powerCode is wrong",
            },
            Operation.LOGIN: {
                **dict.fromkeys((_UNAUTHORISED, _WRONG_KEYS), _LOGIN_HINT),
                _NO_FEATURE_WHOLE: "this tenant does not have ekuaibao's open API",
            },
        },
        texts={_UNAUTHORISED: 403, _WRONG_KEYS: 403, _NO_FEATURE_WHOLE: 403},
    ),
)
