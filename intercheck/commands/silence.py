"""`intercheck silence`: hear nothing of some incidents for a while."""

import getpass
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click

from contracts.clock import SystemClock
from contracts.errors import ConfigurationError
from intercheck import options
from intercheck.exits import ExitCode
from intercheck.output import Envelope, print_json
from intercheck.settings import READING
from monitors.alerting.matchers import Matcher, parse_matcher
from monitors.alerting.silences import KEPT_AFTER_END, KIND, Silence
from monitors.history import History
from monitors.settings import read_duration

_SHORT: Final = 8  # hex digits of an id; nobody has a million silences


@click.group(name="silence")
def command() -> None:
    """Hold alerts back: add a silence, list them, end one.

    \b
    Examples:
      intercheck silence add 'rule="timeout"' --for 8h
      intercheck silence list
    """


@command.command()
@click.argument("matchers", nargs=-1, required=True)
@click.option("--for", "span", metavar="DURATION", help="How long: 30m, 8h, 7d.")
@click.option("--until", metavar="TIME", help="Until when: 2026-03-02T18:00 (UTC if no zone).")
@click.option("--comment", default="", help="Why.")
@click.option("--by", metavar="NAME", help="Who (default: the user of this process).")
@options.config
@options.output_format
def add(
    matchers: tuple[str, ...],
    span: str | None,
    until: str | None,
    comment: str,
    by: str | None,
    config_path: Path | None,
    output_format: str,
) -> ExitCode:
    """Tell nothing of the incidents that all MATCHERS cover, until it ends.

    Labels are rule, severity, workspace, operation, consumer, region, version; operators are
    =, !=, =~ and !~, as in Alertmanager. That an incident is over is told all the same where it
    was told of before; what is still open at the end is told then.

    \b
    Examples:
      intercheck silence add 'rule="timeout"' 'workspace=~"test-.*"' --for 8h
      intercheck silence add severity=warning --until 2026-03-02T18:00 --comment migration
    """
    settings = options.settings_from(config_path, READING)
    clock = SystemClock()
    now = clock.now()
    silence = Silence(
        id=uuid.uuid4().hex[:_SHORT],
        matchers=tuple(_matcher(one) for one in matchers),
        created_at=now,
        ends_at=_end(span, until, now),
        created_by=by or getpass.getuser(),
        comment=comment,
    )
    with History.open(settings.history_url, clock=clock) as history, history.transaction():
        for old in _silences(history):
            if old.ends_at + KEPT_AFTER_END < now:
                history.save_state(KIND, old.id, None)
        history.save_state(KIND, silence.id, silence.as_document())
    _print([silence], now, output_format)
    return ExitCode.CLEAN


@command.command(name="list")
@click.option("--all", "with_ended", is_flag=True, help="Those that ended lately too.")
@options.config
@options.output_format
def list_silences(with_ended: bool, config_path: Path | None, output_format: str) -> ExitCode:
    """List the silences, the next to end first."""
    settings = options.settings_from(config_path, READING)
    clock = SystemClock()
    now = clock.now()
    with History.open(settings.history_url, clock=clock) as history:
        found = _silences(history)
    _print([one for one in found if with_ended or one.is_active(now)], now, output_format)
    return ExitCode.CLEAN


@command.command()
@click.argument("silence")
@options.config
@options.output_format
def expire(silence: str, config_path: Path | None, output_format: str) -> ExitCode:
    """End a silence now; SILENCE is its id or the beginning of it.

    What it held back and is still so is told by the next pass.
    """
    settings = options.settings_from(config_path, READING)
    clock = SystemClock()
    now = clock.now()
    with History.open(settings.history_url, clock=clock) as history, history.transaction():
        active = [one for one in _silences(history) if one.is_active(now)]
        found = [one for one in active if silence and one.id.startswith(silence)]
        if len(found) != 1:
            listed = ", ".join(one.id for one in active) or "none"
            raise ConfigurationError(
                f"{silence!r} names {len(found)} active silences, not one: there are {listed}."
            )
        document = {**found[0].as_document(), "ends_at": now.isoformat()}
        history.save_state(KIND, found[0].id, document)
    _print([Silence.of_document(document)], now, output_format)
    return ExitCode.CLEAN


def _silences(history: History) -> list[Silence]:
    found = [Silence.of_document(one) for one in history.documents(KIND).values()]
    return sorted(found, key=lambda one: one.ends_at)


def _matcher(written: str) -> Matcher:
    try:
        return parse_matcher(written)
    except ValueError as error:
        raise ConfigurationError(f"{error}.") from None


def _end(span: str | None, until: str | None, now: datetime) -> datetime:
    if (span is None) == (until is None):
        raise ConfigurationError("A silence needs an end: write either --for 8h or --until TIME.")
    try:
        if until is not None:
            written = datetime.fromisoformat(until)
            end = written if written.tzinfo else written.replace(tzinfo=UTC)
        else:
            length = read_duration(span)
            assert isinstance(length, timedelta)  # noqa: S101 - read_duration raises otherwise
            end = now + length
    except (ValueError, OverflowError) as error:
        raise ConfigurationError(f"The end of the silence cannot be read: {error}.") from None
    if end <= now:
        raise ConfigurationError(f"{until} is over already: write a time to come.")
    return end


def _print(silences: list[Silence], now: datetime, output_format: str) -> None:
    if output_format == "json":
        shown = [{**one.as_document(), "active": one.is_active(now)} for one in silences]
        print_json(Envelope(command="silence", extra={"silences": shown}))
        return
    for one in silences:
        matchers = " ".join(str(matcher) for matcher in one.matchers)
        word = "until" if one.is_active(now) else "ended"
        note = f"  {one.comment}" if one.comment else ""
        click.echo(
            f"{one.id}  {matchers}  {word} {one.ends_at:%Y-%m-%d %H:%M} UTC  "
            f"by {one.created_by}{note}"
        )
    if not silences:
        click.echo("Nothing is silenced.")
