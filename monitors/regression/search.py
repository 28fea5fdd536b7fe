"""Whether what is slow now is more than chance, a burst, a job of the night and a habit."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

from monitors.regression.evidence import HOUR
from monitors.regression.habits import DAYS_SLOW, SHARE
from monitors.regression.learned import ALLOWANCES, Learned, Seen
from monitors.regression.normal import WEEK

STARK: Final = math.log(2.5)
"""Log units: samples that are all so far above normal, one more than a burst has, suffice."""
STARK_DEVIATIONS: Final = 3.0
"""Deviations of a sample that they must be, too."""
JOB: Final = 2.5 * HOUR
"""Seconds that it must last at an hour of the day that was never seen: what takes one or two hours
every night is longer only where it is none."""
AT_ONCE: Final = HOUR
"""Seconds within which a step is plain: the course of a day takes several hours."""
TWICE_WITHIN: Final = 12 * HOUR
"""Seconds within which what comes twice is no job that runs once a day."""
WEEKS_SLOW: Final = 2
"""Weeks in which the same hour was as slow: one may be the trouble of last week."""
SLOW_SHARE: Final = 0.1
"""The share of slow answers, twice the usual, without which a wider spread is nobody's matter: then
the quick ones are quicker."""
TAIL_AGE: Final = 24
"""Hours that must be known before there are slow answers to speak of."""
DOUBT: Final = 0.25
"""What there is of it where the evidence has just reached its limit."""
DOUBT_STARK: Final = 0.05
NEVER: Final = -1e12
"""Unix time before everything; JSON has no infinity."""


class Found(NamedTuple):
    """What is slower: by how much, since when, how doubtful; as in `Trouble`."""

    size: float
    onset: float
    doubt: float
    tail: int = 0
    is_plain: bool = False


@dataclass(slots=True, kw_only=True)
class Search:
    """What was found and not told yet; times are Unix time in seconds."""

    habit_at: float = NEVER
    """When it was last as slow as at the same hours of other days."""
    waits_since: float = NEVER
    """Since when there was a step at an hour that was never seen."""
    waited_at: float = NEVER
    """Until when."""

    def find(self, learned: Learned, seen: Seen) -> Found | None:
        """Return what is slower after a sample, None where nothing is."""
        latest, middle = learned.latest, seen.middle
        step = latest.step(learned.spread)
        is_stark = step > max(STARK, STARK_DEVIATIONS * learned.unrest.deviation)
        if is_stark and not self._is_habit(learned, seen, step, latest.onset(step / 2.0)):
            return Found(step, latest.onset(step / 2.0), DOUBT_STARK, is_plain=True)
        level = learned.level
        # Not only on average: most of the latest must be slow, or it is over, or a matter of some.
        other_day = learned.normal.other_day[learned.hour % WEEK]
        for index in level.found():
            if middle <= ALLOWANCES[index]:
                break
            onset = level.began[index]
            if (
                middle > ALLOWANCES[index] + other_day
                and not self._is_habit(learned, seen, middle, onset)
                and self._has_lasted(learned, seen, onset)
            ):
                return Found(middle, onset, DOUBT)
        tail = learned.tail
        for index in tail.found():
            if learned.normal.known >= TAIL_AGE and learned.slow >= SLOW_SHARE:
                return Found(0.0, tail.began[index], DOUBT, tail=index + 1)
        return None

    def hours_waited(self, ends: float) -> int:
        """Return how many of the hours until `ends` may be part of a trouble that is waited for."""
        waited = ends - self.waits_since
        return math.ceil(waited / HOUR) if waited < JOB else 0

    def _has_lasted(self, learned: Learned, seen: Seen, onset: float) -> bool:
        """Whether it has been so for longer than a job takes, at an hour that was never seen, or
        twice within half a day. What came at once is waited for; what grows slowly may be the
        day's own course."""
        waits = self.waits_since <= onset <= self.waited_at
        is_known = learned.normal.seen[learned.hour % WEEK] and not waits
        if is_known or seen.at - onset >= JOB:
            return True
        is_back = self.waits_since < onset < self.waits_since + TWICE_WITHIN
        if is_back and seen.at - self.waits_since >= JOB:
            return True
        if seen.at - onset < AT_ONCE:
            self.waits_since = self.waits_since if is_back else onset
            self.waited_at = seen.at
            learned.level.leave_out()  # it may be a trouble that comes and goes
        return False

    def _is_habit(self, learned: Learned, seen: Seen, size: float, onset: float) -> bool:
        """Whether the same hours of other days were as slow; what began as a habit stays one for as
        long as a job lasts."""
        if onset <= self.habit_at and seen.at - onset < JOB:
            return True
        normal, size = learned.normal, SHARE * size
        hours, days = (seen.at - onset) / HOUR, DAYS_SLOW
        if not normal.seen[learned.hour % WEEK]:
            # Slow whenever it came: there is nothing to hold it against but the last such hour.
            hours, days = 1.0, 1
        is_habit = (
            learned.habits.slow_days(learned.hour, normal.expected, size, hours) >= days
            or normal.weeks_as_slow(learned.hour, size) >= WEEKS_SLOW
        )
        if is_habit:
            self.habit_at = seen.at
        return is_habit

    def as_json(self) -> dict[str, Any]:
        """Return the stored form."""
        return asdict(self)
