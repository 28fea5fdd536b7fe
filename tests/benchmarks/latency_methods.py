"""Simple methods that regressions are usually found by: what the detector is measured against.

Each takes the values of a series (None where a sample is missing) and the seconds between them,
and returns the indexes at which an alert opens. All are causal; each closes when what opened it is
over.
"""

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

Values = Sequence[float | None]
DAY: Final = 86400


def of_first_day(factor: float, in_a_row: int) -> Callable[[Values, int], list[int]]:
    """Alert on samples in a row above a multiple of the first day's median."""

    def alerts(values: Values, interval_s: int) -> list[int]:
        day = DAY // interval_s
        first = [one for one in values[:day] if one is not None]
        limit = factor * median(first)
        opened: list[int] = []
        above = below = 0
        is_open = False
        for index, value in enumerate(values):
            if value is None or index < day:
                continue
            above, below = (above + 1, 0) if value > limit else (0, below + 1)
            if not is_open and above >= in_a_row:
                opened.append(index)
                is_open = True
            elif is_open and below >= in_a_row:
                is_open = False
        return opened

    return alerts


def robust_z(values: Values, interval_s: int) -> list[int]:
    """Alert on three in a row more than four robust deviations above the last day."""
    day = DAY // interval_s
    recent: deque[float] = deque()
    ordered: list[float] = []
    opened: list[int] = []
    above = below = 0
    is_open = False
    centre = spread = math.inf
    for index, value in enumerate(values):
        if value is None:
            continue
        if len(ordered) >= day // 4:
            if index % 12 == 0 or centre == math.inf:
                centre = ordered[len(ordered) // 2]
                upper = ordered[len(ordered) * 3 // 4] - ordered[len(ordered) // 4]
                spread = max(upper / 1.349, 1.0)
            above, below = (above + 1, 0) if value > centre + 4 * spread else (0, below + 1)
            if not is_open and above >= 3:
                opened.append(index)
                is_open = True
            elif is_open and below >= 3:
                is_open = False
        recent.append(value)
        insort(ordered, value)
        if len(recent) > day:
            ordered.pop(bisect_left(ordered, recent.popleft()))
    return opened


def ewma_chart(values: Values, interval_s: int) -> list[int]:
    """Alert where the exponentially weighted mean of log latency (0.1) leaves eight sigmas."""
    day = DAY // interval_s
    mean = sigma = smooth = 0.0
    first: list[float] = []
    opened: list[int] = []
    is_open = False
    for index, value in enumerate(values):
        if value is None:
            continue
        logarithm = math.log(max(value, 1.0))
        if index < day:
            first.append(logarithm)
            continue
        if not sigma:
            mean = smooth = median(first)
            sigma = max(1.4826 * median(abs(one - mean) for one in first), 0.02)
        smooth += 0.1 * (logarithm - smooth)
        beyond = (smooth - mean) / (sigma * math.sqrt(0.1 / 1.9))
        if not is_open and beyond > 8:
            opened.append(index)
            is_open = True
        elif is_open and beyond < 4:
            is_open = False
        if not is_open:
            mean += (logarithm - mean) / day
    return opened


METHODS: Final[dict[str, Callable[[Values, int], list[int]]]] = {
    "2x the first day, 3 in a row": of_first_day(2.0, 3),
    "1.5x the first day, 5 in a row": of_first_day(1.5, 5),
    "robust z > 4 of 24 h, 3 in a row": robust_z,
    "EWMA chart, 0.1, 8 sigma": ewma_chart,
}
