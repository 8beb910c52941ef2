"""TLS: certificates are verified, against the roots we ship only, and nothing older than 1.2 is spoken."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import warnings
from typing import TYPE_CHECKING

import pytest
import requests.adapters
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.unit.wire import WireServer, answer, trickle
from token_refresh.errors import Transient, Unreachable
from token_refresh.transport import HttpRequest, HttpResponse, post

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("guarded_logging")

REFUSED = "127.0.0.1: the TLS connection failed (certificate not trusted, wrong host name, or TLS older than 1.2)"
DAY = dt.timedelta(days=1)


def self_signed(path: Path, *names: x509.GeneralName, until: dt.timedelta = DAY) -> Path:
    """Writes a self-signed certificate and its key into one file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dummy")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 2 * DAY)
        .not_valid_after(now + until)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1."""
    return self_signed(tmp_path / "good.pem", x509.IPAddress(ipaddress.ip_address("127.0.0.1")))


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Puts a certificate into the place of the roots we ship."""
    return lambda path: monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(path))


def server_with(path: Path, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """Makes a server's TLS, of one version only if one is given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    if version is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # old versions are what is under test
            context.minimum_version = context.maximum_version = version
            context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def failure(url: str, kind: type[Transient] = Transient) -> str:
    """Asks, expects no answer, and returns why."""
    with pytest.raises(kind) as caught:
        post(url, HttpRequest("/api", query={"accessToken": "dummy-token"}), 5.0)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    return str(caught.value)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_trusted_server_is_asked(certificate: Path, trust: Callable[[Path], None], version: ssl.TLSVersion) -> None:
    """Over either version that is good enough."""
    trust(certificate)
    with WireServer(answer(200, b"{}"), tls=server_with(certificate, version)) as server:
        assert post(server.url, HttpRequest("/api")) == HttpResponse(200, b"{}")


def test_an_untrusted_certificate_is_refused(certificate: Path) -> None:
    """Once, and before anything is sent."""
    with WireServer(answer(200, b"{}"), tls=server_with(certificate)) as server:
        assert (failure(server.url, Unreachable), server.sent, server.connections) == (REFUSED, [], 1)


def test_the_environment_s_roots_are_not_trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever can set a variable could otherwise read tokens."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(certificate))
    with WireServer(answer(200, b"{}"), tls=server_with(certificate)) as server:
        assert (failure(server.url), server.sent) == (REFUSED, [])


def test_another_host_s_certificate_is_refused(tmp_path: Path, trust: Callable[[Path], None]) -> None:
    """Even one that is trusted."""
    other = self_signed(tmp_path / "other.pem", x509.DNSName("other.example"))
    trust(other)
    with WireServer(answer(200, b"{}"), tls=server_with(other)) as server:
        assert (failure(server.url), server.sent) == (REFUSED, [])


def test_an_expired_certificate_is_refused(tmp_path: Path, trust: Callable[[Path], None]) -> None:
    """Even one that is trusted."""
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    expired = self_signed(tmp_path / "expired.pem", address, until=-DAY)
    trust(expired)
    with WireServer(answer(200, b"{}"), tls=server_with(expired)) as server:
        assert (failure(server.url), server.sent) == (REFUSED, [])


def test_tls_1_1_is_refused(certificate: Path, trust: Callable[[Path], None]) -> None:
    """By us: a client that would take it is served."""
    trust(certificate)
    with WireServer(answer(200, b"{}"), tls=server_with(certificate, ssl.TLSVersion.TLSv1_1)) as server:
        lenient = ssl.create_default_context(cafile=str(certificate))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            lenient.minimum_version = ssl.TLSVersion.TLSv1
        lenient.set_ciphers("ALL:@SECLEVEL=0")
        with (
            socket.create_connection(("127.0.0.1", server.port)) as plain,
            lenient.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
        ):
            assert secured.version() == "TLSv1.1"
        assert (failure(server.url), server.sent) == (REFUSED, [])


def test_a_server_that_speaks_no_tls_is_refused() -> None:
    """A port of the wrong kind."""

    def answer_in_the_clear(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1024)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_in_the_clear, args=(listener,))
        thread.start()
        said = failure(f"https://127.0.0.1:{listener.getsockname()[1]}")
        thread.join()
    assert said == "127.0.0.1: the host does not speak TLS at this port (is it a plain http:// address?)"


def test_a_trickling_body_is_cut_over_tls_too(certificate: Path, trust: Callable[[Path], None]) -> None:
    """The watch reaches the socket below; what has come is returned."""
    trust(certificate)
    script = trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{", iter(lambda: b"x", b""), 0.02)
    with WireServer(script, tls=server_with(certificate)) as server:
        assert post(server.url, HttpRequest("/api"), 0.5).body[:3] == b"{xx"
