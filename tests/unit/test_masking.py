"""No credential value leaves the process in a log line, whichever logger, level or handler it goes through."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import logging
import threading
import traceback
import warnings
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import boto3
import pytest
import requests
from aws_lambda_powertools import Logger

from tests.secrets_manager import StrictSecretsManager
from tests.unit.wire import WireServer, answer
from token_refresh.masking import Mask, MaskingFormatter, hide, hide_beginning, mask_values, use_mask
from token_refresh.versions import Version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from token_refresh.run_context import RunContext

SECRET = 'dummy+token/with "every" kind&of=sign%:\\合思'
PLAIN = "dummy-token-of-letters"
LIBRARIES = ["boto3", "botocore", "http", "requests", "s3transfer", "urllib3"]


@pytest.fixture
def guarded(guarded_logging: None) -> Iterator[Mask]:  # noqa: ARG001  # it must be there first
    """Every logger of this process, guarded, and a mask that knows the two secrets in use."""
    with use_mask() as mask:
        mask.add([SECRET, PLAIN])
        yield mask


@pytest.fixture
def shown(guarded: Mask) -> Iterator[io.StringIO]:  # noqa: ARG001  # added after it, as a curious developer would
    """All that the root logger shows at DEBUG, through a plain handler of its own."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def masks(*values: object) -> Mask:
    """Makes a mask of values."""
    mask = Mask()
    mask.add(values)
    return mask


class TestForms:
    """A value is hidden in every form that a provider or a library may echo."""

    @pytest.mark.parametrize(
        "form",
        [
            SECRET,
            quote(SECRET),
            quote(SECRET, safe=""),
            quote_plus(SECRET),
            quote(SECRET, safe="").lower(),
            base64.b64encode(SECRET.encode()).decode(),
            base64.b64encode(SECRET.encode()).decode().rstrip("="),
            base64.urlsafe_b64encode(SECRET.encode()).decode(),
            json.dumps(SECRET)[1:-1],
            json.dumps(SECRET, ensure_ascii=False)[1:-1],
            SECRET.upper(),
            SECRET.encode().hex(),
            repr(SECRET.encode())[2:-1],
        ],
        ids=[
            "plain",
            "path",
            "query",
            "form",
            "lower-case escapes",
            "Base64",
            "unpadded",
            "URL-safe",
            "JSON",
            "JSON in UTF-8",
            "upper case",
            "hexadecimal",
            "bytes",
        ],
    )
    def test_it_is_hidden(self, form: str) -> None:
        """The rest of the text stays."""
        hidden = masks(SECRET).hide(f"before {form} after")
        assert (hidden.startswith("before ***"), hidden.endswith(" after"), len(hidden) < 20) == (True, True, True)

    @pytest.mark.parametrize(
        "value", ["dummy-value\\", "dummy-value\\\\", 'dummy-value"', "\\dummy-value", '"dummy-value']
    )
    @pytest.mark.parametrize("around", ["", "\\", '"'])
    def test_a_masked_line_of_json_stays_json(self, value: str, around: str) -> None:
        """No half of an escape is left over."""
        line = json.dumps({"message": f"x{around}{value}{around}y"})
        assert "dummy-value" not in json.loads(masks(value).hide(line))["message"]

    @pytest.mark.parametrize("around", ["\n", " ", "\r\n", "\t"])
    def test_a_value_that_was_pasted_with_white_space_is_hidden_without_it(self, around: str) -> None:
        """A provider may trim it, or quote it with escapes."""
        mask = masks(f"dummy-token{around}")
        assert mask.hide("x dummy-token.") == "x ***."
        assert mask.hide(json.dumps(f"x dummy-token{around}y")) == '"x ***y"'

    def test_the_longest_value_goes_first(self) -> None:
        """A value that begins another one leaves no tail."""
        assert masks("dummy-token", "dummy-token-and-more").hide("x dummy-token-and-more y") == "x *** y"

    def test_a_value_is_no_pattern(self) -> None:
        """Signs that mean something to a regular expression mean themselves."""
        assert masks("dummy.*+(").hide("dummyxx dummy.*+(") == "dummyxx ***"

    def test_values_are_added(self) -> None:
        """Those received join those read."""
        mask = masks("first-value")
        mask.hide("first-value")
        mask.add(["second-value"])
        assert mask.hide("first-value second-value") == "*** ***"

    def test_six_characters_are_hidden(self) -> None:
        """The shortest that are."""
        assert masks("abcdef").hide("abcdef") == "***"

    def test_five_characters_are_not(self) -> None:
        """They would mask ordinary words."""
        assert masks("token", "").hide("the token is gone") == "the token is gone"

    @pytest.mark.parametrize("value", [None, 1234567, True, ["dummy-token"], {"a": "dummy-token"}])
    def test_only_strings_are_values(self, value: object) -> None:
        """Whatever a document holds, adding it never fails."""
        assert masks(value).hide("1234567 dummy-token True") == "1234567 dummy-token True"

    def test_half_a_surrogate_pair_is_a_value_too(self) -> None:
        """A document may hold one."""
        assert masks("dummy-\ud83d-value").hide("x dummy-\ud83d-value") == "x ***"

    def test_an_empty_mask_hides_nothing(self) -> None:
        """Before anything has been read."""
        assert Mask().hide("text") == "text"


