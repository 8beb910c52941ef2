"""A secret's value: what is taken, what is refused and in which words, and what is written back."""

from __future__ import annotations

import contextlib
import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from token_refresh.document import Document, dump, parse_document
from token_refresh.ekuaibao import EKUAIBAO
from token_refresh.errors import InvalidSecret, Unreadable
from token_refresh.fashion_world import FASHION_WORLD
from token_refresh.mcs import MCS
from token_refresh.replies import IssuedTokens

if TYPE_CHECKING:
    from token_refresh.provider import Provider

VALUE = "dummy-secret-value"  # that no message may repeat
KIB = 1024
AT = 1_510_213_872.070  # epoch seconds

REFRESH = {
    "mcs": ["appKey", "appSecret", "token"],
    "fashion-world": ["apiKey", "secretKey"],
    "ekuaibao": ["accessToken", "refreshToken"],
}
LOGIN = {
    "mcs": ["appKey", "appSecret", "email", "password"],
    "fashion-world": ["mobile", "password"],
    "ekuaibao": ["appKey", "appSecurity"],
}
WRITTEN = {  # by a refresh, the two dates aside
    "mcs": ("token", "access_token"),
    "fashion-world": ("apiKey", "secretKey", "userId", "expireIn"),
    "ekuaibao": ("accessToken", "refreshToken", "expireTime", "corporationId"),
}
PROVIDERS = [MCS, FASHION_WORLD, EKUAIBAO]
ALL = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)


def full(provider: Provider) -> dict[str, Any]:
    """Returns a document with everything that a refresh and a login present."""
    return {name: f"{VALUE}-{name}" for name in [*REFRESH[provider.name], *LOGIN[provider.name]]}


def parse(fields: object, provider: Provider = MCS) -> Document:
    """Parses a document given as an object, or as text."""
    return parse_document(fields if isinstance(fields, str) else json.dumps(fields), provider)


def refusal(fields: object, provider: Provider = MCS) -> str:
    """Returns why a document is refused, which never repeats a value."""
    with pytest.raises(InvalidSecret) as caught:
        parse(fields, provider)
    assert VALUE not in str(caught.value)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    return str(caught.value)


def written(fields: object, provider: Provider = MCS, issued: IssuedTokens | None = None) -> str:
    """Returns the document that a refresh writes."""
    return parse(fields, provider).successor(issued or IssuedTokens({"access_token": "new"}, AT + 3600), AT).text()


class TestFields:
    """What a document must hold."""

    @ALL
    def test_the_fields_are_as_published(self, provider: Provider) -> None:
        """One with the refresh fields alone is complete, and so is one with the login fields: its first run logs in."""
        refresh, login = (dict.fromkeys(fields[provider.name], VALUE) for fields in (REFRESH, LOGIN))
        document = parse(refresh, provider)
        assert (document.refresh, document.login) == (refresh, None)
        document = parse(login, provider)
        assert (document.refresh, document.login) == (None, login)
        assert provider.written_fields == WRITTEN[provider.name]

    @pytest.mark.parametrize(
        ("provider", "name"),
        [(provider, name) for provider in PROVIDERS for name in REFRESH[provider.name]],
        ids=lambda value: getattr(value, "name", value),
    )
    @pytest.mark.parametrize("missing", ["absent", "null", "empty"])
    def test_a_missing_field_is_named(self, provider: Provider, name: str, missing: str) -> None:
        """Absent, null and "" are the same; with no login field either, the document is refused."""
        fields: dict[str, Any] = {other: VALUE for other in REFRESH[provider.name] if other != name}
        if missing != "absent":
            fields[name] = None if missing == "null" else ""
        said = refusal(fields, provider)
        assert f"to refresh: {name}; or, to log in: " in said

    @pytest.mark.parametrize(
        ("provider", "name"),
        [(provider, name) for provider in PROVIDERS for name in full(provider)],
        ids=lambda value: getattr(value, "name", value),
    )
    @pytest.mark.parametrize("value", [7, 1.5, True, False, [VALUE], {"a": VALUE}], ids=repr)
    def test_a_field_of_a_wrong_type_is_named(self, provider: Provider, name: str, value: object) -> None:
        """Even if the other way in would still be complete."""
        assert refusal({**full(provider), name: value}, provider) == f"{name} must be a string"

    @ALL
    def test_half_a_surrogate_pair_in_a_credential_is_refused(self, provider: Provider) -> None:
        """It cannot be sent to anyone."""
        name = REFRESH[provider.name][0]
        assert refusal({**full(provider), name: "\ud83d"}, provider) == f"{name} is not valid Unicode text"

    def test_an_empty_login_field_leaves_the_refresh(self) -> None:
        """A half-filled login is no login."""
        document = parse({**full(MCS), "password": ""})
        assert (document.refresh is not None, document.login) == (True, None)

    @ALL
    def test_an_empty_object_names_all_that_is_missing(self, provider: Provider) -> None:
        """Both ways in are shown."""
        refresh, login = ", ".join(REFRESH[provider.name]), ", ".join(LOGIN[provider.name])
        assert refusal({}, provider) == f"fields are missing: to refresh: {refresh}; or, to log in: {login}"

    def test_a_document_s_repr_shows_nothing(self) -> None:
        """It ends up in tracebacks and debuggers."""
        assert VALUE not in repr(parse(full(MCS)))


