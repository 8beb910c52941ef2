"""Whatever a provider answers, a person stores or an event asks: one outcome, valid tokens, a bounded cost."""

from __future__ import annotations

import importlib
import itertools
import json
import socket
import time
import tracemalloc
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.safety.effort import TIMEOUT_SECONDS, examples
from tests.safety.hostile import accounts, answers, oracle
from tests.safety.hostile.heavy import HEAVY, HUGE
from tests.safety.hostile.memory import peak_of_all_at_once
from tests.safety.hostile.secrets import BASE_URLS, DATES_OF_A_PERSON, events, secrets
from tests.safety.hostile.socketless import OUTCOMES, socketless
from tests.safety.hostile.wires import Wire, framed, wires
from tests.support.clock import START, iso
from tests.support.leaks import exposed
from tests.support.providers import PROVIDERS, ProviderFacts
from tests.unit.wire import WireServer, answer
from token_refresh.replies import Operation
from token_refresh.transport import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.safety.hostile.socketless import RunResult, SocketlessFunction

pytestmark = pytest.mark.timeout(TIMEOUT_SECONDS)

MIB = 1024 * 1024
MOST_KEPT = 64 * 1024
MOST_STORED = 64 * 1024
MOST_PEAK = 64 * MIB  # of one answer of at most 1 MiB, parsed, quoted or kept
RUN_SECONDS = 2.0  # of computing
HEAVY_SECONDS = 20.0  # of computing, while it is watched how much memory that takes
# Of a secret sixteen times as large. In proportion it is 16; were it to grow with the square, 256.
MOST_TIMES_THE_COST = 64
READ_SECONDS, REQUEST_SECONDS = 0.15, 0.4  # instead of 10 and 15
TEN_YEARS = 10 * 366 * 86_400  # seconds
DATES = {"refreshedAt", "expiresAt"}
# A value that begins with a sign, as Base64 can, and a code of its own: where these answers cost most.
COSTLIEST = {"a message of backslashes": "fashion-world", "a code of digits": "ekuaibao", "a code without end": "mcs"}
EACH_OF_ONE_KIND = [
    (PROVIDERS[COSTLIEST.get(name, kind)], name) for kind, name in zip(itertools.cycle(PROVIDERS), HEAVY, strict=False)
]
ASKS = ("refresh", "login")
_OUTCOMES = {"dead": "rejected", "refused": "rejected", "busy": "transient", "unclear": "transient"}
AFTER_A_REFRESH = {**_OUTCOMES, "success": "refreshed"}
AFTER_A_LOGIN = {**_OUTCOMES, "success": "logged_in"}


@pytest.fixture(scope="module", params=PROVIDERS)
def kind(request: pytest.FixtureRequest) -> ProviderFacts:
    """Each provider in turn."""
    return PROVIDERS[request.param]


@pytest.fixture
def function(kind: ProviderFacts) -> Iterator[SocketlessFunction]:
    """Its function, without sockets."""
    with socketless(kind) as made:
        yield made


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of raw bytes."""
    with Server() as serving:
        yield serving


@pytest.fixture
def wired(kind: ProviderFacts, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[SocketlessFunction]:
    """The function, asking over real sockets, with seconds made short; no name leads out of this machine."""
    resolve = socket.getaddrinfo

    def loopback_only(host: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on as they came
        if host != "127.0.0.1":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", loopback_only)
    monkeypatch.setattr("token_refresh.transport.READ_SECONDS", READ_SECONDS)
    monkeypatch.setattr("token_refresh.exchange.REQUEST_SECONDS", REQUEST_SECONDS)
    with socketless(kind, server.url) as made:
        yield made


class Server(WireServer):
    """Answers every connection with the wire of the moment."""

    def __init__(self) -> None:
        """Takes a free port."""
        self.wire = Wire((), "close")
        super().__init__(self._play)

    def _play(self, connection: socket.socket, server: WireServer) -> None:
        self.wire.play(connection, server)


def check(kind: ProviderFacts, result: RunResult, read: oracle.Read, body: bytes | None) -> None:
    """Checks what is stored after an answer, that it was quick, and that nothing was shown."""
    if read.meaning == "success":
        check_tokens(kind, result, read)
    else:
        assert result.untouched
    assert result.kept == (body[:MOST_KEPT] if read.meaning == "unreadable" and body else None)
    check_output(kind, result, set(read.tokens.values()))


def requests(kind: ProviderFacts, status: int, read: oracle.Read) -> int:
    """Returns how often the provider is asked: MCS once more by its path's other spelling, if a stranger says 404."""
    return 2 if kind.name == "mcs" and status == 404 and not read.own_shape else 1


