"""The outbox in the history: notices wait here until a channel has taken them.

Written for the protocol that alerting defines (`monitors.alerting.outbox.Outbox`), which says what
each function promises.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, exists, select, tuple_, update

from monitors.history.rows import queued_of
from monitors.history.schema import NOTICES
from monitors.records import Delivery, NoticeForm, NoticeStatus, QueuedNotice

_PENDING = NoticeStatus.PENDING.value
_MESSAGE = NoticeForm.MESSAGE.value


def due(connection: Connection, now: datetime) -> tuple[QueuedNotice, ...]:
    """Return the pending notices whose turn has come, lowest id first."""
    older = NOTICES.alias("older")
    held_back = exists().where(
        older.c.channel == NOTICES.c.channel,
        older.c.incident_id == NOTICES.c.incident_id,
        older.c.id < NOTICES.c.id,
        older.c.status == _PENDING,
        older.c.next_attempt_at > now,
        # The message itself does not wait for a line in its thread.
        (older.c.form == _MESSAGE) | (NOTICES.c.form != _MESSAGE),
    )
    query = select(NOTICES).where(
        NOTICES.c.status == _PENDING, NOTICES.c.next_attempt_at <= now, ~held_back
    )
    return _queued(connection, connection.execute(query.order_by(NOTICES.c.id)).mappings().all())


def every(connection: Connection, status: NoticeStatus | None) -> tuple[QueuedNotice, ...]:
    """Return all notices (of one status), lowest id first."""
    query = select(NOTICES).order_by(NOTICES.c.id)
    if status is not None:
        query = query.where(NOTICES.c.status == status.value)
    return _queued(connection, connection.execute(query).mappings().all())


def told(connection: Connection, incident_ids: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return, by incident, the channels that notices were recorded for."""
    query = (
        select(NOTICES.c.incident_id, NOTICES.c.channel)
        .where(NOTICES.c.incident_id.in_(sorted(incident_ids)))
        .distinct()
    )
    channels: dict[str, set[str]] = {}
    for row in connection.execute(query):
        channels.setdefault(row.incident_id, set()).add(row.channel)
    return {id: frozenset(names) for id, names in channels.items()}


def claim(connection: Connection, id: int, *, now: datetime, until: datetime) -> bool:
    """Take a pending, due notice until `until`; False where somebody else has it."""
    taken = connection.execute(
        update(NOTICES)
        .where(
            NOTICES.c.id == id,
            NOTICES.c.status == _PENDING,
            NOTICES.c.next_attempt_at <= now,
        )
        .values(next_attempt_at=until, ambiguous=True)
    )
    return taken.rowcount == 1


def delivered(connection: Connection, id: int, delivery: Delivery) -> None:
    """Record that a notice arrived, and where."""
    channel, message = delivery.receipt or (None, None)
    connection.execute(
        update(NOTICES)
        .where(NOTICES.c.id == id)
        .values(
            status=NoticeStatus.DELIVERED.value,
            attempts=NOTICES.c.attempts + 1,
            ambiguous=False,
            error="",
            receipt_channel=channel,
            receipt_id=message,
            delivered_at=delivery.at,
            possibly_repeated=delivery.possibly_repeated,
        )
    )


def failed(
    connection: Connection,
    id: int,
    error: str,
    *,
    retry_at: datetime | None,
    ambiguous: bool,
) -> None:
    """Record a failed attempt; without `retry_at` the notice is given up."""
    outcome: dict[str, object] = (
        {"status": NoticeStatus.UNDELIVERABLE.value}
        if retry_at is None
        else {"next_attempt_at": retry_at}
    )
    connection.execute(
        update(NOTICES)
        .where(NOTICES.c.id == id)
        .values(attempts=NOTICES.c.attempts + 1, error=error, ambiguous=ambiguous, **outcome)
    )


def _queued(connection: Connection, rows: Sequence[RowMapping]) -> tuple[QueuedNotice, ...]:
    """Read rows back, each with the receipt of the newest posted message of its incident."""
    places = {(row["channel"], row["incident_id"]) for row in rows}
    parents: dict[tuple[str, str], tuple[str, str]] = {}
    repeats: set[tuple[str, str]] = set()
    if places:
        posted = connection.execute(
            select(NOTICES)
            .where(
                tuple_(NOTICES.c.channel, NOTICES.c.incident_id).in_(sorted(places)),
                NOTICES.c.receipt_channel.is_not(None),
                NOTICES.c.form == _MESSAGE,
            )
            .order_by(NOTICES.c.id)
        ).mappings()
        for row in posted:
            receipt = row["receipt_channel"], row["receipt_id"]
            parents[row["channel"], row["incident_id"]] = receipt
            if row["possibly_repeated"]:
                repeats.add(receipt)
    found = [parents.get((row["channel"], row["incident_id"])) for row in rows]
    return tuple(
        queued_of(row, parent=parent, is_repeat=parent in repeats)
        for row, parent in zip(rows, found, strict=True)
    )
