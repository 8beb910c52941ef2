"""The real function of a provider, wired in this process so that each of its steps passes a scheduler."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.safety.wiring import clients_with, operation_of, wire
from tests.support.function import cold_start, environment
from token_refresh import transport
from token_refresh.sweep import rotate_all, rotate_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.awsrequest import AWSPreparedRequest

    from tests.safety.histories.scheduler import RunClock, Scheduler
    from tests.safety.histories.watcher import Watcher
    from tests.support.clock import FakeClock
    from tests.support.providers import ProviderFacts

_LABELS = ("AWSCURRENT", "AWSPENDING", "AWSPREVIOUS", "REJECTED", "UNCLEAR", "UNREADABLE", "ASKED")
# So that no two answers are issued in one millisecond.
_REQUEST_SECONDS = 0.1


@contextmanager
def wired(
    kind: ProviderFacts, scheduler: Scheduler, clock: FakeClock, watcher: Watcher, variables: dict[str, str]
) -> Iterator[Callable[[RunClock], Any]]:
    """Yields what makes a cold function, given its clock."""
    with pytest.MonkeyPatch.context() as patch:
        wire(
            patch,
            environment(kind, **variables),
            clock=clock,
            make_client=_scheduled_clients(scheduler),
            post=_scheduled_post(scheduler, clock, watcher),
        )
        for work in (rotate_all, rotate_named):
            patch.setattr(f"token_refresh.function.{work.__name__}", _with_results_for(watcher, work))
        yield functools.partial(cold_start, kind)


def _scheduled_clients(scheduler: Scheduler) -> Callable[..., Any]:
    def before_send(request: AWSPreparedRequest, **_: Any) -> None:  # noqa: ANN401  # botocore's own
        labels = (label for label in _LABELS if f'"{label}"' in str(request.body))
        scheduler.step(" ".join((operation_of(request), *labels)))

    return clients_with(before_send)


def _scheduled_post(scheduler: Scheduler, clock: FakeClock, watcher: Watcher) -> Callable[..., transport.HttpResponse]:
    send = transport.post

    def post(base_url: str, request: transport.HttpRequest, **options: Any) -> transport.HttpResponse:  # noqa: ANN401  # passed on
        scheduler.step(f"POST {request.path}")
        watcher.asking()
        clock.advance(_REQUEST_SECONDS)
        answer = send(base_url, request, **options)
        watcher.answered(answer.status, answer.body)
        return answer

    return post


def _with_results_for(watcher: Watcher, work: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    @functools.wraps(work)
    def rotate(*arguments: object) -> list[Any]:
        results = work(*arguments)
        watcher.ended(results)
        return results

    return rotate
