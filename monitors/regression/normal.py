"""What is normal for an operation at an hour of the week.

Normal is a level, an hour-of-day profile and what the days of the week add to it, as in a
decomposition by medians (Tukey's median polish, 1977; STL, Cleveland and others, 1990). It is
fitted to the medians of the hours of four weeks, in log milliseconds, once an hour.
"""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Hours = NDArray[np.float64]

WEEK: Final = 168
"""Hours."""
WEEKS: Final = 4
"""Weeks remembered: the fewest in which a median over weeks survives a bad one and a missing one,
and about what an API stays the same for."""
LEVEL_HOURS: Final = 48
"""Hours that make the level: two days outvote one bad day, and a slow drift becomes normal."""
RECENT_HOURS: Final = 3
"""Hours that stand for an hour of the day that was never seen: daily patterns take that long to
change by as much as matters."""
DAY_UNKNOWN: Final = 0.15
"""Log units: how far an hour of the day that was never seen may lie from the hours before it. The
daily swing of services is a factor of 1.3 to 1.8, over half a day."""
WEEK_UNKNOWN: Final = 0.04
"""Log units: how far an hour may lie from the same hour of other days of the week."""


class Normal:
    """The hours of four weeks and what they say; `expected` is log milliseconds by hour of the
    week, `unknown` how far it may be off, in log units."""

    __slots__ = ("_hours", "_last", "expected", "unknown")

    def __init__(self) -> None:
        self._hours: Hours = np.full(WEEKS * WEEK, np.nan)
        self._last = -1
        self.expected: list[float] = [0.0] * (WEEK + 1)
        self.unknown: list[float] = [DAY_UNKNOWN] * WEEK

    @property
    def known(self) -> int:
        """How many hours are remembered."""
        return int(np.isfinite(self._hours).sum())

    def add(self, hour: int, value: float | None) -> None:
        """Take the median of an hour (counted from 1970), None where it must not be learned from;
        hours between the last one and this one are unknown."""
        ring = self._hours
        if hour <= self._last:  # the clock was set back: what came after has not happened
            missing = range(hour, min(self._last, hour + len(ring)) + 1)
        else:
            missing = range(max(self._last + 1, hour - len(ring) + 1), hour + 1)
        for one in missing:
            ring[one % len(ring)] = np.nan
        if value is not None:
            ring[hour % len(ring)] = value
        self._last = hour

    def forget_since(self, hour: int) -> None:
        """Forget the hours from this one on: they belong to a trouble."""
        ring = self._hours
        for one in range(max(hour, self._last - len(ring) + 1), self._last + 1):
            ring[one % len(ring)] = np.nan

    def move(self, by: float) -> None:
        """Take everything that was seen as if the new level had always been."""
        self._hours += by

    def restart(self, level: float) -> None:
        """Say what is normal as long as there is no hour to learn it from."""
        self.expected = [level] * (WEEK + 1)

    def fit(self) -> None:
        """Work out what is expected from the hours; without any it stays what it was."""
        ring = self._hours
        seen = np.isfinite(ring)
        if not seen.any():
            return
        # Newest last, from the hour after the last one: slices of it are ages.
        cut = (self._last + 1) % len(ring)
        aged = np.concatenate((ring[cut:], ring[:cut]))
        recent = aged[-LEVEL_HOURS:]
        recent = recent[np.isfinite(recent)]
        latest = float(np.median(recent[-RECENT_HOURS:])) if len(recent) else _median(ring)
        apart = ring - _median(ring)
        daily, days = _medians(apart.reshape(-1, 24))
        daily = _smooth(np.where(days > 0, daily, 0.0), days, 1)
        rest = apart - np.tile(daily, len(ring) // 24)
        weekly, weeks = _medians(rest.reshape(WEEKS, WEEK))
        weekly = _smooth(np.where(weeks > 0, weekly, 0.0), weeks, 2) * weeks / (weeks + 1.0)
        rest = ring - np.tile(daily, len(ring) // 24) - np.tile(weekly, WEEKS)
        left = np.concatenate((rest[cut:], rest[:cut]))[-LEVEL_HOURS:]
        level = _median(left) if np.isfinite(left).any() else _median(rest)
        days = np.tile(days, 7)
        expected = np.where(days > 0, level + np.tile(daily, 7) + weekly, latest)
        off = (DAY_UNKNOWN / (1.0 + days)) ** 2 + (WEEK_UNKNOWN / (1.0 + weeks)) ** 2
        self.expected = [*expected.tolist(), float(expected[0])]
        self.unknown = np.sqrt(off).tolist()

    def as_json(self) -> dict[str, Any]:
        """Return the stored form: exact, since a restart must change nothing."""
        hours = [None if math.isnan(one) else one for one in self._hours.tolist()]
        return {
            "hours": hours,
            "last": self._last,
            "expected": list(self.expected),
            "unknown": list(self.unknown),
        }

    @classmethod
    def from_json(cls, form: dict[str, Any]) -> "Normal":
        """Read the stored form."""
        normal = cls()
        normal._hours[:] = [math.nan if one is None else one for one in form["hours"]]
        normal._last = form["last"]
        normal.expected = list(form["expected"])
        normal.unknown = list(form["unknown"])
        return normal


def _median(values: Hours) -> float:
    """Return the median of what is known; something must be."""
    return float(np.median(values[np.isfinite(values)]))


def _medians(rows: Hours) -> tuple[Hours, Hours]:
    """Return the medians by column of what is known (NaN where nothing is), and how much is."""
    ordered = np.sort(rows, axis=0)  # what is unknown comes last
    counts = np.isfinite(rows).sum(axis=0)
    columns = np.arange(rows.shape[1])
    low = ordered[np.maximum(counts - 1, 0) // 2, columns]
    high = ordered[np.minimum(counts // 2, np.maximum(counts - 1, 0)), columns]
    return (low + high) / 2.0, counts.astype(np.float64)


def _smooth(values: Hours, counts: Hours, reach: int) -> Hours:
    """Average over the hours around, as many as `reach` to either side, by how much is known."""
    total = np.zeros_like(values)
    weight = np.zeros_like(values)
    for step in range(-reach, reach + 1):
        near = (reach + 1 - abs(step)) * np.roll(counts, step)
        total += near * np.roll(values, step)
        weight += near
    return np.where(weight > 0, total / np.maximum(weight, 1e-9), 0.0)
