"""Certificates and handshakes: what is trusted, what it costs, and what is said where it fails."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from contracts.errors import ConfigurationError
from contracts.exchanges import FailureKind
from tests.contracts.raw_server import ME, TOKEN, Handler, RawServer, answer, client, serving, stall


def test_over_tls_a_proxy_only_carries_bytes(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def carry(connection: socket.socket, request: bytes) -> None:
        host, _, port = request.split()[1].decode().rpartition(":")
        with socket.create_connection((host, int(port))) as onward:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(onward, connection), daemon=True)
            back.start()
            pump(connection, onward)
            back.join(1)

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)

    # The certificate is for 127.0.0.1, which is never reached through a proxy by itself.
    monkeypatch.setattr("contracts.transport.is_loopback", lambda host: False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with serving_tls(answer(), certificate) as server, serving(carry) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("https_proxy", proxy.url)
        with client(server.url, ca_bundle=certificate[0]) as one:
            exchange = one.send(ME)
    assert exchange.is_success
    assert proxy.requests[0].startswith(b"CONNECT ")
    assert TOKEN.encode() not in b"".join(proxy.requests)
    assert exchange.timings is not None
    assert exchange.timings.first_byte_ms is not None


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the program openssl to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(  # noqa: S603 - a program of the system, with arguments of ours
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@contextmanager
def serving_tls(handle: Handler | bytes, certificate: tuple[Path, Path]) -> Iterator[RawServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with serving(handle, context) as server:
        yield server


def test_over_tls_the_handshake_has_its_own_time(certificate: tuple[Path, Path]) -> None:
    with (
        serving_tls(answer(), certificate) as server,
        client(server.url, ca_bundle=certificate[0]) as one,
    ):
        first, second = one.send(ME), one.send(ME)
    assert first.is_success
    assert first.timings is not None
    assert first.timings.connect_ms is not None
    assert first.timings.tls_ms is not None
    assert first.timings.tls_ms > 0
    assert second.timings is not None
    assert second.timings.tls_ms is None


def test_a_certificate_nobody_vouches_for_is_a_tls_failure(certificate: tuple[Path, Path]) -> None:
    with serving_tls(answer(), certificate) as server, client(server.url) as one:
        exchange = one.send(ME)
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.TLS
    assert server.requests == []


@pytest.mark.parametrize(
    ("host", "days", "said"),
    [
        ("DNS:other.example", ("20200101000000Z", "20990101000000Z"), "mismatch, certificate is"),
        ("IP:127.0.0.1", ("20200101000000Z", "20200201000000Z"), "certificate has expired"),
        ("IP:127.0.0.1", ("20980101000000Z", "20990101000000Z"), "certificate is not yet valid"),
    ],
)
def test_a_certificate_that_does_not_hold_says_why(
    certificate: tuple[Path, Path], tmp_path: Path, host: str, days: tuple[str, str], said: str
) -> None:
    made = signed(tmp_path, certificate[1], host, *days)
    with (
        serving_tls(answer(), (made, certificate[1])) as server,
        client(server.url, ca_bundle=made) as one,
    ):
        exchange = one.send(ME)
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.TLS
    assert said in exchange.failure.detail


def signed(folder: Path, key: Path, host: str, start: str, end: str) -> Path:
    """A self-signed certificate for `host` that is valid from `start` to `end`."""
    (folder / "index").touch()
    (folder / "serial").write_text("01")
    (folder / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=own\n[own]\ndatabase={folder}/index\nserial={folder}/serial\n"
        f"new_certs_dir={folder}\ndefault_md=sha256\npolicy=any\ncopy_extensions=copy\n"
        "[any]\ncommonName=supplied\n"
    )
    request, made = folder / "request.pem", folder / "made.pem"
    about = ("-subj", "/CN=made", "-addext", f"subjectAltName={host}")
    own = ("-batch", "-config", folder / "ca.cnf", "-selfsign", "-keyfile", key)
    openssl = shutil.which("openssl") or "openssl"
    for arguments in (
        ("req", "-new", "-key", key, *about, "-out", request),
        ("ca", *own, "-in", request, "-startdate", start, "-enddate", end, "-out", made),
    ):
        subprocess.run(  # noqa: S603 - a program of the system, with arguments of ours
            [openssl, *map(str, arguments)], check=True, capture_output=True
        )
    return made


def test_a_stalled_body_over_tls_is_a_read_timeout(certificate: tuple[Path, Path]) -> None:
    with (
        serving_tls(stall, certificate) as server,
        client(server.url, ca_bundle=certificate[0]) as one,
    ):
        exchange = one.send(ME)
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.READ_TIMEOUT


def test_authorities_that_do_not_exist_are_our_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="certificate authorities"):
        client("https://127.0.0.1", ca_bundle=tmp_path / "none.pem")
