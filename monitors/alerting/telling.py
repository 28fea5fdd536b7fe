"""From changes of incidents to the messages that tell of them, and where those go."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from monitors.alerting.outbox import Channel
from monitors.alerting.render import render, render_reply
from monitors.records import Notice, Transition


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcer:
    """Writes the messages. `channels` are the names of those who hear of everything; `threaded`
    of them show a timeline under each message."""

    channels: Sequence[str]
    threaded: frozenset[str] = frozenset()
    report_url: str | None = None

    @classmethod
    def to_all(cls, channels: Mapping[str, Channel]) -> Self:
        """Tell all of `channels` everything."""
        return cls(
            channels=tuple(channels),
            threaded=frozenset(name for name, one in channels.items() if one.has_threads),
        )

    def announce(self, transitions: Iterable[Transition], *, now: datetime) -> tuple[Notice, ...]:
        """Return the notices to record together with the transitions."""
        return tuple(
            notice
            for transition in transitions
            for channel in self.channels
            for notice in self._notices(transition, channel, now)
        )

    def _notices(self, transition: Transition, channel: str, now: datetime) -> Iterator[Notice]:
        yield render(transition, channel=channel, report_url=self.report_url, now=now)
        if channel in self.threaded:
            reply = render_reply(transition, channel=channel, now=now)
            if reply is not None:
                yield reply
