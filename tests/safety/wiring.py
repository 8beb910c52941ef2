"""Wires a provider's real function to the doubles that a test gives it, in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader

from tests.support.clock import of_libraries
from token_refresh import secrets_manager

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest
    from botocore.awsrequest import AWSPreparedRequest

    from tests.support.clock import FakeClock

_LOADER = Loader()  # one for all sessions: it parses AWS's description of itself, which takes longer than most tests


def wire(  # noqa: PLR0913 - one for each part that can be replaced
    patch: pytest.MonkeyPatch,
    variables: Mapping[str, str],
    *,
    clock: FakeClock | None = None,
    make_client: Callable[..., Any] | None = None,
    post: Callable[..., Any] | None = None,
    get: Callable[..., Any] | None = None,
) -> None:
    """Sets environment variables and replaces parts of the layer, until `patch` is undone. None: nothing is replaced.

    `clock`: libraries wait between their attempts in its time. `make_client` makes the clients of Secrets Manager.
    `post` asks the provider for tokens, and `get` where a tenant has moved.
    """
    for name, value in variables.items():
        patch.setenv(name, value)
    patch.setattr("botocore.session.create_loader", lambda _: _LOADER)
    if clock is not None:
        for target, double in of_libraries(clock).items():
            patch.setattr(target, double)
    if make_client is not None:
        patch.setattr("token_refresh.secrets_manager._client", make_client)
    if post is not None:
        patch.setattr("token_refresh.exchange.post", post)
    if get is not None:
        patch.setattr("token_refresh.tenant.get", get)


def operation_of(request: AWSPreparedRequest) -> str:
    """Returns the name of the operation that a client is about to ask Secrets Manager for."""
    target = request.headers["X-Amz-Target"]
    return (target if isinstance(target, str) else target.decode()).removeprefix("secretsmanager.")


def clients_with(before_send: Callable[..., Any]) -> Callable[..., Any]:
    """Returns what makes the layer's clients; each calls `before_send` first, and sends nothing if that answers.

    It is called as handlers of botocore's event before-send are: with a `request`, and more by name.
    """
    make = secrets_manager._client  # noqa: SLF001 - hooked into

    def client(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - passed on as they came
        made = make(*arguments, **options)
        made.meta.events.register("before-send.secretsmanager", before_send)
        return made

    return client