class TestForm:
    """What is a document at all."""

    @pytest.mark.parametrize("text", [f'"{VALUE}"', f'["{VALUE}"]', "null", "7"])
    def test_anything_but_an_object_is_refused(self, text: str) -> None:
        """It is JSON, and a person is told what else it should be. A binary secret comes without a SecretString."""
        assert refusal(text) == 'the secret is JSON, but not an object: write {"name": "value", ...}'
        with pytest.raises(InvalidSecret, match="the secret is binary"):
            parse_document(None, MCS)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "it is empty"),
            ("\ufeff ", "it is empty"),
            (VALUE, "line 1, column 1: a value is missing, or has no quotes?"),
            (f'{{"appKey": {VALUE}}}', "line 1, column 12: a value is missing, or has no quotes?"),
            (f'{{"appKey": "{VALUE}",}}', "line 1, column 33: a comma too many before the closing bracket?"),
            (f'{{\n  "a": ["{VALUE}", ]\n}}', "line 2, column 31: a comma too many before the closing bracket?"),
            (f'{{"appKey": "{VALUE}"', "line 1, column 32: the end is missing?"),
            (f"{{'appKey': '{VALUE}'}}", 'line 1, column 2: a quote that is not a plain double one (")?'),
            (f'{{"appKey": \u201c{VALUE}\u201d}}', 'line 1, column 12: a quote that is not a plain double one (")?'),
            (f'{{"appKey": "{VALUE}" "a": 1}}', "line 1, column 33: a comma or a quote is missing?"),
            (f'{{"appKey" "{VALUE}"}}', "line 1, column 11: a colon is missing?"),
            (f'{{"appKey": "{VALUE}}}', "line 1, column 12: the closing quote is missing?"),
            (f'{{"appKey": "{VALUE}\n"}}', "line 1, column 31: a line break or a tab inside a value?"),
            (f'{{"appKey": "{VALUE}\\x"}}', "line 1, column 31: a backslash, which JSON wants doubled?"),
            (f'{{"appKey": "{VALUE}"}} {VALUE}', "line 1, column 34: something after the end?"),
            ('{"appKey": "a",, "token": "t"}', "line 1, column 16: a comma too many?"),
            ('{"appKey": "a", // mine', "line 1, column 17: a comment, which JSON does not have?"),
            ('# mine\n{"appKey": "a"}', "line 1, column 1: a comment, which JSON does not have?"),
            ('{\u00a0"appKey": "a"}', "line 1, column 2: an invisible character, or a space that is not a plain one?"),
            ('{"appKey": "a"\u200b}', "line 1, column 15: an invisible character, or a space that is not a plain one?"),
            ('{"appKey": "a"\uff0c "token": "t"}', "line 1, column 15: a full-width comma or colon?"),
            ('{"appKey"\uff1a "a"}', "line 1, column 10: a full-width comma or colon?"),
            ("{`appKey`: 1}", 'line 1, column 2: a quote that is not a plain double one (")?'),
            ('{"appKey": NaN}', "it is nested too deep, or holds NaN or Infinity"),
            ('{"other": Infinity}', "it is nested too deep, or holds NaN or Infinity"),
            ('{"other": -Infinity}', "it is nested too deep, or holds NaN or Infinity"),
            ('{"other": 1e999}', "it is nested too deep, or holds NaN or Infinity"),
            ('{"other": ' + "9" * 5000 + "}", "it is nested too deep, or has a number of thousands of digits"),
            (
                '{"other": ' + "[" * 20_000 + "]" * 20_000 + "}",
                "it is nested too deep, or has a number of thousands of digits",
            ),
        ],
        ids=range(29),
    )
    def test_what_is_no_json_is_refused_with_the_place_and_the_likely_cause(self, text: str, said: str) -> None:
        """Never with a piece of the text. Nesting that no parser takes is none that could be written back."""
        assert refusal(text) == f"the secret is not valid JSON: {said}"

    def test_a_byte_order_mark_is_passed_over(self) -> None:
        """Some editors write one."""
        assert parse("\ufeff" + json.dumps(full(MCS))).refresh is not None

    def test_a_doubled_key_is_refused(self) -> None:
        """Which value counts is anybody's guess. Only a key that we know is named: another could be a value."""
        assert refusal('{"token": "a", "token": "a"}') == "the secret has the key token twice: remove one of them"
        doubled = f'{{"x": {{"{VALUE}": 1, "{VALUE}": 2}}}}'
        assert refusal(doubled) == "the secret has a key twice: remove one of them"

    @pytest.mark.parametrize("odd", [" {}", "{}\n", "{}\u200b", "{}\ufe0f", "\u3164{}", "\ufeff{}", "{}\u3000", "{}\t"])
    def test_white_space_at_the_ends_is_named_where_something_is_missing(self, odd: str) -> None:
        """Of a value and of a key's name; invisible characters too. It is not changed silently."""
        fields = {"appKey": odd.format(VALUE), odd.format("appSecret"): VALUE}
        said = refusal(fields)
        assert "appKey begins or ends with white space or an invisible character" in said
        assert "the key name appSecret begins or ends with white space or an invisible character" in said

    def test_48_kib_are_taken(self) -> None:
        """A byte more is refused; its size is told, in bytes, so that a person can see how much is too much."""
        assert len(sized(48 * KIB)) == 48 * KIB
        assert parse(sized(48 * KIB)).refresh is not None
        said = "the secret is too large: 49153 bytes, at most 49152 leave room for new tokens"
        assert refusal(sized(48 * KIB + 1)) == said
        assert "too large" in refusal(json.dumps({**full(MCS), "note": "合" * 16 * KIB}, ensure_ascii=False))

    @pytest.mark.parametrize(
        "note",
        ["[" + "1e22," * 9_000 + "0]", '"\\ud83d' + "合" * 16_000 + '"', '"' + "\\/" * 100 + '"'],
        ids=["numbers that grow", "half a surrogate pair among others", "escapes that shrink"],
    )
    def test_what_is_taken_can_be_written_back(self, note: str) -> None:
        """With a token of 1 KiB more; one that would grow too large is refused before a token is spent."""
        text = json.dumps(full(MCS))[:-1] + f', "note": {note}}}'
        assert len(text.encode()) <= 48 * KIB
        issued = IssuedTokens({"access_token": "x" * KIB}, None)
        with contextlib.suppress(InvalidSecret):
            assert len(written(text, issued=issued).encode()) <= 64 * KIB

    def test_lists_of_small_numbers_do_not_grow(self) -> None:
        """A compact document stays compact."""
        text = json.dumps({**full(MCS), "note": [0] * 20_000}, separators=(",", ":"))
        assert len(written(text)) < 48 * KIB

    def test_what_is_nested_can_be_written_back_from_deeper_in_the_stack(self) -> None:
        """Python's limit counts the callers, and saving has more of them than checking."""

        def deeper(document: Document, levels: int) -> str:
            return deeper(document, levels - 1) if levels else document.successor(IssuedTokens({}, None), AT).text()

        taken = []
        for depth in range(1_000, 0, -50):
            with contextlib.suppress(InvalidSecret):
                taken.append(parse(json.dumps(full(MCS))[:-1] + ', "note": ' + "[" * depth + "]" * depth + "}"))
        assert [len(deeper(document, 30)) > 0 for document in taken] == [True] * len(taken)
        assert len(taken) >= 2


