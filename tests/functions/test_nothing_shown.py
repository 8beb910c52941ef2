"""No secret value is in anything that a run says: the scan itself, and what tempts a run to say one."""

from __future__ import annotations

import base64
import importlib
import json
import logging
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.support.secrets_manager import Fault
from tests.support.simulators import Mood
from tests.support.world import one_provider
from token_refresh.replies import ReplyTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.output import Output
    from tests.support.world import World
    from token_refresh.replies import Operation, ParsedReply, Verdict
    from token_refresh.transport import HttpResponse

VALUE = 'dummy/+&= value of "密码"'
FORMS = {
    "plain": VALUE,
    "URL": quote(VALUE, safe=""),
    "Base64": base64.b64encode(f"key:{VALUE}".encode()).decode(),
    "JSON": json.dumps({"key": VALUE}),
}


def _chain(text: str) -> Exception:
    error = ValueError("harmless")
    error.__cause__ = RuntimeError(text)
    return error


CHANNELS: dict[str, Callable[[Output, str], object]] = {
    "stdout": lambda _, text: sys.stdout.write(text),
    "stderr": lambda _, text: sys.stderr.write(text),
    "logs": lambda _, text: logging.getLogger("some.library").debug("sent %s", text),
    "results and exceptions": lambda output, text: output.tell(_chain(text)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("channel", CHANNELS)
def test_a_planted_leak_is_found(output: Output, channel: str, form: str) -> None:
    """Whatever the channel and the form, the scan finds the value and says where."""
    logging.getLogger("some.library").setLevel(logging.NOTSET)
    assert output.leaks([VALUE]) == {}

    CHANNELS[channel](output, f"before {FORMS[form]} after")

    assert output.leaks([VALUE]) == {channel: 1}


def test_a_leak_in_what_hangs_on_a_record(output: Output) -> None:
    """A record's extra keys and its traceback are scanned as well."""
    logger = logging.getLogger("some.library")
    logger.warning("harmless", extra={"body": VALUE})
    assert output.leaks([VALUE]) == {"logs": 1}
    logger.error("harmless", exc_info=_chain("second value"))
    assert output.leaks(["second value"]) == {"logs": 1}


def test_a_leak_in_a_result(output: Output) -> None:
    """A result is scanned as the JSON that Lambda makes of it."""
    output.tell({"secrets": [{"error": VALUE}]})
    assert output.leaks([VALUE]) == {"results and exceptions": 1}


def test_what_the_scan_looks_for(world: World) -> None:
    """It looks for what was in the secret before and after, what the provider was sent and what it answered."""
    name = world.add()
    before = world.document(name)
    world.run()
    after, values = world.document(name), world.secret_values()

    assert {before[token] for token in world.kind.tokens if token in before} <= values
    assert {after[token] for token in world.kind.tokens} <= values
    assert {before[field] for field in world.kind.login_fields} <= values
    for request in world.provider.requests:
        authorization = request.headers.get("Authorization", "")
        assert not authorization or authorization.partition(" ")[2] in values


@one_provider
def test_the_scan_sees_the_runs_own_lines(world: World) -> None:
    """The scan would see a value on any of the run's own channels: they are all in what it reads."""
    name = world.add()
    assert world.run().result["outcomes"] == {"refreshed": 1}

    assert set(world.output.leaks([name])) == {"stdout", "logs", "results and exceptions"}
    assert world.output.leaks(["LifeRemainingPercent"])["stdout"] == 1
    assert world.output.leaks(["botocore.", "urllib3."]) == {"logs": 2}  # at DEBUG, though without their text


@pytest.mark.parametrize("login_fields", [True, False])
def test_an_echo_is_masked(world: World, *, login_fields: bool) -> None:
    """A provider that repeats every credential it was sent gets them masked, in the line and in the log."""
    world.add(login_fields=login_fields)
    world.provider.misbehave(Mood.ECHO_CREDENTIALS, times=None)

    run = world.run()

    explained = world.kind.name != "fashion-world"  # whose refusals are known by their words only
    assert run.outcomes == {"rejected" if explained else "transient": 1}
    assert "not understood: " in run.failure
    assert "***" in run.failure


def test_an_echo_of_new_tokens_is_masked(world: World) -> None:
    """A credential that was received at the last refresh is masked, should the provider repeat it."""
    name = world.add_refreshed(login_fields=False)
    message = "seen: " + " ".join(world.document(name)[token] for token in world.kind.tokens)
    body = json.dumps({"code": 400, "message": message, "errorCode": 400, "errorMessage": message})
    world.provider.answer_with(400, body=body)

    run = world.force(name)

    assert "seen: *** ***" in run.failure


ENCODERS: dict[str, Callable[[str], str]] = {
    "URL": lambda value: quote(value, safe=""),
    "Base64": lambda value: base64.b64encode(value.encode()).decode(),
    "Base64 of hexadecimal": lambda value: base64.b64encode(value.encode().hex().encode()).decode(),
    "HTML": lambda value: "".join(f"&#{ord(sign)};" for sign in value),
    "its beginning": lambda value: value[:12],
    "its end": lambda value: value[-12:],
}


@pytest.mark.parametrize("encoder", ENCODERS)
def test_an_encoded_echo_is_masked(world: World, encoder: str) -> None:
    """No encoding gets a credential past the mask, known or not, nor a part of one."""
    name = world.add(login_fields=False)
    value = world.document(name)[world.kind.refreshed_by]
    echo = ENCODERS[encoder](value)

    said = _quoted(world, name, f"seen: {echo}")

    assert said.startswith("seen: ***")
    assert not any(echo[start : start + 8] in said for start in range(len(echo) - 7))


@one_provider
def test_an_echo_is_masked_before_it_is_cut(world: World) -> None:
    """A credential that straddles the 200th character leaves no half of itself."""
    name = world.add(login_fields=False)
    value = world.document(name)[world.kind.refreshed_by]

    assert _quoted(world, name, "no " * 63 + value) == "no " * 63 + "***"


def test_a_short_credential_is_masked_as_a_word(world: World) -> None:
    """A password of four characters is hidden, but not a word that has it in it; nor are a few digits shown."""
    fields: dict[str, Any] = {world.kind.login_fields[-1]: "pass"}
    name = world.add(**fields)

    said = _quoted(world, name, "the password pass of 13800000003 is bad")

    assert said == "the password *** of *** is bad"


@pytest.mark.parametrize("provider_name", ["ekuaibao"])
def test_a_documented_text_is_shown_whole(world: World) -> None:
    """A person must be able to look it up, though somebody's password is one of its words."""
    name = world.add(appSecurity="\u672a\u6388\u6743")

    assert _quoted(world, name, " \u672a\u6388\u6743\n") == "\u672a\u6388\u6743"


@pytest.mark.parametrize("provider_name", ["fashion-world"])
def test_a_documented_text_has_its_hint(world: World) -> None:
    """However it is written: what else it can mean stands behind it."""
    world.add(login_fields=False)
    world.provider.answer_with(400, body='{"message": " Invalid Signature"}')

    assert 'said "Invalid Signature" (HTTP 400): the secretKey does not belong to' in world.run().failure


@one_provider
def test_a_second_entry_cannot_be_forged(world: World) -> None:
    """What a provider says stays between its quotation marks."""
    name = world.add(login_fields=False)

    assert _quoted(world, name, 'no" (HTTP 200); b: "denied\\') == 'no\\" (HTTP 200); b: \\"denied\\\\'


def _quoted(world: World, name: str, message: str) -> str:
    """Runs with this answer, and returns what is quoted of it."""
    body = json.dumps({"code": 400, "message": message, "errorCode": 400, "errorMessage": message})
    world.provider.answer_with(400, body=body, times=None)
    said, found, _ = world.force(name).failure.partition(' said "')[2].partition('" (HTTP 400')
    assert found
    return said


@one_provider
def test_another_secrets_credentials_are_not_mixed_up(world: World) -> None:
    """The mask of one secret does not eat the words of another: names and outcomes stay readable."""
    world.set_environment(MAX_WORKERS="1")
    world.add("one", login_fields=False)
    world.add("two", login_fields=False)
    world.provider.misbehave(Mood.ECHO_CREDENTIALS, times=None)

    failure = world.run().failure

    outcome = "transient" if world.kind.name == "fashion-world" else "rejected"
    assert f"{world.prefix}one: {outcome}: " in failure
    assert f"{world.prefix}two: {outcome}: " in failure


@pytest.mark.parametrize("encode", [str, json.dumps, quote], ids=["plain", "JSON", "URL"])
def test_a_line_of_any_logger_is_masked(world: World, encode: Callable[[str], str]) -> None:
    """Whoever logs a credential that was just read, on whatever logger, says ***."""
    name = world.add()
    app = importlib.import_module(f"functions.{world.kind.module}.app")

    def talkative(fields: dict[str, str], options: dict[str, str], now: float) -> object:
        for logger in (logging.getLogger("some.module"), logging.getLogger(world.kind.name)):
            logger.warning("presenting %s", encode(fields[world.kind.refreshed_by]), extra={"sent": dict(fields)})
        return app.refresh(fields, options, now)

    world.cold_start(refresh=talkative)
    # Extra keys are masked in the function's own lines; what another logger's handler does with them is its affair.
    logging.root.removeHandler(world.output)

    run = world.force(name)

    assert run.result["outcomes"] == {"refreshed": 1}
    [line] = [line for line in run.lines if line.get("message", "").startswith("presenting")]
    assert "***" in line["message"]
    assert set(line["sent"].values()) == {"***"}


@one_provider
def test_a_bug_shows_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody foresaw is named by its type and place; what it says, and its chain, are kept quiet."""
    broken, good = world.add("broken"), world.add("good")
    secret = next(iter(world.document(broken).values()))
    read = ReplyTable.read

    def fail(self: ReplyTable, answer: HttpResponse, ask: Operation, sent_at: float) -> tuple[Verdict, ParsedReply]:
        if len(world.provider.requests) == 1:
            raise KeyError(secret)
        return read(self, answer, ask, sent_at)

    world.set_environment(MAX_WORKERS="1")
    monkeypatch.setattr(ReplyTable, "read", fail)

    run = world.run()

    assert run.outcomes == {"refreshed": 1, "transient": 1}
    assert "KeyError" in run.failure
    assert good not in run.failure


def _drop(world: World) -> object:
    world.provider.misbehave(Mood.DROP_BEFORE)
    return {}


def _refuse_the_list(world: World) -> object:
    world.store.fail("BatchGetSecretValue", Fault.DENIED)
    return {}


def _name_no_secret(world: World) -> object:
    return {"secret_id": world.prefix + "none"}


@one_provider
@pytest.mark.parametrize("trouble", [_drop, _refuse_the_list, _name_no_secret])
def test_no_library_error_is_chained(world: World, trouble: Callable[[World], object]) -> None:
    """What a run raises has no cause and no context: Lambda prints chains."""
    world.add()

    error = world.run(trouble(world)).raised

    assert error is not None
    assert error.__cause__ is None
    assert error.__context__ is None
