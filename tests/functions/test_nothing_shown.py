"""No secret value is in anything that a run says: the scan itself, and what tempts a run to say one."""

from __future__ import annotations

import importlib
import logging
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.simulators import Mood
from tests.support.world import one_provider
from token_refresh.replies import ReplyTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.output import Output
    from tests.support.world import World
    from token_refresh.replies import Operation, ParsedReply, Verdict
    from token_refresh.transport import HttpResponse

VALUE = "dummy value"
LIBRARY = logging.getLogger("some.library")


def _chain(text: str) -> Exception:
    error = ValueError("harmless")
    error.__cause__ = RuntimeError(text)
    return error


PLANTED: list[tuple[str, Callable[[Output], object]]] = [
    ("stdout", lambda _: sys.stdout.write(VALUE)),
    ("stderr", lambda _: sys.stderr.write(VALUE)),
    ("logs", lambda _: LIBRARY.debug("sent %s", VALUE)),
    ("logs", lambda _: LIBRARY.warning("harmless", extra={"body": VALUE})),
    ("logs", lambda _: LIBRARY.error("harmless", exc_info=_chain(VALUE))),
    ("results and exceptions", lambda output: output.tell(_chain(VALUE))),
    ("results and exceptions", lambda output: output.tell({"secrets": [{"error": VALUE}]})),
]


@pytest.mark.parametrize(("channel", "plant"), PLANTED)
def test_a_planted_leak_is_found(output: Output, channel: str, plant: Callable[[Output], object]) -> None:
    """Whatever the channel, the scan finds the value and says where."""
    LIBRARY.setLevel(logging.NOTSET)
    assert output.leaks([VALUE]) == {}

    plant(output)

    assert output.leaks([VALUE]) == {channel: 1}


def test_what_the_scan_looks_for(world: World) -> None:
    """It looks for what was in the secret before and after, what the provider was sent and what it answered."""
    name = world.add()
    before = world.document(name)
    world.run()
    after, values = world.document(name), world.secret_values()

    assert {before[token] for token in world.kind.tokens if token in before} <= values
    assert {after[token] for token in world.kind.tokens} <= values
    assert {before[field] for field in world.kind.login_fields} <= values
    for request in world.provider.requests:
        authorization = request.headers.get("Authorization", "")
        assert not authorization or authorization.partition(" ")[2] in values


@one_provider
def test_the_scan_sees_the_runs_own_lines(world: World) -> None:
    """The scan would see a value on any of the run's own channels: they are all in what it reads."""
    name = world.add()
    assert world.run().result["outcomes"] == {"refreshed": 1}

    assert set(world.output.leaks([name])) == {"stdout", "logs", "results and exceptions"}
    assert world.output.leaks(["LifeRemainingPercent"])["stdout"] == 1
    assert world.output.leaks(["botocore.", "urllib3."]) == {"logs": 2}  # at DEBUG, though without their text


def test_an_echo_is_masked(world: World) -> None:
    """A provider that repeats every credential it was sent gets them masked, in the line and in the log."""
    world.add()
    world.provider.misbehave(Mood.ECHO_CREDENTIALS, times=None)

    run = world.run()

    explained = world.kind.name != "fashion-world"  # whose refusals are known by their words only
    assert run.outcomes == {"rejected" if explained else "transient": 1}
    assert "not understood: " in run.failure
    assert "***" in run.failure


@one_provider
def test_another_secrets_credentials_are_not_mixed_up(world: World) -> None:
    """The mask of one secret does not eat the words of another: names and outcomes stay readable."""
    world.set_environment(MAX_WORKERS="1")
    world.add("one", login_fields=False)
    world.add("two", login_fields=False)
    world.provider.misbehave(Mood.ECHO_CREDENTIALS, times=None)

    failure = world.run().failure

    assert f"{world.prefix}one: rejected: " in failure
    assert f"{world.prefix}two: rejected: " in failure


@one_provider
def test_a_line_of_any_logger_is_masked(world: World) -> None:
    """Whoever logs a credential that was just read, on whatever logger, says ***."""
    name = world.add()
    app = importlib.import_module(f"functions.{world.kind.module}.app")

    def talkative(fields: dict[str, str], options: dict[str, str], now: float) -> object:
        for logger in (logging.getLogger("some.module"), logging.getLogger(world.kind.name)):
            logger.warning("presenting %s", fields[world.kind.refreshed_by], extra={"sent": dict(fields)})
        return app.refresh(fields, options, now)

    world.cold_start(refresh=talkative)
    # Extra keys are masked in the function's own lines; what another logger's handler does with them is its affair.
    logging.root.removeHandler(world.output)

    run = world.force(name)

    assert run.result["outcomes"] == {"refreshed": 1}
    [line] = [line for line in run.lines if line.get("message", "").startswith("presenting")]
    assert "***" in line["message"]
    assert set(line["sent"].values()) == {"***"}


@one_provider
def test_a_bug_shows_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody foresaw is named by its type and place; what it says, and its chain, are kept quiet."""
    broken, good = world.add("broken"), world.add("good")
    secret = next(iter(world.document(broken).values()))
    read = ReplyTable.read

    def fail(self: ReplyTable, answer: HttpResponse, ask: Operation, sent_at: float) -> tuple[Verdict, ParsedReply]:
        if len(world.provider.requests) == 1:
            raise KeyError(secret)
        return read(self, answer, ask, sent_at)

    world.set_environment(MAX_WORKERS="1")
    monkeypatch.setattr(ReplyTable, "read", fail)

    run = world.run()

    assert run.outcomes == {"refreshed": 1, "transient": 1}
    assert "KeyError" in run.failure
    assert good not in run.failure
