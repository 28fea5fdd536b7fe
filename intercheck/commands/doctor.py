"""`intercheck doctor`: from nothing to a working set-up."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from contracts.clock import SystemClock
from contracts.errors import ConfigurationError, HistoryError
from contracts.findings import Finding
from intercheck import options
from intercheck.checkup import (
    CheckupStep,
    State,
    check_history,
    check_notifiers,
    check_slack,
    check_workspace,
    no_token,
)
from intercheck.exits import ExitCode
from intercheck.output import Coverage, Envelope, print_json
from intercheck.settings import Settings
from intercheck.wiring import announcer_of, channels_of, probes_of, promises_of

MARKS: Final = {
    State.DONE: ("ok", "green"),
    State.MISSING: ("MISSING", "red"),
    State.OPTIONAL: ("note", "yellow"),
}


@click.command()
@options.spec_dir
@options.config
@options.output_format
def command(spec_dir: Path | None, config_path: Path | None, output_format: str) -> ExitCode:
    """Say what is set up and what is missing, step by step, with what to do.

    Asks every probe once (27 reads), looks at Slack and the notifiers without posting, and opens
    the history.

    \b
    Examples:
      intercheck doctor
      INTERCOM_ACCESS_TOKEN=… intercheck doctor
      intercheck doctor --config intercheck.yaml --format json
    """
    settings = options.settings_from(config_path)
    clock = SystemClock()
    started = time.perf_counter()
    text = output_format == "text"
    steps: list[CheckupStep] = []

    def take(step: CheckupStep) -> None:
        steps.append(step)
        if text:
            print_step(step)

    where = settings.source or "the environment alone (no intercheck.yaml)"
    take(CheckupStep(name="Settings", state=State.DONE, detail=f"They come from {where}."))
    requests = answered = 0
    findings: list[Finding] = []
    if not settings.workspaces:
        take(no_token())
    probes = probes_of(settings)
    promises = promises_of(settings, spec_dir=spec_dir)
    for workspace in settings.workspaces:
        checkup = check_workspace(
            workspace,
            probes=probes,
            promises=promises,
            settings=settings,
            clock=clock,
            on_visit=lambda name, visit: None,
        )
        requests, answered = requests + checkup.requests, answered + checkup.answered
        findings.extend(checkup.findings)
        for step in checkup.steps:
            take(step)
    for step in check_slack(settings, clock):
        take(step)
    for step in check_notifiers(settings, clock):
        take(step)
    for step in _routes_steps(settings, clock):
        take(step)
    take(_history_step(settings, clock))
    missing = [step for step in steps if step.state is State.MISSING]
    if text:
        click.echo(_conclusion(missing, settings))
    else:
        print_json(
            Envelope(
                command="doctor",
                findings=findings,
                coverage=Coverage(requests=requests, seconds=time.perf_counter() - started),
                extra={"steps": [step.as_json() for step in steps]},
            )
        )
    if not answered:
        return ExitCode.NOTHING_MEASURED
    return ExitCode.FINDINGS if missing else ExitCode.CLEAN


def _routes_steps(settings: Settings, clock: SystemClock) -> Iterator[CheckupStep]:
    """Yield what is wrong with where messages go; nothing where nothing is."""
    try:
        announcer_of(settings, channels_of(settings, clock=clock))
    except ConfigurationError as error:
        yield CheckupStep(name="Routes", state=State.MISSING, detail=str(error))


def _history_step(settings: Settings, clock: SystemClock) -> CheckupStep:
    try:
        return check_history(settings, clock)
    except HistoryError as error:
        return CheckupStep(name="History", state=State.MISSING, detail=str(error))


def print_step(step: CheckupStep) -> None:
    """Print a step for people."""
    mark, color = MARKS[step.state]
    click.echo(f"{click.style(f'{mark:7}', fg=color)} {step.name}: {step.detail}")
    for operation in step.operations:
        click.echo(f"          {operation}")
    if step.remedy:
        click.echo(f"        → {step.remedy}")


def _conclusion(missing: list[CheckupStep], settings: Settings) -> str:
    if missing:
        return f"\n{len(missing)} to do; then run `intercheck doctor` again."
    told = "" if settings.slack else " Nobody is told until Slack is set up."
    return f"\nEverything is in place: `intercheck probe` does one pass.{told}"
