"""Tell what knows itself what is open that it still is: Alertmanager ends what it does not hear."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from contracts.errors import NotificationError
from monitors.alerting.outbox import Channel
from monitors.alerting.rounds import Ledger
from monitors.alerting.telling import Announcer
from monitors.records import IncidentState, Notice, Phase


@runtime_checkable
class Sustained(Protocol):
    """A channel that has to be told again and again."""

    def sustain(self, notices: Sequence[Notice]) -> None:
        """Send again what is still open, not more often than it helps; NotificationError."""
        ...


class Remembered(Ledger, Protocol):
    """What the history knows."""

    def incident_states(self) -> Mapping[str, IncidentState]:
        """Return the latest occurrence of every key."""
        ...


def sustain(
    announcer: Announcer,
    channels: Mapping[str, Channel],
    *,
    ledger: Remembered,
    now: datetime,
) -> tuple[str, ...]:
    """Send what is open to those that need it; return what did not arrive. The next call makes up
    for it: nothing is lost."""
    needy = {name: one for name, one in channels.items() if isinstance(one, Sustained)}
    if not needy:
        return ()
    states = ledger.incident_states().values()
    open_now = [one for one in states if one.phase is Phase.OPEN]
    errors: dict[str, None] = {}
    for name, notices in announcer.standing(open_now, ledger=ledger, now=now).items():
        if name in needy:
            try:
                needy[name].sustain(notices)
            except NotificationError as error:
                errors[str(error)] = None
    return tuple(errors)
