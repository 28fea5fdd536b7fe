"""`intercheck report`: the report of what the history holds."""

from pathlib import Path

import click

from contracts.clock import SystemClock
from contracts.errors import NothingMeasuredError
from intercheck import options, report_options
from intercheck.exits import ExitCode
from intercheck.settings import READING
from intercheck.wiring import limits_of, probes_of
from monitors.history import History
from reports import machine
from reports.reading import summary_of
from reports.writing import write_reports


@click.command()
@options.config
@options.output_format
@report_options.report_formats
@report_options.report_dir
def command(
    config_path: Path | None,
    output_format: str,
    report_formats: tuple[str, ...],
    report_dir: Path | None,
) -> ExitCode:
    """Write the report of what the history holds: the last week, and a month of incidents.

    The exit code says whether it was written, not what it says; `intercheck probe` is what a
    pipeline gates on.

    \b
    Examples:
      intercheck report
      intercheck report --report html,markdown --report-dir /var/www/intercheck
      intercheck report --format json
    """
    settings = options.settings_from(config_path, READING)
    clock = SystemClock()
    limits = limits_of(settings, probes_of(settings))
    with History.open(settings.history_url, clock=clock) as history:
        summary = summary_of(history, now=clock.now(), limits=limits)
    if not summary.workspaces:
        raise NothingMeasuredError(
            "The history holds no pass of the last week to report on: run `intercheck probe` first."
        )
    written = write_reports(summary, report_formats, report_dir or settings.report_dir)
    if output_format == "json":
        click.echo(machine.render(summary), nl=False)
    else:
        click.echo(summary.headline)
        for path in written:
            click.echo(str(path))
    return ExitCode.CLEAN
