"""The summary: what is well, what is not, and what nobody knows."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.rules import RULES, Severity
from monitors.records import IncidentState, Measurement, Outcome, PassRecord, Phase, Sample
from reports import html, markdown
from reports.latencies import SAMPLES_FOR_P95, latency_of, percentile, thinned
from reports.summaries import Summary, summarise
from reports.verdicts import STALE_AFTER, Verdict

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def measured(
    outcome: Outcome = Outcome.HEALTHY,
    *,
    operation: str = "GET /tags",
    workspace: str = "acme",
    ago: timedelta = timedelta(minutes=5),
    total_ms: float | None = 100.0,
    status: int | None = 200,
) -> Measurement:
    return Measurement(
        workspace=workspace,
        region="us",
        version="2.15",
        operation=Operation.parse(operation),
        started_at=NOW - ago,
        outcome=outcome,
        why="" if outcome in (Outcome.HEALTHY, Outcome.FAILED) else "no identifier",
        status=status,
        total_ms=total_ms,
    )


def one_pass(
    *measurements: Measurement, findings: tuple[Finding, ...] = (), id: str = "p"
) -> PassRecord:
    return PassRecord(
        id=id,
        started_at=min(one.started_at for one in measurements),
        finished_at=max(one.started_at for one in measurements) + timedelta(seconds=2),
        measurements=measurements,
        findings=findings,
        requests=len(measurements),
    )


def found(
    rule: str = "schema-null", *, workspace: str = "acme", operation: str | None = "GET /tags"
) -> Finding:
    return Finding(
        rule=RULES[rule],
        severity=RULES[rule].severity,
        workspace=workspace,
        operation=Operation.parse(operation) if operation else None,
        location="/data/*/name",
        expected="string",
        observed="null",
        message="`/data/*/name` is null.",
        observed_at=NOW,
    )


def opened(severity: Severity) -> IncidentState:
    sight = found()
    return IncidentState(
        key=sight.cause,
        id=f"i-{severity}",
        phase=Phase.OPEN,
        finding=sight,
        severity=severity,
        workspaces=("acme",),
        operations=("GET /tags",),
        first_seen_at=NOW - timedelta(hours=2),
        last_seen_at=NOW,
    )


def test_a_healthy_pass_is_all_well() -> None:
    summary = summarise(passes=[one_pass(measured(), measured(operation="GET /me"))], now=NOW)
    assert summary.verdict is Verdict.HEALTHY
    assert summary.headline == "All is well: 2 probes healthy."


def test_no_pass_is_unknown_and_not_well() -> None:
    summary = summarise(passes=[], now=NOW)
    assert summary.verdict is Verdict.UNKNOWN
    assert "Nothing has been measured" in summary.headline


def test_what_was_not_measured_is_never_healthy() -> None:
    summary = summarise(passes=[one_pass(measured(Outcome.NOT_MEASURED, status=None))], now=NOW)
    assert summary.verdict is Verdict.UNKNOWN
    assert summary.workspaces[0].state is Outcome.NOT_MEASURED
    assert summary.workspaces[0].probes[0].availability is None
    assert summary.coverage.exercised == 0
    assert [one.why for one in summary.coverage.skipped] == ["no identifier"]


def test_a_monitor_that_stopped_is_unknown_though_its_last_word_was_healthy() -> None:
    summary = summarise(passes=[one_pass(measured(ago=STALE_AFTER + timedelta(hours=1)))], now=NOW)
    assert summary.verdict is Verdict.UNKNOWN


def test_an_open_incident_of_a_monitor_that_stopped_says_that_it_stopped() -> None:
    stopped = one_pass(measured(ago=STALE_AFTER + timedelta(hours=1)))
    summary = summarise(passes=[stopped], incidents=[opened(Severity.CRITICAL)], now=NOW)
    assert summary.verdict is Verdict.BROKEN
    assert summary.headline == (
        "1 critical incident is open. Nothing has been measured for more than a day."
    )


@pytest.mark.parametrize(
    ("severity", "verdict"),
    [
        (Severity.CRITICAL, Verdict.BROKEN),
        (Severity.WARNING, Verdict.DEGRADED),
        (Severity.INFO, Verdict.HEALTHY),
    ],
)
def test_the_verdict_follows_the_worst_open_incident(severity: Severity, verdict: Verdict) -> None:
    summary = summarise(passes=[one_pass(measured())], incidents=[opened(severity)], now=NOW)
    assert summary.verdict is verdict


def test_a_failure_before_any_incident_is_degraded() -> None:
    summary = summarise(passes=[one_pass(measured(Outcome.FAILED, status=503))], now=NOW)
    assert summary.verdict is Verdict.DEGRADED
    assert summary.headline.startswith("1 of 1 measured probe failed")


def test_pending_incidents_are_not_told() -> None:
    pending = replace(opened(Severity.CRITICAL), phase=Phase.PENDING)
    summary = summarise(passes=[one_pass(measured())], incidents=[pending], now=NOW)
    assert (summary.open, summary.resolved) == ((), ())


def test_open_incidents_come_worst_first_and_resolved_ones_latest_first() -> None:
    old = replace(
        opened(Severity.INFO), id="old", phase=Phase.RESOLVED, resolved_at=NOW - timedelta(hours=9)
    )
    late = replace(old, id="late", resolved_at=NOW - timedelta(hours=1))
    summary = summarise(
        passes=[],
        incidents=[old, opened(Severity.WARNING), late, opened(Severity.CRITICAL)],
        now=NOW,
    )
    assert [one.incident.severity.value for one in summary.open] == ["critical", "warning"]
    assert [one.incident.id for one in summary.resolved] == ["late", "old"]
    assert summary.open[0].duration == timedelta(hours=2)


def test_findings_of_a_probe_that_was_asked_again_are_history() -> None:
    before = one_pass(
        measured(ago=timedelta(hours=1)),
        measured(operation="GET /me", ago=timedelta(hours=1)),
        findings=(found(), found(operation="GET /me")),
        id="before",
    )
    after = one_pass(measured(), id="after")
    summary = summarise(passes=[after, before], now=NOW)
    assert [str(group.finding.operation) for group in summary.findings] == ["GET /me"]


def test_the_same_cause_in_two_workspaces_is_one_group_with_both_sights() -> None:
    record = one_pass(
        measured(),
        measured(workspace="globex"),
        findings=(found(), found(workspace="globex")),
    )
    (group,) = summarise(passes=[record], now=NOW).findings
    assert group.workspaces == ("acme", "globex")
    assert len({sight.fingerprint for sight in group.sights}) == 2


def test_accepted_findings_are_kept_apart_and_kept() -> None:
    accepted = replace(found(), accepted="known")
    summary = summarise(passes=[one_pass(measured(), findings=(accepted,))], now=NOW)
    assert summary.findings == ()
    assert [group.finding.accepted for group in summary.accepted] == ["known"]


def test_only_answers_that_succeeded_count_as_latency() -> None:
    looks = [
        measured(ago=timedelta(minutes=4), total_ms=100.0),
        measured(Outcome.FAILED, ago=timedelta(minutes=3), total_ms=2.0, status=401),
        measured(Outcome.FAILED, ago=timedelta(minutes=2), total_ms=30_000.0, status=None),
    ]
    (probe,) = summarise(passes=[one_pass(*looks)], now=NOW).workspaces[0].probes
    assert (probe.latency.count, probe.latency.p50_ms) == (1, 100.0)
    assert (probe.healthy, probe.failed) == (1, 2)
    assert probe.availability == pytest.approx(1 / 3)


def test_high_percentiles_of_few_samples_are_not_told() -> None:
    few = [Sample(at=NOW, total_ms=float(n)) for n in range(SAMPLES_FOR_P95 - 1)]
    assert latency_of(few, points=10).p95_ms is None
    enough = [*few, Sample(at=NOW, total_ms=99.0)]
    assert latency_of(enough, points=10).p95_ms == 18.0
    assert latency_of(enough, points=10).p99_ms is None


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300), st.floats(0.01, 1))
def test_a_percentile_is_a_time_that_was_measured(values: list[float], share: float) -> None:
    ordered = sorted(values)
    found = percentile(ordered, share)
    assert found in ordered
    assert sum(value <= found for value in ordered) >= share * len(ordered) - 1e-6


@given(st.lists(st.floats(0, 1e6), max_size=400), st.integers(2, 50))
def test_thinning_keeps_the_slowest_and_the_last(values: list[float], points: int) -> None:
    samples = [Sample(at=NOW, total_ms=value) for value in values]
    kept = thinned(samples, points)
    assert len(kept) <= points or len(kept) == len(samples)
    if samples:
        assert kept[-1] == samples[-1]
        assert max(one.total_ms for one in kept) == max(values)


def test_the_order_of_the_records_does_not_matter(
    summary: Summary, again: Callable[[], Summary]
) -> None:
    assert again() == summary


def test_a_probe_that_answers_in_an_open_incident_is_not_shown_healthy() -> None:
    looked = one_pass(measured(), measured(operation="GET /teams"))
    late = replace(opened(Severity.CRITICAL), operations=("GET /tags",))
    summary = summarise(passes=[looked], incidents=[late], now=NOW)
    (workspace,) = summary.workspaces
    tags, teams = workspace.probes
    assert tags.trouble is not None
    assert (tags.trouble.rule, tags.trouble.severity) == ("schema-null", Severity.CRITICAL)
    assert teams.trouble is None
    assert (summary.count(Outcome.HEALTHY), summary.troubled) == (1, 1)
    assert "1 healthy, 1 in trouble" in markdown.render(summary)
    assert "in trouble" in html.render(summary)
