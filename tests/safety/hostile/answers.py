"""Answers that no provider should give: near misses of the real ones, other JSON, other bytes."""

from __future__ import annotations

import json
from base64 import b64encode
from copy import deepcopy
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from hypothesis import strategies as st

from tests.safety.hostile.accounts import EXPIRY_MS, error_answer, good_answer
from tests.safety.hostile.oracle import MOST_TOKEN_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

_SHORT = 300
_FAR_TOO_DEEP = 20_000


class Raw(str):
    """JSON as it is to be written."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Raw({short(str(self))})"


class Body(bytes):
    """A body that does not fill a terminal when a test fails."""

    __slots__ = ()

    def __repr__(self) -> str:
        return short(bytes(self))


def short(value: str | bytes) -> str:
    """Returns a value's beginning, for a person."""
    return repr(value) if len(value) <= _SHORT else f"{value[:_SHORT]!r} and {len(value) - _SHORT} more"


_DEEP = Raw("[" * _FAR_TOO_DEEP + "]" * _FAR_TOO_DEEP)
_ODD_NUMBERS = [
    *(0, -1, 200, 401, 10**30, 200.0, 403.5, -0.0, 1e308, 2**53 + 1),
    *(EXPIRY_MS, EXPIRY_MS + 0.5, EXPIRY_MS // 2, EXPIRY_MS // 1000, EXPIRY_MS * 2),
]
_ODD_RAW = [Raw(text) for text in ("NaN", "-Infinity", "1e400", "9" * 399, "9" * 5000, "-0", "1E3", '"\\ud83d"')]
_ODD_TEXTS = [
    "",
    " ",
    "200",
    "403",
    "0200",
    "9" * 4200,
    str(EXPIRY_MS),
    f" {EXPIRY_MS}\n",
    "nul\0",
    "line\nbreak",
    "\x7f",
    "\x85",
    "\u2028",
    "\u202ereversed",
    "\ufeffbom",
    "\ud83d",
    "\U0001f511",
    "t" * MOST_TOKEN_BYTES,
    "t" * (MOST_TOKEN_BYTES + 1),
    "\u5bc6" * (MOST_TOKEN_BYTES // 3),
    "\u5bc6" * (MOST_TOKEN_BYTES // 3 + 1),
]
ODD_VALUES: list[Any] = [
    *(None, True, False),
    *_ODD_NUMBERS,
    *_ODD_RAW,
    *_ODD_TEXTS,
    *([], {}, [[[]]], [1], {"accessToken": "x"}, _DEEP),
]
odd_values: SearchStrategy[Any] = st.sampled_from(ODD_VALUES) | st.text(max_size=20)
json_values: SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
statuses = st.one_of(
    st.sampled_from([200, 200, 200, 201, 204, 299, 400, 401, 403, 404, 429, 500, 502]), st.integers(100, 599)
)
ENCODERS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "JSON": lambda value: json.dumps(value)[1:-1],
    "JSON, UTF-8, solidus": lambda value: json.dumps(value, ensure_ascii=False)[1:-1].replace("/", "\\/"),
    "JSON twice": lambda value: json.dumps(json.dumps(value))[1:-1],
    "JavaScript": lambda value: "".join(f"\\u{unit:04X}" for unit in memoryview(value.encode("utf-16-le")).cast("H")),
    "URL": lambda value: quote(value, safe=""),
    "URL path": quote,
    "URL form": quote_plus,
    "URL, lower case": lambda value: quote(value, safe="").lower(),
    "URL twice": lambda value: quote(quote(value, safe=""), safe=""),
    "encodeURIComponent": lambda value: quote(value, safe="!'()*~"),
    "RFC 1738": lambda value: quote(value, safe="").replace("~", "%7E"),
    "every byte": lambda value: "".join(f"%{byte:02x}" for byte in value.encode()),
    "HTML": lambda value: (
        value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;").replace("'", "&#x27;")
    ),
    "Base64": lambda value: b64encode(value.encode()).decode(),
    "Base64, unpadded": lambda value: b64encode(value.encode()).decode().rstrip("="),
    "Base64, URL-safe": lambda value: b64encode(value.encode(), b"-_").decode(),
    "Base64 in Base64's middle": lambda value: b64encode(f'{{"key": {value}}}'.encode()).decode(),
}
PROVIDERS_WORDS = [
    "Invalid or missing client_id parameter",
    "Invalid Client",
    "apiKey not found",
    "invalid signature",
    " User Not Found ",
    "invalid authorization",
    "\u672a\u6388\u6743",
    "Request has succeeded",
]


@st.composite
def echoes(draw: st.DrawFn, credentials: frozenset[str]) -> str:
    """Makes a message that repeats credentials, in every encoder's way, among other words."""
    values = st.sampled_from(sorted(credentials))
    parts = draw(
        st.lists(
            st.one_of(
                st.builds(lambda encode, value: encode(value), st.sampled_from(list(ENCODERS.values())), values),
                st.sampled_from([" ", "x" * 190, "\n", "\u202e", "%", "\\", "***", "&"]),
                st.text(max_size=10),
            ),
            min_size=1,
            max_size=5,
        )
    )
    return draw(st.sampled_from([" ", ", ", "\u200b "])).join(parts)


def messages(credentials: frozenset[str]) -> SearchStrategy[Any]:
    """Returns what may stand where an error's message belongs."""
    return st.one_of(st.sampled_from(PROVIDERS_WORDS), echoes(credentials), odd_values)


@st.composite
def bodies(draw: st.DrawFn, kind: str, ask: str, credentials: frozenset[str]) -> Body:
    """Makes anything that may come back, near misses above all; what was presented may be echoed."""
    return Body(draw(_bodies(kind, ask, credentials)))


def _bodies(kind: str, ask: str, credentials: frozenset[str]) -> SearchStrategy[bytes]:
    good = st.just(good_answer(kind, ask))
    codes = st.sampled_from([200, 400, 401, 403, 500, "403", None]) | odd_values
    near = st.one_of(_mutated(good), _mutated(st.builds(error_answer, st.just(kind), messages(credentials), codes)))
    written_near = near.flatmap(_written)
    return st.one_of(
        written_near,
        written_near,
        written_near.flatmap(_spoilt),
        json_values.flatmap(_written),
        st.binary(max_size=300),
        st.sampled_from([b"", b"{}", b"null", b"[" * _FAR_TOO_DEEP, b'{"value":' * _FAR_TOO_DEEP, b"\xff\xfe{\0}\0"]),
    )


def written(value: Any, *, ascii_only: bool = True, repeat: tuple[str, Any] | None = None) -> str:  # noqa: ANN401 - any JSON
    """Writes JSON that need not be proper; `repeat` is a member that objects of that key get once more."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        members = [*value.items(), *([repeat] if repeat and repeat[0] in value else [])]
        return "{" + ", ".join(f"{json.dumps(k)}: {written(v, ascii_only=ascii_only)}" for k, v in members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(item, ascii_only=ascii_only) for item in value) + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


@st.composite
def _mutated(draw: st.DrawFn, documents: SearchStrategy[dict[str, Any]]) -> Any:  # noqa: ANN401 - any JSON
    """Puts odd values where good ones were, at the top or a level down; takes keys away, or all a level up or down."""
    document = deepcopy(draw(documents))
    for _ in range(draw(st.integers(0, 2))):
        inner = [value for value in document.values() if isinstance(value, dict) and value]
        place = draw(st.sampled_from([document, *inner]))
        if not place:
            break
        key = draw(st.sampled_from(sorted(place)))
        change = draw(st.sampled_from(["odd", "odd", "odd", "gone", "renamed"]))
        value = place.pop(key)
        if change == "odd":
            place[key] = deepcopy(draw(odd_values))
        elif change == "renamed":
            place[key.upper()] = value
    wrapping = draw(st.sampled_from(["none"] * 6 + ["list", "object", "string"]))
    match wrapping:
        case "list":
            return [document]
        case "object":
            return {"data": document}
        case "string":
            return written(document)
    return document


@st.composite
def _written(draw: st.DrawFn, value: Any) -> bytes:  # noqa: ANN401 - any JSON
    repeat = None
    if isinstance(value, dict) and value and draw(st.integers(0, 5)) == 0:
        repeat = draw(st.sampled_from(sorted(value))), draw(odd_values)
    text = written(value, ascii_only=draw(st.booleans()), repeat=repeat)
    encoding = draw(st.sampled_from(["utf-8"] * 5 + ["utf-8-sig", "utf-16", "utf-32-be"]))
    return text.encode(encoding, "surrogatepass")


@st.composite
def _spoilt(draw: st.DrawFn, body: bytes) -> bytes:
    """Cuts it short, or puts something before, behind or into it."""
    at = draw(st.integers(0, len(body)))
    more = draw(st.sampled_from([b"\0", b"\xff", b")]}',\n", b"\xef\xbb\xbf", b"<html>", b"}", b" " * 70_000, b"{}"]))
    return draw(st.sampled_from([body[:at], body[:at] + more + body[at:], more + body, body + more]))
