"""`intercheck incidents`: what is wrong, since when, and who has taken it on."""

import getpass
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import click

from contracts.clock import SystemClock
from contracts.errors import ConfigurationError
from contracts.findings import Course
from intercheck import options
from intercheck.accepting import accept_incident, read_day
from intercheck.exits import ExitCode
from intercheck.incident_names import SHORT, incident_named
from intercheck.output import COLORS, Envelope, identity_line, print_finding, print_json
from intercheck.settings import READING, TELLING
from intercheck.wiring import announcer_of, channels_of
from monitors.alerting.extent import extent
from monitors.alerting.fallback import deliver_all
from monitors.alerting.outbox import DeliveryReport
from monitors.alerting.phrases import duration
from monitors.history import History
from monitors.records import Phase
from monitors.responding import acknowledge_incident, end_accepted
from reports.episodes import Episode, episodes_of
from reports.machine import incident_document


@click.group(name="incidents")
def command() -> None:
    """List the incidents, show one, take one on, accept one.

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

    What another one explains follows it.

    \b
    Examples:
      intercheck incidents list
      intercheck incidents list --all --days 7 --format json
    """
    settings = options.settings_from(config_path, READING)
    clock = SystemClock()
    with History.open(settings.history_url, clock=clock) as history:
        episodes = _episodes(history, clock, days=days)
    shown = [one for one in episodes if with_resolved or one.incident.phase is Phase.OPEN]
    if output_format == "json":
        print_json(
            Envelope(command="incidents", incidents=[incident_document(one) for one in shown])
        )
        return ExitCode.CLEAN
    for episode in _by_parent(shown):
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
    settings = options.settings_from(config_path, READING)
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
    settings = options.settings_from(config_path, TELLING)
    clock = SystemClock()
    name = _who(by, "takes it on")
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
    said = f"Incident {meant.id[:SHORT]} ({meant.finding.rule.name}) is {name}'s"
    return _answer(episode, delivery, said + ("." if taken else " already."), output_format)


@command.command(name="accept")
@click.argument("incident")
@click.option("--until", required=True, help="Its last day, or a span such as 90d.")
@click.option("--reason", required=True, help="Why it is accepted.")
@click.option("--link", default="", help="What Intercom was told, or where it is known.")
@click.option("--by", metavar="NAME", help="Who accepts it (default: the user of this process).")
@options.config
@options.output_format
def accept(
    incident: str,
    until: str,
    reason: str,
    link: str,
    by: str | None,
    config_path: Path | None,
    output_format: str,
) -> ExitCode:
    """Accept an open incident until a day.

    It is over, and told again after that day if it is still so.

    All its causes are written into your deviations file; `intercheck deviations` lists and drops
    them.

    \b
    Examples:
      intercheck incidents accept 4f3a --until 90d --reason "told Intercom"
    """
    last_day = read_day(until)
    if not reason.strip():
        raise click.UsageError("The reason is empty: say why it is accepted.")
    settings = options.settings_from(config_path, TELLING)
    clock = SystemClock()
    name = _who(by, "accepts it")
    channels = channels_of(settings, clock=clock)
    with History.open(settings.history_url, clock=clock) as history:
        meant = incident_named(history.incidents(), incident)
        if meant.phase is not Phase.OPEN:
            raise ConfigurationError(f"Incident {meant.id[:SHORT]} is over: nothing to accept.")
        accept_incident(
            settings, history, meant.key, until=last_day, reason=reason.strip(), link=link
        )
        announcer = announcer_of(settings, channels)
        end_accepted(
            history,
            meant.key,
            until=last_day,
            by=name,
            why=reason.strip(),
            announcer=announcer,
            clock=clock,
        )
        delivery = deliver_all(history, channels, announcer=announcer, clock=clock)
        meant = history.incident_states()[meant.key]
        (episode,) = episodes_of([meant], history.transitions(meant.id), now=clock.now())
    said = f"Incident {meant.id[:SHORT]} ({meant.finding.rule.name}) is accepted until {last_day}."
    return _answer(episode, delivery, said, output_format)


