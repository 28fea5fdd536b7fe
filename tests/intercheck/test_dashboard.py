"""What `serve --listen` shows, over real HTTP and a real history."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from contracts.errors import ConfigurationError
from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.rules import RULES, Severity
from intercheck.dashboard import Dashboard, listen, read_address
from monitors.history import History
from monitors.records import (
    IncidentState,
    Measurement,
    Notice,
    Outcome,
    PassRecord,
    Phase,
    Transition,
    TransitionKind,
)
from sandbox.clock import VirtualClock

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LONGEST = timedelta(minutes=15)
Fetch = Callable[[str], requests.Response]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(AT)


@pytest.fixture
def history(tmp_path: Path, clock: VirtualClock) -> Iterator[History]:
    with History.open(f"sqlite:///{tmp_path}/history.sqlite", clock=clock) as opened:
        yield opened


@pytest.fixture
def board(history: History, clock: VirtualClock) -> Dashboard:
    return Dashboard(history, limits={}, longest=LONGEST, clock=clock)


@pytest.fixture
def fetch(board: Dashboard) -> Iterator[Fetch]:
    with listen(board, "0", lambda sentence: None) as server:
        yield lambda path: requests.get(server.url + path, timeout=10)


def looked(operation: str, outcome: Outcome, total_ms: float | None = None) -> Measurement:
    method, path = operation.split()
    return Measurement(
        workspace="acme",
        region="us",
        version="2.15",
        operation=Operation(method=method, path=path),
        started_at=AT,
        outcome=outcome,
        total_ms=total_ms,
    )


def passed(*measurements: Measurement) -> PassRecord:
    return PassRecord(
        id=f"p{len(measurements)}",
        started_at=AT,
        finished_at=AT,
        measurements=measurements,
        findings=(),
        requests=len(measurements),
    )


def samples(text: str) -> dict[frozenset[str], float]:
    """Read a page of metrics: by name and the values of the labels."""
    return {
        frozenset({one.name, *one.labels.values()}): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def named(*words: str) -> frozenset[str]:
    return frozenset(words)


def test_metrics_say_what_passed_and_what_was_not_measured_is_neither(
    board: Dashboard, fetch: Fetch
) -> None:
    board.take(
        passed(looked("GET /me", Outcome.HEALTHY, 120.0), looked("GET /tags", Outcome.HEALTHY))
    )
    board.take(
        passed(looked("GET /me", Outcome.FAILED, 500.0), looked("GET /tags", Outcome.NOT_MEASURED))
    )
    answer = fetch("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    seen = samples(answer.text)
    assert seen[named("intercheck_probe_healthy", "acme", "GET /me")] == 0
    assert seen[named("intercheck_probe_duration_seconds", "acme", "GET /me")] == 0.5
    assert named("intercheck_probe_healthy", "acme", "GET /tags") not in seen
    assert seen[named("intercheck_probes_total", "acme", "not measured")] == 1
    assert seen[named("intercheck_requests_total")] == 4
    assert seen[named("intercheck_pass_end_timestamp_seconds", "acme")] == AT.timestamp()


def test_metrics_count_open_incidents_once_and_alerts_that_did_not_arrive(
    board: Dashboard, fetch: Fetch, history: History
) -> None:
    finding = Finding(
        rule=RULES["auth-token-revoked"],
        severity=Severity.CRITICAL,
        workspace="acme",
        region="us",
        version="2.15",
        operation=None,
        location="status",
        expected="2xx",
        observed="401",
        observed_at=AT,
        message="The token of acme was revoked.",
    )
    state = IncidentState(
        key="k",
        id="4f3a",
        finding=finding,
        phase=Phase.OPEN,
        severity=Severity.CRITICAL,
        opened_at=AT,
        first_seen_at=AT,
        last_seen_at=AT,
        workspaces=("acme",),
        operations=(),
    )
    notice = Notice(
        channel="alerts", incident_id="4f3a", sequence=1, kind=TransitionKind.OPENED, text="news"
    )
    opened = Transition(kind=TransitionKind.OPENED, at=AT, incident=state)
    states = [state, replace(state, key="child", id="5b", parent="4f3a")]
    history.record(None, states=states, transitions=[opened], notices=[notice])
    seen = samples(fetch("/metrics").text)
    assert seen[named("intercheck_incidents_open", "auth-token-revoked", "critical")] == 1
    assert seen[named("intercheck_alerts_undelivered", "alerts", "pending")] == 1


def test_health_is_lost_when_no_pass_ends_any_more(
    board: Dashboard, fetch: Fetch, clock: VirtualClock
) -> None:
    clock.advance(3 * LONGEST)
    assert fetch("/healthz").status_code == 200
    clock.advance(timedelta(seconds=1))
    assert (fetch("/healthz").status_code, fetch("/healthz").json()["status"]) == (503, "stalled")
    board.take(passed())
    assert fetch("/healthz").status_code == 200


def test_the_report_and_its_chart_library_are_shown(fetch: Fetch) -> None:
    page = fetch("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "<title>" in page.text
    assert "plotly" in fetch("/plotly.min.js").text[:2000].lower()


@pytest.mark.parametrize("written", ["", "here", "host:", "1:99999", ":-1", "٣"])
def test_a_wrong_address_is_refused_in_a_sentence(written: str) -> None:
    with pytest.raises(ConfigurationError, match="is no address"):
        read_address(written)


def test_an_address_that_is_taken_is_refused_in_a_sentence(board: Dashboard) -> None:
    with (
        listen(board, "0", lambda sentence: None) as server,
        pytest.raises(ConfigurationError, match="cannot be had"),
    ):
        listen(board, f"127.0.0.1:{server.port}", lambda sentence: None)
