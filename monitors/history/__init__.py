"""What remains: measurements, incidents and messages, on SQLite or PostgreSQL."""

from monitors.history.store import History

__all__ = ["History"]
