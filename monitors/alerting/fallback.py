"""What a channel refuses until a person mends it goes to the channel that stands in for it.

The refused one keeps its notices and is asked again: nothing is taken from it. Handing over twice
does nothing, since the outbox holds a notice of an incident once for each channel.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from contracts.clock import Clock
from monitors.alerting.events import event_in
from monitors.alerting.outbox import Channel, DeliveryReport, Outbox, deliver
from monitors.alerting.telling import Announcer
from monitors.records import Notice, NoticeForm, QueuedNotice, Transition, TransitionKind


class Handing(Outbox, Protocol):
    """An outbox that takes what is handed over, and knows what a notice was about."""

    def transitions(self, incident_id: str | None = None) -> Sequence[Transition]:
        """Return the transitions of an incident."""
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
    handed over still counts as undeliverable, since a person has to mend its channel."""
    report = deliver(outbox, channels, clock=clock, until=until)
    to = announcer.substitute
    refused = [one for one in report.refused if one.notice.channel != to]
    if not to or not refused:
        return report
    now = clock.now()
    handed_over = [
        notice for one in refused for notice in _handed(one, to, announcer, outbox, now=now)
    ]
    outbox.record(None, notices=handed_over)
    handed = deliver(outbox, channels, clock=clock, until=until, only=to)
    names = ", ".join(dict.fromkeys(one.notice.channel for one in refused))
    return replace(
        report,
        delivered=report.delivered + handed.delivered,
        postponed=report.postponed + handed.postponed,
        undeliverable=report.undeliverable + handed.undeliverable,
        errors=(*report.errors, *handed.errors, f"What {names} did not take goes to {to} instead."),
    )


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
            yield _marked(announcer.as_taken(standing), notice.channel)
        return
    if notice.is_reply:
        return
    for transition in outbox.transitions(notice.incident_id):
        if transition.incident.sequence == notice.sequence:
            for told in announcer.notices(transition, to, None, now):
                yield told if told.is_reply else _marked(told, notice.channel)


def _marked(notice: Notice, channel: str) -> Notice:
    """Return a notice that says whom it was meant for."""
    text = f"{notice.text} ({channel} did not take this.)"
    event = event_in(notice)
    if "summary" not in event:
        return replace(notice, text=text)
    return replace(notice, text=text, blocks=({**event, "summary": text},))
