"""`intercheck report`: the report of what the history holds."""

import os
from pathlib import Path

import click

from contracts.clock import SystemClock
from contracts.errors import NothingMeasuredError
from intercheck.exits import ExitCode
from intercheck.settings import load_settings
from monitors.history import History
from reports import machine
from reports.reading import summary_of
from reports.writing import FILES, write_reports


def read_formats(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    """Read a comma-separated list of report formats."""
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    for name in names:
        if name not in FILES:
            raise click.BadParameter(f"{name!r} is none of {', '.join(FILES)}.")
    return names


@click.command()
@click.option(
    "-c", "--config", type=click.Path(path_type=Path), help="The configuration file to use."
)
@click.option(
    "--report",
    "formats",
    default="html",
    show_default=True,
    callback=read_formats,
    metavar="FORMAT,…",
    help=f"What to write: {', '.join(FILES)}.",
)
@click.option(
    "--report-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to; reports/out in a checkout, else ./intercheck-report.",
)
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text")
def command(
    config: Path | None, formats: tuple[str, ...], report_dir: Path | None, output: str
) -> ExitCode:
    """Write the report of what the history holds."""
    settings = load_settings(config, os.environ)
    clock = SystemClock()
    with History.open(settings.history_url, clock=clock) as history:
        summary = summary_of(history, now=clock.now())
    if not summary.workspaces:
        raise NothingMeasuredError(
            "The history holds no pass of the last week to report on: run `intercheck probe` first."
        )
    written = write_reports(summary, formats, report_dir or settings.report_dir)
    if output == "json":
        click.echo(machine.render(summary), nl=False)
    else:
        click.echo(summary.headline)
        for path in written:
            click.echo(str(path))
    return ExitCode.CLEAN
