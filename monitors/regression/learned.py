"""What is learned of one operation's latency: what is normal, and how unusual the latest are."""

import copy
import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from monitors.regression.evidence import HOUR, Evidence
from monitors.regression.habits import Habits
from monitors.regression.normal import WEEK, Normal
from monitors.regression.samples import TAIL, Latest, Spread
from monitors.regression.trouble import LOUD

SCALES: Final = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Hours, each twice the last; 0 is the median of the latest. A longer one would find what is made
normal meanwhile, a shorter one bursts."""
AROUND: Final = SCALES.index(2.0)
"""The scale of the level around a sample, from which the slow answers stand out."""
BETTER: Final = SCALES.index(4.0)
"""The scale on which an improvement must be unusual."""
TAIL_SCALES: Final = (3.0, 6.0, 12.0)
"""Hours. One answer in twenty is slow: it takes hours to count them."""
LEAST_EFFECT: Final = math.log(1.12)
"""Log units: what is slower by less than 12 % is nobody's matter."""
TAIL_LEAST: Final = 0.08
"""Share of answers, beside the usual 5 %, that must have joined the slow ones: fewer are nobody's
matter."""
CLIP: Final = 1.5
"""Sigmas beyond the least effect at which a residual counts no more (Huber, 1964): one spike is no
evidence."""
BETTER_HOURS: Final = 6
"""Hours in a row, all of them faster, that are a new normal."""
GAP: Final = HOUR
"""Seconds without a sample after which what was going on is not known any more."""
STEPS: Final = (5.0, HOUR)
"""Seconds: the least and the most that is taken for the time between samples."""
PACE_OF: Final = 5
"""Times between samples, of which the median is the pace: two gaps are no new pace."""
MOST_MS: Final = 1e7
MOST_PER_HOUR: Final = 128
FIRST: Final = 3
"""Samples that make the first level."""


class Seen(NamedTuple):
    """A sample beside what is normal: `usual` is the log of the milliseconds at that time, `middle`
    how far above it the median of the latest lies, and `share` 1 where it is one of the slow."""

    at: float
    usual: float
    middle: float
    share: float


