"""The real function of a provider, wired in this process so that each of its steps passes a scheduler."""

from __future__ import annotations

import functools
import importlib
import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol
from unittest.mock import patch

from tests.safety.sdk import clients_with, loader, operation_of
from tests.support.clock import of_libraries
from tests.support.function import cold_start as make_function
from tests.support.function import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.awsrequest import AWSPreparedRequest

    from tests.safety.histories.scheduler import RunClock, Scheduler
    from tests.support.clock import FakeClock
    from tests.support.providers import ProviderFacts

_LABELS = ("AWSCURRENT", "AWSPENDING", "AWSPREVIOUS", "REJECTED", "UNCLEAR", "UNREADABLE", "ASKED")
# So that no two answers are issued in one millisecond.
_ON_THE_WAY_SECONDS = 0.1


class Watching(Protocol):
    """What is told of a run's own doings."""

    def asking(self) -> None:
        """A run is about to ask the provider."""

    def answered(self, status: int, body: bytes) -> None:
        """A run has an answer in its hands."""

    def ended(self, results: list[Any]) -> None:
        """A run knows how its secrets ended."""


@contextmanager
def wired(
    kind: ProviderFacts, scheduler: Scheduler, clock: FakeClock, watching: Watching, variables: dict[str, str]
) -> Iterator[Callable[[RunClock], Any]]:
    """Yields what makes a cold function, given its clock."""
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, environment(kind, **variables)))
        function = importlib.import_module("token_refresh.function")
        for target, double in {
            **of_libraries(clock),
            "botocore.loaders.create_loader": loader,
            "token_refresh.secrets_manager._client": _scheduled_clients(scheduler),
            "token_refresh.exchange.post": _scheduled_post(scheduler, clock, watching),
            "token_refresh.function.rotate_all": _telling(function.rotate_all, watching),
            "token_refresh.function.rotate_named": _telling(function.rotate_named, watching),
        }.items():
            stack.enter_context(patch(target, double))

        def cold_start(run_clock: RunClock) -> Any:  # noqa: ANN401  # the layer's own Function, imported late
            return make_function(kind, run_clock)

        yield cold_start


def _scheduled_clients(scheduler: Scheduler) -> Callable[..., Any]:
    def before_send(request: AWSPreparedRequest, **_: Any) -> None:  # noqa: ANN401  # botocore's own
        labels = (label for label in _LABELS if f'"{label}"' in str(request.body))
        scheduler.step(" ".join((operation_of(request), *labels)))

    return clients_with(before_send)


def _scheduled_post(scheduler: Scheduler, clock: FakeClock, watching: Watching) -> Callable[..., Any]:
    send = importlib.import_module("token_refresh.transport").post

    def post(base_url: str, request: Any, **options: Any) -> Any:  # noqa: ANN401  # the layer's own types
        scheduler.step(f"POST {request.path}")
        watching.asking()
        clock.advance(_ON_THE_WAY_SECONDS)
        answer = send(base_url, request, **options)
        watching.answered(answer.status, answer.body)
        return answer

    return post


def _telling(work: Callable[..., list[Any]], watching: Watching) -> Callable[..., list[Any]]:
    @functools.wraps(work)
    def telling(*arguments: object) -> list[Any]:
        results = work(*arguments)
        watching.ended(results)
        return results

    return telling
