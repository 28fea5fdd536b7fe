"""Whether the latest samples are more than chance.

Cumulative sums (Page, 1954): of a quantity that is below 0 on average they start from 0 again and
again, and the sizes that they reach have an exponential tail (Wald, 1947; Asmussen, 2003). Its
scale is learned from the sums themselves while all is well: so noise, autocorrelation and unrest
have their price. A sum is unusual where chance alone would bring it once in `ONCE_IN` weeks.
"""

import math
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

HOUR: Final = 3600.0
WEEK_SECONDS: Final = 7 * 24 * HOUR
ONCE_IN: Final = 100.0
"""Weeks in which one sum passes its limit by chance. There are six, and an operation may cry wolf
once in twenty weeks: what is left is for what is no chance, and for tails that are heavier."""
MEMORY_HOURS: Final = 14 * 24.0
"""Hours after which what was usual has lost most of its weight: two of each day of the week."""
HELD_BACK: Final = 24
"""Hours for which what goes on is not taken for usual: after a day it has become that."""
MOST: Final = 8.0
"""Scales that a sum counts as at most when it came to nothing: one in three thousand is larger, and
what was missed must not hide the next."""
BESIDE: Final = math.log(100.0)
"""Scales by which a sum must exceed what a burst adds: one burst in a hundred comes on top of so
much, and there are some in a week."""
FIRST_HOURS: Final = 12.0
"""Hours that count as much as the assumed scale. Sums of half a day say more than theory."""


class Sums:
    """So many cumulative sums of what samples say, each for itself."""

    __slots__ = (
        "_burst",
        "_left_out",
        "_most",
        "_now_seconds",
        "_now_thirds",
        "_past",
        "_seconds",
        "_thirds",
        "began",
        "limits",
        "scales",
        "sums",
    )

    def __init__(self, number: int) -> None:
        self.sums = [0.0] * number
        self.began = [0.0] * number
        """When each last was 0, or began to be more, in Unix time; 0 before that."""
        self.limits = [math.inf] * number
        self.scales = [math.inf] * number
        """How large each usually is when it is not 0."""
        self._seconds = [0.0] * number  # what came to nothing: the sums' squares, and cubes
        self._thirds = [0.0] * number
        self._now_seconds = [0.0] * number  # of what goes on
        self._now_thirds = [0.0] * number
        self._left_out = [False] * number  # whether what goes on is no chance
        self._burst = 0
        self._past: deque[list[float]] = deque()  # the latest sums, as many as a burst lasts
        self._most = [0.0] * number
        """What so many samples in a row have added to each at most since it was 0."""

    def take(self, at: float, increments: Sequence[float]) -> None:
        """Add to each what a sample says."""
        sums = self.sums
        if self._burst:
            self._past.append(sums.copy())
        for index, increment in enumerate(increments):
            now = sums[index] + increment
            if now <= 0.0:
                if sums[index]:
                    self._learn(index)
                    self._most[index] = 0.0
                    for row in self._past:
                        row[index] = 0.0
                now = 0.0
                self.began[index] = at
            else:
                self.began[index] = self.began[index] or at
                counts = min(now, MOST * self.scales[index])
                square = counts * counts
                self._now_seconds[index] += square
                self._now_thirds[index] += square * counts
                if self._burst:
                    self._most[index] = max(self._most[index], now - self._past[0][index])
            sums[index] = now
        if len(self._past) >= self._burst > 0:
            self._past.popleft()

    def _learn(self, index: int) -> None:
        """Take what came to nothing for chance."""
        if not self._left_out[index]:
            self._seconds[index] += self._now_seconds[index]
            self._thirds[index] += self._now_thirds[index]
        self._left_out[index] = False
        self._now_seconds[index] = self._now_thirds[index] = 0.0

    def found(self) -> list[int]:
        """Return the indexes of the sums that are unusual, the last first; they grow no further."""
        found = []
        for index in range(len(self.sums) - 1, -1, -1):
            # More than chance adds, and beside the worst burst in it more than noise does.
            limit = max(self.limits[index], self._most[index] + BESIDE * self.scales[index])
            if self.sums[index] > limit:
                self.sums[index] = limit
                found.append(index)
        return found

    def stop(self) -> None:
        """Start again from 0; what it was is not known yet."""
        self.sums = [0.0] * len(self.sums)
        self.began = [0.0] * len(self.sums)
        self._most = [0.0] * len(self.sums)
        self._past.clear()

    def doubt(self) -> None:
        """Take what it was for chance."""
        for index in range(len(self.sums)):
            self._learn(index)

    def clear(self) -> None:
        """Forget what is going on, and keep what is usual."""
        self.stop()
        self._left_out = [False] * len(self.sums)
        self._now_seconds = [0.0] * len(self.sums)
        self._now_thirds = [0.0] * len(self.sums)

    def leave_out(self) -> None:
        """Leave what goes on out of what is usual, until it has come to nothing."""
        self._left_out = [one > 0.0 for one in self.sums]

    def settle(self) -> None:
        """Let what is usual grow an hour older."""
        keep = math.exp(-1.0 / MEMORY_HOURS)
        self._seconds = [one * keep for one in self._seconds]
        self._thirds = [one * keep for one in self._thirds]

    def fit(
        self,
        assumed: Sequence[float],
        least: Sequence[float],
        lasting: Sequence[float],
        step: float,
        burst: int,
    ) -> None:
        """Work out the limits from the assumed scales and the least that count, from how many
        samples a sum lasts, from the seconds between them, and from how many of them a burst has;
        0 where none is a burst."""
        self._burst = burst
        while len(self._past) > burst:
            self._past.popleft()
        prior = FIRST_HOURS * HOUR / step
        for index, scale in enumerate(assumed):
            # Of an exponential tail, however often the sum is 0, the third moment is three times
            # the second times the scale; it is assumed to be 0 half of the time.
            second = prior * scale**2 + self._seconds[index]
            own = (prior * scale**3 + self._thirds[index] / 3.0) / second
            chances = ONCE_IN * WEEK_SECONDS / step / max(lasting[index], 1.0)
            self.scales[index] = own
            self.limits[index] = max(own, least[index]) * math.log(chances)

    def as_json(self) -> dict[str, Any]:
        """Return the stored form: exact, since a restart must change nothing."""
        form = {name.removeprefix("_"): list(getattr(self, name)) for name in _LISTS}
        return form | {"burst": self._burst, "past": [list(row) for row in self._past]}

    def restore(self, form: dict[str, Any]) -> None:
        """Read the stored form."""
        for name in _LISTS:
            setattr(self, name, list(form[name.removeprefix("_")]))
        self._burst = form["burst"]
        self._past = deque(list(row) for row in form["past"])


_LISTS: Final = tuple(name for name in Sums.__slots__ if name not in ("_burst", "_past"))
