"""How fast an objective's budget of slow answers is spent, over several windows.

As in Google's Site Reliability Workbook (chapter 5, 2018): a long window says that it matters, a
short one that it goes on. A probe asks one thing every minute or five, so a window holds few
answers and a share of few is chance. So the slow answers of the long window must be more than an
objective that is just kept would bring by chance once in `ONCE_IN`, at least `LEAST_SLOW`, and no
burst: the last a `BURST` after the first. The short window is stretched until it holds `LEAST`
answers, never beyond the long one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, log1p
from typing import Any, Final, Self

OBJECTIVE: Final = "latency-objective"
"""The rule that tells a burn."""
MINUTE: Final = 60.0
FINE: Final = 5 * MINUTE
COARSE: Final = 60 * MINUTE
"""Seconds of a bucket: fine ones for the two short windows, coarse ones for what is older."""
LEAST_SLOW: Final = 3
"""Slow answers in the long window: two may have one cause that is over, whatever the target."""
ONCE_IN: Final = 200 * 7 * 24 * 60 * MINUTE
"""Seconds, 200 weeks, by one window that is looked at once. At a target of 99 %, four of the twelve
answers of an hour; at 99.9 % three. Windows overlap and all are looked at with each answer: where
an objective is just kept, which is the worst case, it came to 3 and 2 in 150 weeks of made answers.
"""
BURST: Final = 15 * MINUTE
"""Seconds, counted in fine buckets: what is over within a quarter of an hour is nobody's matter,
here as everywhere (`monitors.regression`)."""
LEAST: Final = 3
"""Answers in the short window."""
WHOLE: Final = 0.9
"""The share of a window from which on it is called whole: answers come minutes apart, and buckets
begin before them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A pair of windows, in seconds, and the burn rate that alerts in both: 1 spends the budget of
    30 days in 30 days."""

    long: float
    short: float
    rate: float
    wakes: bool
    """Whether somebody is told at once; otherwise it waits for the digest."""

    def __str__(self) -> str:
        return f"{self.long / COARSE:.0f} h"

    def since(self, first: float, now: float) -> str:
        """Say how long it is where answers are known since `first` only."""
        known = now - first
        if known >= WHOLE * self.long:
            return str(self)
        return f"{known / COARSE:.0f} h" if known >= COARSE else f"{known / MINUTE:.0f} min"


WINDOWS: Final = (
    Window(long=60 * MINUTE, short=5 * MINUTE, rate=14.4, wakes=True),
    Window(long=360 * MINUTE, short=30 * MINUTE, rate=6.0, wakes=True),
    Window(long=4320 * MINUTE, short=360 * MINUTE, rate=1.0, wakes=False),
)
"""Fastest first, as the workbook has them: 2 % of the budget in an hour, 5 % in six, 10 % in three
days."""

Bucket = tuple[float, int, int, int]
"""When it begins (Unix time), answers in it, slow ones among them, and how many of those came while
the operation's slowness was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """An objective whose budget is spent too fast. `slow` of `of` answers in the long window, which
    is known for a `span`, beside `told` slow ones more that are no news."""

    window: Window
    rate: float
    slow: int
    of: int
    span: str
    told: int = 0


def burn_of(
    buckets: Sequence[Bucket], *, target: float, now: float, is_told: bool = False
) -> Burn | None:
    """Return the fastest burn that alerts; None where none does. Slow answers that were told count
    only where `is_told` says that it was this very burn: of others their incident has spoken."""
    budget = 1.0 - target
    for window in WINDOWS:
        known = [one for one in buckets if now - window.long < one[0] <= now]
        told = 0 if is_told else sum(one[3] for one in known)
        recent = (
            known if is_told else [(at, of - told, slow - told, 0) for at, of, slow, told in known]
        )
        of, slow = sum(one[1] for one in recent), sum(one[2] for one in recent)
        if slow < LEAST_SLOW or not 0.0 < budget < 1.0 or _is_burst(recent):
            continue
        rate = slow / of / budget
        if rate < window.rate or chance_of(slow, of=of, share=budget) > window.long / ONCE_IN:
            continue
        if _lately(recent, window, now) / budget >= window.rate:
            span = window.since(known[0][0], now)
            return Burn(window=window, rate=rate, slow=slow, of=of, span=span, told=told)
    return None


def chance_of(slow: int, *, of: int, share: float) -> float:
    """Return how likely so many of the answers are slow, or more, where each is with `share`, which
    at most that many are expected of: a sum of binomial terms, which fall from there on."""
    if not slow:
        return 1.0
    term = exp(
        lgamma(of + 1)
        - lgamma(slow + 1)
        - lgamma(of - slow + 1)
        + slow * log(share)
        + (of - slow) * log1p(-share)
    )
    total, odds = 0.0, share / (1.0 - share)
    for number in range(slow, of + 1):
        total += term
        term *= odds * (of - number) / (number + 1)
    return min(total, 1.0)


def _is_burst(recent: Sequence[Bucket]) -> bool:
    """Whether all slow answers came within a burst."""
    slow = [at for at, _, slower, _ in recent if slower]
    return max(slow, default=0.0) - min(slow, default=0.0) < BURST


def _lately(recent: Sequence[Bucket], window: Window, now: float) -> float:
    """Return the share of slow answers in the short window, stretched until it holds enough."""
    of = slow = 0
    for at, answers, slower, _ in sorted(recent, reverse=True):
        if of >= LEAST and at <= now - window.short:
            break
        of, slow = of + answers, slow + slower
    return slow / of if of else 0.0


class Ledger:
    """The answers of three days and how many were slow, in some 140 buckets."""

    def __init__(self) -> None:
        self.buckets: list[Bucket] = []

    def take(self, at: float, *, is_slow: bool) -> None:
        """Count an answer; one from before the latest bucket counts in it."""
        start = at // FINE * FINE
        if self.buckets and start <= self.buckets[-1][0]:
            start, of, slow, told = self.buckets.pop()
        else:
            of = slow = told = 0
        self.buckets.append((start, of + 1, slow + is_slow, told))
        if not of:
            self._compact(at)

    def explain(self, since: float) -> None:
        """Note that the slow answers since then are part of what was told."""
        first = since // FINE * FINE
        for index in range(len(self.buckets) - 1, -1, -1):
            at, of, slow, _ = self.buckets[index]
            if at < first:
                return
            self.buckets[index] = (at, of, slow, slow)

    def _compact(self, now: float) -> None:
        """Drop what is too old, and put together what no short window looks at."""
        coarse: dict[float, Bucket] = {}
        fine: list[Bucket] = []
        for at, of, slow, told in self.buckets:
            if at <= now - WINDOWS[-1].long:
                continue
            if at > now - WINDOWS[1].long - FINE:
                fine.append((at, of, slow, told))
                continue
            hour = at // COARSE * COARSE
            _, before, slower, explained = coarse.get(hour, (hour, 0, 0, 0))
            coarse[hour] = hour, before + of, slower + slow, explained + told
        self.buckets = [*coarse.values(), *fine]

    def as_json(self) -> list[Any]:
        """Return the stored form."""
        return [list(one) for one in self.buckets]

    @classmethod
    def from_json(cls, form: object) -> Self:
        """Read the stored form; what is another is forgotten."""
        ledger = cls()
        try:
            ledger.buckets = [
                (float(at), int(of), int(slow), int(told[0]) if told else 0)
                for at, of, slow, *told in form  # type: ignore[attr-defined]
            ]
        except (TypeError, ValueError):
            return cls()
        return ledger