def check_output(kind: ProviderFacts, result: RunResult, more: set[str]) -> None:
    """Checks that a run was quick and showed nothing."""
    assert result.seconds < RUN_SECONDS
    assert exposed(result.output, credentials(result) | accounts.received(kind.name) | more) == set()


def credentials(result: RunResult) -> set[str]:
    """Returns what the secret held."""
    return accounts.credentials(result.before.document)


def check_tokens(kind: ProviderFacts, result: RunResult, read: oracle.Read) -> None:
    """Checks that the new tokens are stored beside all that was there, and nothing else of the answer is."""
    before, after = result.before.document, result.after.document
    assert {name: after[name] for name in read.tokens} == read.tokens
    assert unwritten(kind, after) == unwritten(kind, before)
    assert [name for name in after if name in before] == [name for name in before if name in after]
    for name in set(after) - set(before) - set(read.tokens) - DATES:
        assert name in kind.written
        assert after[name] in (read.place.get(name), read.place.get("expiresIn"))
    sent_at = moment(after["refreshedAt"])
    for name in {"userId", "corporationId"} & set(after):
        assert oracle.is_sane(after[name])
    for name in {"expireIn", "expireTime"} & set(after):
        assert oracle.is_expiry(after[name], sent_at * 1000)
    if "expiresAt" in after:
        assert sent_at < moment(after["expiresAt"]) <= sent_at + TEN_YEARS
    assert len(result.after.text.encode()) <= MOST_STORED


def unwritten(kind: ProviderFacts, document: dict[str, Any]) -> dict[str, Any]:
    """Returns what a rotation does not write."""
    return {name: value for name, value in document.items() if name not in {*kind.written, *DATES}}


def moment(text: str) -> float:
    """Reads a date of our own, which must be written in one form only."""
    seconds = datetime.fromisoformat(text).timestamp()
    assert iso(seconds) == text
    return seconds


def check_reading(kind: ProviderFacts, ask: str, status: int, body: bytes) -> None:
    """Checks what the layer makes of an answer: what the tables say, no other token, and no other expiry."""
    layer = importlib.import_module(f"token_refresh.{kind.module}")
    expected = oracle.read(kind.name, ask, status, body)

    meaning, reply = getattr(layer, kind.constant).replies.read(
        HttpResponse(status, body), Operation(ask), sent_at=START
    )

    assert meaning.value == expected.meaning
    if expected.meaning == "success":
        taken = {name: value for name, value in reply.issued.fields.items() if name in kind.tokens}
        assert taken == expected.tokens
        if kind.name != "mcs":  # whose answers name no expiry
            given = expected.place.get("expireIn", expected.place.get("expireTime"))
            given = expected.place.get("expiresIn") if given is None else given
            assert (reply.issued.expires_at is not None) is oracle.is_expiry(given, START * 1000)


@pytest.mark.parametrize("ask", ASKS)
def test_every_odd_value_in_every_place(kind: ProviderFacts, ask: str) -> None:
    """A good answer with one odd value in it, at the top or beside the tokens."""
    good = accounts.good_answer(kind.name, ask)
    inner = good.get("results") or good.get("value") or {}
    for place, value in itertools.product([*good, *inner], answers.ODD_VALUES):
        document = accounts.good_answer(kind.name, ask)
        (document if place in document else document.get("results") or document["value"])[place] = value
        check_reading(kind, ask, 200, answers.written(document).encode())


