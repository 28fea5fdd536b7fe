"""What is remembered of the latency of one operation."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Self

from monitors.burning import OBJECTIVE, Ledger
from monitors.lateness import Lateness, lateness_from
from monitors.makeup import Makeup
from monitors.policies import RATE_WINDOW
from monitors.regression import Kind, Verdict, Watch
from monitors.slowed import Slowed, compare
from monitors.troubles import Troubles, troubles_from

HALF_HOUR: Final = 1800.0
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What lasted so long that it is taken for usual now, in milliseconds at this hour."""

    since: float
    tail: bool
    before_ms: float
    now_ms: float


@dataclass(slots=True)
class Known:
    """What is remembered of one operation."""

    watch: Watch = field(default_factory=Watch)
    makeup: Makeup = field(default_factory=Makeup)
    told: str = ""
    ledgers: dict[float, Ledger] = field(default_factory=dict)
    troubles: Troubles = ()
    late: dict[float, Lateness] = field(default_factory=dict)
    onset: float = 0.0
    """When it became slow for the last time; 0 where it is not slow now."""
    calm_at: float = 0.0
    """When it was seen to be slow no more, the last time."""
    slow_at: float = 0.0
    """When the last slow answer came before that."""

    def slowed(self, verdict: Verdict) -> Slowed:
        """Say what slowed."""
        before, after = self.makeup.around(self.onset)
        return compare(before, after, self.usual, tail=verdict.tail)

    def follow(self, verdict: Verdict, at: float) -> None:
        """Note when it became slow; what comes back began anew where most of the latest answers
        speak for it (the largest sum of what they are beyond half of it)."""
        if verdict.kind is Kind.NOTHING or verdict.pauses:
            if self.onset:
                self.calm_at, self.slow_at = at, self._last_slow(verdict)
            self.onset = 0.0
        elif not self.onset:
            is_back = verdict.intermittent and verdict.since < self.calm_at
            self.onset = self._back_since(verdict, at) if is_back else verdict.since

    def _last_slow(self, verdict: Verdict) -> float:
        """Return when an answer was last nearer to what it was while slow than to what is usual."""
        half = math.log(max(verdict.slow_ms / max(verdict.usual_ms, 1.0), 1.0)) / 2.0
        slow = (
            one.at
            for one in self.makeup.latest_first()
            if math.log(max(one.total, 1.0) / max(self.usual(one.at), 1.0)) > half
        )
        return next(slow, verdict.paused_since)

    def _back_since(self, verdict: Verdict, at: float) -> float:
        half = math.log(max(verdict.factor, 1.0)) / 2.0
        begun, most, total = at, 0.0, 0.0
        for one in self.makeup.latest_first():
            if one.at < self.calm_at:
                break
            beyond = math.log(max(one.total, 1.0) / max(self.usual(one.at), 1.0)) - half
            total += min(beyond, half)  # a spike counts as an answer that is as slow
            if total > most:
                begun, most = one.at, total
        return begun

    def usual(self, at: float) -> float:
        """Return what is usual at a time in milliseconds: between the middles of two hours."""
        early, late = (self.watch.usual_ms(at + by) or 0.0 for by in (-HALF_HOUR, HALF_HOUR))
        part = (at / 3600.0 + 0.5) % 1.0
        return early + part * (late - early)

    def settled(self, usual: float, at: float) -> Settled:
        """Say how much is usual now; `usual` was before. Of slow answers it is what they were."""
        trouble = self.troubles[-1]
        now = self.watch.usual_ms(at) or usual
        return Settled(
            since=trouble.since,
            tail=trouble.tail,
            before_ms=trouble.usual_ms if trouble.tail else usual,
            now_ms=trouble.now_ms if trouble.tail else now,
        )

    def told_since(self, at: float, verdict: Verdict) -> float:
        """Return since when answers are part of what is told: all of them where it is a burn, else
        the onset, or the first late one of those that are looked at for lateness."""
        if self.told == OBJECTIVE:
            return 0.0
        late = (when for one in self.late.values() for when in one[-RATE_WINDOW:] if when)
        onset = [] if verdict.kind is Kind.NOTHING else [verdict.since]
        return min((at, *onset, *late))

    def as_json(self) -> dict[str, Any]:
        form: dict[str, Any] = {"watch": self.watch.as_json(), "makeup": self.makeup.as_json()}
        if self.told:
            form["told"] = self.told
        if self.ledgers:
            form["objectives"] = [[ms, one.as_json()] for ms, one in self.ledgers.items()]
        if self.troubles:
            form["troubles"] = [one.as_json() for one in self.troubles]
        if any(self.late.values()):
            form["late"] = [[ms, list(one)] for ms, one in self.late.items() if one]
        if self.onset or self.calm_at:
            form["course"] = [self.onset, self.calm_at, self.slow_at]
        return form

    @classmethod
    def of(cls, form: object) -> Self:
        if not isinstance(form, dict):
            return cls()
        if "watch" not in form:  # written before anything else was remembered
            return cls(watch=Watch.from_json(form))
        return cls(
            Watch.from_json(form["watch"]),
            Makeup.from_json(form.get("makeup")),
            str(form.get("told", "")),
            {ms: Ledger.from_json(one) for ms, one in _by_ms(form.get("objectives"))},
            troubles_from(form.get("troubles")),
            {ms: lateness_from(one) for ms, one in _by_ms(form.get("late"))},
            *_moments(form.get("course")),
        )


def _moments(form: object) -> tuple[float, float, float]:
    match form:
        case [float(onset), float(calm_at), float(slow_at)] if math.isfinite(
            onset + calm_at + slow_at
        ):
            return onset, calm_at, slow_at
    return 0.0, 0.0, 0.0


def _by_ms(form: object) -> Iterator[tuple[float, object]]:
    for one in form if isinstance(form, list) else []:
        if isinstance(one, list) and len(one) == 2 and isinstance(one[0], (int, float)):
            yield float(one[0]), one[1]
