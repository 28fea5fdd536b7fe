"""Write a pass and what follows from it; every function works within the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Table, bindparam, delete, exists, insert, update

from monitors.history import rows
from monitors.history.schema import (
    DOCUMENTS,
    FINDINGS,
    INCIDENTS,
    MEASUREMENTS,
    NOTICES,
    PASSES,
    TRANSITIONS,
)
from monitors.records import (
    IncidentState,
    Notice,
    NoticeStatus,
    PassRecord,
    Phase,
    Transition,
)

Documents = Mapping[tuple[str, str], object]
"""Small JSON documents by kind and key; None removes one."""


def record_pass(connection: Connection, record: PassRecord) -> None:
    """Insert a pass with its measurements and findings."""
    connection.execute(
        insert(PASSES),
        {
            "id": record.id,
            "started_at": record.started_at,
            "finished_at": record.finished_at,
            "requests": record.requests,
        },
    )
    _insert(
        connection, MEASUREMENTS, [rows.measurement_row(record.id, m) for m in record.measurements]
    )
    _insert(connection, FINDINGS, [rows.finding_row(record.id, f) for f in record.findings])


def save_states(connection: Connection, states: Iterable[IncidentState]) -> None:
    """Save each state as the current one of its key; an earlier occurrence stays as the past."""
    saved = [
        {
            "id": state.id,
            "key": state.key,
            "current": True,
            "phase": state.phase.value,
            "last_seen_at": state.last_seen_at,
            "state": rows.state_text(state),
        }
        for state in states
    ]
    if not saved:
        return
    connection.execute(
        update(INCIDENTS)
        .where(INCIDENTS.c.key == bindparam("its_key"), INCIDENTS.c.id != bindparam("its_id"))
        .values(current=False),
        [{"its_key": row["key"], "its_id": row["id"]} for row in saved],
    )
    _upsert(
        connection, INCIDENTS, saved, replaced=("key", "current", "phase", "last_seen_at", "state")
    )


def forget(connection: Connection, incident_ids: Iterable[str]) -> None:
    """Drop pending incidents that came to nothing."""
    ids = list(incident_ids)
    if ids:
        connection.execute(delete(INCIDENTS).where(INCIDENTS.c.id.in_(ids)))


def record_transitions(connection: Connection, transitions: Iterable[Transition]) -> None:
    """Append transitions; their incidents are saved already."""
    appended: list[dict[str, object]] = [
        {
            "incident_id": transition.incident.id,
            "kind": transition.kind.value,
            "at": transition.at,
            "state": rows.state_text(transition.incident),
        }
        for transition in transitions
    ]
    _insert(connection, TRANSITIONS, appended)


def queue(connection: Connection, notices: Iterable[Notice], *, now: datetime) -> None:
    """Put notices into the outbox; one that is there already (channel, incident, sequence, form)
    stays as it is."""
    _upsert(connection, NOTICES, [rows.notice_row(one, now=now) for one in notices], replaced=())


def save_documents(connection: Connection, documents: Documents, *, now: datetime) -> None:
    """Save small documents, and drop those given as None."""
    saved: list[dict[str, object]] = []
    for (kind, key), document in documents.items():
        if document is None:
            connection.execute(
                delete(DOCUMENTS).where(DOCUMENTS.c.kind == kind, DOCUMENTS.c.key == key)
            )
        else:
            text = rows.compact(document)
            saved.append({"kind": kind, "key": key, "document": text, "saved_at": now})
    _upsert(connection, DOCUMENTS, saved, replaced=("document", "saved_at"))


def prune(connection: Connection, before: datetime) -> int:
    """Drop passes begun before `before`, incidents over by then and their messages; return how
    many passes went."""
    gone = connection.execute(delete(PASSES).where(PASSES.c.started_at < before))
    connection.execute(
        delete(INCIDENTS).where(
            INCIDENTS.c.last_seen_at < before, INCIDENTS.c.phase != Phase.OPEN.value
        )
    )
    # A message of an incident that still lives is the one that later news of it is written into.
    connection.execute(
        delete(NOTICES).where(
            NOTICES.c.created_at < before,
            NOTICES.c.status != NoticeStatus.PENDING.value,
            ~exists().where(INCIDENTS.c.id == NOTICES.c.incident_id),
        )
    )
    return gone.rowcount


def _insert(connection: Connection, table: Table, values: Sequence[Mapping[str, object]]) -> None:
    if values:
        connection.execute(insert(table), values)


def _upsert(
    connection: Connection,
    table: Table,
    values: Sequence[Mapping[str, object]],
    *,
    replaced: tuple[str, ...],
) -> None:
    """Insert, replacing the columns `replaced` where the row is there already."""
    if not values:
        return
    # The two speak of conflicts alike. Imported here: the other one is never needed.
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as upsert
    else:
        from sqlalchemy.dialects.postgresql import insert as upsert  # type: ignore[assignment]
    statement = upsert(table)
    if replaced:
        statement = statement.on_conflict_do_update(
            index_elements=list(table.primary_key),
            set_={name: statement.excluded[name] for name in replaced},
        )
    else:
        statement = statement.on_conflict_do_nothing()
    connection.execute(statement, values)
