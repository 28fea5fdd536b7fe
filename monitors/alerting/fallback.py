"""What a channel refuses until a person mends it goes to the channel that stands in for it.

The refused one keeps its notices and is asked again: nothing is taken from it. Handing over twice
does nothing, since the outbox holds a notice of an incident once for each channel. What a channel
did not hear that is configured no more goes, where nothing stands in, to where it would go now.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from contracts.clock import Clock
from monitors.alerting.events import marked
from monitors.alerting.outbox import Channel, DeliveryReport, Outbox, deliver
from monitors.alerting.telling import Announcer
from monitors.neighbours import CONFIGURATION
from monitors.records import (
    Notice,
    NoticeForm,
    NoticeStatus,
    QueuedNotice,
    Transition,
    TransitionKind,
)


class Handing(Outbox, Protocol):
    """An outbox that takes what is handed over, and knows what a notice was about."""

    def transitions(self, incident_id: str | None = None) -> Sequence[Transition]:
        """Return the transitions of an incident."""
        ...

    def documents(self, kind: str) -> Mapping[str, Any]:
        """Return the small documents of a kind, by key."""
        ...

    def notices(self, status: NoticeStatus | None = None) -> Sequence[QueuedNotice]:
        """Return the notices of one status."""
        ...

    def record(self, pass_record: None, *, notices: Iterable[Notice]) -> None:
        """Put notices into the outbox; one that is there already stays as it is."""
        ...


def deliver_all(
    outbox: Handing,
    channels: Mapping[str, Channel],
    *,
    announcer: Announcer,
    clock: Clock,
    until: datetime | None = None,
) -> DeliveryReport:
    """Deliver what is due, and hand what was refused to the announcer's `substitute`; what is
    handed over still counts as undeliverable, since a person has to mend its channel. What is not
    due yet counts as postponed: it is undelivered all the same. What waits for another
    configuration's channel is left to that one."""
    now = clock.now()
    others = announcer.channels_of_others(outbox.documents(CONFIGURATION), now=now)
    ours = [one for one in outbox.notices(NoticeStatus.PENDING) if one.notice.channel not in others]
    due = [one for one in outbox.due(now) if one.notice.channel not in others]
    waiting = len(ours) - len(due)
    report = deliver(outbox, channels, clock=clock, until=until, others=others)
    report = replace(report, postponed=report.postponed + max(0, waiting))
    moved: dict[str, dict[str, list[Notice]]] = {}
    for one in report.refused:
        places = _places(one, channels, announcer, outbox)
        for to in places:
            told = moved.setdefault(to, {}).setdefault(one.notice.channel, [])
            told.extend(_handed(one, to, announcer, outbox, now=clock.now()))
    for to, by_channel in moved.items():
        outbox.record(None, notices=[one for told in by_channel.values() for one in told])
        handed = deliver(outbox, channels, clock=clock, until=until, only=to)
        said = f"What {', '.join(by_channel)} did not take goes to {to} instead."
        report = replace(
            report,
            delivered=report.delivered + handed.delivered,
            postponed=report.postponed + handed.postponed,
            undeliverable=report.undeliverable + handed.undeliverable,
            errors=(*report.errors, *handed.errors, said),
        )
    return report


def _places(
    refused: QueuedNotice, channels: Mapping[str, Channel], announcer: Announcer, outbox: Handing
) -> Sequence[str]:
    """Return where a notice goes that its channel did not take."""
    channel = refused.notice.channel
    if announcer.substitute:
        return [announcer.substitute] if channel != announcer.substitute else []
    if channel in channels:
        return []
    told = outbox.transitions(refused.notice.incident_id)
    return list(announcer.places(told[-1].incident)) if told else []


def _handed(
    refused: QueuedNotice, to: str, announcer: Announcer, outbox: Handing, *, now: datetime
) -> Iterable[Notice]:
    """Yield what the substitute is told in place of a notice; a line of a thread is part of what
    its message says."""
    notice = refused.notice
    is_change = isinstance(notice.kind, TransitionKind) and notice.sequence >= 0
    if not is_change:
        if to not in announcer.stateful:
            standing = replace(notice, channel=to, form=NoticeForm.MESSAGE)
            yield marked(announcer.as_taken(standing), notice.channel)
        return
    if notice.is_reply:
        return
    for transition in outbox.transitions(notice.incident_id):
        if transition.incident.sequence == notice.sequence:
            for told in announcer.notices(transition, to, None, now):
                yield told if told.is_reply else marked(told, notice.channel)
