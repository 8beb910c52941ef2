"""A secret's text as JSON; and if it is none, where the mistake is and what it may be, without a piece of the text."""

from __future__ import annotations

import json
import unicodedata
from functools import partial
from typing import TYPE_CHECKING, Any

from token_refresh.errors import InvalidSecret

if TYPE_CHECKING:
    from collections.abc import Collection

_SIGNS = {  # by the sign at which it stops
    "'`\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb\u300c\u300d\uff02": 'a quote that is not a plain double one (")?',
    "\uff0c\u3001\uff1a\uff1b": "a full-width comma or colon?",
    ",": "a comma too many?",
    "/#": "a comment, which JSON does not have?",
}
_CAUSES = {  # by what Python's parser says
    "Expecting ',' delimiter": "a comma or a quote is missing?",
    "Expecting ':' delimiter": "a colon is missing?",
    "Expecting property name enclosed in double quotes": "a name in double quotes is missing?",
    "Unterminated string starting at": "the closing quote is missing?",
    "Invalid control character at": "a line break or a tab inside a value?",
    "Invalid \\escape": "a backslash, which JSON wants doubled?",
    "Extra data": "something after the end?",
    "Illegal trailing comma before end of object": "a comma too many before the closing bracket?",
    "Illegal trailing comma before end of array": "a comma too many before the closing bracket?",
}


def load(text: str, known_keys: Collection[str]) -> object:
    """Parse JSON; a byte order mark, which some editors write, is passed over.

    Raises `InvalidSecret`, which names a key only if it is a known one: any other could be a value in the wrong place.
    """
    text = text.removeprefix("\ufeff")
    try:
        return json.loads(text, object_pairs_hook=partial(_without_doubles, known_keys))
    except json.JSONDecodeError as error:
        problem = f"line {error.lineno}, column {error.colno}: {_likely_cause(text, error)}"
    except (ValueError, RecursionError):
        problem = "it is nested too deep, or has a number of thousands of digits"
    raise InvalidSecret("the secret is not valid JSON: " + (problem if text.strip() else "it is empty"))


def _without_doubles(known_keys: Collection[str], pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        shown = f"the key {doubled}" if doubled in known_keys else "a key"
        raise InvalidSecret(f"the secret has {shown} twice: remove one of them")
    return fields


def _likely_cause(text: str, error: json.JSONDecodeError) -> str:
    before, here = text[: error.pos].rstrip(), text[error.pos : error.pos + 1]
    if here and here in "}]" and before.endswith(","):
        return _CAUSES["Illegal trailing comma before end of object"]
    if here and unicodedata.category(here)[0] in "CZ" and not here.isascii():
        return "an invisible character, or a space that is not a plain one?"
    sign = next((cause for signs, cause in _SIGNS.items() if here and here in signs), "")
    return sign or (_CAUSES.get(error.msg, "a value is missing, or has no quotes?") if here else "the end is missing?")
