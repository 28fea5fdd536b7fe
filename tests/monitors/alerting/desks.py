"""An outbox in memory, and passes that deliver what is in it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitors.alerting.outbox import Channel, DeliveryReport, deliver
from monitors.records import Delivery, Notice, NoticeStatus, QueuedNotice
from sandbox.clock import VirtualClock
from sandbox.slack import SlackStandIn

CHANNEL = "#intercom-alerts"
PASSES = 120  # of a minute each: the longest backoff is 15 minutes

MakeNotice = Callable[..., Notice]


class MemoryOutbox:
    """The outbox protocol over a list, with the same promises as the history's."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.notices: list[QueuedNotice] = []
        self.deliveries: dict[int, Delivery] = {}

    def add(self, notice: Notice) -> QueuedNotice:
        now = self._clock.now()
        queued = QueuedNotice(
            id=len(self.notices), notice=notice, next_attempt_at=now, created_at=now
        )
        self.notices.append(queued)
        return queued

    def due(self, now: datetime) -> Sequence[QueuedNotice]:
        waiting: set[tuple[str, str, bool]] = set()
        due: list[QueuedNotice] = []
        for queued in self.pending:
            place = queued.notice.channel, queued.notice.incident_id
            is_held = (*place, False) in waiting or (
                queued.notice.is_reply and (*place, True) in waiting
            )
            if queued.next_attempt_at > now:
                waiting.add((*place, queued.notice.is_reply))
            elif not is_held:
                due.append(replace(queued, parent=self._parent(place)))
        return due

    def claim(self, id: int, *, until: datetime) -> bool:
        queued = self.notices[id]
        free = queued.next_attempt_at <= self._clock.now()
        if queued.status is not NoticeStatus.PENDING or not free:
            return False
        self.notices[id] = replace(queued, next_attempt_at=until, ambiguous=True)
        return True

    def delivered(self, id: int, delivery: Delivery) -> None:
        self.notices[id] = replace(self.notices[id], status=NoticeStatus.DELIVERED, error="")
        self.deliveries[id] = delivery

    def failed(self, id: int, error: str, *, retry_at: datetime | None, ambiguous: bool) -> None:
        queued = self.notices[id]
        self.notices[id] = replace(
            queued,
            attempts=queued.attempts + 1,
            error=error,
            ambiguous=ambiguous,
            next_attempt_at=retry_at or queued.next_attempt_at,
            status=NoticeStatus.PENDING if retry_at else NoticeStatus.UNDELIVERABLE,
        )

    @property
    def pending(self) -> list[QueuedNotice]:
        return [queued for queued in self.notices if queued.status is NoticeStatus.PENDING]

    def _parent(self, place: tuple[str, str]) -> tuple[str, str] | None:
        receipts = [
            delivery.receipt
            for id, delivery in sorted(self.deliveries.items())
            if delivery.receipt is not None
            and not self.notices[id].notice.is_reply
            and (self.notices[id].notice.channel, self.notices[id].notice.incident_id) == place
        ]
        return receipts[-1] if receipts else None


class Desk:
    """Passes a minute apart, as cron would make them."""

    def __init__(self, outbox: MemoryOutbox, channel: Channel, clock: VirtualClock) -> None:
        self.outbox = outbox
        self.channels = {CHANNEL: channel}
        self.clock = clock

    def deliver(self) -> DeliveryReport:
        return deliver(self.outbox, self.channels, clock=self.clock)

    def deliver_until_done(self) -> list[DeliveryReport]:
        reports = [self.deliver()]
        while not reports[-1].is_complete or self.outbox.due(self.clock.now() + timedelta(days=9)):
            assert len(reports) < PASSES, reports[-1].errors
            self.clock.advance(timedelta(minutes=1))
            reports.append(self.deliver())
        return reports


def statuses(slack: SlackStandIn) -> list[str]:
    """The bold status of every message in the channel."""
    return [message.text.split("*")[1] for message in slack.messages()]
