"""One exchange with a provider: what is sent where, what is made of the answer, and how a refusal is quoted."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools import Logger

from tests.support.clock import Context, FakeClock
from token_refresh import exchange
from token_refresh.clock import Deadline
from token_refresh.ekuaibao import EKUAIBAO
from token_refresh.errors import (
    Deferred,
    Denied,
    NotStored,
    Rejected,
    SecretError,
    SessionDead,
    Transient,
    Unreadable,
)
from token_refresh.exchange import ask
from token_refresh.fashion_world import FASHION_WORLD
from token_refresh.masking import hide, use_mask
from token_refresh.mcs import MCS
from token_refresh.replies import Operation
from token_refresh.transport import HttpRequest, HttpResponse
from token_refresh.versions import Version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from token_refresh.provider import Provider
    from token_refresh.run_context import RunContext, StoredSecret
    from token_refresh.storing import Answer

REFRESH, LOGIN = Operation.REFRESH, Operation.LOGIN
ISSUED = {"code": 200, "results": {"token": "new-user-token", "access_token": "new-access-token"}}
SIGNATURE = "a-derived-credential"
WRONG_SIGNATURE = "the secretKey does not belong to the apiKey, or our clock is off by over five minutes"
UNAUTHORISED = "unauthorised: expired, already spent, or the wrong baseUrl for this tenant"
KEPT = "its answer is kept under the label UNREADABLE"


@dataclass
class Surroundings:
    """What an exchange meets: the provider, whose answer a test sets, and the storing of what came."""

    status: int = 200
    body: bytes = b"{}"
    failure: Exception | None = None  # of storing
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    saved: list[Answer] = field(default_factory=list)
    kept: list[bytes] = field(default_factory=list)
    clock: FakeClock = field(default_factory=FakeClock)

    def build(self, fields: dict[str, str], *more: Any) -> HttpRequest:  # noqa: ANN401  # options and the time, or the time
        """Builds a request, as a provider's function does."""
        self.asked.append((fields, *more))
        return HttpRequest("/path", credentials=(SIGNATURE,))

    def post(self, base_url: str, request: HttpRequest, seconds: float, **_: object) -> HttpResponse:
        """Sends a request."""
        self.asked.append((base_url, request.path, seconds))
        return HttpResponse(self.status, self.body)

    def save(self, _: RunContext, answer: Answer) -> str:
        """Stores an answer."""
        self.saved.append(answer)
        if self.failure is not None:
            raise self.failure
        return "saved"

    def keep(self, _: RunContext, __: Version, body: bytes, *___: object) -> str:
        """Keeps an answer that nobody can read."""
        self.kept.append(body)
        return KEPT


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch) -> Surroundings:
    """Surroundings in which nothing goes wrong."""
    made = Surroundings()
    for name, double in {"post": made.post, "save": made.save, "_keep": made.keep}.items():
        monkeypatch.setattr(exchange, name, double)
    return made


@pytest.fixture
def run(parsing: RunContext, around: Surroundings) -> RunContext:
    """A run of MCS among them, with nine minutes left."""
    logger = Logger(service="test", level="CRITICAL")
    deadline = Deadline(Context(around.clock, 540), around.clock, logger)
    asking: Any = around.build
    return replace(
        parsing, build_refresh=asking, build_login=asking, clock=around.clock, deadline=deadline, logger=logger
    )


@pytest.fixture(autouse=True)
def masked() -> Iterator[None]:
    """A secret's turn, in which its values are hidden."""
    with use_mask():
        yield


def secret_of(run: RunContext, **more: object) -> StoredSecret:
    """Parses a secret that can refresh and log in."""
    fields = {**dict.fromkeys(run.provider.credential_fields, "old-value"), **more}
    return run.parse(Version("arn", "name", "id", json.dumps(fields), frozenset({"AWSCURRENT"}), 0.0))


def failure(run: RunContext, operation: Operation = REFRESH) -> SecretError:
    """Asks, expects a failure, and returns it, once it is sure that no other exception is behind it."""
    with pytest.raises(SecretError) as caught:
        ask(run, secret_of(run), operation)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    return caught.value


class TestSent:
    """What is asked, of whom."""

    def test_a_refresh(self, run: RunContext, around: Surroundings) -> None:
        """Its fields and options, at the time in whole milliseconds."""
        around.body = json.dumps(ISSUED).encode()
        around.clock.advance(0.0019)
        secret = secret_of(run, baseUrl="https://own.example/api/")
        moment = around.clock.now() // 0.001 / 1000
        ask(run, secret, REFRESH)
        options = {"baseUrl": "https://own.example/api/"}
        presented = dict.fromkeys(("appKey", "appSecret", "token"), "old-value")
        assert around.asked == [(presented, options, moment), ("https://own.example/api", "/path", 15.0)]
        assert [answer.sent_at for answer in around.saved] == [moment]

    def test_a_login(self, run: RunContext, around: Surroundings) -> None:
        """Its fields; by default at the stack's own base URL."""
        around.status = 500
        failure(run, LOGIN)
        presented = dict.fromkeys(("appKey", "appSecret", "email", "password"), "old-value")
        asked = [(presented, around.clock.now()), ("https://provider.example", "/path", 15.0)]
        assert around.asked == asked

    def test_nothing_is_asked_without_time_to_store_the_answer(self, run: RunContext, around: Surroundings) -> None:
        """The next run goes on."""
        around.clock.advance(540 - 74)
        assert (type(failure(run)), around.asked) == (Deferred, [])


