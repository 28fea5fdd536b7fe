"""Maintenance that the status page announces: what it explains waits, and nothing else."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitors.alerting.forecast import Forecast
from monitors.alerting.telling import Announcer
from sandbox.intercom import Fault
from sandbox.intercom.faults import STATUS_PAGE

if TYPE_CHECKING:
    from monitors.monitor import Monitor
    from tests.monitors.conftest import Stage

DOWN = Fault(name="500", operation="GET /tags")
REMOVED = Fault(name="field-removed", operation="GET /contacts", pointer="/data/*/email")


def foreseeing(stage: "Stage", path: str = STATUS_PAGE.removeprefix("GET ")) -> "Monitor":
    forecast = Forecast(f"{stage.intercom.url}{path}", clock=stage.clock)
    announcer = replace(Announcer.to_all(stage.channels()), forecast=forecast)
    return stage.monitor(announcer=announcer)


def asked(stage: "Stage") -> int:
    return sum("_outside" in str(one) for one in stage.intercom.requests)


def test_what_a_maintenance_explains_is_told_only_if_it_outlasts_it(stage: "Stage") -> None:
    maintenance = Fault(name="status-maintenance")
    with foreseeing(stage) as monitor:
        stage.passes(monitor, 1)
        assert asked(stage) == 0, "nothing is wrong, so nobody is asked"
        stage.intercom.faults.replace([maintenance, DOWN, REMOVED])
        stage.passes(monitor, 4)
        (message,) = stage.messages()
        assert "/data/*/email" in str(message.attachments), "no maintenance takes a field away"
        assert 0 < asked(stage) <= 2, "an answer counts for ten minutes"
        stage.intercom.faults.replace([DOWN, REMOVED])
        stage.passes(monitor, 4)
    assert len(stage.messages()) == 2
    assert "GET /tags" in stage.messages()[1].text


@pytest.mark.parametrize("path", ["/nothing/here", STATUS_PAGE.removeprefix("GET ")])
def test_a_page_that_says_nothing_or_is_not_there_holds_nothing_back(
    stage: "Stage", path: str
) -> None:
    with foreseeing(stage, path) as monitor:
        stage.passes(monitor, 1)
        stage.intercom.faults.replace([DOWN])
        stage.passes(monitor, 3)
    assert len(stage.messages()) == 1
