"""What of the latest samples is more than a burst."""

from bisect import bisect_left, insort
from collections import deque
from itertools import islice
from typing import Final

from monitors.regression.spread import ALIKE, Spread

BURST: Final = 900.0
"""Seconds. What is over sooner is a burst, and no alert would find anybody to help."""
BURST_SAMPLES: Final = 2
"""Samples of a burst, where they are far apart: two could be two coincidences."""


class Latest:
    """The latest residuals: their median over so many that no burst, and not one with a spike
    beside it, can move it. What is missing counts as normal."""

    __slots__ = ("_kept", "_order", "_span", "burst", "size")

    def __init__(self) -> None:
        self._kept: deque[tuple[float, float]] = deque()
        self._order: list[float] = []
        self.set_step(300.0)

    def set_step(self, step: float) -> None:
        """Take the usual time between samples, in seconds."""
        self.burst = max(BURST_SAMPLES, round(BURST / step))
        """How many samples a burst has at most."""
        self.size = 2 * self.burst + 3
        """Of so many more than half must be slow: those of a burst, a spike, and one more."""
        self._span = 1.5 * self.size * step

    def take(self, at: float, residual: float) -> float:
        """Take a residual and return the median of the latest."""
        kept, order = self._kept, self._order
        kept.append((at, residual))
        insort(order, residual)
        while len(kept) > self.size or kept[0][0] < at - self._span:
            del order[bisect_left(order, kept.popleft()[1])]
        if len(kept) < self.size:
            order = sorted([*order, *[0.0] * (self.size - len(kept))])
        return order[self.size // 2]

    def lowest(self) -> float:
        """Return the least of the latest, as many as a burst and one more: 0 where they are not
        all slower than normal."""
        recent = self._recent()
        return max(min(recent), 0.0) if len(recent) > self.burst else 0.0

    def step(self, spread: Spread) -> float:
        """Return the least of the latest if they are slower than single spikes are and as alike as
        those of one level, else 0: then there is no need to wait for another."""
        low = self.lowest()
        if low <= spread.spike:
            return 0.0
        return low if max(self._recent()) - low < ALIKE * spread.sigma else 0.0

    def _recent(self) -> list[float]:
        return [residual for _, residual in islice(reversed(self._kept), self.burst + 1)]

    def since(self, at: float) -> list[float]:
        """Return those of the latest that are not older than that."""
        return [residual for when, residual in self._kept if when >= at]

    def above(self, least: float) -> int:
        """Return how many of the latest are above `least`."""
        return len(self._order) - bisect_left(self._order, least)

    def onset(self, least: float) -> float:
        """Return since when the latest are above `least`, one miss pardoned."""
        since, missed = self._kept[-1][0], False
        for at, residual in reversed(self._kept):
            if residual > least:
                since, missed = at, False
            elif missed:
                return since
            else:
                missed = True
        return since

    def clear(self) -> None:
        """Forget what is going on."""
        self._kept.clear()
        self._order.clear()

    def as_json(self) -> list[list[float]]:
        """Return the stored form."""
        return [list(one) for one in self._kept]

    def restore(self, form: list[list[float]]) -> None:
        """Read the stored form."""
        self._kept = deque((at, residual) for at, residual in form)
        self._order = sorted(residual for _, residual in self._kept)
