"""How unusual the latest residuals are, on time scales from minutes to hours.

A residual is what a sample lies above normal, in log units. Their exponentially weighted means
(Roberts, 1959) on a geometric grid of time scales find steps and ramps; the weighted share of
those beyond the operation's own 95th percentile finds what slows the slow answers only. Each is
held against its own past: so noise, autocorrelation and drift have their price.
"""

import math
from typing import Any, Final

import numpy as np

HOUR: Final = 3600.0
SCALES: Final = (900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 57600.0)
"""Seconds. A longer one would find less that matters, a shorter one would find bursts."""
TAIL_SCALES: Final = (21600.0, 43200.0)
"""Seconds. One answer in twenty is beyond the 95th percentile: it takes hours to count them."""
TAIL: Final = 0.05
"""The share of answers that is beyond the upper quantile when all is well."""
MEMORY: Final = 14 * 24.0
"""Hours after which the past of a statistic has lost most of its weight."""
CLIP: Final = 3.0
"""Sigmas beyond which a residual counts no more: one spike is no evidence."""
OUTLIER: Final = 6.5
"""Times the usual square beyond which an hour makes a statistic no more variable: what was slow and
not found must not hide the next."""
DOUBT: Final = 3.0
"""Times the fourth moment of the past, 1.3 times its size, for everything small that was told and
over soon: what does this every other day will not be told every other day."""
SIGMA_FIRST: Final = 0.25
"""Log units: the spread before it is known. Recorded answers spread by 0.1 to 0.3."""
SIGMA_LEAST: Final = 0.02
"""Log units: clocks with coarse ticks, and constants, look steadier than anything is."""
DRIFT: Final = 0.03
"""Log units by which the level of a healthy operation wanders within hours, before it is known."""
BIN: Final = 0.02
BINS: Final = 140
LOWEST: Final = -1.2
"""The histogram of residuals in log units: a third to five times normal."""


