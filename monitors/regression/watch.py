"""One operation of one Intercom workspace and region, watched over time."""

import logging
import math
from collections.abc import Mapping
from typing import Any, Final, Self

from monitors.regression.evidence import HOUR
from monitors.regression.learned import FIRST, LEAST_EFFECT, SCALES, Learned, Seen
from monitors.regression.normal import WEEK
from monitors.regression.samples import TAIL
from monitors.regression.trouble import LOUD, OVER, Trouble
from monitors.regression.verdicts import CALM, Kind, Verdict

SCHEMA: Final = 2
"""The version of the stored form; a state of another version is forgotten and learned anew."""
COOLDOWN: Final = 12 * HOUR
"""Seconds in which what comes back is the same trouble."""
ACCEPTED_AFTER: Final = 4 * 24 * HOUR
"""Seconds after which what is sustained is the new normal: longer than a weekend."""
SET_BACK: Final = HOUR
"""Seconds. A sample that is older than the last by less came late and is left out; by more, the
clock was wrong before."""
NEVER: Final = -1e12
"""Unix time before everything; JSON has no infinity."""
HALF_SURE: Final = 6.0
"""Hours of knowledge with which one is half as sure as one can be."""

log = logging.getLogger(__name__)

NINE_OF_TEN: Final = 1.645
"""Standard deviations around the middle that hold nine values of ten (normal distribution)."""


