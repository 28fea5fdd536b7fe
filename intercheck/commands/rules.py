"""`intercheck rules`: every kind of trouble there is."""

import click

from contracts.rules import RULES, Rule
from intercheck import options
from intercheck.output import COLORS, Envelope, print_json


@click.command(name="rules")
@options.output_format
def command(output_format: str) -> None:
    """List every rule with its severity and meaning.

    \b
    Examples:
      intercheck rules
      intercheck rules --format json
    """
    if output_format == "json":
        listed = [described(rule) for rule in RULES.values()]
        print_json(Envelope(command="rules", extra={"rules": listed}))
        return
    width = max(map(len, RULES))
    for rule in RULES.values():
        severity = click.style(f"{rule.severity.value:8}", fg=COLORS[rule.severity])
        click.echo(f"{rule.name:{width}}  {severity}  {rule.meaning}")
    click.echo("\nintercheck explain RULE says what to do about one.")


def described(rule: Rule) -> dict[str, object]:
    """Return the published form of a rule."""
    return {
        "name": rule.name,
        "severity": rule.severity.value,
        "scope": rule.scope.value,
        "measured_by": rule.measured_by.value,
        "at_once": rule.at_once,
        "meaning": rule.meaning,
        "remedy": rule.remedy,
        "example": rule.example,
    }
