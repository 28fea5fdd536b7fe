"""How restless an operation's level is when all is well: how far samples lie from what is normal,
and how much they hang together from sample to sample and from hour to hour.

What hangs together counts as fewer samples: a sum of them varies as if each varied
(1 + r) / (1 - r) times as much, where r is the correlation of one with the next (Bartlett, 1946).
"""

import copy
import math
from typing import Any, Final

from monitors.regression.evidence import HELD_BACK, HOUR, MEMORY_HOURS

WANDER: Final = 0.05
"""Log units by which the level of a healthy operation wanders from hour to hour, before it is
known."""
TOGETHER: Final = 0.3
"""The correlation from sample to sample, and from hour to hour, before it is known."""
MOST_TOGETHER: Final = 0.8
"""A correlation beyond it is hardly told from a level that moves: nine samples count as one."""
FIRST_HOURS: Final = 12.0
"""Hours that count as much as what is assumed."""
MEDIAN: Final = 1.6
"""Times the variance of a mean that a median has (half of pi, normal distribution)."""
FAR: Final = 3.0
"""Times the usual distance that an hour counts as at most."""
FAR_SAMPLE: Final = 2.0
"""Deviations that a sample counts as at most: spikes hang together with nothing."""


class Unrest:
    """What is known of it; `deviation` is the standard deviation of a sample around normal."""

    __slots__ = (
        "_before",
        "_held",
        "_hours",
        "_last",
        "_per_hour",
        "_samples",
        "_white",
        "deviation",
    )

    def __init__(self) -> None:
        self.deviation = 0.0
        self._white = 0.0
        self._per_hour = 1.0
        self._samples = [0.0, 0.0]  # squares, and products of one with the next
        self._before = 0.0
        self._hours = [0.0, 0.0, 0.0]  # how many, squares, and products of one with the next
        self._last = 0.0
        self._held: list[list[float]] = []

    def take(self, residual: float) -> None:
        """Take how far a sample lies from normal."""
        most = FAR_SAMPLE * self.deviation
        now = min(max(residual, -most), most)
        squares, products = self._samples
        self._samples = [squares + now * now, products + now * self._before]
        self._before = now

    def settle(self, apart: float, unknown: float, *, goes_on: bool) -> None:
        """Make an hour part of what is usual, of which normal is known to `unknown`, once nothing
        goes on that may be more."""
        self._held.append([apart, unknown])
        while self._held and (not goes_on or len(self._held) > HELD_BACK):
            self._settle(*self._held.pop(0))

    def _settle(self, apart: float, unknown: float) -> None:
        keep = math.exp(-1.0 / MEMORY_HOURS)
        usual = self._square()
        most = FAR * math.sqrt(usual)
        now = min(max(apart * math.sqrt(usual / (usual + unknown**2)), -most), most)
        self._samples = [one * keep for one in self._samples]
        count, squares, products = (one * keep for one in self._hours)
        self._hours = [count + 1.0, squares + now * now, products + now * self._last]
        self._last = now

    def forget(self) -> None:
        """Leave out the hours that wait: they belong to a trouble."""
        self._held = []

    def fit(self, sigma: float, step: float) -> None:
        """Take how far samples lie from the level around them, and the seconds between them."""
        self._white = sigma * sigma
        self._per_hour = max(HOUR / step, 1.0)
        # What an hour's median varies by because its samples are few is counted already.
        level = max(self._square() - self._white / self._per_hour, 0.0)
        self.deviation = math.sqrt(self._white + level)

    def _square(self) -> float:
        """Return the mean square of an hour's median around normal."""
        count, squares, _ = self._hours
        first = MEDIAN * self._white / self._per_hour + WANDER**2
        return (FIRST_HOURS * first + squares) / (FIRST_HOURS + count)

    @property
    def hourly(self) -> float:
        """The standard deviation of an hour's median around normal."""
        return math.sqrt(self._square())

    def variances(self) -> tuple[float, float, float]:
        """Return the variance of a sample with what hangs together with it over hours, for what
        shows slowly, over an hour, and over some samples, for what shows at once."""
        count, _, products = self._hours
        square = self._square()
        first = FIRST_HOURS * TOGETHER
        hourly = (first * WANDER**2 + products) / ((FIRST_HOURS + count) * square)
        slowly = max(square * self._per_hour * _times(hourly), self._white)
        squares, products = self._samples
        assumed = FIRST_HOURS * self._per_hour * self.deviation**2
        near = (TOGETHER * assumed + products) / (assumed + squares)
        hour = max(square * self._per_hour / MEDIAN, self._white)
        return slowly, hour, min(slowly, self.deviation**2 * _times(near))

    def as_json(self) -> dict[str, Any]:
        """Return the stored form: exact, since a restart must change nothing."""
        return copy.deepcopy(
            {name.removeprefix("_"): getattr(self, name) for name in self.__slots__}
        )

    def restore(self, form: dict[str, Any]) -> None:
        """Read the stored form."""
        for name in self.__slots__:
            setattr(self, name, copy.deepcopy(form[name.removeprefix("_")]))


def _times(together: float) -> float:
    """Return how many times its variance a sample counts that so hangs together with the next."""
    together = min(max(together, 0.0), MOST_TOGETHER)
    return (1.0 + together) / (1.0 - together)
