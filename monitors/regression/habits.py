"""What happens at the same hours of the days: a job every night, or the end of a quiet weekend."""

from collections.abc import Sequence
from typing import Any, Final

from monitors.regression.normal import WEEK

DAYS: Final = 4
"""Days that are looked at: fewer would not reach back over a weekend."""
DAYS_SLOW: Final = 2
"""Of them, as slow: one may be the trouble of yesterday."""
SHARE: Final = 0.6
"""What share of what is seen now must have been there: more than half, less the noise."""
NEAR: Final = (-1, 0, 1)
"""Hours by which a clock that is set forward or back moves what people do."""
KEPT: Final = 24 * 8
"""Hours remembered: back to the same hour of the week before, and more."""


class Habits:
    """The medians of the hours of some days, whatever was said of them, in log milliseconds."""

    __slots__ = ("_last", "_seen")

    def __init__(self) -> None:
        self._seen: list[float | None] = [None] * KEPT
        self._last = -1

    def add(self, hour: int, value: float | None) -> None:
        """Take the median of an hour (counted from 1970)."""
        for missed in range(max(self._last + 1, hour - KEPT), hour):
            self._seen[missed % KEPT] = None
        self._seen[hour % KEPT] = value
        self._last = hour

    def move(self, by: float, before: int) -> None:
        """Take what was seen before an hour as if the new level had always been."""
        for hour in range(self._last - KEPT + 1, min(before, self._last + 1)):
            one = self._seen[hour % KEPT]
            self._seen[hour % KEPT] = None if one is None else one + by

    def slow_days(self, hour: int, expected: Sequence[float], least: float, hours: float) -> int:
        """Return on how many of the last days the same hours, so many until now, were by more than
        `least` above what is `expected` by hour of the week, on average."""
        span = max(1, round(hours))
        slow = 0
        for day in range(1, DAYS + 1):
            apart = (self._apart(hour + near, 24 * day, span, expected) for near in NEAR)
            slow += any(one is not None and one > least for one in apart)
        return slow

    def repeats(self, hour: int, usual: float) -> float | None:
        """Return what the same hour was a week before, where it was as far above `usual` then."""
        now, before = self.at(hour), self.at(hour - WEEK)
        if now is None or before is None:
            return None
        high, low = max(now, before) - usual, min(now, before) - usual
        return before if high > 0.0 and low > SHARE * high else None

    def _apart(self, hour: int, before: int, span: int, expected: Sequence[float]) -> float | None:
        """Return how far the hours until this one lay above what is expected of them, so many hours
        before; None where none of them is known."""
        apart = [
            one - expected[(hour - back) % WEEK]
            for back in range(span)
            if (one := self.at(hour - back - before)) is not None
        ]
        return sum(apart) / len(apart) if apart else None

    def at(self, hour: int) -> float | None:
        """Return the median of one of the last hours, None where it is not known."""
        return self._seen[hour % KEPT] if hour > self._last - KEPT else None

    def as_json(self) -> dict[str, Any]:
        """Return the stored form."""
        return {"seen": list(self._seen), "last": self._last}

    def restore(self, form: dict[str, Any]) -> None:
        """Read the stored form."""
        self._seen = list(form["seen"])
        self._last = form["last"]
