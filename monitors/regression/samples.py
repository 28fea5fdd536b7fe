"""What is usual for single samples, and what of the latest ones is more than a burst."""

import math
from bisect import bisect_left, insort
from collections import deque
from itertools import islice
from typing import Any, Final

import numpy as np

BURST: Final = 900.0
"""Seconds. What is over sooner is a burst, and no alert would find anybody to help."""
BURST_SAMPLES: Final = 3
"""Samples of a burst, where they are far apart: two could be two coincidences."""
TAIL: Final = 0.05
"""The share of answers that is slow when all is well: what p95 means."""
SPIKE: Final = 0.01
"""The share of answers that is a spike: one of them beside a burst is a coincidence."""
SIGMA_FIRST: Final = 0.25
"""Log units: the spread before it is known. Recorded answers spread by 0.1 to 0.3."""
SIGMA_LEAST: Final = 0.02
"""Log units: clocks with coarse ticks, and constants, look steadier than anything is."""
ALIKE: Final = 4.0
"""Sigmas that span nearly all of a few samples of one level."""
MEMORY_HOURS: Final = 14 * 24.0
"""Hours after which what was usual has lost most of its weight: two of each day of the week."""
BIN: Final = 0.025
BINS: Final = 144
LOWEST: Final = -1.2
"""The histogram, in log units: a third to eleven times the level."""


class Spread:
    """How far single samples lie from the level around them: a histogram that fades."""

    __slots__ = ("_counts", "_fresh", "beyond", "sigma", "spike")

    def __init__(self) -> None:
        self.sigma = SIGMA_FIRST
        self.beyond = 2.0 * SIGMA_FIRST
        """The own 95th percentile."""
        self.spike = ALIKE * SIGMA_FIRST
        """The own 99th percentile."""
        self._counts = np.zeros(BINS)
        self._fresh: list[int] = []

    def take(self, apart: float) -> None:
        """Take how far a sample lies from the level around it, in log units."""
        place = int((apart - LOWEST) / BIN)
        self._fresh.append(min(max(place, 0), BINS - 1))

    def settle(self) -> None:
        """Make the hour that ends part of what is usual."""
        self._counts *= math.exp(-1.0 / MEMORY_HOURS)
        self._counts += np.bincount(self._fresh, minlength=BINS)
        self._fresh = []
        total = float(self._counts.sum())
        if total * TAIL < 1.0:
            return
        ranks = (0.25, 0.75, 1.0 - TAIL, 1.0 - SPIKE)
        low, high, slow, spike = np.interp(ranks, np.cumsum(self._counts) / total, _EDGES).tolist()
        self.sigma = max((high - low) / 1.349, SIGMA_LEAST)
        trust = total / (total + 1.0 / SPIKE)  # a hundred samples tell no 99th percentile
        self.beyond = trust * max(slow, self.sigma) + (1.0 - trust) * 2.5 * self.sigma
        self.spike = trust * spike + (1.0 - trust) * ALIKE * self.sigma

    def as_json(self) -> dict[str, Any]:
        """Return the stored form: exact, since a restart must change nothing."""
        return {
            "sigma": self.sigma,
            "beyond": self.beyond,
            "spike": self.spike,
            "counts": self._counts.tolist(),
            "fresh": list(self._fresh),
        }

    def restore(self, form: dict[str, Any]) -> None:
        """Read the stored form."""
        self.sigma, self.beyond, self.spike = form["sigma"], form["beyond"], form["spike"]
        self._counts = np.array(form["counts"])
        self._fresh = list(form["fresh"])


class Latest:
    """The latest residuals: their median over so many that no burst, and not one with a spike
    beside it, can move it. What is missing counts as normal."""

    __slots__ = ("_kept", "_order", "_span", "need", "size")

    def __init__(self) -> None:
        self._kept: deque[tuple[float, float]] = deque()
        self._order: list[float] = []
        self.set_step(300.0)

    def set_step(self, step: float) -> None:
        """Take the usual time between samples, in seconds."""
        self.need = max(BURST_SAMPLES, round(BURST / step)) + 2
        """How many must be slow: those of a burst, a spike, and one more."""
        self.size = 2 * self.need - 1
        self._span = 1.5 * self.size * step

    def take(self, at: float, residual: float) -> float:
        """Take a residual and return the median of the latest."""
        kept, order = self._kept, self._order
        kept.append((at, residual))
        insort(order, residual)
        while len(kept) > self.size or kept[0][0] < at - self._span:
            del order[bisect_left(order, kept.popleft()[1])]
        if len(kept) == self.size:
            return order[self.need - 1]
        return sorted([*order, *[0.0] * (self.size - len(kept))])[self.need - 1]

    def lowest(self) -> float:
        """Return the least of the latest, as many as a burst and one more: 0 where they are not
        all slower than normal."""
        recent = [residual for _, residual in islice(reversed(self._kept), self.need - 1)]
        return max(min(recent), 0.0) if len(recent) == self.need - 1 else 0.0

    def highest(self) -> float:
        """Return the most of the latest, as many as of a burst; infinity while there are fewer."""
        recent = [residual for _, residual in islice(reversed(self._kept), self.need - 2)]
        return max(recent) if len(recent) == self.need - 2 else math.inf

    def step(self, spread: Spread) -> float:
        """Return the least of the latest if they are slower than single spikes are and as alike as
        those of one level, else 0: then there is no need to wait for another."""
        low = self.lowest()
        if low <= spread.spike:
            return 0.0
        high = max(residual for _, residual in islice(reversed(self._kept), self.need - 1))
        return low if high - low < ALIKE * spread.sigma else 0.0

    def onset(self, least: float) -> tuple[float, bool]:
        """Return since when the latest are above `least`, one miss pardoned, and whether all that
        is kept is."""
        since, missed = self._kept[-1][0], False
        for at, residual in reversed(self._kept):
            if residual > least:
                since, missed = at, False
            elif missed:
                return since, False
            else:
                missed = True
        return since, True

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


_EDGES: Final = LOWEST + BIN * (np.arange(BINS) + 1.0)
