"""What an event may ask for, and that anything else stops the run before a provider is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import steps
from tests.support.clock import MINUTE, Context
from tests.support.function import RUN_SECONDS
from tests.support.steps import SWEEP
from tests.support.world import one_provider

if TYPE_CHECKING:
    from tests.support.world import World

EVENTS = Path(__file__).parents[2] / "events"
CONSOLE = {"key1": "value1", "key2": "value2", "key3": "value3"}
SCHEDULER = {
    "version": "0",
    "id": "17793124-05d4-b198-2fde-7ededc63b103",
    "detail-type": "Scheduled Event",
    "source": "aws.scheduler",
    "account": "123456789012",
    "time": "2026-01-05T10:00:00Z",
    "region": "us-east-1",
    "resources": ["arn:aws:scheduler:us-east-1:123456789012:schedule/default/scheduled-run"],
    "detail": "{}",
}
EVENTBRIDGE = {**SCHEDULER, "source": "aws.events", "detail": {}}
NEITHER = {"force": False, "retry_rejected": False}


def _error_of(run: Any) -> str:  # noqa: ANN401 - a Run
    return type(run.raised).__name__


@one_provider
@pytest.mark.parametrize("event", [{}, CONSOLE, SCHEDULER, EVENTBRIDGE, NEITHER])
def test_sweeps(world: World, event: object) -> None:
    """Nothing asked for, in any of its usual shapes, means every secret of the provider."""
    world.add("a")
    world.add("b")

    run = world.run(event)

    assert run.result["outcomes"] == {"refreshed": 2}
    assert run.steps[0] == SWEEP


@pytest.mark.parametrize("by", ["name", "ARN"])
def test_one_secret(world: World, by: str) -> None:
    """A name or an ARN means that one: it is read by itself, the others are not looked at."""
    name = world.add("a")
    world.add("b")
    before = world.current(name)

    run = world.run({"secret_id": name if by == "name" else world.store.secret(name).arn})

    assert run.result["outcomes"] == {"refreshed": 1}
    assert run.result["secrets"][0]["name"] == name
    assert run.steps == [steps.read(name), *world.rotation(name, before)]
    assert run.sent == [world.kind.refresh(before.document, world.clock.now())]


@one_provider
def test_one_secret_that_is_not_due(world: World) -> None:
    """Without force a fresh secret stays as it is."""
    name = world.add_refreshed()

    run = world.run({"secret_id": name})

    assert run.result == {"provider": world.kind.name, "outcomes": {"fresh": 1}, "secrets": []}
    assert run.sent == []


def test_force(world: World) -> None:
    """With force a fresh secret is refreshed all the same."""
    name = world.add_refreshed()
    world.clock.advance(MINUTE)
    before = world.current(name)

    run = world.run({"secret_id": name, "force": True})

    assert run.result["outcomes"] == {"refreshed": 1}
    assert run.sent == [world.kind.refresh(before.document, world.clock.now())]


@one_provider
def test_one_secret_in_trouble_fails_the_run(world: World) -> None:
    """A click in the console shows red when the one secret fails."""
    name = world.add(login_fields=False)
    world.provider.revoke(name)

    assert f"{name}: rejected: " in world.run({"secret_id": name}).failure


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        ["token-refresh/mcs/a"],
        "token-refresh/mcs/a",
        7,
        True,
        {"secret_id": None},
        {"secret_id": 7},
        {"secret_id": ""},
        {"secret_id": ["token-refresh/mcs/a"]},
        {"force": True},
        {"force": "yes"},
        {"force": None},
        {"force": 1, "secret_id": "token-refresh/mcs/a"},
        {"retry_rejected": "true"},
        {"retry_rejected": 1},
        {"retry_rejected": None},
        {"secret_id": "token-refresh/fashion-world/a"},
        {"secret_id": "token-refresh/mcs-2/a"},
        {"secret_id": "other/token-refresh/mcs/a"},
        {"secret_id": "token-refresh/mcs/"},
        {"secret_id": "token-refresh/mcs"},
        {"secret_id": "TOKEN-REFRESH/MCS/a"},
        {"secret_id": "arn:aws:secretsmanager:us-east-1:123456789012:secret:token-refresh/ekuaibao/a-AbCdEf"},
    ],
    ids=json.dumps,
)
@one_provider
def test_invalid(world: World, event: object) -> None:
    """What cannot be meant fails the run before anyone is asked anything."""
    world.add()
    function = world.cold_start()

    with pytest.raises(Exception, match=r"must|needs") as raised:
        function(event, Context(world.clock, RUN_SECONDS))

    assert type(raised.value).__name__ == "InvalidEvent"
    assert world.store.calls == []
    assert world.provider.requests == []


@one_provider
@pytest.mark.parametrize("rest", ["none-of-that-name", "not a name", "ü", "a" * 600])
def test_a_secret_that_does_not_exist(world: World, rest: str) -> None:
    """A secret_id without a secret is an invalid event; one look at Secrets Manager, no provider asked."""
    world.add()

    run = world.run({"secret_id": world.prefix + rest})

    assert _error_of(run) == "InvalidEvent"
    assert [step.operation for step in run.steps] == ["GetSecretValue"]
    assert run.sent == []
    assert run.emf == []


@one_provider
@pytest.mark.parametrize("slash", ["", "/"])
def test_an_arn_whose_name_only_looks_right(world: World, slash: str) -> None:
    """An ARN's own random characters are no name: the name that Secrets Manager answers with decides."""
    foreign = world.prefix.rstrip("/") + slash
    world.store.create(foreign, world.provider.create_account())
    arn = world.store.secret(foreign).arn

    run = world.run({"secret_id": arn})

    assert _error_of(run) == "InvalidEvent"
    assert run.sent == []


