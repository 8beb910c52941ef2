"""Dates as they are written, and the time that a run has left."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from token_refresh.clock import Deadline, SystemClock, iso, parse_iso


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
    def test_a_moment_is_written_as_the_design_says(self, seconds: float, text: str) -> None:
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
        deadline = Deadline(context, clock)
        clock.sleep(500)
        context.milliseconds = 600_000
        assert deadline.remaining() == 40

    def test_lambda_s_figure_holds_when_it_is_lower(self) -> None:
        """A frozen sandbox's steady count can stand still."""
        clock, context = FakeClock(), FakeContext(540_000)
        deadline = Deadline(context, clock)
        context.milliseconds = 7_000
        assert deadline.remaining() == 7

    @pytest.mark.parametrize(("total", "saving"), [(540, 60), (90, 10), (60, 10), (900, 100)])
    def test_a_ninth_of_a_run_is_for_saving(self, total: int, saving: float) -> None:
        """A minute of nine, and never less than ten seconds."""
        assert Deadline(FakeContext(total * 1000), FakeClock()).saving_seconds == saving

    @pytest.mark.parametrize(("left", "allowed"), [(75, True), (74.999, False), (540, True), (0, False)])
    def test_a_request_begins_only_if_its_answer_could_be_stored(self, left: float, allowed: bool) -> None:  # noqa: FBT001  # a column
        """15 s for the request, and the saving."""
        clock = FakeClock()
        deadline = Deadline(FakeContext(540_000), clock)
        clock.sleep(540 - left)
        assert deadline.allows_request() == allowed


def test_the_system_clock_is_the_machine_s() -> None:
    """Seconds, all three."""
    clock = SystemClock()
    begun, steady = clock.now(), clock.monotonic()
    clock.sleep(0.001)
    assert (begun == pytest.approx(time.time(), abs=5), 0.001 <= clock.monotonic() - steady < 5) == (True, True)
