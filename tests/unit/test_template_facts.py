"""The template says what the functions and the providers' documents need; its layout is for its linters."""

from __future__ import annotations

import json
import re
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "template.yaml").read_text()


@dataclass(frozen=True, slots=True)
class Names:
    """What a provider is called in the template, and its address."""

    logical_id: str  # what its logical ids begin with
    title: str
    name: str
    folder: str
    url: str


# No two names of the first are alike, so what is said of it can be said of the others.
FASHION_WORLD = Names(
    "FashionWorld", "Fashion World", "fashion-world", "fashion_world", "https://api.fashionworldcn.com"
)
MCS = Names("Mcs", "MCS", "mcs", "mcs", "https://mcs.mediatek.com")
EKUAIBAO = Names("Ekuaibao", "ekuaibao", "ekuaibao", "ekuaibao", "https://app.ekuaibao.com")


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short functions too: `!Ref X` as {"Ref": "X"}."""


def short_function(loader: Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    """Reads a short function, whatever its argument is."""
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    raise TypeError(f"!{name}: an argument that is neither text nor a list")


Loader.add_multi_constructor("!", short_function)
TEMPLATE: dict[str, Any] = Loader(TEXT).get_single_data()
FUNCTION = TEMPLATE["Resources"]["FashionWorldFunction"]["Properties"]
ROLE = TEMPLATE["Resources"]["FashionWorldRole"]["Properties"]
EVERY_FUNCTION = TEMPLATE["Globals"]["Function"]
TIMER = "Resources FashionWorldFunction Properties Events ScheduledRun Properties"
STACK_PREFIX = {"If": ["PrefixIsStackName", {"Ref": "AWS::StackName"}, {"Ref": "SecretPrefix"}]}


def block(names: Names) -> dict[str, Any]:
    """Returns a provider's parameters, resources and outputs."""
    return {
        f"{section}/{logical_id}": content
        for section in ("Parameters", "Resources", "Outputs")
        for logical_id, content in TEMPLATE[section].items()
        if logical_id.startswith(names.logical_id)
    }


def only_statement(policy_name: str) -> dict[str, Any]:
    """Returns the one statement of a policy of the role."""
    (policy,) = (policy for policy in ROLE["Policies"] if policy["PolicyName"] == policy_name)
    (statement,) = policy["PolicyDocument"]["Statement"]
    found: dict[str, Any] = statement
    return found


@pytest.mark.parametrize("other", [MCS, EKUAIBAO], ids=["mcs", "ekuaibao"])
def test_the_providers_are_alike_but_for_their_names(other: Names) -> None:
    """With the other's names put into it, one provider's block is the other's, so the tests below ask of one only."""
    text = json.dumps(block(FASHION_WORLD))
    for old, new in zip(astuple(FASHION_WORLD), astuple(other), strict=True):
        text = text.replace(old, new)
    assert block(other) == json.loads(text)


def test_everything_is_a_provider_s_or_shared() -> None:
    """There is no fourth provider, and nothing that a provider has by another name."""
    theirs = {key.partition("/")[2] for names in (FASHION_WORLD, MCS, EKUAIBAO) for key in block(names)}
    everything = {*TEMPLATE["Resources"], *TEMPLATE["Outputs"]}
    assert everything - theirs == {"TokenRefreshLayer", "SharedPolicy"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        # Where the documents write http://, https:// is asked all the same.
        ("Parameters FashionWorldBaseUrl Default", "https://api.fashionworldcn.com"),
        ("Parameters FashionWorldAllowPlainHttp Default", "false"),
        ("Resources FashionWorldFunction Properties CodeUri", "functions/fashion_world"),
        ("Resources TokenRefreshLayer Metadata BuildMethod", "makefile"),  # with the versions that are locked
        ("Globals Function Runtime", "python3.13"),
        ("Globals Function Handler", "app.lambda_handler"),
        ("Globals Function Timeout", 540),
        # An event is given up after a minute, and a failed one is not run again: the next scheduled run is the retry.
        ("Globals Function EventInvokeConfig MaximumEventAgeInSeconds", 60),
        ("Globals Function EventInvokeConfig MaximumRetryAttempts", 0),
        (f"{TIMER} RetryPolicy MaximumEventAgeInSeconds", 60),
    ],
)
def test_a_setting_is_as_it_is_meant(path: str, value: object) -> None:
    """One of a provider's is asked of one provider."""
    found: Any = TEMPLATE
    for name in path.split():
        found = found[name]
    assert found == value


