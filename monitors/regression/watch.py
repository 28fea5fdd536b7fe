"""One operation of one Intercom workspace and region, watched over time."""

import logging
import math
from collections.abc import Mapping
from typing import Any, Final, Self

from monitors.regression.evidence import HOUR, Evidence
from monitors.regression.habits import Habits
from monitors.regression.normal import WEEK, Normal
from monitors.regression.samples import TAIL, Latest, Spread
from monitors.regression.trouble import LOUD, OVER, Trouble
from monitors.regression.verdicts import CALM, Kind, Verdict

SCHEMA: Final = 2
"""The version of the stored form; a state of another version is forgotten and learned anew."""
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
COOLDOWN: Final = 12 * HOUR
"""Seconds in which what comes back is the same trouble."""
ACCEPTED_AFTER: Final = 4 * 24 * HOUR
"""Seconds after which what is sustained is the new normal: longer than a weekend."""
BETTER_HOURS: Final = 6
"""Hours in a row, all of them faster, that are a new normal."""
GAP: Final = HOUR
"""Seconds without a sample after which what was going on is not known any more."""
SET_BACK: Final = HOUR
"""Seconds. A sample that is older than the last by less came late and is left out; by more, the
clock was wrong before."""
NEVER: Final = -1e12
"""Unix time before everything; JSON has no infinity."""
HALF_SURE: Final = 6.0
"""Hours of knowledge with which one is half as sure as one can be."""
STEPS: Final = (5.0, HOUR)
"""Seconds: the least and the most that is taken for the time between samples."""
PACE_OF: Final = 5
"""Times between samples, of which the median is the pace: two gaps are no new pace."""
MOST_MS: Final = 1e7
MOST_PER_HOUR: Final = 128
FIRST: Final = 3
"""Samples that make the first level."""

log = logging.getLogger(__name__)

NINE_OF_TEN: Final = 1.645
"""Standard deviations around the middle that hold nine values of ten (normal distribution)."""