class TestBeginning:
    """A long text is cut, but never through a value: half a token would be shown."""

    @pytest.mark.parametrize("before", range(45))
    def test_no_part_of_a_value_at_the_cut_is_shown(self, before: int) -> None:
        """Wherever the value begins, it is hidden whole or left out whole."""
        beginning = masks(PLAIN).hide_beginning("-" * before + PLAIN + "-" * 1000, 40)
        assert {*beginning} <= {"-", "*"}

    @pytest.mark.parametrize(
        "form", [quote("dummy/token+value"), "".join(f"\\u{ord(c):04x}" for c in "dummy/token+value")]
    )
    def test_nor_of_an_encoded_one(self, form: str) -> None:
        """An encoding can be many times as long as the value."""
        beginning = masks("dummy/token+value").hide_beginning("-" * 20 + form + "-" * 1000, 40)
        assert {*beginning} <= {"-", "*"}

    def test_so_much_is_shown(self) -> None:
        """All that is asked for, where nothing is hidden."""
        assert masks(PLAIN).hide_beginning("-" * 1000, 40) == "-" * 40

    def test_a_short_text_is_shown_to_its_end(self) -> None:
        """There is no cut that could go through a value."""
        assert masks(PLAIN).hide_beginning(f"it said {PLAIN}!", 40) == "it said ***!"

    def test_too_much_to_search_is_not_shown_at_all(self) -> None:
        """A provider that echoes a value of many kilobytes cannot use up the memory."""
        assert masks("x" * 6000).hide_beginning("-" * 100_000, 40) == "***"


class TestInUse:
    """The mask of the secret that a thread works on is in use inside one block."""

    def test_values_join_the_mask_in_use(self) -> None:
        """Whoever reads or receives them need not know the mask."""
        with use_mask() as mask:
            mask_values([PLAIN, None])
            assert (hide(f"x {PLAIN}"), mask.hide(f"x {PLAIN}")) == ("x ***", "x ***")

    def test_a_beginning_passes_the_mask_in_use(self) -> None:
        """As a whole text does."""
        with use_mask():
            mask_values([PLAIN])
            assert hide_beginning(f"x {PLAIN}", 40) == "x ***"

    def test_every_block_begins_with_an_empty_mask(self) -> None:
        """Another secret's values may be ordinary words to it."""
        with use_mask():
            mask_values([PLAIN])
        with use_mask():
            assert hide(PLAIN) == PLAIN

    def test_a_block_within_a_block_gives_the_mask_back(self) -> None:
        """What was hidden before it is hidden after it; its own values are not."""
        with use_mask():
            mask_values([PLAIN])
            with use_mask():
                mask_values(["the-inner-block-s-value"])
            assert hide(f"{PLAIN} the-inner-block-s-value") == "*** the-inner-block-s-value"

    def test_a_block_that_fails_gives_the_mask_back(self) -> None:
        """One secret's bug does not leave its mask behind in the thread."""
        with contextlib.suppress(ValueError), use_mask():
            mask_values([PLAIN])
            raise ValueError
        assert hide(PLAIN) == PLAIN

    def test_without_a_mask_nothing_is_hidden(self) -> None:
        """Before any secret is worked on there is nothing to hide."""
        mask_values([PLAIN])
        assert (hide(PLAIN), hide_beginning(PLAIN, 5)) == (PLAIN, "dummy")

    def test_what_a_secret_holds_is_hidden_once_it_is_parsed(self, parsing: RunContext) -> None:
        """Its credentials and what a run writes; also if its base URL is refused then."""
        secret = {
            name: f"{name}-value" for name in ("appKey", "appSecret", "token", "email", "password", "access_token")
        }
        others = {"baseUrl": "http://plain.example", "note": "note-value"}
        version = Version("arn", "name", "id", json.dumps({**secret, **others}), frozenset(), 0.0)
        with use_mask():
            parsing.parse_if_valid(version)
            shown = hide(f"{version.text}")
        assert json.loads(shown) == {**dict.fromkeys(secret, "***"), **others}


