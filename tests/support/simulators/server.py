"""What the three simulators have in common: a record of requests, moods, and accounts behind one lock."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import unquote

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request

from tests.support.simulators import wire
from tests.support.simulators.behaviour import Behaviour, Line, read_wish
from tests.support.simulators.exchange import Answer, Received
from tests.support.simulators.ledger import Ledger, decoded
from tests.support.simulators.loopback import LoopbackServer
from tests.support.simulators.moods import INSTEAD, SPOIL, TRICKLE, Mood

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_CONTROL_PATH = "/_mood"
_TRICKLE_PADDING_BYTES = 2_048  # 100 seconds at the default gap: bounded, and longer than a client should wait


class Simulator(LoopbackServer):
    """One provider, stateful, speaking plain HTTP. An account is named by its name or by a secret of its own.

    A person can make a running simulator misbehave, for some requests or (``"times": null``) until reset::

        curl -d '{"mood": "service_unavailable", "times": 1}' http://127.0.0.1:<port>/_mood
        curl -d '{"mood": null}' http://127.0.0.1:<port>/_mood

    The hooks run in the request's thread, outside the lock, and may block; one that raises ConnectionError ends the
    request without an answer: `before_request` before it is acted on, `after_request` once it has been.
    """

    DEAD_SESSION: ClassVar[tuple[int, str]]  # HTTP status and message of the refusal of a dead session

    def __init__(self, *, clock: Callable[[], float] = time.time, port: int = 0) -> None:
        """Makes a stopped simulator; ``clock`` returns epoch seconds, port 0 is any free one."""
        super().__init__(port)
        self.slow_seconds = 30.0
        self.trickle_seconds = 0.05  # between two bytes
        self.odd_expiry: object = "soon"
        self.before_request: Callable[[Received], None] | None = None
        self.after_request: Callable[[Received], None] | None = None
        self._clock = clock
        self._lock = threading.RLock()  # guards the state: each request acts on it in one piece
        self._requests: list[Received] = []
        self._line = Line()
        self._ledger = Ledger(type(self).__name__)

    @property
    def requests(self) -> list[Received]:
        """Every request so far, in the order in which they were acted on, without those that set a mood."""
        with self._lock:
            return list(self._requests)

    @property
    def issued(self) -> frozenset[str]:
        """Every secret or personal value that it issued, was given, or got in an Authorization header."""
        with self._lock:
            return self._ledger.secrets

    def misbehave(self, mood: Mood, times: int | None = 1) -> None:
        """Meets so many further requests (None: all, until `behave`) in a mood, after those in line."""
        with self._lock:
            self._line.add(mood, times)

    def answer_with(
        self,
        status: int,
        headers: Mapping[str, str] | None = None,
        body: bytes | str = b"",
        times: int | None = 1,
    ) -> None:
        """Gives so many further requests (None: all, until `behave`) this answer, without acting."""
        content = body.encode() if isinstance(body, str) else body
        with self._lock:
            self._line.add(Answer(status, content, tuple((headers or {}).items())), times)

    def answer_raw(self, data: bytes, times: int | None = 1) -> None:
        """Gives so many further requests (None: all, until `behave`) exactly these bytes, without acting."""
        with self._lock:
            self._line.add(data, times)

    def behave(self) -> None:
        """Forgets every mood and canned answer."""
        with self._lock:
            self._line.clear()

    def answer_to(self, received: Received) -> Answer:
        """Acts on a request that did not come over HTTP, and returns the answer; whether started or not."""
        return self._handle(received)[1]

    def owner(self, secret: Mapping[str, object]) -> str:
        """Returns the name of the account that a secret, or a part of one, belongs to."""
        with self._lock:
            return self._ledger.owner(secret)

    @abstractmethod
    def create_account(
        self, name: str | None = None, *, tokens: bool = True, login_fields: bool = True
    ) -> dict[str, str]:
        """Opens an account, under a name of its own if none is given.

        Returns its secret's fields, ready for ``json.dumps``: those that refresh, those that log in, or both.
        """

    @abstractmethod
    def revoke(self, account: str | Mapping[str, object]) -> None:
        """Ends the account's sessions as if they had expired: a refresh is refused, a login works."""

    @abstractmethod
    def delete_account(self, account: str | Mapping[str, object]) -> None:
        """Removes the account: neither a refresh nor a login works."""

    @abstractmethod
    def current(self, account: str | Mapping[str, object]) -> dict[str, str]:
        """Returns the tokens that would refresh the account's newest live session; none if it is dead."""

    @abstractmethod
    def is_live(self, secret: Mapping[str, object]) -> bool:
        """Says whether a refresh with this secret would be accepted right now."""

    @property
    @abstractmethod
    def _routes(self) -> Mapping[str, Callable[[Received], Answer]]:
        """What answers a POST to which path; called with the lock held."""

    @property
    def _readable(self) -> Mapping[str, Callable[[Received], Answer]]:
        """What answers a GET of which path; called with the lock held."""
        return {}

    @abstractmethod
    def _error(self, status: int, message: str) -> Answer:
        """Returns an error in the provider's own shape."""

    @abstractmethod
    def _with_expiry(self, document: dict[str, Any], expiry: object) -> dict[str, Any]:
        """Returns a good answer's document with another expiry."""

    def _known_about(self, received: Received) -> str:
        """Returns what a careless error would show of credentials that were not even sent."""
        del received
        return ""

    def _refusal(self) -> Answer:
        """Returns the refusal of a dead session."""
        return self._error(*self.DEAD_SESSION)

    def _now_ms(self) -> int:
        return round(self._clock() * 1_000)

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        body = request.get_data()  # all of it: closing with bytes unread would reset the connection
        path, _, query = environ["RAW_URI"].partition("?")
        if path == _CONTROL_PATH:
            behaviour, answer = None, self._control(body)
        else:
            received = Received(request.method, path, query, Headers(request.headers), body, self._clock())
            if self.before_request is not None:
                self.before_request(received)
            behaviour, answer = self._handle(received)
            if self.after_request is not None:
                self.after_request(received)
        connection: socket.socket = environ["werkzeug.socket"]
        match behaviour:
            case bytes():
                wire.send_raw(connection, behaviour)
            case Mood.DROP_BEFORE | Mood.DROP_AFTER:
                wire.hang_up(connection)
            case Mood.SLOW if self._stopping.wait(self.slow_seconds):
                wire.hang_up(connection)
            case Mood.TRICKLE_HEADERS | Mood.TRICKLE_BODY:
                at_once, one_by_one = TRICKLE[behaviour](answer)
                wire.trickle(connection, at_once, one_by_one, self.trickle_seconds, self._stopping)
        start_response(answer.status_line, answer.wire_headers)
        return [answer.body]

    def _handle(self, received: Received) -> tuple[Behaviour | None, Answer]:
        """Records and answers a request in one piece; the answer goes out when the lock is free again."""
        with self._lock:
            self._requests.append(received)
            self._ledger.note_authorization(received.headers.get("Authorization", ""))
            behaviour = self._line.take()
            answer = self._instead(behaviour, received)
            if answer is None:
                answer = self._spoilt(behaviour, self._act(received))
            return behaviour, answer

    def _instead(self, behaviour: Behaviour | None, received: Received) -> Answer | None:
        """Returns the answer of a behaviour that does not act; None if it does."""
        answer: Answer | None = None
        match behaviour:
            case Answer():
                answer = behaviour
            case bytes() | Mood.DROP_BEFORE:
                answer = Answer(500)  # never sent
            case Mood.TOO_MANY_REQUESTS:
                answer = self._error(429, "Too many requests")
            case Mood.REDIRECT:
                answer = Answer(302, headers=(("Location", f"{self.url}/redirected"),))
            case Mood.REDIRECT_SAME_METHOD:
                answer = Answer(307, headers=(("Location", f"{self.url}/redirected"),))
            case Mood.ERROR_IN_200:
                answer = replace(self._refusal(), status=200)
            case Mood.ECHO_CREDENTIALS:
                answer = self._error(self.DEAD_SESSION[0], self._echo(received))
            case Mood():
                answer = INSTEAD.get(behaviour)
        return answer

    def _act(self, received: Received) -> Answer:
        """Does what was asked and returns the provider's honest answer."""
        if received.method == "GET" and received.path in self._readable:
            return self._readable[received.path](received)
        handler = self._routes.get(received.path)
        if handler is None:
            return Answer.of_text(404, "Not Found\n")
        if received.method != "POST":
            return Answer.of_text(405, "Method Not Allowed\n")
        return handler(received)

    def _spoilt(self, behaviour: Behaviour | None, answer: Answer) -> Answer:
        """Returns what the mood makes of a good answer; a refusal stays what it is."""
        if answer.status != 200 or not isinstance(behaviour, Mood):
            return answer
        if behaviour is Mood.ODD_EXPIRY:
            return Answer.of_json(200, self._with_expiry(answer.document(), self.odd_expiry))
        return SPOIL[behaviour](answer) if behaviour in SPOIL else answer

    def _control(self, body: bytes) -> Answer:
        """Carries out ``POST /_mood``."""
        try:
            mood, times = read_wish(body)
        except ValueError as error:
            return Answer.of_json(400, {"error": str(error)})
        if mood is None:
            self.behave()
        else:
            self.misbehave(mood, times)
        return Answer.of_json(200, {"mood": mood, "times": times})

    def _echo(self, received: Received) -> str:
        """Returns a message that repeats every credential received, decoded and as sent."""
        authorization = received.headers.get("Authorization", "")
        spoken = (
            decoded(authorization.partition(" ")[2]),
            self._known_about(received),
            unquote(received.query),
            received.body.decode(errors="replace"),
            received.query,
            authorization,
        )
        return " ".join(["not understood:", *(part for part in spoken if part)])
