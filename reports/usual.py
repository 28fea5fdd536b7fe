"""What is usual for an operation hour by hour, and when it was not: what a chart shows besides the
answers themselves."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from monitors.latencies import Usual
from monitors.records import Sample
from monitors.troubles import Trouble
from reports.latencies import SAMPLES_FOR_P95

ENOUGH: Final = SAMPLES_FOR_P95
"""Answers; with fewer there is nothing usual to speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """What is usual at a time, in milliseconds; nine answers of ten lie between low and high."""

    at: datetime
    ms: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Onset:
    """One regression: since when, how many times the usual at its worst, and how it ended."""

    since: datetime
    until: datetime | None
    """When it was seen to be over; None while it goes on."""
    settled: bool
    """Whether it is over because it has become usual."""
    tail: bool
    """Whether only the slow answers are slower."""
    usual_ms: float
    now_ms: float
    factor: float
    deployment: str | None = None
    deployed_at: datetime | None = None
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()
    """From when to when it was as usual in between; the last may go on."""

    @property
    def paused_since(self) -> datetime | None:
        """Since when it is as usual, though it is not over; None where it is slow, or over."""
        is_paused = self.until is None and self.pauses and self.pauses[-1][1] is None
        return self.pauses[-1][0] if is_paused else None

    @property
    def is_slow(self) -> bool:
        """Whether it is slow now."""
        return self.until is None and self.paused_since is None

    def slow(self, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield from when to when it was slower, up to `end`."""
        since = self.since
        for begin, back in self.pauses:
            if begin > since:
                yield since, begin
            since = max(since, back or self.until or end)
        if since < (self.until or end):
            yield since, self.until or end


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What answers of one probe are held against."""

    hours: tuple[Hour, ...] = ()
    """As it is known now, oldest first; none where too little is known, or from before that became
    usual."""
    onsets: tuple[Onset, ...] = ()
    """Those that reach into the time of the samples, oldest first."""
    objectives: tuple[float, ...] = ()
    """Latencies of consumers' objectives, in milliseconds."""
    limit_ms: float | None = None
    """The configured `maximum-response-time`."""


def baseline_of(
    samples: Sequence[Sample], known: Usual | None, *, limit_ms: float | None = None
) -> Baseline:
    """Hold what is known against samples, oldest first."""
    if known is None or not samples:
        return Baseline(limit_ms=limit_ms)
    begin, end = samples[0].at, samples[-1].at
    onsets = (_onset(one) for one in known.troubles)
    # What was usual before something else became so is not known any more.
    settled = (_moment(one.until) for one in known.troubles if one.settled and one.until)
    known_since = max([begin, *settled])
    times = _times(known_since, end) if len(samples) >= ENOUGH and known_since < end else ()
    return Baseline(
        hours=tuple(one for at in times if (one := _hour(known, at)) is not None),
        onsets=tuple(one for one in onsets if one.until is None or one.until >= begin),
        objectives=known.objectives,
        limit_ms=limit_ms,
    )


def _times(begin: datetime, end: datetime) -> Iterable[datetime]:
    """Yield the beginning, the middle of every hour, and the end."""
    yield begin
    at = begin.replace(minute=30, second=0, microsecond=0)
    while at < end:
        if at > begin:
            yield at
        at += timedelta(hours=1)
    yield end


def _hour(known: Usual, at: datetime) -> Hour | None:
    seconds = at.timestamp()
    usual = known.watch.usual_ms(seconds)
    if usual is None:
        return None
    spread = known.watch.spread(seconds)
    return Hour(at=at, ms=usual, low=usual / spread, high=usual * spread)


def _onset(trouble: Trouble) -> Onset:
    return Onset(
        since=_moment(trouble.since),
        until=None if trouble.until is None else _moment(trouble.until),
        settled=trouble.settled,
        tail=trouble.tail,
        usual_ms=trouble.usual_ms,
        now_ms=trouble.now_ms,
        factor=trouble.factor,
        deployment=trouble.commit,
        deployed_at=None if trouble.commit_at is None else _moment(trouble.commit_at),
        pauses=tuple(
            (_moment(since), None if until is None else _moment(until))
            for since, until in trouble.pauses
        ),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
