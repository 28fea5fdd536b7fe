"""What is said of what runs created, and of what is left of it."""

from collections.abc import Iterator, Sequence
from typing import Final

import click

from contracts.cleaning import LATEST, Cleaned, clean_up_abandoned
from contracts.client import IntercomClient
from contracts.journal import Left
from intercheck.exits import ExitCode
from intercheck.output import Envelope, print_json
from intercheck.targets import Target
from reports.words import counted

AGAIN: Final = "`intercheck contract --clean-up`"


def clean_up_and_say(client: IntercomClient, target: Target, output_format: str) -> ExitCode:
    """Remove what earlier runs left, and say so. Raises NotAllowedError."""
    client.prove("what an earlier run left")
    cleaned = clean_up_abandoned(client, target.workspace, target.notes, clock=target.clock)
    if output_format == "json":
        print_json(Envelope(command="contract", extra=as_json(cleaned)))
    else:
        gone = cleaned.removed
        click.echo(f"{counted(len(gone), 'object')} of earlier runs {_are(gone)} gone.")
        for line in sentences(cleaned):
            click.echo(line)
    return ExitCode.FINDINGS if cleaned.remaining else ExitCode.CLEAN


def clean_up_before(client: IntercomClient, target: Target) -> None:
    """Remove what earlier runs left before it gets into the way of this one; says so on stderr."""
    cleaned = clean_up_abandoned(client, target.workspace, target.notes, clock=target.clock)
    if gone := cleaned.removed:
        click.echo(f"Removed what an earlier run left: {_names(gone)}.", err=True)
    for line in sentences(cleaned):
        click.echo(line, err=True)


def sentences(cleaned: Cleaned) -> Iterator[str]:
    """Say what is not gone, or not certainly."""
    if cleaned.remaining:
        why = f" ({cleaned.refused})" if cleaned.refused else ""
        yield (
            f"Still there: {_names(cleaned.remaining)}{why}; {AGAIN} tries again, or delete "
            f"{'it' if len(cleaned.remaining) == 1 else 'them'} by hand."
        )
    if cleaned.missing:
        yield (
            f"Whether {_names(cleaned.missing)} {_were(cleaned.missing)} created is not known, as "
            f"no answer said so, and no such object is there now: {AGAIN} and every run look "
            f"again, for {LATEST / 3600:.0f} h."
        )
    if cleaned.living:
        others = "another run is" if cleaned.living == 1 else f"{cleaned.living} other runs are"
        yield f"What belongs to runs that go on is left to them: {others} at work."


def as_json(cleaned: Cleaned) -> dict[str, object]:
    """Return the same for readers of JSON."""
    return {
        "removed": [one.name for one in cleaned.removed],
        "remaining": [one.name for one in cleaned.remaining],
        "missing": [one.name for one in cleaned.missing],
    }


def _names(left: Sequence[Left]) -> str:
    return ", ".join(one.name for one in left)


def _are(left: Sequence[Left]) -> str:
    return "is" if len(left) == 1 else "are"


def _were(left: Sequence[Left]) -> str:
    return "was" if len(left) == 1 else "were"
