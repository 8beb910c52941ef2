"""Answers of a mebibyte that are chosen to cost time or memory."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from tests.safety.hostile import accounts
from tests.safety.hostile.oracle import MOST_TOKEN_BYTES
from tests.unit.wire import answer

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1024 * 1024


def _filled(before: str, unit: str, after: str) -> bytes:
    """Repeats a unit up to a mebibyte."""
    times = (MIB - len(before.encode()) - len(after.encode())) // len(unit.encode())
    return (before + unit * times + after).encode()


def _refusing(unit: str) -> Callable[[str], tuple[int, bytes]]:
    """Returns what makes a refusal whose message is as long as an answer can be."""

    def make(kind: str) -> tuple[int, bytes]:
        before, after = json.dumps(accounts.error_answer(kind, "<here>", 401)).split("<here>")
        return 401, _filled(before, unit, after)

    return make


def _with_codes(digits: str) -> Callable[[str], tuple[int, bytes]]:
    def make(kind: str) -> tuple[int, bytes]:
        return 200, json.dumps(accounts.error_answer(kind, "dummy", "<here>")).replace('"<here>"', digits).encode()

    return make


def _echo_of_parts(kind: str) -> tuple[int, bytes]:
    """Repeats what almost is a credential, over and over."""
    values = accounts.credentials(accounts.documents(kind)["refreshes"])
    return _refusing("".join(json.dumps(value[:-1])[1:-1] for value in sorted(values)))(kind)


def _nearly_its_own_token(kind: str) -> tuple[int, bytes]:
    """Issues a token as long as can be, and as repetitive: the mask will look for it."""
    good: dict[str, Any] = accounts.good_answer(kind, "refresh")
    place = good.get("results") or good.get("value") or good
    place.update(dict.fromkeys(accounts.ISSUED[kind], "a" * MOST_TOKEN_BYTES))
    return 200, json.dumps(good).encode()


HEAVY: dict[str, Callable[[str], tuple[int, bytes]]] = {
    "brackets": lambda _: (200, b"[" * MIB),
    "nested objects": lambda _: (200, _filled("", '{"value":', "")),
    "empty objects": lambda _: (200, _filled("[", "{},", "0]")),
    "small objects": lambda _: (200, _filled('{"value":[', '{"":0},', "0]}")),
    "short strings": lambda _: (200, _filled("[", '"\u5bc6a",', "0]")),
    "keys": lambda _: (200, ("{" + ",".join(f'"{n:x}":{n}' for n in range(70_000)) + "}").encode()),
    "UTF-32": lambda _: (200, ("[" + "{}," * 87_000 + "0]").encode("utf-32")),
    "zeros": lambda _: (200, bytes(MIB)),
    "a float": lambda _: (200, b"0." + b"9" * (MIB - 2)),
    "a code without end": _with_codes("9" * 900_000),
    "a code of digits": _with_codes('"' + "4" * 4_300 + '"'),
    "a message of backslashes": _refusing("\\\\"),
    "a message of percent signs": _refusing("%25"),
    "a message of escapes": _refusing("\\u0041"),
    "a message of entities": _refusing("&amp;"),
    "a message of half credentials": _echo_of_parts,
    "a message of Base64": _refusing("ZHVtbXk="),
    "long tokens": _nearly_its_own_token,
}


def _packed(body: bytes) -> bytes:
    return answer(200, gzip.compress(body, 1, mtime=0), "Content-Encoding: gzip")


# What is read whole, what must not be read whole, and what must not be unpacked whole.
HUGE: dict[str, Callable[[], bytes]] = {
    "many objects": lambda: _packed(HEAVY["small objects"]("ekuaibao")[1]),
    "fifty mebibytes": lambda: answer(200, bytes(50 * MIB)),
    "fifty mebibytes, packed": lambda: _packed(bytes(50 * MIB)),
}
