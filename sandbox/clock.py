"""Clocks that can be moved on: one that stands still, and one that runs with the machine."""

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, runtime_checkable

from contracts.clock import Clock, SystemClock

DEFAULT_START: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday morning


@runtime_checkable
class MovableClock(Clock, Protocol):
    """A clock that can be told to be ahead."""

    def skip(self, seconds: float) -> None:
        """Be `seconds` later at once."""
        ...


class VirtualClock:
    """A `contracts.clock.Clock` on which sleeping takes no real time; safe to share between
    threads."""

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

    def skip(self, seconds: float) -> None:
        self.sleep(seconds)

    def advance(self, by: timedelta) -> None:
        """Let `by` pass at once."""
        self.sleep(by.total_seconds())


class RunningClock:
    """The machine's clock, which can be moved ahead."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return datetime.now(UTC) + timedelta(seconds=self._ahead)

    def monotonic(self) -> float:
        with self._lock:
            return time.perf_counter() + self._ahead

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))

    def skip(self, seconds: float) -> None:
        with self._lock:
            self._ahead += max(0.0, seconds)


async def wait(clock: Clock, seconds: float) -> None:
    """Let `seconds` pass on `clock` without holding up the event loop.

    The machine's time is waited for; any other clock is told, and lets it pass at once.
    """
    if isinstance(clock, (SystemClock, RunningClock)):
        await asyncio.sleep(seconds)
    else:
        clock.sleep(seconds)
