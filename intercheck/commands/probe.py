"""`intercheck probe`: one pass over the key endpoints, for cron and CI."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import click

from contracts.clock import SystemClock
from contracts.errors import IntercheckError, ReportError
from contracts.rules import Severity
from intercheck import options, report_options
from intercheck.descriptions import open_description
from intercheck.exits import ExitCode, exit_code, exit_code_of
from intercheck.filters import filters, selection_of
from intercheck.found import keep_found
from intercheck.output import Coverage, Envelope, print_finding, print_json
from intercheck.pass_output import asked, envelope_of, one_line, print_pass, was_measured
from intercheck.probing import chosen_probes, chosen_workspaces, heartbeat_of, new_id
from intercheck.settings import Settings
from intercheck.wiring import (
    announcer_of,
    channels_of,
    configuration_of,
    limits_of,
    probes_of,
    promises_of,
)
from monitors.asking import Visit
from monitors.diagnosis import MOST
from monitors.history import History
from monitors.monitor import Monitor, PassNotRecordedError, PassReport
from monitors.probes import Probe, with_sources
from monitors.records import Phase
from reports.episodes import episodes_of
from reports.words import counted
from reports.writing import write_reports


@click.command()
@click.option(
    "--workspace",
    "workspaces",
    multiple=True,
    metavar="NAME",
    help="Only this Intercom workspace of the configuration; may be repeated.",
)
@options.spec
@options.spec_dir
@click.option("--base-url", metavar="URL", help="Ask this host instead of Intercom's own.")
@filters
@click.option("--plan", "only_plans", is_flag=True, help="Say what would be sent; send nothing.")
@options.fail_on
@click.option(
    "--fail-on-new", is_flag=True, help="Fail only on findings that no open incident has."
)
@report_options.report_formats
@report_options.report_dir
@options.config
@options.output_format
def command(
    workspaces: tuple[str, ...],
    spec: str | None,
    spec_dir: Path | None,
    base_url: str | None,
    only_plans: bool,
    fail_on: Severity,
    fail_on_new: bool,
    report_formats: tuple[str, ...],
    report_dir: Path | None,
    config_path: Path | None,
    output_format: str,
    **given: tuple[str, ...],
) -> ExitCode:
    """Ask every probe once, record what was seen, alert, and write the report.

    Only reads are sent. Answers are held to the published description of their version where there
    is a copy of it (`intercheck spec pull`), and to the contract we rely on.

    \b
    Examples:
      intercheck probe
      intercheck probe --plan
      intercheck probe --workspace acme --include-tag Contacts --format json
      */5 * * * * intercheck probe --fail-on-new >/dev/null      (crontab)
    """
    settings = options.settings_from(config_path, base_url=base_url)
    named = (
        open_description(spec, spec_dir=spec_dir or settings.spec_dir, cache_dir=settings.cache_dir)
        if spec
        else None
    )
    every = probes_of(settings, named)
    probes = chosen_probes(every, selection_of(given), settings=settings, named=named)
    if only_plans:
        _show_plan(with_sources(probes, every, pinned=()), settings, workspaces, output_format)
        return ExitCode.CLEAN
    chosen = chosen_workspaces(settings, workspaces, base_url=base_url, named=named)
    clock = SystemClock()
    channels = channels_of(settings, clock=clock)
    heartbeat = heartbeat_of(settings, os.environ)
    if heartbeat:
        heartbeat.start()
    try:
        with (
            History.open(settings.history_url, clock=clock) as history,
            Monitor(
                workspaces=chosen,
                probes=every,
                promises=promises_of(settings, spec_dir=spec_dir, named=named),
                history=history,
                channels=channels,
                announcer=announcer_of(settings, channels),
                clock=clock,
                new_id=new_id,
                settings=settings.monitoring,
                configured=settings.workspaces,
                configuration=configuration_of(settings),
                on_visit=_progress(len(probes) * len(chosen)),
            ) as monitor,
        ):
            report = monitor.run_pass(probes=probes)
            monitor.prune()
            keep_found(
                settings,
                "probe",
                at=report.record.finished_at,
                findings=report.findings,
                exercised=asked(report.record.measurements),
            )
            written, unwritten = _written(
                history,
                report_formats,
                report_dir or settings.report_dir,
                limits=limits_of(settings, every),
                now=clock.now(),
            )
            incidents = _open_incidents(history, clock.now()) if output_format == "json" else []
    except PassNotRecordedError as error:
        if heartbeat:
            heartbeat.exit_status(exit_code_of(error), str(error))
        return _unrecorded(error, output_format)
    except IntercheckError as error:
        if heartbeat:
            heartbeat.exit_status(exit_code_of(error), str(error))
        raise
    if output_format == "json":
        envelope = envelope_of(report, incidents)
        print_json(replace(envelope, errors=[*envelope.errors, *unwritten]))
    else:
        print_pass(report)
        for path in written:
            click.echo(str(path))
        for sentence in unwritten:
            click.echo(f"intercheck: {sentence}", err=True)
    code = _code(report, fail_on, fail_on_new=fail_on_new)
    if unwritten:
        code = ExitCode.WRONG_USAGE
    if heartbeat:
        # What the API does is told by alerts; the dead-man service watches over the monitor.
        status = ExitCode.CLEAN if code is ExitCode.FINDINGS else code
        heartbeat.exit_status(status, one_line(report))
    return code


def _unrecorded(error: PassNotRecordedError, output_format: str) -> ExitCode:
    """Print what was seen although it could not be recorded: it is said here or nowhere."""
    sentence = f"{error} The findings of this pass are not recorded, and nobody was told."
    if output_format == "json":
        print_json(Envelope(command="probe", findings=error.findings, errors=(sentence,)))
    else:
        for finding in error.findings:
            print_finding(finding)
        click.echo(f"intercheck: {sentence}", err=True)
    return exit_code_of(error)


def _written(
    history: History,
    formats: Sequence[str],
    directory: Path,
    *,
    limits: Mapping[str, timedelta],
    now: datetime,
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Write the reports; return what was written, and why the rest was not: what was found has to
    be said all the same."""
    if not formats:
        return (), ()
    # Imported here: cron may leave the page to `intercheck report`.
    from reports.reading import summary_of

    summary = summary_of(history, now=now, limits=limits)
    try:
        return write_reports(summary, formats, directory), ()
    except ReportError as error:
        return (), (str(error),)