class Evidence:
    """The weighted means of the residuals of one operation, and their own past."""

    __slots__ = (
        "_past",
        "_rates",
        "_spread",
        "_tail_past",
        "_tail_rates",
        "_weight",
        "beyond",
        "counted",
        "high",
        "level",
        "means",
        "scales",
        "shares",
        "sigma",
        "step",
        "tail_scales",
    )

    def __init__(self) -> None:
        self.means = [0.0] * len(SCALES)
        self.shares = [TAIL] * len(TAIL_SCALES)
        self.level = 0.0
        """The recent residual without clipping at sigmas: how much slower it is."""
        self.sigma = SIGMA_FIRST
        self.beyond = 2.0 * SIGMA_FIRST
        """The own 95th percentile of residuals, in log units."""
        self.counted = 0
        """How many of the latest residuals in a row were beyond it."""
        self.high = 3.0 * SIGMA_FIRST
        """How far the latest of those beyond it were above normal, in log units."""
        self._spread = np.zeros(BINS)
        self._past = [0.0] * len(SCALES)
        self._tail_past = [0.0] * len(TAIL_SCALES)
        self._weight = 0.0
        self.set_step(300.0)

    def set_step(self, step: float) -> None:
        """Take the usual time between samples, in seconds."""
        self.step = step
        self._rates = [1.0 - math.exp(-step / max(scale, 3.0 * step)) for scale in SCALES]
        self._tail_rates = [1.0 - math.exp(-step / max(one, 20.0 * step)) for one in TAIL_SCALES]
        self._rescale()

    def take(self, residual: float, unknown: float, *, learning: bool) -> None:
        """Take a residual; `unknown` is how far normal may be off. It becomes part of what is
        usual only when `learning`."""
        most = CLIP * self.sigma + 4.0 * unknown
        clipped = most if residual > most else -most if residual < -most else residual
        means = self.means
        for index, rate in enumerate(self._rates):
            means[index] += rate * (clipped - means[index])
        wide = 2.0 if residual > 2.0 else -2.0 if residual < -2.0 else residual
        self.level += self._rates[1] * (wide - self.level)
        # The third in a row and those after it are a burst, which is no matter of the tail.
        if residual > self.beyond + unknown:
            self.counted += 1
            self.high += 0.1 * (wide - self.high)
            counts = 1.0 if self.counted <= 2 else 0.0
        else:
            self.counted = 0
            counts = 0.0
        shares = self.shares
        for index, rate in enumerate(self._tail_rates):
            shares[index] += rate * (counts - shares[index])
        if learning:
            place = int((residual - LOWEST) / BIN)
            self._spread[0 if place < 0 else BINS - 1 if place >= BINS else place] += 1.0

    def fade(self, seconds: float) -> None:
        """Let evidence grow old over a time without samples."""
        for index, scale in enumerate(SCALES):
            self.means[index] *= math.exp(-seconds / scale)
        self.level *= math.exp(-seconds / SCALES[1])
        for index, scale in enumerate(TAIL_SCALES):
            self.shares[index] += (TAIL - self.shares[index]) * -math.expm1(-seconds / scale)
        self.counted = 0

    def clear(self) -> None:
        """Forget what is going on, and keep what is usual."""
        self.means = [0.0] * len(SCALES)
        self.shares = [TAIL] * len(TAIL_SCALES)
        self.level = 0.0
        self.counted = 0

    def doubt(self) -> None:
        """Make what was told, and was nothing that lasted, part of what is usual."""
        self._past = [past * DOUBT for past in self._past]
        self._tail_past = [past * DOUBT for past in self._tail_past]
        self._rescale()

    def settle(self, unknown: float) -> None:
        """Make the hour that ends part of the past of every statistic."""
        keep = math.exp(-1.0 / MEMORY)
        self._weight = self._weight * keep + 1.0
        for index, mean in enumerate(self.means):
            usual = self.scales[index] ** 2
            known = usual / (usual + unknown * unknown)
            squared = min(mean * mean * known, OUTLIER * usual)
            self._past[index] = self._past[index] * keep + squared * squared / 3.0
        for index, share in enumerate(self.shares):
            squared = min((share - TAIL) ** 2, OUTLIER * self.tail_scales[index] ** 2)
            self._tail_past[index] = self._tail_past[index] * keep + squared * squared / 3.0
        self._spread *= keep
        total = float(self._spread.sum())
        if total >= 20.0:
            cumulated = np.cumsum(self._spread) / total
            low, high, top = np.interp((0.25, 0.75, 1.0 - TAIL), cumulated, _EDGES).tolist()
            self.sigma = max((high - low) / 1.349, SIGMA_LEAST)
            trust = total / (total + 100.0)
            self.beyond = trust * max(top, self.sigma) + (1.0 - trust) * 2.5 * self.sigma
        self._rescale()

    def _rescale(self) -> None:
        """Work out how large each statistic usually is: what theory says counts as much as some
        hours of the past, more of them for long time scales, which take longer to be known."""
        weight = self._weight
        self.scales = []
        for index, rate in enumerate(self._rates):
            prior = 12.0 + 4.0 * SCALES[index] / HOUR
            first = self.sigma**2 * 2.0 * rate / (2.0 - rate) + DRIFT**2
            self.scales.append(
                ((prior * first * first + self._past[index]) / (prior + weight)) ** 0.25
            )
        self.tail_scales = []
        for index, rate in enumerate(self._tail_rates):
            prior = 12.0 + 4.0 * TAIL_SCALES[index] / HOUR
            first = 1.5 * TAIL * (1.0 - TAIL) * rate / (2.0 - rate)
            self.tail_scales.append(
                ((prior * first * first + self._tail_past[index]) / (prior + weight)) ** 0.25
            )

    def as_json(self) -> dict[str, Any]:
        """Return the stored form: exact, since a restart must change nothing."""
        return {
            "means": list(self.means),
            "shares": list(self.shares),
            "level": self.level,
            "sigma": self.sigma,
            "beyond": self.beyond,
            "counted": self.counted,
            "high": self.high,
            "spread": self._spread.tolist(),
            "past": list(self._past),
            "tail_past": list(self._tail_past),
            "weight": self._weight,
            "step": self.step,
            "scales": list(self.scales),
            "tail_scales": list(self.tail_scales),
        }

    @classmethod
    def from_json(cls, form: dict[str, Any]) -> "Evidence":
        """Read the stored form."""
        evidence = cls()
        evidence.set_step(form["step"])
        evidence.means = list(form["means"])
        evidence.shares = list(form["shares"])
        evidence.level = form["level"]
        evidence.sigma = form["sigma"]
        evidence.beyond = form["beyond"]
        evidence.counted = form["counted"]
        evidence.high = form["high"]
        evidence._spread = np.array(form["spread"])
        evidence._past = list(form["past"])
        evidence._tail_past = list(form["tail_past"])
        evidence._weight = form["weight"]
        evidence.scales = list(form["scales"])
        evidence.tail_scales = list(form["tail_scales"])
        return evidence


_EDGES: Final = LOWEST + BIN * (np.arange(BINS) + 1.0)
