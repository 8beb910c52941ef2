"""A state of the world around two runs, as a value: the store's secret, the provider's history, the time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from werkzeug.datastructures import Headers

from tests.safety.overlap.wired_function import Answer, Call, Request, Sleep
from tests.support.secrets_manager.account import Account
from tests.support.secrets_manager.errors import ServiceError
from tests.support.secrets_manager.operations import perform
from tests.support.simulators import Received

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from tests.safety.overlap.recorded_runs import RunState
    from tests.safety.overlap.wired_function import Step
    from tests.support.secrets_manager import Secret, Version
    from tests.support.simulators import Simulator

T = TypeVar("T")
PERSON_VERSION_ID = b"00000000-0000-4000-8000-"  # how the ids of the versions that the person writes begin
_ONE_MILLISECOND = 0.001


class State(NamedTuple):
    """All that decides what can still happen, as a value.

    Its parts are interned, so that comparing two states is comparing identities.
    """

    now: float  # epoch seconds
    secret: _Interned[Secret]
    granted: _Interned[tuple[Received, ...]]  # what the provider has granted: nothing else changes it
    runs: tuple[RunState, ...]
    edits: tuple[str, ...]  # that the person has still to make

    @property
    def current(self) -> Version:
        """Returns what AWSCURRENT is on."""
        secret = self.secret.value
        return secret.version(secret.labels["AWSCURRENT"])


class _Interned(Generic[T]):
    """A value, of which there is one object."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value


class Servers:
    """What acts on the runs' steps: strict rules of Secrets Manager, and a provider."""

    def __init__(
        self,
        open_provider: Callable[[Callable[[], float]], Simulator],
        post_seconds: float,
        *,
        move_takes_pending_off: bool,
    ) -> None:
        """Begins with the provider that `open_provider` opens, the same every time, given its clock.

        `post_seconds` is how long a request is on its way to it. `move_takes_pending_off`: as `Account` has it.
        """
        self._open_provider, self._post_seconds = open_provider, post_seconds
        self._move_takes_pending_off = move_takes_pending_off
        self._secrets: dict[Hashable, _Interned[Secret]] = {}
        self._grants: dict[Hashable, _Interned[tuple[Received, ...]]] = {}
        self._done: dict[Hashable, tuple[State, Answer]] = {}  # what is known, to find it out only once

    def begin(self, now: float, secret: Secret) -> State:
        """Returns a state in which the provider has not been asked for anything."""
        return State(now, self._secret(secret), self._granted(()), (), ())

    def act(self, state: State, step: Step) -> tuple[State, Answer]:
        """Does a step; returns the state after it, with the runs as they were, and the answer."""
        if isinstance(step, Sleep):
            after = _at(state, max(state.now, step.until))
            return after, Answer(after.now)
        key = state.now, state.secret, state.granted, step
        if key not in self._done:
            self._done[key] = self._call(state, step) if isinstance(step, Call) else self._request(state, step)
        after, answer = self._done[key]
        return after._replace(runs=state.runs, edits=state.edits), answer

    def person_writes(self, state: State, document: Mapping[str, Any]) -> State:
        """Stores a document as the console does."""
        secret = state.secret.value
        token = f"{PERSON_VERSION_ID.decode()}{len(secret.versions):012}"
        request = {"SecretId": secret.name, "SecretString": json.dumps(document), "ClientRequestToken": token}
        account = self._account(state)
        perform(account, "UpdateSecret", request)
        return state._replace(secret=self._secret(account.truth(secret.name)))

    def provider(self, state: State) -> Simulator:
        """Returns the provider as it is now."""
        # Its clock gains a millisecond with each request, as no two are ever granted in the same one.
        now = [0.0]
        provider = self._open_provider(lambda: now[0])
        for already, received in enumerate(state.granted.value):
            now[0] = received.at + already * _ONE_MILLISECOND
            provider.answer_to(received)
        now[0] = state.now + len(state.granted.value) * _ONE_MILLISECOND
        return provider

    def _call(self, state: State, call: Call) -> tuple[State, Answer]:
        account, name = self._account(state), state.secret.value.name
        try:
            result, status = dict(perform(account, call.operation, json.loads(call.body))), 200
        except ServiceError as error:
            result, status = {"__type": error.code, "Message": error.message}, error.status
        answer = Answer(state.now, status, json.dumps(result).encode())
        return state._replace(secret=self._secret(account.truth(name))), answer

    def _request(self, state: State, step: Step) -> tuple[State, Answer]:
        if not isinstance(step, Request):
            raise TypeError("a run that has ended takes no step")
        after = _at(state, state.now + self._post_seconds)
        received = Received(step.method, step.path, step.query, Headers(step.headers), step.body, after.now)
        reply = self.provider(after).answer_to(received)
        if step.method == "POST" and reply.status == 200:
            after = after._replace(granted=self._granted((*after.granted.value, received)))
        return after, Answer(after.now, reply.status, reply.body)

    def _account(self, state: State) -> Account:
        secret = state.secret.value
        # No two versions are made in one millisecond: in truth a read and a request lie between two.
        newest = max(content.created for content in secret.versions.values())
        account = Account(
            lambda: max(state.now, newest + _ONE_MILLISECOND),
            seed=0,
            move_takes_pending_off=self._move_takes_pending_off,
        )
        account.write(secret)
        return account

    def _secret(self, secret: Secret) -> _Interned[Secret]:
        versions = tuple((name, content.value, content.created) for name, content in secret.versions.items())
        return self._secrets.setdefault((versions, tuple(sorted(secret.labels.items()))), _Interned(secret))

    def _granted(self, granted: tuple[Received, ...]) -> _Interned[tuple[Received, ...]]:
        key = tuple((one.path, one.query, one.body, one.headers.get("Authorization"), one.at) for one in granted)
        return self._grants.setdefault(key, _Interned(granted))


def _at(state: State, now: float) -> State:
    # Whole milliseconds, so that the same times added in another order are the same instant.
    return state._replace(now=round(now, 3))
