"""`intercheck incidents`: what is wrong, since when, and who has taken it on."""

import getpass
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import click

from contracts.clock import SystemClock
from contracts.errors import ConfigurationError
from intercheck import options
from intercheck.exits import ExitCode
from intercheck.incident_names import SHORT, incident_named
from intercheck.output import COLORS, Envelope, print_finding, print_json
from intercheck.wiring import announcer_of, channels_of
from monitors.alerting.fallback import deliver_all
from monitors.alerting.phrases import duration
from monitors.history import History
from monitors.records import Phase
from monitors.responding import acknowledge_incident
from reports.episodes import Episode, episodes_of
from reports.machine import incident_document


@click.group(name="incidents")
def command() -> None:
    """List the incidents, show one, take one on.

    \b
    Examples:
      intercheck incidents list
      intercheck incidents ack 4f3a --by ann
    """


@command.command(name="list")
@click.option("--all", "with_resolved", is_flag=True, help="Those that are over too.")
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=30,
    show_default=True,
    help="With --all: how far back.",
)
@options.config
@options.output_format
def list_incidents(
    with_resolved: bool, days: int, config_path: Path | None, output_format: str
) -> ExitCode:
    """List the open incidents, the worst and then the oldest first.

    \b
    Examples:
      intercheck incidents list
      intercheck incidents list --all --days 7 --format json
    """
    settings = options.settings_from(config_path)
    clock = SystemClock()
    with History.open(settings.history_url, clock=clock) as history:
        episodes = _episodes(history, clock, days=days)
    shown = [one for one in episodes if with_resolved or one.incident.phase is Phase.OPEN]
    if output_format == "json":
        print_json(
            Envelope(command="incidents", incidents=[incident_document(one) for one in shown])
        )
        return ExitCode.CLEAN
    for episode in shown:
        _print_line(episode)
    if not shown:
        click.echo("No incident is open." if not with_resolved else "There was no incident.")
    return ExitCode.CLEAN


@command.command(short_help="Show one incident: what broke, for whom, what to do.")
@click.argument("incident")
@options.config
@options.output_format
def show(incident: str, config_path: Path | None, output_format: str) -> ExitCode:
    """Show one incident: what broke, for whom, what happened since, what to do.

    INCIDENT is its id, its cause or fingerprint, or the beginning of one of them.

    \b
    Examples:
      intercheck incidents show 4f3a
      intercheck incidents show v1:0a1b2c3d4e5f6071 --format json
    """
    settings = options.settings_from(config_path)
    clock = SystemClock()
    with History.open(settings.history_url, clock=clock) as history:
        meant = incident_named(history.incidents(), incident)
        (episode,) = episodes_of([meant], history.transitions(meant.id), now=clock.now())
    if output_format == "json":
        print_json(Envelope(command="incidents", incidents=[incident_document(episode)]))
    else:
        _print_episode(episode)
    return ExitCode.CLEAN


@command.command()
@click.argument("incident")
@click.option("--by", metavar="NAME", help="Who takes it on (default: the user of this process).")
@options.config
@options.output_format
def ack(incident: str, by: str | None, config_path: Path | None, output_format: str) -> ExitCode:
    """Take an open incident on: its message then says who has.

    When it gets worse or comes back, it is nobody's again.

    \b
    Examples:
      intercheck incidents ack 4f3a
      intercheck incidents ack 4f3a --by ann
    """
    settings = options.settings_from(config_path)
    clock = SystemClock()
    name = (by or getpass.getuser()).strip()
    if not name:
        raise ConfigurationError("--by names nobody: write who takes it on.")
    channels = channels_of(settings, clock=clock)
    with History.open(settings.history_url, clock=clock) as history:
        meant = incident_named(history.incidents(), incident)
        if meant.phase is not Phase.OPEN:
            raise ConfigurationError(f"Incident {meant.id[:SHORT]} is over: nothing to take on.")
        announcer = announcer_of(settings, channels)
        taken = acknowledge_incident(history, meant.key, by=name, announcer=announcer, clock=clock)
        delivery = deliver_all(history, channels, announcer=announcer, clock=clock)
        meant = history.incident_states()[meant.key]
        (episode,) = episodes_of([meant], history.transitions(meant.id), now=clock.now())
    if output_format == "json":
        print_json(
            Envelope(
                command="incidents",
                incidents=[incident_document(episode)],
                errors=delivery.errors,
            )
        )
    else:
        click.echo(
            f"Incident {meant.id[:SHORT]} ({meant.finding.rule.name}) is {name}'s"
            + ("." if taken else " already.")
        )
        for error in delivery.errors:
            click.echo(error, err=True)
    return ExitCode.CLEAN if delivery.is_complete else ExitCode.FINDINGS


def _episodes(history: History, clock: SystemClock, *, days: int) -> Sequence[Episode]:
    now = clock.now()
    return episodes_of(
        history.incidents(now - timedelta(days=days)), history.transitions(), now=now
    )


def _print_line(episode: Episode) -> None:
    incident = episode.incident
    is_open = incident.phase is Phase.OPEN
    mark = incident.severity.value if is_open else "resolved"
    color = COLORS[incident.severity] if is_open else "green"
    span = f"for {duration(episode.duration)}" if is_open else f"after {duration(episode.duration)}"
    taken = f", {incident.acknowledged_by} is on it" if incident.acknowledged_by else ""
    click.echo(
        f"{incident.id[:SHORT]}  {click.style(f'{mark:8}', fg=color)}  "
        f"{incident.finding.rule.name}  {_place(episode)}  {span}{taken}"
    )
    click.echo(f"{'':{SHORT}}  {incident.finding.message}")


def _print_episode(episode: Episode) -> None:
    _print_line(episode)
    click.echo("")
    print_finding(episode.incident.finding)
    click.echo("")
    click.echo(f"Intercom workspaces  {', '.join(episode.incident.workspaces)}")
    click.echo(f"Operations           {', '.join(episode.incident.operations) or 'all'}")
    for event in episode.events:
        click.echo(f"{event.at:%Y-%m-%d %H:%M:%S} UTC  {event.kind.value}")


def _place(episode: Episode) -> str:
    names = episode.incident.workspaces
    return names[0] if len(names) == 1 else f"{len(names)} Intercom workspaces"
