"""What the leak scan finds."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote_plus, urlencode

import pytest

from tests.support.leaks import leaked

VALUE = "dummy+token/with:odd=characters & 非"


@pytest.mark.parametrize("text", [VALUE, f"?t={quote_plus(VALUE)}", urlencode({"t": VALUE}), json.dumps([VALUE])])
def test_a_value_is_found_however_it_is_written(text: str) -> None:
    """A value is found plain, URL-encoded and JSON-escaped."""
    assert leaked([f"before {text} after"], [VALUE]) == 1


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "abcd"])
@pytest.mark.parametrize("after", ["", "z", "yz", "xyz"])
def test_a_value_is_found_inside_base64(before: str, after: str) -> None:
    """A value is found wherever it stands in a text that is Base64."""
    text = base64.b64encode(f"{before}{VALUE}{after}".encode()).decode()
    assert leaked([f"Basic {text}"], [VALUE]) == 1


def test_other_texts_and_short_values_are_no_leaks() -> None:
    """A text without the value, and a value too short to mean anything, count for nothing."""
    assert leaked(["nothing here", "abc"], [VALUE, "abc"]) == 0
