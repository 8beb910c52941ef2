"""One provider, one strict Secrets Manager, and functions in processes of their own, all under one clock."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from tests.local_stack.leaks import leaked
from tests.safety.kills.clock import SharedClock
from tests.safety.kills.conductor import Conductor, Kill
from tests.safety.kills.law import Held, Law
from tests.safety.outcomes import NEED_A_HUMAN
from tests.support.clock import HOUR, MINUTE, START, iso
from tests.support.function import RUN_SECONDS
from tests.support.leaks import PUBLIC_KEYS
from tests.support.secrets_manager import StrictSecretsManager
from tests.support.steps import successor_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    from tests.safety.kills.runner import Container, Runner
    from tests.support.providers import ProviderFacts

TICK_SECONDS = 10 * MINUTE


@dataclass(frozen=True, slots=True)
class Tick:
    """How a run ended, as its printed lines tell; of a killed one they tell nothing."""

    killed: bool
    raised: str | None
    outcomes: dict[str, str]  # by secret
    needs_attention: float | None
    asked: int  # times that the provider was asked

    @property
    def failing(self) -> set[str]:
        """Returns the secrets that need a human."""
        return {name for name, outcome in self.outcomes.items() if outcome in NEED_A_HUMAN}


class Lab:
    """A context manager; at its end the store's rules are checked once more."""

    def __init__(self, kind: ProviderFacts, folder: Path, runner: Runner, *, move_takes_pending_off: bool) -> None:
        """Makes the servers; they serve from `__enter__` on."""
        self.kind, self._runner, self._clock_file = kind, runner, folder / "clock"
        self.clock = SharedClock(self._clock_file)
        self.store = StrictSecretsManager(self.clock, move_takes_pending_off=move_takes_pending_off)
        self.provider = kind.simulator(clock=self.clock)
        self.law = Law(self.store, kind)
        self.conductor = Conductor(self.store, self.provider, self.law)
        self._servers = ExitStack()
        self._said: set[str] = set()  # lines: most are said again and again
        self._accounts = 0

    def __enter__(self) -> Self:
        self._servers.enter_context(self.store)
        self._servers.enter_context(self.provider)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._servers.close()

    def add(self, name: str, *, tokens: bool = True, login_fields: bool = True) -> Held:
        """Opens an account and creates its secret, as a person does: it is due."""
        account, kept, document = self.account(tokens=tokens, login_fields=login_fields)
        version = self.store.create(name, document)
        assert version is not None
        held = Held(name, account, kept, by_hand={version.id})
        self.law.held.append(held)
        return held

    def add_ours(self, name: str, age: float, *, login_fields: bool = True) -> Held:
        """Adds a secret whose current version a function wrote some seconds ago, to live for one hour."""
        held = self.add(name, login_fields=login_fields)
        began = self.clock.now() - age
        dates = {"refreshedAt": iso(began), "expiresAt": iso(began + HOUR)}
        text = json.dumps({**self.store.current(name).document, **dates}, ensure_ascii=False)
        token = successor_id(self.store.secret(name).arn, self.store.current(name).id)
        self.store.client().put_secret_value(
            SecretId=name, SecretString=text, ClientRequestToken=token, VersionStages=["AWSCURRENT", "ISSUED"]
        )
        return held

    def account(self, *, tokens: bool = True, login_fields: bool = True) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Opens an account; returns its name, what no function may change of its secret, and the whole of it."""
        self._accounts += 1
        account = f"account {self._accounts}"
        credentials = self.provider.create_account(account, tokens=tokens, login_fields=login_fields)
        business = {"note": "héllo, as it is", "contact": {"team": ["a", 1, None]}}
        kept = {**business, **{name: credentials[name] for name in self.kind.login_fields if login_fields}}
        return account, kept, {**credentials, **business}

    @contextmanager
    def container(self, prefix: str) -> Iterator[Container]:
        """Starts this provider's function, cold, for the secrets under a prefix."""
        environment = {**self.store.environment, "SECRET_PREFIX": prefix, "BASE_URL": self.provider.url}
        with self._runner.container(self.kind.name, environment, self._clock_file) as container:
            yield container
        self._said.update(container.new_lines())

    def run(
        self,
        container: Container,
        *,
        kill: Kill | None = None,
        meddle: Callable[[str], None] | None = None,
        event: object = None,
        seconds: float = RUN_SECONDS,
    ) -> Tick:
        """Runs a function once, and fails if a law was broken."""
        self.conductor.watch(container, kill, meddle)
        asked = len(self.provider.requests)
        ended = container.invoke(event, seconds=seconds)
        self.conductor.rest()
        assert self.law.broken == [], self.law.broken
        said = container.new_lines()
        self._said.update(said)
        lines = [json.loads(line) for line in said if line.startswith("{")]
        gauges = [line["NeedsAttention"][0] for line in lines if "NeedsAttention" in line]
        return Tick(
            killed=ended is None,
            raised=None if ended is None else ended.raised,
            outcomes={line["secret"]: line["outcome"] for line in lines if "secret" in line},
            needs_attention=gauges[0] if gauges else None,
            asked=len(self.provider.requests) - asked,
        )

    def wait_for_tick(self) -> None:
        """Lets time pass until the timer fires again."""
        self.clock.advance(TICK_SECONDS - (self.clock.now() - START) % TICK_SECONDS)

    def leaks(self) -> int:
        """Returns how many secret values are in what the processes have said."""
        values = self.provider.issued | self.store.secret_values(besides={*PUBLIC_KEYS, "gender"})  # which is "secret"
        return leaked(self._said, values)

    def is_live_or_waits(self, held: Held) -> bool:
        """Says whether live tokens are current, or stored for what is."""
        labels = self.store.labels(held.name)
        waiting = self.store.secret(held.name).version(labels.get("ISSUED", labels["AWSCURRENT"])).document
        return self.is_live(held) or self.provider.is_live(waiting)

    def is_live(self, held: Held) -> bool:
        """Says whether what is current would be accepted by the provider."""
        return self.provider.is_live(self.store.current(held.name).document)
