"""What an answer consists of: a token that is sane, an expiry that is usable, an object however odd."""

from __future__ import annotations

import math

import pytest

from token_refresh.parsing import MOST_MESSAGE, expiry, number, parse_object, text, token

NOW = 1_510_213_872.070  # epoch seconds
NOW_MS = 1_510_213_872_070
DAY_MS = 24 * 60 * 60 * 1000
TEN_YEARS_MS = round(3652.5 * DAY_MS)


@pytest.mark.parametrize(
    "value",
    [
        "x",
        "x" * 8192,
        "合" * 2730,  # 8,190 bytes
        'quotes " and \\ slashes /',
        "+&%=:?#",
        "😀",
    ],
    ids=["short", "8 KiB", "8 KiB of UTF-8", "quotes", "punctuation", "emoji"],
)
def test_a_sane_token_is_taken_as_it_is(value: str) -> None:
    """A non-empty string of at most 8 KiB without control characters, whatever its letters."""
    assert token(value) == value


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", 7, 1.5, True, ["token"], {"token": "token"}),
        "x" * 8193,
        "合" * 2731,  # 8,193 bytes
        *("tab\t", "nul\0", "del\x7f", "c1\x85", "half a pair \ud83d", "broken \ufffd"),
    ],
    ids=lambda value: f"{type(value).__name__}-{ascii(value)[:12]}",
)
def test_any_other_token_is_none(value: object) -> None:
    """It could not be stored, or not be presented."""
    assert token(value) is None


def test_line_breaks_in_a_token_are_dropped() -> None:
    """Base64 can be broken into lines."""
    assert token("abc\r\ndef\n") == "abcdef"


@pytest.mark.parametrize(
    ("given", "seconds_left"),
    [
        (NOW_MS + 1, 0.001),
        (NOW_MS + DAY_MS, 86_400),
        (str(NOW_MS + DAY_MS), 86_400),
        (float(NOW_MS + DAY_MS), 86_400),
        (NOW_MS + TEN_YEARS_MS - 1000, TEN_YEARS_MS / 1000 - 1),
    ],
    ids=["in a moment", "tomorrow", "a string", "a float", "in ten years"],
)
def test_a_usable_expiry_is_taken(given: object, seconds_left: float) -> None:
    """Epoch milliseconds, in the future and within ten years, become epoch seconds."""
    assert expiry(given, NOW) == pytest.approx(NOW + seconds_left, abs=0.0001)


@pytest.mark.parametrize(
    "given",
    [
        *(None, "", "soon", True, math.nan, math.inf, -math.inf, [], {}, 0, -1, 10**400, "9" * 5000),
        NOW_MS,
        NOW_MS - DAY_MS,
        (NOW_MS + DAY_MS) // 1000,  # seconds
        3 * DAY_MS,  # a duration
        NOW_MS + TEN_YEARS_MS + 1000,
    ],
    ids=lambda given: ascii(given)[:16],
)
def test_any_other_expiry_is_none(given: object) -> None:
    """It says nothing of when the tokens end."""
    assert expiry(given, NOW) is None


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '\ufeff{"a": 1}',
        '{"b": ' + "9" * 5000 + ', "a": 1}',
        '{"b": NaN, "a": 1}',
        '{"b": "\\ud83d", "a": 1}',
    ],
    ids=["plain", "byte order mark", "a number too long for Python", "no number", "half a surrogate pair"],
)
def test_an_object_is_found_whatever_else_is_in_it(text: str) -> None:
    """An odd value that nobody asks for must not cost the tokens beside it."""
    found = parse_object(text.encode())
    assert found is not None
    assert found["a"] == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32-le"])
def test_an_object_is_found_in_any_encoding_of_json(encoding: str) -> None:
    """Told by its first bytes."""
    assert parse_object('{"a": "合思"}'.encode(encoding)) == {"a": "合思"}


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"7", b'{"a": ', b"<html>", b"[" * 20_000], ids=lambda data: repr(data[:9])
)
def test_anything_else_is_no_object(data: bytes) -> None:
    """However broken or deep."""
    assert parse_object(data) is None


@pytest.mark.parametrize(
    ("given", "read"),
    [
        *((403, 403), ("403", 403), (" 403 ", 403), ("403.0", 403), (403.0, 403), ("-1", -1), ("4_03", None)),
        *(("403.5", None), ("E403", None), ("\u0664\u0660\u0663", None), ("", None), (True, None), (None, None)),
        *((float("inf"), None), (float("nan"), None), ("9" * 500, None)),
    ],
)
def test_a_number_may_come_as_a_string(given: object, read: int | None) -> None:
    """In plain digits; no fraction but zero."""
    assert number(given) == read


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        *(
            ("gbk", "合思"),
            ("gbk", "誠乗"),
            ("big5", "功許"),
            ("shift-jis", "表"),
            ("euc-jp", "表"),
            ("latin-1", "Jos\xe9"),
        ),
        *(("utf-16", "合思"), ("utf-32", "合思"), ("utf-8-sig", "合思")),
    ],
)
def test_a_name_in_any_encoding_costs_no_token(encoding: str, name: str) -> None:
    """In some the second byte of a character can be a backslash."""
    body = parse_object(f'{{"name":"{name}","apiKey":"AAAA","more":"{name}"}}'.encode(encoding))
    assert body is not None
    assert token(body["apiKey"]) == "AAAA"


def test_a_token_whose_encoding_is_guessed_is_none() -> None:
    """It would be presented in another one."""
    body = parse_object('{"apiKey":"AA合"}'.encode("gbk"))
    assert body is not None
    assert token(body["apiKey"]) is None


def test_a_line_break_may_stand_in_a_token_as_it_is() -> None:
    """Not only escaped, as JSON wants it."""
    body = parse_object(b'\n\xef\xbb\xbf{"apiKey":"AAAA\nBB\r\nCC","name":"a\tb"}\0')
    assert body is not None
    assert token(body["apiKey"]) == "AAAABBCC"


@pytest.mark.parametrize(
    ("given", "length"), [("x", 1), ("x" * MOST_MESSAGE, MOST_MESSAGE), ("x" * 9_999, MOST_MESSAGE + 1)]
)
def test_a_message_is_cut_and_tells_that_it_goes_on(given: str, length: int) -> None:
    """By one character more than is looked at."""
    assert len(text(given)) == length