class Learned:
    """What is known; `take` learns from a sample, `turn` from an hour. Of trouble nothing becomes
    part of what is normal."""

    __slots__ = (
        "_faster",
        "_pace",
        "_passed",
        "_stride",
        "_values",
        "_was_slow",
        "habits",
        "high",
        "hour",
        "last",
        "latest",
        "level",
        "normal",
        "samples",
        "spread",
        "step",
        "tail",
    )

    def __init__(self) -> None:
        self.normal = Normal()
        self.spread = Spread()
        self.latest = Latest()
        self.level = Evidence(SCALES, least=LEAST_EFFECT, power=2.0)
        self.tail = Evidence(TAIL_SCALES, least=TAIL + TAIL_LEAST, power=1.0, usual=TAIL)
        self.habits = Habits()
        self.samples = 0
        self.last: float | None = None
        self.hour = -1
        self.high = 0.5
        """How far the slow answers lie from the others, in log units."""
        self.step = self._pace = 300.0  # the time between samples, and what the rates are for
        self._passed: list[float] = []
        self._values: list[float] = []
        self._stride = 1
        self._faster: list[float] = []
        self._was_slow = False
        self._set_pace()
        self._fit(0)

    def elapse(self, passed: float) -> None:
        """Take the time that passed since the last sample."""
        if passed > max(GAP, 3.0 * self.step):
            self.level.fade(passed)
            self.tail.fade(passed)
        self._passed = [*self._passed[1 - PACE_OF :], passed]
        self.step = sorted(self._passed)[len(self._passed) // 2]
        self.step = min(max(self.step, STEPS[0]), STEPS[1])
        if not 0.9 < self.step / self._pace < 1.1:
            self._pace = self.step
            self._set_pace()

    def _set_pace(self) -> None:
        for one in (self.level, self.tail, self.latest):
            one.set_step(self._pace)

    def take(self, at: float, ms: float, *, is_calm: bool) -> Seen | None:
        """Take a sample and return it beside what is normal; None while that is not known."""
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
        most = LEAST_EFFECT + CLIP * self.spread.sigma + 2.0 * unknown
        self.level.take(min(max(residual, -most), most), middle)
        apart = residual - self.level.means[AROUND]
        is_slow = apart > self.spread.beyond + unknown
        # Those in a row count once: what lasts is a matter of the level.
        share = 1.0 if is_slow and not self._was_slow else 0.0
        self._was_slow = is_slow
        if is_slow:
            self.high += 0.1 * (min(apart, 2.0) - self.high)
        self.tail.take(share)
        if is_calm:
            self.spread.take(apart)
        return Seen(at, usual, middle, share)

    def _remember(self, value: float, *, is_calm: bool) -> None:
        values = self._values
        if self.samples % self._stride == 0 or not values:
            values.append(value)
            if len(values) >= MOST_PER_HOUR:
                self._values = values[::2]
                self._stride *= 2
        if self.normal.known or not is_calm:
            return
        least = self.normal.expected[0] + LOUD
        if self.samples <= FIRST or value < least:
            ordered = sorted(values)
            self.normal.restart(ordered[(len(ordered) - 1) // 2])

    def turn(self, hour: int, *, is_calm: bool, has_lasted: bool) -> bool:
        """Close the hour that ends: make it part of what is normal, or wait, unless the trouble
        `has_lasted`. Return whether what is normal moved to another level."""
        moved = False
        if self.hour >= 0:
            ordered = sorted(self._values)
            value = round(ordered[len(ordered) // 2], 4) if ordered else None
            apart = None if value is None else value - self.normal.expected[self.hour % WEEK]
            self.habits.add(self.hour, value)
            self.normal.add(self.hour, value if is_calm else None)
            moved = self._has_moved(apart, is_calm=is_calm, has_lasted=has_lasted)
            if moved:
                self._move()
            self.normal.fit()
            self._fit(hour % WEEK)
        self.hour = hour
        self._values = []
        self._stride = 1
        return moved

    def _has_moved(self, apart: float | None, *, is_calm: bool, has_lasted: bool) -> bool:
        if not is_calm:
            if apart is not None:
                self._faster = [*self._faster[-23:], apart]
            return has_lasted
        if apart is None:
            return False
        for one in (self.spread, self.level, self.tail):
            one.settle()
        least = max(LEAST_EFFECT, self.level.limits[BETTER])
        self._faster = [*self._faster, apart] if apart < -least else []
        return len(self._faster) >= BETTER_HOURS

    def _move(self) -> None:
        """Move what is normal to where it has been for long."""
        ordered = sorted(self._faster)
        if ordered:
            self.normal.move(round(ordered[len(ordered) // 2], 4))
        self.clear()

    def _fit(self, slot: int) -> None:
        """Work out what would be unusual in an hour of the week."""
        self.level.fit(self.spread.sigma, self.normal.unknown[slot])
        of_an_hour = TAIL * (1.0 - TAIL) * min(self._pace / HOUR, 1.0)
        self.tail.fit(math.sqrt(of_an_hour), 0.0)

    def onset(self, size: float) -> float:
        """Say since when it has been at least half as slow as `size`."""
        since, all_of_them = self.latest.onset(size / 2.0)
        risen = self.normal.risen(size / 2.0) if all_of_them else None
        return since if risen is None else min(since, risen * HOUR)

    def part(self, onset: float) -> None:
        """Keep the hours of a trouble that is found apart from what is normal."""
        self._faster = []
        self._values = []
        self.normal.forget_since(int(onset // HOUR))

    def doubt(self) -> None:
        """Take what was told for one of the things that happen."""
        self.level.doubt()
        self.tail.doubt()

    def clear(self) -> None:
        """Forget what is going on, and keep what is usual."""
        self.level.clear()
        self.tail.clear()
        self.latest.clear()
        self._values = []
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
        self._set_pace()
        for name in _PARTS:
            getattr(self, name).restore(form[name])


_PARTS: Final = ("normal", "spread", "latest", "level", "tail", "habits")
_PLAIN: Final = tuple(name for name in Learned.__slots__ if name not in _PARTS)
