"""The latest regressions of one operation, kept for whoever looks back: when each began and ended,
how much slower it was, and which deployment came with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from monitors.commits import Deployment
from monitors.regression import Kind, Verdict

KEPT: Final = 8
"""Regressions. One a day for a week, and the one that goes on: more would be noise to look at."""
PAUSES: Final = 12
"""Pauses of one that comes and goes: three a day for the four days after which it is usual."""
MOST: Final = 1e11
"""Seconds or milliseconds: no time lies beyond the year 5138, as `Watch` has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One regression; times are Unix time. `usual_ms` and `now_ms` are from when it was worst, of
    the slow answers where it is their trouble (`tail`)."""

    since: float
    until: float | None = None
    """When it was seen to be over; None while it goes on."""
    settled: bool = False
    """Whether it is over because it has become usual, not because it went away."""
    tail: bool = False
    usual_ms: float = 0.0
    now_ms: float = 0.0
    commit: str | None = None
    commit_at: float | None = None
    pauses: tuple[tuple[float, float | None], ...] = ()
    """From when to when it was as usual in between, oldest first; the last may go on."""

    @property
    def factor(self) -> float:
        """How many times the usual time it took at its worst."""
        return self.now_ms / max(self.usual_ms, 1.0)

    def as_json(self) -> list[Any]:
        """Return the stored form."""
        pauses = [list(one) for one in self.pauses]
        return [*(getattr(self, name) for name in self.__slots__ if name != "pauses"), pauses]

    def paused(self, since: float, until: float | None) -> "Trouble":
        """Return it with a pause, or with the one that it is in going on until then."""
        pauses = self.pauses
        if pauses and (pauses[-1][1] is None or pauses[-1][1] >= since):
            since, pauses = pauses[-1][0], pauses[:-1]
        return replace(self, pauses=(*pauses[1 - PAUSES :], (since, until)))

    @property
    def is_paused(self) -> bool:
        """Whether it is as usual now, and may come back."""
        return self.until is None and bool(self.pauses) and self.pauses[-1][1] is None


Troubles = tuple[Trouble, ...]
"""Oldest first."""


def followed(
    troubles: Troubles, at: float, verdict: Verdict, deployment: Deployment | None
) -> Troubles:
    """Return the troubles after a sample at `at`. What comes back soon has the same beginning, and
    is the same one."""
    last = troubles[-1] if troubles else None
    goes_on = last is not None and last.until is None
    if verdict.kind is Kind.NOTHING:
        if last is None or not goes_on:
            return troubles
        if last.is_paused:
            last = last.paused(at, at)
        return (*troubles[:-1], replace(last, until=at, settled=not verdict.closed))
    if last is None or last.since != verdict.since:
        if last is not None and goes_on:  # another one begins in the middle of it
            troubles = (*troubles[:-1], replace(last, until=verdict.since))
        last = Trouble(since=verdict.since)
        troubles = (*troubles[-KEPT + 1 :], last)
    if last.until is not None:  # it was over, and is back
        last = last.paused(last.until, at)
    if verdict.pauses:
        last = last.paused(verdict.paused_since, None)
    elif last.is_paused:
        last = last.paused(at, at)
    now = replace(last, until=None, settled=False, tail=verdict.tail)
    if verdict.factor > last.factor:
        now = replace(now, usual_ms=verdict.usual_ms, now_ms=verdict.now_ms)
    if deployment is not None:
        now = replace(now, commit=deployment.commit, commit_at=deployment.at)
    return (*troubles[:-1], now)


def troubles_from(form: object) -> Troubles:
    """Read the stored form; what is another is forgotten."""
    rows: Sequence[object] = form if isinstance(form, list) else ()
    return tuple(one for row in rows if (one := _trouble(row)) is not None)


def _trouble(row: object) -> Trouble | None:
    match row:
        case [since, until, bool(settled), bool(tail), usual_ms, now_ms, commit, commit_at, *more]:
            return Trouble(
                since=_number(since) or 0.0,
                until=_number(until),
                settled=settled,
                tail=tail,
                usual_ms=_number(usual_ms) or 0.0,
                now_ms=_number(now_ms) or 0.0,
                commit=commit if isinstance(commit, str) else None,
                commit_at=_number(commit_at),
                pauses=tuple(_pauses(more[0] if more else None)),
            )
    return None


def _pauses(form: object) -> Iterator[tuple[float, float | None]]:
    for one in form if isinstance(form, list) else ():
        match one:
            case [begin, end] if (since := _number(begin)) is not None:
                yield since, _number(end)


def _number(value: object) -> float | None:
    """Return a number that can be a time or a duration."""
    if isinstance(value, (int, float)) and 0.0 <= value < MOST:
        return value
    return None
