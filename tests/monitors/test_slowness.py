"""What of a slower answer is told: which part slowed, on how much, since which deployment. Each
fault of the sandbox through the real pass, under the virtual clock."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from contracts.exchanges import Operation
from contracts.findings import Course, Finding
from contracts.relying import reads_of
from contracts.rules import Severity
from monitors.diagnosis.common_cause import is_latency
from monitors.history import History
from monitors.probes import Probe
from monitors.promises import Promises
from monitors.records import TransitionKind
from sandbox.clock import VirtualClock
from sandbox.intercom import Fault, Sandbox
from sandbox.slack import SlackStandIn
from tests.monitors.conftest import BETWEEN, PROBES, Stage

TAGS: Final = "GET /tags"
CONTACTS: Final = "GET /contacts"
PLAIN: Final = [one for one in PROBES if not one.identifiers]
HEALTHY: Final = 10
"""Passes before a fault."""
MANY: Final = tuple(PLAIN[:11])
"""The fewest that the sign test can say anything of: one gives occasion to ask the ten others."""
TAGS_ONLY: Final = tuple(one for one in PLAIN if str(one.operation) == TAGS)
FEW: Final = tuple(one for one in PLAIN if str(one.operation) in (TAGS, CONTACTS, "GET /me"))


@pytest.fixture
def timed_stage(tmp_path: Path) -> Iterator[Stage]:
    """A stage on which answers take time."""
    clock = VirtualClock()
    with (
        Sandbox(clock=clock) as intercom,
        SlackStandIn(clock=clock) as slack,
        History.open(f"sqlite:///{tmp_path}/history.sqlite", clock=clock) as history,
    ):
        yield Stage(clock, intercom, slack, history)


def found_under(
    stage: Stage, *faults: Fault, probes: Sequence[Probe] = FEW, passes: int = 6
) -> list[tuple[Finding, ...]]:
    """Return the findings of latency, pass by pass, under faults that come after healthy passes."""
    found = []
    with stage.monitor() as monitor:
        for number in range(HEALTHY + passes):
            if number == HEALTHY:
                stage.intercom.faults.replace(faults)
            stage.clock.advance(BETWEEN)
            report = monitor.run_pass(probes=probes)
            found.append(tuple(one for one in report.findings if is_latency(one)))
    assert not any(found[:HEALTHY])
    return found[HEALTHY:]


def test_a_slow_server_is_told_as_server_time_of_that_operation_only(timed_stage: Stage) -> None:
    (finding,) = found_under(timed_stage, Fault(name="slow", operation=TAGS, factor=8))[-1]
    assert (str(finding.operation), finding.rule.name) == (TAGS, "latency-regression")
    assert "server time" in finding.message
    assert "the network" not in finding.message
    assert finding.message.endswith("GET /tags only.")
    assert finding.request_id
    (message,) = timed_stage.messages()
    assert "server time (x-runtime), GET /tags only." in message.text


def test_a_delay_that_the_server_knows_nothing_of_is_the_networks(timed_stage: Stage) -> None:
    delay = Fault(name="slow", operation=TAGS, milliseconds=600, form="network")
    (finding,) = found_under(timed_stage, delay)[-1]
    assert (
        "the network, not server time (x-runtime), mostly the wait for the first byte"
        in finding.message
    )
    assert "on kept-alive connections" in finding.message
    assert "Intercom's own time is as it was" in finding.remedy


def test_everything_slow_is_one_incident_also_for_the_passes_to_come(timed_stage: Stage) -> None:
    *_, last = found_under(timed_stage, Fault(name="slow", factor=3), probes=MANY, passes=9)
    (finding,) = last
    assert finding.operation is None
    assert "it has one cause, Intercom or the way to it" in finding.message
    assert "Intercom's own time" in finding.message
    assert "times the usual time (median of 5 operations)" in finding.evidence
    assert [one.key for one in timed_stage.history.incidents()] == [finding.cause]
    assert len(timed_stage.messages()) == 1


def test_the_worst_of_what_slows_together_is_told_first_and_then_in_one_message_with_the_others(
    timed_stage: Stage,
) -> None:
    others = [str(one.operation) for one in MANY if str(one.operation) != TAGS]
    found = found_under(
        timed_stage,
        Fault(name="slow", operation=TAGS, factor=8),
        *(Fault(name="slow", operation=one, factor=3) for one in others[:4]),
        probes=MANY,
        passes=7,
    )
    assert next(filter(None, found))[0].operation == Operation.parse(TAGS)
    together = next(one for one in found[-1] if one.operation is None)
    assert set(together.operations) <= {TAGS, *others[:4]}
    assert "3 of 11 operations are slower together" in together.message
    (message,) = timed_stage.messages()
    told = [one for one in timed_stage.history.incidents() if not one.parent]
    assert [one.finding.operation for one in told] == [None]
    assert together.began_at is not None
    assert told[0].onset_at == together.began_at
    assert f"since {together.began_at:%H:%M} UTC" in message.text


def test_the_last_of_a_group_is_told_as_the_last_and_not_as_a_group_of_one(
    timed_stage: Stage,
) -> None:
    slow = [Fault(name="slow", operation=one, factor=8) for one in (TAGS, "GET /teams")]
    (both,) = found_under(timed_stage, *slow, probes=MANY)[-1]
    assert both.message.startswith("2 of 11 operations are slower together")
    timed_stage.intercom.faults.replace(slow[:1])
    with timed_stage.monitor() as monitor:
        for _ in range(12):
            timed_stage.clock.advance(BETWEEN)
            last = monitor.run_pass(probes=MANY)
    (one,) = (finding for finding in last.findings if is_latency(finding))
    assert one.cause == both.cause
    assert one.operations == (TAGS,)
    assert one.message.startswith(
        "Of the operations that became slower together one still is. GET /tags: p50"
    )
    (message,) = timed_stage.messages()
    assert "together one still is" in message.text
    assert "*Operations (1 now, 2 in all)*" in str(message.blocks or message.attachments)
    timed_stage.intercom.faults.clear()
    with timed_stage.monitor() as monitor:
        for _ in range(8):
            timed_stage.clock.advance(BETWEEN)
            monitor.run_pass(probes=MANY)
    message, *_ = timed_stage.messages()
    assert "*RESOLVED" in message.text
    assert "2 of 11 operations are slower together" in message.text


def test_what_comes_back_is_the_same_incident_and_says_when_it_is_as_usual(
    timed_stage: Stage,
) -> None:
    slow, reports = [Fault(name="slow", operation=TAGS, factor=8)], []
    with timed_stage.monitor() as monitor:
        for faults, passes in ([], 10), (slow, 6), ([], 12), (slow, 6), ([], 8):
            timed_stage.intercom.faults.replace(faults)
            for _ in range(passes):
                timed_stage.clock.advance(BETWEEN)
                reports.append(monitor.run_pass(probes=FEW))
    kinds = [str(one.kind) for report in reports for one in report.transitions]
    assert kinds == ["opened", "resolved", "reopened", "spread"]
    (finding,) = (one for one in reports[-1].findings if is_latency(one))
    assert (finding.severity, finding.course) == (Severity.INFO, Course.PAUSES)
    assert "comes and goes since 09:55 UTC, last slow 11:50 UTC (p50 " in finding.message
    assert "; as usual now, p50 " in finding.message
    (incident,) = reports[-1].incidents
    assert incident.finding.message == finding.message
    message, *_ = timed_stage.messages()
    assert "*WARNING, as usual now,* in" in message.text
    assert "; as usual now, p50 " in message.text


def test_what_lasts_is_told_as_usual_now_and_not_as_mended(timed_stage: Stage) -> None:
    kinds: list[TransitionKind] = []
    with timed_stage.monitor() as monitor:
        for number in range(24 * 6):
            if number == 24:
                timed_stage.intercom.faults.add(Fault(name="slow", operation=TAGS, factor=8))
            timed_stage.clock.advance(timedelta(hours=1))
            report = monitor.run_pass(probes=TAGS_ONLY)
            kinds += [one.kind for one in report.transitions]
            if TransitionKind.RESOLVED in kinds:
                break
    assert kinds == [TransitionKind.OPENED, TransitionKind.RESOLVED]
    (finding,) = report.findings
    assert (finding.severity, finding.course) == (Severity.INFO, Course.SETTLED)
    message, *_ = timed_stage.messages()
    assert "*USUAL NOW after 4 days" in message.text
    assert "is taken for usual now: it lasted four days and did not go away" in message.text
    shown = str(message.blocks or message.attachments)
    assert "*Not mended, but usual now.*" in shown
    assert "Nothing to do" not in shown


def test_what_was_told_as_one_operations_own_stays_so_when_others_follow(
    timed_stage: Stage,
) -> None:
    found_under(timed_stage, Fault(name="slow", operation=TAGS, factor=8), probes=MANY)
    timed_stage.intercom.faults.replace([Fault(name="slow", factor=8)])
    with timed_stage.monitor() as monitor:
        for _ in range(6):
            timed_stage.clock.advance(BETWEEN)
            report = monitor.run_pass(probes=MANY)
    assert {str(one.finding.operation or "*") for one in report.incidents} == {TAGS, "*"}
    resolved = [
        one
        for incident in timed_stage.history.incidents()
        for one in timed_stage.history.transitions(incident.id)
        if one.kind is TransitionKind.RESOLVED
    ]
    assert resolved == []


def test_larger_answers_are_not_a_slower_api(timed_stage: Stage) -> None:
    larger = Fault(name="larger-answers", operation=CONTACTS, value=40, milliseconds=1)
    (finding,) = found_under(timed_stage, larger)[-1]
    assert (finding.rule.name, finding.severity) == ("latency-payload", Severity.INFO)
    assert "40 times as large" in finding.message
    assert timed_stage.messages() == []


def test_a_deployment_at_the_onset_is_named(timed_stage: Stage) -> None:
    faults = (
        Fault(name="new-deployment", value="abcdef1234567890"),
        Fault(name="slow", operation=CONTACTS, factor=8),
    )
    (finding,) = found_under(timed_stage, *faults)[-1]
    assert "deployment abcdef1 first seen 09:5" in finding.message
    assert finding.deployment == "abcdef1234567890"


def crm(**wants: object) -> Promises:
    """Promises to one consumer of the user's own, who reads tags."""
    own = [
        {
            "name": "crm",
            "owner": "revenue",
            "runbook": "https://example.com/crm",
            "reads": {TAGS: ["/data/*/id"]},
            **wants,
        }
    ]
    return Promises(
        lambda version: None,
        reads=lambda relied, published: reads_of(own, relied=relied, published=published),
    )


