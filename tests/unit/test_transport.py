"""One POST: bounded in time and size, never sent twice, and giving nothing away; over real sockets throughout."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import socket
import struct
import threading
import time
import tracemalloc
import zlib
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import urllib3.util.connection

from tests.unit.wire import WireServer, answer, silent, trickle
from token_refresh.errors import InvalidSecret, Transient
from token_refresh.transport import HttpRequest, HttpResponse, post

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.wire import Script

pytestmark = pytest.mark.usefixtures("guarded_logging")

MIB = 1024 * 1024
TOKEN = "dummy-token-in-the-query"
REQUEST = HttpRequest(
    "/api", query={"accessToken": TOKEN}, headers={"Authorization": f"Basic {TOKEN}"}, json={"token": TOKEN}
)
LIMIT_SECONDS = 0.3  # of a request that is to be cut
SLACK_SECONDS = 1.0  # for a busy machine


def failure(url: str, request: HttpRequest = REQUEST, seconds: float = 5.0) -> Transient:
    """Asks, expects no answer, and returns what was raised."""
    with pytest.raises(Transient) as caught:
        post(url, request, seconds)
    return caught.value


def hang_up(_: socket.socket, __: WireServer) -> None:
    """Closes the connection without an answer."""


def reset(connection: socket.socket, _: WireServer) -> None:
    """Closes the connection as a crash does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a connection that was refused be tried again at once."""
    monkeypatch.setattr("urllib3.util.retry.time", SimpleNamespace(sleep=lambda _: None, time=time.time))


@pytest.fixture
def dials(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The address of every attempt to connect."""
    real, made = urllib3.util.connection.create_connection, []

    def count(address: tuple[str, int], *args: object, **kwargs: object) -> socket.socket:
        made.append(address)
        return real(address, *args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(urllib3.util.connection, "create_connection", count)
    return made


class TestOnce:
    """A request whose fate is unknown is never sent again."""

    def test_a_refused_connection_is_tried_three_times_in_all(self, dials: list[tuple[str, int]]) -> None:
        """Nothing has been sent, so nothing can be spent."""
        with WireServer(listening=False) as server:
            said = str(failure(server.url))
        assert (dials, said) == (
            [("127.0.0.1", server.port)] * 3,
            "127.0.0.1: no connection could be made",
        )

    def test_a_later_try_reaches_a_server_that_has_come_up(
        self, dials: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The third try is the answer's."""
        with WireServer(answer(200, b"{}"), listening=False) as server:
            counted = urllib3.util.connection.create_connection

            def come_up(address: tuple[str, int], *args: object, **kwargs: object) -> socket.socket:
                if len(dials) == 2:
                    server.listen()
                return counted(address, *args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

            monkeypatch.setattr(urllib3.util.connection, "create_connection", come_up)
            assert post(server.url, REQUEST).status == 200
            assert (len(dials), len(server.sent)) == (3, 1)

    @pytest.mark.parametrize("script", [hang_up, reset])
    def test_a_made_connection_is_not_tried_again(self, script: Script, dials: list[tuple[str, int]]) -> None:
        """The provider may have acted before it was gone."""
        with WireServer(script) as server:
            failure(server.url)
            assert (len(dials), server.connections, len(server.sent)) == (1, 1, 1)

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 408, 413, 429, 500, 502, 503, 504])
    def test_no_status_is_asked_for_twice(self, status: int) -> None:
        """Not even one that invites to: the schedule is the retry loop."""
        with WireServer(answer(status, b"{}", "Retry-After: 0", "Location: /elsewhere")) as server:
            assert post(server.url, REQUEST).status == status
            assert server.connections == 1

    def test_a_redirect_is_not_followed(self) -> None:
        """Tokens go to no other host."""
        with WireServer(answer(200, b"{}")) as other:
            with WireServer(answer(307, b"", f"Location: {other.url}/elsewhere")) as server:
                assert post(server.url, REQUEST) == HttpResponse(307, b"", "127.0.0.1")
            assert other.connections == 0

    def test_a_host_that_cannot_be_resolved_is_said_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The most likely slip in a base URL."""

        def unknown(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        assert str(failure("http://nowhere.invalid")) == "nowhere.invalid: the host name could not be resolved"


class TestIsolation:
    """Nothing crosses from one request to another, nor from the environment."""

    def test_neither_a_cookie_nor_a_connection_is_used_again(self) -> None:
        """One belongs to another secret's session; a request on a stale other would be lost, and its fate unknown."""
        with WireServer(answer(200, b"{}", "Set-Cookie: session=dummy; Path=/")) as server:
            post(server.url, REQUEST)
            post(server.url, REQUEST)
            assert [sent.header("Cookie") for sent in server.sent] == [None, None]
            assert (server.connections, server.sent[0].header("Connection")) == (2, "close")

    def test_a_netrc_is_not_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It would replace or add an Authorization header."""
        netrc = tmp_path / "netrc"
        netrc.write_text("default login someone password dummy-password\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        with WireServer(answer(200, b"{}")) as server:
            post(server.url, HttpRequest("/api"))
            assert server.sent[0].header("Authorization") is None

    @pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
    def test_a_proxy_of_the_environment_is_not_used(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Tokens go to no other host."""
        with WireServer(answer(200, b"{}")) as proxy, WireServer(answer(200, b"{}")) as server:
            monkeypatch.delenv("no_proxy", raising=False)
            monkeypatch.delenv("NO_PROXY", raising=False)
            monkeypatch.setenv(name, proxy.url)
            post(server.url, REQUEST)
            assert (proxy.connections, server.connections) == (0, 1)


class TestTime:
    """Everything ends within the seconds given, which the libraries' own timeouts do not promise."""

    def test_a_silent_server_is_left(self, dials: list[tuple[str, int]]) -> None:
        """The reason is said, and it is not asked again: the answer may be on its way."""
        with WireServer(silent) as server:
            begun = time.monotonic()
            said = str(failure(server.url, seconds=LIMIT_SECONDS))
            took = time.monotonic() - begun
            assert (len(dials), len(server.sent)) == (1, 1)
        # Two limits end at the same moment here: the socket's own, from byte to byte, and the request's.
        assert ("no answer" in said, took < LIMIT_SECONDS + SLACK_SECONDS) == (True, True)

    def test_trickling_headers_are_cut(self) -> None:
        """Each is in time; together they would last for ever."""
        drops = (f"X-{number}: y\r\n".encode() for number in itertools.count())
        with WireServer(trickle(b"HTTP/1.1 200 OK\r\n", drops, 0.02)) as server:
            begun = time.monotonic()
            said = str(failure(server.url, seconds=LIMIT_SECONDS))
            took = time.monotonic() - begun
        assert (said, took < LIMIT_SECONDS + SLACK_SECONDS) == ("127.0.0.1: no answer within 0 s", True)

    @pytest.mark.parametrize(
        ("start", "drop"),
        [
            (b"Content-Length: 100000\r\n\r\n{", b"x"),
            (b"\r\n{", b"x"),
            (b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b"1\r\nx\r\n"),
        ],
        ids=["counted", "until closed", "chunked"],
    )
    def test_a_trickling_body_is_cut(self, start: bytes, drop: bytes) -> None:
        """What has come is returned: it may hold the only copy of a token."""
        with WireServer(trickle(b"HTTP/1.1 200 OK\r\n" + start, itertools.repeat(drop), 0.02)) as server:
            begun = time.monotonic()
            got = post(server.url, REQUEST, LIMIT_SECONDS)
            took = time.monotonic() - begun
        assert (got.status, got.body[:3], took < LIMIT_SECONDS + SLACK_SECONDS) == (200, b"{xx", True)

    def test_nothing_is_left_behind(self) -> None:
        """No thread that would wake up in the next run."""
        with WireServer(answer(200, b"{}")) as server:
            post(server.url, REQUEST, 0.5)
            post(server.url, REQUEST, 300.0)
        timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
        for thread in timers:
            thread.join(SLACK_SECONDS)
        assert not any(thread.is_alive() for thread in timers)


class TestSize:
    """At most 1 MiB of an answer is read, and kept."""

    @pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB])
    def test_up_to_1_mib_comes(self, size: int) -> None:
        """The bound included; whatever the rest is, it is no token."""
        with WireServer(answer(200, b"x" * size)) as server:
            assert post(server.url, REQUEST).body == b"x" * min(size, MIB)

    def test_the_rest_is_not_read(self) -> None:
        """Neither into memory nor off the wire."""
        size = 64 * MIB
        taken = []

        def script(connection: socket.socket, _: WireServer) -> None:
            connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
            with contextlib.suppress(OSError):
                for _number in range(size // MIB):
                    connection.sendall(bytes(MIB))
                    taken.append(MIB)

        with WireServer(script) as server:
            assert post(server.url, REQUEST).body == bytes(MIB)
        assert sum(taken) < size / 2

    def test_a_gzip_bomb_costs_no_more(self) -> None:
        """32 MiB of zeros in a few KiB, though nobody asked for gzip."""
        pack = zlib.compressobj(9, wbits=31)
        bomb = b"".join(pack.compress(bytes(MIB)) for _ in range(32)) + pack.flush()
        with WireServer(answer(200, bomb, "Content-Encoding: gzip")) as server:
            tracemalloc.start()
            got = post(server.url, REQUEST)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert (got.body == bytes(MIB), peak < 8 * MIB) == (True, True)


class TestBrokenAnswers:
    """An answer that breaks off is still an answer."""

    def test_a_truncated_body_is_returned(self) -> None:
        """Fewer bytes than the header promised."""
        with WireServer(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"apiKey": "new') as server:
            assert post(server.url, REQUEST) == HttpResponse(200, b'{"apiKey": "new')

    def test_a_truncated_chunked_body_is_returned(self) -> None:
        """The chunks that came."""
        with WireServer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{abcd\r\n400\r\nef") as server:
            assert post(server.url, REQUEST).body.startswith(b"{abcd")

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\x00\x01\x02",
            b"SSH-2.0-OpenSSH\r\n",
            b"HTTP/1.1 abc OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nno header ever ends",
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
            b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        ],
        ids=["nothing", "bytes", "another protocol", "odd status", "cut headers", "many headers", "a long header"],
    )
    def test_anything_but_http_ends_as_transient_or_an_answer(self, data: bytes) -> None:
        """Never as a crash."""
        with WireServer(data) as server, contextlib.suppress(Transient):
            assert post(server.url, REQUEST).status == 200


@pytest.mark.parametrize(
    "kind", ["refused", "hung up", "reset", "silent", "garbage", "odd URL", "odd host", "odd header"]
)
def test_a_failure_shows_nothing(kind: str) -> None:
    """It names the kind of failure only, and no library's exception is behind it: their texts hold the URL."""
    scripts: dict[str, Script | bytes] = {"hung up": hang_up, "reset": reset, "silent": silent, "garbage": b"\0\n"}
    match kind:
        case "odd URL":
            raised = failure("http://[")
        case "odd host":
            raised = failure("http://" + "a" * 70 + ".example")
        case "odd header":
            raised = failure("http://127.0.0.1:1", HttpRequest("/", headers={"Authorization": f"{TOKEN}\n"}))
        case _:
            with WireServer(scripts.get(kind, b""), listening=kind in scripts) as server:
                raised = failure(server.url, seconds=LIMIT_SECONDS if kind == "silent" else 5.0)
    assert (TOKEN in repr(raised), "http" in str(raised), "api" in str(raised)) == (False, False, False)
    assert (raised.__cause__, raised.__context__) == (None, None)


def test_a_request_and_an_answer_show_nothing_in_their_reprs() -> None:
    """They end up in tracebacks and debuggers."""
    assert TOKEN not in f"{REQUEST!r}{HttpResponse(200, TOKEN.encode())!r}"


def small_window(body: bytes) -> bytes:
    """Compresses as a small device does."""
    packer = zlib.compressobj(wbits=9)
    return packer.compress(body) + packer.flush()


class TestOddAnswers:
    """What must not cost the tokens of the answer, however odd it is."""

    BODY = b'{"token": "new"}'

    def got(self, raw: bytes) -> HttpResponse:
        """Returns what is read of an answer."""
        with WireServer(lambda connection, _: connection.sendall(raw)) as server:
            return post(server.url, REQUEST)

    @pytest.mark.parametrize("count", [1, 3, 50])
    def test_interim_answers_before_the_real_one(self, count: int) -> None:
        """103 announces headers; the real answer follows."""
        interim = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" * count
        assert self.got(interim + answer(200, self.BODY)) == HttpResponse(200, self.BODY)

    def test_interim_answers_without_end(self) -> None:
        """They are no answer."""
        interim = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2_000
        with WireServer(lambda connection, _: connection.sendall(interim)) as server:
            assert "the connection broke before an answer came" in str(failure(server.url))

    def test_hundreds_of_headers(self) -> None:
        """Python's own limit is 100 lines."""
        lines = [f"X-Header-{number}: value" for number in range(2_000)]
        assert self.got(answer(200, self.BODY, *lines, f"X-Long: {'x' * 70_000}")) == HttpResponse(200, self.BODY)

    @pytest.mark.parametrize(
        "header",
        [
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: identity, chunked",
            "Transfer-Encoding: chunked, chunked",
            "Transfer-Encoding : chunked",
            "Transfer-Encoding: Chunked ",
            "no header at all\r\nTransfer-Encoding: chunked",
        ],
    )
    def test_chunks_are_put_together(self, header: str) -> None:
        """However their header is written, and whatever stands before it."""
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (self.BODY[:5], self.BODY[5:], b""))
        raw = f"HTTP/1.1 200 OK\r\n{header}\r\n\r\n".encode() + chunks
        assert self.got(raw) == HttpResponse(200, self.BODY)

    @pytest.mark.parametrize("lengths", [(5, 16), (16, 5), (16, 16)])
    def test_two_lengths(self, lengths: tuple[int, int]) -> None:
        """If they differ, all that comes is read."""
        assert len(self.BODY) == 16
        lines = "".join(f"Content-Length: {length}\r\n" for length in lengths)
        assert self.got(f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + self.BODY) == HttpResponse(200, self.BODY)

    @pytest.mark.parametrize(
        ("packed", "header"),
        [
            (gzip.compress(BODY), "gzip"),
            (gzip.compress(BODY), "identity"),
            (zlib.compress(BODY), "deflate"),
            (zlib.compress(BODY), "identity"),
            (zlib.compress(BODY)[2:-4], "deflate"),
            (gzip.compress(BODY[:5]) + gzip.compress(BODY[5:]), "gzip"),
            (gzip.compress(BODY)[:-8] + bytes(8), "gzip"),
            (small_window(BODY), "deflate"),
        ],
        ids=[
            "gzip",
            "gzip unsaid",
            "deflate",
            "deflate unsaid",
            "deflate without its header",
            "gzip in two parts",
            "gzip with a wrong checksum",
            "deflate with a small window",
        ],
    )
    def test_compression_that_nobody_asked_for(self, packed: bytes, header: str) -> None:
        """It is unpacked, by its bytes where it can be."""
        assert self.got(answer(200, packed, f"Content-Encoding: {header}")) == HttpResponse(200, self.BODY)

    @pytest.mark.parametrize("body", [b"x", b"x\x9cnonsense", b"\x1f\x8bnonsense", BODY, b'{"code":"qWS"}'])
    @pytest.mark.parametrize("header", ["identity", "gzip", "deflate"])
    def test_what_only_looks_compressed_stays(self, body: bytes, header: str) -> None:
        """Byte for byte: neither its beginning nor a wrong header must cost a token."""
        assert self.got(answer(200, body, f"Content-Encoding: {header}")).body == body

    @pytest.mark.parametrize(
        ("location", "host"),
        [
            ("https://elsewhere.example/x?token=dummy", "elsewhere.example"),
            ("/login", "127.0.0.1"),
            ("//my_host.example:444/", "my_host.example"),
            ("https://[", ""),
        ],
    )
    def test_a_redirect_says_where_it_points(self, location: str, host: str) -> None:
        """The host only."""
        assert self.got(answer(302, b"", f"Location: {location}")).redirected_to == host