class Watch:
    """What is known of one operation's latency; `take` learns from a sample and judges it."""

    __slots__ = (
        "_closed_at",
        "_faster",
        "_habits",
        "_high",
        "_hour",
        "_last",
        "_latest",
        "_level",
        "_normal",
        "_pace",
        "_passed",
        "_peak",
        "_samples",
        "_since",
        "_spread",
        "_step",
        "_stride",
        "_tail",
        "_trouble",
        "_values",
        "_was_slow",
    )

    def __init__(self) -> None:
        self._normal = Normal()
        self._spread = Spread()
        self._latest = Latest()
        self._level = Evidence(SCALES, least=LEAST_EFFECT, power=2.0)
        self._tail = Evidence(TAIL_SCALES, least=TAIL + TAIL_LEAST, power=1.0, usual=TAIL)
        self._trouble: Trouble | None = None
        self._samples = 0
        self._last = NEVER
        self._hour = -1
        self._step = self._pace = 300.0  # the time between samples, and what the rates are for
        self._values: list[float] = []
        self._stride = 1
        self._habits = Habits()
        self._faster: list[float] = []
        self._was_slow = False
        self._high = 0.5
        self._closed_at = NEVER
        self._since = 0.0
        self._peak = 0.0
        self._passed: list[float] = []
        self._set_pace()
        self._fit(0)

    def take(self, at: float, ms: float) -> Verdict:
        """Learn from a healthy sample and say what is so after it.

        `at` is Unix time in seconds, `ms` how long the answer took. What cannot be a sample (not a
        number, negative, older than the last) is left out.
        """
        if not (math.isfinite(at) and math.isfinite(ms)) or ms < 0.0 or not 0.0 <= at < 1e11:
            return CALM
        passed = at - self._last
        if -SET_BACK < passed <= 0.0:
            return CALM
        hour = int(at // HOUR)
        if hour != self._hour:
            self._turn(hour)
        if self._samples:
            self._pass(passed)
        self._last = at
        self._samples += 1
        value = math.log(min(max(ms, 1.0), MOST_MS))
        self._remember(value)
        if self._samples <= FIRST:
            return CALM
        place = (at / HOUR - 0.5) % WEEK
        index = int(place)
        part = place - index
        expected = self._normal.expected
        usual = expected[index] * (1.0 - part) + expected[index + 1] * part
        unknown = self._normal.unknown[index]
        residual = value - usual
        middle = self._latest.take(at, residual)
        most = LEAST_EFFECT + CLIP * self._spread.sigma + 2.0 * unknown
        self._level.take(min(max(residual, -most), most), middle)
        apart = residual - self._level.means[AROUND]
        is_slow = apart > self._spread.beyond + unknown
        # Those in a row count once: what lasts is a matter of the level.
        share = 1.0 if is_slow and not self._was_slow else 0.0
        self._was_slow = is_slow
        if is_slow:
            self._high += 0.1 * (min(apart, 2.0) - self._high)
        self._tail.take(share)
        if self._trouble:
            return self._going_on(self._trouble, at, middle, share, usual)
        self._spread.take(apart)
        return self._judge(at, middle, usual)

    def _pass(self, passed: float) -> None:
        """Take the time that passed since the last sample."""
        if passed < 0.0:
            self._forget()
            return
        if passed > max(GAP, 3.0 * self._step):
            self._level.fade(passed)
            self._tail.fade(passed)
        self._passed = [*self._passed[1 - PACE_OF :], passed]
        self._step = sorted(self._passed)[len(self._passed) // 2]
        self._step = min(max(self._step, STEPS[0]), STEPS[1])
        if not 0.9 < self._step / self._pace < 1.1:
            self._pace = self._step
            self._set_pace()

    def _set_pace(self) -> None:
        for one in (self._level, self._tail, self._latest):
            one.set_step(self._pace)

    def _remember(self, value: float) -> None:
        values = self._values
        if self._samples % self._stride == 0 or not values:
            values.append(value)
            if len(values) >= MOST_PER_HOUR:
                self._values = values[::2]
                self._stride *= 2
        if self._normal.known or self._trouble:
            return
        least = self._normal.expected[0] + LOUD
        if self._samples <= FIRST or value < least:
            ordered = sorted(values)
            self._normal.restart(ordered[(len(ordered) - 1) // 2])

    def _judge(self, at: float, middle: float, usual: float) -> Verdict:
        level = self._level
        # Not only on average: the latest must be slow too, and on short scales all of them, or it
        # is a matter of the slow answers.
        index = level.found(2.0 * middle) if middle > LEAST_EFFECT else None
        if index is not None and SCALES[index] < 1.0 and not self._latest.lowest():
            index = None
        size = middle if not index else level.means[index]
        if index is None and (step := self._latest.step(self._spread)) > level.limits[0]:
            index, size = 0, step
        if index is not None and not self._habits.include(self._hour, usual, size, SCALES[index]):
            size = max(size, self._latest.lowest())
            return self._open(at, size, usual, doubt=0.25 * level.limits[index] / size)
        index = self._tail.found()
        if index is not None:
            share = self._tail.means[index]
            doubt = 0.25 * self._tail.limits[index] / share
            return self._open(at, share - TAIL, usual, doubt=doubt, tail=True)
        return CALM

    def _open(
        self, at: float, size: float, usual: float, *, doubt: float, tail: bool = False
    ) -> Verdict:
        again = at - self._closed_at < COOLDOWN
        onset = at - HOUR if tail else self._onset(size)
        known = self._normal.known
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
            loud=not tail and self._latest.lowest() > LOUD,
        )
        self._faster = []
        self._values = []
        self._normal.forget_since(int(onset // HOUR))
        return self._say(self._trouble, usual, opened=opened)

    def _onset(self, size: float) -> float:
        """Say since when it has been at least half as slow."""
        since, all_of_them = self._latest.onset(size / 2.0)
        risen = self._normal.risen(size / 2.0) if all_of_them else None
        return since if risen is None else min(since, risen * HOUR)

    def _going_on(
        self, trouble: Trouble, at: float, middle: float, share: float, usual: float
    ) -> Verdict:
        so_far = 0.0 if trouble.tail else trouble.size
        if not trouble.tail and at - trouble.opened_at < self._latest.size * self._step:
            trouble.arrive(middle)
        elif self._latest.lowest() > max(so_far + LOUD, self._level.limits[0]):
            # Another trouble, twice as slow as this one.
            known = self._normal.known
            self._since = self._onset(middle)
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
            return self._say(self._trouble, usual, opened=True)
        else:
            extra = share - TAIL if trouble.tail else middle
            trouble.take(extra, self._step, self._level)
        if not trouble.is_over and not self._is_plainly_over(trouble):
            return self._say(trouble, usual)
        self._peak = max(self._peak, 0.0 if trouble.tail else trouble.size)
        self._closed_at = at
        if not trouble.loud and at - trouble.opened_at < COOLDOWN:
            self._level.doubt()
            self._tail.doubt()
        self._forget()
        return Verdict(closed=True, since=trouble.since, usual_ms=math.exp(usual))

    def _is_plainly_over(self, trouble: Trouble) -> bool:
        """Whether the latest are nearer to normal, for as long as a burst: of what stands out of
        single spikes one sees the end as soon as the beginning, and what comes back is not told
        again."""
        if trouble.tail or trouble.size <= self._spread.spike:
            return False
        return self._latest.highest() < OVER * trouble.size

    def _forget(self) -> None:
        """Forget what is going on, and keep what is usual."""
        self._trouble = None
        self._level.clear()
        self._tail.clear()
        self._latest.clear()
        self._values = []
        self._faster = []

    def _say(self, trouble: Trouble, usual: float, *, opened: bool = False) -> Verdict:
        beyond = self._spread.beyond
        return Verdict(
            kind=Kind.REGRESSION if trouble.loud else Kind.SHIFT,
            opened=opened,
            tail=trouble.tail,
            since=trouble.since,
            usual_ms=math.exp(usual + (beyond if trouble.tail else 0.0)),
            now_ms=math.exp(usual + (max(self._high, beyond) if trouble.tail else trouble.now)),
            confidence=trouble.confidence,
            samples=self._samples,
        )

    def _turn(self, hour: int) -> None:
        """Close the hour that ends: make it part of what is normal, or wait."""
        if self._hour >= 0:
            ordered = sorted(self._values)
            value = round(ordered[len(ordered) // 2], 4) if ordered else None
            apart = None if value is None else value - self._normal.expected[self._hour % WEEK]
            self._habits.add(self._hour, value)
            self._normal.add(self._hour, None if self._trouble else value)
            if self._trouble:
                self._accept_what_lasts(self._trouble, apart)
            elif apart is not None:
                self._spread.settle()
                self._level.settle()
                self._tail.settle()
                self._improve(apart)
            self._normal.fit()
            self._fit(hour % WEEK)
        self._hour = hour
        self._values = []
        self._stride = 1

    def _fit(self, slot: int) -> None:
        """Work out what would be unusual in an hour of the week."""
        self._level.fit(self._spread.sigma, self._normal.unknown[slot])
        of_an_hour = TAIL * (1.0 - TAIL) * min(self._pace / HOUR, 1.0)
        self._tail.fit(math.sqrt(of_an_hour), 0.0)

    def _accept_what_lasts(self, trouble: Trouble, apart: float | None) -> None:
        if apart is not None:
            self._faster = [*self._faster[-23:], apart]
        if (self._hour + 1) * HOUR - trouble.opened_at > ACCEPTED_AFTER:
            self._accept()

    def _improve(self, apart: float) -> None:
        """Take hours that are all faster for what is normal now."""
        least = max(LEAST_EFFECT, self._level.limits[BETTER])
        self._faster = [*self._faster, apart] if apart < -least else []
        if len(self._faster) >= BETTER_HOURS:
            self._accept()

    def _accept(self) -> None:
        """Move what is normal to where it has been for long."""
        ordered = sorted(self._faster)
        if ordered:
            self._normal.move(round(ordered[len(ordered) // 2], 4))
        self._forget()
        self._closed_at = NEVER

    def usual_ms(self, at: float) -> float | None:
        """Return what is usual at a time, in milliseconds; None before anything is known."""
        if self._samples < FIRST:
            return None
        return math.exp(self._normal.expected[int(at // HOUR) % WEEK])

    def spread(self, at: float) -> float:
        """Return the factor within which, above and below the usual, nine answers of ten lie at a
        time: how much they vary, and how well the usual of that hour is known."""
        unknown = self._normal.unknown[int(at // HOUR) % WEEK]
        return math.exp(NINE_OF_TEN * math.hypot(self._evidence.sigma, unknown))

    def as_json(self) -> dict[str, Any]:
        """Return the stored form: exact, since a restart must change nothing."""
        own = {name: getattr(self, f"_{name}") for name in _PLAIN}
        parts = {name: getattr(self, f"_{name}").as_json() for name in _PARTS}
        return {
            "schema": SCHEMA,
            "trouble": self._trouble.as_json() if self._trouble else None,
            **{name: list(one) if isinstance(one, list) else one for name, one in own.items()},
            **parts,
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
        for name in _PLAIN:
            one = form[name]
            setattr(watch, f"_{name}", list(one) if isinstance(one, list) else one)
        watch._set_pace()
        for name in _PARTS:
            getattr(watch, f"_{name}").restore(form[name])
        watch._trouble = Trouble(**form["trouble"]) if form["trouble"] else None
        return watch


_PARTS: Final = ("normal", "spread", "latest", "level", "tail", "habits")
_PLAIN: Final = tuple(
    name.removeprefix("_")
    for name in Watch.__slots__
    if name != "_trouble" and name.removeprefix("_") not in _PARTS
)
