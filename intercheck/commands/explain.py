"""`intercheck explain RULE`: one kind of trouble, and what mends it."""

import difflib
import textwrap
from typing import Final

import click

from contracts.errors import ConfigurationError
from contracts.rules import RULES, Evidence, Rule, Scope
from intercheck import options
from intercheck.commands.rules import described
from intercheck.output import COLORS, Envelope, print_json

WIDTH: Final = 96  # columns
_HEALTH: Final = {
    Evidence.CONNECTION: "any at all",
    Evidence.ANSWER: "Intercom's own, below 500",
    Evidence.SUCCESS: "successful",
    Evidence.BODY: "successful and have the place in question",
}
_ONE_PER: Final = {
    Scope.WORKSPACE: "one incident in each Intercom workspace",
    Scope.API: "one incident, however many Intercom workspaces see it",
}


@click.command(name="explain")
@click.argument("rule_name", metavar="RULE")
@options.output_format
def command(rule_name: str, output_format: str) -> None:
    """Explain one rule: what it means and what to do.

    \b
    Examples:
      intercheck explain auth-scope-missing
      intercheck explain schema-required --format json
    """
    rule = RULES.get(rule_name.strip().lower())
    if rule is None:
        raise ConfigurationError(_unknown(rule_name))
    if output_format == "json":
        print_json(Envelope(command="explain", extra={"rule": described(rule)}))
        return
    click.secho(rule.name, bold=True, nl=False)
    click.secho(f"  {rule.severity.value}", fg=COLORS[rule.severity])
    for title, text in _sections(rule):
        click.echo(f"\n{title}")
        click.echo(textwrap.indent(textwrap.fill(text, WIDTH - 2, break_on_hyphens=False), "  "))


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
