"""Recordings: HAR and JSON lines become exchanges, secrets out, broken entries named."""

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import ConfigurationError, IntercheckError
from contracts.exchanges import BodyKind, Exchange, FailureKind
from contracts.recordings import BrokenEntry, Entry, Untimed, parse_recordings, read_recordings

FILE_TIME = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
TOKEN = "canary-token-dG9rOjEyMzQ1Njc4"


def har_entry(**changes: object) -> dict[str, object]:
    entry: dict[str, object] = {
        "startedDateTime": "2026-03-02T10:00:00.250+01:00",
        "time": 180.5,
        "request": {
            "method": "GET",
            "url": "https://api.eu.intercom.io/contacts?per_page=5",
            "headers": [
                {"name": ":method", "value": "GET"},
                {"name": "Authorization", "value": f"Bearer {TOKEN}"},
                {"name": "Intercom-Version", "value": "2.15"},
            ],
        },
        "response": {
            "status": 200,
            "headers": [
                {"name": ":status", "value": "200"},
                {"name": "Content-Type", "value": "application/json; charset=utf-8"},
                {"name": "X-Runtime", "value": "0.125"},
                {"name": "Set-Cookie", "value": "recent_write=abcdefgh12345678"},
            ],
            "content": {"size": 15, "mimeType": "application/json", "text": '{"type":"list"}'},
        },
        "timings": {
            "blocked": 1,
            "dns": -1,
            "connect": 40,
            "ssl": 25,
            "send": 1,
            "wait": 130,
            "receive": 8.5,
        },
    }
    return entry | changes


def read(content: object, name: str = "recorded.har") -> list[Entry]:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return list(parse_recordings(raw, file=name, otherwise=FILE_TIME))


def har(*entries: object) -> dict[str, object]:
    return {"log": {"version": "1.2", "entries": list(entries)}}


def only_exchange(found: list[Entry]) -> Exchange:
    assert len(found) == 1
    assert isinstance(found[0], Exchange), str(found[0])
    return found[0]


def response_with(**changes: object) -> dict[str, object]:
    response = har_entry()["response"]
    assert isinstance(response, dict)
    return response | changes


def test_a_har_entry_becomes_an_exchange_with_its_version_region_and_time() -> None:
    exchange = only_exchange(read(har(har_entry())))
    assert exchange.version == "2.15"
    assert exchange.region == "eu"
    assert exchange.operation is None
    assert exchange.started_at == datetime(2026, 3, 2, 9, 0, 0, 250_000, tzinfo=UTC)
    assert exchange.response is not None
    assert exchange.response.document == {"type": "list"}
    assert exchange.response.media_type == "application/json"


def test_the_timings_of_a_har_are_taken_apart() -> None:
    timings = only_exchange(read(har(har_entry()))).timings
    assert timings is not None
    assert timings.total_ms == 179.5  # of 180.5, one in the recorder's own queue
    assert timings.first_byte_ms == 171.0
    assert (timings.connect_ms, timings.tls_ms) == (15.0, 25.0)
    assert timings.server_ms == 125.0
    assert not timings.connection_reused


def test_a_kept_alive_connection_has_no_time_to_connect() -> None:
    timings = only_exchange(
        read(har(har_entry(timings={"connect": -1, "ssl": -1, "wait": 100, "receive": 2})))
    ).timings
    assert timings is not None
    assert (timings.connect_ms, timings.tls_ms, timings.connection_reused) == (None, None, True)


def test_pseudo_headers_and_credentials_do_not_come_out() -> None:
    exchange = only_exchange(read(har(har_entry())))
    assert exchange.response is not None
    assert set(exchange.request.headers) == {"intercom-version"}
    assert set(exchange.response.headers) == {"content-type", "x-runtime"}


def test_a_token_is_taken_out_wherever_it_stands() -> None:
    entry = har_entry(
        request={
            "method": "post",
            "url": f"https://user:pass-canary-1@api.intercom.io/tags?access_token={TOKEN}&page=2",
            "headers": [
                {"name": "authorization", "value": f"Bearer {TOKEN}"},
                {"name": "Cookie", "value": "session=cookie-canary-1; theme=dark"},
                {"name": "X-Trace", "value": f"trace-of-{TOKEN}"},
            ],
            "postData": {"mimeType": "application/json", "text": json.dumps({"token": TOKEN})},
        },
        response=response_with(
            content={"size": 1, "text": json.dumps({"echo": TOKEN, "c": "cookie-canary-1"})}
        ),
    )
    exchange = only_exchange(read(har(entry)))
    assert exchange.response is not None
    seen = " ".join(
        [
            exchange.request.url,
            str(dict(exchange.request.headers)),
            (exchange.request.body or b"").decode(),
            exchange.response.body.decode(),
            json.dumps(exchange.response.document),
            repr(exchange),
        ]
    )
    assert "canary" not in seen
    assert "page=2" in exchange.request.url
    assert exchange.request.method == "POST"


