"""The tables of the history.

What is asked for by column is a column; what is only ever read back whole is compact JSON, so that
a new field of a finding or a state needs no migration. No table holds a body, a token, a query
value or a customer's value. The one exception are the documents of kind `pinned-id`: Intercom's own
object ids, needed to read the same contact again in the next pass.
"""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

HEAD: Final = "0002"
"""The migration this code was written for; a test holds it to the newest one."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC, also where the database keeps no zone (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be kept")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else in_utc(value)


def in_utc(value: datetime) -> datetime:
    """Return a time as the database gave it, aware and in UTC."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def all_in_utc(values: list[datetime]) -> list[datetime]:
    """Return many times of one database, as `in_utc` does."""
    if values and values[0].tzinfo is None:
        # The same as `replace`, in a third of its time.
        return [datetime.combine(value, value.time(), UTC) for value in values]
    return [value.astimezone(UTC) for value in values]


# SQLite counts up by itself only in a column that is exactly INTEGER.
_ROW_ID: Final = BigInteger().with_variant(Integer(), "sqlite")

# Names for every constraint, so that a later migration can drop one on either database.
METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

PASSES: Final = Table(
    "passes",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("finished_at", UtcDateTime, nullable=False),
    Column("requests", Integer, nullable=False),
)

MEASUREMENTS: Final = Table(
    "measurements",
    METADATA,
    Column("id", _ROW_ID, primary_key=True),
    Column("pass_id", ForeignKey("passes.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("workspace", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("version", Text),
    Column("operation", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("outcome", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("status", Integer),
    Column("failure", Text),
    Column("total_ms", Float),
    Column("first_byte_ms", Float),
    Column("server_ms", Float),
    Column("request_id", Text),
    Column("deployment", Text),
)

FINDINGS: Final = Table(
    "findings",
    METADATA,
    Column("id", _ROW_ID, primary_key=True),
    Column("pass_id", ForeignKey("passes.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("rule", Text, nullable=False),
    Column("finding", Text, nullable=False),
)

INCIDENTS: Final = Table(
    "incidents",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, index=True),
    # Whether this is the latest occurrence of its key: what the next observation is folded into.
    Column("current", Boolean, nullable=False),
    Column("phase", Text, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Index("ix_incidents_current", "current"),
)

TRANSITIONS: Final = Table(
    "transitions",
    METADATA,
    Column("id", _ROW_ID, primary_key=True),
    Column(
        "incident_id", ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("kind", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("state", Text, nullable=False),
)

NOTICES: Final = Table(
    "notices",
    METADATA,
    Column("id", _ROW_ID, primary_key=True),
    Column("channel", Text, nullable=False),
    # No foreign key: a digest belongs to no incident.
    Column("incident_id", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("form", Text, nullable=False, server_default="message"),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("blocks", Text, nullable=False),
    Column("color", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ambiguous", Boolean, nullable=False),
    Column("error", Text, nullable=False),
    Column("receipt_channel", Text),
    Column("receipt_id", Text),
    Column("delivered_at", UtcDateTime),
    Column("possibly_repeated", Boolean, nullable=False),
    # The same transition is queued once for a channel, however often a pass is recorded.
    UniqueConstraint("channel", "incident_id", "sequence", "form"),
    Index("ix_notices_status_next_attempt_at", "status", "next_attempt_at"),
)

DOCUMENTS: Final = Table(
    "documents",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True, index=True),
    Column("document", Text, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
)
