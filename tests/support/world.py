"""One function among simulators: its provider, Secrets Manager and time, all in a test's hands."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import steps
from tests.support.clock import Context, FakeClock
from tests.support.function import RUN_SECONDS, cold_start, environment
from tests.support.output import Output, let_everything_speak
from tests.support.providers import Sent
from tests.support.steps import Step

if TYPE_CHECKING:
    from tests.support.providers import ProviderFacts
    from tests.support.secrets_manager import StrictSecretsManager, Version
    from tests.support.simulators import Simulator

# For a test that is not about a provider: one is enough.
one_provider = pytest.mark.parametrize("provider_name", ["mcs"])
_GAUGES = ("NeedsAttention", "LifeRemainingPercent")


@dataclass(frozen=True, slots=True)
class Run:
    """What one invocation did."""

    returned: dict[str, Any] | None
    raised: Exception | None
    steps: list[Step]
    sent: list[Sent]
    lines: list[dict[str, Any]]  # JSON, as printed
    seconds: float

    @property
    def result(self) -> dict[str, Any]:
        """Returns what the function returned; raises what it raised instead."""
        if self.raised is not None:
            raise self.raised
        assert self.returned is not None
        return self.returned

    @property
    def failure(self) -> str:
        """Returns the line that the run raised."""
        assert type(self.raised).__name__ == "SecretsFailed", self.raised
        return str(self.raised)

    @property
    def emf(self) -> list[dict[str, Any]]:
        """Returns the documents of CloudWatch's embedded metric format."""
        return [line for line in self.lines if "_aws" in line]

    @property
    def metrics(self) -> dict[str, float]:
        """Returns the value of each metric; none if none were emitted."""
        assert len(self.emf) <= 1
        return {
            metric["Name"]: document[metric["Name"]][0]
            for document in self.emf
            for directive in document["_aws"]["CloudWatchMetrics"]
            for metric in directive["Metrics"]
        }

    @property
    def outcomes(self) -> dict[str, float]:
        """Returns how many secrets ended how, whether or not the run raised."""
        return {name: value for name, value in self.metrics.items() if name not in _GAUGES}


@dataclass
class World:
    """A provider's function and all that it can reach. It starts cold at the first run."""

    kind: ProviderFacts
    clock: FakeClock
    store: StrictSecretsManager
    provider: Simulator
    output: Output
    monkeypatch: pytest.MonkeyPatch
    _function: Any = field(default=None, init=False)
    _quiet: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Sets the environment."""
        self.prefix = f"token-refresh/{self.kind.name}/"
        self.set_environment(**environment(self.kind, self.provider.url, **self.store.environment, MAX_WORKERS="8"))

    def set_environment(self, **variables: str) -> None:
        """Sets variables; the next run is a cold start."""
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)
        self._function = None

    def log_little(self) -> None:
        """Logs as in production, for a test of thousands of runs."""
        self._quiet = True
        self.set_environment(POWERTOOLS_LOG_LEVEL="INFO")

    def cold_start(self, clock: Any = None, refresh: Any = None, **changes: Any) -> Any:  # noqa: ANN401 - the layer's own, imported late
        """Makes the function as importing its module does, with a clock, a way to refresh, a provider of the test's."""
        self._function = cold_start(self.kind, clock or self.clock, refresh=refresh, **changes)
        if not self._quiet:
            let_everything_speak()
        return self._function

    def add(self, short: str = "a", *, tokens: bool = True, login_fields: bool = True, **more: object) -> str:
        """Opens an account and creates its secret; returns the secret's name."""
        name = self.prefix + short
        account = self.provider.create_account(name, tokens=tokens, login_fields=login_fields)
        self.store.create(name, {**account, **more})
        return name

    def add_refreshed(self, short: str = "a", **options: Any) -> str:  # noqa: ANN401 - those of `add`
        """Adds a secret whose current version the function has written."""
        name = self.add(short, **options)
        assert self.run({"secret_id": name}).result["outcomes"] == {"refreshed": 1}
        return name

    def run(self, event: object = None, *, seconds: float = RUN_SECONDS) -> Run:
        """Invokes the function; without an event, as Scheduler does: a sweep."""
        function = self._function or self.cold_start()
        before = len(self.store.calls), len(self.provider.requests)
        began = self.clock.monotonic()
        returned, raised = None, None
        try:
            returned = function({} if event is None else event, Context(self.clock, seconds))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
            raised = error
        self.output.tell(raised or returned)
        return Run(
            returned,
            raised,
            [Step.of(call) for call in self.store.calls[before[0] :]],
            [Sent.of(request) for request in self.provider.requests[before[1] :]],
            self.output.new_lines(),
            self.clock.monotonic() - began,
        )

    def run_until_asked(self) -> Run:
        """Runs every ten minutes until the provider is asked: within a day, in the slot of a refused version."""
        for _ in range(145):
            run = self.run()
            if run.sent:
                return run
            self.clock.advance(600 - run.seconds % 600)
        raise AssertionError("a day without a slot")

    def force(self, name: str) -> Run:
        """Invokes the function for one secret, due or not."""
        return self.run({"secret_id": name, "force": True})

    def current(self, name: str) -> Version:
        """Returns what AWSCURRENT is on."""
        return self.store.current(name)

    def document(self, name: str) -> dict[str, Any]:
        """Returns the secret's current value, in its order."""
        return self.current(name).document

    def rotation(self, name: str, before: Version) -> list[Step]:
        """Returns the calls of one undisturbed rotation of this version, begun and ended now, from its own read on."""
        return [
            *self.preparation(name, before),
            steps.save(name, self.successor_id(name, before.id)),
            steps.promotion(name),
        ]

    def preparation(self, name: str, before: Version, at: float | None = None) -> list[Step]:
        """Returns the calls before the provider is asked about this version, proven now or at a moment."""
        look = [] if "ISSUED" in before.labels else [self.look(name)]
        return [steps.read(name), *look, steps.room(name), self.proof(name, before.id, at)]

    def look(self, name: str) -> Step:
        """Returns the look for an answer that waits to be made current."""
        return steps.read(name, "ISSUED").but("ResourceNotFoundException")

    def proof(self, name: str, version_id: str, at: float | None = None) -> Step:
        """Returns the proof for a version now, or at a moment."""
        now = self.clock.now() if at is None else at
        return steps.proof(name, steps.proof_token(self.store.secret(name).arn, version_id, now))

    def arn(self, name: str) -> str:
        """Returns a secret's ARN."""
        return self.store.secret(name).arn

    def successor_id(self, name: str, version_id: str) -> str:
        """Returns the id of the version with the tokens that replace a version's."""
        return steps.successor_id(self.store.secret(name).arn, version_id)

    def secret_values(self) -> set[str]:
        """Returns every value that nothing may show."""
        return {*self.provider.issued, *self.store.secret_values()}

    def edit(self, name: str, **changes: object) -> dict[str, Any]:
        """Stores the current value with changes, as a person does; None takes a key out."""
        fields = {**self.document(name), **changes}
        document = {key: value for key, value in fields.items() if value is not None}
        self.store.person_writes(name, json.dumps(document, ensure_ascii=False))
        return document