@pytest.mark.usefixtures("guarded")
class TestPowertools:
    """The functions' own logger."""

    @pytest.fixture
    def lines(self) -> io.StringIO:
        """What the logger has written."""
        return io.StringIO()

    @pytest.fixture
    def logger(self, lines: io.StringIO, request: pytest.FixtureRequest) -> Logger:
        """A logger made as a function makes its own."""
        return Logger(
            service=request.node.name, level="DEBUG", stream=lines, logger_formatter=MaskingFormatter(), utc=True
        )

    def test_a_message_is_masked(self, logger: Logger, lines: io.StringIO) -> None:
        """With or without arguments."""
        logger.info("it said %s", PLAIN)
        logger.info(f"it said {PLAIN}")  # noqa: G004  # what is under test
        assert [json.loads(line)["message"] for line in lines.getvalue().splitlines()] == ["it said ***"] * 2

    def test_extra_keys_are_masked(self, logger: Logger, lines: io.StringIO) -> None:
        """At any depth."""
        logger.info("said", extra={"reply": {"message": f"unknown token {PLAIN}"}})
        assert json.loads(lines.getvalue())["reply"] == {"message": "unknown token ***"}

    def test_appended_keys_are_masked(self, logger: Logger, lines: io.StringIO) -> None:
        """Powertools adds them when it formats."""
        logger.append_keys(note=PLAIN)
        logger.info("said")
        assert json.loads(lines.getvalue())["note"] == "***"

    def test_an_object_for_a_message_is_masked(self, logger: Logger, lines: io.StringIO) -> None:
        """Powertools lets it be one."""
        logger.info({"token": PLAIN})
        assert json.loads(lines.getvalue())["message"] == {"token": "***"}

    def test_a_traceback_is_masked(self, logger: Logger, lines: io.StringIO) -> None:
        """Its text and its name."""
        try:
            raise ValueError(PLAIN)  # noqa: TRY301  # to have one to log
        except ValueError:
            logger.exception("failed")
        assert PLAIN not in lines.getvalue()

    def test_non_ascii_and_quotes_are_masked(self, logger: Logger, lines: io.StringIO) -> None:
        """The line is JSON, where they look otherwise."""
        logger.info(SECRET, extra={"again": SECRET})
        line = json.loads(lines.getvalue())
        assert (line["message"], line["again"]) == ("***", "***")


