"""Which answer replaced which tokens: told by ids, and by the tokens that people copy from one version to another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.unit.stored import ARN, Stored, run_with, version
from token_refresh.lineage import issued_for, path

if TYPE_CHECKING:
    from token_refresh.run_context import RunContext, StoredSecret
    from token_refresh.versions import Version

REFRESHED_AT = "2017-11-09T07:51:12.070Z"


def page(version_id: str, token: str, **more: object) -> Version:
    """Makes what a person saves: a version with these tokens."""
    return version(version_id, {"appKey": "k", "appSecret": "s", "token": token, **more})


def answer(parent: Version, token: str, *labels: str, **more: object) -> Version:
    """Makes the answer that was given for a version."""
    made = page(parent.successor_id, token, refreshedAt=REFRESHED_AT, **more)
    return replace(made, labels=frozenset(labels))


A = page("a", "token a")
B = answer(A, "token b")
C = answer(B, "token c", "ISSUED")
EDIT = page("edit", "token b", note="a person's")  # of B: it begins anew
OF_EDIT = answer(EDIT, "token d", "ISSUED")


def find(parsing: RunContext, stored: Stored, held: Version, latest: Version) -> StoredSecret | None:
    """Looks for the answer that the tokens of a version led to."""
    run = run_with(parsing, stored)
    return issued_for(run, run.parse(held), latest, stored.list_versions(ARN))


class TestPath:
    """From a version to its successor, as far as the answer."""

    @pytest.mark.parametrize(
        ("listed", "first", "last", "ids"),
        [
            ((A, B), A, B, ["a"]),
            ((A, B, C), A, C, ["a", B.id]),
            ((A, B, C), B, C, [B.id]),
            ((A,), A, B, ["a"]),  # the list lags behind writes
            ((A, C), A, C, []),  # one between them was deleted
            ((A, B, C), C, B, []),
            ((A, B), B, B, []),
            ((A, B, EDIT, OF_EDIT), A, OF_EDIT, []),  # a person's version has no such id
        ],
        ids=["one step", "two", "the second", "not listed yet", "a gap", "backwards", "itself", "past an edit"],
    )
    def test_it_follows_the_ids(
        self, listed: tuple[Version, ...], first: Version, last: Version, ids: list[str]
    ) -> None:
        """Each version on the way, the answer itself left out; none if the way does not lead there."""
        found = path(first, last, Stored(*listed).list_versions(ARN))
        assert [(one.id, one.arn) for one in found] == [(version_id, ARN) for version_id in ids]


class TestIssuedFor:
    """From tokens to the answer that replaced them, whoever copied them to wherever they are now."""

    @pytest.mark.parametrize(
        ("listed", "token", "latest", "found"),
        [
            ((A, B), "token a", replace(B, labels=frozenset({"ISSUED"})), True),
            ((A, B, C), "token a", C, True),
            ((A, B, C), "token b", C, True),
            ((A, B), "token b", C, True),  # the list lags behind writes
            ((A, B, EDIT, OF_EDIT), "token a", OF_EDIT, True),
            ((A, B, C), "token c", C, False),
            ((A, B, C), "token x", C, False),
            ((A, C), "token a", C, False),
            ((A, replace(B, text="{}"), C), "token a", C, False),
            ((A, replace(B, text=None), C), "token a", C, False),
            ((A, B, C), "token a", replace(C, labels=frozenset({"AWSPENDING"})), False),
            ((A, B, C), "token a", replace(page(C.id, "token c"), labels=frozenset({"ISSUED"})), False),
            ((A, B, C), "token a", replace(C, text="no JSON"), False),
            ((A, answer(A, "token a")), "token a", answer(A, "token a", "ISSUED"), False),
            ((A, B, answer(B, "token a")), "token a", answer(page("other", "token x"), "token y", "ISSUED"), False),
        ],
        ids=[
            "by one answer",
            "by two",
            "by the second",
            "not listed yet",
            "past an edit",
            "what it holds itself",
            "tokens of nobody's",
            "a gap",
            "no secret in between",
            "a binary in between",
            "without its label",
            "without a date",
            "no secret",
            "the same tokens again",
            "a circle",
        ],
    )
    def test_it_follows_the_tokens(
        self,
        parsing: RunContext,
        listed: tuple[Version, ...],
        token: str,
        latest: Version,
        found: bool,  # noqa: FBT001  # a column
    ) -> None:
        """The answer, parsed; None if the tokens did not lead to it."""
        issued = find(parsing, Stored(*listed), page("page", token), latest)
        assert (issued and issued.version) == (latest if found else None)

    def test_only_what_a_refresh_presents_is_compared(self, parsing: RunContext) -> None:
        """A person may have changed anything else; but another appKey is another account."""
        stored = Stored(A, B, C)
        same = page("page", "token b", email="someone@example.com", note="new")
        other = page("page", "token b", appKey="other")
        assert (find(parsing, stored, same, C) is not None, find(parsing, stored, other, C)) == (True, None)

    def test_a_version_that_was_deleted_since_is_passed_over(self, parsing: RunContext) -> None:
        """It was still listed."""
        assert find(parsing, Stored(A, B, C, deleted=(B.id,)), page("page", "token a"), C) is None
