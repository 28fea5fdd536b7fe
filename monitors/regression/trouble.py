"""An operation that is slower than normal: how much, since when, and until when."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Final

from monitors.regression.evidence import HOUR

LOUD: Final = math.log(1.8)
"""Log units: twice as slow, as measured amid noise."""
PLAINLY: Final = 2.5
"""Deviations of a sample that twice as slow must be, too: where single answers vary that much,
half an hour of slow ones says little."""
BEYOND_SMALL: Final = (math.log(1.5) + math.log(2.0)) / 2.0
"""Log units between what is small and what is loud: a sum of what is beyond it tells them apart."""
ALL_SLOW: Final = math.log(1.5)
"""Log units: what began with the slow answers has become a matter of all."""
NOW_HOURS: Final = 1.0
"""Hours that what is said to be so now is averaged over."""


@dataclass(slots=True, kw_only=True)
class Trouble:
    """A regression that is open. `tail` says by which score of the slow answers it was found,
    counted from 1; it is 0 where all answers are slower. Sizes are in log units above normal."""

    tail: int
    since: float
    onset: float
    """When it began, `since` where it did not come back."""
    opened_at: float
    slow_at: float
    """When some of the latest were last nearer to what was told than to normal."""
    size: float
    """The most that was seen, over an hour."""
    now: float
    confidence: float
    slow_ms: float = 0.0
    """What was last said to be its time while it was slow, in milliseconds."""
    loud: bool = False
    least: float = LOUD
    """How far the median of the latest must be above normal for it to be loud."""
    doubled: float = 0.0
    """The sum of what speaks for twice as slow."""
    left: float = 0.0
    """The sum of what speaks for its end."""
    right: int = 0
    """Of how many samples."""

    def take(self, speaks_for_end: float, middle: float, step: float) -> None:
        """Take what a sample says for its end, and the median of the latest."""
        self.left += speaks_for_end
        self.right += 1
        if self.left <= 0.0:
            self.left, self.right = 0.0, 0
        self.now += -math.expm1(-step / (NOW_HOURS * HOUR)) * (middle - self.now)
        if self.tail and self.now > ALL_SLOW:
            self.tail, self.left, self.right = 0, 0.0, 0
        if not self.tail:
            self.size = max(self.size, self.now)

    def weigh(self, residual: float, weight: float, most: float) -> None:
        """Take what a sample says for twice as slow; beyond `most` it counts no more."""
        excess = residual - BEYOND_SMALL
        most += BEYOND_SMALL
        self.doubled = max(self.doubled + weight * min(max(excess, -most), most), 0.0)

    def confirm(self, middle: float, deviation: float, limit: float) -> None:
        """Say that it is loud once what speaks for it is past a `limit`, while the median of the
        latest is twice the usual. It stays that until it is over: half recovered is not a small
        shift."""
        is_double = not self.tail and middle > max(self.least, PLAINLY * deviation)
        self.loud = self.loud or (is_double and self.doubled > limit)

    def as_json(self) -> dict[str, Any]:
        """Return the stored form."""
        return asdict(self)
