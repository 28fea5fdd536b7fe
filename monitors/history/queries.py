"""Read the history back as the values it was made of."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, DateTime, RowMapping, func, select, type_coerce

from contracts.findings import Finding
from contracts.rules import Severity
from monitors.history import rows
from monitors.history.schema import (
    DOCUMENTS,
    FINDINGS,
    INCIDENTS,
    MEASUREMENTS,
    PASSES,
    TRANSITIONS,
    all_in_utc,
)
from monitors.records import (
    IncidentState,
    Measurement,
    Outcome,
    PassRecord,
    Phase,
    Probed,
    Sample,
    Transition,
)

_MEASURED: Final = tuple(MEASUREMENTS.c[name] for name in rows.MEASURED)

_AT_ONCE: Final = 10_000  # rows named in one query: SQLite takes 32,766 values, PostgreSQL 65,535


def passes(connection: Connection, limit: int) -> tuple[PassRecord, ...]:
    """Return the latest passes, newest first, whole."""
    newest = select(PASSES).order_by(PASSES.c.started_at.desc(), PASSES.c.id).limit(limit)
    found = connection.execute(newest).mappings().all()
    ids = [row["id"] for row in found]
    measurements: dict[str, list[Measurement]] = {id: [] for id in ids}
    measured = (
        select(MEASUREMENTS.c.pass_id, *_MEASURED)
        .where(MEASUREMENTS.c.pass_id.in_(ids))
        .order_by(MEASUREMENTS.c.id)
    )
    for row in connection.execute(measured):
        measurements[row.pass_id].append(rows.measurement_of(row[1:]))
    findings: dict[str, list[Finding]] = {id: [] for id in ids}
    for one in _findings_of(connection, ids):
        findings[one["pass_id"]].append(rows.finding_of(one["finding"]))
    return tuple(
        PassRecord(
            id=row["id"],
            started_at=row["started_at"],
            finished_at=row["finished_at"],
            measurements=tuple(measurements[row["id"]]),
            findings=tuple(findings[row["id"]]),
            requests=row["requests"],
        )
        for row in found
    )


def measurements(connection: Connection, since: datetime) -> tuple[Measurement, ...]:
    """Return the measurements begun at `since` or later, oldest first."""
    query = (
        select(*_MEASURED)
        .where(MEASUREMENTS.c.started_at >= since)
        .order_by(MEASUREMENTS.c.started_at, MEASUREMENTS.c.id)
    )
    return tuple(map(rows.measurement_of, connection.execute(query)))


def probed(connection: Connection, since: datetime, latest: int) -> tuple[Probed, ...]:
    """Return what became of each probe (by workspace and operation) since then, and its `latest`
    measurements whole.

    A pass from cron reads a week of rows for its page, some 50,000: so of most only what counts and
    samples need is read, and times are made aware here, at a fraction of what the column takes.
    """
    columns = MEASUREMENTS.c
    query = (
        select(
            columns.workspace,
            columns.operation,
            columns.id,
            type_coerce(columns.started_at, DateTime(timezone=True)),
            columns.outcome,
            columns.status,
            columns.total_ms,
            columns.server_ms,
        )
        .where(columns.started_at >= since)
        .order_by(columns.started_at, columns.id)
    )
    looks: dict[tuple[str, str], list[Sequence[Any]]] = {}
    for row in connection.execute(query).all():
        looks.setdefault((row[0], rows.identity_of(row[1])), []).append(row)
    whole = _by_id(connection, [row[2] for each in looks.values() for row in each[-latest:]])
    return tuple(_probed(each, whole, latest) for each in looks.values())


def _probed(looks: list[Sequence[Any]], whole: Mapping[int, Measurement], latest: int) -> Probed:
    outcomes = Counter([row[4] for row in looks])
    answered = [
        (at, total, server)
        for _, _, _, at, _, status, total, server in looks
        if total is not None and status is not None and 200 <= status < 300
    ]
    times = all_in_utc([at for at, _, _ in answered])
    return Probed(
        latest=tuple(whole[row[2]] for row in looks[-latest:]),
        healthy=outcomes[Outcome.HEALTHY],
        failed=outcomes[Outcome.FAILED],
        samples=tuple(
            Sample(at, total, server)
            for at, (_, total, server) in zip(times, answered, strict=True)
        ),
    )


def _by_id(connection: Connection, ids: Sequence[int]) -> dict[int, Measurement]:
    """Return measurements by the id of their row."""
    found: dict[int, Measurement] = {}
    for begin in range(0, len(ids), _AT_ONCE):
        wanted = MEASUREMENTS.c.id.in_(ids[begin : begin + _AT_ONCE])
        for row in connection.execute(select(MEASUREMENTS.c.id, *_MEASURED).where(wanted)):
            found[row.id] = rows.measurement_of(row[1:])
    return found


def noted(connection: Connection, since: datetime) -> tuple[Finding, ...]:
    """Return the findings of severity info of passes begun at `since` or later, oldest first."""
    query = (
        select(FINDINGS.c.finding)
        .join(PASSES, PASSES.c.id == FINDINGS.c.pass_id)
        # Compact JSON writes it in one way only; what this lets through besides is told apart.
        .where(PASSES.c.started_at >= since, FINDINGS.c.finding.contains('"severity":"info"'))
        .order_by(FINDINGS.c.id)
    )
    found = (rows.finding_of(text) for text in connection.execute(query).scalars())
    return tuple(one for one in found if one.severity is Severity.INFO)


def unmeasured(connection: Connection, since: datetime) -> tuple[tuple[str, str, str], ...]:
    """Return workspace, operation and a reason of what was asked for since then, and never
    measured."""
    which = MEASUREMENTS.c.workspace, MEASUREMENTS.c.operation, MEASUREMENTS.c.outcome
    query = (
        select(*which, func.max(MEASUREMENTS.c.why).label("why"))
        .where(MEASUREMENTS.c.started_at >= since)
        .group_by(*which)
        .order_by(*which)
    )
    outcomes: dict[tuple[str, str], dict[str, str]] = {}
    for row in connection.execute(query):
        outcomes.setdefault((row.workspace, row.operation), {})[row.outcome] = row.why
    missing = Outcome.NOT_MEASURED.value
    return tuple(
        (*place, seen[missing]) for place, seen in outcomes.items() if {*seen} == {missing}
    )


def findings(connection: Connection, pass_id: str) -> tuple[Finding, ...]:
    """Return the findings of one pass."""
    found = _findings_of(connection, [pass_id])
    return tuple(rows.finding_of(row["finding"]) for row in found)


def current_states(connection: Connection) -> dict[str, IncidentState]:
    """Return the latest occurrence of every key, resolved ones too."""
    query = select(INCIDENTS.c.state).where(INCIDENTS.c.current)
    states = [rows.state_of(text) for text in connection.scalars(query)]
    return {state.key: state for state in states}


def incidents(connection: Connection, since: datetime | None) -> tuple[IncidentState, ...]:
    """Return every occurrence last seen at `since` or later, and those still open, oldest first."""
    query = select(INCIDENTS.c.state).order_by(INCIDENTS.c.last_seen_at, INCIDENTS.c.id)
    if since is not None:
        still_open = INCIDENTS.c.phase == Phase.OPEN.value
        query = query.where((INCIDENTS.c.last_seen_at >= since) | still_open)
    return tuple(rows.state_of(text) for text in connection.scalars(query))


def transitions(connection: Connection, incident_id: str | None) -> tuple[Transition, ...]:
    """Return the transitions (of one incident) in the order they were recorded."""
    query = select(TRANSITIONS).order_by(TRANSITIONS.c.id)
    if incident_id is not None:
        query = query.where(TRANSITIONS.c.incident_id == incident_id)
    return tuple(rows.transition_of(row) for row in connection.execute(query).mappings())


def documents(connection: Connection, kind: str, key: str | None) -> dict[str, Any]:
    """Return the small documents of a kind by key (or the one of `key`)."""
    query = select(DOCUMENTS.c.key, DOCUMENTS.c.document).where(DOCUMENTS.c.kind == kind)
    if key is not None:
        query = query.where(DOCUMENTS.c.key == key)
    return {row.key: json.loads(row.document) for row in connection.execute(query)}


class _Documents(Mapping[str, Any]):
    """Documents by kind, each made from its text when it is asked for: not all are, and they may be
    large."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def __getitem__(self, kind: str) -> Any:
        return json.loads(self._texts[kind])

    def __contains__(self, kind: object) -> bool:
        return kind in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def documents_about(connection: Connection, key: str) -> Mapping[str, Any]:
    """Return the small documents with a key, by kind."""
    query = select(DOCUMENTS.c.kind, DOCUMENTS.c.document).where(DOCUMENTS.c.key == key)
    return _Documents({row.kind: row.document for row in connection.execute(query)})


def saved_about(connection: Connection, key: str) -> dict[str, datetime]:
    """Return when the small documents with a key were saved, by kind."""
    query = select(DOCUMENTS.c.kind, DOCUMENTS.c.saved_at).where(DOCUMENTS.c.key == key)
    return {row.kind: row.saved_at for row in connection.execute(query)}


def _findings_of(connection: Connection, ids: list[str]) -> Iterable[RowMapping]:
    query = select(FINDINGS).where(FINDINGS.c.pass_id.in_(ids)).order_by(FINDINGS.c.id)
    return connection.execute(query).mappings()
