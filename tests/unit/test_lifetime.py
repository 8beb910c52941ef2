"""When tokens are due, to the second, within a provider's limits; and whose dates are believed."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from token_refresh.ekuaibao import EKUAIBAO
from token_refresh.fashion_world import FASHION_WORLD
from token_refresh.lifetime import Lifetime, Limits
from token_refresh.mcs import MCS
from token_refresh.versions import Version

if TYPE_CHECKING:
    from token_refresh.provider import Provider

REFRESHED_AT, EXPIRES_AT = "2017-11-09T07:51:12.070Z", "2017-11-12T07:51:12.121Z"
STARTED, EXPIRES = 1_510_213_872.070, 1_510_473_072.121  # the same, in epoch seconds
CREATED = STARTED + 5
START = 1_510_213_872.0  # whole seconds, so that a test of one second is exact
MINUTE, HOUR, DAY = 60, 3600, 86_400
LIMITS = Limits(assumed=2 * HOUR, shortest=20 * MINUTE, longest=DAY)
OTHER_LABELS = frozenset({"AWSCURRENT", "AWSPENDING", "ASKED", "REJECTED", "UNREADABLE", "issued", "ISSUED "})
DEFAULT_LIMITS = Limits()  # of a provider that says nothing of its own


def life_of(fields: dict[str, object], *labels: str, limits: Limits = DEFAULT_LIMITS) -> Lifetime:
    """Reads the life of a version that holds these fields and has these labels."""
    version = Version("arn", "token-refresh/mcs/demo", "id", "{}", frozenset(labels), CREATED)
    return Lifetime.of(version, fields, limits)


def ours(length: float | None, limits: Limits = DEFAULT_LIMITS) -> Lifetime:
    """Makes the life of tokens that a run stored."""
    return Lifetime(ours=True, start=START, expires_at=None if length is None else START + length, limits=limits)


def due_after(life: Lifetime) -> float:
    """Returns how many seconds after its start a life becomes due, found by halving."""
    low, high = 0.0, 20 * 366.0 * DAY
    assert (life.due(START + low), life.due(START + high)) == (False, True)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if life.due(START + middle) else (middle, high)
    return high


class TestBelief:
    """Dates are believed of a version with the label ISSUED: the latest answer that a run stored."""

    def test_the_dates_of_an_issued_version_are_believed(self) -> None:
        """A run wrote them beside its tokens, and nobody can have changed them since."""
        fields: dict[str, object] = {"refreshedAt": REFRESHED_AT, "expiresAt": EXPIRES_AT}
        assert life_of(fields, "AWSCURRENT", "ISSUED") == Lifetime(ours=True, start=STARTED, expires_at=EXPIRES)

    def test_no_other_label_will_do(self) -> None:
        """Stale dates under pasted tokens fool nobody: the version's own date counts, and no expiry is known."""
        fields: dict[str, object] = {"refreshedAt": REFRESHED_AT, "expiresAt": "2099-01-01T00:00:00.000Z"}
        assert life_of(fields, *OTHER_LABELS) == Lifetime(ours=False, start=CREATED, expires_at=None)

    @pytest.mark.parametrize("refreshed_at", [None, "", "yesterday", 7, ["2017"], "2017-11-09T07:51:12"])
    def test_an_issued_version_without_a_date_is_not_believed(self, refreshed_at: object) -> None:
        """A person may have moved the label; an expiry alone tells nothing."""
        life = life_of({"refreshedAt": refreshed_at, "expiresAt": EXPIRES_AT}, "ISSUED")
        assert life == Lifetime(ours=False, start=CREATED, expires_at=None)

    @pytest.mark.parametrize("expires_at", [None, "", "soon", 7])
    def test_an_odd_expiry_of_an_issued_version_is_unknown(self, expires_at: object) -> None:
        """It is still a run's."""
        life = life_of({"refreshedAt": REFRESHED_AT, "expiresAt": expires_at}, "ISSUED")
        assert life == Lifetime(ours=True, start=STARTED, expires_at=None)

    @pytest.mark.parametrize("label", ["ISSUED", "AWSCURRENT"])
    def test_the_provider_s_limits_hold_either_way(self, label: str) -> None:
        """Whether or not the dates are believed."""
        assert life_of({"refreshedAt": REFRESHED_AT}, label, limits=LIMITS).limits == LIMITS

    def test_what_is_written_in_a_document_can_be_read_alone(self) -> None:
        """To compare two answers, whatever their labels are by now."""
        fields = {"refreshedAt": REFRESHED_AT, "expiresAt": EXPIRES_AT}
        assert Lifetime.written_in(fields, LIMITS) == Lifetime(
            ours=True, start=STARTED, expires_at=EXPIRES, limits=LIMITS
        )

    @pytest.mark.parametrize("refreshed_at", [None, "", "yesterday", 7])
    def test_nothing_is_written_without_a_date(self, refreshed_at: object) -> None:
        """A person's document has none."""
        assert Lifetime.written_in({"refreshedAt": refreshed_at, "expiresAt": EXPIRES_AT}, LIMITS) is None


