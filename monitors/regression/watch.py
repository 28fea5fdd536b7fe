"""One operation of one Intercom workspace and region, watched over time."""

import logging
import math
from collections.abc import Mapping
from typing import Any, Final, Self

from monitors.regression.evidence import HOUR
from monitors.regression.learned import ALLOWANCES, CLIP, FIRST, Learned, Seen
from monitors.regression.normal import WEEK
from monitors.regression.search import DOUBT_STARK, NEVER, STARK, Found, Search
from monitors.regression.trouble import BEYOND_SMALL, LOUD, Trouble
from monitors.regression.verdicts import CALM, Kind, Verdict

SCHEMA: Final = 6
"""The version of the stored form; a state of another version is forgotten and learned anew."""
OVER: Final = math.log(1000.0)
"""Scales that what speaks for the end must sum up to. An end that was none is not told again."""
CALMER: Final = 1.5
"""Times as long as it once seemed over that it must be normal: one that comes and goes is one."""
RARER: Final = math.log(10.0)
"""Scales beyond its limit that a sum must be for a loud alarm: that is to be false ten times as
rarely."""
FEW: Final = 2
"""Slow samples among the latest that are more than a spike."""
BRIEF: Final = 6 * HOUR
"""Seconds. What was small, and over sooner, is one of the things that happen."""
COOLDOWN: Final = 12 * HOUR
"""Seconds in which what comes back is the same trouble."""
ACCEPTED_AFTER: Final = 4 * 24 * HOUR
"""Seconds after which what is sustained is the new normal: longer than a weekend."""
SET_BACK: Final = HOUR
"""Seconds. A sample that is older than the last by less came late and is left out; by more, the
clock was wrong before."""
HALF_SURE: Final = 6.0
"""Hours of knowledge with which one is half as sure as one can be."""
OTHER_DAY: Final = 0.5
"""What there is of confidence on a weekday that was never seen, unless it is plain: it may be a day
unlike the others."""
NINE_OF_TEN: Final = 1.645
"""Standard deviations around the middle that hold nine values of ten (normal distribution)."""

log = logging.getLogger(__name__)


