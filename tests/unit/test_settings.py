"""A function with a wrong environment refuses to start, and says which variable it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from token_refresh.errors import InvalidConfiguration
from token_refresh.settings import Settings

ROOT = Path(__file__).parents[2]
GOOD = {
    "SECRET_PREFIX": "token-refresh/mcs/",
    "BASE_URL": "https://mcs.mediatek.com",
    "ALLOW_PLAIN_HTTP": "false",
    "MAX_WORKERS": "8",
    "POWERTOOLS_METRICS_NAMESPACE": "TokenRefresh/test",
}


def problem(**changes: str) -> str:
    """Returns what is said about an environment that is wrong in this."""
    with pytest.raises(InvalidConfiguration) as caught:
        Settings.read({**GOOD, **changes})
    return str(caught.value)


def test_a_good_environment_is_read() -> None:
    """Every variable becomes a typed value."""
    assert Settings.read(GOOD) == Settings("token-refresh/mcs/", "https://mcs.mediatek.com", False, 8)  # noqa: FBT003  # in the order of the fields


@pytest.mark.parametrize("name", ["SECRET_PREFIX", "BASE_URL", "ALLOW_PLAIN_HTTP", "POWERTOOLS_METRICS_NAMESPACE"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_variable_is_named(name: str, value: str | None) -> None:
    """Absent, empty and blank are the same."""
    environ = {other: text for other, text in GOOD.items() if other != name}
    with pytest.raises(InvalidConfiguration, match=f"environment variable {name} is missing"):
        Settings.read(environ if value is None else {**environ, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_PREFIX", "token-refresh/mcs"),
        ("SECRET_PREFIX", "/"),
        ("SECRET_PREFIX", "//"),
        ("ALLOW_PLAIN_HTTP", "yes"),
        ("ALLOW_PLAIN_HTTP", "True"),
        ("ALLOW_PLAIN_HTTP", "1"),
        ("BASE_URL", "http://mcs.mediatek.com"),
        ("BASE_URL", "https://mcs.media\ntek.com"),
        ("BASE_URL", "https://user:dummy-password@mcs.mediatek.com"),
        ("MAX_WORKERS", ""),
        ("MAX_WORKERS", "0"),
        ("MAX_WORKERS", "33"),
        ("MAX_WORKERS", "-1"),
        ("MAX_WORKERS", "8.0"),
        ("MAX_WORKERS", "eight"),
        ("MAX_WORKERS", "\uff18"),  # a full-width digit, which int() would take
        ("POWERTOOLS_LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str) -> None:
    """And what it must be instead; a URL's password is not repeated."""
    said = problem(**{name: value})
    assert said.startswith(f"environment variable {name} is wrong: it must be ")
    assert "dummy-password" not in said


def test_plain_http_is_taken_on_the_operator_s_word() -> None:
    """The switch is for providers that know no better."""
    settings = Settings.read({**GOOD, "BASE_URL": "http://mcs.mediatek.com", "ALLOW_PLAIN_HTTP": "true"})
    assert (settings.base_url, settings.allow_plain_http) == ("http://mcs.mediatek.com", True)


@pytest.mark.parametrize("url", ["https://mcs.mediatek.com/api/", " https://mcs.mediatek.com/api\n"])
def test_a_base_url_loses_its_last_slash_and_blanks(url: str) -> None:
    """Paths begin with a slash of their own, and blanks would become part of every URL."""
    assert Settings.read({**GOOD, "BASE_URL": url}).base_url == "https://mcs.mediatek.com/api"


def test_1_to_32_workers_are_taken() -> None:
    """Both bounds included. It is the one variable that may be absent: then there are 8."""
    assert [Settings.read({**GOOD, "MAX_WORKERS": workers}).max_workers for workers in ("1", "32")] == [1, 32]
    assert Settings.read({name: text for name, text in GOOD.items() if name != "MAX_WORKERS"}).max_workers == 8


@pytest.mark.parametrize("level", ["debug", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"])
def test_a_log_level_is_taken_in_either_case(level: str) -> None:
    """As Powertools takes it."""
    assert Settings.read({**GOOD, "POWERTOOLS_LOG_LEVEL": level}).max_workers == 8


@pytest.mark.parametrize("function", ["mcs", "fashion_world", "ekuaibao"])
def test_a_function_refuses_at_cold_start(function: str) -> None:
    """Importing the module is Lambda's cold start: it fails there, before any event."""
    path = os.pathsep.join([str(ROOT / "functions" / function), str(ROOT / "layers" / "token_refresh")])
    environ = {**GOOD, "MAX_WORKERS": "many", "PYTHONPATH": path, "PATH": os.environ["PATH"]}
    ended = subprocess.run(
        [sys.executable, "-B", "-c", "import app"], env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    expected = (
        "token_refresh.errors.InvalidConfiguration: "
        "environment variable MAX_WORKERS is wrong: it must be a whole number from 1 to 32"
    )
    assert ended.stderr.splitlines()[-1] == expected
