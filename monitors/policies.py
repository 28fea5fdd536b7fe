"""When trouble is told, and when it is over: decided from one workspace's latest observations.

A record is what was observed of one cause in one workspace since it was first seen, oldest first:
`x` for seen, `.` for healthy. What could not tell is not in it. Hard faults show as a row of `x`;
intermittent ones as a rate, and then a healthy answer or two prove nothing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from contracts.rules import Rule

SEEN: Final = "x"
HEALTHY: Final = "."

FAILURE_THRESHOLD: Final = 3
"""Sights in a row before what may be a blip is told."""
SUCCESS_THRESHOLD: Final = 2
"""Healthy observations in a row before it is over."""
FAILURE_RATE: Final = 0.2
"""Share of the latest observations that is told although it is never so many in a row. Of blips in
one of 200 answers four within twenty come about once in 100 000 windows; a fault in three answers
of ten has them in nine windows of ten."""
RATE_WINDOW: Final = 20
"""Observations that the share is taken of."""
CALM: Final = 0.05
"""Chance at which a fault that is still there, as often as it was, would show nothing for so long:
below it an intermittent fault is over."""
REOPEN_WITHIN: Final = timedelta(hours=1)
"""What comes back sooner was not over: the same message says so. Most incidents that Intercom
reports, with their relapses, last less."""
FLAPPING_AFTER: Final = 3
"""Times it comes back before that itself is the news: a day of returns is one message, not
twenty."""
PARTIAL_FOR: Final = timedelta(days=1)
"""What only some of the objects show is over when none has shown it for so long: that the few that
are listed first do not show it proves little."""
PARTIAL_WITHIN: Final = timedelta(days=7)
"""What only some of the objects show was not over if it is back within a week."""
BLIND_AFTER: Final = 3
"""Observations in a row that could not tell, before it is said that nothing is known any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When an incident opens, ends, and is the same one again."""

    at_once: bool
    failure_threshold: int = FAILURE_THRESHOLD
    out_of: int | None = None
    """The latest observations that `failure_threshold` counts in; None for that many in a row."""
    failure_rate: float = FAILURE_RATE
    """1 and more never tells of a rate."""
    rate_window: int = RATE_WINDOW
    success_threshold: int = SUCCESS_THRESHOLD
    keep_firing_for: timedelta = timedelta()
    """How long it has not been seen, before it is over."""
    reopen_within: timedelta = REOPEN_WITHIN
    blind_after: int = BLIND_AFTER
    flapping_after: int = FLAPPING_AFTER
    """What flaps is over once it was not seen for `reopen_within`."""

    @property
    def longest(self) -> int:
        """How many observations a record needs to hold."""
        return max(self.failure_threshold, self.out_of or 0, self.rate_window)

    def add(self, record: str, observed: str) -> str:
        """Return the record with what was observed at its end; it begins with a sight."""
        return (record + observed)[-self.longest :].lstrip(HEALTHY)

    def is_due(self, record: str) -> bool:
        """Whether the record is enough to tell of it."""
        within = record[-(self.out_of or self.failure_threshold) :]
        if within.count(SEEN) >= self.failure_threshold:
            return True
        often = record[-self.rate_window :].count(SEEN) >= self._enough
        return self.failure_rate < 1 and often

    @property
    def _enough(self) -> int:
        return math.ceil(self.failure_rate * self.rate_window)

    def trouble_in(self, record: str) -> int | None:
        """Return where in a record, as long as it may be, the trouble begins that it ends in; None
        where there is none, or not enough to tell of.

        Its end is left to whoever waits for `success_threshold` healthy observations more.
        """
        begun, seen = None, ""
        for at, observed in enumerate(record):
            seen = self.add(seen, observed)
            if observed == SEEN:
                if begun is None and (self.at_once or self.is_due(seen)):
                    in_a_row = trailing(seen, SEEN)
                    is_run = self.at_once or in_a_row >= self.failure_threshold
                    begun = at + 1 - (in_a_row if is_run else len(seen))
            elif begun is not None and self.is_calm(seen):
                begun, seen = None, ""
        left = self.calm(seen) - trailing(seen, HEALTHY) if SEEN in seen else 0
        return None if left < self.success_threshold else begun

    @property
    def patience(self) -> str:
        """Say after how many sights trouble is told."""
        row = f"{self.failure_threshold} in a row"
        if self.out_of:
            row = f"{self.failure_threshold} of {self.out_of}"
        rate = f" or {self._enough} of {self.rate_window}" if self.failure_rate < 1 else ""
        return f"noted: {row}{rate} are told"

    def calm(self, record: str) -> int:
        """Return how many healthy observations in a row end it: the more the rarer it was seen,
        unless it was there without a break before they began."""
        troubled = record.strip(HEALTHY)
        healthy = troubled.count(HEALTHY)
        if HEALTHY not in troubled[-2 * self.failure_threshold :]:
            return self.success_threshold
        needed = math.ceil(math.log(CALM) / math.log(healthy / len(troubled)))
        return max(self.success_threshold, min(needed, self.longest))

    def is_calm(self, record: str) -> bool:
        """Whether the record ends in enough healthy observations."""
        return SEEN not in record or trailing(record, HEALTHY) >= self.calm(record)


def trailing(record: str, observed: str) -> int:
    """Return how many of one kind a record ends in."""
    return len(record) - len(record.rstrip(observed))


def policy_for(
    rule: Rule,
    overrides: Mapping[str, Policy] = MappingProxyType({}),
    *,
    failure_threshold: int = FAILURE_THRESHOLD,
    success_threshold: int = SUCCESS_THRESHOLD,
    is_partial: bool = False,
) -> Policy:
    """Return the policy of a rule: the one that `overrides` has by its name, else its own
    certainty with the given thresholds. `is_partial` says that only some of the objects of an
    answer showed it."""
    return overrides.get(rule.name) or Policy(
        at_once=rule.at_once,
        failure_threshold=failure_threshold,
        success_threshold=success_threshold,
        keep_firing_for=PARTIAL_FOR if is_partial else timedelta(),
        reopen_within=PARTIAL_WITHIN if is_partial else REOPEN_WITHIN,
    )
