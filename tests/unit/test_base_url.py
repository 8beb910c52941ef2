"""Which base URLs are asked at all: tokens go to no host that was not meant, and not in the clear."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from token_refresh.errors import InvalidSecret
from token_refresh.mcs import MCS
from token_refresh.settings import check_base_url
from token_refresh.versions import Version

if TYPE_CHECKING:
    from token_refresh.run_context import RunContext

VALUE = "dummy-secret-value"  # that no message may repeat
ODD = "a URL such as https://api.example.com"
PLAIN = "an https:// URL (plain HTTP would carry tokens in the clear; a stack parameter allows it)"


@pytest.mark.parametrize(
    "url",
    [
        "https://app.ekuaibao.com",
        "https://dd2.hosecloud.com",
        "https://wx2.ekuaibao.com",
        "https://kdcloud2.ekuaibao.com",
        "https://ddenterprise.ekuaibao.com",
        "https://feishu.ekuaibao.com",
        "https://a.example:8443/path/",
        "HTTPS://A.EXAMPLE",
        "https://[::1]:8443",
    ],
)
def test_a_good_base_url_has_no_problem(url: str) -> None:
    """Every platform of the documents, ports and paths."""
    assert check_base_url(url, allow_plain_http=False) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mcs.mediatek.com",
        "ftp://a.example",
        "https://",
        f"https://user:{VALUE}@a.example",
        f"https://a.example/?token={VALUE}",
        "https://a.example/#x",
        "https://a.example:x",
        "https://a.example:0",
        "https://a.example:65536",
        "https://[::1",
        "https://a example",
        "https://a.example/a b",
        "https://a.example/\x00",
        "https://*.example",
        "https://" + "合" * 70 + ".example",
        "javascript:alert(1)",
    ],
)
@pytest.mark.parametrize("allow_plain_http", [False, True])
def test_an_odd_one_is_a_problem(url: str, allow_plain_http: bool) -> None:  # noqa: FBT001  # a parameter of its own
    """Its text completes "it must be …", and does not repeat the value: it might hold a password."""
    problem = check_base_url(url, allow_plain_http=allow_plain_http)
    assert (problem is not None and problem.startswith(ODD), VALUE in str(problem)) == (True, False)


@pytest.mark.parametrize("url", ["https://a.example?", "https://a.example#", "https://@a.example", "https://a\\b"])
def test_an_empty_part_that_would_swallow_the_path_is_a_problem(url: str) -> None:
    """What follows a question mark is no path any more."""
    assert check_base_url(url, allow_plain_http=False) is not None


@pytest.mark.parametrize(("allowed", "problem"), [(True, None), (False, PLAIN)])
def test_plain_http_depends_on_the_operator(allowed: bool, problem: str | None) -> None:  # noqa: FBT001  # a column
    """Its refusal says why."""
    assert check_base_url("http://api.fashionworldcn.com", allow_plain_http=allowed) == problem


class TestInASecret:
    """The one that a secret names is checked when the secret is parsed, by the rules of the stack's own."""

    @pytest.mark.parametrize(
        ("url", "problem"),
        [
            ("http://a.example", PLAIN),
            ("https://[::1", ODD),
            (f"https://user:{VALUE}@a.example", f"{ODD}, without credentials, query or fragment"),
        ],
    )
    def test_one_with_a_problem_is_refused(self, parsing: RunContext, url: str, problem: str) -> None:
        """The field is named, its value is not; no secret can allow plain HTTP for itself.

        Somebody else's version with one is passed over: it is not this run's to report.
        """
        with pytest.raises(InvalidSecret) as caught:
            parsing.parse(version_of(url))
        refused = caught.value
        assert parsing.parse_if_valid(version_of(url)) is None
        assert (str(refused), refused.__cause__, refused.__context__) == (f"baseUrl must be {problem}", None, None)

    def test_plain_http_is_taken_where_the_operator_allows_it(self, parsing: RunContext) -> None:
        """The switch is the stack's, so it holds for its secrets."""
        run = replace(parsing, settings=replace(parsing.settings, allow_plain_http=True))
        assert run.parse(version_of("http://a.example")).document.options["baseUrl"] == "http://a.example"

    @pytest.mark.parametrize("url", [None, ""])
    def test_a_missing_one_is_no_problem(self, parsing: RunContext, url: str | None) -> None:
        """The stack's own is asked."""
        assert "baseUrl" not in parsing.parse(version_of(url)).document.options


def version_of(base_url: str | None) -> Version:
    """Makes the version of a secret that names a base URL."""
    fields = {**dict.fromkeys(MCS.refresh_fields, VALUE), "baseUrl": base_url}
    return Version("arn", "name", "id", json.dumps(fields), frozenset({"AWSCURRENT"}), 0.0)
