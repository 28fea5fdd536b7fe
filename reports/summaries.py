"""What the history holds, summed up for people: the one value every report is rendered from.

Pure: records go in, a `Summary` comes out. What was not measured stays so; nothing here turns it
into health.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from contracts.exchanges import Operation
from monitors.records import (
    IncidentState,
    NoticeStatus,
    Outcome,
    PassRecord,
    Phase,
    Probed,
    QueuedNotice,
    Transition,
)
from reports.departures import FindingGroup, grouped_findings, latest_findings
from reports.episodes import Episode, episodes_of
from reports.probes import (
    Held,
    Trouble,
    WorkspaceSummary,
    by_probe,
    held_against_nothing,
    workspaces_of,
)
from reports.verdicts import Verdict, judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A probe that gave no answer to judge, and why."""

    workspace: str
    operation: str
    outcome: Outcome
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What the latest look at every probe covered."""

    selected: int
    exercised: int
    skipped: tuple[Skipped, ...]
    requests: int
    """Of the last pass."""
    seconds: float
    """Of the last pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """An alert that has not arrived."""

    channel: str
    incident_id: str
    kind: str
    attempts: int
    given_up: bool
    error: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Everything a report says. Orders are those in which people read: worst and latest first."""

    generated_at: datetime
    verdict: Verdict
    headline: str
    measured_at: datetime | None
    """When the latest probe that could be measured was asked."""
    workspaces: tuple[WorkspaceSummary, ...]
    open: tuple[Episode, ...]
    resolved: tuple[Episode, ...]
    findings: tuple[FindingGroup, ...]
    """Unaccepted ones, by falling severity."""
    accepted: tuple[FindingGroup, ...]
    coverage: Coverage
    undelivered: tuple[Undelivered, ...]

    def count(self, outcome: Outcome) -> int:
        """Return how many probes are in this state now."""
        return sum(workspace.count(outcome) for workspace in self.workspaces)

    @property
    def troubled(self) -> int:
        """How many probes answer as promised, and are in an open incident."""
        return sum(workspace.troubled for workspace in self.workspaces)


def summarise(
    *,
    passes: Sequence[PassRecord],
    incidents: Iterable[IncidentState] = (),
    transitions: Iterable[Transition] = (),
    probed: Iterable[Probed] | None = None,
    notices: Iterable[QueuedNotice] = (),
    now: datetime,
    held: Held = held_against_nothing,
) -> Summary:
    """Sum up what was recorded.

    `probed` defaults to what is inside `passes` and may reach further back; `held` knows what is
    usual. Orders of the inputs do not matter.
    """
    ordered = sorted(passes, key=lambda record: record.started_at)
    if probed is None:
        probed = by_probe(one for record in ordered for one in record.measurements)
    episodes = episodes_of(incidents, transitions, now=now)
    still_open = tuple(episode for episode in episodes if episode.incident.phase is Phase.OPEN)
    workspaces = workspaces_of(probed, held=held, troubles=partial(_trouble, still_open))
    grouped = grouped_findings(latest_findings(ordered))
    measured = [at for workspace in workspaces if (at := workspace.measured_at) is not None]
    measured_at = max(measured, default=None)
    verdict, headline = judge(workspaces, still_open, measured_at=measured_at, now=now)
    return Summary(
        generated_at=now,
        verdict=verdict,
        headline=headline,
        measured_at=measured_at,
        workspaces=workspaces,
        open=still_open,
        resolved=tuple(e for e in episodes if e.incident.phase is Phase.RESOLVED),
        findings=tuple(group for group in grouped if group.finding.accepted is None),
        accepted=tuple(group for group in grouped if group.finding.accepted is not None),
        coverage=_coverage(workspaces, ordered[-1] if ordered else None),
        undelivered=_undelivered(notices),
    )


def _trouble(still_open: Iterable[Episode], workspace: str, operation: Operation) -> Trouble | None:
    """Return the worst open incident that a probe is in."""
    concerned = [
        one.incident
        for one in still_open
        if workspace in one.incident.workspaces and _is_about(one.incident, operation)
    ]
    if not concerned:
        return None
    worst = max(concerned, key=lambda one: one.severity.rank)
    return Trouble(rule=worst.finding.rule.name, severity=worst.severity)


def _is_about(incident: IncidentState, operation: Operation) -> bool:
    known = incident.finding.operation
    if known is not None and known.identity == operation.identity:
        return True
    return not {str(operation), "*"}.isdisjoint(incident.operations)


def _coverage(workspaces: Sequence[WorkspaceSummary], last: PassRecord | None) -> Coverage:
    probes = [(workspace, probe) for workspace in workspaces for probe in workspace.probes]
    skipped = tuple(
        Skipped(
            workspace=workspace.name,
            operation=str(probe.operation),
            outcome=probe.state,
            why=probe.why,
        )
        for workspace, probe in probes
        if probe.state in (Outcome.NOT_MEASURED, Outcome.NOT_APPLICABLE)
    )
    return Coverage(
        selected=len(probes),
        exercised=len(probes) - len(skipped),
        skipped=skipped,
        requests=last.requests if last else 0,
        seconds=(last.finished_at - last.started_at).total_seconds() if last else 0.0,
    )


def _undelivered(notices: Iterable[QueuedNotice]) -> tuple[Undelivered, ...]:
    """Keep the alerts that were tried and have not arrived, oldest first."""
    late = (
        queued
        for queued in notices
        if queued.status is NoticeStatus.UNDELIVERABLE
        or (queued.status is NoticeStatus.PENDING and queued.attempts > 0)
    )
    return tuple(
        Undelivered(
            channel=queued.notice.channel,
            incident_id=queued.notice.incident_id,
            kind=queued.notice.kind.value,
            attempts=queued.attempts,
            given_up=queued.status is NoticeStatus.UNDELIVERABLE,
            error=queued.error,
            since=queued.created_at,
        )
        for queued in sorted(late, key=lambda queued: queued.created_at)
    )
