"""No credential value leaves the process in a log line, nor in what is quoted of a provider."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import logging
import threading
import time
import traceback
import tracemalloc
import warnings
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote as url_encoded
from urllib.parse import quote_plus

import boto3
import pytest
import requests
from aws_lambda_powertools import Logger

from tests.support.secrets_manager import StrictSecretsManager
from tests.unit.wire import WireServer, answer
from token_refresh.log_masking import MaskingFormatter
from token_refresh.masking import Mask, hide, mask_values, use_mask
from token_refresh.quoting import quote
from token_refresh.versions import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from token_refresh.run_context import RunContext

SECRET = 'dummy+token/with "every" kind&of=sign%:\\合思'
PLAIN = "dummy-token-of-letters"
ODD = 'a "b "c "d "e ' * 9  # no rule knows a part of its JSON
LIBRARIES = ["boto3", "botocore", "http", "requests", "s3transfer", "urllib3"]
MIB = 1024 * 1024
READ = 4096  # characters of a message that are looked at


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


def hidden(text: str, *values: object) -> str:
    """Returns a text as it is logged while these values are credentials."""
    with use_mask() as mask:
        mask.add(values)
        return hide(text)


def quoted(message: str, *values: str) -> str:
    """Returns what a provider says as it is shown while these values are credentials."""
    with use_mask() as mask:
        mask.add(values)
        return quote(message, {"invalid signature"})


def seconds(work: Callable[[], object]) -> float:
    """Returns how much of the processor's time this takes, at best."""
    taken = []
    for _ in range(5):
        began = time.thread_time()
        work()
        taken.append(time.thread_time() - began)
    return min(taken)


# What is logged, what is a credential then, and what is left of it.
HIDDEN: dict[str, tuple[str, tuple[object, ...], str]] = {
    "plain": (f"before {SECRET} after", (SECRET,), "before *** after"),
    "in a path": (f"before {url_encoded(SECRET)} after", (SECRET,), "before *** after"),
    "in a query": (f"before {url_encoded(SECRET, safe='')} after", (SECRET,), "before *** after"),
    "in a form": (f"before {quote_plus(SECRET)} after", (SECRET,), "before *** after"),
    "in a lower-case path": ("before dummy/%e5%90%88%20x after", ("dummy/合 x",), "before *** after"),
    "in a lower-case query": ("before dummy%2f%e5%90%88%20x after", ("dummy/合 x",), "before *** after"),
    "in a lower-case form": ("before dummy%2f%e5%90%88+x after", ("dummy/合 x",), "before *** after"),
    "in JSON": (json.dumps(f"before {SECRET} after"), (SECRET,), '"before *** after"'),
    "in JSON in UTF-8": (json.dumps(f"before {SECRET} after", ensure_ascii=False), (SECRET,), '"before *** after"'),
    "pasted with white space": ("x dummy  token.", ("\tdummy  token\r\n",), "x ***."),
    "white space and all": (json.dumps("x dummy-token\n!"), ("dummy-token\n",), '"x ***!"'),
    "made one line": ("x dummy token.", ("dummy\n  token",), "x ***."),
    "the longest first": ("x dummy-token-and-more y", ("dummy-token", "dummy-token-and-more"), "x *** y"),
    "no pattern": ("dummyxx dummy.*+(", ("dummy.*+(",), "dummyxx ***"),
    "six characters": ("abcdef", ("abcdef",), "***"),
    "five characters": ("the token is gone", ("token", ""), "the token is gone"),
    "white space": ("a" + " " * 9, (" " * 6,), "a" + " " * 9),
    "no strings": ("1234567 dummy-token", (None, 1234567, ["dummy-token"]), "1234567 dummy-token"),
    "half a surrogate pair": ("x dummy-\ud83d-value", ("dummy-\ud83d-value",), "x ***"),
}
# What a provider says, what is a credential then, and what is shown of it.
LONG = "dummy user token"
QUOTED: dict[str, tuple[str, tuple[str, ...], str]] = {
    "words": ("Path `password` is invalid (code 403)", (PLAIN,), "Path `password` is invalid (code 403)"),
    "a documented text": (" \nInvalid Signature ", ("invalid", "signature"), "Invalid Signature"),
    "more than a documented text": ("invalid signature x", ("signature",), "invalid *** x"),
    "a short value, as a word only": ("(pin): pins, spin, pin_, PIN", ("pin",), "(***): pins, spin, pin_, ***"),
    "a short value of two words": ("not a\n b, but aa b, xa a b", ("a  b",), "not ***, but aa b, xa ***"),
    "six characters, anywhere": ("xabcdefx yABCDEFy", ("abcdef",), "x***x y***y"),
    "its beginning": ("x dummy us", (LONG,), "x ***"),
    "its end": ("xer token", (LONG,), "x***"),
    "its middle, in upper case": ("x user tok me", (LONG.upper(),), "x*** me"),
    "seven characters of it": ("dummy u", (LONG,), "dummy u"),
    "other spaces in it": ("x dummy\n\u200b\0user\t token y", (LONG,), "x *** y"),
    "a short one, URL-encoded": ("x ab%2B%2fcd ab%2b%2fcd", ("ab+/cd",), "x ab%2B%2fcd ***"),
    "a short one in Base64": ("x YWIrL2Nk y", ("ab+/cd",), "x *** y"),
    "sixteen signs in a row": ("x &#100;&#117;&#10 y", (), "x *** y"),
    "fifteen signs in a row": ("responsibilitie", (), "responsibilitie"),
    "four digits in a row": ("no1234! 13800000003 ١٢٣٤", (), "no***! *** ***"),
    "three digits in a row": ("403 1.23", (), "403 1.23"),
    "a host name": ("ask dd2.ekuaibao-testing-com instead", (), "ask dd2.ekuaibao-testing-com instead"),
    "a host name of a hundred": ("x " + "a." * 49 + "ab", (), "x " + "a." * 49 + "ab"),
    "more than a hundred": ("x " + "a." * 50 + "a", (), "x ***"),
    "a host name without a dot": ("x ekuaibao-test-com", (), "x ***"),
    "a value in a host name": ("x app.dummy-to.ekuaibao.com", (PLAIN,), "x ***"),
    "digits in a host name": ("x user13800000003.example.com", (), "x user***.example.com"),
    "quotation marks": ('no" \\"', (), 'no\\" \\\\\\"'),
    "Base64 in lines": ("bad ZHVtbXktdG9r\nZW4+Pz4/", ("dummy-token>?>?",), "***"),
    "a value in groups": ("bad dummy- token- of- letters", (PLAIN,), "***"),
    "a value with an invisible sign at its end": ("bad pw1 pw12345", ("pw1\u200b", "\ufeffpw12345"), "bad *** ***"),
    "what no terminal should see": ("\x1b[31m no\r\n\u202e \ud83d way\u3000", (), "[31m no way"),
    "much": ("way " * 100, (), "way " * 50),
}


