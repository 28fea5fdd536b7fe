"""Proxies of the environment: which host is reached through them, and what they never see."""

from pathlib import Path

import pytest

from contracts.exchanges import FailureKind
from tests.contracts.raw_server import ME, TOKEN, answer, ask, client, serving


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
