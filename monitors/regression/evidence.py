"""How unusual the latest samples are, on time scales from minutes to hours.

Exponentially weighted means (Roberts, 1959) on a geometric grid of time scales, each held against
its own past: so noise, autocorrelation, bursts and drift have their price, without a model of any
of them. A mean is unusual where its own daily maxima say that it comes once in so many weeks: the
limit is extrapolated from them as of a Gumbel distribution (Gumbel, 1958), by their L-moments
(Hosking, 1990).
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, Final

HOUR: Final = 3600.0
ONCE_IN: Final = 1000.0
"""Weeks in which one mean exceeds its limit by chance. There are eleven, which hang together, and
an operation may cry wolf once in twenty weeks: the rest is for what a fit to some days misses."""
DAYS: Final = 28
"""Daily maxima remembered: as long as what is normal is."""
DAYS_FIRST: Final = 7.0
"""Days that count as much as what is assumed before any is known: each day of the week once."""
HOURS_FIRST: Final = 12.0
"""Hours that count as much as the assumed size of a mean."""
TOGETHER: Final = 1.0
"""Hours within which samples are taken to hang together before it is known: then an hour is worth
one sample."""
UNKNOWN: Final = 3.0
"""Times what is unknown of normal: what is assumed to be one sigma is that seldom thrice as far."""
NOTHING: Final = -9.0
"""Log units: lower than any mean."""


class Evidence:
    """Weighted means of one quantity, of which `usual` is the mean when all is well, on `scales`
    (hours; 0 is the quantity as `exact` gives it); below `least` nothing matters.

    `power` is 2 for sums of many, whose squares have exponential tails, and 1 for counts of few,
    which have such tails themselves.
    """

    __slots__ = (
        "_block",
        "_calm",
        "_hours",
        "_least",
        "_past",
        "_power",
        "_rates",
        "_squares",
        "_tops",
        "_usual",
        "_weight",
        "limits",
        "means",
        "scales",
    )

    def __init__(
        self, scales: Sequence[float], *, least: float, power: float, usual: float = 0.0
    ) -> None:
        size = len(scales)
        self.scales, self._usual, self._least, self._power = scales, usual, least, power
        self.means = [usual] * size
        self.limits = [math.inf] * size
        """How large the means must be, in this hour, to be unusual."""
        self._calm = [math.inf] * size
        self._rates = [1.0] * size
        self._tops = [NOTHING] * size
        self._block = [NOTHING] * size
        self._hours = 0
        self._past: list[list[float]] = []
        self._squares = [0.0] * size
        self._weight = 0.0

    def set_step(self, step: float) -> None:
        """Take the usual time between samples, in seconds."""
        self._rates = [-math.expm1(-step / (one * HOUR)) if one else 1.0 for one in self.scales]

    def take(self, quantity: float, exact: float = 0.0) -> None:
        """Take the quantity of a sample."""
        means, tops = self.means, self._tops
        for index, rate in enumerate(self._rates):
            mean = means[index] + rate * (quantity - means[index]) if rate < 1.0 else exact
            means[index] = mean
            if mean > tops[index]:
                tops[index] = mean

    def found(self, most: float = math.inf) -> int | None:
        """Return the shortest scale on which the mean is unusual, and less than `most`."""
        for index, mean in enumerate(self.means):
            if mean > self.limits[index] and self._least < mean < most:
                return index
        return None

    def shows(self, size: float, longest: float) -> float:
        """Return the shortest scale, in hours, on which so much would be unusual, or `longest`."""
        shorter = (one for one in self.scales if one < longest)
        return next(
            (one for one, calm in zip(shorter, self._calm, strict=False) if calm < size), longest
        )

    def fade(self, seconds: float) -> None:
        """Let evidence grow old over a time without samples."""
        for index, scale in enumerate(self.scales):
            kept = math.exp(-seconds / (scale * HOUR)) if scale else 0.0
            self.means[index] = self._usual + (self.means[index] - self._usual) * kept

    def clear(self) -> None:
        """Forget what is going on, and keep what is usual."""
        self.means = [self._usual] * len(self.scales)
        self._tops = [NOTHING] * len(self.scales)

    def doubt(self) -> None:
        """Make what was told, and was nothing that lasted, one of the maxima: as if it had just
        reached the limit."""
        self._block = [
            max(block, min(top, calm))
            for block, top, calm in zip(self._block, self._tops, self._calm, strict=True)
        ]

    def settle(self) -> None:
        """Make the hour that ends part of the past, less by what was unknown in it."""
        keep = math.exp(-1.0 / (DAYS / 2 * 24.0))
        self._weight = self._weight * keep + 1.0
        for index, mean in enumerate(self.means):
            calm = self._calm[index] - self._usual
            known = calm / (self.limits[index] - self._usual)
            size = min(abs(mean - self._usual) * known, calm)
            self._squares[index] = self._squares[index] * keep + size * size
            top = min((self._tops[index] - self._usual) * known, calm) + self._usual
            self._block[index] = max(self._block[index], top)
        self._tops = list(self.means)
        self._hours += 1
        if self._hours >= 24:
            self._past = [*self._past[1 - DAYS :], [round(one, 4) for one in self._block]]
            self._block = [NOTHING] * len(self.scales)
            self._hours = 0

    def fit(self, sigma: float, unknown: float) -> None:
        """Work out the limits; `sigma` is the assumed size of the quantity, `unknown` how far
        normal may be off in the hour that begins."""
        days = len(self._past)
        for index, scale in enumerate(self.scales):
            together = max(2.0 * scale, TOGETHER)  # a weighted mean is worth twice its time
            first = HOURS_FIRST + 2.0 * scale
            squares = first * sigma * sigma * TOGETHER / together + self._squares[index]
            size = math.sqrt(squares / (first + self._weight))
            chances = max(24.0 / together, 1.0) * 7.0 * ONCE_IN
            calm = _NORMAL.inv_cdf(1.0 - 1.0 / chances) * size
            if days >= 2:
                maxima = [max(day[index] - self._usual, 0.0) for day in self._past]
                most = _extrapolated([one**self._power for one in maxima], 7.0 * ONCE_IN)
                calm = (DAYS_FIRST * calm + days * most ** (1.0 / self._power)) / (
                    DAYS_FIRST + days
                )
            self._calm[index] = self._usual + max(calm, 1e-6)
            self.limits[index] = self._usual + math.hypot(max(calm, 1e-6), UNKNOWN * unknown)

    def as_json(self) -> dict[str, Any]:
        """Return the stored form: exact, since a restart must change nothing."""
        return {
            "means": list(self.means),
            "limits": list(self.limits),
            "calm": list(self._calm),
            "tops": list(self._tops),
            "block": list(self._block),
            "hours": self._hours,
            "past": [list(day) for day in self._past],
            "squares": list(self._squares),
            "weight": self._weight,
        }

    def restore(self, form: dict[str, Any]) -> None:
        """Read the stored form."""
        self.means, self.limits = list(form["means"]), list(form["limits"])
        self._calm, self._tops = list(form["calm"]), list(form["tops"])
        self._block, self._hours = list(form["block"]), form["hours"]
        self._past = [list(day) for day in form["past"]]
        self._squares, self._weight = list(form["squares"]), form["weight"]


def _extrapolated(maxima: list[float], once_in: float) -> float:
    """Return what the maximum of a day exceeds once in so many days, by the L-moments of a Gumbel
    distribution; at least 0."""
    count = len(maxima)
    mean = sum(maxima) / count
    ranked = sum(rank * one for rank, one in enumerate(sorted(maxima)))
    scale = (2.0 * ranked / (count * (count - 1)) - mean) / math.log(2.0)
    return max(mean + scale * (math.log(once_in) - _EULER), 0.0)


_EULER: Final = 0.5772156649
_NORMAL: Final = NormalDist()
