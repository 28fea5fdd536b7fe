"""Which findings a report shows, and which of them are one and the same."""

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.findings import Finding
from monitors.records import PassRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingGroup:
    """One departure wherever it was seen: the same `cause` in one or more Intercom workspaces."""

    sights: tuple[Finding, ...]
    """The most severe first, then the latest: the same departure can hurt a consumer in one
    workspace and nobody in the next."""

    @property
    def finding(self) -> Finding:
        """The sight that speaks for the group."""
        return self.sights[0]

    @property
    def workspaces(self) -> tuple[str, ...]:
        return tuple(sorted({sight.workspace for sight in self.sights}))


def latest_findings(passes: Iterable[PassRecord]) -> tuple[Finding, ...]:
    """Keep what the latest look at each probe found: what an earlier pass saw of a probe that was
    asked again since is history. A finding about all operations stands until its Intercom
    workspace is looked at again.
    """
    looked_at: set[tuple[str, str]] = set()
    kept: list[Finding] = []
    for record in sorted(passes, key=lambda record: record.started_at, reverse=True):
        for finding in record.findings:
            identity = finding.operation.identity if finding.operation else "*"
            if (finding.workspace, identity) not in looked_at:
                kept.append(finding)
        for measurement in record.measurements:
            looked_at.add((measurement.workspace, measurement.operation.identity))
            looked_at.add((measurement.workspace, "*"))
    return tuple(kept)


def grouped_findings(findings: Iterable[Finding]) -> tuple[FindingGroup, ...]:
    """Put the same cause of several Intercom workspaces together, the most severe first."""
    by_cause: dict[tuple[str, bool], list[Finding]] = {}
    for finding in findings:
        by_cause.setdefault((finding.cause, finding.accepted is not None), []).append(finding)
    groups = [
        FindingGroup(
            sights=tuple(
                sorted(sights, key=lambda f: (-f.severity.rank, -f.observed_at.timestamp()))
            )
        )
        for sights in by_cause.values()
    ]
    return tuple(
        sorted(
            groups,
            key=lambda g: (
                -g.finding.severity.rank,
                g.finding.rule.name,
                str(g.finding.operation or "*"),
                g.finding.location,
            ),
        )
    )
