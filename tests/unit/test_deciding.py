"""What is done with a secret, for every combination of what it depends on."""

from __future__ import annotations

import json
from itertools import product

import pytest

from token_refresh.deciding import Decision, decide
from token_refresh.document import parse_document
from token_refresh.events import RunRequest
from token_refresh.lifetime import Lifetime
from token_refresh.mcs import MCS
from token_refresh.run_context import StoredSecret
from token_refresh.versions import Version

FRESH, DUE, BLOCKED, RETRY = Decision.FRESH, Decision.DUE, Decision.BLOCKED, Decision.RETRY
HOUR, DAY = 3600.0, 86_400.0
DAILY_SLOT = 19_000 * DAY + 83 * 600.0  # of a version with the id "c"; its ten minutes of every hour: from minute 50 on
MOMENTS = {"daily": DAILY_SLOT, "hourly": DAILY_SLOT + 2 * HOUR, "neither": DAILY_SLOT - 0.001}
STARTED = {"not due": 0.0, "due": 12 * HOUR}  # seconds ago, of a life of a day
FIELDS = {
    "can refresh": {"appKey": "k", "appSecret": "s", "token": "t"},
    "can log in only": {"appKey": "k", "appSecret": "s", "email": "e", "password": "p"},
}
REQUESTS = {
    "every secret": RunRequest(),
    "one": RunRequest("demo"),
    "every secret, rejected ones too": RunRequest(retry_rejected=True),
    "one by force": RunRequest("demo", force=True),
}
OTHER_LABELS = [
    frozenset({"AWSCURRENT"}),
    frozenset({"AWSCURRENT", "ISSUED", "AWSPENDING", "UNREADABLE", "somebody's own"}),
    frozenset[str](),
]


def secret(labels: frozenset[str], life: Lifetime, fields: str) -> StoredSecret:
    """Makes a secret with these labels and dates, whose slots are known."""
    text = json.dumps(FIELDS[fields])
    return StoredSecret(Version("arn", "demo", "c", text, labels, 0.0), parse_document(text, MCS), life)


def expected(labels: str, dates: str, moment: str, fields: str, request: RunRequest) -> Decision:
    """Is the rule, read aloud."""
    if labels and "ASKED" not in labels.split()[0:1] and not request.insists:
        # REJECTED: a refresh once an hour, a login once a day. UNCLEAR alone: once an hour.
        hourly = "REJECTED" not in labels or fields == "can refresh"
        return RETRY if moment == "daily" or (hourly and moment == "hourly") else BLOCKED
    return DUE if request.force or labels or dates == "due" else FRESH


@pytest.mark.parametrize(
    "labels", ["", "ASKED", "REJECTED", "UNCLEAR", "REJECTED ASKED", "UNCLEAR ASKED", "REJECTED UNCLEAR"]
)
@pytest.mark.parametrize("request_name", REQUESTS)
def test_a_decision(labels: str, request_name: str) -> None:
    """Each combination with dates, time and fields; no other label changes it."""
    request = REQUESTS[request_name]
    for dates, moment, fields, others in product(STARTED, MOMENTS, FIELDS, OTHER_LABELS):
        now = MOMENTS[moment]
        life = Lifetime(ours=True, start=now - STARTED[dates], expires_at=now - STARTED[dates] + DAY)
        decided = decide(secret(others | {*labels.split()}, life, fields), request, now, now)
        assert decided is expected(labels, dates, moment, fields, request), (dates, moment, fields)


def test_the_run_s_start_decides_on_the_slot() -> None:
    """A long run does not slip out of a slot, or into one."""
    life = Lifetime(ours=True, start=0.0, expires_at=DAY)
    rejected = secret(frozenset({"REJECTED"}), life, "can log in only")
    assert decide(rejected, RunRequest(), DAILY_SLOT + 599, DAILY_SLOT + 601) is RETRY
    assert decide(rejected, RunRequest(), DAILY_SLOT - 1, DAILY_SLOT) is BLOCKED


def test_what_a_person_stored_is_due() -> None:
    """Nobody knows yet whether it works."""
    life = Lifetime(ours=False, start=DAILY_SLOT, expires_at=None)
    stored = secret(frozenset({"AWSCURRENT"}), life, "can refresh")
    assert decide(stored, RunRequest(), DAILY_SLOT, DAILY_SLOT) is DUE
