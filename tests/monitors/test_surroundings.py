"""Our network, all of Intercom, one endpoint, another region: told apart by what stands beside."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from contracts.clock import SystemClock
from contracts.findings import Certainty, Finding
from contracts.workspaces import Workspace
from monitors.alerting.forecast import Forecast
from monitors.alerting.telling import Announcer
from monitors.monitor import PassReport
from monitors.settings import MonitorSettings
from monitors.surroundings import Surroundings
from sandbox.clock import VirtualClock
from sandbox.intercom import Fault, Sandbox
from sandbox.intercom.faults import CONTROL_HOST, STATUS_PAGE

if TYPE_CHECKING:
    from tests.monitors.conftest import Stage

NOWHERE = "http://127.0.0.1:1"
MOST = 6


def outside(stage: "Stage") -> dict[str, str]:
    return {
        "status-url": f"{stage.intercom.url}/_outside/api/v2/summary.json",
        "control-url": f"{stage.intercom.url}/_outside/control",
    }


def a_pass(stage: "Stage", *faults: Fault, base_url: str = "", **settings: Any) -> PassReport:
    """Return the pass under `faults`, after one that was well."""
    workspace = stage.workspace()
    if not base_url:
        with stage.monitor(workspace, settings={**outside(stage), **settings}) as monitor:
            stage.passes(monitor, 1)
            stage.intercom.faults.replace(faults)
            (report,) = stage.passes(monitor, 1)
            return report
    stage.intercom.faults.replace(faults)
    gone = Workspace(name="acme", token=workspace.token, base_url=base_url)
    with stage.monitor(gone, settings={**outside(stage), **settings}) as monitor:
        (report,) = stage.passes(monitor, 1)
        return report


def only(report: PassReport) -> Finding:
    (finding,) = (one for one in report.findings if one.severity.rank)
    return finding


def beside(stage: "Stage") -> list[str]:
    return [one.path for one in stage.intercom.requests if one.path.startswith("/_outside/")]


def test_a_healthy_pass_asks_nobody_else(stage: "Stage") -> None:
    a_pass(stage)
    assert beside(stage) == []


def test_an_outage_that_intercom_reports_is_documented(stage: "Stage") -> None:
    report = a_pass(stage, Fault(name="503"), Fault(name="status-incident", value="API is down"))
    finding = only(report)
    assert (finding.rule.name, finding.certainty) == ("server-error", Certainty.DOCUMENTED)
    assert "Intercom's status page has “API is down” since" in finding.message
    assert finding.remedy.startswith("Intercom knows of it")
    asked = sum(one.status is not None for one in report.record.measurements)
    assert report.record.requests - asked <= MOST
    # Answers came, if bad ones: the network works, and the control host need not be asked.
    assert beside(stage) == ["/_outside/api/v2/summary.json"]


def test_redirects_of_the_status_page_count_among_what_confirms(stage: "Stage") -> None:
    with stage.monitor(settings=outside(stage)) as monitor:
        stage.passes(monitor, 1)
        before = len(stage.intercom.requests)
        lost = Fault(name="redirect-loop", operation=STATUS_PAGE)
        stage.intercom.faults.replace([Fault(name="503"), lost])
        (report,) = stage.passes(monitor, 1)
    assert report.record.requests == len(stage.intercom.requests) - before
    asked = sum(one.status is not None for one in report.record.measurements)
    assert report.record.requests - asked <= MOST
    assert len(beside(stage)) > 1, "it was followed"


@pytest.mark.parametrize("fault", ["redirect-loop", "truncated-body", "connection-reset"])
def test_confirming_what_has_no_answer_stays_within_its_budget(stage: "Stage", fault: str) -> None:
    report = a_pass(stage, Fault(name=fault))
    asked = sum(
        one.status is not None or one.failure is not None for one in report.record.measurements
    )
    assert report.record.requests - asked <= MOST


@pytest.mark.parametrize("fault", ["truncated-body", "redirect-loop"])
def test_nobody_else_is_asked_of_an_answer_that_came(stage: "Stage", fault: str) -> None:
    a_pass(stage, Fault(name=fault, operation="GET /tags"))
    assert beside(stage) == []


def test_a_used_up_rate_limit_says_how_much_of_it_was_ours(stage: "Stage") -> None:
    finding = only(a_pass(stage, Fault(name="429", operation="GET /tags")))
    assert re.search(r"Of \d{2,} requests allowed, intercheck sent \d+ in these", finding.message)
    assert "other integrations" in finding.message


def test_maintenance_is_named_as_such_and_another_products_incident_is_not(stage: "Stage") -> None:
    report = a_pass(stage, Fault(name="503"), Fault(name="status-maintenance", value="Upgrade"))
    assert "“Upgrade”" in only(report).message


@pytest.mark.parametrize(("title", "is_tied"), [("DB", False), ("Tags are slow", True)])
def test_what_one_operation_has_is_intercoms_incident_only_where_that_names_it(
    stage: "Stage", title: str, is_tied: bool
) -> None:
    finding = only(
        a_pass(
            stage,
            Fault(name="500", operation="GET /tags"),
            Fault(name="status-maintenance", value=title),
        )
    )
    assert f"status page has “{title}” since" in finding.message
    assert ("Whether that is the cause is not known." in finding.message) != is_tied
    assert (finding.certainty is Certainty.DOCUMENTED) == is_tied
    assert finding.remedy.startswith("Intercom knows of it") == is_tied


def test_the_page_is_asked_once_for_the_cause_and_for_maintenance(stage: "Stage") -> None:
    url = outside(stage)["status-url"]
    announcer = replace(
        Announcer.to_all(stage.channels()), forecast=Forecast(url, clock=stage.clock)
    )
    with stage.monitor(settings=outside(stage), announcer=announcer) as monitor:
        stage.passes(monitor, 1)
        faults = [Fault(name="503"), Fault(name="status-maintenance", value="Upgrade")]
        stage.intercom.faults.replace(faults)
        stage.passes(monitor, 1)
    assert beside(stage) == ["/_outside/api/v2/summary.json"]


def test_an_outage_that_intercom_does_not_report_says_so(stage: "Stage") -> None:
    finding = only(a_pass(stage, Fault(name="503")))
    assert "Intercom's status page reports nothing of it so far." in finding.message
    assert finding.certainty is Certainty.INFERRED


def test_what_cannot_be_reached_while_others_can_is_intercoms(stage: "Stage") -> None:
    finding = only(a_pass(stage, base_url=NOWHERE))
    assert (finding.rule.name, finding.certainty) == ("connection-refused", Certainty.RECORDED)
    assert "while the control host and Intercom's status page can" in finding.message


def test_what_cannot_be_reached_as_nothing_can_is_our_network(stage: "Stage") -> None:
    dead = {"status-url": f"{NOWHERE}/x", "control-url": f"{NOWHERE}/y"}
    finding = only(a_pass(stage, base_url=NOWHERE, **dead))
    assert (finding.rule.name, finding.certainty) == ("connection-network", Certainty.RECORDED)
    assert "not Intercom" in finding.message


def test_one_of_the_two_outside_is_enough_for_the_network_to_work(stage: "Stage") -> None:
    faults = Fault(name="connection-reset", operation=CONTROL_HOST)
    finding = only(a_pass(stage, faults, base_url=NOWHERE))
    assert "while Intercom's status page can" in finding.message


def test_without_anybody_to_ask_it_is_inferred_and_says_so(stage: "Stage") -> None:
    with stage.monitor(stage.workspace(), settings={"status-url": "off"}) as monitor:
        stage.passes(monitor, 1)
    gone = Workspace(name="acme", token=stage.workspace().token, base_url=NOWHERE)
    with stage.monitor(gone) as monitor:
        (report,) = stage.passes(monitor, 1)
    finding = only(report)
    assert finding.certainty is Certainty.INFERRED
    assert "most likely on this machine's side" in finding.message


def test_one_endpoint_that_is_down_is_its_own(stage: "Stage") -> None:
    report = a_pass(
        stage,
        Fault(name="503", operation="GET /tags"),
        Fault(name="non-json-body", operation=STATUS_PAGE),
    )
    finding = only(report)
    assert (str(finding.operation), finding.rule.name) == ("GET /tags", "server-error")
    assert "status page" not in finding.message


@pytest.mark.parametrize("base_url", ["", "https://api.intercom.io", NOWHERE])
def test_intercoms_own_page_is_only_asked_of_intercoms_own_hosts(
    stage: "Stage", base_url: str
) -> None:
    workspace = Workspace(name="acme", token=stage.workspace().token, base_url=base_url)
    settings = MonitorSettings()
    around = Surroundings(workspace=workspace, settings=settings, clock=SystemClock())
    assert (around.status_url is None) == bool(base_url)


def test_a_token_of_another_region_is_found_at_its_host(stage: "Stage") -> None:
    # Another region's host takes it: the workspace is hosted there.
    home = stage.intercom
    with Sandbox(clock=VirtualClock(), latency=False, region="eu", seed=1) as host:
        workspace = Workspace(
            name="acme", token=stage.workspace().token, region="eu", base_url=host.url
        )
        with stage.monitor(workspace, settings={"region-urls": {"us": home.url}}) as monitor:
            (report,) = stage.passes(monitor, 1)
    finding = only(report)
    assert (finding.rule.name, finding.certainty) == ("auth-wrong-region", Certainty.RECORDED)
    assert (finding.expected, finding.observed) == ("eu", "us")
    assert "that of US takes it" in finding.message


@pytest.mark.parametrize("is_asked", [True, False])
def test_a_token_that_a_regional_host_refuses_is_token_or_region_until_others_were_asked(
    stage: "Stage", is_asked: bool
) -> None:
    with Sandbox(clock=VirtualClock(), latency=False, region="eu", seed=1) as host:
        stage.intercom.faults.add(Fault(name="refused-token"))
        workspace = Workspace(
            name="acme", token=stage.workspace().token, region="eu", base_url=host.url
        )
        urls = {"us": stage.intercom.url, "au": stage.intercom.url} if is_asked else {}
        with stage.monitor(workspace, settings={"region-urls": urls}) as monitor:
            (report,) = stage.passes(monitor, 1)
    finding = only(report)
    assert finding.rule.name == "auth-token-refused"
    said = "also by the hosts of US and AU" if is_asked else "token or region"
    assert said in finding.message
