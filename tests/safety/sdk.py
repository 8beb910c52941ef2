"""The AWS SDK in a function under test: its loader, and a hook between a client and the wire."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSPreparedRequest

_LOADER = Loader()


def loader(_: object) -> Loader:
    """Returns one loader for all sessions: parsing AWS's description of itself takes longer than most tests."""
    return _LOADER


def operation_of(request: AWSPreparedRequest) -> str:
    """Returns the name of the operation that a client is about to ask Secrets Manager for."""
    target = request.headers["X-Amz-Target"]
    return (target if isinstance(target, str) else target.decode()).removeprefix("secretsmanager.")


def clients_with(before_send: Callable[..., Any]) -> Callable[..., Any]:
    """Returns what makes the layer's clients; each calls this before it sends, and sends nothing if it answers.

    It is called as handlers of botocore's event before-send are: with a `request`, and more by name.
    """
    make = importlib.import_module("token_refresh.secrets_manager")._client  # noqa: SLF001  # hooked into

    def client(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401  # passed on as they came
        made = make(*arguments, **options)
        made.meta.events.register("before-send.secretsmanager", before_send)
        return made

    return client
