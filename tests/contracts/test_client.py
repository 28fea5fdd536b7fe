"""The client against servers on loopback that misbehave in every way we know."""

import base64
import logging
import socket
import threading
import traceback
from datetime import timedelta

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
from tests.contracts.raw_server import (
    ME,
    TOKEN,
    answer,
    ask,
    client,
    close_at_once,
    reset,
    serving,
    truncate,
    workspace,
)

CONTACT = Operation(method="GET", path="/contacts/{contact_id}")
SEARCH = Operation(method="POST", path="/contacts/search")


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
