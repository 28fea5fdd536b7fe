"""One operation of one Intercom workspace and region, watched over time."""

import math
from collections.abc import Mapping
from typing import Any, Final, Self

from monitors.regression.evidence import HOUR, SCALES, TAIL, Evidence
from monitors.regression.limits import (
    ACCEPTED_AFTER,
    BETTER_HOURS,
    BRIEF,
    BURST,
    CALM_SCALE,
    CALM_SHARE,
    COOLDOWN,
    ENOUGH,
    FIRST,
    GAP,
    HALF_SURE,
    LEAST_EFFECT,
    LOUD,
    LOUD_SCORE,
    MOST_MS,
    MOST_PER_HOUR,
    NEVER,
    RECURS,
    RECURS_IN,
    RECURS_OF,
    RUN,
    SET_BACK,
    STARK,
    STRONG,
    STRONG_LEAST,
    STRONG_SCORE,
    STRONG_UNKNOWN,
    TAIL_AGE,
    TAIL_CALM_SCALE,
    TAIL_LEAST,
    TAIL_OCTAVE,
    TAIL_THRESHOLD,
    THRESHOLD,
    THRESHOLD_BY_OCTAVE,
)
from monitors.regression.normal import WEEK, Normal
from monitors.regression.verdicts import CALM, Kind, Verdict

SCHEMA: Final = 1
"""The version of the stored form; a state of another version is forgotten and learned anew."""

NINE_OF_TEN: Final = 1.645
"""Standard deviations around the middle that hold nine values of ten (normal distribution)."""


