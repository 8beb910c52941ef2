"""What Secrets Manager answers, read: pages, versions, and the errors of single secrets."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from token_refresh.errors import Denied, Transient
from token_refresh.listings import current_versions, listed_versions, pages, parse_version, secret_name
from token_refresh.versions import ListedVersion, Version

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "token-refresh/mcs/demo"
ARN = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{NAME}-AbCdEf"
MOMENT = dt.datetime(2026, 1, 5, 10, 5, tzinfo=dt.UTC)
VALUE = {
    "ARN": ARN,
    "Name": NAME,
    "VersionId": "v",
    "SecretString": "{}",
    "VersionStages": ["AWSCURRENT", "ISSUED"],
    "CreatedDate": MOMENT,
}
READ = Version(ARN, NAME, "v", "{}", frozenset({"AWSCURRENT", "ISSUED"}), MOMENT.timestamp())


class TestPages:
    """All pages of a list, one after the other."""

    @pytest.mark.parametrize(
        ("answers", "found", "asked"),
        [
            ([([1], None)], [1], [None]),
            ([([1], "")], [1], [None]),
            ([([1, 2], "a"), ([3], None)], [1, 2, 3], [None, "a"]),
            ([([], "a"), ([1], None)], [1], [None, "a"]),
            ([([1], "a"), ([2], "a"), ([3], None)], [1, 2], [None, "a"]),
            ([([1], "a"), ([2], "b"), ([3], "a"), ([4], None)], [1, 2, 3], [None, "a", "b"]),
        ],
        ids=["one", "one, its token empty", "two", "an empty one is not the end", "a circle", "a wider circle"],
    )
    def test_they_are_asked_for_until_the_end(
        self, answers: list[tuple[list[int], str | None]], found: list[int], asked: list[str | None]
    ) -> None:
        """Each with the token of the one before; a token that has been seen is the end, too."""
        tokens: list[str | None] = []

        def send(**more: str) -> Mapping[str, Any]:
            items, token = answers[len(tokens)]
            tokens.append(more.get("NextToken"))
            return {"Items": items} if token is None else {"Items": items, "NextToken": token}

        assert (list(pages("list", send, lambda page: page["Items"])), tokens) == (found, asked)

    def test_a_page_that_cannot_be_read_is_said_so(self) -> None:
        """With what was tried."""
        with pytest.raises(Transient, match=r"^could not list: Secrets Manager did not answer properly \(KeyError\)$"):
            list(pages("list", dict, lambda page: page["Items"]))


class TestVersion:
    """One version with its value."""

    @pytest.mark.parametrize(
        ("absent", "read"),
        [
            ("", READ),
            ("SecretString", Version(ARN, NAME, "v", None, READ.labels, READ.created)),
            ("VersionStages", Version(ARN, NAME, "v", "{}", frozenset(), READ.created)),
            ("CreatedDate", Version(ARN, NAME, "v", "{}", READ.labels, 0.0)),
        ],
        ids=["whole", "binary", "without labels", "without a date"],
    )
    def test_it_is_read(self, absent: str, read: Version) -> None:
        """What may be absent is."""
        assert parse_version({key: value for key, value in VALUE.items() if key != absent}) == read

    @pytest.mark.parametrize("absent", ["ARN", "Name", "VersionId"])
    def test_what_tells_which_one_it_is_must_be_there(self, absent: str) -> None:
        """`call` makes an answer that is none of it."""
        with pytest.raises(KeyError):
            parse_version({key: value for key, value in VALUE.items() if key != absent})


class TestCurrentVersions:
    """A page of BatchGetSecretValue."""

    def test_versions_and_errors_are_read(self) -> None:
        """In their order; a page may hold neither."""
        assert current_versions({"SecretValues": [VALUE]}) == [READ]
        assert current_versions({}) == []

    @pytest.mark.parametrize(
        ("error", "name", "kind", "text"),
        [
            (
                {"SecretId": ARN, "ErrorCode": "AccessDeniedException", "Message": "Not you."},
                NAME,
                Denied,
                "could not read the secret: AWS says AccessDeniedException: Not you.",
            ),
            (
                {"SecretId": NAME, "ErrorCode": "InternalFailure"},
                NAME,
                Transient,
                "could not read the secret: AWS says InternalFailure",
            ),
            (
                {"SecretId": None, "ErrorCode": None, "Message": None},
                "?",
                Denied,
                "could not read the secret: AWS says ",
            ),
            ({}, "?", Denied, "could not read the secret: AWS says "),
        ],
        ids=["by its ARN", "by its name", "nulls", "nothing"],
    )
    def test_an_error_is_one_secret_s(self, error: dict[str, str], name: str, kind: type, text: str) -> None:
        """It is reported by its name, without the random characters of its ARN."""
        [found] = current_versions({"Errors": [error]})
        assert isinstance(found, tuple)
        assert (found[0], type(found[1]), str(found[1])) == (name, kind, text)


def test_a_page_of_version_ids_is_read() -> None:
    """Only whether there are labels, not which."""
    page = {
        "Versions": [
            {"VersionId": "a", "VersionStages": ["AWSCURRENT"], "CreatedDate": MOMENT},
            {"VersionId": "b", "VersionStages": [], "CreatedDate": MOMENT},
            {"VersionId": "c", "CreatedDate": MOMENT},
        ]
    }
    expected = [ListedVersion(name, name == "a", MOMENT.timestamp()) for name in "abc"]
    assert (listed_versions(page), listed_versions({})) == (expected, [])


@pytest.mark.parametrize(
    ("secret_id", "name"),
    [
        *[(ARN.replace("aws", partition, 1), f"{NAME}-AbCdEf") for partition in ("aws", "aws-cn", "aws-us-gov")],
        *[(name, name) for name in (NAME, "a:secret:b", f"x{ARN}", "arn:aws:s3:::token-refresh/mcs/demo", "")],
    ],
)
def test_the_name_is_taken_out_of_a_secret_s_arn(secret_id: str, name: str) -> None:
    """In every partition, its random characters stay; anything else is a name, also with the word secret in it."""
    assert secret_name(secret_id) == name
