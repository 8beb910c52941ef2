"""What is done with a secret, for every combination of what it depends on."""

from __future__ import annotations

from itertools import product

import pytest

from token_refresh.deciding import Decision, decide
from token_refresh.events import RunRequest
from token_refresh.lifetime import Lifetime
from token_refresh.versions import Version

FRESH, DUE, BLOCKED, RETRY = Decision.FRESH, Decision.DUE, Decision.BLOCKED, Decision.RETRY
HOUR, DAY = 3600.0, 86_400.0
SLOT_BEGINS = 19_000 * DAY + 83 * 600.0  # the ten minutes of a day in which a version with the id "c" is tried again
MOMENTS = {"in its slot": SLOT_BEGINS, "out of it": SLOT_BEGINS - 0.001}
STARTED = {"not due": 0.0, "due": 12 * HOUR}  # seconds ago, of a life of a day

# What a run was asked for: the columns of the table.
REQUESTS = {
    "every secret": RunRequest(),
    "one": RunRequest("demo"),
    "every secret, rejected ones too": RunRequest(retry_rejected=True),
    "one, rejected or not": RunRequest("demo", retry_rejected=True),
    "one by force": RunRequest("demo", force=True),
    "one by force, rejected or not": RunRequest("demo", force=True, retry_rejected=True),
}
# The labels that count, the dates, the time of the day; then what is decided for each of the requests above.
TABLE = {
    ("", "not due", "in its slot"): (FRESH, FRESH, FRESH, FRESH, DUE, DUE),
    ("", "not due", "out of it"): (FRESH, FRESH, FRESH, FRESH, DUE, DUE),
    ("", "due", "in its slot"): (DUE, DUE, DUE, DUE, DUE, DUE),
    ("", "due", "out of it"): (DUE, DUE, DUE, DUE, DUE, DUE),
    ("ASKED", "not due", "in its slot"): (DUE, DUE, DUE, DUE, DUE, DUE),
    ("ASKED", "not due", "out of it"): (DUE, DUE, DUE, DUE, DUE, DUE),
    ("ASKED", "due", "in its slot"): (DUE, DUE, DUE, DUE, DUE, DUE),
    ("ASKED", "due", "out of it"): (DUE, DUE, DUE, DUE, DUE, DUE),
    ("REJECTED", "not due", "in its slot"): (RETRY, RETRY, DUE, DUE, DUE, DUE),
    ("REJECTED", "not due", "out of it"): (BLOCKED, BLOCKED, DUE, DUE, DUE, DUE),
    ("REJECTED", "due", "in its slot"): (RETRY, RETRY, DUE, DUE, DUE, DUE),
    ("REJECTED", "due", "out of it"): (BLOCKED, BLOCKED, DUE, DUE, DUE, DUE),
    ("ASKED REJECTED", "not due", "in its slot"): (RETRY, RETRY, DUE, DUE, DUE, DUE),
    ("ASKED REJECTED", "not due", "out of it"): (BLOCKED, BLOCKED, DUE, DUE, DUE, DUE),
    ("ASKED REJECTED", "due", "in its slot"): (RETRY, RETRY, DUE, DUE, DUE, DUE),
    ("ASKED REJECTED", "due", "out of it"): (BLOCKED, BLOCKED, DUE, DUE, DUE, DUE),
}
OTHER_LABELS = [
    frozenset({"AWSCURRENT"}),
    frozenset({"AWSCURRENT", "ISSUED"}),
    frozenset({"AWSCURRENT", "AWSPENDING", "UNREADABLE", "somebody's own"}),
    frozenset[str](),
]


def version(labels: frozenset[str]) -> Version:
    """Makes a secret with these labels and dates, whose slot is known."""
    return Version("arn", "demo", "c", "{}", labels, 0.0)


@pytest.mark.parametrize(
    ("row", "request_name", "expected"),
    [
        pytest.param(row, name, expected, id="-".join((row[0] or "no label", *row[1:], name)))
        for row, decisions in TABLE.items()
        for name, expected in zip(REQUESTS, decisions, strict=True)
    ],
)
def test_a_decision(row: tuple[str, str, str], request_name: str, expected: Decision) -> None:
    """One cell of the table; no other label changes it."""
    labels, dates, moment = row
    now = MOMENTS[moment]
    life = Lifetime(ours=True, start=now - STARTED[dates], expires_at=now - STARTED[dates] + DAY)
    decided = {
        decide(version(others | {*labels.split()}), life, REQUESTS[request_name], now) for others in OTHER_LABELS
    }
    assert decided == {expected}


def test_the_table_is_whole() -> None:
    """Every combination of the labels that count, the dates and the time of the day is in it."""
    assert {*TABLE} == {*product(("", "ASKED", "REJECTED", "ASKED REJECTED"), STARTED, MOMENTS)}


def test_what_a_person_stored_is_due() -> None:
    """Nobody knows yet whether it works."""
    life = Lifetime(ours=False, start=SLOT_BEGINS, expires_at=None)
    assert decide(version(frozenset({"AWSCURRENT"})), life, RunRequest(), SLOT_BEGINS) is DUE
