"""The summary for programs: the published envelope (schema 1), whole."""

import json
from dataclasses import asdict
from typing import Final

from contracts.findings import Course
from monitors.records import Outcome
from reports.episodes import Episode
from reports.probes import ProbeSummary, WorkspaceSummary
from reports.summaries import Summary, Undelivered
from reports.usual import Baseline

SCHEMA: Final = 1
"""The version of the envelope that every command prints under `--format json`."""


def render(summary: Summary, *, command: str = "report") -> str:
    """Return the envelope as text."""
    return json.dumps(document(summary, command=command), indent=2, ensure_ascii=False) + "\n"


def document(summary: Summary, *, command: str = "report") -> dict[str, object]:
    """Return the envelope: the keys that every command has, then what the report alone says."""
    coverage = summary.coverage
    return {
        "schema": SCHEMA,
        "command": command,
        "findings": [
            sight.as_json()
            for group in (*summary.findings, *summary.accepted)
            for sight in group.sights
        ],
        "coverage": {
            "selected": coverage.selected,
            "exercised": coverage.exercised,
            "skipped": [
                {
                    "operation": one.operation,
                    "why": one.why or one.outcome.value,
                    "workspace": one.workspace,
                    "outcome": one.outcome.value,
                }
                for one in coverage.skipped
            ],
            "requests": coverage.requests,
            "seconds": round(coverage.seconds, 3),
        },
        "incidents": [incident_document(one) for one in (*summary.open, *summary.resolved)],
        "errors": [_undelivered(one) for one in summary.undelivered],
        "generated_at": summary.generated_at.isoformat(),
        "measured_at": summary.measured_at.isoformat() if summary.measured_at else None,
        "verdict": summary.verdict.value,
        "headline": summary.headline,
        "workspaces": [_workspace(one) for one in summary.workspaces],
    }


def incident_document(episode: Episode) -> dict[str, object]:
    """Return one occurrence of an incident in its published form."""
    incident = episode.incident
    finding = incident.finding
    return {
        "id": incident.id,
        "key": incident.key,
        "phase": incident.phase.value,
        "rule": finding.rule.name,
        "severity": incident.severity.value,
        "message": finding.message,
        "remedy": episode.remedy,
        "location": finding.location,
        "expected": finding.expected,
        "observed": finding.observed,
        "cause": finding.cause,
        "workspaces": list(incident.workspaces),
        "operations": list(incident.operations),
        "consumers": list(finding.consumers),
        "since": episode.since.isoformat(),
        "first_seen": incident.first_seen_at.isoformat(),
        "until": episode.until.isoformat() if episode.until else None,
        "seconds": round(episode.duration.total_seconds(), 3),
        "acknowledged": episode.acknowledged,
        "blind": episode.blind,
        **({"course": finding.course.value} if finding.course is not Course.GOES_ON else {}),
        "events": [
            {"kind": event.kind.value, "at": event.at.isoformat()} for event in episode.events
        ],
        "reach": asdict(incident.reach) if incident.reach else None,
        "parent": incident.parent or None,
        "children": list(incident.children),
        "accepted": incident.accepted or None,
        "was_accepted": incident.was_accepted or None,
        "certainty": finding.certainty.value,
        "request_id": finding.request_id,
        "deployment": finding.deployment,
    }


def _undelivered(late: Undelivered) -> str:
    state = "was given up" if late.given_up else "is still being tried"
    return (
        f"The alert ({late.kind}) of incident {late.incident_id} has not reached {late.channel} "
        f"and {state}: {late.error or 'no reason given'}"
    )


def _workspace(workspace: WorkspaceSummary) -> dict[str, object]:
    return {
        "name": workspace.name,
        "region": workspace.region,
        "version": workspace.version,
        "state": workspace.state.value,
        "counts": {outcome.value: workspace.count(outcome) for outcome in Outcome},
        "in_trouble": workspace.troubled,
        "probes": [_probe(one) for one in workspace.probes],
    }


def _probe(probe: ProbeSummary) -> dict[str, object]:
    latency = probe.latency
    return {
        "operation": str(probe.operation),
        "state": probe.state.value,
        "trouble": (
            {"rule": probe.trouble.rule, "severity": probe.trouble.severity.value}
            if probe.trouble
            else None
        ),
        "why": probe.why,
        "note": probe.note,
        "at": probe.at.isoformat(),
        "request_id": probe.request_id,
        "deployment": probe.deployment,
        "healthy": probe.healthy,
        "failed": probe.failed,
        "availability": probe.availability,
        "latency_ms": {
            "count": latency.count,
            "p50": latency.p50_ms,
            "p95": latency.p95_ms,
            "p99": latency.p99_ms,
            "last": latency.last_ms,
            "last_server": latency.last_server_ms,
            "server_p50": latency.server_p50_ms,
        },
        "usual": _usual(probe.baseline),
        "looks": [
            {"at": look.at.isoformat(), "outcome": look.outcome.value} for look in probe.looks
        ],
    }


def _usual(baseline: Baseline) -> dict[str, object]:
    return {
        "hours": [
            {
                "at": one.at.isoformat(),
                "ms": round(one.ms, 1),
                "low": round(one.low, 1),
                "high": round(one.high, 1),
            }
            for one in baseline.hours
        ],
        "regressions": [
            {
                "since": one.since.isoformat(),
                "until": one.until.isoformat() if one.until else None,
                "pauses": [
                    [since.isoformat(), until.isoformat() if until else None]
                    for since, until in one.pauses
                ],
                "became_usual": one.settled,
                "slow_answers_only": one.tail,
                "factor": round(one.factor, 2),
                "usual_ms": round(one.usual_ms, 1),
                "now_ms": round(one.now_ms, 1),
                "deployment": one.deployment,
                "deployed_at": one.deployed_at.isoformat() if one.deployed_at else None,
            }
            for one in baseline.onsets
        ],
        "objectives_ms": list(baseline.objectives),
        "limit_ms": baseline.limit_ms,
    }