class Watch:
    """What is known of one operation's latency; `take` learns from a sample and judges it."""

    __slots__ = (
        "_calm",
        "_closed_at",
        "_confidence",
        "_evidence",
        "_hour",
        "_last",
        "_loud",
        "_misses",
        "_normal",
        "_opened_at",
        "_peak",
        "_peaks",
        "_pending",
        "_risen",
        "_run",
        "_samples",
        "_shift",
        "_since",
        "_state",
        "_stride",
        "_strong",
        "_values",
        "_weakest",
    )

    def __init__(self) -> None:
        self._normal = Normal()
        self._evidence = Evidence()
        self._samples = 0
        self._last = NEVER
        self._hour = -1
        self._values: list[float] = []
        self._stride = 1
        self._run = 0
        self._risen = 0.0
        self._misses = 0
        self._strong = 0
        self._weakest = 0.0
        self._state = ""  # "", "level" or "tail"
        self._since = 0.0
        self._opened_at = 0.0
        self._closed_at = NEVER
        self._shift = 0.0
        self._confidence = 0.0
        self._loud = False
        self._calm = 0.0
        self._pending: list[float] = []
        self._peak = 0.0
        self._peaks = [0.0] * WEEK

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
        evidence = self._evidence
        if passed > GAP and self._samples:
            evidence.fade(passed)
            self._run = self._strong = 0
        elif passed < 0.0:
            evidence.clear()
            self._run = self._strong = 0
        elif self._samples and not 0.8 < passed / evidence.step < 1.25:
            self._pace(passed)
        self._last = at
        self._samples += 1
        value = math.log(min(max(ms, 1.0), MOST_MS))
        self._remember(value)
        if self._samples <= FIRST or (self._samples <= 12 and self._strong < 2):
            if not self._normal.known:
                ordered = sorted(self._values)
                self._normal.restart(ordered[(len(ordered) - 1) // 2])
            if self._samples <= FIRST:
                return CALM
        place = (at / HOUR - 0.5) % WEEK
        index = int(place)
        part = place - index
        expected = self._normal.expected
        usual = expected[index] * (1.0 - part) + expected[index + 1] * part
        unknown = self._normal.unknown[index]
        if self._samples < 100:
            unknown += evidence.sigma / math.sqrt(self._samples)
        residual = value - usual
        evidence.take(residual, unknown, learning=not self._state)
        self._peak = max(self._peak, evidence.means[1])
        self._follow(at, residual, unknown)
        if self._state:
            return self._open(at, residual, usual)
        return self._closed(at, residual, unknown, usual)

    def _pace(self, passed: float) -> None:
        """Follow the time between samples, slowly: one gap is no new pace."""
        step = self._evidence.step
        new = step * 1.1 if passed > step else max(step * 0.9, passed)
        self._evidence.set_step(min(max(new, 1.0), HOUR))

    def _remember(self, value: float) -> None:
        values = self._values
        if self._samples % self._stride == 0 or not values:
            values.append(value)
            if len(values) >= MOST_PER_HOUR:
                self._values = values[::2]
                self._stride *= 2

    def _follow(self, at: float, residual: float, unknown: float) -> None:
        """Keep count of the slow samples in a row, one miss pardoned."""
        sigma = self._evidence.sigma
        if residual > max(LEAST_EFFECT, 0.7 * sigma):
            if not self._run:
                self._risen = at
            self._run += 1
            self._misses = 0
        elif self._run:
            self._misses += 1
            if self._misses >= 2:
                self._run = 0
        strong = max(STRONG_LEAST, math.hypot(STRONG * sigma, STRONG_UNKNOWN * unknown))
        if residual <= strong:
            self._strong = 0
        else:
            self._weakest = min(self._weakest, residual) if self._strong else residual
            self._strong += 1

    def _closed(self, at: float, residual: float, unknown: float, usual: float) -> Verdict:
        since, confidence, state = self._found(at, residual, unknown)
        if not state or self._recurs(at):
            return CALM
        again = at - self._closed_at < COOLDOWN
        self._state = state
        if not again:
            self._since = since
        self._opened_at = at
        self._shift = max(self._evidence.level, LEAST_EFFECT)
        self._calm = 1.0 if state == "level" else 0.25
        self._confidence = confidence
        self._loud = False
        self._pending = []
        self._values = []
        self._normal.forget_since(int(since // HOUR))
        return self._say(usual, opened=not again)

    def _found(self, at: float, residual: float, unknown: float) -> tuple[float, float, str]:
        """Say since when, how surely and what is slower; an empty word where nothing is."""
        evidence = self._evidence
        lasting = self._misses == 0 and at - self._risen >= BURST
        stark = self._strong >= ENOUGH and self._weakest > STARK
        plain = evidence.means[0] > STRONG_SCORE * evidence.scales[0]
        if lasting and plain and (stark or self._strong > ENOUGH):
            return self._risen, self._sure(0.05), "level"
        sustained = lasting and self._run >= min(RUN, ENOUGH + 2 * math.ceil(BURST / evidence.step))
        hourly = evidence.means[2]
        for index, mean in enumerate(evidence.means):
            if mean < LEAST_EFFECT:
                continue
            long = SCALES[index] > HOUR
            if not (sustained or (long and hourly > LEAST_EFFECT)):
                continue
            least = THRESHOLD + THRESHOLD_BY_OCTAVE * (len(SCALES) - 1 - index)
            score = mean / math.sqrt(evidence.scales[index] ** 2 + unknown**2)
            if score > least:
                since = min(self._risen, at - SCALES[index]) if long else self._risen
                return since, self._sure(0.25 * least / score), "level"
        if self._normal.known >= TAIL_AGE:
            for index, share in enumerate(evidence.shares):
                extra = share - TAIL
                least = TAIL_THRESHOLD + TAIL_OCTAVE * (len(evidence.shares) - 1 - index)
                if extra > TAIL_LEAST and extra > least * evidence.tail_scales[index]:
                    return at - HOUR, self._sure(0.2), "tail"
        return 0.0, 0.0, ""

    def _sure(self, doubt: float) -> float:
        """Return the confidence: less by the doubt of the evidence, and by how little is known."""
        known = self._normal.known
        return (1.0 - doubt) * (known + 1.0) / (known + 1.0 + HALF_SURE)

    def _recurs(self, at: float) -> bool:
        """Whether the same hours of most of the last days were about as slow: then it is a job that
        runs every night, and normal."""
        hour = int(at // HOUR)
        least = RECURS * self._evidence.means[1]
        days = 0
        for day in range(1, RECURS_OF + 1):
            around = (self._peaks[(hour - 24 * day + near) % WEEK] for near in (-1, 0, 1))
            days += max(around) > least
        return days >= RECURS_IN

    def _open(self, at: float, residual: float, usual: float) -> Verdict:
        evidence = self._evidence
        rate = -math.expm1(-evidence.step / CALM_SCALE)
        if self._state == "level":
            self._shift = max(self._shift, min(evidence.level, 2.0))
            share = residual / self._shift
            self._calm += rate * (min(max(share, -1.0), 1.0) - self._calm)
            over = self._calm < CALM_SHARE
        else:
            rate = -math.expm1(-evidence.step / TAIL_CALM_SCALE)
            self._calm += rate * ((1.0 if evidence.counted else 0.0) - self._calm)
            over = self._calm < 1.6 * TAIL
            if evidence.level > LOUD and self._strong >= ENOUGH:
                self._state = "level"  # another trouble, which begins now
                self._calm, self._since = 1.0, self._risen
                return self._say(usual, opened=True)
        if over:
            self._state = ""
            self._closed_at = at
            if not self._loud and at - self._opened_at < BRIEF:
                evidence.doubt()
            self._pending = []
            evidence.clear()
            self._run = self._strong = 0
            self._values = []
            return Verdict(closed=True, since=self._since, usual_ms=math.exp(usual))
        return self._say(usual)

    def _say(self, usual: float, *, opened: bool = False) -> Verdict:
        evidence = self._evidence
        tail = self._state == "tail"
        lasting = self._strong >= ENOUGH or self._run >= RUN
        if lasting and not tail and evidence.level > max(LOUD, LOUD_SCORE * evidence.scales[1]):
            self._loud = True  # and stays it until it is over: half recovered is not a small shift
        return Verdict(
            kind=Kind.REGRESSION if self._loud else Kind.SHIFT,
            opened=opened,
            tail=tail,
            since=self._since,
            usual_ms=math.exp(usual + (evidence.beyond if tail else 0.0)),
            now_ms=math.exp(usual + (evidence.high if tail else evidence.level)),
            confidence=self._confidence,
            samples=self._samples,
        )

    def _turn(self, hour: int) -> None:
        """Close the hour that ends: make it part of what is normal, or wait."""
        if self._hour >= 0:
            for missed in range(max(self._hour, hour - WEEK), hour):
                self._peaks[missed % WEEK] = 0.0
            self._peaks[self._hour % WEEK] = round(self._peak, 3)
        self._peak = 0.0
        normal, evidence = self._normal, self._evidence
        if self._hour >= 0:
            ordered = sorted(self._values)
            value = round(ordered[len(ordered) // 2], 4) if ordered else None
            slot = self._hour % WEEK
            if self._state:
                normal.add(self._hour, None)
                if value is not None:
                    self._pending.append(value - normal.expected[slot])
                if (self._hour + 1) * HOUR - self._opened_at > ACCEPTED_AFTER:
                    self._accept(self._pending[-24:])
            else:
                normal.add(self._hour, value)
                evidence.settle(normal.unknown[slot])
                if value is not None:
                    self._improve(value - normal.expected[slot])
            normal.fit()
        self._hour = hour
        self._values = []
        self._stride = 1

    def _improve(self, apart: float) -> None:
        """Take hours that are all faster for what is normal now."""
        evidence = self._evidence
        least = max(LEAST_EFFECT, 3.0 * evidence.scales[3])
        self._pending = [*self._pending, apart] if apart < -least else []
        if len(self._pending) >= BETTER_HOURS:
            self._accept(self._pending)

    def _accept(self, apart: list[float]) -> None:
        """Move what is normal to where it has been for long."""
        ordered = sorted(apart)
        if ordered:
            self._normal.move(round(ordered[len(ordered) // 2], 4))
        self._evidence.clear()
        self._state = ""
        self._pending = []
        self._closed_at = NEVER
        self._run = self._strong = 0

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
        own = {name: list(one) if isinstance(one, list) else one for name, one in own.items()}
        return {
            "schema": SCHEMA,
            "normal": self._normal.as_json(),
            "evidence": self._evidence.as_json(),
            **own,
        }

    @classmethod
    def from_json(cls, form: object) -> Self:
        """Read the stored form; what is not one of this version is a watch that knows nothing."""
        if not isinstance(form, dict) or form.get("schema") != SCHEMA:
            return cls()
        try:
            return cls._restored(form)
        except (KeyError, TypeError, ValueError):  # written by something else
            return cls()

    @classmethod
    def _restored(cls, form: Mapping[str, Any]) -> Self:
        watch = cls()
        watch._normal = Normal.from_json(form["normal"])
        watch._evidence = Evidence.from_json(form["evidence"])
        for name in _PLAIN:
            one = form[name]
            setattr(watch, f"_{name}", list(one) if isinstance(one, list) else one)
        return watch


_PLAIN: Final = tuple(
    name.removeprefix("_") for name in Watch.__slots__ if name not in ("_normal", "_evidence")
)
