"""The README's sample of an application: it reads new tokens after a refusal, and shows no token."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

README = Path(__file__).parents[2] / "README.md"
TOKENS = ["dummy-old-token", "dummy-new-token"]


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The sample, with a secret that is rotated after the first read; its last line, which runs it, left out."""
    [code] = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    values = iter(TOKENS)
    client = SimpleNamespace(get_secret_value=lambda **_: {"SecretString": f'{{"accessToken": "{next(values)}"}}'})
    monkeypatch.setattr("boto3.client", lambda _: client)
    monkeypatch.setattr("time.sleep", lambda _: None)
    made: dict[str, Any] = {}
    exec(code.rpartition("\nprint(")[0], made)  # noqa: S102 - the README's own
    return made


@pytest.mark.parametrize("refused", [401, 403, 404])
def test_a_refused_token_is_read_again_once(sample: dict[str, Any], refused: int) -> None:
    """As each of the providers refuses it."""
    sent = []

    def send(secret: dict[str, str]) -> SimpleNamespace:
        sent.append(secret["accessToken"])
        return SimpleNamespace(status_code=refused)

    sample["call"]("token-refresh/ekuaibao/demo", send)
    assert sent == TOKENS


def test_an_accepted_token_is_kept(sample: dict[str, Any]) -> None:
    """A secret is not read for each request."""
    answers = [sample["call"]("x", lambda secret: SimpleNamespace(status_code=200, **secret)) for _ in range(2)]
    assert [answer.accessToken for answer in answers] == TOKENS[:1] * 2


def test_no_connection_shows_no_token(sample: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in the URL, which the library's error quotes."""

    def fail(url: str, params: dict[str, str], **_: object) -> None:
        raise requests.ConnectionError(f"{url}?{params}")

    monkeypatch.setattr("requests.get", fail)
    with pytest.raises(ConnectionError) as caught:
        sample["call"]("x", sample["things"])
    assert str(caught.value) == "no answer from api.example.com: ConnectionError"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