def sized(size: int) -> str:
    """Makes a document of so many bytes."""
    return json.dumps({**full(MCS), "note": ""})[:-2] + "x" * (size - len(json.dumps({**full(MCS), "note": ""}))) + '"}'


class TestOptions:
    """What a secret can ask for."""

    @pytest.mark.parametrize("missing", [None, ""])
    def test_empty_ones_are_left_out(self, missing: object) -> None:
        """The defaults hold."""
        fields = {**full(EKUAIBAO), "expireDate": missing, "powerCode": missing, "baseUrl": missing}
        assert parse(fields, EKUAIBAO).options == {}

    def test_another_provider_s_options_are_unknown_keys(self) -> None:
        """They are neither read nor checked."""
        assert parse({**full(MCS), "expireDate": [], "powerCode": 7}).options == {}

    @pytest.mark.parametrize("days", [1, 60, "1", "30", "060"])
    def test_whole_days_are_taken(self, days: object) -> None:
        """As a number or a string; they are given as a string, as all options are."""
        options = {"powerCode": "1", "baseUrl": "https://a.example"}
        document = parse({**full(EKUAIBAO), "expireDate": days, **options}, EKUAIBAO)
        assert document.options == {**options, "expireDate": str(days)}

    @pytest.mark.parametrize(
        "days",
        [0, -1, 10_000, 1.5, 1.0, True, False, "0", "-1", "1.5", "one", " 1", "\uff11", "10000", "1" * 5000, [], {}],
        ids=lambda days: ascii(days)[:9],
    )  # \uff11 is a full-width digit, which int() would take
    def test_any_other_days_are_refused(self, days: object) -> None:
        """They would be refused by the provider, after the proof."""
        said = refusal({**full(EKUAIBAO), "expireDate": days}, EKUAIBAO)
        assert said == "expireDate must be a whole number of days from 1 to 60: ekuaibao gives two months at most"

    @pytest.mark.parametrize("name", ["powerCode", "baseUrl"])
    @pytest.mark.parametrize("value", [219904, True, ["219904"]])
    def test_any_other_option_is_a_string(self, name: str, value: object) -> None:
        """A code's leading zeros would be lost."""
        assert refusal({**full(EKUAIBAO), name: value}, EKUAIBAO) == f"{name} must be a string"


