"""The ids of versions follow from what they are made for, and a rejected version has one time of the day."""

from __future__ import annotations

from dataclasses import replace
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from token_refresh.versions import (
    Version,
    is_login_slot,
    is_refresh_slot,
    next_slot,
    proof_version_id,
    unreadable_version_ids,
)

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:token-refresh/mcs/demo-AbCdEf"
ID = "00000000-0000-4000-8000-000000000000"
VALUE = "dummy-secret-value"
VERSION = Version(ARN, "token-refresh/mcs/demo", ID, VALUE, frozenset({"AWSCURRENT"}), 1_700_000_000.0)
SUCCESSOR_ID = str(uuid5(NAMESPACE_URL, f"{ARN}#{ID}#successor"))
HOUR, DAY = 3600, 86_400
NOON = 1_700_049_600.0  # epoch seconds, a full hour
HOURS = 472_236  # from 1970 to then


def test_a_version_s_repr_shows_nothing() -> None:
    """It ends up in tracebacks and debuggers."""
    assert VALUE not in repr(VERSION)


class TestSuccessor:
    """The id of the version with the tokens that replace a version's."""

    def test_it_follows_from_the_secret_and_the_version(self) -> None:
        """Two runs that present the same version store under the same id, and AWS lets one of them through."""
        assert VERSION.successor_id == SUCCESSOR_ID

    @pytest.mark.parametrize(
        "same",
        [
            replace(VERSION, labels=frozenset({"AWSPREVIOUS", "REJECTED"})),
            replace(VERSION, text="as another read shows it"),
            replace(VERSION, created=0.0),
            replace(VERSION, name="token-refresh/mcs/other"),
        ],
        ids=["labels", "text", "date", "name"],
    )
    def test_nothing_else_counts(self, same: Version) -> None:
        """Least of all what can change between two reads."""
        assert same.successor_id == SUCCESSOR_ID

    @pytest.mark.parametrize(
        "other",
        [replace(VERSION, arn=ARN.replace("AbCdEf", "AbCdEg")), replace(VERSION, id=ID.replace("4", "5"))],
        ids=["another secret", "another version"],
    )
    def test_another_version_has_another_one(self, other: Version) -> None:
        """Also that of a secret created anew under the same name."""
        assert other.successor_id != SUCCESSOR_ID

    def test_a_successor_has_its_own_successor(self) -> None:
        """Refresh after refresh, no id comes back."""
        ids, version = [VERSION.id], VERSION
        for _ in range(100):
            version = replace(version, id=version.successor_id)
            ids.append(version.id)
        assert len({*ids}) == 101


class TestProof:
    """The id of the copy that is stored before the provider is asked."""

    def test_it_follows_from_the_successor_and_the_hour(self) -> None:
        """Hours are counted from 1970."""
        assert proof_version_id(SUCCESSOR_ID, NOON) == str(uuid5(NAMESPACE_URL, f"{SUCCESSOR_ID}#{HOURS}"))

    @pytest.mark.parametrize("after", [0, 0.001, 1800, 3599.999])
    def test_it_is_the_same_within_a_utc_hour(self, after: float) -> None:
        """The same id with the same content does nothing."""
        assert proof_version_id(SUCCESSOR_ID, NOON + after) == proof_version_id(SUCCESSOR_ID, NOON)

    def test_it_is_another_in_every_hour_of_a_day(self) -> None:
        """Once an hour it proves again: an outage adds at most 24 versions a day."""
        assert len({proof_version_id(SUCCESSOR_ID, NOON + hour * HOUR) for hour in range(24)}) == 24

    def test_it_is_another_for_every_successor(self) -> None:
        """Each version that is presented is proven by itself."""
        assert proof_version_id(SUCCESSOR_ID, NOON) != proof_version_id(VERSION.id, NOON)


class TestUnreadable:
    """The ids of answers that are kept because no tokens were found in them."""

    def test_they_follow_from_the_version_the_day_and_a_number(self) -> None:
        """Twelve in a UTC day."""
        day = int(NOON // DAY)
        wanted = [str(uuid5(NAMESPACE_URL, f"{ID}#unreadable#{day}#{number}")) for number in range(12)]
        assert unreadable_version_ids(ID, NOON) == wanted

    def test_each_day_has_its_own(self) -> None:
        """Also the last moment of one and the first of the next."""
        midnight = NOON // DAY * DAY
        assert not {*unreadable_version_ids(ID, midnight)} & {*unreadable_version_ids(ID, midnight - 0.001)}


def test_each_kind_and_version_has_an_id_of_its_own() -> None:
    """None is refused because another has been used, and each has the form that AWS wants of a token."""
    ids = [
        made
        for version in (VERSION, replace(VERSION, id=SUCCESSOR_ID))
        for made in (
            version.id,
            version.successor_id,
            proof_version_id(version.successor_id, NOON),
            unreadable_version_ids(version.id, NOON)[0],
        )
    ]
    assert (ids[4], [str(UUID(made)) for made in ids], len({*ids})) == (ids[1], ids, 7)


class TestSlots:
    """A refused version is presented again: its tokens once an hour, its password once a day."""

    @given(st.uuids(), st.integers(0, 40_000))
    def test_any_version_has_one_slot_of_the_hour_and_one_of_the_day(self, version_id: UUID, day: int) -> None:
        """The second is one of the first."""
        begins = [day * DAY + slot * 600 for slot in range(144)]
        hourly = [begin for begin in begins if is_refresh_slot(str(version_id), begin)]
        daily = [begin for begin in begins if is_login_slot(str(version_id), begin)]
        assert len(hourly) == 24
        assert {begin % HOUR for begin in hourly} == {hourly[0] % HOUR}
        assert len(daily) == 1
        assert daily[0] in hourly

    @given(st.uuids(), st.integers(0, 143))
    def test_a_slot_is_ten_minutes_long(self, version_id: UUID, slot: int) -> None:
        """From its first to its last millisecond: a scheduled run every ten minutes meets it once."""
        begin = 17_000 * DAY + slot * 600
        for is_slot in (is_refresh_slot, is_login_slot):
            assert len({is_slot(str(version_id), begin + seconds) for seconds in (0, 0.001, 300, 599.999)}) == 1

    def test_the_slots_of_many_versions_are_spread(self) -> None:
        """A provider's false alarm does not end in a burst."""
        ids = [str(UUID(int=number)) for number in range(2000)]
        used = {next(slot for slot in range(144) if is_login_slot(name, slot * 600)) for name in ids}
        assert len(used) > 130

    def test_a_version_s_slot_is_the_same_every_day(self) -> None:
        """Also in another process: it is no `hash`, which is salted."""
        assert [slot for slot in range(144) if is_login_slot("c", slot * 600)] == [83]

    @given(st.uuids(), st.floats(0, 4e9), st.booleans())
    def test_the_next_slot(self, version_id: UUID, now: float, daily: bool) -> None:  # noqa: FBT001 - hypothesis's way
        """The first one that begins later."""
        name, is_slot = str(version_id), is_login_slot if daily else is_refresh_slot
        later = [(now // 600 + number) * 600 for number in range(1, 145)]
        assert next_slot(name, now, daily=daily) == next(begin for begin in later if is_slot(name, begin))