@pytest.mark.parametrize(
    ("every", "slow", "severity", "words"),
    [
        (timedelta(minutes=5), (2, 6, 9), Severity.WARNING, "3 of 10 answers in 45 min"),
        (timedelta(minutes=30), (2, 6, 9), Severity.WARNING, "3 of 10 answers in 5 h"),
        (timedelta(hours=2), (2, 16, 27, 29), Severity.INFO, "4 of 30 answers in 58 h"),
    ],
)
def test_an_objective_whose_budget_burns_is_told_by_a_whole_pass_and_slowly_only_in_the_digest(
    timed_stage: Stage,
    every: timedelta,
    slow: tuple[int, ...],
    severity: Severity,
    words: str,
) -> None:
    late = Fault(name="slow", operation=TAGS, milliseconds=900)
    held_to = crm(objective={"latency": "800ms", "target": "99%"})
    with timed_stage.monitor(held_to=held_to) as monitor:
        for number in range(slow[-1] + 1):
            timed_stage.intercom.faults.replace([late] if number in slow else [])
            timed_stage.clock.advance(every)
            report = monitor.run_pass(probes=TAGS_ONLY)
            if number < slow[-1]:
                assert not report.findings
    (finding,) = report.findings
    assert (finding.rule.name, finding.severity) == ("latency-objective", severity)
    assert finding.consumers == ("crm",)
    assert words in finding.message
    told = timed_stage.messages()
    if severity is Severity.INFO:
        assert told == []
    else:
        assert "objective of crm: 99 % within it" in told[0].text


@pytest.mark.parametrize(
    ("waits", "limit", "rule", "severity", "words"),
    [
        ("1s", "10s", "latency-timeout", Severity.CRITICAL, "ms, and crm waits 1000 ms"),
        ("30s", "1s", "latency-limit", Severity.WARNING, "beyond the limit of 1000 ms"),
        ("30s", "10s", "", None, ""),
    ],
)
def test_answers_beyond_a_limit_or_a_consumers_patience_are_told_by_a_whole_pass(
    timed_stage: Stage, waits: str, limit: str, rule: str, severity: Severity | None, words: str
) -> None:
    timed_stage.intercom.faults.add(Fault(name="slow", operation=TAGS, milliseconds=1450))
    settings = {"maximum-response-time": limit}
    with timed_stage.monitor(held_to=crm(timeout=waits), settings=settings) as monitor:
        for _ in range(3):
            timed_stage.clock.advance(BETWEEN)
            report = monitor.run_pass(probes=TAGS_ONLY)
    found = [(one.rule.name, one.severity, one.consumers) for one in report.findings]
    assert found == ([(rule, severity, ("crm",))] if rule else [])
    assert all(words in one.message for one in report.findings)
    assert [words in one.text for one in timed_stage.messages()] == [True] * len(found)
