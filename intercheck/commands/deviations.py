"""`intercheck deviations list|accept|prune`: departures that are accepted on purpose."""

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import click

from contracts.clock import SystemClock
from contracts.deviations import PACKAGED, Deviation, read_ledger
from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.ledger_text import entry_of, without_entries
from contracts.rules import Severity
from intercheck import options
from intercheck.accepting import read_day, write_entries, write_ledger
from intercheck.exits import is_failing
from intercheck.found import COMMANDS, Found, all_found, last_found
from intercheck.output import Envelope, print_finding, print_json
from intercheck.settings import READING, Settings
from monitors.history import History
from reports.words import counted

SOON: Final = timedelta(days=30)
"""Ends nearer than this are pointed out: a month is time enough to ask Intercom again."""

_OF_THE_MOMENT: Final = (
    "auth-", "connection-", "latency-", "rate-limit-", "server-error", "timeout"
)  # fmt: skip
"""Rules that say how things stand, not what is promised: nothing to accept by the dozen."""


@click.group(name="deviations")
def command() -> None:
    """Departures that are accepted on purpose: list, accept, prune.

    The packaged ledger holds Intercom's known mistakes; yours is deviations.yaml beside your
    intercheck.yaml (or `deviations:` in it). Accepted findings are shown, and fail nothing.

    \b
    Examples:
      intercheck deviations list
      intercheck deviations accept --all --reason "told Intercom" --until 90d
      intercheck deviations prune --dry-run
    """


@command.command(name="list")
@options.config
@options.output_format
def list_deviations(config_path: Path | None, output_format: str) -> None:
    """List what is accepted, and until when.

    \b
    Examples:
      intercheck deviations list
      intercheck deviations list --format json
    """
    settings = options.settings_from(config_path, READING)
    today = SystemClock().now().date()
    ledger = read_ledger(PACKAGED, settings.deviations)
    if output_format == "json":
        listed = [_described(one, today) for one in ledger.deviations]
        print_json(Envelope(command="deviations", extra={"deviations": listed}))
        return
    for one in ledger.deviations:
        click.echo(f"{_state(one, today):12} until {one.until}  {one.reason}")
        for key in one.keys:
            click.echo(f"             {key}" + (f"  ({one.seen})" if one.seen else ""))
        if one.link:
            click.echo(f"             {one.link}")
    expired = sum(not one.is_in_force(today) for one in ledger.deviations)
    click.echo(
        f"{len(ledger.deviations)} in the ledgers, {expired} expired; yours are kept in "
        f"{settings.deviations}."
    )


@command.command()
@click.argument("causes", nargs=-1, metavar="[CAUSE]…")
@click.option("--all", "accepts_all", is_flag=True, help="Accept all that is shown.")
@click.option("--reason", help="Why it is accepted; asked for where it is not given.")
@click.option("--until", help="Its last day, or a span such as 90d; asked for likewise.")
@click.option("--link", default="", help="What Intercom was told, or where it is known.")
@click.option(
    "--from",
    "source",
    type=click.Choice(COMMANDS),
    help="Of which command's last run (default: the latest of any).",
)
@options.config
def accept(
    causes: tuple[str, ...],
    accepts_all: bool,
    reason: str | None,
    until: str | None,
    link: str,
    source: str | None,
    config_path: Path | None,
) -> None:
    """Accept what the last run found: the CAUSEs named, or all of it.

    A CAUSE may also be that of an incident (`intercheck incidents accept` ends it at once).
    Without one it shows what would fail a run and asks.
    What says how things stand (a refused token, a timeout, latency) is only accepted by its cause.

    \b
    Examples:
      intercheck deviations accept v1:0c6d1bfa7a7be1a5 --reason "told Intercom" --until 90d
      intercheck deviations accept --all --from contract --reason "known since May" --until 90d
    """
    settings = options.settings_from(config_path, READING)
    reason = None if reason is None else _checked(reason)
    last_day = None if until is None else read_day(until)
    if causes:
        chosen = _named(settings, source, causes)
    else:
        found = last_found(settings, source)
        chosen = _shown(found, accepts_all=accepts_all)
        if not chosen:
            click.echo(f"The last run of {found.command} found nothing that is not accepted.")
            return
    reason = reason or _checked(_ask("Why", "--reason"))
    last_day = last_day or read_day(_ask("Until (a day, or such as 90d)", "--until"))
    entries = [entry_of(one, reason=reason, until=last_day, link=link) for one in chosen]
    write_entries(settings.deviations, entries)
    click.echo(
        f"{counted(len(entries), 'cause')} accepted until {last_day}, in {settings.deviations}."
    )