def _open_incidents(history: History, now: datetime) -> list[dict[str, object]]:
    from reports.machine import incident_document

    still_open = [one for one in history.incidents(now) if one.phase is Phase.OPEN]
    changes = [change for one in still_open for change in history.transitions(one.id)]
    return [incident_document(episode) for episode in episodes_of(still_open, changes, now=now)]


def _code(report: PassReport, fail_on: Severity, *, fail_on_new: bool) -> ExitCode:
    return exit_code(
        report.findings,
        fail_on=fail_on,
        measured=was_measured(report.record.measurements),
        undelivered=not report.delivery.is_complete,
        known=report.known if fail_on_new else frozenset(),
    )


def _progress(total: int) -> Callable[[str, Visit], None]:
    """Return what shows progress on stderr: a line that changes, and nothing where nobody looks."""
    if not sys.stderr.isatty():
        return lambda workspace, visit: None
    done = 0

    def show(workspace: str, visit: Visit) -> None:
        nonlocal done
        done += 1
        end = "\r\033[K" if done >= total else ""
        line = f"\r\033[K{done}/{total} {workspace} {visit.probe.operation}"
        click.echo(end or line, nl=False, err=True)

    return show


def _show_plan(
    probes: Sequence[Probe],
    settings: Settings,
    names: Sequence[str],
    output_format: str,
) -> None:
    lines = [probe.template() for probe in probes]
    # Without a token there is no Intercom workspace yet; the plan is the same for any.
    workspaces = len(chosen_workspaces(settings, names)) if settings.workspaces else 1
    confirming = min(settings.monitoring.confirmation_requests, MOST)
    most = (len(lines) + confirming + 1) * workspaces  # one asks for the app's default version
    if output_format == "json":
        extra: dict[str, object] = {"plan": lines, "max_requests": most}
        print_json(Envelope(command="probe", coverage=Coverage(selected=len(lines)), extra=extra))
        return
    for line in lines:
        click.echo(line)
    click.echo(
        f"\n{counted(len(lines), 'probe')} of {counted(workspaces, 'Intercom workspace')}, with "
        f"what confirms findings at most {most} requests; nothing was sent."
    )
