"""A status page is read whatever it says, and asked without giving anything away."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.clock import SystemClock
from contracts.outside import Asked, fetch_status, is_reachable
from contracts.statuspage import read_status
from sandbox.intercom import Condition, Fault, Sandbox
from sandbox.intercom.faults import CONTROL_HOST, STATUS_PAGE

NOW = datetime(2026, 1, 15, 6, 30, tzinfo=UTC)
PAGE = "/_outside/api/v2/summary.json"
CONTROL = "/_outside/control"


def statuspage(**lists: object) -> dict[str, object]:
    return {"page": {"id": "x"}, "status": {"indicator": "none"}, **lists}


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(clock=SystemClock(), latency=False) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


def test_an_incident_and_a_maintenance_are_read_with_their_times() -> None:
    page = read_status(
        statuspage(
            incidents=[
                {
                    "name": "API\nerrors\x1b[0m",
                    "impact": "major",
                    "status": "identified",
                    "created_at": "2026-01-15T07:00:00+01:00",
                    "components": [{"name": "Intercom APIs"}],
                },
                {"name": "Old", "status": "resolved"},
            ],
            scheduled_maintenances=[
                {
                    "name": "Database",
                    "status": "scheduled",
                    "scheduled_for": "2026-01-15T06:00:00.000Z",
                    "scheduled_until": "2026-01-15T07:00:00.000Z",
                    "components": [{"name": "Inbox"}],
                }
            ],
        )
    )
    assert page is not None
    (incident,), (maintenance,) = page.incidents, page.maintenances
    assert (incident.title, incident.impact) == ("API errors [0m", "major")
    assert incident.starts_at == datetime(2026, 1, 15, 6, tzinfo=UTC)
    assert incident.concerns_the_api
    assert not maintenance.concerns_the_api
    assert not maintenance.is_under_way
    assert maintenance.covers(NOW)
    assert not maintenance.covers(NOW + timedelta(hours=1))


def test_the_form_of_incident_io_is_read_as_well() -> None:
    page = read_status(
        {
            "ongoing_incidents": [
                {"name": "Down", "affected_components": [{"name": "REST API"}]},
                {"name": "Slow", "affected_components": [{"name": "Inbox"}]},
            ],
            "in_progress_maintenances": [
                {"name": "Now", "status": "maintenance_in_progress", "started_at": "2026-01-15"}
            ],
            "scheduled_maintenances": [{"name": "Later", "starts_at": "2026-02-01T00:00:00Z"}],
        }
    )
    assert page is not None
    assert [one.concerns_the_api for one in page.incidents] == [True, False]
    assert [one.covers(NOW) for one in page.maintenances] == [True, False]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    *("page", "status", "incidents", "ongoing_incidents"),
                    *("scheduled_maintenances", "name", "components", "affected_components"),
                    *("scheduled_for", "created_at"),
                )
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(document=JSON)
def test_no_document_makes_reading_raise(document: object) -> None:
    page = read_status(document)
    for notice in (*page.incidents, *page.maintenances) if page else ():
        assert notice.title.isprintable()
        notice.covers(NOW)


def test_a_page_on_the_wire_is_followed_where_it_moved(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(name="status-incident", value="Elevated errors"))
    asked = fetch_status(f"{sandbox.url}{PAGE}", clock=SystemClock())
    assert asked.is_reached
    assert titles(asked) == ["Elevated errors"]
    sandbox.faults.add(Fault(name="redirect-loop", operation=STATUS_PAGE, when=Condition(times=1)))
    assert titles(fetch_status(f"{sandbox.url}{PAGE}", clock=SystemClock())) == ["Elevated errors"]
    sandbox.faults.add(Fault(name="redirect-loop", operation=STATUS_PAGE))
    assert fetch_status(f"{sandbox.url}{PAGE}", clock=SystemClock()).page is None


def titles(asked: Asked) -> list[str]:
    return [one.title for one in asked.page.incidents] if asked.page else []


def test_an_outage_of_the_api_is_none_of_the_hosts_beside_it(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(name="503"))
    assert is_reachable(f"{sandbox.url}{CONTROL}", clock=SystemClock())
    assert fetch_status(f"{sandbox.url}{PAGE}", clock=SystemClock()).page is not None


@pytest.mark.parametrize("fault", ["503", "connection-reset", "truncated-body"])
def test_a_host_that_fails_is_not_reached_and_no_error(sandbox: Sandbox, fault: str) -> None:
    sandbox.faults.add(Fault(name=fault, operation=CONTROL_HOST))
    sandbox.faults.add(Fault(name=fault, operation=STATUS_PAGE))
    assert not is_reachable(f"{sandbox.url}{CONTROL}", clock=SystemClock())
    asked = fetch_status(f"{sandbox.url}{PAGE}", clock=SystemClock())
    assert (asked.is_reached, asked.page) == (False, None)


@pytest.mark.parametrize("fault", ["non-json-body", "empty-body"])
def test_a_page_that_makes_no_sense_is_reached_all_the_same(sandbox: Sandbox, fault: str) -> None:
    sandbox.faults.add(Fault(name=fault, operation=STATUS_PAGE))
    asked = fetch_status(f"{sandbox.url}{PAGE}", clock=SystemClock())
    assert (asked.is_reached, asked.page) == (True, None)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://[::bad/", "ftp://x/", ""])
def test_an_address_that_cannot_be_asked_is_not_reached(url: str) -> None:
    assert not is_reachable(url, clock=SystemClock())