class TestDue:
    """From half of the lifetime less 60 s, within the provider's limits: by default never within 29 minutes."""

    def test_what_a_person_stored_is_due_at_once(self) -> None:
        """Whoever pastes credentials learns within one scheduled run whether they work."""
        assert Lifetime(ours=False, start=START, expires_at=None).due(START)

    @pytest.mark.parametrize(
        ("length", "after"),
        [
            (HOUR, 29 * MINUTE),
            (2 * HOUR, 59 * MINUTE),
            (DAY, 12 * HOUR - MINUTE),
            (3 * DAY, 36 * HOUR - MINUTE),
            (365 * DAY, 182.5 * DAY - MINUTE),
            (60 * MINUTE + 2, 29 * MINUTE + 1),
            (59 * MINUTE, 29 * MINUTE),
            (10 * MINUTE, 29 * MINUTE),
            (1, 29 * MINUTE),
            (0, 29 * MINUTE),
            (-DAY, 29 * MINUTE),
            (None, 29 * MINUTE),
        ],
    )
    def test_ours_is_due_from_half_its_life(self, length: float | None, after: float) -> None:
        """To the millisecond; a tiny, past or unknown expiry is due after 29 minutes, not in every scheduled run."""
        assert due_after(ours(length)) == pytest.approx(after, abs=0.001)

    @pytest.mark.parametrize(
        ("length", "after"),
        [
            (HOUR, 29 * MINUTE),
            (40 * MINUTE + 2, 19 * MINUTE + 1),
            (40 * MINUTE, 19 * MINUTE),
            (MINUTE, 19 * MINUTE),
            (-DAY, 19 * MINUTE),
            (2 * DAY - 2, DAY - MINUTE - 1),
            (2 * DAY, DAY - MINUTE),
            (365 * DAY, DAY - MINUTE),
            (None, 59 * MINUTE),
        ],
        ids=[
            "within the limits",
            "a second over the shortest",
            "the shortest",
            "under the shortest",
            "past",
            "a second under the longest",
            "the longest",
            "over the longest",
            "half of the assumed life",
        ],
    )
    def test_a_provider_has_limits_of_its_own(self, length: float | None, after: float) -> None:
        """Here 20 minutes, a day, and two hours for tokens of unknown expiry."""
        assert due_after(ours(length, LIMITS)) == pytest.approx(after, abs=0.001)

    @pytest.mark.parametrize(
        ("life", "after"),
        [
            (ours(DAY), 12 * HOUR - MINUTE),
            (ours(MINUTE), 29 * MINUTE),
            (ours(None), 29 * MINUTE),
            (ours(MINUTE, LIMITS), 19 * MINUTE),
            (ours(365 * DAY, LIMITS), DAY - MINUTE),
            (ours(None, LIMITS), 59 * MINUTE),
        ],
        ids=["half", "shortest", "assumed", "own shortest", "own longest", "own assumed"],
    )
    def test_it_begins_at_a_second(self, life: Lifetime, after: float) -> None:
        """At exactly that second, and not a millisecond before it."""
        assert (life.due(START + after - 0.001), life.due(START + after)) == (False, True)

    @pytest.mark.parametrize(("ahead", "due"), [(0, False), (59, False), (60, False), (61, True), (10 * DAY, True)])
    def test_a_start_in_the_future_is_due(self, ahead: float, due: bool) -> None:  # noqa: FBT001  # a column of the table
        """A clock jumped; waiting for it to come round could outlast the token. A minute is no jump."""
        assert ours(DAY).due(START - ahead) == due

    @given(st.floats(-DAY, 10 * 365 * DAY), st.floats(0, 29 * MINUTE - 0.01))
    def test_never_within_29_minutes(self, length: float, after: float) -> None:
        """Whatever expiry a provider gives: this bounds how often a secret is written."""
        assert not ours(length).due(START + after)

    @given(st.floats(-DAY, 10 * 365 * DAY), st.floats(DAY - MINUTE, 20 * 365 * DAY))
    def test_always_after_the_longest_time(self, length: float, after: float) -> None:
        """Whatever expiry a provider gives: this bounds how long a secret is left alone."""
        assert ours(length, LIMITS).due(START + after)

    @given(st.floats(HOUR, 10 * 365 * DAY))
    def test_a_run_after_half_of_an_hour_or_more_finds_half_of_it_left(self, length: float) -> None:
        """With a scheduled run every ten minutes, at most ten minutes less than half is left when one refreshes."""
        assert ours(length).due(START + length / 2 + 9 * MINUTE + 1)