class TestAnyLogger:
    """Records of other people's loggers, through other people's handlers."""

    def test_a_message_is_masked(self, shown: io.StringIO) -> None:
        """Whoever logs it, at whichever level."""
        logging.getLogger("some.library").debug("token %s", PLAIN)
        assert shown.getvalue() == "token ***\n"

    def test_a_warning_is_masked(self, shown: io.StringIO) -> None:
        """Python's warnings can be sent to the log."""
        logging.captureWarnings(capture=True)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always")
                warnings.warn(f"odd value {PLAIN}", stacklevel=1)
        finally:
            logging.captureWarnings(capture=False)
        assert (PLAIN in shown.getvalue(), "odd value ***" in shown.getvalue()) == (False, True)

    def test_each_thread_has_its_own_mask(self, shown: io.StringIO) -> None:
        """The secret that it works on: another thread's values may be ordinary words to it."""

        def work() -> None:
            with use_mask():
                mask_values(["other-thread-s-value"])
                logging.getLogger("thread").info(f"other-thread-s-value {PLAIN}")  # noqa: G004  # it is masked as it is

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        logging.getLogger("main").info(f"other-thread-s-value {PLAIN}")  # noqa: G004  # as above
        assert shown.getvalue() == f"*** {PLAIN}\nother-thread-s-value ***\n"


class TestLibraries:
    """The HTTP and AWS libraries' own loggers, whose debug lines are URLs, headers and bodies."""

    @pytest.mark.parametrize("library", LIBRARIES)
    @pytest.mark.parametrize("child", ["", ".deep.inside"])
    def test_their_lines_are_withheld(self, shown: io.StringIO, library: str, child: str) -> None:
        """Whole: what is secret in them may not be known yet."""
        logger = logging.getLogger(library + child)
        before = logger.level
        logger.setLevel(logging.DEBUG)
        logger.debug("POST /?accessToken=%s", "not-known-to-any-mask")
        logger.setLevel(before)
        assert shown.getvalue() == "withheld: this library's log lines can carry credentials\n"

    def test_their_tracebacks_are_withheld(self, shown: io.StringIO) -> None:
        """An exception's text holds the URL."""
        logger = logging.getLogger("urllib3.connectionpool")
        try:
            raise ValueError("not-known-to-any-mask")  # noqa: TRY301  # to have one to log
        except ValueError:
            logger.critical("failed", exc_info=True, stack_info=True)
        assert shown.getvalue() == "withheld: this library's log lines can carry credentials\n"

    def test_a_logger_of_a_similar_name_is_not_withheld(self, shown: io.StringIO) -> None:
        """Only the libraries and what is below them."""
        logging.getLogger("httpx_like").info("hello")
        assert shown.getvalue() == "hello\n"

    @pytest.mark.parametrize("library", LIBRARIES)
    @pytest.mark.usefixtures("guarded")
    def test_they_are_silent_by_default(self, library: str) -> None:
        """A DEBUG function does not drown in withheld lines."""
        assert logging.getLogger(library).level == logging.CRITICAL

    def test_requests_at_debug_shows_nothing(self, shown: io.StringIO) -> None:
        """A real request, its library's logger turned up after the guard was put in place."""
        logging.getLogger("urllib3").setLevel(logging.DEBUG)
        with WireServer(answer(200, b"{}")) as server:
            requests.post(f"{server.url}/?accessToken=not-known-to-any-mask", timeout=5)
        assert ("withheld" in shown.getvalue(), "not-known" in shown.getvalue()) == (True, False)

    def test_boto3_at_debug_shows_nothing(self, shown: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
        """A real call, with a stream handler as `boto3.set_stream_logger` adds one."""
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        logging.getLogger("botocore").addHandler(handler)
        logging.getLogger("botocore").setLevel(logging.DEBUG)
        with StrictSecretsManager() as store:
            for name, value in store.environment.items():
                monkeypatch.setenv(name, value)
            client = boto3.session.Session().client("secretsmanager")
            client.create_secret(Name="token-refresh/mcs/demo", SecretString="not-known-to-any-mask")
            client.get_secret_value(SecretId="token-refresh/mcs/demo")
        logging.getLogger("botocore").removeHandler(handler)
        everything = stream.getvalue() + shown.getvalue()
        assert ("withheld" in everything, "not-known" in everything) == (True, False)


def test_a_formatted_exception_without_the_mask_would_show_it() -> None:
    """What the guards are for, so that these tests cannot pass by accident."""
    try:
        raise ValueError(PLAIN)  # noqa: TRY301  # to have one to show
    except ValueError:
        assert PLAIN in traceback.format_exc()
