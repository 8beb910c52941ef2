"""What all safety tests share: a failure prints no more than a person reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

_MOST_LINES = 10  # of each captured channel: its end
_LONGEST_LINE = 200  # characters


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shortens what a test printed and logged: with every logger at DEBUG it can be megabytes."""
    report = yield
    report.sections = [(name, _shortened(text)) for name, text in report.sections]
    return report


def _shortened(text: str) -> str:
    lines = [line[:_LONGEST_LINE] for line in text.splitlines()]
    left_out = len(lines) - _MOST_LINES
    return "\n".join(lines if left_out <= 0 else [f"(... {left_out} lines are left out)", *lines[-_MOST_LINES:]])
