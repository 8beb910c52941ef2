"""One run's secrets: all of the provider's, soonest expiry first, or the one that the event names."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from token_refresh.errors import InvalidEvent, SecretError
from token_refresh.events import check_prefix
from token_refresh.result import Result
from token_refresh.rotation import Rotation
from token_refresh.secrets_manager import NoSuchSecret, NotAName

if TYPE_CHECKING:
    from token_refresh.events import Order
    from token_refresh.lifetime import Lifetime
    from token_refresh.rotation import Tools


def sweep(tools: Tools, order: Order) -> list[Result]:
    """Rotate every secret that is due, and tell how each one ended.

    Raises `Transient` or `Denied` if the list of secrets cannot be read.
    """
    results: list[Result] = []
    due: dict[str, tuple[Lifetime | None, str]] = {}  # by ARN: of those not due, no value stays in memory
    for item in tools.secrets.sweep(tools.settings.secret_prefix):
        if isinstance(item, tuple):
            name, error = item
            results.append(Result(name, error.outcome, str(error)))
            continue
        verdict = Rotation(tools, order).first_look(item)
        if isinstance(verdict, Result):
            results.append(verdict)
        else:
            due[item.arn] = (verdict, item.name)
    soonest_first = sorted(due.items(), key=lambda entry: entry[1][0].urgency if entry[1][0] else 0.0)
    with ThreadPoolExecutor(tools.settings.max_workers) as pool:
        turns = [pool.submit(Rotation(tools, order, life).run, arn, name) for arn, (life, name) in soonest_first]
        results += [turn.result() for turn in turns]
    return sorted(results, key=lambda result: result.name)


def one(tools: Tools, order: Order, secret_id: str) -> list[Result]:
    """Rotate the secret that an event names. Raises `InvalidEvent` if there is none of this provider's by that name."""
    version = None
    try:
        version = tools.secrets.read(secret_id)
    except (NoSuchSecret, NotAName):
        pass  # raised below, so that the SDK's words are not in the chain
    except SecretError as error:
        return [Result(secret_id, error.outcome, str(error))]
    if version is None:
        raise InvalidEvent(f"secret_id: there is no secret {secret_id!a} in this account and region")
    # An ARN's name ends in random characters, so only the answer tells for certain.
    check_prefix(version.name, tools.settings.secret_prefix)
    return [Rotation(tools, order).run(version.arn, version.name)]