class TestSuccessor:
    """What is written back."""

    def test_the_new_values_stand_in_the_place_of_the_old(self) -> None:
        """Every key keeps its place; new ones come last."""
        fields = {"z": 1, "token": "old", "a": {"b": None}, "appKey": "k", "appSecret": "s"}
        issued = IssuedTokens({"token": "new", "access_token": "access"}, AT + 3600)
        assert list(json.loads(written(fields, issued=issued)).items()) == [
            ("z", 1),
            ("token", "new"),
            ("a", {"b": None}),
            ("appKey", "k"),
            ("appSecret", "s"),
            ("access_token", "access"),
            ("refreshedAt", "2017-11-09T07:51:12.070Z"),
            ("expiresAt", "2017-11-09T08:51:12.070Z"),
        ]

    def test_mcs_keeps_the_old_user_token_if_none_came(self) -> None:
        """It stays good."""
        after = json.loads(written(full(MCS), issued=IssuedTokens({"access_token": "new"}, None)))
        assert (after["token"], after["access_token"]) == (f"{VALUE}-token", "new")

    def test_an_unknown_expiry_leaves_the_dates_out(self) -> None:
        """Old ones, ours and the provider's own, would be the spent tokens'."""
        before = {**full(FASHION_WORLD), "expiresAt": "2017-11-09T08:51:12.070Z", "expireIn": 1510473072121}
        issued = IssuedTokens({"apiKey": "a", "secretKey": "s", "expireIn": None}, None)
        assert not {"expiresAt", "expireIn"} & json.loads(written(before, FASHION_WORLD, issued)).keys()

    @pytest.mark.parametrize("value", [None, "", 0, 1.5, True, [], {}, ["x", {"y": "z"}], "合思", 10**30])
    def test_a_key_that_nobody_knows_is_kept(self, value: object) -> None:
        """Whatever is in it: somebody else's reader wants it."""
        assert json.loads(written({**full(MCS), "note": value}))["note"] == value

    def test_non_ascii_stays_itself(self) -> None:
        """A person reads the secret in the console. Half a surrogate pair can only go out as it came in."""
        text = written(json.dumps({**full(MCS), "合思": "测试"}))
        assert ("合思" in text, "测试" in text) == (True, True)
        text = written(json.dumps({**full(MCS), "note": "\ud83d"}))
        assert json.loads(text.encode())["note"] == "\ud83d"

    def test_one_that_secrets_manager_cannot_hold_is_refused(self) -> None:
        """64 KiB is the most; the answer is then kept apart."""
        issued = IssuedTokens({"token": '"' * 8 * KIB, "access_token": '"' * 8 * KIB}, None)
        with pytest.raises(Unreadable, match="too large to be stored"):
            written(sized(48 * KIB), issued=issued)

    def test_64_kib_are_written(self) -> None:
        """In bytes: 合 has three. With a byte more Secrets Manager would refuse it in every run."""
        note = "合" * 21 * KIB + "x" * (KIB - len('{"note":""}'))
        assert len(Document({"note": note}, MCS).text().encode()) == 64 * KIB
        with pytest.raises(Unreadable, match="too large to be stored"):
            Document({"note": note + "x"}, MCS).text()

    def test_the_largest_document_takes_tokens_of_7_kib(self) -> None:
        """Room for two, and the dates."""
        issued = IssuedTokens({"token": "x" * 7 * KIB, "access_token": "x" * 7 * KIB}, AT)
        assert len(written(sized(48 * KIB), issued=issued)) <= 64 * KIB

    def test_nan_is_never_written(self) -> None:
        """It would be no JSON to any other reader."""
        with pytest.raises(ValueError, match="not JSON compliant"):
            dump({"expireIn": math.nan})