@pytest.mark.parametrize("ask", ASKS)
@examples(200)
@given(data=st.data())
def test_any_answer_is_read_as_the_tables_say(kind: ProviderFacts, ask: str, data: st.DataObject) -> None:
    """Any status with any body."""
    known = frozenset(accounts.credentials(accounts.documents(kind.name)["does both"]))
    status, body = data.draw(answers.statuses), data.draw(answers.bodies(kind.name, ask, known))
    check_reading(kind, ask, status, body)


@pytest.mark.parametrize("what", ["refreshes", "logs in"])
@examples(40)
@given(data=st.data())
def test_any_answer(kind: ProviderFacts, function: SocketlessFunction, what: str, data: st.DataObject) -> None:
    """A run ends in the outcome of the tables; only sane tokens become current; an unknown yes is kept."""
    ask, outcomes = ("refresh", AFTER_A_REFRESH) if what == "refreshes" else ("login", AFTER_A_LOGIN)
    document = accounts.documents(kind.name)[what]
    known = frozenset(accounts.credentials(document))
    status, body = data.draw(answers.statuses), data.draw(answers.bodies(kind.name, ask, known))
    read = oracle.read(kind.name, ask, status, body)

    result = function.run(document, (status, body))

    assert (result.outcome, result.asked) == (outcomes.get(read.meaning, read.meaning), requests(kind, status, read))
    check(kind, result, read, body)


@examples(40)
@given(data=st.data())
def test_any_answer_to_a_login_after_a_refusal(
    kind: ProviderFacts, function: SocketlessFunction, data: st.DataObject
) -> None:
    """A session that is dead for certain, and then anything: as for a login."""
    document = accounts.documents(kind.name)["does both"]
    known = frozenset(accounts.credentials(document))
    refusal = json.dumps(accounts.error_answer(kind.name, data.draw(answers.echoes(known)), 401)).encode()
    status, body = data.draw(answers.statuses), data.draw(answers.bodies(kind.name, "login", known))
    refused = oracle.read(kind.name, "refresh", 401, refusal)
    read = oracle.read(kind.name, "login", status, body) if refused.meaning == "dead" else refused

    result = function.run(document, (401, refusal), (status, body))

    assert result.outcome == AFTER_A_LOGIN.get(read.meaning, read.meaning)
    assert result.asked == (1 + requests(kind, status, read) if refused.meaning == "dead" else 1)
    check(kind, result, read, body)


@pytest.mark.parametrize("ask", ASKS)
@examples(40)
@given(data=st.data())
def test_anything_on_the_wire(
    kind: ProviderFacts, ask: str, server: Server, wired: SocketlessFunction, data: st.DataObject
) -> None:
    """Lying lengths, odd headers, cuts, drops and trickles: one request, one outcome, only sane tokens."""
    document = accounts.documents(kind.name)["refreshes" if ask == "refresh" else "logs in"]
    known = frozenset(accounts.credentials(document))
    good = json.dumps(accounts.good_answer(kind.name, ask)).encode()
    status, body = data.draw(answers.statuses), data.draw(st.just(good) | answers.bodies(kind.name, ask, known))
    wire = server.wire = data.draw(wires(status, body, min(known)))
    connections = server.connections

    result = wired.run(document)

    assert server.connections - connections in ((1, 2) if kind.name == "mcs" and status == 404 else (1,))
    if wire.body is not None:
        check(kind, result, oracle.read(kind.name, ask, status, wire.body), wire.body)
        return
    check_output(kind, result, set())
    if result.outcome in ("refreshed", "logged_in"):
        after = result.after.document
        assert all(oracle.is_sane(after[name]) for name in kind.tokens if name in after)
        assert unwritten(kind, after) == unwritten(kind, result.before.document)
    else:
        assert result.outcome in ("transient", "rejected", "unreadable")
        assert result.untouched


