"""The real function of a provider, made as importing its module does."""

from __future__ import annotations

import importlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.providers import ProviderFacts

NAMESPACE = "TokenRefresh/test"
RUN_SECONDS = 540  # Lambda's nine minutes


def environment(facts: ProviderFacts, base_url: str = "", **more: str) -> dict[str, str]:
    """Returns what the template sets, with everything logged; of one worker, so that a run's steps have an order."""
    return {
        "SECRET_PREFIX": f"token-refresh/{facts.name}/",
        "BASE_URL": base_url,
        "ALLOW_PLAIN_HTTP": "true",
        "MAX_WORKERS": "1",
        "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
        "POWERTOOLS_LOG_DEDUPLICATION_DISABLED": "true",  # it would keep the lines from a handler that scans them
        **more,
    }


def cold_start(facts: ProviderFacts, clock: Any, *, refresh: Callable[..., Any] | None = None, **changes: Any) -> Any:  # noqa: ANN401 - the layer's own, imported late
    """Makes the function, in an environment that is set already.

    `refresh`: to build its requests in another way; `changes`: of its `Provider`. It does not look for strays unless
    they say so: a call an hour that is no part of any rotation.
    """
    # Powertools' logger keeps the stdout of whoever made it.
    logging.root.manager.loggerDict.pop(facts.name, None)
    app = importlib.import_module(facts.app or f"functions.{facts.module}.app")
    layer = importlib.import_module(facts.layer or f"token_refresh.{facts.module}")
    function = importlib.import_module("token_refresh.function")
    provider = replace(getattr(layer, facts.constant), **{"looks_for_strays": False, **changes})
    return function.Function(provider, refresh or app.refresh, app.login, clock=clock)
