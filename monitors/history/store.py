"""The history: a pass and all that follows from it, recorded in one transaction."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Engine

from contracts.clock import Clock
from contracts.findings import Finding
from monitors.history import outbox, queries, recording
from monitors.history.database import connect, migrate, our_trouble, writing
from monitors.history.recording import Documents
from monitors.records import (
    Delivery,
    IncidentState,
    Measurement,
    Notice,
    NoticeStatus,
    PassRecord,
    Probed,
    QueuedNotice,
    Transition,
)


class History:
    """Passes, incidents, notices and small documents. Every method raises HistoryError where the
    database cannot be read or written. Safe to share between threads."""

    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self._engine = engine
        self._writer = writing(engine)
        self._clock = clock
        self._own = threading.local()  # the connection of this thread's open transaction

    @classmethod
    def open(cls, url: str, *, clock: Clock) -> Self:
        """Open `sqlite:///path` or `postgresql://…`, and bring its tables up to date."""
        engine = connect(url)
        try:
            migrate(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, clock=clock)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what this thread reads and records inside one transaction: nobody else writes
        between what was read and what follows from it."""
        with self._writing():
            yield

    def record(
        self,
        pass_record: PassRecord | None,
        *,
        states: Iterable[IncidentState] = (),
        transitions: Iterable[Transition] = (),
        notices: Iterable[Notice] = (),
        documents: Documents | None = None,
        forgotten: Iterable[str] = (),
    ) -> None:
        """Record a pass, the incidents it changed and what is to be told, in one transaction.

        No pass is recorded where a person changed something, not a pass.
        `states` are whole states after the pass; `forgotten` are the ids of pending incidents that
        came to nothing. A notice that is queued already stays as it is.
        """
        with self._writing() as connection:
            now = self._clock.now()  # nobody else writes now, so no two have the same
            if pass_record is not None:
                recording.record_pass(connection, pass_record)
            recording.forget(connection, forgotten)
            recording.save_states(connection, states)
            recording.record_transitions(connection, transitions)
            recording.queue(connection, notices, now=now)
            recording.save_documents(connection, documents or {}, now=now)

    def passes(self, limit: int = 100) -> tuple[PassRecord, ...]:
        """Return the latest passes, newest first, whole."""
        with self._reading() as connection:
            return queries.passes(connection, limit)

    def measurements(self, since: datetime) -> tuple[Measurement, ...]:
        """Return the measurements begun at `since` or later, oldest first."""
        with self._reading() as connection:
            return queries.measurements(connection, since)

    def probed(self, since: datetime, *, latest: int) -> tuple[Probed, ...]:
        """Return what became of each probe since then, and its `latest` measurements whole."""
        with self._reading() as connection:
            return queries.probed(connection, since, latest)

    def findings(self, pass_id: str) -> tuple[Finding, ...]:
        """Return the findings of one pass."""
        with self._reading() as connection:
            return queries.findings(connection, pass_id)

    def noted(self, since: datetime) -> tuple[Finding, ...]:
        """Return the findings for information of passes begun at `since` or later."""
        with self._reading() as connection:
            return queries.noted(connection, since)

    def unmeasured(self, since: datetime) -> tuple[tuple[str, str, str], ...]:
        """Return workspace, operation and reason of what was never measured since then."""
        with self._reading() as connection:
            return queries.unmeasured(connection, since)

    def incident_states(self) -> dict[str, IncidentState]:
        """Return the latest occurrence of every key, resolved ones too: a cause that comes back
        reopens or flaps."""
        with self._reading() as connection:
            return queries.current_states(connection)

    def incidents(self, since: datetime | None = None) -> tuple[IncidentState, ...]:
        """Return every occurrence last seen at `since` or later and those still open, oldest
        first; pending ones too."""
        with self._reading() as connection:
            return queries.incidents(connection, since)

    def transitions(self, incident_id: str | None = None) -> tuple[Transition, ...]:
        """Return the transitions (of one incident) in the order they were recorded."""
        with self._reading() as connection:
            return queries.transitions(connection, incident_id)

    def state(self, kind: str, key: str) -> Any:
        """Return a small document, None where there is none."""
        return self.documents(kind, key).get(key)

    def documents(self, kind: str, key: str | None = None) -> dict[str, Any]:
        """Return the small documents of a kind by key (or the one of `key`)."""
        with self._reading() as connection:
            return queries.documents(connection, kind, key)

    def documents_about(self, key: str) -> Mapping[str, Any]:
        """Return the small documents with a key, by kind, each parsed when it is asked for."""
        with self._reading() as connection:
            return queries.documents_about(connection, key)

    def saved_about(self, key: str) -> dict[str, datetime]:
        """Return when the small documents with a key were last saved, by kind: who saw the same
        before has nothing to read."""
        with self._reading() as connection:
            return queries.saved_about(connection, key)

    def save_state(self, kind: str, key: str, document: object) -> None:
        """Save a small document outside a pass; None removes it."""
        with self._writing() as connection:
            recording.save_documents(connection, {(kind, key): document}, now=self._clock.now())

    def notices(self, status: NoticeStatus | None = None) -> tuple[QueuedNotice, ...]:
        """Return the notices (of one status) in the order they were recorded."""
        with self._reading() as connection:
            return outbox.every(connection, status)

    def told(self, incident_ids: Iterable[str]) -> dict[str, frozenset[str]]:
        """Return, by incident, the channels that notices were recorded for."""
        with self._reading() as connection:
            return outbox.told(connection, incident_ids)

    def due(self, now: datetime) -> tuple[QueuedNotice, ...]:
        """Return the notices to send now (see `monitors.alerting.outbox.Outbox`)."""
        with self._reading() as connection:
            return outbox.due(connection, now)

    def claim(self, id: int, *, until: datetime) -> bool:
        """Take a notice for an attempt; False where it is taken or no longer pending."""
        with self._writing() as connection:
            return outbox.claim(connection, id, now=self._clock.now(), until=until)

    def delivered(self, id: int, delivery: Delivery) -> None:
        """Record that a notice arrived."""
        with self._writing() as connection:
            outbox.delivered(connection, id, delivery)

    def failed(self, id: int, error: str, *, retry_at: datetime | None, ambiguous: bool) -> None:
        """Record a failed attempt; `retry_at` None makes the notice undeliverable."""
        with self._writing() as connection:
            outbox.failed(connection, id, error, retry_at=retry_at, ambiguous=ambiguous)

    def prune(self, before: datetime) -> int:
        """Forget passes begun before `before`, incidents over by then and their messages; return
        how many passes went."""
        with self._writing() as connection:
            return recording.prune(connection, before)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        own: Connection | None = getattr(self._own, "connection", None)
        with our_trouble(self._engine):
            if own is not None:
                yield own
                return
            with self._engine.connect() as connection:
                yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        own: Connection | None = getattr(self._own, "connection", None)
        with our_trouble(self._engine):
            if own is not None:
                yield own
                return
            with self._writer.begin() as connection:
                self._own.connection = connection
                try:
                    yield connection
                finally:
                    self._own.connection = None
