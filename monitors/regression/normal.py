"""What is normal for an operation at an hour of the week.

Normal is a level, an hour-of-day profile and what the days of the week add to it, as in a
decomposition by medians (Tukey's median polish, 1977; STL, Cleveland and others, 1990). It is
fitted to the medians of the hours of four weeks, in log milliseconds, once an hour.
"""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monitors.regression.evidence import HELD_BACK

Hours = NDArray[np.float64]

WEEK: Final = 168
"""Hours."""
WEEKS: Final = 4
"""Weeks remembered: the fewest in which a median over weeks survives a bad one and a missing one,
and about what an API stays the same for."""
LEVEL_HOURS: Final = 48
"""Hours that make the level: two days outvote one bad day, and a slow drift becomes normal."""
RECENT_HOURS: Final = 5
"""Hours that stand for an hour of the day that was never seen: what lasts half as
long does not move their median, and a daily pattern changes by what is unknown meanwhile."""
DAY_UNKNOWN: Final = 0.15
"""Log units: how far an hour of the day that was never seen may lie from the hours before it. The
daily swing of services is a factor of 1.3 to 1.8, over half a day."""
WEEK_UNKNOWN: Final = 0.04
"""Log units: how far an hour may lie from the same hour of other days of the week, where the days
that were seen do not say."""
DAYS_DIFFER: Final = 1.5
"""Times their mean distance from one another that days which were not seen may differ: one and a
quarter of it is a standard deviation (normal distribution)."""
DAY_OFF: Final = 0.3
"""Log units: what the hours of a working day add to those of a day off, about a third, as long as
only one kind may have been seen."""
FEW_DAYS: Final = 3
"""Days that are of both kinds: a weekend has two."""
CHANCE: Final = 2.0
"""Standard errors by which medians of hours differ by chance."""
EDGE_DAYS: Final = 3
"""Days of which the median survives one that was bad."""
LEAST_EFFECT: Final = math.log(1.12)
"""Log units: what is slower by less than 12 % is nobody's matter."""
DAY_REACH: Final = 1
"""Hours to either side that an hour of the day is averaged with."""
WEEK_REACHES: Final = (6, 3, 2)
"""Hours to either side that what a day of the week adds is averaged over, by how many weeks it was
seen: an hour of the week is seen only once a week, so at first days differ as days, a quarter of a
day on either side; then also by their office hours."""


