"""How long answers take, and how many are given: latency from a stated distribution, windows of ten
seconds per app."""

import math
from collections.abc import Mapping
from random import Random
from typing import Final

MEDIAN_SECONDS: Final = 0.150
"""Median of `x-runtime` in 64 recorded live answers; they lie between 0.036 and 0.879."""
MEDIANS: Final[Mapping[str, float]] = {
    "GET /tags": 0.036,
    "GET /conversations": 0.51,
    "POST /conversations/search": 0.60,
    "POST /messages": 0.74,
    "PUT /articles/{}": 0.88,
}
"""Operations whose recorded `x-runtime` stands out, in seconds."""
SPREAD: Final = 0.18
"""Standard deviation of the logarithm: nineteen answers in twenty within 30 % of the median."""
LEAST_SECONDS: Final = 0.005

WINDOW: Final = 10  # seconds
CALLS_PER_WINDOW: Final = 1_666  # 10,000 a minute, spread over windows of ten seconds


class Latency:
    """Draws how long the server takes: log-normal around the operation's median. Each operation has
    a chance of its own, so that one request more changes nothing for the others."""

    def __init__(self, seed: int, *, is_on: bool) -> None:
        self._seed = seed
        self._chances: dict[str, Random] = {}
        self._is_on = is_on

    def seconds(self, identity: str) -> float:
        """Return the server's time for one answer; next to nothing where latency is off."""
        if not self._is_on:
            return 0.0
        median = MEDIANS.get(identity, MEDIAN_SECONDS)
        chance = self._chances.get(identity)
        if chance is None:
            chance = self._chances[identity] = Random(f"latency {self._seed} {identity}")
        return max(LEAST_SECONDS, chance.lognormvariate(math.log(median), SPREAD))


class RateLimit:
    """Counts the calls of each app in the window of ten seconds that is running."""

    def __init__(self, limit: int = CALLS_PER_WINDOW) -> None:
        self.limit = limit
        self._windows: dict[str, tuple[int, int]] = {}

    def count(self, app_id: str, now: float) -> tuple[int, int]:
        """Count one call; return how many were left before it (the first of a window sees all of
        them, as recorded), below 0 where it was one too many, and when the window ends (Unix
        seconds)."""
        window = int(now // WINDOW)
        known, used = self._windows.get(app_id, (window, 0))
        used = used if known == window else 0
        self._windows[app_id] = (window, used + 1)
        left = self.limit - used
        return (left if left > 0 else -1), (window + 1) * WINDOW
