"""Dates as they are written, and the time that a run has left."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise

import pytest
from aws_lambda_powertools import Logger
from hypothesis import given
from hypothesis import strategies as st

from token_refresh.clock import Deadline, SystemClock, iso, parse_iso
from token_refresh.errors import Deferred, Denied, Transient

LOGGER = Logger(service="test", level="CRITICAL")


@dataclass
class FakeClock:
    """A clock that a test sets."""

    steady: float = 1000.0

    def now(self) -> float:
        """Tells a time of day that nobody asks for here."""
        raise AssertionError

    def monotonic(self) -> float:
        """Tells the steady count that was set."""
        return self.steady

    def sleep(self, seconds: float) -> None:
        """Moves on."""
        self.steady += seconds


@dataclass
class FakeContext:
    """Lambda's context, with the milliseconds that a test sets."""

    milliseconds: int

    def get_remaining_time_in_millis(self) -> int:
        """Tells the milliseconds that were set."""
        return self.milliseconds


class TestDates:
    """ISO 8601, UTC, milliseconds, Z."""

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_510_213_872.070, "2017-11-09T07:51:12.070Z"),
            (1_510_473_072.121, "2017-11-12T07:51:12.121Z"),
            (1_700_000_000, "2023-11-14T22:13:20.000Z"),
            (1_700_000_000.9999, "2023-11-14T22:13:20.999Z"),
        ],
    )
    def test_a_moment_is_written_in_one_form(self, seconds: float, text: str) -> None:
        """Always with three digits of a second."""
        assert iso(seconds) == text

    @given(st.integers(0, 4_000_000_000_000))
    def test_every_millisecond_survives(self, milliseconds: int) -> None:
        """What is written is what is read: a version's id depends on it."""
        read = parse_iso(iso(milliseconds / 1000))
        assert read is not None
        assert round(read * 1000) == milliseconds

    @pytest.mark.parametrize(
        "text", [None, 7, "", "yesterday", "2017-11-09", "2017-11-09T07:51:12", "2017-13-01T00:00Z"]
    )
    def test_anything_else_is_none(self, text: object) -> None:
        """A date without a zone is nobody's."""
        assert parse_iso(text) is None


class TestDeadline:
    """The moment at which Lambda ends the run."""

    def test_the_steady_count_holds_when_the_wall_clock_jumps_back(self) -> None:
        """Lambda's own figure is computed from the wall clock."""
        clock, context = FakeClock(), FakeContext(540_000)
        deadline = Deadline(context, clock, LOGGER)
        clock.sleep(500)
        context.milliseconds = 600_000
        assert deadline.remaining() == 40

    def test_lambda_s_figure_holds_when_it_is_lower(self) -> None:
        """A frozen sandbox's steady count can stand still."""
        clock, context = FakeClock(), FakeContext(540_000)
        deadline = Deadline(context, clock, LOGGER)
        context.milliseconds = 7_000
        assert deadline.remaining() == 7

    @pytest.mark.parametrize(("total", "saving"), [(540, 60), (90, 10), (60, 10), (900, 100)])
    def test_a_ninth_of_a_run_is_for_saving(self, total: int, saving: float) -> None:
        """A minute of nine, and never less than ten seconds."""
        assert Deadline(FakeContext(total * 1000), FakeClock(), LOGGER).saving_seconds == saving

    @pytest.mark.parametrize(("left", "allowed"), [(75, True), (74.999, False), (540, True), (0, False)])
    def test_a_request_begins_only_if_its_answer_could_be_stored(self, left: float, allowed: bool) -> None:  # noqa: FBT001  # a column
        """15 s for the request, and the saving."""
        clock = FakeClock()
        deadline = Deadline(FakeContext(540_000), clock, LOGGER)
        clock.sleep(540 - left)
        if allowed:
            deadline.check_request()
        else:
            with pytest.raises(Deferred, match="the next run goes on"):
                deadline.check_request()


class TestRetry:
    """Trying a call again until shortly before the run ends."""

    def test_what_works_is_done_once(self) -> None:
        """And its result is returned, at once."""
        clock = FakeClock()
        assert Deadline(FakeContext(540_000), clock, LOGGER).retry(lambda: "done") == "done"
        assert clock.steady == 1000.0

    def test_pauses_double_up_to_five_seconds(self) -> None:
        """0.2, 0.4, 0.8, 1.6, 3.2, 5, 5 seconds."""
        clock, fails = FakeClock(), iter([Transient("busy")] * 7)
        began: list[float] = []

        def attempt() -> str:
            began.append(clock.steady)
            for error in fails:
                raise error
            return "done"

        assert Deadline(FakeContext(540_000), clock, LOGGER).retry(attempt) == "done"
        assert [round(b - a, 6) for a, b in pairwise(began)] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]

    @pytest.mark.parametrize(("calls", "last"), [(1, 540 - 9 - 5), (3, 540 - 25 - 5)])
    def test_the_last_attempt_can_still_be_answered_and_reported(self, calls: int, last: float) -> None:
        """Eight seconds for each call that it can take, and one to spare; then the last error is raised."""
        clock = FakeClock()
        began: list[float] = []

        def attempt() -> None:
            began.append(clock.steady - 1000)
            raise Transient(f"busy at {began[-1]:.1f}")

        with pytest.raises(Transient, match="busy at") as raised:
            Deadline(FakeContext(540_000), clock, LOGGER).retry(attempt, calls=calls)

        assert str(raised.value) == f"busy at {began[-1]:.1f}"
        assert last < began[-1] <= last + 5

    def test_refusals_are_counted_apart(self) -> None:
        """Three refusals end it; what passes by itself does not count."""
        errors = iter([Denied("1"), Transient("2"), Denied("3"), Transient("4"), Denied("5"), Denied("6")])

        def attempt() -> None:
            raise next(errors)

        with pytest.raises(Denied, match="5"):
            Deadline(FakeContext(540_000), FakeClock(), LOGGER).retry(attempt, most_refusals=3)

    def test_all_tries_can_be_counted(self) -> None:
        """So many, whatever went wrong."""
        errors = iter([Transient("1"), Denied("2"), Transient("3")])

        def attempt() -> None:
            raise next(errors)

        with pytest.raises(Denied, match="2"):
            Deadline(FakeContext(540_000), FakeClock(), LOGGER).retry(attempt, most_tries=2)


def test_the_system_clock_is_the_machine_s() -> None:
    """Seconds, all three."""
    clock = SystemClock()
    begun, steady = clock.now(), clock.monotonic()
    clock.sleep(0.001)
    assert (begun == pytest.approx(time.time(), abs=5), 0.001 <= clock.monotonic() - steady < 5) == (True, True)
