"""An operation that is slower than normal: how much, since when, and until when."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Final

from monitors.regression.evidence import HOUR, Evidence

LOUD: Final = math.log(1.8)
"""Log units: twice as slow, as measured amid noise."""
OVER: Final = 0.5
"""An incident is over when what is left of it is less than this share: nearer to normal than to
what was told."""
LONGEST_LEFT: Final = 2.0
"""Hours: the longest time scale on which recovery is seen. A longer one would say it in the next
shift."""
TAIL_LEFT: Final = 1.5
"""Hours: the time scale on which the slow answers are seen to have become few again: of one in
twenty there is about one in it, of one in five there are some."""
NOW: Final = 1.0
"""Hours that what is said to be so now is averaged over."""


@dataclass(slots=True, kw_only=True)
class Trouble:
    """A regression that is open. Sizes are in log units above normal; for a `tail` they are of the
    share of slow answers."""

    tail: bool
    since: float
    opened_at: float
    size: float
    """The most that was seen, over an hour."""
    now: float
    left: float
    """What is left of it, on the time scale on which it shows."""
    confidence: float
    loud: bool = False

    @property
    def is_over(self) -> bool:
        """Whether less is left than half of it."""
        return self.left < OVER * self.size

    def arrive(self, extra: float) -> None:
        """Take the median of the latest while samples from before are among them."""
        if not self.tail:
            self.size, self.now = max(self.size, extra), max(self.now, extra)
            self.left = self.size

    def take(self, extra: float, step: float, evidence: Evidence) -> None:
        """Take what a sample lies above normal: a median of the latest, or a share."""
        longest = TAIL_LEFT if self.tail else LONGEST_LEFT
        scale = TAIL_LEFT if self.tail else evidence.shows(self.size, longest)
        self.left += _rate(step, scale) * (extra - self.left)
        if not self.tail:
            self.now += _rate(step, NOW) * (extra - self.now)
            self.size = max(self.size, self.now)
            # And stays it until it is over: half recovered is not a small shift.
            self.loud = self.loud or (self.now > LOUD and extra > LOUD)

    def as_json(self) -> dict[str, Any]:
        """Return the stored form."""
        return asdict(self)


def _rate(step: float, hours: float) -> float:
    return -math.expm1(-step / (hours * HOUR)) if hours else 1.0