class TestHide:
    """A value is hidden in every form that a library may log."""

    @pytest.mark.parametrize(("text", "values", "left"), HIDDEN.values(), ids=HIDDEN)
    def test_what_is_logged(self, text: str, values: tuple[object, ...], left: str) -> None:
        """All but the credentials, and whatever a document holds, adding it never fails."""
        assert hidden(text, *values) == left

    @pytest.mark.parametrize("altchars", [b"+/", b"-_"], ids=["standard", "URL-safe"])
    @pytest.mark.parametrize("before", range(3))
    @pytest.mark.parametrize("behind", range(3))
    def test_a_value_in_base64_is_hidden(self, altchars: bytes, before: int, behind: int) -> None:
        """Wherever it stands in a longer text, but for the signs that it shares with its neighbours."""
        encoded = base64.b64encode(b"?" * before + b"dummy>?>?>" + b"?" * behind, altchars).decode()
        start, stars, end = hidden(encoded, "dummy>?>?>").partition("***")
        assert (encoded[: len(start)], stars, max(len(start), len(end)) < 8) == (start, "***", True)

    @pytest.mark.parametrize(
        "value", ["dummy-value\\", "dummy-value\\\\", 'dummy-value"', "\\dummy-value", '"dummy-value']
    )
    @pytest.mark.parametrize("around", ["", "\\", '"'])
    def test_a_masked_line_of_json_stays_json(self, value: str, around: str) -> None:
        """No half of an escape is left over."""
        line = json.dumps({"message": f"x{around}{value}{around}y"})
        assert "dummy-value" not in json.loads(hidden(line, value))["message"]

    def test_a_value_of_backslashes_takes_no_time(self) -> None:
        """Nor does a text of them."""
        assert seconds(lambda: hidden("\\" * MIB, "\\" * 8192)) < 1


