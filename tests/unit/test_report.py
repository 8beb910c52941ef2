"""What a run tells of its secrets: log lines, metrics, the result, and one line if something failed."""

from __future__ import annotations

import io
import json

import pytest
from aws_lambda_powertools import Logger

from token_refresh.errors import Outcome, SecretsFailed
from token_refresh.lifetime import Lifetime
from token_refresh.mcs import MCS
from token_refresh.report import Result, emit_metrics, log_results, raise_if_failed, summary

START = 1_510_213_872.0
EXPIRES_AT = "2017-11-09T09:31:12.000Z"


def result(name: str, outcome: Outcome, error: str | None = None, *, life: float = 0, reported: bool = False) -> Result:
    """Makes a result; `life`: the seconds that its tokens live, 0 if their dates are not known."""
    known = Lifetime(ours=True, start=START, expires_at=START + life) if life else None
    return Result(name, outcome, error, known, reported)


@pytest.mark.parametrize(
    ("life", "expires_at"),
    [
        (None, None),
        (Lifetime(ours=True, start=START, expires_at=None), None),
        (Lifetime(ours=True, start=START, expires_at=START + 6000), EXPIRES_AT),
    ],
)
def test_an_expiry_is_told_if_it_is_known(life: Lifetime | None, expires_at: str | None) -> None:
    """An assumed one is not."""
    assert Result("a", Outcome.FRESH, life=life).expires_at == expires_at