class TestIssued:
    """Tokens that came."""

    @pytest.mark.parametrize(
        ("operation", "body", "presented"),
        [
            (REFRESH, ISSUED, ("appKey", "appSecret", "token")),
            (LOGIN, ISSUED["results"], ("appKey", "appSecret", "token", "email", "password")),
        ],
    )
    def test_they_are_saved(
        self, run: RunContext, around: Surroundings, operation: Operation, body: object, presented: tuple[str, ...]
    ) -> None:
        """For the version and the fields that were presented; after a login, for the refresh fields too."""
        around.body = json.dumps(body).encode()
        secret = secret_of(run)
        saved: Any = ask(run, secret, operation)
        [answer] = around.saved
        assert (saved, answer.given_for, answer.presented, answer.tokens.fields) == (
            "saved",
            secret,
            presented,
            ISSUED["results"],
        )

    def test_they_are_hidden_from_then_on(self, run: RunContext, around: Surroundings) -> None:
        """And so is what was derived for the request."""
        around.body = json.dumps(ISSUED).encode()
        ask(run, secret_of(run), REFRESH)
        assert hide(f"new-user-token new-access-token {SIGNATURE}") == "*** *** ***"

    @pytest.mark.parametrize("error", [NotStored("why"), Transient("why"), Denied("why")])
    def test_a_failure_to_save_is_passed_on(self, run: RunContext, around: Surroundings, error: SecretError) -> None:
        """As it is."""
        around.body, around.failure = json.dumps(ISSUED).encode(), error
        assert failure(run) is error

    def test_a_bug_is_reported_as_a_loss(self, run: RunContext, around: Surroundings) -> None:
        """Its kind and its place, never its text."""
        around.body, around.failure = json.dumps(ISSUED).encode(), ZeroDivisionError("new-user-token")
        expected = (
            r"new tokens were issued; internal error, please report it: ZeroDivisionError at test_exchange\.py:\d+"
        )
        error = failure(run)
        assert (type(error), re.fullmatch(expected, str(error)) is not None) == (NotStored, True)

    def test_those_that_do_not_fit_are_kept(self, run: RunContext, around: Surroundings) -> None:
        """The whole answer, for a person."""
        around.body, around.failure = json.dumps(ISSUED).encode(), Unreadable("too large")
        assert (type(error := failure(run)), str(error)) == (Unreadable, f"too large; {KEPT}")
        assert around.kept == [around.body]


def test_a_yes_without_tokens_is_kept(run: RunContext, around: Surroundings) -> None:
    """It may hold them in a place that nobody knows."""
    around.status, around.body = 201, b'{"status": "ok"}'
    assert (type(error := failure(run)), str(error)) == (
        Unreadable,
        f"MCS answered yes (HTTP 201) without tokens where they belong; {KEPT}",
    )
    assert around.kept == [around.body]


@pytest.mark.parametrize(
    ("provider", "operation", "status", "body", "kind", "said"),
    [
        (MCS, REFRESH, 502, {}, Transient, "MCS answered HTTP 502"),
        (MCS, REFRESH, 503, {"code": 503, "message": "gone"}, Transient, 'MCS said "gone" (HTTP 503)'),
        (MCS, REFRESH, 500, {"code": 503, "message": "gone"}, Transient, 'MCS said "gone" (HTTP 500, code 503)'),
        (
            MCS,
            REFRESH,
            500,
            {"code": 10**30, "message": "gone"},
            Transient,
            'MCS said "gone" (HTTP 500, code 10000000000000000000)',
        ),
        (MCS, REFRESH, 401, {"code": 401, "message": "old-value"}, SessionDead, 'MCS said "***" (HTTP 401)'),
        (
            MCS,
            LOGIN,
            401,
            {"code": 401, "message": "no"},
            Rejected,
            'MCS said "no" (HTTP 401); at login',
        ),
        (
            MCS,
            REFRESH,
            500,
            {"code": 500, "message": "Invalid or missing client_id parameter"},
            Rejected,
            (
                'MCS said "Invalid or missing client_id parameter" (HTTP 500): '
                "appKey or appSecret is wrong; a login would not help"
            ),
        ),
        (
            FASHION_WORLD,
            REFRESH,
            400,
            {"message": "Invalid Signature"},
            SessionDead,
            f'Fashion World said "Invalid Signature" (HTTP 400): {WRONG_SIGNATURE}',
        ),
        (
            EKUAIBAO,
            REFRESH,
            403,
            {"errorCode": 403, "errorMessage": "未授权"},
            SessionDead,
            f'ekuaibao said "未授权" (HTTP 403): {UNAUTHORISED}',
        ),
    ],
)
def test_any_other_answer_is_quoted(  # noqa: PLR0913, PLR0917  # the columns
    run: RunContext,
    around: Surroundings,
    provider: Provider,
    operation: Operation,
    status: int,
    body: object,
    kind: type[SecretError],
    said: str,
) -> None:
    """Its codes, its message without credentials, and what else a documented message can mean."""
    around.status, around.body = status, json.dumps(body).encode()
    assert (type(error := failure(replace(run, provider=provider), operation)), str(error)) == (kind, said)
    assert (around.saved, around.kept) == ([], [])
