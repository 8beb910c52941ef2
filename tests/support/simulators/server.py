"""A server that records its requests, and whose answers can go wrong: moods and canned answers, by call or by curl."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request

from tests.support.loopback import LoopbackServer
from tests.support.simulators.behaviour import Behaviour, Line, read_wish
from tests.support.simulators.exchange import Answer, Received
from tests.support.simulators.ledger import Ledger
from tests.support.simulators.moods import INSTEAD, SPOIL, TRICKLE, Mood, echo

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

_CONTROL_PATH = "/_mood"


class MoodyServer(LoopbackServer):
    """Speaks plain HTTP, and misbehaves on request.

    A person can make it misbehave, for some requests or (``"times": null``) until reset::

        curl -d '{"mood": "service_unavailable", "times": 1}' http://127.0.0.1:<port>/_mood
        curl -d '{"mood": null}' http://127.0.0.1:<port>/_mood

    The hooks run in the request's thread, outside the lock, and may block; one that raises ConnectionError ends the
    request without an answer: `before_request` before it is acted on, `after_request` once it has been.
    """

    DEAD_SESSION: ClassVar[tuple[int, str]]  # HTTP status and message of the refusal of a dead session
    ECHO_STATUS: ClassVar[
        int
    ]  # HTTP status of an error that repeats credentials: one that says that the session is over

    def __init__(self, *, clock: Callable[[], float] = time.time, port: int = 0) -> None:
        """Makes a stopped server; ``clock`` returns epoch seconds, port 0 is any free one."""
        super().__init__(port)
        self.slow_seconds = 30.0
        self.trickle_seconds = 0.05  # between two bytes
        self.before_request: Callable[[Received], None] | None = None
        self.after_request: Callable[[Received], None] | None = None
        self.odd_expiry: object = "soon"
        self._clock = clock
        self._line = Line()
        self._lock = threading.RLock()  # guards the state: each request acts on it in one piece
        self._requests: list[Received] = []
        self._ledger = Ledger(type(self).__name__)

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

    def behave(self) -> None:
        """Forgets every mood and canned answer."""
        with self._lock:
            self._line.clear()

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

    def answer_to(self, received: Received) -> Answer:
        """Acts on a request that did not come over HTTP, and returns the answer; whether started or not."""
        return self._handle(received)[1]

    @abstractmethod
    def _act(self, received: Received) -> Answer:
        """Does what was asked and returns the provider's honest answer; called with the lock held."""

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

    def _answer_http(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
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
        match behaviour:
            case Mood.DROP_BEFORE | Mood.DROP_AFTER:
                raise ConnectionAbortedError
            case Mood.SLOW if self._stopping.wait(self.slow_seconds):
                raise ConnectionAbortedError
            case Mood.TRICKLE_HEADERS | Mood.TRICKLE_BODY:
                self._trickle(environ["werkzeug.socket"], *TRICKLE[behaviour](answer))
        start_response(answer.status_line, answer.wire_headers)
        return [answer.body]

    def _trickle(self, connection: socket.socket, at_once: bytes, one_by_one: bytes) -> NoReturn:
        """Sends some bytes at once, the others one by one until done, stopped or left alone; then hangs up."""
        connection.sendall(at_once)
        for position in range(len(one_by_one)):
            if self._stopping.wait(self.trickle_seconds):
                break
            connection.sendall(one_by_one[position : position + 1])
        raise ConnectionAbortedError

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

    def _handle(self, received: Received) -> tuple[Behaviour | None, Answer]:
        """Records and answers a request in one piece; the answer goes out when the lock is free again."""
        with self._lock:
            self._requests.append(received)
            self._ledger.note_authorization(received.headers.get("Authorization", ""))
            behaviour = self._line.take()
            answer = self._instead(behaviour, received) or self._spoilt(behaviour, self._act(received))
            return behaviour, answer

    def _instead(self, behaviour: Behaviour | None, received: Received) -> Answer | None:
        """Returns the answer of a behaviour that does not act; None if it does."""
        answer: Answer | None = None
        match behaviour:
            case Answer():
                answer = behaviour
            case Mood.TOO_MANY_REQUESTS:
                answer = self._error(429, "Too many requests")
            case Mood.BUSY_IN_200:
                answer = replace(self._error(429, "Too many requests"), status=200)
            case Mood.TEAPOT:
                answer = self._error(418, "I'm a teapot")
            case Mood.REDIRECT | Mood.REDIRECT_SAME_METHOD:
                status = 302 if behaviour is Mood.REDIRECT else 307
                answer = Answer(status, headers=(("Location", f"{self.url}/redirected"),))
            case Mood.ERROR_IN_200:
                answer = replace(self._refusal(), status=200)
            case Mood.ECHO_CREDENTIALS:
                answer = self._error(self.ECHO_STATUS, echo(received, self._known_about(received)))
            case Mood():
                answer = INSTEAD.get(behaviour)
        return answer

    def _spoilt(self, behaviour: Behaviour | None, answer: Answer) -> Answer:
        """Returns what the mood makes of a good answer; a refusal stays what it is."""
        if answer.status != 200 or not isinstance(behaviour, Mood):
            return answer
        if behaviour is Mood.ODD_EXPIRY:
            return Answer.of_json(200, self._with_expiry(answer.document(), self.odd_expiry))
        return SPOIL[behaviour](answer) if behaviour in SPOIL else answer
