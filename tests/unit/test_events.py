"""An event asks for a sweep or for one secret; one that cannot be meant is refused before anything is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from token_refresh.errors import InvalidEvent
from token_refresh.events import RunRequest, check_prefix, parse_event

PREFIX = "token-refresh/mcs/"
NAME = "token-refresh/mcs/demo"
ARN = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{NAME}-AbCdEf"
EVENTS = Path(__file__).parents[2] / "events"


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}},
        {"key1": "value1", "key2": "value2", "key3": "value3"},
        {"force": False, "retry_rejected": False},
        *({key: "x"} for key in ("id", "detail-type", "ScheduledTime", "<aws.scheduler.execution-id>")),
    ],
)
def test_a_sweep(event: object) -> None:
    """An empty object, EventBridge's envelope, the console's default test event and keys of others: every secret."""
    assert parse_event(event, PREFIX) == RunRequest()


@pytest.mark.parametrize("secret_id", [NAME, ARN, ARN.replace("aws", "aws-cn", 1), ARN.removesuffix("-AbCdEf")])
def test_one_secret(secret_id: str) -> None:
    """By its name or its ARN, in every partition."""
    assert parse_event({"secret_id": secret_id}, PREFIX) == RunRequest(secret_id)


def test_one_secret_forced() -> None:
    """Even if it is not due or was rejected."""
    assert parse_event({"secret_id": NAME, "force": True}, PREFIX) == RunRequest(NAME, force=True)


def test_a_sweep_that_presents_rejected_secrets_again() -> None:
    """After a provider's false alarm."""
    assert parse_event({"retry_rejected": True}, PREFIX) == RunRequest(retry_rejected=True)


@pytest.mark.parametrize("event", [None, [], [{}], "sweep", 7, True, 1.5])
def test_an_event_that_is_no_object_is_refused(event: object) -> None:
    """Nothing is guessed from it."""
    with pytest.raises(InvalidEvent, match="the event must be a JSON object"):
        parse_event(event, PREFIX)


@pytest.mark.parametrize("key", ["secretid", "SecretId", "secret-id", "Secret ID", "Force", "retryRejected"])
def test_a_key_that_is_almost_ours_is_refused(key: str) -> None:
    """A person meant something, and would wait for it in vain."""
    with pytest.raises(InvalidEvent, match="the event has a key that is almost"):
        parse_event({key: True}, PREFIX)


@pytest.mark.parametrize("secret_id", [None, "", 7, True, ["a"], {}])
def test_a_secret_id_of_a_wrong_type_is_refused(secret_id: object) -> None:
    """A null or empty one is not taken for a sweep: somebody meant one secret."""
    with pytest.raises(InvalidEvent, match="secret_id must be a string"):
        parse_event({"secret_id": secret_id}, PREFIX)


@pytest.mark.parametrize("flag", ["force", "retry_rejected"])
@pytest.mark.parametrize("value", [None, "true", 1, 0, [], {}])
def test_a_flag_of_a_wrong_type_is_refused(flag: str, value: object) -> None:
    """Named, so that it can be corrected."""
    with pytest.raises(InvalidEvent, match=f"{flag} must be true or false"):
        parse_event({"secret_id": NAME, flag: value}, PREFIX)


def test_force_without_a_secret_is_refused() -> None:
    """It would spend every token of the provider at once."""
    with pytest.raises(InvalidEvent, match="force needs a secret_id"):
        parse_event({"force": True}, PREFIX)


@pytest.mark.parametrize(
    "secret_id",
    [
        "token-refresh/ekuaibao/demo",
        "token-refresh/mcs",
        "token-refresh/mcs/",
        "token-refresh/mcsx/demo",
        "other/token-refresh/mcs/demo",
        "TOKEN-REFRESH/mcs/demo",
        ARN.replace("/mcs/", "/ekuaibao/"),
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:",
        "arn:aws:s3:::token-refresh/mcs/demo",
        f"x:secret:{NAME}",
    ],
)
def test_a_secret_outside_the_prefix_is_refused(secret_id: str) -> None:
    """It belongs to another function or stack, or is no secret at all."""
    with pytest.raises(InvalidEvent, match=f"secret_id must name a secret under {PREFIX}"):
        parse_event({"secret_id": secret_id}, PREFIX)


@pytest.mark.parametrize(
    ("run_request", "insists"),
    [
        (RunRequest(), False),
        (RunRequest(NAME), False),
        (RunRequest(NAME, force=True), True),
        (RunRequest(retry_rejected=True), True),
        (RunRequest(NAME, force=True, retry_rejected=True), True),
    ],
)
def test_either_flag_insists(run_request: RunRequest, insists: bool) -> None:  # noqa: FBT001  # a column
    """A person asks for what has been rejected before, and wants to see how it ends."""
    assert run_request.insists == insists


def test_the_prefix_of_a_real_name_is_checked_the_same_way() -> None:
    """An ARN tells the name only once Secrets Manager has answered."""
    check_prefix(NAME, PREFIX)
    with pytest.raises(InvalidEvent):
        check_prefix("token-refresh/ekuaibao/demo", PREFIX)


SAMPLES = {
    "scheduler.json": RunRequest(),
    "retry-rejected.json": RunRequest(retry_rejected=True),
    **{
        f"{provider}/{name}.json": RunRequest(f"token-refresh/{provider}/demo", force=name.endswith("forced"))
        for provider in ("mcs", "fashion-world", "ekuaibao")
        for name in ("one-secret", "one-secret-forced")
    },
}


@pytest.mark.parametrize(
    "file", sorted({*SAMPLES, *(str(path.relative_to(EVENTS)) for path in EVENTS.rglob("*.json"))})
)
def test_a_sample_event_means_what_its_name_says(file: str) -> None:
    """The samples are for the console and for `sam local invoke`; one that is added must be said here, too."""
    prefix = f"token-refresh/{file.partition('/')[0]}/"
    assert parse_event(json.loads((EVENTS / file).read_text()), prefix) == SAMPLES[file]