class Watch:
    """What is known of one operation's latency; `take` learns from a sample and judges it."""

    __slots__ = (
        "_closed_at",
        "_heard",
        "_learned",
        "_paused",
        "_peak",
        "_search",
        "_since",
        "_trouble",
    )

    def __init__(self) -> None:
        self._learned = Learned()
        self._trouble: Trouble | None = None
        self._closed_at = NEVER
        self._search = Search()
        self._since = 0.0
        self._peak = 0.0
        self._heard = False
        """Whether this trouble was loud."""
        self._paused = 0.0
        """Seconds for which this trouble seemed over, at most."""

    def take(self, at: float, ms: float) -> Verdict:
        """Learn from a healthy sample and say what is so after it.

        `at` is Unix time in seconds, `ms` how long the answer took. What cannot be a sample (not a
        number, negative, older than the last) is left out.
        """
        if not (math.isfinite(at) and math.isfinite(ms)) or ms < 0.0 or not 0.0 <= at < 1e11:
            return CALM
        learned = self._learned
        passed = None if learned.last is None else at - learned.last
        if passed is not None and -SET_BACK < passed <= 0.0:
            return CALM
        hour = int(at // HOUR)
        if hour != learned.hour:
            self._turn(hour)
        if passed is not None and passed < 0.0:
            self._forget()
        elif passed is not None:
            learned.elapse(passed)
        seen = learned.take(at, ms, is_calm=self._trouble is None)
        if seen is None:
            return CALM
        if self._trouble is None:
            found = self._search.find(self._learned, seen)
            return CALM if found is None else self._open(seen, found)
        return self._going_on(self._trouble, seen)

    def _turn(self, hour: int) -> None:
        trouble, ends = self._trouble, (self._learned.hour + 1) * HOUR
        has_lasted = trouble is not None and ends - trouble.opened_at > ACCEPTED_AFTER
        lasts_since = trouble.since if trouble and has_lasted else None
        waits = self._search.hours_waited(ends)
        if self._learned.turn(hour, is_calm=trouble is None, lasts_since=lasts_since, waits=waits):
            self._trouble = None
            self._closed_at = NEVER

    def _open(self, seen: Seen, found: Found) -> Verdict:
        at, normal = seen.at, self._learned.normal
        slot, known = self._learned.hour % WEEK, normal.known + 1.0
        again = at - self._closed_at < COOLDOWN
        # One that comes back is the same, unless it is twice as slow as it ever was.
        opened = not again or (not found.tail and found.size > self._peak + LOUD)
        if opened:
            self._since, self._peak, self._paused = found.onset, 0.0, 0.0
            self._heard = False
        else:
            self._paused = max(self._paused, found.onset - self._closed_at)
        # At an hour that was never seen, what did not come at once may be the day's own course.
        is_plain = found.is_plain or normal.seen[slot] or found.onset <= self._search.waits_since
        is_known = normal.seen_weekday[slot] or (found.is_plain and normal.seen[slot])
        self._trouble = Trouble(
            tail=found.tail,
            since=self._since,
            onset=found.onset,
            opened_at=at,
            slow_at=at,
            size=found.size,
            now=found.size,
            confidence=(1.0 - found.doubt)
            * (1.0 if is_known else OTHER_DAY)
            * known
            / (known + HALF_SURE),
            least=LOUD if is_plain else STARK,
        )
        for residual in self._learned.latest.since(found.onset):
            self._trouble.weigh(residual, 1.0, CLIP * self._learned.unrest.deviation)
        opened = self._confirm(self._trouble, seen) or opened
        self._learned.part(found.onset)
        return self._say(self._trouble, seen, opened=opened)

    def _confirm(self, trouble: Trouble, seen: Seen) -> bool:
        """Ask whether it is loud: a sum beyond another allowance, in proportion. Return whether
        that makes it another trouble: what was small, and over, is not what is loud now."""
        learned = self._learned
        level = learned.level
        limit = level.limits[-1] + RARER * level.scales[-1]
        limit *= ALLOWANCES[-1] / BEYOND_SMALL
        trouble.confirm(seen.middle, learned.unrest.deviation, limit)
        if not trouble.loud or self._heard:
            return False
        self._heard = True
        is_another = trouble.since < trouble.onset
        if is_another:
            self._since = trouble.since = trouble.onset
            self._paused = 0.0
        return is_another

    def _going_on(self, trouble: Trouble, seen: Seen) -> Verdict:
        learned, latest = self._learned, self._learned.latest
        # Slow answers in a row are as slow as they are wont to be where there are many.
        size = learned.high if trouble.tail else trouble.size
        if latest.lowest() > max(size + LOUD, STARK):
            # Another trouble, twice as slow as this one.
            self._closed_at = NEVER
            size = max(seen.middle, latest.lowest())
            found = Found(size, latest.onset(size / 2.0), DOUBT_STARK, is_plain=True)
            return self._open(seen, found)
        deviation = learned.unrest.deviation
        doubted = 0.0
        if trouble.tail:
            speaks_for_end = -seen.scores[trouble.tail - 1]
        else:
            # The same test, turned round: half of it is nearer to normal than to what was told.
            half = trouble.size / 2.0
            most = half + CLIP * deviation
            # What is not believed yet of a quick day is no sign of the end.
            doubted = learned.normal.quicker[learned.hour % WEEK]
            residual = seen.residual + doubted
            speaks_for_end = seen.weight * min(max(half - residual, -most), most)
        trouble.take(speaks_for_end, seen.middle, learned.step)
        trouble.weigh(seen.residual, seen.weight, CLIP * deviation)
        opened = self._confirm(trouble, seen)
        if self._paused and latest.above(max(trouble.size, learned.high) / 2.0) >= FEW:
            trouble.slow_at = seen.at
        if (
            trouble.left < OVER * self._scale(trouble)
            or trouble.right < latest.burst
            or (not trouble.tail and seen.middle + doubted > trouble.size / 2.0)
            or seen.at - trouble.slow_at < CALMER * self._paused
        ):
            return self._say(trouble, seen, opened=opened)
        self._peak = max(self._peak, trouble.size, learned.high if trouble.tail else 0.0)
        self._closed_at = seen.at
        if not trouble.loud and seen.at - trouble.opened_at < BRIEF:
            learned.doubt()
        self._forget()
        return Verdict(closed=True, since=trouble.since, usual_ms=math.exp(seen.usual))

    def _scale(self, trouble: Trouble) -> float:
        """Return how large the sum of what speaks for the end is by chance: that of a sum beyond
        another allowance, in proportion."""
        if trouble.tail:
            return self._learned.tail.scales[trouble.tail - 1]
        half = max(trouble.size / 2.0, ALLOWANCES[0])
        index = max(number for number, one in enumerate(ALLOWANCES) if one <= half)
        return self._learned.level.scales[index] * ALLOWANCES[index] / half

    def _forget(self) -> None:
        """Forget what is going on, and keep what is usual."""
        self._trouble = None
        self._learned.clear()

    def _say(self, trouble: Trouble, seen: Seen, *, opened: bool = False) -> Verdict:
        beyond, usual = self._learned.spread.beyond, seen.usual
        now = max(self._learned.high, beyond)
        pauses = self._paused > 0.0 and trouble.slow_at < seen.at
        if not trouble.tail:
            latest = sorted(self._learned.latest.since(trouble.since))
            now = latest[len(latest) // 2] if latest else trouble.now
            pauses = self._paused > 0.0 and now < trouble.size / 2.0
        now_ms = math.exp(usual + now)
        if not pauses:
            trouble.slow_ms = now_ms
        return Verdict(
            kind=Kind.REGRESSION if trouble.loud else Kind.SHIFT,
            opened=opened,
            tail=bool(trouble.tail),
            since=trouble.since,
            usual_ms=math.exp(usual + (beyond if trouble.tail else 0.0)),
            now_ms=now_ms,
            slow_ms=trouble.slow_ms,
            paused_since=trouble.slow_at if pauses else 0.0,
            confidence=trouble.confidence,
            intermittent=self._paused > 0.0,
            samples=self._learned.samples,
        )

    @property
    def samples(self) -> int:
        """How many were learned from."""
        return self._learned.samples

    def usual_ms(self, at: float) -> float | None:
        """Return what is usual at a time, in milliseconds; None before anything is known."""
        if self._learned.samples < FIRST:
            return None
        return math.exp(self._learned.normal.expected[int(at // HOUR) % WEEK])

    def spread(self, at: float) -> float:
        """Return the factor within which, above and below the usual, nine answers of ten lie at a
        time: how much they vary, and how well the usual of that hour is known."""
        unknown = self._learned.normal.unknown[int(at // HOUR) % WEEK]
        return math.exp(NINE_OF_TEN * math.hypot(self._learned.spread.sigma, unknown))

    def as_json(self) -> dict[str, Any]:
        """Return the stored form: exact, since a restart must change nothing."""
        return {
            "schema": SCHEMA,
            "trouble": self._trouble.as_json() if self._trouble else None,
            "closed_at": self._closed_at,
            "search": self._search.as_json(),
            "since": self._since,
            "peak": self._peak,
            "heard": self._heard,
            "paused": self._paused,
            "learned": self._learned.as_json(),
        }

    @classmethod
    def from_json(cls, form: object) -> Self:
        """Read the stored form; what is not one of this version is a watch that knows nothing."""
        schema = form.get("schema") if isinstance(form, dict) else None
        if not isinstance(form, dict) or schema != SCHEMA:
            log.warning(
                "forgot a latency baseline of another form (schema %r): learning anew", schema
            )
            return cls()
        try:
            return cls._restored(form)
        except (AttributeError, KeyError, TypeError, ValueError):  # written by something else
            log.warning("forgot a latency baseline that cannot be read: learning anew")
            return cls()

    @classmethod
    def _restored(cls, form: Mapping[str, Any]) -> Self:
        watch = cls()
        watch._closed_at = form["closed_at"]
        watch._search = Search(**form["search"])
        watch._since, watch._peak = form["since"], form["peak"]
        watch._paused, watch._heard = form["paused"], form["heard"]
        watch._learned.restore(form["learned"])
        watch._trouble = Trouble(**form["trouble"]) if form["trouble"] else None
        return watch