class Normal:
    """The hours of four weeks and what they say; `expected` is log milliseconds by hour of the
    week, `unknown` how far it may be off, in log units, `known` how many hours it rests on."""

    __slots__ = (
        "_hours",
        "_last",
        "expected",
        "known",
        "other_day",
        "quicker",
        "seen",
        "seen_weekday",
        "unknown",
    )

    def __init__(self) -> None:
        self._hours: Hours = np.full(WEEKS * WEEK, np.nan)
        self._last = -1
        self.known = 0
        self.other_day: list[float] = [DAY_OFF] * WEEK
        """How far a weekday that was never seen may lie from the others, in log units."""
        self.expected: list[float] = [0.0] * (WEEK + 1)
        self.unknown: list[float] = [DAY_UNKNOWN] * WEEK
        self.quicker: list[float] = [0.0] * WEEK
        """How much quicker an hour of the week, or one beside it, was than is expected of it."""
        self.seen: list[bool] = [False] * WEEK
        self.seen_weekday: list[bool] = [False] * WEEK

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

    def adopt(self, hour: int, value: float) -> None:
        """Take the median of an hour of the last weeks that was left out."""
        if math.isnan(self._hours[hour % len(self._hours)]):
            self._hours[hour % len(self._hours)] = value

    def weeks_as_slow(self, hour: int, least: float) -> int:
        """Return in how many of the last weeks the same hour, or one beside it, was by more than
        `least` above what is expected of it, in log units."""
        ring, near = self._hours, (hour - 1, hour, hour + 1)
        return sum(
            any(
                ring[(one - WEEK * week) % len(ring)] > self.expected[one % WEEK] + least
                for one in near
            )
            for week in range(1, WEEKS)
        )

    def forget_since(self, hour: int) -> None:
        """Forget the hours from this one on: they belong to a trouble."""
        ring = self._hours
        for one in range(max(hour, self._last - len(ring) + 1), self._last + 1):
            ring[one % len(ring)] = np.nan

    def move(self, by: float, before: int) -> None:
        """Take what was seen before an hour as if the new level had always been."""
        ring = self._hours
        for one in range(self._last - len(ring) + 1, min(before, self._last + 1)):
            ring[one % len(ring)] += by

    def restart(self, level: float) -> None:
        """Say what is normal as long as there is no hour to learn it from."""
        self.expected = [level] * (WEEK + 1)

    def fit(self, waits: int = 0, held: int = 0) -> None:
        """Work out what is expected from the hours; without any it stays what it was. The latest
        ones that wait are not followed where nothing else is known; as many as are held
        back say nothing yet."""
        ring = self._hours
        if held:
            ring = ring.copy()
            ring[(self._last - _AGES[:held]) % len(ring)] = np.nan
        self.known = int(np.count_nonzero(np.isfinite(ring)))
        if not self.known:
            return
        middle = _median(ring)
        latest = ring[(self._last - _AGES) % len(ring)]
        apart = (ring - middle).reshape(-1, 24)
        raw, days = _medians(apart)
        daily = _smooth(raw, days, _NEAR_HOURS)
        rest = apart - daily
        # What goes on is no part of what its weekday usually is.
        before = rest.reshape(-1).copy()
        before[(self._last - _AGES[:HELD_BACK]) % len(ring)] = np.nan
        weekly, weeks = _medians(before.reshape(WEEKS, WEEK))
        whole = _smooth(weekly, weeks, _NEAR_DAYS[0])
        for seen, near in enumerate(_NEAR_DAYS[1:], start=2):
            whole = np.where(weeks >= seen, _smooth(weekly, weeks, near), whole)
        by_hour = weekly
        weekly = whole * weeks**2 / (weeks**2 + 1.0)
        # The whole of it: else a day off, which is quicker, lowers the level of the day after.
        left = (rest.reshape(WEEKS, WEEK) - whole).reshape(-1)
        recent = left[(self._last - _AGES) % len(ring)]
        level = middle + _median(recent if np.isfinite(recent).any() else left)
        differ, edge = np.zeros(24), np.zeros(24)
        if days.all():
            known = np.isfinite(before).reshape(-1, 24)
            differ = np.where(known, np.abs(before.reshape(-1, 24)), 0.0).sum(axis=0)
            differ = _smooth(differ / np.maximum(known.sum(axis=0), 1), days, _NEAR_HOURS)
            usual = np.sort(differ)[12]
            chance = CHANCE * usual / np.sqrt(days)
            differ = np.maximum(differ - usual - chance, 0.0)
            around = np.where(days >= EDGE_DAYS, raw, -9.0)
            around = np.maximum(around[_AFTER], around[_BEFORE])
            edge = np.maximum(around - daily - LEAST_EFFECT - chance, 0.0)
        # The least that hours like this one were, without averaging over those around.
        low = by_hour + np.tile(np.where(days > 0, raw, 9.0), 7)
        low = level + np.minimum(np.minimum(low, np.roll(low, 1)), np.roll(low, -1))
        days, daily, differ, edge = np.tile([days, daily, differ, edge], 7)
        expected = level + daily + weekly
        if not days.all():
            followed = latest[waits:]
            followed = followed[np.isfinite(followed)][:RECENT_HOURS]
            expected = np.where(days > 0, expected, _median(followed) if len(followed) else middle)
        off = np.hypot(
            DAY_UNKNOWN / (1.0 + days), (WEEK_UNKNOWN + DAYS_DIFFER * differ) / (1.0 + weeks)
        )
        furthest = np.where(np.isfinite(rest), np.abs(rest), 0.0).max(axis=0)
        furthest = _smooth(furthest, np.ones(24), _NEAR_HOURS)
        furthest = np.where(days[:24] < FEW_DAYS, np.maximum(furthest, DAY_OFF), furthest)
        other_day = np.where(days > 0, np.tile(furthest, 7), DAY_UNKNOWN)
        self.other_day = np.where(weeks > 0, 0.0, other_day).tolist()
        self.expected = [*expected.tolist(), float(expected[0])]
        # A day of the week is believed by and by; what is not believed yet is no evidence either.
        doubted = np.maximum(np.abs(whole - weekly) - WEEK_UNKNOWN, 0.0)
        self.unknown = (off + edge + np.where(whole > 0.0, doubted, 0.0)).tolist()
        self.quicker = np.maximum(expected - low - LEAST_EFFECT, 0.0).tolist()
        self.seen = (days > 0).tolist()
        self.seen_weekday = (weeks > 0).tolist()

    def as_json(self) -> dict[str, Any]:
        """Return the stored form: exact, since a restart must change nothing."""
        hours = [None if math.isnan(one) else one for one in self._hours.tolist()]
        return {
            "hours": hours,
            "last": self._last,
            "known": self.known,
            "other_day": list(self.other_day),
            "expected": list(self.expected),
            "unknown": list(self.unknown),
            "quicker": list(self.quicker),
            "seen": list(self.seen),
            "seen_weekday": list(self.seen_weekday),
        }

    def restore(self, form: dict[str, Any]) -> None:
        """Read the stored form."""
        self._hours[:] = [math.nan if one is None else one for one in form["hours"]]
        self._last, self.known = form["last"], form["known"]
        self.other_day, self.quicker = list(form["other_day"]), list(form["quicker"])
        self.seen = list(form["seen"])
        self.seen_weekday = list(form["seen_weekday"])
        self.expected, self.unknown = list(form["expected"]), list(form["unknown"])


def _median(values: Hours) -> float:
    """Return the median of what is known; something must be."""
    ordered = np.sort(values[np.isfinite(values)])
    return float(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2.0


def _medians(rows: Hours) -> tuple[Hours, Hours]:
    """Return the medians by column of what is known (0 where nothing is), and how much is."""
    ordered = np.sort(rows, axis=0)  # what is unknown comes last
    counts = np.isfinite(rows).sum(axis=0)
    columns = np.arange(rows.shape[1])
    last = np.maximum(counts - 1, 0)
    middle = (ordered[last // 2, columns] + ordered[np.minimum(counts // 2, last), columns]) / 2.0
    return np.where(counts > 0, middle, 0.0), counts.astype(np.float64)


def _near(size: int, reach: int) -> Hours:
    """Return the weights of the hours around, nearer ones more, as a circular matrix."""
    offsets = (np.arange(size)[:, None] - np.arange(size)) % size
    apart = np.minimum(offsets, size - offsets)
    return np.asarray(np.maximum(reach + 1.0 - apart, 0.0), dtype=np.float64)


def _smooth(values: Hours, counts: Hours, near: Hours) -> Hours:
    """Average over the hours around, by how much is known of each."""
    weight = near @ counts
    return np.asarray((near @ (counts * values)) / np.maximum(weight, 1e-9))


_AGES: Final = np.arange(LEVEL_HOURS)
_AFTER: Final = (np.arange(24) + 1) % 24
_BEFORE: Final = (np.arange(24) - 1) % 24
_NEAR_HOURS: Final = _near(24, DAY_REACH)
_NEAR_DAYS: Final = tuple(_near(WEEK, reach) for reach in WEEK_REACHES)