def _who(by: str | None, does: str) -> str:
    try:
        name = (by or getpass.getuser()).strip()
    except (KeyError, OSError):  # a container's user has no name
        name = ""
    if not name:
        raise ConfigurationError(f"--by names nobody: write who {does}.")
    return name


def _answer(episode: Episode, delivery: DeliveryReport, said: str, output_format: str) -> ExitCode:
    """Print what became of an incident, and what was not delivered."""
    if output_format == "json":
        print_json(
            Envelope(
                command="incidents",
                incidents=[incident_document(episode)],
                errors=delivery.errors,
            )
        )
    else:
        click.echo(said)
        for error in delivery.errors:
            click.echo(error, err=True)
    return ExitCode.CLEAN if delivery.is_complete else ExitCode.FINDINGS


def _episodes(history: History, clock: SystemClock, *, days: int) -> Sequence[Episode]:
    now = clock.now()
    return episodes_of(
        history.incidents(now - timedelta(days=days)), history.transitions(), now=now
    )


def _by_parent(shown: Sequence[Episode]) -> list[Episode]:
    """Put what another incident explains after that one, whatever explains that; none is left
    out."""
    places = {one.incident.id: place for place, one in enumerate(shown)}

    def way(episode: Episode) -> tuple[int, ...]:
        """The places from the broadest incident to this one."""
        steps = [places[episode.incident.id]]
        above = places.get(episode.incident.parent)
        while above is not None and above not in steps:
            steps.insert(0, above)
            above = places.get(shown[above].incident.parent)
        return tuple(steps)

    return sorted(shown, key=way)


def _print_line(episode: Episode) -> None:
    incident = episode.incident
    is_open = incident.phase is Phase.OPEN
    over = "usual" if incident.finding.course is Course.SETTLED else "resolved"
    mark = incident.severity.value if is_open else over
    color = COLORS[incident.severity] if is_open else "green"
    span = f"for {duration(episode.duration)}" if is_open else f"after {duration(episode.duration)}"
    unseen = ", not measured any more" if incident.is_blind else ""
    taken = f", {incident.acknowledged_by} is on it" if incident.acknowledged_by else ""
    part = f", part of {incident.parent[:SHORT]}" if incident.parent else ""
    click.echo(
        f"{incident.id[:SHORT]}  {click.style(f'{mark:8}', fg=color)}  "
        f"{incident.finding.rule.name}  {_place(episode)}  {span}{unseen}{taken}{part}"
    )
    click.echo(f"{'':{SHORT}}  {incident.finding.message}")


def _print_episode(episode: Episode) -> None:
    _print_line(episode)
    click.echo("")
    print_finding(episode.incident.finding)
    click.echo("")
    click.echo(f"Identity             {identity_line(episode.incident)}")
    click.echo(f"Intercom workspaces  {', '.join(episode.incident.workspaces)}")
    click.echo(f"Operations           {', '.join(episode.incident.operations) or 'all'}")
    if episode.incident.reach is not None:
        click.echo(f"Reaches              {extent(episode.incident.reach)}")
    if episode.incident.parent:
        click.echo(f"Part of              incident {episode.incident.parent[:SHORT]}")
    for child in episode.incident.children:
        click.echo(f"Explains             {child}")
    if episode.incident.accepted:
        click.echo(f"Accepted             {episode.incident.accepted}")
    if episode.incident.was_accepted:
        click.echo(f"Was accepted         {episode.incident.was_accepted}")
    for event in episode.events:
        click.echo(f"{event.at:%Y-%m-%d %H:%M:%S} UTC  {event.kind.value}")


def _place(episode: Episode) -> str:
    names = episode.incident.workspaces
    return names[0] if len(names) == 1 else f"{len(names)} Intercom workspaces"
