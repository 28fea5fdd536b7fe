"""The samples of the hour that goes on."""

from statistics import median, median_high
from typing import Any, Final

MOST_PER_HOUR: Final = 128
"""Samples of an hour that are kept for its median; of more, every other one."""


class Hour:
    """The samples of an hour, in log milliseconds, thinned where they are many."""

    __slots__ = ("_skip", "_stride", "_values")

    def __init__(self) -> None:
        self._values: list[float] = []
        self._stride = 1
        self._skip = 0

    def take(self, value: float, number: int) -> None:
        """Take a sample; `number` counts them, to keep one in so many."""
        if number % self._stride and self._values:
            return
        self._values.append(value)
        if len(self._values) >= MOST_PER_HOUR:
            self._values = self._values[::2]
            self._stride *= 2
            self._skip //= 2

    def skip(self) -> None:
        """Leave what was seen until now out of what is usual."""
        self._skip = len(self._values)

    def low(self) -> float:
        """Return the median; of an even number the lower of the two in the middle."""
        ordered = sorted(self._values)
        return ordered[(len(ordered) - 1) // 2]

    def habit(self) -> float | None:
        """Return the median of all of it, None where there is nothing. Of an hour that is half
        slow, as where a job begins, the slow half tells."""
        return median_high(self._values) if self._values else None

    def usual(self) -> float | None:
        """Return the median of what was not left out, None where there is nothing. Of an even
        number it is the higher of the two in the middle, lest normal be too low; of two it is
        their mean."""
        values = self._values[self._skip :]
        if not values:
            return None
        return round(median(values) if len(values) == 2 else median_high(values), 4)

    def as_json(self) -> dict[str, Any]:
        """Return the stored form."""
        return {"values": list(self._values), "stride": self._stride, "skip": self._skip}

    def restore(self, form: dict[str, Any]) -> None:
        """Read the stored form."""
        self._values = list(form["values"])
        self._stride, self._skip = form["stride"], form["skip"]