class TestMetrics:
    """CloudWatch's embedded metric format: one line of JSON."""

    @pytest.fixture(autouse=True)
    def namespace(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As the template sets it."""
        monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "TokenRefresh/test")

    @pytest.mark.parametrize(
        ("results", "swept", "metrics"),
        [
            ([], False, None),
            ([], True, {"NeedsAttention": 0}),
            ([result("a", Outcome.FRESH, life=100)], False, {"fresh": 1}),
            (
                [result("a", Outcome.FRESH, life=100), result("b", Outcome.FRESH, life=200)],
                True,
                {"fresh": 2, "NeedsAttention": 0, "LifeRemainingPercent": 50},
            ),
            (
                [result("a", Outcome.TRANSIENT, life=100), result("b", Outcome.REFRESHED, life=200)],
                True,
                {"refreshed": 1, "transient": 1, "NeedsAttention": 0, "LifeRemainingPercent": 50},
            ),
            (
                [
                    result("a", Outcome.REJECTED, life=60, reported=True),
                    result("b", Outcome.DENIED),
                    result("c", Outcome.FRESH, life=200),
                ],
                True,
                {"fresh": 1, "denied": 1, "rejected": 1, "NeedsAttention": 2, "LifeRemainingPercent": 75},
            ),
        ],
        ids=[
            "nothing",
            "no secret",
            "one secret only",
            "the lowest life",
            "after an outage",
            "not of what is reported",
        ],
    )
    def test_the_figures(
        self,
        capsys: pytest.CaptureFixture[str],
        results: list[Result],
        swept: bool,  # noqa: FBT001  # a column
        metrics: dict[str, float] | None,
    ) -> None:
        """Outcomes are counted; the gauges are set by a sweep only. Here 50 seconds after the tokens were issued."""
        emit_metrics(MCS, results, swept=swept, now=START + 50)
        printed = capsys.readouterr().out
        if metrics is None:
            assert printed == ""
            return
        document = json.loads(printed)
        [described] = document.pop("_aws")["CloudWatchMetrics"]
        assert document == {"service": "mcs", **{name: [value] for name, value in metrics.items()}}
        units = {one["Name"]: one["Unit"] for one in described["Metrics"]}
        expected = {name: "Percent" if name == "LifeRemainingPercent" else "Count" for name in metrics}
        assert (described["Namespace"], described["Dimensions"], units) == (
            "TokenRefresh/test",
            [["service"]],
            expected,
        )


@pytest.mark.parametrize(
    ("outcome", "reported", "level"),
    [
        ("fresh", False, "DEBUG"),
        ("refreshed", False, "INFO"),
        ("logged_in", False, "INFO"),
        ("superseded", False, "INFO"),
        ("deferred", False, "INFO"),
        ("transient", False, "ERROR"),
        ("denied", False, "ERROR"),
        ("rejected", False, "ERROR"),
        ("rejected", True, "WARNING"),
        ("invalid_secret", True, "WARNING"),
    ],
)
@pytest.mark.parametrize(("error", "said"), [(None, ""), ("why", ": why")])
def test_a_line_is_logged_for_each_secret(
    outcome: str,
    reported: bool,  # noqa: FBT001  # a column
    level: str,
    error: str | None,
    said: str,
) -> None:
    """An error only if a person has not been told yet."""
    stream = io.StringIO()
    logger = Logger(service=f"report-{outcome}-{reported}-{error}", level="DEBUG", stream=stream)
    log_results(logger, [result("a", Outcome(outcome), error, life=6000, reported=reported)])
    line = json.loads(stream.getvalue())
    told = {key: line[key] for key in ("level", "message", "secret", "outcome", "expires_at")}
    expected = {"level": level, "message": f"a: {outcome}{said}", "secret": "a", "outcome": outcome}
    assert told == {**expected, "expires_at": EXPIRES_AT}


def test_the_summary_names_all_but_the_fresh() -> None:
    """Those are only counted."""
    results = [
        result("a", Outcome.FRESH),
        result("b", Outcome.REFRESHED, life=6000),
        result("c", Outcome.FRESH),
        result("d", Outcome.DENIED, "why"),
    ]
    assert summary(MCS, results) == {
        "provider": "mcs",
        "outcomes": {"denied": 1, "fresh": 2, "refreshed": 1},
        "secrets": [
            {"name": "b", "outcome": "refreshed", "expires_at": EXPIRES_AT, "error": None},
            {"name": "d", "outcome": "denied", "expires_at": None, "error": "why"},
        ],
    }


class TestFailure:
    """The error that ends a run in which something failed."""

    def test_what_is_fine_or_was_reported_before_raises_nothing(self) -> None:
        """So that the error metric shows news only."""
        fine = [result("a", outcome) for outcome in (Outcome.FRESH, Outcome.DEFERRED, Outcome.SUPERSEDED)]
        raise_if_failed([*fine, result("b", Outcome.REJECTED, "why", reported=True)])

    def test_one_line_names_what_failed(self) -> None:
        """Each with its reason, among how many."""
        results = [
            result("a", Outcome.TRANSIENT, "no answer"),
            result("b", Outcome.FRESH),
            result("c", Outcome.REJECTED, "old news", reported=True),
            result("d", Outcome.DENIED, "why"),
        ]
        with pytest.raises(SecretsFailed) as caught:
            raise_if_failed(results)
        assert str(caught.value) == "2 of 4 secrets failed: a: transient: no answer; d: denied: why"

    def test_up_to_twenty_are_named_each_with_its_reason(self) -> None:
        """Even if it is the same one."""
        with pytest.raises(SecretsFailed) as caught:
            raise_if_failed([result(f"s{number}", Outcome.DENIED, "why") for number in range(20)])
        said = str(caught.value)
        assert (said.startswith("20 of 20 "), said.endswith("s19: denied: why"), said.count("why")) == (True, True, 20)

    def test_more_are_grouped_by_reason_the_commonest_first(self) -> None:
        """Lambda cuts a longer line."""
        results = [result(f"s{number}", Outcome.DENIED, "rare" if number == 3 else "why") for number in range(22)]
        with pytest.raises(SecretsFailed) as caught:
            raise_if_failed(results)
        named = ", ".join(f"s{number}" for number in range(11) if number != 3)
        assert str(caught.value) == f"22 of 22 secrets failed: 21 denied: why: {named} and 11 more; 1 denied: rare: s3"

    def test_reasons_past_the_twentieth_are_counted(self) -> None:
        """At least two secrets of a reason are named."""
        results = [result(f"s{number}", Outcome.DENIED, f"why {number % 22:02}") for number in range(66)]
        with pytest.raises(SecretsFailed) as caught:
            raise_if_failed(results)
        assert "; 3 denied: why 19: s19, s41 and 1 more; " in str(caught.value)
        assert str(caught.value).endswith("; and 6 more, for other reasons")
        assert "why 20" not in str(caught.value)
