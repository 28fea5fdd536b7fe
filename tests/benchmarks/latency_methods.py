"""Simple methods that regressions are usually found by: what the detector is measured against.

Each takes the values of a series (None where a sample is missing) and the seconds between them,
and returns the indexes at which an alert opens. All are causal. What comes back within hours is
the same alert.
"""

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Final

Values = Sequence[float | None]
Method = Callable[[Values, int], list[int]]
DAY: Final = 86400
QUIET: Final = 4 * 3600
"""Seconds without anything slow after which the next is another alert."""
WARM_UP: Final = DAY // 4
"""Seconds that must be known before anything is called slow."""


def alerting(slow: Callable[[Values, int], Iterator[tuple[int, bool]]], in_a_row: int) -> Method:
    """Alert where so many samples in a row are slow."""

    def alerts(values: Values, interval_s: int) -> list[int]:
        opened: list[int] = []
        last = -math.inf
        row = 0
        for index, is_slow in slow(values, interval_s):
            row = row + 1 if is_slow else 0
            if row < in_a_row:
                continue
            if (index - last) * interval_s > QUIET:
                opened.append(index)
            last = index
        return opened

    return alerts


def above_first_day(factor: float) -> Callable[[Values, int], Iterator[tuple[int, bool]]]:
    """Say which samples are above a multiple of the first day's median."""

    def slow(values: Values, interval_s: int) -> Iterator[tuple[int, bool]]:
        day = DAY // interval_s
        limit = factor * median(one for one in values[:day] if one is not None)
        for index, value in enumerate(values):
            if value is not None and index >= day:
                yield index, value > limit

    return slow


def robust_z(values: Values, interval_s: int) -> Iterator[tuple[int, bool]]:
    """Say which are more than four robust deviations above the last day, in log latency."""
    recent: deque[float] = deque()
    ordered: list[float] = []
    for index, value in enumerate(values):
        if value is None:
            continue
        logarithm = math.log(max(value, 1.0))
        known = len(ordered)
        if known * interval_s >= WARM_UP:
            spread = (ordered[known * 3 // 4] - ordered[known // 4]) / 1.349
            yield index, logarithm > ordered[known // 2] + 4 * max(spread, 0.001)
        recent.append(logarithm)
        insort(ordered, logarithm)
        if len(recent) * interval_s > DAY:
            ordered.pop(bisect_left(ordered, recent.popleft()))


def ewma_chart(values: Values, interval_s: int) -> Iterator[tuple[int, bool]]:
    """Say where the exponentially weighted mean of log latency (0.1) is above eight of its standard
    deviations, as three days have them that were not slow."""
    recent: deque[float] = deque()
    first = second = smooth = 0.0
    for index, value in enumerate(values):
        if value is None:
            continue
        logarithm = math.log(max(value, 1.0))
        known = len(recent)
        smooth = smooth + 0.1 * (logarithm - smooth) if known else logarithm
        if known * interval_s >= WARM_UP:
            mean = first / known
            deviation = math.sqrt(max(second / known - mean * mean, 1e-6))
            is_slow = smooth > mean + 8 * deviation * math.sqrt(0.1 / 1.9)
            yield index, is_slow
            if is_slow:
                continue
        recent.append(logarithm)
        first, second = first + logarithm, second + logarithm**2
        if len(recent) * interval_s > 3 * DAY:
            oldest = recent.popleft()
            first, second = first - oldest, second - oldest**2


METHODS: Final[dict[str, Method]] = {
    "2x the first day, 3 in a row": alerting(above_first_day(2.0), 3),
    "1.5x the first day, 5 in a row": alerting(above_first_day(1.5), 5),
    "robust z > 4 of 24 h, 3 in a row": alerting(robust_z, 3),
    "EWMA chart, 0.1, 8 sigma": alerting(ewma_chart, 1),
}
