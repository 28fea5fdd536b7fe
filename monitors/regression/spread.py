"""How far single samples lie from the level around them, and what that says of an operation's slow
answers."""

import math
from statistics import NormalDist
from typing import Any, Final

import numpy as np

from monitors.regression.evidence import HELD_BACK, MEMORY_HOURS

TAIL: Final = 0.05
"""The share of answers that is slow when all is well: what p95 means."""
SPIKE: Final = 0.01
"""The share of answers that is a spike: one of them beside a burst is a coincidence."""
JOINED: Final = 0.15
"""The share of answers that has joined the slow ones, or the spikes, where slow answers are looked
for: fewer than one in seven is little harm, and of more there is more evidence."""
WIDER: Final = 2.0
"""Times as wide as usual, where a wider spread is looked for: then one answer in five is slow."""
SIGMA_FIRST: Final = 0.25
"""Log units: the spread before it is known. Recorded answers spread by 0.1 to 0.3."""
SIGMA_LEAST: Final = 0.02
"""Log units: clocks with coarse ticks, and constants, look steadier than anything is."""
ALIKE: Final = 4.0
"""Sigmas that span nearly all of a few samples of one level."""
BIN: Final = 0.025
BINS: Final = 144
MIDDLE: Final = 48
LOWEST: Final = -BIN * MIDDLE
"""The histogram, in log units: a third to eleven times the level, which is between its bins."""

Scores = tuple[float, float, float]
"""What a sample says for more slow answers, for more that are as slow as spikes, and for a wider
spread: logarithms of how much likelier it is then."""
SILENT: Final[Scores] = (0.0, 0.0, 0.0)


class Spread:
    """A histogram that fades."""

    __slots__ = ("_counts", "_fresh", "_held", "_scores", "beyond", "sigma", "spike")

    def __init__(self) -> None:
        self.sigma = SIGMA_FIRST
        self.beyond = 2.0 * SIGMA_FIRST
        """The own 95th percentile."""
        self.spike = ALIKE * SIGMA_FIRST
        """The own 99th percentile."""
        self._scores = [SILENT]
        self._counts = np.zeros(BINS)
        self._held = np.zeros(BINS)
        self._fresh: list[int] = []

    def take(self, apart: float) -> None:
        """Take how far a sample lies from the level around it, in log units."""
        place = int((apart - LOWEST) / BIN)
        self._fresh.append(min(max(place, 0), BINS - 1))

    def settle(self, *, goes_on: bool) -> None:
        """Make the hour that ends part of what is usual, slowly while something goes on that may
        be more: else a tail would be usual before it is found."""
        self._held += np.bincount(self._fresh, minlength=BINS)
        self._fresh = []
        part = 1.0 / HELD_BACK if goes_on else 1.0
        self._counts *= math.exp(-1.0 / MEMORY_HOURS)
        self._counts += part * self._held
        self._held *= 1.0 - part
        self._rank()
        total = float(self._counts.sum())
        if total * TAIL < 1.0:
            return
        ranks = (0.25, 0.75, 1.0 - TAIL, 1.0 - SPIKE)
        low, high, slow, spike = np.interp(ranks, np.cumsum(self._counts) / total, _EDGES).tolist()
        self.sigma = max((high - low) / 1.349, SIGMA_LEAST)
        trust = total / (total + 1.0 / SPIKE)  # a hundred samples tell no 99th percentile
        self.beyond = trust * max(slow, self.sigma) + (1.0 - trust) * 2.5 * self.sigma
        self.spike = trust * spike + (1.0 - trust) * ALIKE * self.sigma

    def forget(self) -> None:
        """Leave out what waits: it belongs to a trouble."""
        self._held[:] = 0.0
        self._fresh = []

    def _rank(self) -> None:
        """Work out what samples say, by their rank in the own past and so whatever the form of the
        noise: as if the ranks were those of a normal distribution."""
        wide = self._counts[MIDDLE:].copy()
        wide[:MIDDLE] += self._counts[MIDDLE - 1 :: -1]
        total = float(wide.sum())
        if not total:
            return
        # The next of n alike is the largest with a chance of 1 in n + 1.
        beyond = total - np.cumsum(wide) + wide / 2.0
        shares = np.clip((beyond + 1.0) / (total + 1.0), SPIKE / 2.0, 1.0)
        slow = [
            np.where(shares < one, math.log1p(JOINED * (1.0 / one - 1.0)), _NOT_JOINED)
            for one in (TAIL, SPIKE)
        ]
        normal = np.interp(shares, _SHARES, _NORMALS)
        wider = (1.0 - 1.0 / WIDER**2) / 2.0 * normal**2 - math.log(WIDER)
        self._scores = [(a, b, c) for a, b, c in np.array([*slow, wider]).T.tolist()]

    def scores(self, apart: float) -> Scores:
        """Return what a sample says that lies so far from the level around it."""
        place = min(int(abs(apart) / BIN), len(self._scores) - 1)
        scores = self._scores[place]
        return scores if apart > 0.0 else (_NOT_JOINED, _NOT_JOINED, scores[2])

    def as_json(self) -> dict[str, Any]:
        """Return the stored form: exact, since a restart must change nothing."""
        return {
            "sigma": self.sigma,
            "beyond": self.beyond,
            "spike": self.spike,
            "counts": self._counts.tolist(),
            "held": self._held.tolist(),
            "fresh": list(self._fresh),
            "scores": [list(one) for one in self._scores],
        }

    def restore(self, form: dict[str, Any]) -> None:
        """Read the stored form."""
        self.sigma, self.beyond, self.spike = form["sigma"], form["beyond"], form["spike"]
        self._counts, self._held = np.array(form["counts"]), np.array(form["held"])
        self._fresh = list(form["fresh"])
        self._scores = [(one[0], one[1], one[2]) for one in form["scores"]]


_SHARES: Final = np.array([SPIKE, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0])
_NORMALS: Final = np.array([NormalDist().inv_cdf(1.0 - one / 2.0) for one in _SHARES.tolist()])
_NOT_JOINED: Final = math.log1p(-JOINED)
_EDGES: Final = LOWEST + BIN * (np.arange(BINS) + 1.0)
