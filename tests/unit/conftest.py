"""What the unit tests share."""

from __future__ import annotations

import logging
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from token_refresh import log_masking
from token_refresh.mcs import MCS
from token_refresh.run_context import RunContext
from token_refresh.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_FUNCTIONS = Path(__file__).parents[2] / "functions"


@pytest.fixture
def quiet_logging() -> Iterator[None]:
    """Puts logging back as it was: a function guards every logger of its process."""
    factory = logging.getLogRecordFactory()
    libraries = [logging.getLogger(name) for name in ("boto3", "botocore", "http", "requests", "s3transfer", "urllib3")]
    levels = [(library, library.level) for library in libraries]
    yield
    logging.setLogRecordFactory(factory)
    for library, level in levels:
        library.setLevel(level)


@pytest.fixture
def guarded_logging(quiet_logging: None) -> None:  # noqa: ARG001  # only its clean-up matters
    """Guards every logger, as a function does at its cold start."""
    log_masking.install()


@pytest.fixture
def parsing() -> RunContext:
    """A run of MCS that can parse secrets, and nothing else."""
    unused: Any = None
    settings = Settings("token-refresh/mcs/", "https://provider.example", allow_plain_http=False, max_workers=8)
    return RunContext(MCS, unused, unused, settings, unused, unused, unused, unused, unused)


@pytest.fixture
def mcs(monkeypatch: pytest.MonkeyPatch, quiet_logging: None) -> ModuleType:  # noqa: ARG001  # only its clean-up matters
    """The MCS function's module."""
    return _load("mcs", monkeypatch)


@pytest.fixture
def fashion_world(monkeypatch: pytest.MonkeyPatch, quiet_logging: None) -> ModuleType:  # noqa: ARG001  # as above
    """The Fashion World function's module."""
    return _load("fashion_world", monkeypatch)


@pytest.fixture
def ekuaibao(monkeypatch: pytest.MonkeyPatch, quiet_logging: None) -> ModuleType:  # noqa: ARG001  # as above
    """The ekuaibao function's module."""
    return _load("ekuaibao", monkeypatch)


def _load(function: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Imports a module as Lambda does, as `app` and anew: it reads its environment when it is imported."""
    monkeypatch.setenv("SECRET_PREFIX", f"token-refresh/{function}/")
    monkeypatch.setenv("BASE_URL", "https://provider.example")
    monkeypatch.setenv("ALLOW_PLAIN_HTTP", "false")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "TokenRefresh/test")
    spec = spec_from_file_location("app", _FUNCTIONS / function / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
