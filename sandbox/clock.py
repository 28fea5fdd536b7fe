"""A clock that stands still until it is told to go on."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Final

DEFAULT_START: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday morning


class VirtualClock:
    """A `contracts.clock.Clock` on which sleeping takes no real time; thread-safe."""

    def __init__(self, start: datetime = DEFAULT_START) -> None:
        self._start = start
        self._elapsed = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        with self._lock:
            return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        with self._lock:
            self._elapsed += max(0.0, seconds)

    def advance(self, by: timedelta) -> None:
        """Let `by` pass at once."""
        self.sleep(by.total_seconds())