@command.command(short_help="Drop your entries that are over, or accept nothing any more.")
@click.option("--dry-run", is_flag=True, help="Say what would be dropped; change nothing.")
@options.config
def prune(dry_run: bool, config_path: Path | None) -> None:
    """Drop your entries that have expired, or whose cause does not occur any more.

    A cause has ceased where the last run of some command asked its operation and none of them found
    it. What was not asked stays, and so does an entry by place in a component schema.

    \b
    Examples:
      intercheck deviations prune --dry-run
    """
    settings = options.settings_from(config_path, READING)
    path = settings.deviations
    today = SystemClock().now().date()
    own = read_ledger(path).deviations
    runs = all_found(settings)
    dropped: dict[int, str] = {}
    for index, one in enumerate(own):
        if not one.is_in_force(today):
            dropped[index] = f"expired on {one.until}"
        elif _has_ceased(one, runs):
            dropped[index] = "does not occur any more"
    for index, why in dropped.items():
        click.echo(f"{own[index].where}: {own[index].seen or ', '.join(own[index].keys)}: {why}")
    if dropped and not dry_run:
        text = path.read_text("utf-8")
        write_ledger(path, without_entries(text, dropped.keys(), source=str(path)))
    verb = "would be dropped" if dry_run else "dropped"
    click.echo(f"{len(dropped)} of {len(own)} {verb}.")


def _named(settings: Settings, source: str | None, causes: tuple[str, ...]) -> list[Finding]:
    """Return the findings with these causes: of the last runs, else of the incidents."""
    runs = all_found(settings) if source is None else [last_found(settings, source)]
    by_cause = {one.cause: one for run in runs for one in run.findings}
    if source is None and not by_cause.keys() >= set(causes):
        with History.open(settings.history_url, clock=SystemClock()) as history:
            states = history.incident_states()
        by_cause = {one.finding.cause: one.finding for one in states.values()} | by_cause
    for cause in causes:
        if cause not in by_cause:
            raise click.UsageError(
                f"{'The last run of ' + source if source else 'Neither a run nor an incident'} "
                f"has the cause {cause}: take it from a finding as it is shown."
            )
    return [by_cause[cause] for cause in dict.fromkeys(causes)]


def _shown(found: Found, *, accepts_all: bool) -> list[Finding]:
    """Show what would fail a run, and return it where it is to be accepted."""
    failing = {one.cause: one for one in found.findings if is_failing(one, Severity.WARNING)}
    chosen = [one for one in failing.values() if not one.rule.name.startswith(_OF_THE_MOMENT)]
    for finding in chosen:
        print_finding(finding)
    if left := len(failing) - len(chosen):
        click.echo(f"{left} more say how things stand, and are only accepted by their cause.")
    if chosen and not accepts_all:
        _require_terminal("CAUSE or --all")
        click.confirm(f"Accept all {len(chosen)}?", abort=True)
    return chosen


def _checked(reason: str) -> str:
    if not reason.strip():
        raise click.UsageError("The reason is empty: say why it is accepted.")
    return reason.strip()


def _ask(question: str, option: str) -> str:
    _require_terminal(option)
    answer: str = click.prompt(question)
    return answer


def _require_terminal(option: str) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError(f"Nobody is there to be asked: give {option}.")


def _has_ceased(one: Deviation, runs: list[Found]) -> bool:
    words = one.seen.split()
    if len(words) != 5:
        return False  # of every operation, or written by hand: nobody knows what was asked
    identity = Operation.parse(f"{words[1]} {words[2]}").identity
    asked = [run for run in runs if identity in run.exercised]
    occurring = {finding.cause for run in runs for finding in run.findings}
    return bool(asked) and occurring.isdisjoint(one.keys)


def _state(one: Deviation, today: date) -> str:
    if not one.is_in_force(today):
        return "EXPIRED"
    return "ends soon" if one.until - today < SOON else "accepted"


def _described(one: Deviation, today: date) -> dict[str, object]:
    return {
        "accepts": list(one.keys),
        "reason": one.reason,
        "link": one.link,
        "until": one.until.isoformat(),
        "in_force": one.is_in_force(today),
        "seen": one.seen,
        "where": one.where,
    }
