"""When a secret is due, to the second; which versions are our own; and when a rejected one has its turn."""

from __future__ import annotations

import json
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from token_refresh.document import Document
from token_refresh.lifetime import Lifetime, daily_turn, proof_token, save_token, unreadable_token
from token_refresh.mcs import MCS
from token_refresh.secrets_manager import Version

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:token-refresh/mcs/demo-AbCdEf"
REFRESHED_AT = "2017-11-09T07:51:12.070Z"
START = 1_510_213_872.070  # the same, in epoch seconds
MINUTE, HOUR, DAY = 60, 3600, 86_400
OWN_ID = str(uuid5(NAMESPACE_URL, f"{ARN}#{REFRESHED_AT}"))


def life_of(fields: dict[str, object], version_id: str = OWN_ID, created: float = START + 5) -> Lifetime:
    """Reads the life of a version that holds these fields."""
    version = Version(ARN, "token-refresh/mcs/demo", version_id, json.dumps(fields), frozenset(), created)
    return Lifetime.of(version, Document(fields, MCS))


def ours(length: float | None) -> Lifetime:
    """Makes the life of tokens that we stored."""
    return Lifetime(ours=True, start=START, expires_at=None if length is None else START + length)


def due_after(life: Lifetime) -> float:
    """Returns how many seconds after its start a life becomes due, found by halving."""
    low, high = 0.0, 20 * 366.0 * DAY
    assert (life.due(START + low), life.due(START + high)) == (False, True)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if life.due(START + middle) else (middle, high)
    return high


class TestOurOwn:
    """A version is recognised by its id: uuid5 of the secret's ARN and the document's `refreshedAt`."""

    def test_our_own_version_s_dates_are_believed(self) -> None:
        """Its id could only be made from its date."""
        fields: dict[str, object] = {"refreshedAt": REFRESHED_AT, "expiresAt": "2017-11-12T07:51:12.121Z"}
        assert life_of(fields) == Lifetime(ours=True, start=START, expires_at=1_510_473_072.121)

    @pytest.mark.parametrize(
        "version_id",
        [
            "00000000-0000-4000-8000-000000000000",
            str(uuid5(NAMESPACE_URL, f"{ARN}#2017-11-09T07:51:12.071Z")),
            str(uuid5(NAMESPACE_URL, f"{ARN}x#{REFRESHED_AT}")),
            OWN_ID.upper(),
        ],
        ids=["a person's", "another date's", "another secret's", "upper case"],
    )
    def test_any_other_id_is_foreign(self, version_id: str) -> None:
        """Stale dates under pasted tokens fool nobody: the version's own date counts, and no expiry is known."""
        fields: dict[str, object] = {"refreshedAt": REFRESHED_AT, "expiresAt": "2099-01-01T00:00:00.000Z"}
        assert life_of(fields, version_id) == Lifetime(ours=False, start=START + 5, expires_at=None)

    @pytest.mark.parametrize("refreshed_at", [None, "", "yesterday", 7, ["2017"], "2017-11-09T07:51:12"])
    def test_a_version_without_a_date_is_foreign(self, refreshed_at: object) -> None:
        """Even if its id is made from what stands there."""
        version_id = str(uuid5(NAMESPACE_URL, f"{ARN}#{refreshed_at}"))
        assert not life_of({"refreshedAt": refreshed_at}, version_id).ours

    @pytest.mark.parametrize("expires_at", [None, "", "soon", 7])
    def test_an_odd_expiry_of_our_own_is_unknown(self, expires_at: object) -> None:
        """It is still our own."""
        life = life_of({"refreshedAt": REFRESHED_AT, "expiresAt": expires_at})
        assert life == Lifetime(ours=True, start=START, expires_at=None)


