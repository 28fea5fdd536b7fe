"""`intercheck serve`: probe on a schedule until told to stop."""

import os
import random
import signal
import threading
from collections.abc import Sequence
from contextlib import closing, nullcontext
from pathlib import Path

import click

from contracts.clock import SystemClock
from intercheck import dashboard, options
from intercheck.descriptions import open_description
from intercheck.exits import ExitCode
from intercheck.listening import Ears, ears_of
from intercheck.pass_output import one_line
from intercheck.probing import chosen_workspaces, heartbeat_of, new_id
from intercheck.wiring import (
    announcer_of,
    channels_of,
    configuration_of,
    limits_of,
    probes_of,
    promises_of,
)
from monitors.history import History
from monitors.monitor import Monitor, PassReport
from monitors.probes import Probe, require_that_it_fits
from monitors.schedule import Schedule
from reports.words import counted


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
@click.option(
    "--listen",
    metavar="[HOST:]PORT",
    help="Show the report, /healthz and /metrics there (on loopback where no host is named).",
)
@options.config
def command(
    workspaces: tuple[str, ...],
    spec: str | None,
    spec_dir: Path | None,
    base_url: str | None,
    listen: str | None,
    config_path: Path | None,
) -> ExitCode:
    """Ask each probe in its own time, until SIGTERM or Ctrl-C.

    With a Slack app token (SLACK_APP_TOKEN) it listens to the buttons of messages.
    The pass that is running is finished then, and the exit code is 0. What was recorded and not
    yet told is told by the next start.

    \b
    Examples:
      intercheck serve
      intercheck serve --listen 9464
      intercheck serve --config /etc/intercheck.yaml      (ExecStart of a systemd unit)
    """
    settings = options.settings_from(config_path, base_url=base_url)
    named = (
        open_description(spec, spec_dir=spec_dir or settings.spec_dir, cache_dir=settings.cache_dir)
        if spec
        else None
    )
    probes = probes_of(settings, named)
    chosen = chosen_workspaces(settings, workspaces, base_url=base_url, named=named)
    monitoring = settings.monitoring
    require_that_it_fits(
        probes,
        workspaces=len(chosen),
        allowed=monitoring.rate_limit * (1 - monitoring.rate_reserve),
    )
    clock = SystemClock()
    channels = channels_of(settings, clock=clock)
    announcer = announcer_of(settings, channels)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with (
        History.open(settings.history_url, clock=clock) as history,
        Monitor(
            workspaces=chosen,
            probes=probes,
            promises=promises_of(settings, spec_dir=spec_dir, named=named),
            history=history,
            channels=channels,
            announcer=announcer,
            clock=clock,
            new_id=new_id,
            settings=monitoring,
            configured=settings.workspaces,
            configuration=configuration_of(settings),
        ) as monitor,
        closing(
            ears_of(settings, history, announcer, clock=clock, after=monitor.deliver, log=_log)
        ) as ears,
    ):
        board = dashboard.Dashboard(
            history,
            limits=limits_of(settings, probes),
            longest=max(probe.every for probe in probes),
            clock=clock,
        )
        ears.keep()
        _log(f"probing {counted(len(chosen), 'Intercom workspace')} with {len(probes)} probes each")
        schedule = Schedule(
            _Told(monitor, ears, board),
            workspaces=[workspace.name for workspace in chosen],
            probes=probes,
            clock=clock,
            log=_log,
            chance=random.Random(),  # noqa: S311 - jitter, not a secret
            at_a_time=monitoring.workspaces_at_a_time,
            heartbeat=heartbeat_of(settings, os.environ),
        )
        with dashboard.listen(board, listen, _log) if listen else nullcontext():
            schedule.run(stop)
    _log("stopped")
    return ExitCode.CLEAN


class _Told:
    """A monitor whose passes leave a line in the log."""

    def __init__(self, monitor: Monitor, ears: Ears, board: dashboard.Dashboard) -> None:
        self._monitor = monitor
        self._ears = ears
        self._board = board
        self.prune = monitor.prune

    def run_pass(self, names: Sequence[str], probes: Sequence[Probe]) -> PassReport:
        """Run one pass and say what it came to."""
        report = self._monitor.run_pass(names, probes)
        self._board.take(report.record)
        _log(f"{', '.join(names)}: {one_line(report)}")
        self._tell(report.delivery.errors)
        return report

    def deliver(self) -> None:
        """Deliver what waits and say what could not be; keep listening to buttons."""
        self._tell(self._monitor.deliver().errors)
        self._ears.keep()  # last: it may wait for Slack

    def _tell(self, errors: Sequence[str]) -> None:
        for error in errors:
            _log(error)


def _log(sentence: str) -> None:
    click.echo(f"{SystemClock().now():%Y-%m-%dT%H:%M:%SZ} {sentence}", err=True)
