"""What breaks on the way is a value that says how: a reset, a stall, half a body, a bomb."""

import gzip
import socket
import threading
from datetime import timedelta

import pytest

from contracts.exchanges import FailureKind
from tests.contracts.raw_server import (
    ME,
    Handler,
    answer,
    ask,
    client,
    close_at_once,
    reset,
    serving,
    stall,
    truncate,
)


def reset_within_the_body(connection: socket.socket, request: bytes) -> None:
    connection.sendall(answer(b"x" * 10_000)[:5000])
    threading.Event().wait(0.05)  # what was sent has to arrive before the reset overtakes it
    reset(connection, request)


def hang_up(connection: socket.socket, _: bytes) -> None:
    connection.close()


def truncate_chunks(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n20\r\nabc")
    connection.close()


def never_answer(connection: socket.socket, _: bytes) -> None:
    threading.Event().wait(3)


def trickle(connection: socket.socket, _: bytes) -> None:
    for byte in answer(b"x" * 1000):
        connection.sendall(bytes([byte]))
        threading.Event().wait(0.05)


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
