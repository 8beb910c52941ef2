"""One Lambda function: reads its environment at cold start, then turns each invocation into a run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger

from token_refresh import log_masking, report
from token_refresh.clock import Clock, Deadline, LambdaContext, SystemClock
from token_refresh.events import parse_event
from token_refresh.run_context import RunContext
from token_refresh.secrets_manager import SecretsManager
from token_refresh.settings import Settings
from token_refresh.strays import HOUR, warn_of_strays
from token_refresh.sweep import rotate_all, rotate_named

if TYPE_CHECKING:
    from collections.abc import Callable

    from token_refresh.provider import Provider
    from token_refresh.transport import HttpRequest

_STRAYS_SECONDS = 60  # that must be left: a list of many pages


class Function:
    """A provider's function, ready to be invoked.

    `refresh` builds the request for a refresh from the fields to present, the secret's options and the time (epoch
    seconds); `login` the one for a login from the fields and the time. Raises `InvalidConfiguration` for a wrong
    environment.
    """

    def __init__(
        self,
        provider: Provider,
        refresh: Callable[[dict[str, str], dict[str, str], float], HttpRequest],
        login: Callable[[dict[str, str], float], HttpRequest],
        clock: Clock | None = None,
    ) -> None:
        self._provider, self._refresh, self._login = provider, refresh, login
        self._clock = clock or SystemClock()
        self._settings = Settings.read(os.environ)
        self._secrets: SecretsManager | None = None
        self._hour_of_strays = -1
        log_masking.install()
        self._logger = Logger(service=provider.name, logger_formatter=log_masking.MaskingFormatter(), utc=True)

    def __call__(self, event: object, context: LambdaContext) -> dict[str, Any]:
        """Run once.

        Returns ``{"provider", "outcomes": {outcome: count}, "secrets": [{"name", "outcome", "expires_at", "error"}]}``.
        Raises `InvalidEvent`, `SecretsFailed`, or `Transient` or `Denied` when the secrets could not even be listed.
        """
        deadline, began = Deadline(context, self._clock, self._logger), self._clock.now()
        self._logger.append_keys(function_request_id=getattr(context, "aws_request_id", None))
        request = parse_event(event, self._settings.secret_prefix)
        if self._secrets is None:  # not at import: it reads files
            self._secrets = SecretsManager(boto3.session.Session(), self._settings.max_workers)
        asking = self._provider, self._refresh, self._login
        run = RunContext(*asking, self._settings, self._secrets, self._clock, deadline, self._logger, began)
        named = request.secret_id
        results = rotate_all(run, request) if named is None else rotate_named(run, request, named)
        report.log_results(self._logger, results)
        report.emit_metrics(self._provider, results, swept=named is None, now=self._clock.now())
        result = report.summary(self._provider, results)
        self._logger.info("run ended", extra={"outcomes": result["outcomes"]})
        if named is None:
            self._look_for_strays(run)
        report.raise_if_failed(results)
        return result

    def _look_for_strays(self, run: RunContext) -> None:
        """Look once an hour, when all else is done and reported, if time is left."""
        hour = int(run.began // HOUR)
        ours = self._provider.looks_for_strays and hour != self._hour_of_strays
        if ours and run.deadline.remaining() > _STRAYS_SECONDS:
            self._hour_of_strays = hour
            warn_of_strays(run)