class TestDue:
    """From half of the lifetime less 60 s, never within 29 minutes."""

    def test_what_a_person_stored_is_due_at_once(self) -> None:
        """Whoever pastes credentials learns within a tick whether they work."""
        assert Lifetime(ours=False, start=START, expires_at=None).due(START)

    @pytest.mark.parametrize(
        ("length", "after"),
        [
            (HOUR, 29 * MINUTE),
            (2 * HOUR, 59 * MINUTE),
            (DAY, 12 * HOUR - MINUTE),
            (3 * DAY, 36 * HOUR - MINUTE),
            (60 * MINUTE + 2, 29 * MINUTE + 1),
            (59 * MINUTE, 29 * MINUTE),
            (10 * MINUTE, 29 * MINUTE),
            (1, 29 * MINUTE),
            (0, 29 * MINUTE),
            (-DAY, 29 * MINUTE),
            (None, 29 * MINUTE),
        ],
    )
    def test_our_own_is_due_from_half_its_life(self, length: float | None, after: float) -> None:
        """To the millisecond; a tiny, past or unknown expiry is due after 29 minutes, not at every tick."""
        assert due_after(ours(length)) == pytest.approx(after, abs=0.001)

    @pytest.mark.parametrize(("ahead", "due"), [(0, False), (59, False), (61, True), (10 * DAY, True)])
    def test_a_start_in_the_future_is_due(self, ahead: float, due: bool) -> None:  # noqa: FBT001  # a column of the table
        """A clock jumped; waiting for it to come round could outlast the token. A minute is no jump."""
        assert ours(DAY).due(START - ahead) == due

    @given(st.floats(-DAY, 10 * 365 * DAY), st.floats(0, 29 * MINUTE - 0.01))
    def test_never_within_29_minutes(self, length: float, after: float) -> None:
        """Whatever expiry a provider gives: this bounds how often a secret is written."""
        assert not ours(length).due(START + after)

    @given(st.floats(HOUR, 10 * 365 * DAY))
    def test_a_tick_before_half_of_an_hour_or_more_has_half_of_it_left(self, length: float) -> None:
        """At the first tick (ten minutes) that finds it due, at most ten minutes less than half is left."""
        assert ours(length).due(START + length / 2 + 9 * MINUTE + 1)


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

    def test_an_unknown_expiry_is_taken_for_an_hour(self) -> None:
        """The shortest lifetime of the three providers."""
        assert ours(None).remaining_percent(START + HOUR / 2) == pytest.approx(50.0, abs=1e-6)


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


class TestTokens:
    """ClientRequestTokens, which become the ids of versions."""

    def test_a_save_s_is_that_of_the_design(self) -> None:
        """uuid5(NAMESPACE_URL, "<ARN>#<refreshedAt>")."""
        assert save_token(ARN, REFRESHED_AT) == OWN_ID

    def test_a_proof_s_is_the_same_within_a_utc_hour(self) -> None:
        """The same token with the same content does nothing."""
        hour = START // HOUR * HOUR
        assert {proof_token("c", hour), proof_token("c", hour + 1800), proof_token("c", hour + 3599.999)} == {
            proof_token("c", hour)
        }

    def test_a_proof_s_is_another_in_every_hour_of_a_day(self) -> None:
        """Once an hour it proves again: an outage adds at most 24 versions a day."""
        assert len({proof_token("c", START + hour * HOUR) for hour in range(24)}) == 24

    def test_each_kind_and_version_has_its_own(self) -> None:
        """None is refused because another has been used."""
        tokens = [
            make(version) for version in ("c", "d") for make in (lambda v: proof_token(v, START), unreadable_token)
        ]
        assert len({*tokens, *map(str, map(UUID, tokens))}) == 4


class TestDailyTurn:
    """A rejected version is presented again once a day."""

    @given(st.uuids(), st.integers(0, 40_000))
    def test_any_version_has_exactly_one_slot_of_the_day(self, version_id: UUID, day: int) -> None:
        """One of 144, whatever its id and the day."""
        turns = [daily_turn(str(version_id), day * DAY + slot * 600) for slot in range(144)]
        assert turns.count(True) == 1

    @given(st.uuids(), st.integers(0, 143))
    def test_a_slot_is_ten_minutes_long(self, version_id: UUID, slot: int) -> None:
        """From its first to its last millisecond: a tick every ten minutes falls into it once."""
        begin = 17_000 * DAY + slot * 600
        same = {daily_turn(str(version_id), begin + seconds) for seconds in (0, 0.001, 300, 599.999)}
        assert len(same) == 1

    def test_the_slots_of_many_versions_are_spread(self) -> None:
        """A provider's false alarm does not end in a burst."""
        ids = [str(UUID(int=number)) for number in range(2000)]
        used = {next(slot for slot in range(144) if daily_turn(name, slot * 600)) for name in ids}
        assert len(used) > 130

    def test_a_version_s_slot_is_the_same_every_day(self) -> None:
        """Also in another process: it is no `hash`, which is salted."""
        assert [slot for slot in range(144) if daily_turn("c", slot * 600)] == [83]
