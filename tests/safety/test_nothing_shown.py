"""No secret value is in any output of a process, and nothing but words in what it quotes of a provider."""

from __future__ import annotations

import io
import itertools
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.functions.conftest import clock, kind, output, provider, provider_name, sdk_session, store, world  # noqa: F401 - fixtures
from tests.safety.effort import TIMEOUT_SECONDS, examples
from tests.safety.hostile import accounts, answers
from tests.safety.hostile.exceptions import chain
from tests.safety.hostile.quotations import quotations, unfit
from tests.safety.hostile.socketless import socketless
from tests.support.function import environment
from tests.support.leaks import exposed, leaked
from tests.support.process import run_as_lambda
from tests.support.providers import PROVIDERS
from tests.support.secrets_manager import Fault, StrictSecretsManager
from tests.support.simulators import Mood
from token_refresh.masking import use_mask
from token_refresh.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.world import Run, World

pytestmark = pytest.mark.timeout(TIMEOUT_SECONDS)

VALUE = 'dummy/+&= \\value\\ of "密码" <0001>'
SLOW = (Mood.SLOW, Mood.TRICKLE_BODY, Mood.TRICKLE_HEADERS)
LIBRARIES = (
    "boto3",
    "botocore",
    "http.client",
    "requests",
    "urllib3",
    "urllib3.connectionpool",
    "aws_lambda_powertools",
)


class LogCapture:
    """All that a run returns, prints, raises and logs: every logger at DEBUG, captured after the cold start."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811 - not the fixture
        """Starts the function, and captures from then on."""
        self._world = world
        self._stream = io.StringIO()
        handler = logging.StreamHandler(self._stream)
        handler.setFormatter(
            logging.Formatter("%(name)s %(pathname)s %(message)s %(args)s %(exc_info)s %(stack_info)s")
        )
        world.cold_start()
        for name in (*LIBRARIES, world.kind.name):
            logger = logging.getLogger(name)
            monkeypatch.setattr(logger, "handlers", [*logger.handlers, handler])
            monkeypatch.setattr(logger, "level", logging.DEBUG)
        self._results: list[str] = []

    def run(self, event: object = None) -> Run:
        """Runs, and keeps the result."""
        run = self._world.run(event)
        self._results += [json.dumps(run.returned), json.dumps(run.lines), *chain(run.raised)]
        return run

    def check(self) -> None:
        """Fails if anything was shown."""
        everything = "\n".join([*self._results, self._stream.getvalue()])
        assert self._world.kind.name in everything
        assert exposed(everything, self._world.secret_values()) == set()


@pytest.fixture
def logs(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[LogCapture]:  # noqa: F811 - pytest's way
    """Captures the output, and checks it at the end."""
    monkeypatch.setattr("token_refresh.transport.READ_SECONDS", 0.2)
    monkeypatch.setattr("token_refresh.exchange.REQUEST_SECONDS", 0.4)
    capture = LogCapture(world, monkeypatch)
    yield capture
    capture.check()


@pytest.mark.parametrize("encoder", answers.ENCODERS)
def test_a_planted_leak_is_found(encoder: str) -> None:
    """The scan finds a value whoever encoded it."""
    encode = answers.ENCODERS[encoder]
    assert exposed(f"before {encode(VALUE)} after", [VALUE]) == {VALUE}
    assert exposed("before dummy and value after", [VALUE]) == set()


@pytest.mark.parametrize(
    ("quoted", "found"),
    [
        ("before alue\\\\ of, after", {"alue\\ of"}),
        ("before ALUE\\\\ OF, after", {"alue\\ of"}),
        ("before short after", {"short"}),
        ("before sh! ort after", {"sh! ort"}),
        ("before a2V5PTEyMzQ1Njc4 after", {"a2V5PTEyMzQ1Njc4"}),
        ('before \\"a=b&c=d&e=f&g=\\" after', {'"a=b&c=d&e=f&g="'}),
        ("before a1234b after", {"1234"}),
        ("before a.b.1234.example.com after", {"a.b.1234.example.com"}),
        ("shorts, 123 and ***-abcdefghi*** at tenant.example.com", set()),
    ],
)
def test_a_planted_part_is_found(quoted: str, found: set[str]) -> None:
    """The scan finds a part of a value, and what could be one, in a quotation, however often it is escaped."""
    [quotation] = quotations(f'MCS said "{quoted}" (HTTP 400): said "x')
    assert unfit(quotation, [VALUE, "short", "sh!  ort"]) == found


def test_a_planted_leak_in_a_hidden_chain_is_found() -> None:
    """Also what `from None` keeps from being printed, and what is only an attribute."""
    hidden = ValueError("harmless")
    hidden.__context__, hidden.__suppress_context__ = KeyError(VALUE), True
    assert exposed("\n".join(chain(hidden)), [VALUE]) == {VALUE}
    carrier = ValueError("harmless")
    carrier.body = VALUE  # type: ignore[attr-defined]  # as libraries do
    assert exposed("\n".join(chain(carrier)), [VALUE]) == {VALUE}
    assert list(chain(None)) == []


# What a provider says in its own words, of all three; what anybody could send, of one.
OWN_WORDS = (Mood.ECHO_CREDENTIALS, Mood.TEAPOT, Mood.WRONG_SHAPE)
MOODS = [(name, mood) for mood in Mood for name in PROVIDERS if name == "fashion-world" or mood in OWN_WORDS]


@pytest.mark.parametrize(("provider_name", "mood"), MOODS)
def test_every_mood(world: World, logs: LogCapture, mood: Mood) -> None:  # noqa: F811 - pytest's way
    """Every mood of a provider, met by a refresh, by a login, and by the one that follows on the other."""
    world.add("refreshes", login_fields=False)
    world.add("logs-in", tokens=False)
    world.add("does-both")
    world.provider.misbehave(mood, times=None)
    logs.run()
    world.provider.behave()
    logs.run()


@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.SERVER_ERROR, Fault.LOST_AFTER])
@pytest.mark.parametrize("provider_name", PROVIDERS)
def test_a_fault_at_every_call(world: World, logs: LogCapture, fault: Fault) -> None:  # noqa: F811 - pytest's way
    """A store that fails at the first and the second of each of a rotation's calls, once or for a while."""
    operations = (
        "BatchGetSecretValue",
        "GetSecretValue",
        "PutSecretValue",
        "ListSecretVersionIds",
        "UpdateSecretVersionStage",
    )
    for number, operation in enumerate(operations):
        for after in range(2):
            world.add(f"{number}-{after}")
            world.store.fail(operation, fault, after=after, times=1 if after else 3)
            if after == 1:
                world.provider.misbehave(Mood.ECHO_CREDENTIALS)
            logs.run()
            world.store.heal()
            world.provider.behave()


