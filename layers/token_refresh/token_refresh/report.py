"""How secrets ended, and what a run tells of it: log lines, metrics, the result, one line if something failed."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from token_refresh.clock import iso
from token_refresh.errors import NoSuchVersion, Outcome, SecretsFailed
from token_refresh.masking import hide

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aws_lambda_powertools import Logger

    from token_refresh.errors import SecretError
    from token_refresh.lifetime import Lifetime
    from token_refresh.provider import Provider

_MOST_NAMED, _LEAST_NAMED = 20, 2  # secrets in a line; of one reason


@dataclass(frozen=True, slots=True)
class Result:
    """One secret's outcome in one run; it shows no secret value."""

    name: str
    outcome: Outcome
    error: str | None = None
    life: Lifetime | None = None  # of what is AWSCURRENT now; None if its value cannot be read
    reported: bool = False  # a failure that an earlier run raised already
    has_no_value: bool = False  # a secret that is still to be filled: no failure yet

    @classmethod
    def of(cls, name: str, error: SecretError, life: Lifetime | None = None) -> Result:
        """Return how a secret ended that met an error."""
        return cls(name, error.outcome, hide(str(error)), life, has_no_value=isinstance(error, NoSuchVersion))

    @property
    def needs_human(self) -> bool:
        """Whether only a person can fix it."""
        return self.outcome.needs_human and not self.has_no_value

    @property
    def is_news(self) -> bool:
        """Whether the run that met it raises."""
        return self.outcome.fails_the_run and not self.reported and not self.has_no_value

    @property
    def expires_at(self) -> str | None:
        """The known expiry, as ISO 8601."""
        return None if self.life is None or self.life.expires_at is None else iso(self.life.expires_at)


def emit_metrics(provider: Provider, results: Sequence[Result], *, swept: bool, now: float) -> None:
    """Print the run's metrics in CloudWatch's embedded metric format; the two gauges only after a completed sweep."""
    # Not Powertools' shared Metrics: one run's figures must never leak into another's.
    metrics = EphemeralMetrics(namespace=os.environ["POWERTOOLS_METRICS_NAMESPACE"], service=provider.name)
    for outcome, count in sorted(Counter(result.outcome for result in results).items()):
        metrics.add_metric(name=outcome.value, unit=MetricUnit.Count, value=count)
    if swept:
        need_a_human = sum(result.needs_human for result in results)
        metrics.add_metric(name="NeedsAttention", unit=MetricUnit.Count, value=need_a_human)
        lives = [
            result.life.remaining_percent(now) for result in results if result.life and not result.outcome.needs_human
        ]
        if lives:
            metrics.add_metric(name="LifeRemainingPercent", unit=MetricUnit.Percent, value=min(lives))
    if metrics.metric_set:
        metrics.flush_metrics()


def log_results(logger: Logger, results: Sequence[Result]) -> None:
    """Log one line for each secret: an error if it failed just now, debug if there was nothing to do."""
    for result in results:
        keys = {"secret": result.name, "outcome": result.outcome.value, "expires_at": result.expires_at}
        line = f"{result.name}: {result.outcome}" + (f": {result.error}" if result.error else "")
        if result.outcome is Outcome.FRESH:
            logger.debug(line, extra=keys)
        elif result.reported or result.has_no_value:
            logger.warning(line, extra=keys)
        elif result.is_news:
            logger.error(line, extra=keys)
        else:
            logger.info(line, extra=keys)


def summary(provider: Provider, results: Sequence[Result]) -> dict[str, Any]:
    """Return the function's result: how many secrets ended how, and each that was not simply fresh."""
    return {
        "provider": provider.name,
        "outcomes": {o.value: n for o, n in sorted(Counter(result.outcome for result in results).items())},
        "secrets": [
            {
                "name": result.name,
                "outcome": result.outcome.value,
                "expires_at": result.expires_at,
                "error": result.error,
            }
            for result in results
            if result.outcome is not Outcome.FRESH
        ],
    }


def raise_if_failed(results: Sequence[Result]) -> None:
    """Raise `SecretsFailed`, one line for console, log and Lambda's error metric, unless all failures are old news."""
    failed = [result for result in results if result.is_news]
    if not failed:
        return
    if len(failed) <= _MOST_NAMED:
        named = "; ".join(f"{result.name}: {result.outcome}: {result.error}" for result in failed)
    else:
        named = "; ".join(_by_reason(failed))
    raise SecretsFailed(f"{len(failed)} of {len(results)} secrets failed: {named}")


def _by_reason(failed: Sequence[Result]) -> Iterator[str]:
    """Yield each reason once, with the first of the secrets that it holds for, the commonest reason first."""
    reasons: dict[str, list[str]] = {}
    for result in failed:
        reasons.setdefault(f"{result.outcome}: {result.error}", []).append(result.name)
    commonest = sorted(reasons.items(), key=lambda reason: -len(reason[1]))
    most = max(_LEAST_NAMED, _MOST_NAMED // len(reasons))
    for reason, names in commonest[:_MOST_NAMED]:
        more = f" and {len(names) - most} more" if len(names) > most else ""
        yield f"{len(names)} {reason}: {', '.join(names[:most])}{more}"
    if len(reasons) > _MOST_NAMED:
        yield f"and {sum(len(names) for _, names in commonest[_MOST_NAMED:])} more, for other reasons"
