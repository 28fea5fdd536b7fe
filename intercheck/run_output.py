"""What `contract` says: its plan, its progress, what it found and covered."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

import click

from contracts.exchanges import Operation
from contracts.identifiers import describe_path, lists_by_kind
from contracts.phases import Phase
from contracts.planning import Plan, is_read
from contracts.suite import SuiteReport
from intercheck.output import Coverage, Envelope, Skipped, print_finding, print_json
from intercheck.phase_options import Asking
from intercheck.tidying import as_json, sentences
from reports.curl import curl_of, supply_of
from reports.words import counted

LEAST_SEEN: Final = 3
"""Operations that are named because little of their answers was seen; JSON has all of them."""
HALF: Final = 0.5
"""Share of the documented fields and values below which little was seen."""


def progress(most_requests: int) -> Callable[[int, Operation], None]:
    """Return what shows progress on stderr: a line that changes, and nothing where nobody looks."""
    if not sys.stderr.isatty():
        return lambda requests, operation: None

    def tell(requests: int, operation: Operation) -> None:
        click.echo(f"\r\033[K{requests}/{most_requests} {operation}", nl=False, err=True)

    return tell


def show_plan(planned: Plan, asking: Asking, max_requests: int, output_format: str) -> None:
    """Print what would be asked, as templates, and with which phases and data."""
    sources = lists_by_kind(one.operation for one in planned.operations)
    lines = [
        f"{wanted.method} {describe_path(wanted.path, sources, writes=not is_read(wanted))}"
        for wanted in (one.operation for one in planned.operations)
    ]
    if output_format == "json":
        coverage = Coverage(
            selected=len(planned.operations) + len(planned.skipped),
            skipped=tuple(Skipped(operation=str(s.operation), why=s.why) for s in planned.skipped),
        )
        extra: dict[str, object] = {
            "plan": lines,
            "max_requests": max_requests,
            "phases": _in_order(asking.phases),
            "mode": asking.mode.value,
        }
        print_json(Envelope(command="contract", coverage=coverage, extra=extra))
        return
    for line in lines:
        click.echo(line)
    click.echo(
        f"\n{counted(len(lines), 'operation')}, at most {counted(max_requests, 'request')}; "
        "nothing was sent."
    )
    click.echo(
        f"Each read is asked once, plainly; then {', '.join(_in_order(asking.phases))} "
        f"({asking.mode.value} data)."
    )
    if asking.source is not None:
        click.echo(f"{asking.source} applies.")
    for skipped in planned.skipped:
        click.echo(f"not sent: {skipped.operation}, because {skipped.why}")


def _in_order(phases: Iterable[Phase]) -> list[str]:
    return [one.value for one in Phase if one in phases]


def envelope_of(
    report: SuiteReport, seconds: float, *, base_url: str, known: frozenset[str]
) -> Envelope:
    """Return what the run prints as JSON: beside the findings, which of them the state knows, and
    how to ask again for those that nobody accepted."""
    coverage = Coverage(
        selected=report.selected,
        exercised=report.exercised,
        skipped=tuple(Skipped(operation=str(s.operation), why=s.why) for s in report.skipped),
        requests=report.requests,
        seconds=seconds,
    )
    extra: dict[str, object] = {
        "score": report.coverage.score,
        "warning": report.coverage.warning,
        "phases": dict(report.phases),
        "seen": {
            "fields": list(report.coverage.fields),
            "values": list(report.coverage.values),
            "parameters": list(report.parameters),
            "operations": [
                {
                    "operation": str(one.operation),
                    "answered": one.answered,
                    "requests": report.asked.get(one.operation.identity, 0),
                    "fields": list(one.fields),
                    "values": list(one.values),
                }
                for one in report.coverage.each
            ],
        },
        "stopped": report.stopped,
        "created": as_json(report.cleaned),
        "unreached": [one.value for one in report.unreached],
        "not_measured": list(report.not_measured),
        "known": sorted(known & {one.fingerprint for one in report.findings}),
        "curl": {
            one.fingerprint: curl_of(one, base_url)
            for one in report.findings
            if one.accepted is None
        },
        "supply": {
            one.fingerprint: supply
            for one in report.findings
            if one.accepted is None and (supply := supply_of(one))
        },
    }
    return Envelope(command="contract", findings=report.findings, coverage=coverage, extra=extra)


def show(report: SuiteReport, envelope: Envelope, output_format: str, *, base_url: str) -> None:
    if output_format == "json":
        print_json(envelope)
        return
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    for finding in sorted(report.findings, key=lambda one: -one.severity.rank):
        print_finding(finding)
        if finding.accepted is None:
            click.echo(f"         again: {curl_of(finding, base_url)}")
            if supply := supply_of(finding):
                click.echo(f"                {supply}")
    accepted = sum(one.accepted is not None for one in report.findings)
    click.echo(
        f"{counted(len(report.findings), 'finding')}{f', {accepted} accepted' * (accepted > 0)}; "
        f"{report.exercised} of {counted(report.selected, 'operation')} exercised with "
        f"{counted(report.requests, 'request')} in {envelope.coverage.seconds:.1f} s."
    )
    _show_coverage(report)
    if report.unreached:
        click.echo(
            f"  not reached: {', '.join(report.unreached)}, because the "
            f"{counted(report.requests, 'request')} went to what comes before: allow more with "
            "--max-requests, or choose with --phases"
        )
    if report.not_measured:
        click.echo(f"  not measured, as nothing shows it: {', '.join(report.not_measured)}")
    for why, count in Counter(skipped.why for skipped in report.skipped).most_common():
        click.echo(f"  not exercised: {counted(count, 'operation')}, because {why}")
    if report.stopped:
        click.echo(f"The rest was not asked: {report.stopped}")
    for line in sentences(report.cleaned):
        click.echo(line)
    if report.coverage.warning:
        click.echo(click.style("warning: ", fg="yellow") + report.coverage.warning)


def _show_coverage(report: SuiteReport) -> None:
    fields, values = report.coverage.fields, report.coverage.values
    click.echo(
        f"Score {report.coverage.score} of 100: {fields[0]} of {fields[1]} documented fields of "
        f"what answered were seen, and {values[0]} of {values[1]} values of enums."
    )
    sent, documented = report.parameters
    if documented:
        click.echo(f"  sent: {sent} of {documented} documented parameters and values of theirs")
    click.echo(f"  asked: {', '.join(f'{name} {count}' for name, count in report.phases.items())}")
    answered = [one for one in report.coverage.each if one.answered and one.share < HALF]
    for one in sorted(answered, key=lambda one: one.share)[:LEAST_SEEN]:
        click.echo(
            f"  seen least: {one.operation}, {one.fields[0]} of {one.fields[1]} fields and "
            f"{one.values[0]} of {one.values[1]} values of enums"
        )
