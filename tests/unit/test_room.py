"""Whether two more versions fit: how many are there, how old they are, and whether the tokens can wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.clock import DAY, HOUR, MINUTE, START, FakeClock, iso
from tests.unit.stored import Stored, run_with, version
from token_refresh.errors import Deferred, Denied
from token_refresh.room import check_room
from token_refresh.versions import proof_version_id

if TYPE_CHECKING:
    from token_refresh.run_context import RunContext
    from token_refresh.versions import Version

NOW = START - 5 * MINUTE + 2  # two seconds into an hour
LIFE = 100 * HOUR
HALF_A_DAY = 12 * HOUR
KEPT = DAY + 5 * MINUTE  # how long AWS keeps a version that has no label
CURRENT = version("v", {}, "AWSCURRENT")  # for its id


def current(percent_left: float | None, *labels: str) -> Version:
    """Makes the current version, old, of whose tokens' life so much is left; None: it holds no dates."""
    fields: dict[str, object] = {"appKey": "k", "appSecret": "s", "token": "t"}
    if percent_left is not None:
        begun = NOW - LIFE * (1 - percent_left / 100)
        fields |= {"refreshedAt": iso(begun), "expiresAt": iso(begun + LIFE)}
    return version("v", fields, "AWSCURRENT", *labels)


def others(count: int, seconds_old: float, *labels: str) -> list[Version]:
    """Makes other versions of this age."""
    return [version(f"{seconds_old}-{number}", {}, *labels, created=NOW - seconds_old) for number in range(count)]


def clock() -> FakeClock:
    """Makes a clock that shows this moment."""
    made = FakeClock()
    made.jump(NOW - START)
    return made


def outcome(run: RunContext, secret: Version, *listed: Version) -> str:
    """Returns how a look for room ends: the outcome, or nothing if there is room."""
    seeing = run_with(run, Stored(secret, *listed), clock=clock())
    try:
        check_room(seeing, seeing.parse(secret))
    except (Deferred, Denied) as error:
        return error.outcome.value
    return ""


@pytest.mark.parametrize(
    ("listed", "can_wait", "cannot_wait"),
    [
        # The current version is one more in each row.
        ([], "", ""),
        (others(44, MINUTE), "", ""),
        (others(45, MINUTE), "deferred", ""),
        (others(45, HALF_A_DAY - 1), "deferred", ""),
        (others(45, HALF_A_DAY), "", ""),
        (others(97, HALF_A_DAY), "", ""),
        (others(98, HALF_A_DAY), "deferred", "denied"),
        (others(98, MINUTE), "deferred", "denied"),
        (others(98, KEPT - 1), "deferred", "denied"),
        (others(98, KEPT), "", ""),
        (others(98, 10 * DAY, "THEIRS"), "deferred", "denied"),
        (others(300, KEPT), "", ""),
    ],
    ids=[
        "alone",
        "44 of a minute",
        "45 of a minute",
        "45 of under half a day",
        "45 of half a day",
        "98 in all",
        "99 in all",
        "99 in all, all new",
        "99 that are kept",
        "old ones that may be deleted",
        "old ones with labels",
        "many old ones",
    ],
)
def test_how_many_are_too_many(parsing: RunContext, listed: list[Version], can_wait: str, cannot_wait: str) -> None:
    """Tokens that can wait leave more than half of the room to people; the others need two places."""
    decided = outcome(parsing, current(50), *listed), outcome(parsing, current(10), *listed)
    assert decided == (can_wait, cannot_wait)


@pytest.mark.parametrize(
    ("secret", "proven_hours_ago", "waits"),
    [
        (current(100), None, True),
        (current(25), None, True),
        (current(24.9), None, False),
        (current(None), None, False),
        (current(50, "ASKED"), None, False),
        (current(50, "REJECTED"), None, True),
        (current(50), 0, False),
        (current(50), 1, False),
        (current(50), 2, True),
    ],
    ids=[
        "new",
        "a quarter",
        "under a quarter",
        "no dates",
        "ASKED",
        "REJECTED",
        "proof",
        "last hour's",
        "an older one",
    ],
)
def test_which_tokens_can_wait(
    parsing: RunContext,
    secret: Version,
    proven_hours_ago: int | None,
    waits: bool,  # noqa: FBT001  # a column
) -> None:
    """Those of which a quarter of the life is left, unless a run may have spent them already."""
    listed = others(98, MINUTE)
    if proven_hours_ago is not None:
        listed[0] = version(proof_version_id(CURRENT.successor_id, NOW - proven_hours_ago * HOUR), {}, created=NOW)
    assert outcome(parsing, secret, *listed) == ("deferred" if waits else "denied")


@pytest.mark.parametrize("percent_left", [50, 10])
def test_a_person_is_told_why(parsing: RunContext, percent_left: float) -> None:
    """How many there are, and what to do."""
    listed = [*others(50, MINUTE), *others(58, 13 * HOUR), *others(5, 2 * DAY)]
    run = run_with(parsing, Stored(current(percent_left), *listed), clock=clock())
    with pytest.raises((Deferred, Denied)) as caught:
        check_room(run, run.parse(current(percent_left)))
    assert str(caught.value) == (
        "the secret has 109 versions that are too young to be deleted, 50 of them from the last 12 hours, "
        "and AWS keeps about 100: nothing was asked, so that an answer has room; it goes on as they become a day old; "
        "save the secret less often"
    )