class TestLimits:
    """What holds for a provider that says nothing else."""

    def test_the_defaults_are_as_published(self) -> None:
        """An hour is the shortest life of the three providers; half of it is the least between two refreshes."""
        assert Limits(assumed=HOUR, shortest=30 * MINUTE, longest=inf) == Limits()

    def test_ekuaibao_s_tokens_are_refreshed_every_30_days(self) -> None:
        """Whatever expiry it gives: it deletes access tokens that are three months old."""
        assert EKUAIBAO.limits == Limits(longest=30 * DAY)

    @pytest.mark.parametrize("provider", [MCS, FASHION_WORLD, EKUAIBAO], ids=lambda provider: provider.name)
    def test_no_provider_writes_more_often_than_aws_advises(self, provider: Provider) -> None:
        """144 versions a day; each refresh stores two."""
        assert 2 * DAY / provider.limits.shortest <= 144


class TestRemaining:
    """How much of the life is left, for the metric."""

    @pytest.mark.parametrize(
        ("after", "percent"), [(0, 100.0), (HOUR / 4, 75.0), (HOUR / 2, 50.0), (HOUR, 0.0), (DAY, 0.0), (-DAY, 100.0)]
    )
    def test_it_falls_from_100_to_0(self, after: float, percent: float) -> None:
        """And is capped at both ends."""
        assert ours(HOUR).remaining_percent(START + after) == pytest.approx(percent, abs=1e-6)

    @pytest.mark.parametrize("length", [0, -HOUR])
    def test_a_life_of_no_length_is_over(self, length: float) -> None:
        """There is nothing to divide by."""
        assert ours(length).remaining_percent(START) == 0.0

    @pytest.mark.parametrize(("limits", "percent"), [(Limits(), 50.0), (LIMITS, 75.0)])
    def test_an_unknown_expiry_is_assumed(self, limits: Limits, percent: float) -> None:
        """An hour by default; here two for a provider that says so."""
        assert ours(None, limits).remaining_percent(START + HOUR / 2) == pytest.approx(percent, abs=1e-6)


class TestOrder:
    """Soonest expiry first."""

    def test_a_person_s_goes_before_the_soonest(self) -> None:
        """Nobody knows how long it lives."""
        lives = [ours(DAY), Lifetime(ours=False, start=START, expires_at=None), ours(HOUR), ours(None)]
        ends = [(life.ours, life.end) for life in sorted(lives, key=lambda life: life.urgency)]
        assert ends == [(False, START + HOUR), (True, START + HOUR), (True, START + HOUR), (True, START + DAY)]


class TestIssuedBefore:
    """Which of two answers the provider gave first."""

    @pytest.mark.parametrize(
        ("first", "second", "before"),
        [
            ((START, START + DAY), (START + 1, START + DAY + 1), True),
            ((START + 1, START + DAY + 1), (START, START + DAY), False),
            ((START + 1, START + DAY), (START, START + DAY + 1), True),
            ((START, START + DAY), (START + 1, START + DAY), True),
            ((START, START + DAY), (START, START + DAY), False),
            ((START, START + HOUR), (START + 1, START + DAY), True),
            ((START + 1, START + HOUR), (START, START + DAY), False),
            ((START, None), (START + 1, START + DAY), True),
            ((START, START + DAY), (START + 1, None), True),
            ((START + 1, None), (START, None), False),
        ],
        ids=[
            "both say so",
            "neither",
            "the provider's clock decides between tokens of one kind",
            "requests decide if the provider's clock does not",
            "no difference",
            "requests decide between kinds",
            "requests decide between kinds, the other way",
            "no expiry here",
            "no expiry there",
            "no expiry at all",
        ],
    )
    def test_it_is_told_by_expiry_or_by_request(
        self,
        first: tuple[float, float | None],
        second: tuple[float, float | None],
        before: bool,  # noqa: FBT001  # a column
    ) -> None:
        """The provider's own clock knows better, where it can be asked."""
        lives = [Lifetime(ours=True, start=start, expires_at=expires_at) for start, expires_at in (first, second)]
        assert lives[0].issued_before(lives[1]) == before