@pytest.mark.parametrize("end", ["close", "reset", "hang"])
def test_a_cut_at_every_byte(kind: ProviderFacts, server: Server, wired: SocketlessFunction, end: str) -> None:
    """However much of a good answer comes, it is refreshed whole, or kept as far as it came, or transient."""
    body = json.dumps(accounts.good_answer(kind.name, "refresh")).encode()
    sent = framed(200, body).pieces[0]
    head = len(sent) - len(body)
    for cut in {0, 1, 9, 15, head - 1, head, head + 1, head + len(body) // 2, len(sent) - 1, len(sent)}:
        server.wire = Wire((sent[:cut],), end)

        result = wired.run(accounts.documents(kind.name)["refreshes"])

        if cut >= len(sent):
            assert result.outcome == "refreshed" or end == "reset"  # a reset may overtake what was sent
        elif result.outcome == "unreadable":
            assert body.startswith(result.kept or b"")
            assert end == "reset" or (result.kept or b"") == sent[head:cut]
        else:
            assert result.outcome == "transient"
            assert cut <= head or end == "reset"
        check_output(kind, result, set())


@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-1: ", b"HTTP/1.1 200 OK\r\n\r\n"]
)
def test_a_trickle_without_end(kind: ProviderFacts, server: Server, wired: SocketlessFunction, sent: bytes) -> None:
    """Bytes that come just often enough are no reason to wait longer than a request may take."""
    server.wire = Wire((sent, *[sent or b" "] * 500), "close")
    began = time.perf_counter()

    result = wired.run(accounts.documents(kind.name)["refreshes"])

    assert result.outcome in ("transient", "unreadable")
    assert time.perf_counter() - began < REQUEST_SECONDS + 3.0
    check_output(kind, result, set())


@pytest.mark.parametrize(("kind", "name"), EACH_OF_ONE_KIND, ids=lambda value: getattr(value, "name", value))
def test_a_heavy_answer(kind: ProviderFacts, name: str, function: SocketlessFunction) -> None:
    """A mebibyte chosen to cost as much as it can means what any other does, and costs no more than is allowed."""
    status, body = HEAVY[name](kind.name)
    document = accounts.documents(kind.name)["refreshes"]
    read = oracle.read(kind.name, "refresh", status, body)
    tracemalloc.start()
    try:
        result = function.run(document, (status, body))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert result.outcome == AFTER_A_REFRESH.get(read.meaning, read.meaning)
    assert peak < MOST_PEAK
    assert result.seconds < HEAVY_SECONDS
    assert result.untouched is (read.meaning != "success")


@pytest.mark.parametrize("name", [*HUGE, "a message of escapes", "a message of half credentials"])
def test_huge_answers_to_all_workers_at_once(name: str) -> None:
    """A real process stays well within the 256 MB that Lambda gives it: half of it, but for JSON of many objects."""
    sent = HUGE[name]() if name in HUGE else answer(*HEAVY[name]("ekuaibao"))
    login = {**accounts.OTHER, **accounts.LOGS_IN["ekuaibao"]}  # which waits for nobody else's answer
    assert peak_of_all_at_once(sent, login) < (144 if name == "many objects" else 128)


