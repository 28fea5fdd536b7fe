"""`intercheck explain`: one kind of trouble and what mends it, or an incident for the support."""

import difflib
import textwrap
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from contracts.clock import SystemClock
from contracts.errors import ConfigurationError
from contracts.rules import RULES, Evidence, Rule, Scope
from intercheck import options
from intercheck.commands.rules import described
from intercheck.incident_names import incident_named
from intercheck.output import COLORS, Envelope, print_json
from intercheck.settings import READING
from monitors.history import History
from monitors.memory import APP
from monitors.records import IncidentState
from reports.support import support_text

WIDTH: Final = 96  # columns
DAY_BEFORE: Final = timedelta(days=1)
"""How far before an incident a healthy answer is looked for."""
_HEALTH: Final = {
    Evidence.CONNECTION: "any at all",
    Evidence.OPENED: "any over a connection that was opened for it",
    Evidence.ANSWER: "Intercom's own, below 500",
    Evidence.SUCCESS: "successful",
    Evidence.BODY: "successful and have the place in question",
}
_ONE_PER: Final = {
    Scope.WORKSPACE: "one incident in each Intercom workspace",
    Scope.API: "one incident, however many Intercom workspaces see it",
}


@click.command(name="explain")
@click.argument("name", metavar="RULE|INCIDENT")
@click.option(
    "--for-support",
    is_flag=True,
    help="Of an incident: what Intercom's support asks for, ready to paste.",
)
@options.config
@options.output_format
def command(name: str, for_support: bool, config_path: Path | None, output_format: str) -> None:
    """Explain one rule, or the rule of one incident: what it means and what to do.

    INCIDENT is its id, its cause or fingerprint, or the beginning of one of them.

    \b
    Examples:
      intercheck explain auth-scope-missing
      intercheck explain schema-required --format json
      intercheck explain 4f3a --for-support
    """
    rule = RULES.get(name.strip().lower())
    if rule is None or for_support:
        incident, text = _incident(name, config_path)
        if for_support:
            _print_for_support(incident, text, output_format)
            return
        rule = incident.finding.rule
    if output_format == "json":
        print_json(Envelope(command="explain", extra={"rule": described(rule)}))
        return
    click.secho(rule.name, bold=True, nl=False)
    click.secho(f"  {rule.severity.value}", fg=COLORS[rule.severity])
    for title, text in _sections(rule):
        click.echo(f"\n{title}")
        click.echo(textwrap.indent(textwrap.fill(text, WIDTH - 2, break_on_hyphens=False), "  "))


def _incident(name: str, config_path: Path | None) -> tuple[IncidentState, str]:
    """Return the incident that is meant, and what support asks for; raises ConfigurationError where
    it is neither that nor a rule."""
    if name.strip().lower() in RULES:
        raise ConfigurationError(
            f"--for-support is about an incident, and {name!r} is a rule: `intercheck incidents "
            "list` shows the incidents there are."
        )
    settings = options.settings_from(config_path, READING)
    with History.open(settings.history_url, clock=SystemClock()) as history:
        try:
            incident = incident_named(history.incidents(), name)
        except ConfigurationError as error:
            raise ConfigurationError(f"{error} {_unknown(name)}") from None
        text = support_text(
            incident,
            transitions=history.transitions(incident.id),
            measurements=history.measurements(incident.first_seen_at - DAY_BEFORE),
            app_ids=history.documents(APP),
        )
    return incident, text


def _print_for_support(incident: IncidentState, text: str, output_format: str) -> None:
    if output_format == "json":
        findings = [incident.finding]
        print_json(Envelope(command="explain", findings=findings, extra={"for_support": text}))
    else:
        click.echo(text)


def _sections(rule: Rule) -> list[tuple[str, str]]:
    opens = (
        "at the first sight that is confirmed"
        if rule.at_once
        else "after several sights in a row (failure-threshold)"
    )
    return [
        ("What it means", rule.meaning),
        ("What to do", rule.remedy),
        ("For example", rule.example),
        ("As an incident", f"Opens {opens}: {_ONE_PER[rule.scope]}. {_over(rule)}"),
    ]


def _over(rule: Rule) -> str:
    answers = _HEALTH[rule.measured_by]
    return f"It is over after several answers in a row without it that are {answers}."


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name.strip().lower(), RULES, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else "`intercheck rules` lists them."
    return f"There is no rule {name!r}: {hint}"
