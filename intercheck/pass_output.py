"""What a pass came to, for people and for programs."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import click

from contracts.exchanges import FailureKind, Operation
from contracts.findings import Finding
from contracts.rules import Severity
from intercheck.output import (
    Coverage,
    Envelope,
    Skipped,
    identity_line,
    names_of,
    print_finding,
)
from monitors.alerting.wording import SHORT_ID
from monitors.monitor import PassReport
from monitors.records import Measurement, Outcome

_ASKED: Final = frozenset({Outcome.HEALTHY, Outcome.FAILED})
_NO_WAY: Final = frozenset(
    {FailureKind.DNS, FailureKind.PROXY, FailureKind.REFUSED, FailureKind.CONNECT_TIMEOUT}
)
"""Failures on the way to the host: they say nothing of the API behind it."""
_STOPPED: Final = frozenset({407, 511})
"""Statuses that only a proxy or a portal on the way has."""

_COLORS: Final = {
    Outcome.HEALTHY: "green",
    Outcome.FAILED: "red",
    Outcome.NOT_APPLICABLE: "cyan",
    Outcome.NOT_MEASURED: "yellow",
}


def envelope_of(report: PassReport, incidents: Sequence[dict[str, object]]) -> Envelope:
    """Return what `--format json` prints of a pass, and of the open `incidents`."""
    measurements = report.record.measurements
    seconds = (report.record.finished_at - report.record.started_at).total_seconds()
    return Envelope(
        command="probe",
        findings=report.findings,
        coverage=Coverage(
            selected=len(measurements),
            exercised=sum(one.outcome in _ASKED for one in measurements),
            skipped=tuple(
                Skipped(operation=str(one.operation), why=one.why)
                for one in measurements
                if one.outcome not in _ASKED
            ),
            requests=report.record.requests,
            seconds=seconds,
        ),
        incidents=incidents,
        errors=report.delivery.errors,
        extra={"probes": [_probe(one) for one in measurements]},
    )


def print_pass(report: PassReport) -> None:
    """Print a table of probes, the findings, and one line that says it all."""
    measurements = report.record.measurements
    names = {one.workspace for one in measurements}
    width = max((len(str(one.operation)) for one in measurements), default=0)
    for one in measurements:
        prefix = f"{one.workspace}  " if len(names) > 1 else ""
        status = one.status or one.failure or ""
        took = "" if one.total_ms is None else f"{one.total_ms:.0f} ms"
        outcome = click.style(f"{one.outcome.value:14}", fg=_COLORS[one.outcome])
        click.echo(
            f"{prefix}{one.operation!s:{width}}  {outcome} {status!s:>4} {took:>8}  {one.why}"
        )
    shown = [one for one in report.findings if _is_shown(one, report.blips)]
    whose = names_of(report.findings) if len(names) > 1 else {}
    for finding in sorted(shown, key=lambda one: -one.severity.rank):
        print_finding(finding, whose=whose.get((finding.workspace, finding.region), ""))
    for told in report.transitions:
        incident = told.incident
        click.echo(
            f"{told.kind.value} incident {incident.id[:SHORT_ID]}  {incident.finding.rule.name}  "
            f"{identity_line(incident)}"
        )
    click.echo(_last_line(report, len(report.findings) - len(shown)))
    for error in report.delivery.errors:
        click.echo(error, err=True)


def one_line(report: PassReport) -> str:
    """Say what a pass came to in one line."""
    counts = dict.fromkeys(Outcome, 0)
    for one in report.record.measurements:
        counts[one.outcome] += 1
    probes = ", ".join(f"{count} {outcome.value}" for outcome, count in counts.items() if count)
    told = Counter(
        f"{one.kind.value} {one.incident.finding.rule.name}" for one in report.transitions
    )
    changes = ", ".join(f"{what} ({count})" if count > 1 else what for what, count in told.items())
    return (
        f"{_count(len(report.record.measurements), 'probe')}: {probes or 'none'}; "
        f"{_count(len(report.incidents), 'open incident')}" + (f": {changes}" if changes else "")
    )


def was_measured(measurements: Sequence[Measurement]) -> bool:
    """Whether anything could be asked, of any Intercom workspace."""
    return any(
        one.outcome in _ASKED and one.failure not in _NO_WAY and one.status not in _STOPPED
        for one in measurements
    )


def asked(measurements: Sequence[Measurement]) -> list[Operation]:
    """Return the operations that were asked."""
    return [one.operation for one in measurements if one.outcome in _ASKED]


def _is_shown(finding: Finding, blips: frozenset[str]) -> bool:
    """Whether a person wants to read it line by line: what matters, and what will if it comes back;
    the rest is counted."""
    may_matter = finding.rule.is_counted or finding.fingerprint in blips
    return finding.accepted is None and (may_matter or finding.severity is not Severity.INFO)


def _last_line(report: PassReport, folded: int) -> str:
    told = report.delivery
    news = [waiting] if (waiting := _waiting(report)) else []
    news += [_count(report.record.requests, "request")]
    news += [f"{_count(folded, 'finding')} more, accepted or for information"] if folded else []
    for number, what in (
        (told.delivered, "delivered"),
        (told.postponed, "waiting"),
        (told.undeliverable, "undeliverable"),
    ):
        news += [f"{_count(number, 'alert')} {what}"] if number else []
    return "; ".join([one_line(report), *news])


def _waiting(report: PassReport) -> str:
    """Say that trouble which may be a blip is told of once it has shown in several passes."""
    if not report.pending:
        return ""
    return (
        f"{_count(len(report.pending), 'cause')} not told yet: what may be a blip is told when "
        f"{_count(report.threshold, 'pass')} in a row have seen it"
    )


def _count(number: int, noun: str) -> str:
    plural = "es" if noun.endswith("s") else "s"
    return f"{number} {noun}{'' if number == 1 else plural}"


def _probe(one: Measurement) -> dict[str, object]:
    return {
        "workspace": one.workspace,
        "operation": str(one.operation),
        "outcome": one.outcome.value,
        "why": one.why,
        "status": one.status,
        "failure": one.failure,
        "total_ms": None if one.total_ms is None else round(one.total_ms, 1),
        "server_ms": one.server_ms,
        "request_id": one.request_id,
    }