class TestQuote:
    """Of what a provider says, only what looks like words is shown."""

    @pytest.mark.parametrize(("message", "values", "shown"), QUOTED.values(), ids=QUOTED)
    def test_what_is_shown(self, message: str, values: tuple[str, ...], shown: str) -> None:
        """Words, mostly."""
        assert quoted(message, *values) == shown

    def test_eight_of_a_long_value_are_hidden(self) -> None:
        """From whichever place in it."""
        value = "".join(chr(0x4E00 + number) for number in range(1100))
        with use_mask() as mask:
            mask.add([value])
            shown = {quote(f"x {value[start : start + 8]}") for start in range(len(value) - 7)}
        assert shown == {"x ***"}

    @pytest.mark.parametrize("before", range(4))
    def test_an_escape_is_not_cut_in_two(self, before: int) -> None:
        """Its half would escape the mark that ends the quotation."""
        shown = quoted("x" * before + '" ' * 200)
        assert (shown.endswith("\\"), len(shown) in {199, 200}) == (False, True)

    @pytest.mark.parametrize(
        ("secret", "value"), [(PLAIN, PLAIN), (json.dumps(ODD)[1:-1], ODD), ("z" * 16, ""), ("a." * 51, "")]
    )
    def test_the_cut_leaves_no_piece_of_what_would_be_hidden(self, secret: str, value: str) -> None:
        """Though all before it is hidden, so that the end is near the beginning."""
        cut = ("x" * (READ - left - 1) + " " + secret for left in range(1, len(secret)))
        assert set().union(*(quoted(message, value) for message in cut)) <= {"*", " "}

    def test_a_long_message_takes_no_memory(self) -> None:
        """Thirty-two threads may each have one of a mebibyte."""
        message = "密 " * (MIB // 2)
        tracemalloc.start()
        quoted(message, *(f"{number}" * 512 for number in range(10)))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < MIB

    @pytest.mark.parametrize("message", ["xxxxxxx " * 2048, "\\" * MIB, "0123456789abcde " * 1024])
    @pytest.mark.parametrize("like_it", [True, False])
    def test_it_takes_no_time(self, message: str, *, like_it: bool) -> None:
        """Twenty values of 8 KiB each: less than half of what it takes to look at every eight of their characters."""
        values = [message[:8184] + f"{number:08}" for number in range(20)]
        if not like_it:
            values = ["".join(sha256(f"{value}{n}".encode()).hexdigest() for n in range(128)) for value in range(20)]
        with use_mask() as mask:
            mask.add(values)
            all_eights = seconds(lambda: {value[i : i + 8] for value in values for i in range(8192)})
            assert seconds(lambda: quote(message)) < all_eights / 2


class TestInUse:
    """The mask of the secret that a thread works on is in use inside one block."""

    def test_values_join_the_mask_in_use(self) -> None:
        """Those received join those read; whoever does that need not know the mask."""
        with use_mask():
            mask_values([PLAIN, None])
            mask_values(["second-value"])
            assert (hide(f"{PLAIN} second-value"), quote(f"{PLAIN[:8]} second-v")) == ("*** ***", "*** ***")

    def test_every_block_begins_with_an_empty_mask(self) -> None:
        """Another secret's values may be ordinary words to it."""
        with use_mask():
            mask_values([PLAIN])
        with use_mask():
            assert hide(PLAIN) == PLAIN

    def test_a_block_within_a_block_gives_the_mask_back(self) -> None:
        """What was hidden before it is hidden after it; its own values are not, though it failed."""
        with use_mask():
            mask_values([PLAIN])
            with contextlib.suppress(ValueError), use_mask():
                mask_values(["the-inner-block-s-value"])
                raise ValueError
            assert hide(f"{PLAIN} the-inner-block-s-value") == "*** the-inner-block-s-value"

    def test_without_a_mask_nothing_is_known(self) -> None:
        """Before any secret is worked on there is nothing to hide; what a provider says is not trusted then either."""
        mask_values([PLAIN])
        assert (hide(PLAIN), quote(f"x {PLAIN}")) == (PLAIN, "x ***")

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

    @pytest.mark.parametrize(
        ("say", "key", "said"),
        [
            (lambda logger: logger.info("it said %s", PLAIN), "message", "it said ***"),
            (lambda logger: logger.info(f"it said {PLAIN}"), "message", "it said ***"),  # noqa: G004  # under test
            (lambda logger: logger.info("%s", SECRET), "message", "***"),
            (lambda logger: logger.info({"token": PLAIN}), "message", {"token": "***"}),
            (lambda logger: logger.info("said", extra={"a": {"b": f"no {PLAIN}"}}), "a", {"b": "no ***"}),
            (lambda logger: logger.info("said", extra={"a": SECRET}), "a", "***"),
            (lambda logger: (logger.append_keys(a=PLAIN), logger.info("said")), "a", "***"),
            (lambda logger: logger.info("said", exc_info=ValueError(PLAIN)), "exception", "ValueError: ***"),
            (lambda logger: logger.info("%d", PLAIN), "message", "withheld: its arguments do not fit its message"),
        ],
        ids=["argument", "message", "escaped", "object", "extra key", "escaped key", "own key", "traceback", "misfit"],
    )
    def test_a_line_is_masked(
        self, request: pytest.FixtureRequest, say: Callable[[Logger], object], key: str, said: object
    ) -> None:
        """All of it, at any depth."""
        name, lines = request.node.name, io.StringIO()
        say(Logger(service=name, level="DEBUG", stream=lines, logger_formatter=MaskingFormatter(), utc=True))
        assert json.loads(lines.getvalue())[key] == said


class TestAnyLogger:
    """Records of other people's loggers, through other people's handlers."""

    def test_a_message_is_masked(self, shown: io.StringIO) -> None:
        """Whoever logs it, at whichever level; one of a name like a library's is not withheld."""
        logging.getLogger("httpx_like").debug("token %s", PLAIN)
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
        """Whole: what is secret in them may not be known yet. By default they are silent, also in a DEBUG function."""
        assert logging.getLogger(library).level == logging.CRITICAL
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
