"""Hand recorded notices to their channels: in order, patiently, and once.

A notice is recorded together with its transition before anything is sent (the history does that),
so a crash, an outage or a rate limit can only delay it. What is undelivered of one incident
collapses: its newest message tells all that is still true, so that is what goes out, once, and the
older ones count as delivered by it; the lines of its thread follow one by one, each with its own
moment. An incident that opened and was resolved while Slack was down
is therefore still told, as one message that says it is over and how long it took.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from contracts.clock import Clock
from contracts.errors import NotificationError
from monitors.records import Delivery, NoticeForm, QueuedNotice, TransitionKind

FIRST_BACKOFF: Final = timedelta(seconds=10)
BACKOFF_CAP: Final = timedelta(minutes=15)  # an outage of hours must not delay the news by hours
SETTLE: Final = timedelta(seconds=60)
"""How long after an ambiguous attempt to ask whether it arrived: a channel's history may lag."""
CLAIM: Final = timedelta(minutes=2)  # longer than one attempt with all its timeouts can take
SHORT_WAIT: Final = 5.0  # seconds; Slack's one message a second a channel is worth waiting out
SHORT_WAITS: Final = 3  # for one notice in one call
FIXABLE_RETRY: Final = timedelta(minutes=1)
"""A revoked token or a missing channel waits for a person, so every pass may look again."""
NO_CHANNEL: Final = "no channel of this name is configured any more, so it is dropped"
"""Why a channel that was renamed, or that no route leads to now, is not asked again."""
GIVE_UP_AFTER: Final = timedelta(days=3)  # a weekend and a day: then the news is history


class Outbox(Protocol):
    """Where notices wait. What each method did is durable when it returns."""

    def due(self, now: datetime) -> Sequence[QueuedNotice]:
        """Return the pending notices whose `next_attempt_at` has come, lowest id first.

        None is returned while an older notice of the same channel and incident is pending and not
        due (for a message: an older message). `parent` is the receipt of the newest delivered
        message of the same channel and incident that has one; a reply is no message.
        """
        ...

    def claim(self, id: int, *, until: datetime) -> bool:
        """Take a pending notice for an attempt; False where it is no longer pending, or claimed.

        Until `delivered` or `failed` says otherwise it is ambiguous and not due before `until`:
        whoever comes after a crash knows that it may have arrived.
        """
        ...

    def delivered(self, id: int, delivery: Delivery) -> None:
        """Record that a notice arrived."""
        ...

    def failed(self, id: int, error: str, *, retry_at: datetime | None, ambiguous: bool) -> None:
        """Record a failed attempt, counting it; `retry_at` None makes the notice undeliverable.

        `ambiguous` replaces what was recorded before.
        """
        ...


class Channel(Protocol):
    """What takes a notice: a Slack channel, a webhook.

    `has_threads` says that it shows replies under the incident's message, `takes_events` that it
    takes documents in place of blocks, `keeps_state` that it knows itself what is open and reminds
    people of it.
    """

    has_threads: bool = False
    takes_events: bool = False
    keeps_state: bool = False

    def send(self, queued: QueuedNotice) -> Delivery:
        """Deliver it, or raise NotificationError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """What became of the notices that were due, as counts of notices.

    `undeliverable` counts what waiting will not cure: recorded as such for good, or tried again
    until a person mends the channel. `refused` are the notices that wait for that person,
    or whose channel is not configured any more. `errors` are distinct sentences.
    """

    delivered: int = 0
    postponed: int = 0
    undeliverable: int = 0
    errors: tuple[str, ...] = ()
    refused: tuple[QueuedNotice, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether everything that was due arrived."""
        return not (self.postponed or self.undeliverable)


def deliver(
    outbox: Outbox,
    channels: Mapping[str, Channel],
    *,
    clock: Clock,
    until: datetime | None = None,
    only: str | None = None,
    others: Collection[str] = (),
) -> DeliveryReport:
    """Send what is due, by channel in the order it was recorded.

    The first failure of a channel holds back the rest of it in this call. Waits of a few seconds
    (a rate limit) are slept on `clock`; longer ones are left for the next call. No attempt begins
    after `until`. `only` names the one channel to send to, `others` those that are somebody else's.
    """
    tally = _Tally()
    for name, incidents in _by_channel(outbox.due(clock.now())).items():
        if only not in (None, name) or name in others:
            continue
        turn = _Turn(outbox, name, channels.get(name), clock, until, tally)
        for batch in incidents:
            turn.tell(batch)
    return DeliveryReport(
        delivered=tally.delivered,
        postponed=tally.postponed,
        undeliverable=tally.undeliverable,
        errors=tuple(tally.errors),
        refused=tuple(tally.refused),
    )


@dataclass(slots=True)
class _Tally:
    delivered: int = 0
    postponed: int = 0
    undeliverable: int = 0
    errors: dict[str, None] = field(default_factory=dict)
    refused: list[QueuedNotice] = field(default_factory=list)