def test_every_outcome_that_a_person_causes(world: World, logs: LogCapture) -> None:  # noqa: F811 - pytest's way
    """Secrets that are no JSON, hold half of what is needed, or point nowhere: their values are not in the errors."""
    good = {**accounts.REFRESHES[world.kind.name], **accounts.LOGS_IN[world.kind.name]}
    field = next(iter(good))
    values: dict[str, Any] = {
        "no-json": json.dumps(good)[:-1],
        "a-list": json.dumps(list(good.values())),
        "one-missing": dict(list(accounts.REFRESHES[world.kind.name].items())[:1]),
        "wrong-type": {**good, field: [good[field]]},
        "bad-url": {**good, "baseUrl": f"https://{good[field]}@provider.invalid/?{good[field]}"},
        "bad-days": {**good, "expireDate": good[field]},
        "binary": json.dumps(good).encode(),
        "too-large": {**good, "note": good[field] * (50_000 // len(good[field]))},
    }
    for name, value in values.items():
        world.store.create(world.prefix + name, value)
    logs.run()
    logs.run({"secret_id": world.prefix + "bad-url", "force": True})
    logs.run({"secret_id": good[field]})


@pytest.mark.parametrize("name", PROVIDERS)
def test_any_echo(name: str) -> None:
    """Credentials among other words, in every encoder's way: what is quoted shows nothing that could be part of one."""
    document = {**accounts.documents(name)["does both"], PROVIDERS[name].login_fields[-1]: "no. 1"}
    values = frozenset(accounts.credentials(document))

    @examples(80)
    @given(answers.echoes(values), st.sampled_from([200, 400, 403, 404, 500]), st.sampled_from([400, 403, 500]))
    def check(message: str, status: int, code: int) -> None:
        body = json.dumps(accounts.error_answer(name, message, code)).encode()
        result = made.run(document, (status, body))
        quoted = quotations(result.reason or "")
        assert [unfit(quotation, values) for quotation in quoted] == [set()] * (result.reason or "").count(' said "')
        assert exposed(result.output, values) == set(), result.reason

    with socketless(PROVIDERS[name]) as made:
        check()


PARTS = st.one_of(
    st.sampled_from(["app.ekuaibao.com", " said ", '" (HTTP 200); "', "\\", "***", "\0", " \n", "x" * 4_000, "12"]),
    st.text(max_size=12),
)
CREDENTIALS = st.lists(
    st.text('ab \\"%.+/0\u5bc6\u0130\u2028\U0001f511', min_size=1, max_size=30) | st.text(min_size=1, max_size=9),
    min_size=1,
    max_size=4,
)


@examples(300)
@given(data=st.data())
def test_any_quotation(data: st.DataObject) -> None:
    """Whatever the credentials are, and whatever is made of them: one short line, of which nobody can forge the end."""
    values = data.draw(CREDENTIALS.filter(lambda values: not any("*" in value for value in values)))
    echo = st.builds(
        lambda encode, value, start, length: encode(value[start : start + length]),
        st.sampled_from([str, *answers.ENCODERS.values()]),
        st.sampled_from(values),
        st.integers(0, 9),
        st.integers(1, 30),
    )
    message = "".join(data.draw(st.lists(PARTS | echo, max_size=12)))
    with use_mask() as mask:
        mask.add(values)
        shown = quote(message)

    assert shown.isprintable() or not shown
    assert len(shown) <= 200
    [quotation] = quotations(f'MCS said "{shown}" (HTTP 400)')
    assert unfit(quotation, values) == set()


@pytest.mark.parametrize("name", PROVIDERS)
def test_an_echo_that_is_cut(name: str) -> None:
    """A credential where a message is cut, by the provider or by us, leaves nothing of itself, nor do many."""
    document = accounts.documents(name)["refreshes"]
    values = accounts.credentials(document)
    with socketless(PROVIDERS[name]) as made:
        for value, length in itertools.product(sorted(values), (185, 190, 4_080, 4_090, None)):
            cut = [value, value[:8], value[-8:]] if length else [value * 10_000]
            for echo in cut:
                before = "no " * 63 if length == 190 else "x" * ((length or 1) - 1) + " "
                body = json.dumps(accounts.error_answer(name, before + echo)).encode()
                result = made.run(document, (400, body))
                assert result.outcome == "transient"
                [quotation] = quotations(result.reason or "")
                assert unfit(quotation, values) == set()
        # So many that what is left of them, hidden, is shorter than a message may be.
        field, value = next(iter(accounts.REFRESHES[name].items()))
        body = json.dumps(accounts.error_answer(name, value * 10_000)).encode()
        result = made.run({**document, field: value * 9}, (400, body))
        assert [unfit(quotation, values) for quotation in quotations(result.reason or "")] == [set()]


SCRIPT = """
import faulthandler, json, logging, sys, warnings
faulthandler.enable()
warnings.simplefilter("always")
logging.captureWarnings(True)
import app
import token_refresh.rotation
token_refresh.presenting.WAITS = (0.01,)  # of 15 seconds in all, for another run
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, force=True)
for name in list(logging.root.manager.loggerDict):
    logging.getLogger(name).setLevel(logging.DEBUG)
import http.client

app.lambda_handler(json.loads(sys.argv[1]), Context())
"""


@pytest.mark.parametrize("mood", [Mood.ECHO_CREDENTIALS, Mood.DROP_AFTER, None])
@pytest.mark.parametrize("name", PROVIDERS)
def test_a_process_that_dies_of_it(name: str, mood: Mood | None) -> None:
    """A real process, every logger at DEBUG: its traceback, as Lambda would print it, is there and shows nothing."""
    made = PROVIDERS[name]
    with StrictSecretsManager() as strict, made.simulator() as simulator:
        account = simulator.create_account("a", login_fields=False)
        strict.create(f"token-refresh/{name}/a", account)
        if mood is None:  # Python prints a cookie's month that it does not know
            month = next(iter(account.values())).replace("+", "").replace("/", "").replace("=", "")
            cookie = f"a=b; Expires=Thu, 01-{month}-2026 00:00:00 GMT"
            simulator.answer_with(200, {"Set-Cookie": cookie}, "dummy")
        else:
            month = ""
            simulator.misbehave(mood, times=None)
        variables = {
            **environment(made, simulator.url, **strict.environment),
            "POWERTOOLS_DEV": "true",
            "POWERTOOLS_DEBUG": "true",
        }
        result = run_as_lambda(made, SCRIPT, variables, "{}", options=("-X", "dev"))
        values = simulator.issued | strict.secret_values()
    assert result.returncode == 1
    assert "SecretsFailed" in result.stderr.splitlines()[-1]
    assert "withheld" in result.stderr
    everything = result.stdout + result.stderr
    assert exposed(everything, values | {month}) == set()
    assert leaked([everything], values) == 0
