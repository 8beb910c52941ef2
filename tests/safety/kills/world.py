"""One provider, one strict Secrets Manager, and functions in processes of their own, all under one clock."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from tests.safety.kills.clock import SharedClock
from tests.safety.kills.invariants import Invariants, TrackedSecret
from tests.safety.kills.killer import Kill, Killer
from tests.safety.outcomes import NEED_A_HUMAN
from tests.support.clock import HOUR, MINUTE, START, iso
from tests.support.function import RUN_SECONDS
from tests.support.leaks import leaked
from tests.support.secrets_manager import StrictSecretsManager
from tests.support.steps import successor_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    from tests.safety.kills.processes import FunctionProcess, ProcessStarter
    from tests.support.providers import ProviderFacts

SCHEDULE_SECONDS = 10 * MINUTE
_MOST_SHOWN = 5  # broken invariants: the first one often breaks others


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended, read from the lines that it printed. A killed run has no outcomes."""

    killed: bool
    raised: str | None
    outcomes: dict[str, str]  # by secret
    needs_attention: float | None
    asked: int  # times that the provider was asked

    @property
    def failing(self) -> set[str]:
        """Returns the secrets that need a human."""
        return {name for name, outcome in self.outcomes.items() if outcome in NEED_A_HUMAN}


class World:
    """A context manager: the servers listen until its end."""

    def __init__(
        self, kind: ProviderFacts, folder: Path, starter: ProcessStarter, *, move_takes_pending_off: bool
    ) -> None:
        """Makes the servers; they serve from `__enter__` on."""
        self.kind, self._starter, self._clock_file = kind, starter, folder / "clock"
        self.clock = SharedClock(self._clock_file)
        self.store = StrictSecretsManager(self.clock, move_takes_pending_off=move_takes_pending_off)
        self.provider = kind.simulator(clock=self.clock)
        self.invariants = Invariants(self.store, kind)
        self.killer = Killer(self.store, self.provider, self.invariants)
        self._servers = ExitStack()
        self._output: set[str] = set()  # lines: most are printed again and again
        self._accounts = 0

    def __enter__(self) -> Self:
        self._servers.enter_context(self.store)
        self._servers.enter_context(self.provider)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._servers.close()

    def add(self, name: str, *, tokens: bool = True, login_fields: bool = True) -> TrackedSecret:
        """Opens an account and creates its secret, as a person does: it is due."""
        account, kept, document = self.account(tokens=tokens, login_fields=login_fields)
        version = self.store.create(name, document)
        assert version is not None
        tracked = TrackedSecret(name, account, kept, by_hand={version.id})
        self.invariants.secrets.append(tracked)
        return tracked

    def add_ours(self, name: str, age: float, *, login_fields: bool = True) -> TrackedSecret:
        """Adds a secret whose current version a function wrote some seconds ago, to live for one hour."""
        tracked = self.add(name, login_fields=login_fields)
        began = self.clock.now() - age
        dates = {"refreshedAt": iso(began), "expiresAt": iso(began + HOUR)}
        text = json.dumps({**self.store.current(name).document, **dates}, ensure_ascii=False)
        token = successor_id(self.store.secret(name).arn, self.store.current(name).id)
        self.store.client().put_secret_value(
            SecretId=name, SecretString=text, ClientRequestToken=token, VersionStages=["AWSCURRENT", "ISSUED"]
        )
        return tracked

    def account(self, *, tokens: bool = True, login_fields: bool = True) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Opens an account; returns its name, what no function may change of its secret, and the whole of it."""
        self._accounts += 1
        account = f"account {self._accounts}"
        credentials = self.provider.create_account(account, tokens=tokens, login_fields=login_fields)
        business = {"note": "héllo, as it is", "contact": {"team": ["a", 1, None]}}
        kept = {**business, **{name: credentials[name] for name in self.kind.login_fields if login_fields}}
        return account, kept, {**credentials, **business}

    @contextmanager
    def process(self, prefix: str) -> Iterator[FunctionProcess]:
        """Starts this provider's function, cold, for the secrets under a prefix."""
        environment = {**self.store.environment, "SECRET_PREFIX": prefix, "BASE_URL": self.provider.url}
        with self._starter.process(self.kind.name, environment, self._clock_file) as process:
            yield process
        self._output.update(process.new_lines())

    def run(
        self,
        process: FunctionProcess,
        *,
        kill: Kill | None = None,
        on_step: Callable[[str], None] | None = None,
        event: object = None,
        seconds: float = RUN_SECONDS,
    ) -> Run:
        """Runs a function once, and fails if an invariant is broken."""
        self.killer.begin_run(process, kill, on_step)
        asked = len(self.provider.requests)
        ended = process.invoke(event, seconds=seconds)
        self.killer.end_run()
        assert not self.invariants.broken, "\n".join(list(dict.fromkeys(self.invariants.broken))[:_MOST_SHOWN])
        printed = process.new_lines()
        self._output.update(printed)
        lines = [json.loads(line) for line in printed if line.startswith("{")]
        gauges = [line["NeedsAttention"][0] for line in lines if "NeedsAttention" in line]
        return Run(
            killed=ended is None,
            raised=None if ended is None else ended.raised,
            outcomes={line["secret"]: line["outcome"] for line in lines if "secret" in line},
            needs_attention=gauges[0] if gauges else None,
            asked=len(self.provider.requests) - asked,
        )

    def wait_for_schedule(self) -> None:
        """Lets time pass until the next scheduled run."""
        self.clock.advance(SCHEDULE_SECONDS - (self.clock.now() - START) % SCHEDULE_SECONDS)

    def leaks(self) -> int:
        """Returns how many secret values are in what the processes printed."""
        values = self.provider.issued | self.store.secret_values()
        return leaked(self._output, values)

    def is_live_or_saved(self, tracked: TrackedSecret) -> bool:
        """Tells whether live tokens are current, or saved and not yet made current."""
        labels = self.store.labels(tracked.name)
        saved = self.store.secret(tracked.name).version(labels.get("ISSUED", labels["AWSCURRENT"])).document
        return self.is_live(tracked) or self.provider.is_live(saved)

    def is_live(self, tracked: TrackedSecret) -> bool:
        """Tells whether the provider would accept what is current."""
        return self.provider.is_live(self.store.current(tracked.name).document)
