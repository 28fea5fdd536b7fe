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
SPANS: Final = 2
"""Spans of the latest samples over which their medians must stay twice the usual after the first
said so: three that have no sample in common."""
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
    opened_at: float
    size: float
    """The most that was seen, over an hour."""
    now: float
    confidence: float
    loud: bool = False
    doubled: int = 0
    """How many medians in a row were twice the usual."""
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

    def confirm(self, middle: float, deviation: float, span: int) -> None:
        """Say that it is loud once the medians of the latest, a `span` of samples each, have been
        twice the usual for long."""
        is_double = not self.tail and middle > max(LOUD, PLAINLY * deviation)
        self.doubled = self.doubled + 1 if is_double else 0
        # And stays it until it is over: half recovered is not a small shift.
        self.loud = self.loud or self.doubled > SPANS * span

    def as_json(self) -> dict[str, Any]:
        """Return the stored form."""
        return asdict(self)
