"""Secrets and events that a person can come up with: near misses of good ones, and anything else."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from tests.safety.hostile import accounts
from tests.safety.hostile.answers import Body, Raw, json_values, odd_values, written

BASE_URLS = [
    "https://*.example.invalid",
    "https://.example.invalid",
    "https://a..b",
    "https://" + "a" * 300 + ".invalid",
    "https://\u2603.invalid",
    "https://xn--\u00fc.invalid",
    "https://[::1",
    "https://[::1%25lo]",
    "https://[v1.x]/",
    "https://a.invalid:99999",
    "https://a.invalid:0",
    "https://a.invalid:-1",
    "https://user:dummy-password@a.invalid",
    "https://a.invalid/?x=1",
    "https://a.invalid/#x",
    "https://a.invalid\\@b.invalid",
    "https://a.invalid/%zz/../\u5bc6",
    "https:a.invalid",
    "https:///a",
    "https://",
    "http://127.0.0.1:9",
    "HTTPS://A.INVALID",
    "ftp://a.invalid",
    "file:///etc/passwd",
    " https://a.invalid",
    "https://a.invalid\n",
    "https://a b.invalid",
    "//a.invalid",
]
DATES_OF_A_PERSON = [
    "2026-01-05T10:00:00.000Z",
    "2026-01-05\ud80010:00:00+00:00",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31",
    "",
]
_DAYS = [1, 0, -1, 1.5, True, "7", "07", "\u0667", "1e3", 10**5, "9" * 5000]
_OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "baseUrl": st.sampled_from(BASE_URLS) | odd_values,
    "expireDate": st.sampled_from(_DAYS) | odd_values,
    "powerCode": odd_values,
    "refreshedAt": st.sampled_from(DATES_OF_A_PERSON) | odd_values,
    "expiresAt": st.sampled_from(DATES_OF_A_PERSON) | odd_values,
    "expireTime": odd_values,
    "note": json_values | odd_values,
}
MOST_STORED = 64 * 1024  # bytes


@st.composite
def secrets(draw: st.DrawFn, kind: str) -> str | bytes:
    """Makes a secret's value."""
    document = deepcopy(draw(st.sampled_from(list(accounts.documents(kind).values()))))
    for name in draw(st.lists(st.sampled_from(sorted(_OPTIONS)), max_size=2, unique=True)):
        document[name] = draw(_OPTIONS[name])
    if draw(st.booleans()):
        name = draw(st.sampled_from(sorted(document)))
        document[name] = draw(odd_values)
    if draw(st.integers(0, 4)) == 0:
        del document[draw(st.sampled_from(sorted(document)))]
    repeat = draw(st.sampled_from([None, None, None, (min(document), draw(odd_values))]))
    text = written(document, ascii_only=draw(st.booleans()), repeat=repeat)
    padding = draw(st.sampled_from(["", "", "", " " * 47_000, " " * 48_000, "\u5bc6" * 16_000]))
    cut = draw(st.sampled_from([len(text), len(text), len(text), len(text) // 2]))
    anything: list[str | bytes] = [
        text[:cut] + padding,
        text[:cut] + padding,
        text[:cut] + padding,
        "[" * 40_000,
        '{"a":' * 8_000 + "1" + "}" * 8_000,
        "[" + text + "]",
        "null",
        "\ufeff" + text,
        draw(st.text(min_size=1, max_size=50)),
        draw(st.binary(min_size=1, max_size=50)),
        text.encode("utf-8", "replace"),
    ]
    value = draw(st.sampled_from(anything))
    return Body(value[:MOST_STORED]) if isinstance(value, bytes) else Raw(_fitting(value))


def _fitting(text: str) -> str:
    """Cuts a text to what Secrets Manager takes."""
    return text.encode("utf-8", "replace")[:MOST_STORED].decode("utf-8", "ignore")


def events(prefix: str, name: str) -> st.SearchStrategy[Any]:
    """Returns events that name a secret, nearly name it, or are anything at all."""
    names = [
        name,
        name.upper(),
        name + "\n",
        name + "\ud83d",
        name + "\0",
        name + "/../x",
        name[:-1],
        prefix,
        prefix + "x" * 5_000,
        prefix + "\u5bc6",
        prefix + "%s%n{0}",
        prefix + "missing",
        f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-AbCdEf",
        f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{prefix}missing-AbCdEf",
        f"arn:aws:secretsmanager:::secret:{prefix}",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:",
        "",
    ]
    near = st.fixed_dictionaries(
        {},
        optional={
            "secret_id": st.sampled_from(names) | odd_values | st.text(max_size=20).map(lambda text: prefix + text),
            "force": st.booleans() | odd_values,
            "retry_rejected": st.booleans() | odd_values,
            "detail": json_values,
        },
    )
    return st.one_of(near, near, near, json_values)