@examples(80)
@given(data=st.data())
def test_any_secret(kind: ProviderFacts, server: Server, wired: SocketlessFunction, data: st.DataObject) -> None:
    """Whatever a person stores: one outcome; an invalid secret costs nothing; whatever else is in it survives."""
    value = data.draw(secrets(kind.name))
    refreshes = data.draw(st.booleans())
    server.wire = framed(200, json.dumps(accounts.good_answer(kind.name, "refresh" if refreshes else "login")).encode())
    connections = server.connections

    result = wired.run(value)

    assert result.outcome in ("refreshed", "logged_in", "invalid_secret", "transient", "unreadable")
    if result.outcome == "invalid_secret":
        assert len(wired.store.versions(result.name)) == 1
        assert server.connections == connections
    if result.outcome in ("refreshed", "logged_in"):
        before = json.loads(result.before.text.removeprefix("\ufeff"))  # a byte order mark is passed over
        assert unwritten(kind, result.after.document) == unwritten(kind, before)
        assert {result.after.document[name] for name in kind.tokens} <= set(accounts.ISSUED[kind.name].values())
    else:
        assert result.untouched
    held = {text for document in accounts.documents(kind.name).values() for text in accounts.credentials(document)}
    assert result.seconds < RUN_SECONDS
    assert exposed(result.output, held | accounts.received(kind.name)) == set()


def test_the_dates_of_a_person(kind: ProviderFacts, function: SocketlessFunction) -> None:
    """Python reads dates that nothing can encode, and years that no computer has seen."""
    answer = json.dumps(accounts.good_answer(kind.name, "refresh")).encode()
    for date in DATES_OF_A_PERSON:
        document = {**accounts.documents(kind.name)["refreshes"], "refreshedAt": date, "expiresAt": date}
        assert function.run(json.dumps(document), (200, answer)).outcome == "refreshed"


def test_the_base_urls_of_a_person(kind: ProviderFacts, wired: SocketlessFunction) -> None:
    """An address that leads nowhere is the secret's fault if it never could, and nobody's if it might."""
    for url in BASE_URLS:
        result = wired.run({**accounts.documents(kind.name)["refreshes"], "baseUrl": url})
        assert result.outcome in ("invalid_secret", "transient")
        assert result.untouched


@pytest.mark.parametrize("kind", [PROVIDERS["mcs"]], ids=["mcs"])  # a value is hidden alike for all
@pytest.mark.parametrize("sign", ["/", "\\", "\u5bc6", "%", '"', "a"])
def test_a_secret_of_one_long_value(kind: ProviderFacts, function: SocketlessFunction, sign: str) -> None:
    """A password that is sixteen times as long costs at most so many times more: it is looked for in every line."""
    refusal = json.dumps(accounts.error_answer(kind.name, "dummy", 401)).encode()
    size = len(json.dumps(sign, ensure_ascii=False)[1:-1].encode())

    def run_with(length: int) -> RunResult:
        document = {**accounts.documents(kind.name)["logs in"], kind.login_fields[-1]: sign * (length // size)}
        result = function.run(document, (401, refusal))
        assert result.outcome == "rejected"
        return result

    short, long = (min(run_with(length).seconds for _ in range(3)) for length in (2_500, 40_000))
    assert long < MOST_TIMES_THE_COST * short
    tracemalloc.start()
    try:
        run_with(40_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_PEAK


@examples(80)
@given(data=st.data())
def test_any_event(kind: ProviderFacts, function: SocketlessFunction, data: st.DataObject) -> None:
    """An event is carried out, or refused before anything is asked or written; its error can be printed."""
    document = accounts.documents(kind.name)["refreshes"]
    name = f"{function.prefix}1"
    if not function.store.names():
        assert function.add(document) == name
    function.answers = [(200, json.dumps(accounts.good_answer(kind.name, "refresh")).encode())]
    function.asked = 0
    function.clock.advance(86_400)  # a secret takes only so many versions a day
    versions = len(function.store.versions(name))
    event = data.draw(events(function.prefix, name))

    returned, raised = function.invoke(event)

    output = function.new_output(returned, raised)
    if raised is None:
        assert returned is not None
        assert set(returned["outcomes"]) <= OUTCOMES
    else:
        assert type(raised).__name__ == "InvalidEvent", type(raised).__name__
        assert str(raised).isprintable()
        assert (function.asked, len(function.store.versions(name))) == (0, versions)
    assert exposed(output, accounts.credentials(document) | accounts.received(kind.name)) == set()
