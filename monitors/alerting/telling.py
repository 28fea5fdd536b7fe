"""From changes of incidents to the messages that tell of them, and where those go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitors.alerting.render import render
from monitors.records import Notice, Transition


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcer:
    """Writes the messages. `channels` are the names of those who hear of everything."""

    channels: Sequence[str]
    report_url: str | None = None

    def announce(self, transitions: Iterable[Transition], *, now: datetime) -> tuple[Notice, ...]:
        """Return the notices to record together with the transitions."""
        return tuple(
            render(transition, channel=channel, report_url=self.report_url, now=now)
            for transition in transitions
            for channel in self.channels
        )
