"""The end of a run of property tests: kept, reported, told to GitHub, compared with the state."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.spec import Spec
from contracts.suite import SuiteReport
from intercheck.found import keep_found
from intercheck.output import Envelope
from intercheck.run_options import ResultOptions
from intercheck.run_results import places_of, tell_github, write_run, write_state
from intercheck.settings import Settings
from reports.runs import Run, Turn


def run_of(
    envelope: Envelope,
    report: SuiteReport,
    *,
    base_url: str,
    description: Spec,
    selected: Sequence[Operation],
    finished_at: datetime,
    failing: Iterable[Finding],
    known: frozenset[str],
) -> Run:
    """Return what a run came to; `failing` are the findings at or above --fail-on, of which those
    that are `known` do not count."""
    whys = {one.operation: one.why for one in envelope.coverage.skipped}
    return Run(
        base_url=base_url,
        description=Path(description.source).name,
        version=description.version,
        finished_at=finished_at,
        findings=tuple(envelope.findings),
        operations=tuple(
            Turn(
                operation=one,
                why=whys.get(str(one), ""),
                seconds=report.took.get(one.identity, 0.0),
            )
            for one in selected
        ),
        requests=envelope.coverage.requests,
        seconds=envelope.coverage.seconds,
        failing=frozenset(one.fingerprint for one in failing) - known,
        stopped=report.stopped,
        coverage=report.coverage,
        phases=report.phases,
        not_measured=report.not_measured,
    )


def was_measured(report: SuiteReport) -> bool:
    """Return whether the run told anything: refusals of a permission or of an id alone do not."""
    found = any(one.accepted is None for one in report.findings)
    return report.answered > 0 and (report.exercised > 0 or found)


def conclude(
    run: Run,
    envelope: Envelope,
    results: ResultOptions,
    *,
    settings: Settings,
    description: Spec,
    file: Path,
    is_interrupted: bool,
) -> None:
    """Keep what the run found, write its reports and the state, and tell GitHub.

    `file` is where the description stands. What is said goes to stderr, because stdout may be JSON.
    """
    keep_found(
        settings,
        "contract",
        at=run.finished_at,
        findings=run.findings,
        exercised=[one.operation for one in run.operations if not one.why],
    )
    if run.findings and ("sarif" in results.formats or os.environ.get("GITHUB_ACTIONS")):
        run = replace(run, places=places_of(run.findings, description, file, Path.cwd()))
    for path in write_run(run, envelope, results.formats, results.directory or settings.report_dir):
        click.echo(str(path), err=True)
    tell_github(run, os.environ, to_stderr=True)
    if results.updates_state and is_interrupted:
        click.echo("The state is as it was: this run did not come to its end.", err=True)
    elif results.updates_state:
        path = results.state_path(settings)
        write_state(path, run.findings)
        click.echo(f"The state is in {path}: commit it.", err=True)
