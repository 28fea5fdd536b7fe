"""The app's default version is watched, and how far behind the asked one is."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from contracts.rules import Severity
from monitors.monitor import PassReport
from monitors.probe_files import load_probes
from monitors.records import TransitionKind
from sandbox.intercom import Condition, Fault

if TYPE_CHECKING:
    from tests.monitors.conftest import Stage

DAY = timedelta(days=1)
FEW = [probe for probe in load_probes() if probe.identity in ("GET /me", "GET /tags")]
WITH_DEFAULT = len(FEW) + 1
"""Requests of a pass that asks for the default as well: it asks for it last."""


def moved_to(version: str) -> Fault:
    """The answer to a request without a version names another one, and only that."""
    return Fault(
        name="version-mismatch", operation="GET /me", value=version, when=Condition(after=1)
    )


def a_day_later(stage: "Stage", *faults: Fault) -> PassReport:
    stage.intercom.faults.replace(faults)
    stage.clock.advance(DAY)
    with stage.monitor() as monitor:
        return monitor.run_pass(probes=FEW)


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("2.16", "whoever asks for no version gets other answers now."),
        ("2.17", "2.17 is no version that intercheck has a description of, judged by 2.16"),
    ],
)
def test_a_default_that_moved_is_one_incident_for_a_week(
    stage: "Stage", version: str, words: str
) -> None:
    first = a_day_later(stage)
    assert (first.transitions, first.record.requests) == ((), WITH_DEFAULT)
    moved = a_day_later(stage, moved_to(version))
    (opened,) = moved.transitions
    finding = opened.incident.finding
    assert finding.rule.name == "version-default"
    assert (finding.expected, finding.observed) == ("2.15", version)
    assert words in finding.message
    later = [a_day_later(stage, moved_to(version)) for _ in range(8)]
    kinds = [one.kind for report in later for one in report.transitions]
    assert kinds == [TransitionKind.RESOLVED]
    assert len(stage.messages()) >= 1


def test_answers_by_another_version_than_was_asked_for_say_nothing_of_the_default(
    stage: "Stage",
) -> None:
    a_day_later(stage)
    (opened,) = a_day_later(stage, Fault(name="version-mismatch")).transitions
    assert opened.incident.finding.rule.name == "version-mismatch"
    kinds = [one.kind for _ in range(3) for one in a_day_later(stage).transitions]
    assert kinds == [TransitionKind.RESOLVED]


def test_the_default_is_asked_for_once_a_day_and_not_while_the_token_is_refused(
    stage: "Stage",
) -> None:
    with stage.monitor() as monitor:
        asked = [monitor.run_pass(probes=FEW).record.requests for _ in range(2)]
    assert asked == [WITH_DEFAULT, len(FEW)]
    refused = a_day_later(stage, Fault(name="revoked-token"))
    assert [one.incident.finding.rule.name for one in refused.transitions] == ["auth-token-revoked"]


def test_a_rate_limit_that_meets_the_daily_request_pauses_the_next_pass(stage: "Stage") -> None:
    used_up = Fault(name="429", operation="GET /me", when=Condition(after=1))
    stage.intercom.faults.replace([used_up])
    with stage.monitor() as monitor:
        assert monitor.run_pass(probes=FEW).record.requests == WITH_DEFAULT
        assert monitor.run_pass(probes=FEW).record.requests == 0


def test_who_is_several_releases_behind_hears_of_it_once(stage: "Stage") -> None:
    for version, words in [("2.14", "2 releases behind 2.16"), ("2.15", ""), ("2.16", "")]:
        with stage.monitor(stage.workspace(version, version=version)) as monitor:
            reports = [monitor.run_pass(probes=FEW) for _ in range(2)]
        said = [
            [one for one in report.findings if one.rule.name == "version-behind"]
            for report in reports
        ]
        assert [len(some) for some in said] == [1 if words else 0, 0]
        assert all(words in one.message for one in said[0])
        assert all(one.severity is Severity.INFO for one in said[0])
