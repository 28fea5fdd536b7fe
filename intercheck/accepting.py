"""What is accepted: the packaged ledger and the user's own, and a warning for what has expired."""

from datetime import date

import click

from contracts.deviations import PACKAGED, Ledger, read_ledger
from intercheck.settings import Settings


def ledger_of(settings: Settings, today: date) -> Ledger:
    """Return the ledger of packaged and own entries; says on stderr which have expired."""
    ledger = read_ledger(PACKAGED, settings.deviations)
    for one in ledger.expired(today):
        click.echo(
            f"Warning: {one.where} expired on {one.until} and accepts nothing any more "
            f"({one.reason}): renew it, or drop it with `intercheck deviations prune`.",
            err=True,
        )
    return ledger
