"""`intercheck alerts`: what a message looks like, and whether one arrives."""

import uuid
from collections.abc import Mapping
from pathlib import Path

import click

from contracts.clock import SystemClock
from contracts.errors import ConfigurationError, NotificationError
from intercheck import options
from intercheck.exits import ExitCode
from intercheck.incident_names import incident_named
from intercheck.output import Envelope, print_json
from intercheck.settings import TELLING
from intercheck.wiring import announcer_of, channels_of
from monitors.alerting.events import event_in, texts_of
from monitors.alerting.outbox import send_patiently
from monitors.alerting.samples import samples
from monitors.history import History
from monitors.records import Notice, QueuedNotice

NOWHERE = (
    "No channel is configured: set SLACK_BOT_TOKEN and SLACK_CHANNEL, or SLACK_WEBHOOK_URL, or "
    "name a notifier under `alerting: notifiers:` (`intercheck doctor` walks through it)."
)


@click.group(name="alerts")
def command() -> None:
    """See what an alert says, and whether alerts arrive.

    \b
    Examples:
      intercheck alerts test
      intercheck alerts preview 4f3a
    """


@command.command()
@click.argument("incident")
@options.config
@options.output_format
def preview(incident: str, config_path: Path | None, output_format: str) -> ExitCode:
    """Print what is told of an incident now; send nothing.

    INCIDENT is its id, its cause or fingerprint, or the beginning of one of them.

    \b
    Examples:
      intercheck alerts preview 4f3a
      intercheck alerts preview 4f3a --format json      (the blocks, as Slack takes them)
    """
    settings = options.settings_from(config_path, TELLING)
    clock = SystemClock()
    channels = channels_of(settings, clock=clock)
    with History.open(settings.history_url, clock=clock) as history:
        meant = incident_named(history.incidents(), incident)
        *_, latest = history.transitions(meant.id)
        notices = announcer_of(settings, channels).preview(latest, now=clock.now())
    if not notices:
        raise ConfigurationError(NOWHERE)
    if output_format == "json":
        shown = [_document(notice) for notice in notices]
        print_json(Envelope(command="alerts", extra={"notices": shown}))
        return ExitCode.CLEAN
    for notice in notices:
        click.echo(f"To {notice.channel}:")
        _print_notice(notice)
    return ExitCode.CLEAN


@command.command(short_help="Send a sample of every message to every channel.")
@click.option(
    "--to",
    "wanted",
    multiple=True,
    metavar="CHANNEL",
    help="Only to this Slack channel or notifier; may be repeated.",
)
@options.config
@options.output_format
def test(wanted: tuple[str, ...], config_path: Path | None, output_format: str) -> ExitCode:
    """Send a sample of every kind of message to every configured channel, marked as a test.

    A pager (PagerDuty, Alertmanager) gets one incident that opens, is taken on and ends.
    The exit code is 1 where one was not taken.

    \b
    Examples:
      intercheck alerts test
      intercheck alerts test --to "#intercom-health" --to pager
    """
    settings = options.settings_from(config_path, TELLING)
    clock = SystemClock()
    channels = channels_of(settings, clock=clock)
    if not channels:
        raise ConfigurationError(NOWHERE)
    for name in wanted:
        if name not in channels:
            raise ConfigurationError(
                f"--to names {name!r}, which is no channel: there are {', '.join(channels)}."
            )
    announcer = announcer_of(settings, channels)
    sent: list[Mapping[str, object]] = []
    errors: dict[str, None] = {}
    now = clock.now()
    for name in wanted or channels:
        parents: dict[str, tuple[str, str] | None] = {}
        for notice in samples(announcer, name, test_id=uuid.uuid4().hex, now=now):
            queued = QueuedNotice(
                id=0,
                notice=notice,
                next_attempt_at=now,
                created_at=now,
                parent=parents.get(notice.incident_id),
            )
            error = ""
            try:
                delivery = send_patiently(channels[name], queued, clock)
                parents[notice.incident_id] = delivery.receipt
            except NotificationError as trouble:
                error = str(trouble)
                errors[error] = None
            sent.append({"channel": name, "kind": notice.kind.value, "error": error})
    if output_format == "json":
        print_json(Envelope(command="alerts", errors=tuple(errors), extra={"sent": sent}))
    else:
        for one in sent:
            click.echo(f"{one['channel']}  {one['kind']:12}  {one['error'] or 'delivered'}")
    return ExitCode.FINDINGS if errors else ExitCode.CLEAN


def _document(notice: Notice) -> dict[str, object]:
    return {
        "channel": notice.channel,
        "kind": notice.kind.value,
        "form": notice.form.value,
        "text": notice.text,
        "color": notice.color,
        "blocks": list(notice.blocks),
    }


def _print_notice(notice: Notice) -> None:
    click.echo(notice.text)
    details = event_in(notice).get("details")
    for text in [str(details)] if details else texts_of(notice.blocks):
        click.echo("")
        click.echo(text)
