"""The client against servers on loopback that misbehave in every way we know."""

import base64
import gzip
import logging
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.allowlist import NotAllowedError
from contracts.client import IntercomClient
from contracts.clock import SystemClock
from contracts.errors import ConfigurationError
from contracts.exchanges import BodyKind, Exchange, FailureKind, Operation
from contracts.workspaces import Secret, Workspace
from sandbox.clock import VirtualClock

TOKEN = "dG9rOmNhbmFyeV8wMTIzNDU2Nzg5PT0="
ME = Operation(method="GET", path="/me")
CONTACT = Operation(method="GET", path="/contacts/{contact_id}")
SEARCH = Operation(method="POST", path="/contacts/search")

Handler = Callable[[socket.socket, bytes], None]


def answer(
    body: bytes = b'{"type":"admin"}', *, status: str = "200 OK", headers: str = ""
) -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}"
    return head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body


class RawServer:
    """Reads whole requests and lets a function do with the connection what it likes."""

    def __init__(self, handle: Handler, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._handle = handle
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        try:
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                while request := self._read(connection):
                    self.requests.append(request)
                    self._handle(connection, request)
        except OSError:
            pass  # the client has gone, as it may

    @staticmethod
    def _read(connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
                while len(body) < length:
                    body += connection.recv(65536)
        return head + b"\r\n\r\n" + body


@contextmanager
def serving(handle: Handler | bytes, context: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    if isinstance(handle, bytes):
        payload = handle

        def send(connection: socket.socket, _: bytes) -> None:
            connection.sendall(payload)

        handle = send
    server = RawServer(handle, context)
    try:
        yield server
    finally:
        server.close()


def workspace(url: str, **options: object) -> Workspace:
    return Workspace(name="acme", token=Secret(TOKEN), base_url=url, **options)  # type: ignore[arg-type]


def client(url: str, **options: object) -> IntercomClient:
    defaults: dict[str, object] = {
        "clock": SystemClock(),
        "connect_timeout": timedelta(seconds=0.5),
        "read_timeout": timedelta(seconds=0.5),
    }
    return IntercomClient(workspace(url), **(defaults | options))  # type: ignore[arg-type]


def ask(handle: Handler | bytes, **options: object) -> Exchange:
    with serving(handle) as server, client(server.url, **options) as one:
        return one.send(ME)


def test_an_answer_comes_back_whole_with_what_was_asked() -> None:
    with serving(answer(headers="x-runtime: 0.150\r\n")) as server, client(server.url) as one:
        exchange = one.send(CONTACT, path_params={"contact_id": "a1"}, query={"display": "plain"})
    assert exchange.response is not None
    assert exchange.response.status == 200
    assert exchange.response.document == {"type": "admin"}
    assert exchange.request.url == f"{server.url}/contacts/a1?display=plain"
    assert exchange.version == "2.15"
    assert exchange.timings is not None
    assert exchange.timings.server_ms == 150
    head = server.requests[0].lower()
    assert head.startswith(b"get /contacts/a1?display=plain http/1.1")
    assert f"authorization: bearer {TOKEN}".lower().encode() in head
    assert b"intercom-version: 2.15" in head
    assert b"accept: application/json" in head
    assert b"user-agent: intercheck/" in head


def test_a_body_goes_as_json() -> None:
    with serving(answer()) as server, client(server.url) as one:
        one.send(SEARCH, body={"query": {"field": "email", "operator": "=", "value": "x"}})
    assert b"content-type: application/json" in server.requests[0].lower()
    assert server.requests[0].endswith(b'"value": "x"}}')


def test_without_authentication_no_token_is_sent() -> None:
    with serving(answer()) as server, client(server.url) as one:
        one.send(ME, authenticate=False)
    assert b"authorization" not in server.requests[0].lower()


def test_a_kept_alive_connection_has_no_connect_time() -> None:
    with serving(answer()) as server, client(server.url) as one:
        first, second = one.send(ME).timings, one.send(ME).timings
    assert server.connections == 1
    assert first is not None
    assert second is not None
    assert first.connect_ms is not None
    assert not first.connection_reused
    assert first.tls_ms is None
    assert second.connect_ms is None
    assert second.connection_reused


def test_time_passes_where_it_is_said_to() -> None:
    def slow(connection: socket.socket, _: bytes) -> None:
        threading.Event().wait(0.1)
        connection.sendall(answer()[:60])
        threading.Event().wait(0.1)
        connection.sendall(answer()[60:])

    timings = ask(slow).timings
    assert timings is not None
    assert timings.first_byte_ms is not None
    assert 90 < timings.first_byte_ms < 190
    assert timings.total_ms > timings.first_byte_ms + 80


def test_a_virtual_clock_measures_what_the_server_lets_pass() -> None:
    clock = VirtualClock()

    def slow(connection: socket.socket, _: bytes) -> None:
        clock.sleep(3)
        connection.sendall(answer())

    exchange = ask(slow, clock=clock, read_timeout=timedelta(seconds=5))
    assert exchange.timings is not None
    assert exchange.timings.total_ms == 3000
    exchange = ask(slow, clock=clock, read_timeout=timedelta(seconds=2))
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.READ_TIMEOUT


def test_a_connection_that_was_idle_for_long_is_not_trusted() -> None:
    clock = VirtualClock()
    with serving(answer()) as server, client(server.url, clock=clock) as one:
        one.send(ME)
        clock.sleep(60)
        exchange = one.send(ME)
    assert exchange.is_success
    assert server.connections == 2


def reset(connection: socket.socket, _: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def reset_within_the_body(connection: socket.socket, request: bytes) -> None:
    connection.sendall(answer(b"x" * 10_000)[:5000])
    threading.Event().wait(0.05)  # what was sent has to arrive before the reset overtakes it
    reset(connection, request)


def hang_up(connection: socket.socket, _: bytes) -> None:
    connection.close()


def truncate(connection: socket.socket, _: bytes) -> None:
    connection.sendall(answer(b"x" * 100)[:-50])
    connection.close()


def truncate_chunks(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n20\r\nabc")
    connection.close()


def never_answer(connection: socket.socket, _: bytes) -> None:
    threading.Event().wait(3)


def stall(connection: socket.socket, _: bytes) -> None:
    connection.sendall(answer(b"x" * 100)[:-50])
    threading.Event().wait(3)


def trickle(connection: socket.socket, _: bytes) -> None:
    for byte in answer(b"x" * 1000):
        connection.sendall(bytes([byte]))
        threading.Event().wait(0.05)


def close_at_once(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"not http at all\r\n\r\n")
    connection.close()


@pytest.mark.parametrize(
    ("handle", "kind"),
    [
        (reset, FailureKind.RESET),
        (reset_within_the_body, FailureKind.RESET),
        (hang_up, FailureKind.RESET),
        (truncate, FailureKind.TRUNCATED),
        (truncate_chunks, FailureKind.TRUNCATED),
        (never_answer, FailureKind.READ_TIMEOUT),
        (stall, FailureKind.READ_TIMEOUT),
        (trickle, FailureKind.READ_TIMEOUT),
        (close_at_once, FailureKind.OTHER),
        (answer(b"not gzip", headers="content-encoding: gzip\r\n"), FailureKind.ENCODING),
        (answer(b"\x0b\x02\x80", headers="content-encoding: br\r\n"), FailureKind.ENCODING),
    ],
)
def test_every_broken_answer_is_a_value(handle: Handler | bytes, kind: FailureKind) -> None:
    exchange = ask(handle)
    assert exchange.response is None
    assert exchange.failure is not None
    assert exchange.failure.kind is kind
    assert exchange.failure.detail
    assert exchange.timings is not None
    assert exchange.timings.total_ms < 1500


def test_a_failure_is_not_retried() -> None:
    with serving(reset) as server, client(server.url) as one:
        one.send(ME)
    assert len(server.requests) == 1


def test_the_connection_of_a_broken_answer_is_not_used_again() -> None:
    turns = iter([answer(b"x" * 2_000_000), answer()])

    def big_first(connection: socket.socket, _: bytes) -> None:
        connection.sendall(next(turns))

    with serving(big_first) as server, client(server.url, largest_body=100) as one:
        assert not one.send(ME).is_success
        assert one.send(ME).is_success
    assert server.connections == 2


def test_nobody_listening_is_a_refused_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with client(f"http://127.0.0.1:{port}") as one:
        exchange = one.send(ME)
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.REFUSED


def test_a_host_that_does_not_take_connections_is_a_connect_timeout() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(4):  # fill the backlog: the next SYN is dropped
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
            waiting.append(one)
        with client(f"http://127.0.0.1:{listener.getsockname()[1]}") as asking:
            exchange = asking.send(ME)
        for one in waiting:
            one.close()
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.CONNECT_TIMEOUT


def test_an_unknown_host_is_a_dns_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_host(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_host)
    with client("http://intercom.test") as one:
        exchange = one.send(ME)
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.DNS


def test_a_body_that_unpacks_to_too_much_is_a_value_before_it_is_unpacked() -> None:
    bomb = gzip.compress(b"0" * 200_000_000)
    exchange = ask(
        answer(bomb, headers="content-encoding: gzip\r\n"), read_timeout=timedelta(seconds=5)
    )
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.TOO_LARGE


def test_a_compressed_body_is_read() -> None:
    body = gzip.compress(b'{"type":"admin"}')
    exchange = ask(answer(body, headers="content-encoding: gzip\r\n"))
    assert exchange.response is not None
    assert exchange.response.document == {"type": "admin"}


@pytest.mark.parametrize(
    ("payload", "status", "kind"),
    [
        (answer(b"", status="503 Service Unavailable"), 503, BodyKind.EMPTY),
        (answer(b"<html>", status="403 Forbidden"), 403, BodyKind.OTHER),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, BodyKind.EMPTY),
        (answer(b"{", status="200 OK"), 200, BodyKind.OTHER),
    ],
)
def test_an_answer_is_an_answer_whatever_it_says(
    payload: bytes, status: int, kind: BodyKind
) -> None:
    response = ask(payload).response
    assert response is not None
    assert (response.status, response.kind) == (status, kind)


def test_a_redirect_to_itself_is_a_loop() -> None:
    exchange = ask(answer(b"", status="302 Found", headers="location: /me\r\n"))
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.REDIRECT_LOOP


def test_a_redirect_to_a_read_on_the_same_host_is_followed() -> None:
    turns = iter([answer(b"", status="302 Found", headers="location: /admins\r\n"), answer()])

    def redirect(connection: socket.socket, _: bytes) -> None:
        connection.sendall(next(turns))

    with serving(redirect) as server, client(server.url) as one:
        assert one.send(ME).is_success
    assert server.requests[1].startswith(b"GET /admins ")


@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:9/me", "//elsewhere.test/me", "/export/content/data/1", "/x"]
)
def test_a_redirect_anywhere_else_is_the_answer(location: str) -> None:
    payload = answer(b"", status="302 Found", headers=f"location: {location}\r\n")
    with serving(payload) as server, client(server.url) as one:
        exchange = one.send(ME)
    assert exchange.response is not None
    assert exchange.response.status == 302
    assert len(server.requests) == 1


def test_a_post_is_not_repeated_elsewhere() -> None:
    payload = answer(b"", status="307 Temporary Redirect", headers="location: /me\r\n")
    with serving(payload) as server, client(server.url) as one:
        exchange = one.send(SEARCH, body={})
    assert exchange.response is not None
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "operation",
    ["POST /contacts", "DELETE /contacts/{contact_id}", "GET /companies/scroll", "GET /unknown"],
)
def test_what_is_not_on_the_list_is_not_sent(operation: str) -> None:
    with serving(answer()) as server, client(server.url) as one:
        with pytest.raises(NotAllowedError, match="was not sent"):
            one.send(Operation.parse(operation), path_params={"contact_id": "1"})
        with pytest.raises(NotAllowedError):
            one.send(ME, headers={"X-HTTP-Method-Override": "DELETE"})
        with pytest.raises(NotAllowedError):
            one.send(ME, query={"_method": "delete"})
        with pytest.raises(NotAllowedError):
            one.send(ME, headers={"Host": "elsewhere.test"})
        with pytest.raises(NotAllowedError):
            one.send(CONTACT, path_params={"contact_id": "../export/content/data/1"})
    assert server.requests == []


def writing(url: str, app_id: str | None) -> IntercomClient:
    return IntercomClient(workspace(url, writes=True, app_id=app_id), clock=SystemClock())


def test_a_write_needs_a_workspace_that_proves_to_be_the_one_named() -> None:
    create = Operation(method="POST", path="/contacts")
    me = answer(b'{"type":"admin","app":{"id_code":"test1234"}}')
    with serving(me) as server:
        with writing(server.url, None) as one, pytest.raises(NotAllowedError, match="app-id"):
            one.send(create, body={})
        with writing(server.url, "other") as one, pytest.raises(NotAllowedError, match="/me"):
            one.send(create, body={})
        assert not any(request.startswith(b"POST") for request in server.requests)
        with writing(server.url, "test1234") as one:
            one.send(create, body={})
            one.send(create, body={})
    sent = [request.split()[0] for request in server.requests[1:]]
    assert sent == [b"GET", b"POST", b"POST"]  # asked once, then remembered


@given(
    st.one_of(st.text(max_size=20), st.text(max_size=10).map(lambda text: f"/contacts/{text}")),
    st.text(max_size=10),
    st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=2),
    st.one_of(st.none(), st.binary(max_size=10)),
)
def test_whatever_is_to_be_sent_it_is_refused_or_becomes_an_exchange(
    path: str, query: str, headers: dict[str, str], body: bytes | None
) -> None:
    with client("http://127.0.0.1:9") as one:
        try:
            exchange = one.forward(CONTACT, path, query=query, headers=headers, body=body)
        except NotAllowedError:
            return
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.REFUSED


def everything_of(exchange: Exchange) -> str:
    shown = [repr(exchange), str(exchange)]
    shown += [exchange.request.url, repr(dict(exchange.request.headers))]
    shown.append(repr(exchange.request.body))
    if exchange.failure:
        shown.append(exchange.failure.detail)
    if exchange.response:
        shown += [repr(dict(exchange.response.headers)), repr(exchange.response.body)]
        shown.append(repr(exchange.response.document))
    return "\n".join(shown)


@pytest.mark.parametrize("form", [TOKEN, TOKEN.replace("=", "%3D")])
def test_the_token_is_in_nothing_that_comes_out(
    form: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    encoded = base64.b64encode(TOKEN.encode()).decode()
    payload = answer(
        f'{{"echo":"{form}","again":"{encoded}"}}'.encode(),
        status=f"200 {form}",
        headers=f"x-echo: Bearer {form}\r\nset-cookie: session=secret\r\n",
    )
    shown = [everything_of(ask(payload))]
    shown += [everything_of(ask(handle)) for handle in (reset, truncate, close_at_once)]
    garbage = f"HTTP/9.9 {form} {form}\r\n\r\n".encode()
    shown.append(everything_of(ask(garbage)))
    with client("http://127.0.0.1:9") as one:
        shown += [repr(one), repr(one.workspace), everything_of(one.send(ME))]
        try:
            one.send(ME, query={"_method": TOKEN})
        except NotAllowedError as error:
            shown += [str(error), "".join(traceback.format_exception(error))]
        shown.append(everything_of(one.send(ME, query={"echo": TOKEN})))
        shown.append(everything_of(one.send(SEARCH, body={"echo": TOKEN})))
    streams = capsys.readouterr()
    shown += [caplog.text, streams.out, streams.err]
    for text in shown:
        assert TOKEN not in text
        assert form not in text
        assert encoded not in text
        assert "session=secret" not in text


def test_a_netrc_does_not_replace_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login mallory password evil\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(answer()) as server, client(server.url) as one:
        one.send(ME)
    assert f"Bearer {TOKEN}".encode() in server.requests[0]


def test_what_runs_on_this_machine_is_reached_without_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert ask(answer()).is_success


def test_another_host_is_reached_through_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with serving(answer()) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        with client("http://intercom.test") as one:
            assert one.send(ME).is_success
    assert proxy.requests[0].startswith(b"GET http://intercom.test/me ")


def test_a_proxy_that_is_down_says_nothing_about_intercom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with client("http://intercom.test") as one:
        exchange = one.send(ME)
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.PROXY
    assert "proxy" in exchange.failure.detail


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


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1",
        "127.0.0.1:80",
        "http://",
        "http://user:secret-password@127.0.0.1",
        "http://127.0.0.1/?a=b",
        "http://api.intercom.io",
        "http://[::1",
        "http://127.0.0.1:abc",
    ],
)
def test_a_base_url_that_is_none_is_our_error(url: str) -> None:
    with pytest.raises(ConfigurationError, match="'acme'") as caught:
        client(url)
    assert "secret-password" not in str(caught.value)


@pytest.mark.parametrize("token", ["", "with space", "line\nfeed", "umlaut-ü"])
def test_a_token_that_cannot_be_one_is_our_error(token: str) -> None:
    with pytest.raises(ConfigurationError, match="token") as caught:
        IntercomClient(Workspace(name="acme", token=Secret(token)), clock=SystemClock())
    assert not token or token not in str(caught.value)


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
