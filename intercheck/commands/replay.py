"""`intercheck replay FILE…`: the detectors over recorded exchanges, offline."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from contracts.clock import SystemClock
from contracts.errors import NothingMeasuredError
from contracts.findings import Finding
from contracts.rules import Severity
from intercheck import options, output
from intercheck.descriptions import open_description
from intercheck.exits import ExitCode, exit_code
from intercheck.found import keep_found
from intercheck.replaying import Recording, judge, read_all
from intercheck.sections import DEFAULT_VERSION
from intercheck.settings import READING
from intercheck.wiring import limits_of, probes_of, promises_of
from reports.words import counted


@click.command(
    epilog='A line of JSON lines: {"method": "GET", "url": "/tags", "status": 200, "headers": {…}, '
    '"body": …, "started_at": "2026-03-02T09:00:00Z", "elapsed_ms": 80, "version": "2.15", '
    '"workspace": "acme"}; `method`, `url` and one of `status` and `failure` are required.'
)
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE…",
    type=click.Path(path_type=Path),
)
@options.config
@options.spec
@options.spec_dir
@options.output_format
@options.fail_on
def command(
    files: tuple[Path, ...],
    config_path: Path | None,
    spec: str | None,
    spec_dir: Path | None,
    output_format: str,
    fail_on: Severity,
) -> ExitCode:
    """Run the detectors over recorded exchanges: HAR 1.2 files, or JSON lines.

    Nothing is sent. Each exchange is held to the descriptions of the version that it asked for
    (`Intercom-Version`), published and relied upon, as far as they are at hand; --spec names
    another one for all of them. Tokens and cookies in the files are taken out as they are read.

    What was usual is learned from the recording itself, in the order of time, as `probe` does from
    pass to pass: a field that was always there and is gone, or times that became slow, are found
    where the files reach back far enough to show it (some 50 objects; some days). On the first day
    of an operation what hurts no consumer is only noted; a shorter recording is all first sight.

    \b
    Examples:
      intercheck replay recorded.har
      intercheck replay tests/*.jsonl --spec 2.16 --format json
    """
    settings = options.settings_from(config_path, READING)
    spec_dir = spec_dir or settings.spec_dir
    named = (
        open_description(spec, spec_dir=spec_dir, cache_dir=settings.cache_dir) if spec else None
    )
    promises = promises_of(settings, spec_dir=spec_dir, named=named)
    recording = read_all(files, promises, default_version=DEFAULT_VERSION)
    findings = sorted(
        (
            diagnosed.so_far
            for diagnosed in judge(
                recording,
                limit=settings.monitoring.maximum_response_time,
                limits=limits_of(settings, probes_of(settings, named)),
                policy=settings.monitoring.policy,
            )
        ),
        key=lambda finding: (
            finding.accepted is not None,
            -finding.severity.rank,
            finding.rule.name,
            str(finding.operation or ""),
            finding.location,
        ),
    )
    if not recording.entries:
        raise NothingMeasuredError("There is no exchange in the recording: record some first.")
    keep_found(
        settings,
        "replay",
        at=SystemClock().now(),
        findings=findings,
        exercised=[one.operation for one, _ in recording.exchanges if one.operation],
    )
    if output_format == "json":
        output.print_json(_envelope(recording, findings))
    else:
        _print(recording, findings)
    return exit_code(findings, fail_on=fail_on, measured=bool(recording.exchanges))


def _envelope(recording: Recording, findings: Sequence[Finding]) -> output.Envelope:
    return output.Envelope(
        command="replay",
        findings=findings,
        coverage=output.Coverage(
            selected=recording.entries,
            exercised=len(recording.exchanges),
            skipped=tuple(
                output.Skipped(operation="*", why=f"{counted(number, 'exchange')}: {why}")
                for why, number in recording.skipped.items()
            ),
        ),
        errors=[str(broken) for broken in recording.broken],
        extra={"notes": recording.notes},
    )


def _print(recording: Recording, findings: Sequence[Finding]) -> None:
    alike = Counter(broken.why for broken in recording.broken)
    for broken in recording.broken:
        if others := alike.pop(broken.why, 0):  # the first of them speaks for all
            click.echo(broken.with_more(others - 1), err=True)
    for note in recording.notes:
        click.echo(note, err=True)
    for why, number in recording.skipped.items():
        click.echo(f"Not judged: {counted(number, 'exchange')}: {why}.", err=True)
    names = output.names_of(findings, (one for one, _ in recording.exchanges))
    for finding in findings:
        output.print_finding(finding, whose=names.get((finding.workspace, finding.region), ""))
        click.echo()
    accepted = sum(finding.accepted is not None for finding in findings)
    by_severity = ", ".join(
        f"{number} {severity.value}"
        for severity in reversed(Severity)
        if (number := sum(f.severity is severity and f.accepted is None for f in findings))
    )
    click.echo(
        f"{counted(len(recording.exchanges), 'exchange')} of {recording.entries} judged: "
        f"{by_severity or 'nothing found'}" + (f" ({accepted} accepted)." if accepted else ".")
    )
