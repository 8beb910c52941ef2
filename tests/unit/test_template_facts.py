"""The template says what the design and the providers' documents say; how it is laid out is for its linters."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

TEMPLATE = (Path(__file__).parents[2] / "template.yaml").read_text()
PROVIDERS = [
    # logical id, provider, folder, default base URL
    ("Mcs", "mcs", "mcs", "https://mcs.mediatek.com"),
    ("FashionWorld", "fashion-world", "fashion_world", "https://api.fashionworldcn.com"),
    ("Ekuaibao", "ekuaibao", "ekuaibao", "https://app.ekuaibao.com"),
]
EACH = pytest.mark.parametrize(("prefix", "provider", "folder", "url"), PROVIDERS, ids=[row[1] for row in PROVIDERS])


def block(name: str) -> str:
    """Returns the text of a parameter or resource: its line and the deeper ones below it."""
    match = re.search(rf"^  {name}:\n((?:    .*\n|\n)+)", TEMPLATE, re.MULTILINE)
    assert match is not None, name
    return match[1]


@EACH
def test_a_provider_s_default_is_its_documented_address_over_https(
    prefix: str, provider: str, folder: str, url: str
) -> None:
    """Where the documents write http://, https:// is asked all the same."""
    assert f"Default: {url}\n" in block(f"{prefix}BaseUrl"), (provider, folder)


@EACH
def test_plain_http_is_off_by_default(prefix: str, provider: str, folder: str, url: str) -> None:
    """Its own switch for each provider."""
    assert 'Default: "false"\n' in block(f"{prefix}AllowPlainHttp"), (provider, folder, url)


@EACH
def test_a_function_is_given_what_it_reads(prefix: str, provider: str, folder: str, url: str) -> None:
    """Its code, its prefix with the trailing slash, its address and its switch."""
    lines = [line.strip() for line in block(f"{prefix}Function").splitlines()]
    wanted = {
        f"CodeUri: functions/{folder}",
        f"- ${{Prefix}}/{provider}/",
        f"BASE_URL: !Ref {prefix}BaseUrl",
        f"ALLOW_PLAIN_HTTP: !Ref {prefix}AllowPlainHttp",
        f"POWERTOOLS_SERVICE_NAME: {provider}",
        "OmitName: true",
    }
    assert wanted - set(lines) == set(), url


@EACH
def test_a_function_may_touch_its_own_prefix_only(prefix: str, provider: str, folder: str, url: str) -> None:
    """In every partition, and no other provider's."""
    resources = re.findall(r"secret:\S+", block(f"{prefix}Role"))
    assert resources == [f"secret:${{Prefix}}/{provider}/*"], (folder, url)


@pytest.mark.parametrize(
    "line",
    [
        "Runtime: python3.13",
        "Handler: app.lambda_handler",
        "POWERTOOLS_METRICS_NAMESPACE: !Sub TokenRefresh/${AWS::StackName}",
        "MAX_WORKERS: !Ref MaxWorkers",
        "MaximumRetryAttempts: 0",
        "Timeout: 540",
        "BuildMethod: makefile",
        "AllowedValues: [rate(10 minutes), rate(5 minutes), rate(1 minute)]",
    ],
)
def test_a_fact_of_the_design_stands_in_the_template(line: str) -> None:
    """Word for word."""
    assert line in [re.sub(r"  #.*", "", text).strip() for text in TEMPLATE.splitlines()]


def test_no_resource_s_arn_names_a_partition() -> None:
    """Likely users are in the regions of China."""
    arns = re.findall(r"arn:[^:\s]+", TEMPLATE.replace(block("KmsKeyArn"), ""))
    assert set(arns) == {"arn:${AWS"}


def test_the_function_s_names_are_those_of_the_sample_events() -> None:
    """The samples name secrets of a stack with the default name."""
    root = Path(__file__).parents[2]
    stack = re.search(r'stack_name = "(.+)"', (root / "samconfig.toml").read_text())
    assert stack is not None
    for _, provider, _, _ in PROVIDERS:
        event = json.loads((root / "events" / provider / "one-secret.json").read_text())
        assert event["secret_id"].startswith(f"{stack[1]}/{provider}/")
