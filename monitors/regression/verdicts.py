"""What is said of the latency of one operation."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """How much slower an operation is than is normal for it."""

    NOTHING = "nothing"
    SHIFT = "shift"
    """Sustained, and small, or of the slow answers only: for the digest."""
    REGRESSION = "regression"
    """Sustained, and about twice as slow or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is so after a sample.

    `opened` and `closed` are true for the one sample at which a trouble begins, or ends; one that
    comes back soon is the same one, and is not opened again. `usual_ms` is the median for this
    hour of the week, `now_ms` the recent one; for `tail` they are of the slow answers. `since` is
    in seconds of Unix time. `confidence` is between 0 and 1, and low while little is known. What
    comes and goes may pause: then `now_ms` is as usual, and `slow_ms` what it was when it was slow.
    """

    kind: Kind = Kind.NOTHING
    opened: bool = False
    closed: bool = False
    tail: bool = False
    since: float = 0.0
    usual_ms: float = 0.0
    now_ms: float = 0.0
    slow_ms: float = 0.0
    confidence: float = 0.0
    intermittent: bool = False
    """Whether it seemed over before and came back."""
    paused_since: float = 0.0
    """When it was last slow, in seconds of Unix time, where it is as usual now and may come back; 0
    where it goes on."""
    samples: int = 0

    @property
    def factor(self) -> float:
        """How many times the usual time it takes now."""
        return self.now_ms / max(self.usual_ms, 1.0)

    @property
    def pauses(self) -> bool:
        """Whether the latest answers are as usual: it is open only because it may come back."""
        return self.paused_since > 0.0

    @property
    def is_sure(self) -> bool:
        """Whether enough was known for it to be more likely true than not by far."""
        return self.confidence >= SURE


SURE: Final = 0.5
"""Below it only what is plain at once was told, from less than a day's knowledge."""

CALM: Final = Verdict()
"""Nothing to say."""