def test_a_function_is_given_what_it_reads() -> None:
    """Its prefix with the trailing slash, its address, its switch and its name."""
    prefix = {"Sub": ["${Prefix}/fashion-world/", {"Prefix": STACK_PREFIX}]}
    assert FUNCTION["Environment"]["Variables"] == {
        "SECRET_PREFIX": prefix,
        "BASE_URL": {"Ref": "FashionWorldBaseUrl"},
        "ALLOW_PLAIN_HTTP": {"Ref": "FashionWorldAllowPlainHttp"},
        "POWERTOOLS_SERVICE_NAME": "fashion-world",
    }


def test_a_function_may_touch_its_own_prefix_only() -> None:
    """In every partition, and no other provider's."""
    arn = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${Prefix}/fashion-world/*"
    assert only_statement("RotateOwnSecrets")["Resource"] == {"Sub": [arn, {"Prefix": STACK_PREFIX}]}


def test_a_function_may_do_with_a_secret_what_it_does_and_no_more() -> None:
    """Each is a call that the layer makes."""
    assert only_statement("RotateOwnSecrets")["Action"] == [
        "secretsmanager:GetSecretValue",
        "secretsmanager:ListSecretVersionIds",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    ]


def test_a_timer_runs_a_function_on_the_schedule() -> None:
    """One event, under a name that CloudFormation makes up."""
    (event,) = FUNCTION["Events"].values()
    wanted = {"OmitName": True, "ScheduleExpression": {"Ref": "Schedule"}, "State": {"Ref": "ScheduleState"}}
    assert {key: event["Properties"].get(key) for key in wanted} == wanted


def test_one_may_look_every_ten_five_or_one_minutes() -> None:
    """Ten unless it is said."""
    schedule = TEMPLATE["Parameters"]["Schedule"]
    assert schedule["AllowedValues"] == [schedule["Default"], "rate(5 minutes)", "rate(1 minute)"]
    assert schedule["Default"] == "rate(10 minutes)"


def test_every_function_is_given_what_all_read() -> None:
    """How many secrets at a time, how much to log, and where the metrics go."""
    assert EVERY_FUNCTION["Environment"]["Variables"] == {
        "MAX_WORKERS": {"Ref": "MaxWorkers"},
        "POWERTOOLS_LOG_LEVEL": {"Ref": "LogLevel"},
        "POWERTOOLS_METRICS_NAMESPACE": {"Sub": "TokenRefresh/${AWS::StackName}"},
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_TRIM_THRESHOLD_": "65536",
    }


def test_no_arn_of_ours_names_a_partition() -> None:
    """Likely users are in the regions of China."""
    parameters = {name: content for name, content in TEMPLATE["Parameters"].items() if name != "KmsKeyArn"}
    arns = re.findall(r"arn:[^:\s]+", json.dumps({**TEMPLATE, "Parameters": parameters}))
    assert set(arns) == {"arn:${AWS"}


@pytest.mark.parametrize("provider", ["fashion-world", "mcs", "ekuaibao"])
def test_a_sample_event_names_a_secret_of_the_stack_by_its_default_name(provider: str) -> None:
    """So that it can be sent as it is."""
    stack = re.search(r'stack_name = "(.+)"', (ROOT / "samconfig.toml").read_text())
    assert stack is not None
    event = json.loads((ROOT / "events" / provider / "one-secret.json").read_text())
    assert event["secret_id"].startswith(f"{stack[1]}/{provider}/")
