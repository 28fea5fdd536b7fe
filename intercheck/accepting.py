"""The user's own files beside the packaged ones: what is accepted, and who reads what."""

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import click

from contracts.clock import SystemClock
from contracts.consumers import EXTENSION
from contracts.deviations import PACKAGED, Deviation, Ledger, read_ledger
from contracts.documents import read_document
from contracts.errors import ConfigurationError, SpecError
from contracts.ledger_text import entry_of, with_entries
from contracts.overlays import embedded_contract
from contracts.relying import reads_of
from contracts.spec import Spec
from contracts.standards import Reads
from intercheck.settings import Settings
from monitors.alerting.contacts import Contact, contacts_of
from monitors.alerting.digest import EXPIRES_WITHIN, Expiring
from monitors.history import History
from reports.writing import write_whole

_SPAN: Final = re.compile(r"([1-9]\d{0,3})d\Z")


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


class LiveLedger:
    """The ledger as it stands now: `serve` runs for weeks, and an acceptance counts from the next
    pass on. A file that cannot be read any more is said once; what it said before counts."""

    def __init__(self, settings: Settings, today: Callable[[], date]) -> None:
        self._settings = settings
        self._today = today
        self._stamp = self._stamp_now()
        self._ledger = ledger_of(settings, today())

    def accepted(self) -> dict[str, str]:
        """Return why each key is accepted today."""
        stamp = self._stamp_now()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._ledger = ledger_of(self._settings, self._today())
            except ConfigurationError as error:
                click.echo(f"Warning: {error} What it said before counts.", err=True)
        return self._ledger.accepted(self._today())

    def _stamp_now(self) -> tuple[int, int]:
        try:
            found = self._settings.deviations.stat()
        except OSError:
            return 0, 0
        return found.st_mtime_ns, found.st_size


def reads_for(settings: Settings) -> Callable[[Spec | None, Spec | None], Reads | None]:
    """Return what says who reads what of a relied-upon contract and a published description: the
    user's own consumers, or where there is no file of them the examples of the contract.

    Raises ConfigurationError where their file cannot be read.
    """
    own = _own_consumers(settings)
    source = str(settings.consumers or "")
    return lambda relied, published: reads_of(
        own, relied=relied, published=published, source=source
    )


def expiring_of(settings: Settings, today: date) -> tuple[Expiring, ...]:
    """Return what is accepted and ends soon, the user's own entries, the nearest end first: the
    packaged ones are ours to renew."""
    found = [
        Expiring(what=one.seen or one.reason, until=one.until)
        for one in read_ledger(settings.deviations).deviations
        if today <= one.until <= today + EXPIRES_WITHIN
    ]
    return tuple(sorted(found, key=lambda one: one.until))


def contacts_for(settings: Settings) -> dict[str, Contact]:
    """Return whom to call for each consumer, of those whom `reads_for` knows; raises
    ConfigurationError as it does."""
    own = _own_consumers(settings)
    if own is not None:
        return contacts_of(own)
    contract = embedded_contract(cache_dir=settings.cache_dir)
    return contacts_of(contract.document.get(EXTENSION)) if contract else {}


def _own_consumers(settings: Settings) -> object:
    if settings.consumers is None:
        return None
    try:
        return read_document(settings.consumers).value
    except SpecError as error:
        raise ConfigurationError(
            str(error).replace("of the description", "of the consumers")
        ) from None


def accept_incident(
    settings: Settings, history: History, key: str, *, until: date, reason: str, link: str = ""
) -> None:
    """Write into the user's ledger that the incident of `key` is accepted until then, with all the
    causes it stands for. Raises ConfigurationError where the file cannot be written."""
    state = history.incident_states().get(key)
    if state is None:
        return
    entry = entry_of(state.finding, reason=reason, until=until, link=link, causes=state.causes)
    write_entries(settings.deviations, [entry])


def write_entries(path: Path, entries: Sequence[Deviation]) -> None:
    """Add entries to a ledger, in the place of what they accept anew after its end;
    ConfigurationError where that cannot be."""
    text = path.read_text("utf-8") if path.exists() else ""
    today = SystemClock().now().date()
    write_ledger(path, with_entries(text, entries, source=str(path), today=today))


def write_ledger(path: Path, text: str) -> None:
    """Write a ledger whole; ConfigurationError where that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written ({error.strerror or error}): name another file with "
            "`deviations:`."
        ) from None


def read_day(written: str) -> date:
    """Read a day such as 2027-06-30, or a span such as 90d from today."""
    today = SystemClock().now().date()
    if match := _SPAN.match(written):
        return today + timedelta(days=int(match[1]))
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise click.UsageError(
            f"{written!r} is neither a day such as 2027-06-30 nor a span such as 90d."
        ) from None
    if sentence := over(day, today):
        raise click.UsageError(sentence)
    return day


def over(day: date, today: date) -> str:
    """Say that nothing can be accepted until a day that is over; empty for one that is not."""
    return f"{day} is over: name a day to come." if day < today else ""