class Watch:
    """What is known of one operation's latency; `take` learns from a sample and judges it."""

    __slots__ = ("_closed_at", "_learned", "_peak", "_since", "_trouble")

    def __init__(self) -> None:
        self._learned = Learned()
        self._trouble: Trouble | None = None
        self._closed_at = NEVER
        self._since = 0.0
        self._peak = 0.0

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
        return self._going_on(self._trouble, seen) if self._trouble else self._judge(seen)

    def _turn(self, hour: int) -> None:
        trouble, ends = self._trouble, (self._learned.hour + 1) * HOUR
        has_lasted = trouble is not None and ends - trouble.opened_at > ACCEPTED_AFTER
        if self._learned.turn(hour, is_calm=trouble is None, has_lasted=has_lasted):
            self._trouble = None
            self._closed_at = NEVER

    def _judge(self, seen: Seen) -> Verdict:
        learned, level, middle = self._learned, self._learned.level, seen.middle
        # Not only on average: the latest must be slow too, and on short scales all of them, or it
        # is a matter of the slow answers.
        index = level.found(2.0 * middle) if middle > LEAST_EFFECT else None
        if index is not None and SCALES[index] < 1.0 and not learned.latest.lowest():
            index = None
        size = middle if not index else level.means[index]
        if index is None and (step := learned.latest.step(learned.spread)) > level.limits[0]:
            index, size = 0, step
        if index is not None and not learned.habits.include(
            learned.hour, seen.usual, size, SCALES[index]
        ):
            size = max(size, learned.latest.lowest())
            return self._open(seen, size, doubt=0.25 * level.limits[index] / size)
        index = learned.tail.found()
        if index is not None:
            share = learned.tail.means[index]
            doubt = 0.25 * learned.tail.limits[index] / share
            return self._open(seen, share - TAIL, doubt=doubt, tail=True)
        return CALM

    def _open(self, seen: Seen, size: float, *, doubt: float, tail: bool = False) -> Verdict:
        learned, at = self._learned, seen.at
        again = at - self._closed_at < COOLDOWN
        onset = at - HOUR if tail else learned.onset(size)
        known = learned.normal.known
        if not again:
            self._since, self._peak = onset, 0.0
        # One that comes back is the same, unless it is twice as slow as it ever was.
        opened = not again or (not tail and size > self._peak + LOUD)
        self._trouble = Trouble(
            tail=tail,
            since=onset if opened else self._since,
            opened_at=at,
            size=size,
            now=0.0 if tail else size,
            left=size,
            confidence=(1.0 - doubt) * (known + 1.0) / (known + 1.0 + HALF_SURE),
            loud=not tail and learned.latest.lowest() > LOUD,
        )
        learned.part(onset)
        return self._say(self._trouble, seen.usual, opened=opened)

    def _going_on(self, trouble: Trouble, seen: Seen) -> Verdict:
        learned, at, middle = self._learned, seen.at, seen.middle
        so_far = 0.0 if trouble.tail else trouble.size
        if not trouble.tail and at - trouble.opened_at < learned.latest.size * learned.step:
            trouble.arrive(middle)
        elif learned.latest.lowest() > max(so_far + LOUD, learned.level.limits[0]):
            # Another trouble, twice as slow as this one.
            known = learned.normal.known
            self._since = learned.onset(middle)
            self._trouble = Trouble(
                tail=False,
                since=self._since,
                opened_at=at,
                size=middle,
                now=middle,
                left=middle,
                confidence=(known + 1.0) / (known + 1.0 + HALF_SURE),
                loud=True,
            )
            return self._say(self._trouble, seen.usual, opened=True)
        else:
            extra = seen.share - TAIL if trouble.tail else middle
            trouble.take(extra, learned.step, learned.level)
        if not trouble.is_over and not self._is_plainly_over(trouble):
            return self._say(trouble, seen.usual)
        self._peak = max(self._peak, 0.0 if trouble.tail else trouble.size)
        self._closed_at = at
        if not trouble.loud and at - trouble.opened_at < COOLDOWN:
            learned.doubt()
        self._forget()
        return Verdict(closed=True, since=trouble.since, usual_ms=math.exp(seen.usual))

    def _is_plainly_over(self, trouble: Trouble) -> bool:
        """Whether the latest are nearer to normal, for as long as a burst: of what stands out of
        single spikes one sees the end as soon as the beginning, and what comes back is not told
        again."""
        if trouble.tail or trouble.size <= self._learned.spread.spike:
            return False
        return self._learned.latest.highest() < OVER * trouble.size

    def _forget(self) -> None:
        """Forget what is going on, and keep what is usual."""
        self._trouble = None
        self._learned.clear()

    def _say(self, trouble: Trouble, usual: float, *, opened: bool = False) -> Verdict:
        beyond = self._learned.spread.beyond
        slow = max(self._learned.high, beyond)
        return Verdict(
            kind=Kind.REGRESSION if trouble.loud else Kind.SHIFT,
            opened=opened,
            tail=trouble.tail,
            since=trouble.since,
            usual_ms=math.exp(usual + (beyond if trouble.tail else 0.0)),
            now_ms=math.exp(usual + (slow if trouble.tail else trouble.now)),
            confidence=trouble.confidence,
            samples=self._learned.samples,
        )

    def usual_ms(self, at: float) -> float | None:
        """Return what is usual at a time, in milliseconds; None before anything is known."""
        if self._learned.samples < FIRST:
            return None
        return math.exp(self._learned.normal.expected[int(at // HOUR) % WEEK])

    def spread(self, at: float) -> float:
        """Return the factor within which, above and below the usual, nine answers of ten lie at a
        time: how much they vary, and how well the usual of that hour is known."""
        unknown = self._normal.unknown[int(at // HOUR) % WEEK]
        return math.exp(NINE_OF_TEN * math.hypot(self._evidence.sigma, unknown))

    def as_json(self) -> dict[str, Any]:
        """Return the stored form: exact, since a restart must change nothing."""
        return {
            "schema": SCHEMA,
            "trouble": self._trouble.as_json() if self._trouble else None,
            "closed_at": self._closed_at,
            "since": self._since,
            "peak": self._peak,
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
        watch._since, watch._peak = form["since"], form["peak"]
        watch._learned.restore(form["learned"])
        watch._trouble = Trouble(**form["trouble"]) if form["trouble"] else None
        return watch
