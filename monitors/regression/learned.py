"""What is learned of one operation's latency: what is normal, and how unusual the latest are."""

import copy
import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from monitors.regression.evidence import HOUR, Sums
from monitors.regression.habits import Habits
from monitors.regression.hour import Hour
from monitors.regression.normal import LEAST_EFFECT, WEEK, Normal
from monitors.regression.samples import Latest
from monitors.regression.spread import SILENT, TAIL, Scores, Spread
from monitors.regression.trouble import LOUD
from monitors.regression.unrest import Unrest

ALLOWANCES: Final = (math.log(1.2) / 2.0, math.log(1.4) / 2.0, math.log(2.0) / 2.0)
"""Log units: half of the shifts that are looked for. A sum of what is beyond half of a shift is the
quickest to find it (Moustakides, 1986)."""
CLIP: Final = 1.0
"""Deviations beyond an allowance, to either side, at which a residual counts no more (Huber, 1964):
a spike is no more evidence than that, and a burst has a price that can be named."""
SCORE_LASTS: Final = 5.0
"""Samples that a sum of scores lasts: the least after which several have spoken."""
SLOW_HOURS: Final = 6.0
"""Hours over which the share of slow answers is taken: a dozen at the least are slow in it when
something is wrong."""
HIGH_FIRST: Final = 0.5
"""Log units that slow answers lie above the others, before any were seen."""
HIGH_MOST: Final = 2.0
HIGH_RATE: Final = 0.1
"""What of it a slow answer makes: the latest ten or so."""
BETTER_HOURS: Final = 12
"""Hours in a row, all of them faster, that are a new normal: longer than the working hours of a day
off that looked like others."""
STEPS: Final = (5.0, HOUR)
"""Seconds: the least and the most that is taken for the time between samples."""
PACE_OF: Final = 5
"""Times between samples, of which the median is the pace: two gaps are no new pace."""
MOST_MS: Final = 1e7
DOUBTED: Final = 3
"""Hours, longer than a job of the night, for which what is twice as slow is not taken for usual."""
FIRST: Final = 3
"""Samples that make the first level."""


class Seen(NamedTuple):
    """A sample beside what is normal: `usual` is the log of the milliseconds at that time,
    `residual` how far above it the sample lies, `middle` the median of the latest, `weight` what
    it counts: less where it came sooner than others."""

    at: float
    usual: float
    residual: float
    middle: float
    scores: Scores
    weight: float