@dataclass(slots=True)
class _Turn:
    """One channel's turn within a call of `deliver`."""

    outbox: Outbox
    name: str
    channel: Channel | None
    clock: Clock
    until: datetime | None
    tally: _Tally
    held: bool = False
    is_refused: bool = False
    """Whether what holds it waits for a person."""

    def tell(self, batch: Sequence[QueuedNotice]) -> None:
        """Send what is due of one incident: its message, then the lines of its thread."""
        parent = batch[0].parent
        for part in _parts(batch):
            delivery = self._send([replace(queued, parent=parent) for queued in part])
            if delivery is not None and not part[0].notice.is_reply:
                parent = delivery.receipt

    def _send(self, part: Sequence[QueuedNotice]) -> Delivery | None:
        """Send what goes out as one; None where it did not, which is counted."""
        if self.held or (self.until is not None and self.clock.now() >= self.until):
            self.tally.postponed += len(part)
            if self.is_refused:
                self.tally.refused += part
            return None
        try:
            delivery = _attempt(self.outbox, self.name, self.channel, part, self.clock)
        except NotificationError as error:
            self.held = not error.concerns_message
            self.tally.errors[str(error)] = None
            if error.permanent and (self.channel is None or not error.concerns_message):
                self.is_refused = True
                self.tally.refused += part
            if error.permanent:
                self.tally.undeliverable += len(part)
            else:
                self.tally.postponed += len(part)
            return None
        if delivery is None:  # another process is at it
            self.tally.postponed += len(part)
        else:
            self.tally.delivered += len(part)
        return delivery


def _by_channel(due: Sequence[QueuedNotice]) -> dict[str, list[list[QueuedNotice]]]:
    """Group by channel, then by incident, both in the order of their oldest notice."""
    grouped: dict[str, dict[str, list[QueuedNotice]]] = {}
    for queued in due:
        incidents = grouped.setdefault(queued.notice.channel, {})
        incidents.setdefault(queued.notice.incident_id, []).append(queued)
    return {channel: list(incidents.values()) for channel, incidents in grouped.items()}


def _parts(batch: Sequence[QueuedNotice]) -> list[list[QueuedNotice]]:
    """Cut what is due of an incident into what goes out as one: its messages, then each reply.

    A reply that the channel should show too stays in the thread where the channel shows the same
    news already, as a message posted just now, or where it is over by now.
    """
    messages = [queued for queued in batch if not queued.notice.is_reply]
    replies = [queued for queued in batch if queued.notice.is_reply]
    is_old_news = bool(messages) and (
        batch[0].parent is None or messages[-1].notice.kind is TransitionKind.RESOLVED
    )
    if is_old_news:
        replies = [
            replace(queued, notice=replace(queued.notice, form=NoticeForm.REPLY))
            for queued in replies
        ]
    return ([messages] if messages else []) + [[queued] for queued in replies]


def _collapsed(batch: Sequence[QueuedNotice]) -> QueuedNotice:
    """Return the newest notice of an incident, in the place of all of them."""
    return replace(
        batch[-1],
        created_at=min(queued.created_at for queued in batch),
        ambiguous=any(queued.ambiguous for queued in batch),
        attempts=max(queued.attempts for queued in batch),
    )


def _attempt(
    outbox: Outbox,
    name: str,
    channel: Channel | None,
    batch: Sequence[QueuedNotice],
    clock: Clock,
) -> Delivery | None:
    """Claim and send one incident's notices as one and record what came of it.

    None where they could not be claimed; raises NotificationError, recorded, where they could not
    be sent.
    """
    queued = _collapsed(batch)
    until = clock.now() + CLAIM
    if not all(outbox.claim(each.id, until=until) for each in batch):
        return None
    try:
        if channel is None:
            raise NotificationError(name, NO_CHANNEL, permanent=True, concerns_message=True)
        delivery = send_patiently(channel, queued, clock)
    except NotificationError as error:
        retry_at = _retry_at(error, queued, clock.now())
        # What may have arrived once stays so: a later clean refusal proves nothing about it.
        ambiguous = queued.ambiguous or error.ambiguous
        for each in batch:
            outbox.failed(each.id, str(error), retry_at=retry_at, ambiguous=ambiguous)
        raise
    # Oldest first: after a crash in between, what is left to send is never older than what is told.
    for each in batch:
        outbox.delivered(each.id, delivery)
    return delivery


def send_patiently(channel: Channel, queued: QueuedNotice, clock: Clock) -> Delivery:
    """Send, waiting out short rate limits; NotificationError where it was not taken."""
    for _ in range(SHORT_WAITS):
        try:
            return channel.send(queued)
        except NotificationError as error:
            if error.permanent or error.retry_after is None or error.retry_after > SHORT_WAIT:
                raise
            queued = replace(queued, ambiguous=queued.ambiguous or error.ambiguous)
            clock.sleep(error.retry_after)
    return channel.send(queued)


def _retry_at(error: NotificationError, queued: QueuedNotice, now: datetime) -> datetime | None:
    """Return when to try again, None for never."""
    if error.permanent:
        if error.concerns_message or now - queued.created_at >= GIVE_UP_AFTER:
            return None
        return now + FIXABLE_RETRY
    # The exponent is bounded because 2**attempts of a long outage overflows a timedelta.
    wait = min(BACKOFF_CAP, FIRST_BACKOFF * (1 << min(queued.attempts, 16)))
    if error.retry_after is not None:
        wait = max(timedelta(seconds=error.retry_after), FIRST_BACKOFF)
    if error.ambiguous:
        wait = max(wait, SETTLE)
    return now + wait