@pytest.mark.parametrize("forced", [False, True])
def test_sample_events_of_one_secret(world: World, *, forced: bool) -> None:
    """The sample for one secret refreshes it when it is due; the forced one always."""
    world.add_refreshed("demo") if forced else world.add("demo")
    file = EVENTS / world.kind.name / ("one-secret-forced.json" if forced else "one-secret.json")
    world.clock.advance(MINUTE)

    run = world.run(json.loads(file.read_text()))

    assert run.result["outcomes"] == {"refreshed": 1}
    assert run.result["secrets"][0]["name"] == world.prefix + "demo"


def test_sample_event_of_the_scheduler(world: World) -> None:
    """The sample of a scheduled run sweeps."""
    world.add()

    assert world.run(json.loads((EVENTS / "scheduler.json").read_text())).result["outcomes"] == {"refreshed": 1}


def test_sample_event_retry_rejected(world: World) -> None:
    """The sample that retries presents a rejected secret again."""
    name = world.add(login_fields=False)
    world.provider.answer_with(*world.provider.DEAD_SESSION[:1], body=_refusal(world))
    assert world.run().outcomes == {"rejected": 1}

    run = world.run(json.loads((EVENTS / "retry-rejected.json").read_text()))

    assert run.result["outcomes"] == {"refreshed": 1}
    assert world.provider.is_live(world.document(name))


def _refusal(world: World) -> str:
    status, message = world.provider.DEAD_SESSION
    return json.dumps({"code": status, "message": message, "errorCode": status, "errorMessage": message})


def test_every_sample_event_is_tried() -> None:
    """A file added to events/ is tried here, too."""
    assert {str(path.relative_to(EVENTS)) for path in EVENTS.rglob("*.json")} == {
        "scheduler.json",
        "retry-rejected.json",
        *(
            f"{name}/{file}.json"
            for name in ("mcs", "fashion-world", "ekuaibao")
            for file in ("one-secret", "one-secret-forced")
        ),
    }