class Learned:
    """What is known; `take` learns from a sample, `turn` from an hour. Of trouble nothing becomes
    part of what is normal."""

    __slots__ = (
        "_doubted",
        "_faster",
        "_pace",
        "_passed",
        "_side",
        "habits",
        "high",
        "hour",
        "last",
        "latest",
        "level",
        "normal",
        "now",
        "samples",
        "slow",
        "spread",
        "step",
        "tail",
        "unrest",
    )

    def __init__(self) -> None:
        self.normal = Normal()
        self.spread = Spread()
        self.unrest = Unrest()
        self.latest = Latest()
        self.level = Sums(len(ALLOWANCES))
        self.tail = Sums(len(SILENT))
        self.habits = Habits()
        self.now = Hour()
        self.samples = 0
        self.last: float | None = None
        self.hour = -1
        self.high = HIGH_FIRST
        """How far the slow answers lie from the others, in log units."""
        self.slow = TAIL
        """The share of them."""
        self.step = self._pace = 300.0  # the time between samples, and what the rates are for
        self._passed: list[float] = []
        self._faster: list[float] = []
        self._doubted = 0
        self._side = 0
        self.latest.set_step(self._pace)
        self._fit()

    def elapse(self, passed: float) -> None:
        """Take the time that passed since the last sample."""
        self._passed = [*self._passed[1 - PACE_OF :], passed]
        self.step = sorted(self._passed)[len(self._passed) // 2]
        self.step = min(max(self.step, STEPS[0]), STEPS[1])
        if not 0.9 < self.step / self._pace < 1.1:
            self._pace = self.step
            self.latest.set_step(self._pace)

    def take(self, at: float, ms: float, *, is_calm: bool) -> Seen | None:
        """Take a sample and return it beside what is normal; None while that is not known."""
        passed = self.step if self.last is None else at - self.last
        weight = min(max(passed, 0.0) / self.step, 1.0)
        self.last = at
        self.samples += 1
        value = math.log(min(max(ms, 1.0), MOST_MS))
        self._remember(value, is_calm=is_calm)
        if self.samples <= FIRST:
            return None
        place = (at / HOUR - 0.5) % WEEK
        index = int(place)
        part = place - index
        expected = self.normal.expected
        usual = expected[index] * (1.0 - part) + expected[index + 1] * part
        unknown = self.normal.unknown[index]
        residual = value - usual
        middle = self.latest.take(at, residual)
        scores = self._scores(residual - middle, unknown, weight)
        if is_calm:
            self._weigh(at, residual, unknown, weight)
            self.tail.take(at, scores)
            self.unrest.take(residual)
            self.spread.take(residual - middle)
        return Seen(at, usual, residual, middle, scores, weight)

    def _weigh(self, at: float, residual: float, unknown: float, weight: float) -> None:
        """Add what lies beyond the allowances to the sums; what normal may be off by is none."""
        clip = CLIP * self.unrest.deviation
        beyond = [min(max(residual - one, -one - clip), one + clip) - unknown for one in ALLOWANCES]
        self.level.take(at, [weight * one for one in beyond])

    def _scores(self, apart: float, unknown: float, weight: float) -> Scores:
        """Return what a sample says by how far it lies from the level around it. Those in a row
        count once: what lasts is a matter of the level."""
        beyond = self.spread.beyond + unknown
        side = 0 if abs(apart) <= beyond else 1 if apart > 0.0 else -1
        scores = SILENT if side and side == self._side else self.spread.scores(apart)
        self._side = side
        rate = -math.expm1(-weight * self.step / (SLOW_HOURS * HOUR))
        self.slow += rate * ((1.0 if side > 0 else 0.0) - self.slow)
        if side > 0:
            self.high += HIGH_RATE * (min(apart, HIGH_MOST) - self.high)
        return scores

    def _remember(self, value: float, *, is_calm: bool) -> None:
        self.now.take(value, self.samples)
        if self.normal.known or not is_calm:
            return
        if self.samples <= FIRST or value < self.normal.expected[0] + LOUD:
            self.normal.restart(self.now.low())

    def turn(self, hour: int, *, is_calm: bool, lasts_since: float | None, waits: int) -> bool:
        """Close the hour that ends: make it part of what is normal, or wait, unless a trouble lasts
        since so long ago that it is normal. Return whether what is normal moved to another level.
        As many hours as wait may be part of a trouble."""
        moved = False
        if self.hour >= 0:
            self.habits.add(self.hour, self.now.habit())
            value = self.now.usual()
            apart = None if value is None else value - self.normal.expected[self.hour % WEEK]
            self.normal.add(self.hour, value if is_calm else None)
            # What is slow at the same hours of two weeks is a habit of the week.
            before = self.habits.repeats(self.hour, self.normal.expected[self.hour % WEEK])
            if before is not None and value is not None:
                self.normal.adopt(self.hour, value)
                self.normal.adopt(self.hour - WEEK, before)
            if is_calm:
                moved = apart is not None and self._is_better(apart)
            else:
                self._faster = [*self._faster[-23:], *([] if apart is None else [apart])]
                moved = lasts_since is not None
            if lasts_since is not None:
                self._accept(int(lasts_since // HOUR))
            elif moved:
                self._move(self.hour + 1 - len(self._faster))
            is_doubted = apart is not None and apart > LOUD
            self._doubted = min(self._doubted + 1, DOUBTED) if is_doubted else 0
            self.normal.fit(waits, self._doubted)
            self._fit()
        self.hour = hour
        self.now = Hour()
        return moved

    def _is_better(self, apart: float) -> bool:
        """Make a calm hour part of what is usual; return whether it has been faster for long."""
        slot = self.hour % WEEK
        for one in (self.level, self.tail):
            one.settle()
        self.spread.settle(goes_on=max(self.tail.sums) > 0.0)
        self.unrest.settle(apart, self.normal.unknown[slot], goes_on=self.level.sums[0] > 0.0)
        if self.normal.seen_weekday[slot]:  # else it may be a quiet day, as every week
            least = max(LEAST_EFFECT, 2.0 * self.unrest.hourly) + self.normal.quicker[slot]
            self._faster = [*self._faster, apart] if apart < -least else []
        return len(self._faster) >= BETTER_HOURS

    def _accept(self, since: int) -> None:
        """Take what lasts since an hour for normal. As long as not every day of the week was seen,
        the days before may have been unlike these: they stay as they were."""
        if all(self.normal.seen_weekday):
            self._move(since)
            return
        for hour in range(since, self.hour + 1):
            value = self.habits.at(hour)
            if value is not None:
                self.normal.adopt(hour, value)
        self.clear()

    def _move(self, since: int) -> None:
        """Move what is normal to where it has been for long, since an hour."""
        ordered = sorted(self._faster)
        if ordered:
            by = round(ordered[len(ordered) // 2], 4)
            self.normal.move(by, since)
            self.habits.move(by, since)
        self.clear()

    def _fit(self) -> None:
        """Work out what would be unusual."""
        self.unrest.fit(self.spread.sigma, self._pace)
        slowly, hour, at_once = self.unrest.variances()
        variances = [slowly, at_once, at_once]
        # A Brownian motion that drifts down has an exponential maximum of this mean.
        assumed = [
            one / (2.0 * allowed) for one, allowed in zip(variances, ALLOWANCES, strict=True)
        ]
        lasting = [one / allowed**2 for one, allowed in zip(variances, ALLOWANCES, strict=True)]
        # A level that wanders is seldom far off: the sums of two weeks do not tell how far.
        least = [0.0, hour / (2.0 * ALLOWANCES[1]), 0.0]
        self.level.fit(assumed, least, lasting, self._pace, self.latest.burst)
        # Of sums of log-likelihoods the scale is 1, whatever they are of (Wald).
        number = len(SILENT)
        self.tail.fit([1.0] * number, [0.0] * number, [SCORE_LASTS] * number, self._pace, 0)

    def part(self, onset: float) -> None:
        """Keep the hours of a trouble that is found apart from what is normal."""
        self._faster = []
        self.unrest.forget()
        self.spread.forget()
        self.normal.forget_since(int(onset // HOUR))
        self.level.stop()
        self.tail.stop()

    def doubt(self) -> None:
        """Take what was told for one of the things that happen."""
        self.level.doubt()
        self.tail.doubt()

    def clear(self) -> None:
        """Forget what is going on, and keep what is usual."""
        self.level.clear()
        self.tail.clear()
        self.latest.clear()
        self.now.skip()
        self._faster = []

    def as_json(self) -> dict[str, Any]:
        """Return the stored form: exact, since a restart must change nothing."""
        own = {name.removeprefix("_"): getattr(self, name) for name in _PLAIN}
        parts = {name: getattr(self, name).as_json() for name in _PARTS}
        return copy.deepcopy(own) | parts

    def restore(self, form: Mapping[str, Any]) -> None:
        """Read the stored form."""
        for name in _PLAIN:
            one = form[name.removeprefix("_")]
            setattr(self, name, list(one) if isinstance(one, list) else one)
        self.latest.set_step(self._pace)
        for name in _PARTS:
            getattr(self, name).restore(form[name])


_PARTS: Final = ("normal", "spread", "unrest", "latest", "level", "tail", "habits", "now")
_PLAIN: Final = tuple(name for name in Learned.__slots__ if name not in _PARTS)