class TestPick:
    """What two documents are compared by."""

    @pytest.mark.parametrize("missing", [{}, {"token": None}, {"token": ""}])
    def test_absent_null_and_empty_are_the_same(self, missing: dict[str, object]) -> None:
        """A person who empties a field has changed it, and one who writes null for "" has not."""
        document = Document({"appKey": "k", **missing}, MCS)
        assert document.pick(("appKey", "token")) == {"appKey": "k", "token": None}


class TestHolds:
    """Whether tokens are in a document."""

    @pytest.mark.parametrize(
        ("fields", "held"),
        [
            ({"token": "t", "access_token": "a"}, True),
            ({"token": "t", "access_token": "a", "note": "more"}, True),
            ({"token": "t", "access_token": "other"}, False),
            ({"token": "other", "access_token": "a"}, False),
            ({"access_token": "a"}, False),
            ({}, False),
        ],
    )
    def test_every_value_counts(self, fields: dict[str, object], held: bool) -> None:  # noqa: FBT001  # a column
        """One that differs belongs to another answer."""
        tokens = IssuedTokens({"token": "t", "access_token": "a"}, None)
        assert Document(fields, MCS).holds(tokens) == held

    def test_a_stale_value_to_remove_does_not_count(self) -> None:
        """A person may have kept it in what they saved."""
        tokens = IssuedTokens({"apiKey": "a", "expireIn": None}, None)
        assert Document({"apiKey": "a", "expireIn": 7}, FASHION_WORLD).holds(tokens)

    @ALL
    def test_a_successor_holds_its_tokens(self, provider: Provider) -> None:
        """So a run recognises its own answer wherever it has been put."""
        tokens = IssuedTokens(dict.fromkeys(provider.written_fields, "new"), None)
        document = parse(full(provider), provider)
        after = document.successor(tokens, AT)
        assert (document.holds(tokens), after.holds(tokens), after.provider) == (False, True, provider)
        assert document.fields == full(provider)  # it is still needed, to compare what a person stored meanwhile