def test_a_base64_body_is_decoded() -> None:
    body = base64.b64encode('{"name":"Zoë"}'.encode()).decode()
    content = {"size": 15, "mimeType": "application/json", "encoding": "base64", "text": body}
    exchange = only_exchange(read(har(har_entry(response=response_with(content=content)))))
    assert exchange.response is not None
    assert exchange.response.document == {"name": "Zoë"}


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("net::ERR_NAME_NOT_RESOLVED", FailureKind.DNS),
        ("net::ERR_CONNECTION_REFUSED", FailureKind.REFUSED),
        ("net::ERR_CONNECTION_TIMED_OUT", FailureKind.CONNECT_TIMEOUT),
        ("net::ERR_TIMED_OUT", FailureKind.READ_TIMEOUT),
        ("net::ERR_CERT_DATE_INVALID", FailureKind.TLS),
        ("net::ERR_TOO_MANY_REDIRECTS", FailureKind.REDIRECT_LOOP),
        ("net::ERR_ABORTED", FailureKind.OTHER),
    ],
)
def test_an_aborted_entry_is_a_failure_of_its_kind(said: str, kind: FailureKind) -> None:
    entry = har_entry(response={"status": 0, "headers": [], "content": {}, "_error": said})
    failure = only_exchange(read(har(entry))).failure
    assert failure is not None
    assert failure.kind is kind


def test_an_entry_saved_without_its_body_is_not_an_empty_answer() -> None:
    found = read(har(har_entry(response=response_with(content={"size": 5321}))))
    assert [str(one) for one in found] == [
        "recorded.har:1: log.entries[0] was saved without the answer's body: save the HAR with "
        "content; it was left out: mend it or record it again."
    ]


def test_an_answer_of_no_bytes_is_empty() -> None:
    exchange = only_exchange(read(har(har_entry(response=response_with(content={"size": 0})))))
    assert exchange.response is not None
    assert exchange.response.kind is BodyKind.EMPTY


def test_missing_optional_fields_are_unknown_and_the_file_gives_the_time() -> None:
    entry = {
        "request": {"method": "GET", "url": "https://api.intercom.io/me"},
        "response": {"status": 200, "content": {"text": "{}", "mimeType": "application/json"}},
    }
    exchange = only_exchange(read(har(entry)))
    assert exchange.started_at == FILE_TIME
    assert exchange.timings is None
    assert exchange.version is None
    assert exchange.response is not None
    assert exchange.response.media_type == "application/json"


def test_each_broken_entry_is_named_and_the_rest_is_read() -> None:
    broken: list[object] = [
        "text",
        {"request": {}},
        har_entry(request={"method": "GET", "url": "http://[broken/"}),
        har_entry(response=response_with(status="200")),
        har_entry(response=response_with(status=7000)),
        har_entry(response=response_with(headers=[{"name": "only"}])),
        har_entry(startedDateTime="yesterday"),
        har_entry(response=response_with(content={"text": "***", "encoding": "base64"})),
    ]
    found = read(har(har_entry(), *broken, har_entry()))
    named = [one for one in found if isinstance(one, BrokenEntry)]
    assert [one.place for one in named] == [f"log.entries[{i}]" for i in range(1, len(broken) + 1)]
    assert all(str(one).count(".") >= 1 and "\n" not in str(one) for one in named)
    assert [isinstance(found[0], Exchange), isinstance(found[-1], Exchange)] == [True, True]


