"""What may be asked of Intercom before its own users feel it.

Limits are per app and per Intercom workspace and spread over windows of ten seconds; what is left
of a window is said by every answer to a valid token (`X-RateLimit-Limit`, `-Remaining`, `-Reset`).
"""

import threading
from email.utils import parsedate_to_datetime
from typing import Final

from contracts.clock import Clock
from contracts.errors import IntercheckError
from contracts.exchanges import Exchange, Response

RESERVE: Final = 0.5
"""Share of a window that is left to the application whose limit it is."""

WINDOW: Final = 10.0
"""Seconds; how long to stop after a 429 that does not say. Intercom documents this window."""

LONGEST_WAIT: Final = 60.0
"""Seconds. A reset further away is not one of a ten-second window: a run that was refused until
then ends, and what was not refused is asked again."""

MOST_REFUSALS: Final = 3
"""Answers 429 in a row after which to stop: somebody else takes all there is."""


class BudgetSpentError(IntercheckError):
    """No more requests may be sent in this run."""


class RateBudget:
    """What is left of one app's rate limit, as its answers say; safe to share between threads."""

    def __init__(self, *, clock: Clock, reserve: float = RESERVE, is_patient: bool = False) -> None:
        """Create it; one that is patient asks again however far away the reset is."""
        self._clock = clock
        self._reserve = reserve
        self._is_patient = is_patient
        self._free_at = 0.0
        self._refusals = 0
        self._is_far = False
        self._lock = threading.Lock()

    def wait_for_room(self) -> float:
        """Let pass the time until the next request may be sent; return the seconds.

        Raises BudgetSpentError where waiting has not helped.
        """
        with self._lock:
            if self._is_far and not self._is_patient:
                raise BudgetSpentError(
                    "Intercom answered 429 and says that the rate limit stays reached for longer "
                    f"than intercheck waits ({LONGEST_WAIT:.0f} s): run it later."
                )
            if self._refusals >= MOST_REFUSALS:
                raise BudgetSpentError(
                    f"Intercom answered 429 {self._refusals} times in a row, so intercheck "
                    "stopped: something else uses up the rate limit of this app; run it later."
                )
            seconds = max(0.0, self._free_at - self._clock.monotonic())
        if seconds:
            self._clock.sleep(seconds)
        return seconds

    def observe(self, exchange: Exchange) -> None:
        """Learn from an answer what is left."""
        response = exchange.response
        if response is None:
            return
        refused = response.status == 429
        with self._lock:
            self._refusals = self._refusals + 1 if refused else 0
            self._is_far = refused and _to_reset(response, self._clock) > LONGEST_WAIT
            if refused or is_in_reserve(response, self._reserve):
                self._free_at = self._clock.monotonic() + until_reset(response, self._clock)


def is_in_reserve(response: Response, reserve: float = RESERVE) -> bool:
    """Whether only the share of the window is left that belongs to the application."""
    limit = _number(response, "x-ratelimit-limit")
    remaining = _number(response, "x-ratelimit-remaining")
    if limit is None or remaining is None:
        return False
    return remaining <= limit * reserve


def until_reset(response: Response, clock: Clock) -> float:
    """Return the seconds until the window ends, at most the longest wait."""
    return min(max(_to_reset(response, clock), 0.0), LONGEST_WAIT)


def _to_reset(response: Response, clock: Clock) -> float:
    """Read them, by the server's own clock where it tells its time."""
    # Intercom has never been seen to send Retry-After; another in between may.
    after = _number(response, "retry-after")
    if after is None:
        reset = _number(response, "x-ratelimit-reset")
        if reset is None:
            return WINDOW
        after = reset - _server_time(response, clock)
    return after


def _server_time(response: Response, clock: Clock) -> float:
    try:
        return parsedate_to_datetime(response.headers.get("date", "")).timestamp()
    except ValueError:
        return clock.now().timestamp()


def _number(response: Response, header: str) -> float | None:
    value = response.headers.get(header, "").strip()
    return float(value) if value.isascii() and value.isdigit() else None
