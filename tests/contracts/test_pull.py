"""Descriptions downloaded from a server that may be anything but GitHub."""

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from contracts import pins
from contracts.errors import ConfigurationError, NothingMeasuredError, SpecError
from contracts.pins import PINS, Pin, load_published, pulled_file
from contracts.pull import pull

TEXT = b"openapi: 3.0.1\ninfo: {version: '2.15'}\npaths: {/me: {get: {responses: {}}}}\n"
SHORT = timedelta(seconds=0.2)

Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def pin(monkeypatch: pytest.MonkeyPatch) -> Pin:
    """2.15, as if its file were `TEXT`."""
    made = replace(PINS["2.15"], sha256=hashlib.sha256(TEXT).hexdigest())
    monkeypatch.setattr(pins, "PINS", {**PINS, "2.15": made})
    return made


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """Serve `answer` on loopback; yield the host and the paths that were asked for."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", paths
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def sending(content: bytes, *, status: int = 200, length: int | None = None) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content) if length is None else length))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def test_the_pinned_file_is_fetched_verified_and_kept_with_its_parsed_form(
    pin: Pin, tmp_path: Path
) -> None:
    with serving(sending(TEXT)) as (host, paths):
        place = pull(pin, cache_dir=tmp_path / "cache", host=host)
    assert paths == [
        "/intercom/Intercom-OpenAPI/8889625a7b931d8649e18726e7f872ff073520fc"
        "/descriptions/2.15/api.intercom.io.yaml"
    ]
    assert place.read_bytes() == TEXT
    assert sorted(path.suffix for path in place.parent.iterdir()) == [".json", ".yaml"]
    assert load_published("2.15", spec_dir=None, cache_dir=tmp_path / "cache").version == "2.15"


def test_other_bytes_are_refused_and_what_was_there_stays(pin: Pin, tmp_path: Path) -> None:
    place = pulled_file(tmp_path, pin)
    place.write_bytes(TEXT)
    with (
        serving(sending(TEXT + b"\n# and more")) as (host, _),
        pytest.raises(SpecError, match=r"sha256 differs.*nothing was kept"),
    ):
        pull(pin, cache_dir=tmp_path, host=host)
    assert place.read_bytes() == TEXT
    assert list(tmp_path.iterdir()) == [place]


def test_a_missing_file_is_said_with_its_status(pin: Pin, tmp_path: Path) -> None:
    with (
        serving(sending(b"404: Not Found", status=404)) as (host, _),
        pytest.raises(NothingMeasuredError, match=r"2\.15 .*it answered 404.*--spec-dir"),
    ):
        pull(pin, cache_dir=tmp_path, host=host)
    assert list(tmp_path.iterdir()) == []


def test_an_answer_that_is_cut_off_is_not_kept(pin: Pin, tmp_path: Path) -> None:
    with (
        serving(sending(TEXT[:30], length=len(TEXT))) as (host, _),
        pytest.raises(NothingMeasuredError, match="cut off"),
    ):
        pull(pin, cache_dir=tmp_path, host=host)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_stops_answering_is_left(pin: Pin, tmp_path: Path) -> None:
    let_go = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(TEXT)))
        handler.end_headers()
        handler.wfile.write(TEXT[:10])
        handler.wfile.flush()
        let_go.wait(10)

    with serving(hang) as (host, _):
        with pytest.raises(NothingMeasuredError, match="stopped answering"):
            pull(pin, cache_dir=tmp_path, host=host, read_timeout=SHORT)
        let_go.set()


def test_a_server_that_drips_is_left_when_the_time_is_over(pin: Pin, tmp_path: Path) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(3):
            handler.wfile.write(b"x" * 65536)

    with (
        serving(drip) as (host, _),
        pytest.raises(NothingMeasuredError, match="stopped answering"),
    ):
        pull(pin, cache_dir=tmp_path, host=host, total_timeout=timedelta())


def test_nobody_listening_is_no_connection(pin: Pin, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NothingMeasuredError, match="no connection"):
        pull(pin, cache_dir=tmp_path, host=f"http://127.0.0.1:{port}")


def test_a_cache_that_cannot_be_written_is_named(pin: Pin, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with (
        serving(sending(TEXT)) as (host, _),
        pytest.raises(ConfigurationError, match="INTERCHECK_CACHE_DIR"),
    ):
        pull(pin, cache_dir=tmp_path / "file", host=host)


@pytest.mark.parametrize(
    "host", ["foo", "ftp://mirror", "http://", "", "file:///etc", "https://user:pw@mirror"]
)
def test_what_is_no_address_of_a_mirror_is_wrong_usage(pin: Pin, tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigurationError, match="--host is no address of a mirror") as caught:
        pull(pin, cache_dir=tmp_path, host=host)
    assert "pw" not in str(caught.value)