def test_a_truncated_har_is_one_sentence_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "cut.har"
    whole = json.dumps(har(har_entry()), indent=1)
    path.write_text(whole[: len(whole) // 2])
    with pytest.raises(ConfigurationError, match=r"cut\.har:\d+ is not valid JSON \(.*\): record"):
        list(read_recordings(path))


def test_a_har_with_a_byte_order_mark_is_read() -> None:
    raw = b"\xef\xbb\xbf" + json.dumps(har(har_entry())).encode()
    assert only_exchange(read(raw)).version == "2.15"


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_recordings(tmp_path / "absent.har")


def test_something_else_that_is_json_is_no_har() -> None:
    with pytest.raises(ConfigurationError, match=r"not a HAR file"):
        read({"log": {"creator": {}}})


def test_json_lines_carry_workspace_version_and_failure() -> None:
    lines = [
        {
            "method": "GET",
            "url": "/me",
            "status": 200,
            "headers": {"content-type": "application/json", "x-runtime": "0.05"},
            "body": {"type": "admin"},
            "started_at": "2026-03-02T09:00:00Z",
            "elapsed_ms": 90,
            "version": "2.14",
            "workspace": "acme",
        },
        {"method": "GET", "url": "/tags", "failure": "read-timeout"},
        {"method": "GET", "url": "/teams", "status": 503, "body": "<html>busy</html>"},
    ]
    raw = b"\n\n".join(json.dumps(line).encode() for line in lines)
    first, second, third = read(raw, name="log.jsonl")
    assert isinstance(first, Exchange)
    assert (first.workspace, first.version) == ("acme", "2.14")
    assert first.timings is not None
    assert (first.timings.total_ms, first.timings.server_ms) == (90.0, 50.0)
    assert isinstance(second, Exchange)
    assert second.failure is not None
    assert second.failure.kind is FailureKind.READ_TIMEOUT
    assert isinstance(third, Exchange)
    assert third.response is not None
    assert third.response.kind is BodyKind.OTHER


def test_a_broken_line_is_named_and_the_others_are_read() -> None:
    good = json.dumps({"method": "GET", "url": "/me", "status": 200, "body": {}}).encode()
    found = read(good + b"\n{\n" + good, name="log.jsonl")
    assert [type(one) for one in found] == [Exchange, BrokenEntry, Exchange]
    assert str(found[1]).startswith("log.jsonl:2 is not valid JSON")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


@st.composite
def damaged_entries(draw: st.DrawFn) -> object:
    """A proper entry in which up to three places hold anything."""
    entry = har_entry()
    places = [
        ("startedDateTime",), ("time",), ("timings",), ("timings", "connect"), ("request",),
        ("request", "method"), ("request", "url"), ("request", "headers"), ("response",),
        ("response", "status"), ("response", "headers"), ("response", "content"),
        ("response", "content", "text"), ("response", "content", "encoding"),
    ]  # fmt: skip
    entry = json.loads(json.dumps(entry))
    for place in draw(st.lists(st.sampled_from(places), min_size=1, max_size=3)):
        node: object = entry
        for step in place[:-1]:
            node = node.get(step) if isinstance(node, dict) else None
        if isinstance(node, dict):
            node[place[-1]] = draw(JSON_VALUES)
    return entry


@given(st.lists(damaged_entries() | JSON_VALUES, max_size=4))
@settings(max_examples=150, deadline=None)
def test_every_damaged_entry_is_an_exchange_or_is_named(entries: list[object]) -> None:
    found = read(har(*entries))
    assert len([one for one in found if not isinstance(one, Untimed)]) == len(entries)


@pytest.mark.parametrize("name", ["any.jsonl", "any.har"])
@given(written=JSON_VALUES | st.floats() | st.integers() | st.floats().map(str))
@settings(max_examples=100, deadline=None)
def test_what_is_no_duration_is_left_out_and_said_and_what_is_one_is_taken(
    name: str, written: object
) -> None:
    line = {"method": "GET", "url": "/tags", "status": 200, "elapsed_ms": written}
    content = (
        json.dumps(line).encode()
        if name == "any.jsonl"
        else har(har_entry(time=written, timings={}))
    )
    exchange, *said = read(content, name=name)
    assert isinstance(exchange, Exchange)
    if exchange.timings is not None:
        assert 0 <= exchange.timings.total_ms <= 86_400_000
        assert exchange.timings.total_ms == float(written)  # type: ignore[arg-type]
        assert said == []
    else:
        assert [type(one) for one in said] == [Untimed] * (written not in (None, -1))


@given(st.binary(max_size=60) | JSON_VALUES.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=200, deadline=None)
def test_whatever_the_bytes_nothing_is_raised_but_our_errors(content: bytes) -> None:
    for name in ("any.har", "any.jsonl"):
        with suppress(IntercheckError):
            found = read(content, name=name)
            assert all(isinstance(one, Exchange | BrokenEntry | Untimed) for one in found)


def test_text_that_cannot_be_encoded_stops_nothing() -> None:
    lone = "\ud800" * 9
    entry = har_entry(
        request={
            "method": "GET",
            "url": f"https://api.intercom.io/tags?token={lone}&name={lone}",
            "headers": [{"name": "Authorization", "value": f"Bearer {lone}"}],
        },
        response=response_with(content={"size": 9, "text": lone}),
    )
    assert len(read(har(entry))) == 1


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_a_broken_entry_is_named_with_its_line(indent: int | None) -> None:
    trap = {"entries": [1, "]"], "text": '"entries": ['}
    document = har(har_entry(), {"request": {}}, har_entry(comment=trap), 7)
    document = {"log": {"comment": trap, **document["log"]}}  # type: ignore[dict-item]
    text = json.dumps(document, indent=indent)
    broken = [one for one in read(text.encode()) if isinstance(one, BrokenEntry)]
    lines = text.splitlines()
    assert [one.place for one in broken] == ["log.entries[1]", "log.entries[3]"]
    for one, begins in zip(broken, ("{", "7"), strict=True):
        assert one.line is not None
        assert begins in lines[one.line - 1]
        assert str(one).startswith(f"recorded.har:{one.line}: {one.place} ")


@pytest.mark.parametrize("text", ["openapi: 3.0.1\npaths: {}\n", "\x00\xff binary", '"text"\n7\n'])
def test_what_holds_no_json_object_is_no_recording(text: str) -> None:
    with pytest.raises(ConfigurationError, match="other:1 is neither a HAR file nor JSON lines"):
        read(text.encode("latin-1"), name="other")