class TestNames:
    """Looking up a name is part of the time."""

    def test_a_slow_look_up_is_cut(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing else can end it."""
        woken = threading.Event()

        def slow(*_: object, **__: object) -> None:
            woken.wait(30)
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", slow)
        begun = time.monotonic()
        said = str(failure("http://slow.invalid", seconds=0.3))
        woken.set()
        assert (said, time.monotonic() - begun < 0.3 + SLACK_SECONDS) == ("slow.invalid: no answer within 0 s", True)


# Loopback, or the metadata service, as an IPv6 address.
IN_DISGUISE = ["::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "::7f00:1", "fec0::1"]


class TestPublicOnly:
    """A secret's own base URL leads to the public internet, or no byte is sent."""

    def test_an_address_inside_is_refused(self) -> None:
        """Checked on the peer that is connected, so that a name that changes its address does not help."""
        with WireServer(answer(200, b"{}")) as server:
            with pytest.raises(InvalidSecret) as caught:
                post(server.url, REQUEST, public_only=True)
            assert server.sent == []
        assert str(caught.value) == "baseUrl leads to 127.0.0.1, which is not an address on the public internet"
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)

    @pytest.mark.parametrize(
        "peer", ["10.0.0.1", "169.254.169.254", "192.168.1.1", "::1", "fd00::1", "fe80::1%eth0", *IN_DISGUISE]
    )
    def test_which_are_inside(self, peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Private networks, the metadata service, this machine."""
        monkeypatch.setattr("urllib3.connection.HTTPConnection._new_conn", lambda _: Peer(peer))
        with pytest.raises(InvalidSecret):
            post("http://looks.public.example", REQUEST, public_only=True)

    @pytest.mark.parametrize("peer", ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808", "2002:808:808::"])
    def test_which_are_public(self, peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also as an IPv6 address that stands for one."""
        monkeypatch.setattr("urllib3.connection.HTTPConnection._new_conn", lambda _: Peer(peer))
        with pytest.raises(NotImplementedError):  # by the double: it was let through
            post("http://is.public.example", REQUEST, public_only=True)


class Peer:
    """A socket that is connected to some address."""

    def __init__(self, address: str) -> None:
        self._address = address

    def getpeername(self) -> tuple[str, int]:
        """Returns the address of the other side."""
        return self._address, 443

    def dup(self) -> Peer:
        """Says that the connection is to be used."""
        raise NotImplementedError

    def close(self) -> None:
        """Ends nothing."""
