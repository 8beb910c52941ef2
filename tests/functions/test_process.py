"""Each function as Lambda runs it: a process of its own that imports `app`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.support.process import run_as_lambda
from tests.support.secrets_manager import StrictSecretsManager

if TYPE_CHECKING:
    import subprocess

    from tests.support.output import Output
    from tests.support.providers import ProviderFacts

_SCRIPT = """
import json, sys
import app

print(json.dumps(app.lambda_handler(json.loads(sys.argv[1]), Context())), file=sys.stderr)
"""


def _invoke(kind: ProviderFacts, environment: dict[str, str], event: object) -> subprocess.CompletedProcess[str]:
    return run_as_lambda(kind, _SCRIPT, environment, json.dumps(event))


def test_rotates_like_lambda(kind: ProviderFacts, output: Output) -> None:
    """The process finds its secret, rotates it, and prints result and metrics by their public names."""
    with StrictSecretsManager() as store, kind.simulator() as provider:
        name = f"my-stack/{kind.name}/demo"
        store.create(name, provider.create_account(name))
        environment = {
            **store.environment,
            "SECRET_PREFIX": f"my-stack/{kind.name}/",
            "BASE_URL": provider.url,
            "ALLOW_PLAIN_HTTP": "true",
            "POWERTOOLS_METRICS_NAMESPACE": "TokenRefresh/my-stack",
            "POWERTOOLS_LOG_LEVEL": "DEBUG",
        }

        ended = _invoke(kind, environment, {})

        output.tell([ended.stdout, ended.stderr])
        assert ended.returncode == 0, ended.stderr
        result: dict[str, Any] = json.loads(ended.stderr)
        document = store.current(name).document
        assert result == {
            "provider": kind.name,
            "outcomes": {"refreshed": 1},
            "secrets": [{"name": name, "outcome": "refreshed", "expires_at": document["expiresAt"], "error": None}],
        }
        assert provider.is_live(document)
        [metrics] = [json.loads(line) for line in ended.stdout.splitlines() if "_aws" in line]
        assert metrics["service"] == kind.name
        assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "TokenRefresh/my-stack"
        assert output.leaks(provider.issued | store.secret_values()) == {}
