"""Samples before an onset and after it, and what a part of an answer's time added.

What a part takes follows the hour: an answer of the night is quicker than one of noon, whatever
slowed meanwhile. What is usual of the whole at an hour is known (`monitors.regression`); how much
of its swing is a part's is read from the samples before the onset, and taken off on both sides.
"""

import math
from collections.abc import Callable, Sequence
from statistics import median
from typing import Final, NamedTuple, Self

from monitors.makeup import Sample

FEWEST: Final = 3
"""Samples on either side of the onset: a median of fewer is one sample's word."""
SWUNG: Final = 1.05
"""Times the usual of quiet hours that it must be in busy ones before its swing tells anything."""
THIRDS: Final = 3
"""Parts of the samples, by what is usual then, of which the outer two make the swing."""
UNSEEN: Final = 1.0 / 3.0
"""The share by which an hour of the day that was not seen may differ from the others: the daily
swing of services is a factor of 1.3 to 1.8, half of it to either side."""
NEAR: Final = 1
"""Hours to either side of one that was seen, which are about the same."""
CHANCE: Final = 2.0
"""Standard errors by which medians differ by chance."""
Usual = Callable[[float], float]
"""What is usual of the whole at a time (Unix time), in milliseconds."""
Part = Callable[[Sample], float | None]
"""A part of a sample in milliseconds, None where it was not measured."""


class Grown(NamedTuple):
    """What a part added, in milliseconds, and by how much that may be off."""

    ms: float
    margin: float


class _Row(NamedTuple):
    """A sample, and what was usual of the whole then."""

    sample: Sample
    usual: float

    @property
    def beyond(self) -> float:
        """How much slower than usual it is, in log units."""
        return math.log(max(self.sample.total, 1.0) / max(self.usual, 1.0))


class Sides:
    """Samples before the onset and after it; `known` are all from before, by what is usual then."""

    def __init__(self, before: list[_Row], after: list[_Row], known: list[_Row]) -> None:
        self.before, self.after, self.known = before, after, known
        seen = {(int(one.sample.at // 3600) + by) % 24 for one in known for by in (-NEAR, 0, NEAR)}
        self._is_seen = all(int(one.sample.at // 3600) % 24 in seen for one in after)

    @classmethod
    def of(cls, before: Sequence[Sample], after: Sequence[Sample], usual: Usual) -> Self:
        """Look up what was usual."""
        rows = [_Row(one, usual(one.at)) for one in before]
        return cls(
            rows,
            [_Row(one, usual(one.at)) for one in after],
            sorted(rows, key=lambda one: one.usual),
        )

    def apart(self) -> float:
        """Return how much slower most answers are, in log units."""
        before = median(one.beyond for one in self.before)
        return median(one.beyond for one in self.after) - before

    def slowest(self) -> Self:
        """Return the slowest quarter of either side, of few as many as it takes to compare."""
        return type(self)(_slowest(self.before), _slowest(self.after), self.known)

    def grown(self, part: Part) -> Grown | None:
        """Return what a part added beyond what its hours add; None where too few have it."""
        old, new = _values(self.before, part), _values(self.after, part)
        if len(old) < FEWEST or len(new) < FEWEST:
            return None
        swing = _swing(_values(self.known, part))
        was = [value - swing * usual for value, usual in old]
        now = [value - swing * usual for value, usual in new]
        margin = CHANCE * math.hypot(_error(was), _error(now))
        if not self._is_seen:
            margin += UNSEEN * median(value for value, _ in old)
        return Grown(median(now) - median(was), margin)


def _slowest(rows: list[_Row]) -> list[_Row]:
    return sorted(rows, key=lambda one: one.beyond)[-max(FEWEST, len(rows) // 4) :]


def _values(rows: Sequence[_Row], part: Part) -> list[tuple[float, float]]:
    return [(value, one.usual) for one in rows if (value := part(one.sample)) is not None]


def _swing(ordered: Sequence[tuple[float, float]]) -> float:
    """Return how much of the swing of the whole is a part's (0 to 1), by the outer thirds of what
    is usual (Tukey's resistant line, 1977); where that hardly swung, in proportion."""
    third = max(len(ordered) // THIRDS, 1)
    (low, quiet), (high, busy) = _middles(ordered[:third]), _middles(ordered[-third:])
    if busy < SWUNG * max(quiet, 1.0):
        value, usual = _middles(ordered)
        swing = value / max(usual, 1.0)
    else:
        swing = (high - low) / (busy - quiet)
    return min(max(swing, 0.0), 1.0)


def _middles(values: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return median([one for one, _ in values]), median([one for _, one in values])


def _error(values: Sequence[float]) -> float:
    """Return the standard error of their median (of a normal distribution, by the median of
    deviations)."""
    middle = median(values)
    deviation = 1.4826 * median(abs(one - middle) for one in values)
    return math.sqrt(math.pi / 2.0) * deviation / math.sqrt(len(values))
