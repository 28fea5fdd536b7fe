"""Answers that come later than a consumer waits, a limit allows or an objective can bear."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from contracts.exchanges import Exchange
from contracts.findings import Course
from contracts.rules import RULES, Severity
from monitors.burning import OBJECTIVE, burn_of
from monitors.detectors.context import Context
from monitors.lateness import record_of
from monitors.troubles import MOST


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowness:
    """One way in which the operation is too slow."""

    rule: str
    severity: Severity
    expected: str
    words: str
    evidence: str = ""
    """What was held against what, in numbers."""
    consumers: tuple[str, ...] | None = None
    began_at: datetime | None = None
    remedy: str = ""
    course: Course = Course.GOES_ON


def beyond_limits(exchange: Exchange, observed: float, context: Context) -> Iterator[Slowness]:
    """Yield limits that answers are beyond: more of them than a spike, or the level now is. A
    single answer is only noted, and not beside an operation that has become slower."""
    users = [one for one in context.users(exchange.operation) if one.timeout]
    waits = {milliseconds(one.timeout) for one in users if one.timeout}
    late = {ms: _late(exchange, observed, ms, "latency-timeout", context) for ms in waits}
    lasting = {ms: one for ms, one in late.items() if one is not None and one.lasts}
    told = lasting or {ms: one for ms, one in late.items() if one is not None}
    if told:
        wait = min(told)
        names = tuple(
            one.name for one in users if one.timeout and milliseconds(one.timeout) in told
        )
        yield Slowness(
            rule="latency-timeout",
            severity=Severity.CRITICAL if lasting else Severity.INFO,
            expected="timeout",
            words=told[wait].words(f"and {listed(names)} {_waits(names)} {wait:.0f} ms"),
            began_at=told[wait].began_at,
            evidence=told[wait].evidence(f"timeout {wait:.0f} ms"),
            consumers=names,
        )
    yield from _burning(exchange, observed, context)
    limit = milliseconds(context.latency_limit)
    beyond = _late(exchange, observed, limit, "latency-limit", context)
    if beyond is not None:
        yield Slowness(
            rule="latency-limit",
            severity=Severity.WARNING if beyond.lasts else Severity.INFO,
            expected="limit",
            words=beyond.words(f"beyond the limit of {limit:.0f} ms"),
            began_at=beyond.began_at,
            evidence=beyond.evidence(f"limit {limit:.0f} ms"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Late:
    """Answers that came too late for somebody: this one or the level, and whether it is more than
    a spike; `counted` are those that did, where they tell."""

    ms: float
    lasts: bool = True
    counted: str = ""
    began_at: datetime | None = None
    """When the first of those came."""
    is_over: bool = False
    """Whether this one was in time."""

    def words(self, against: str) -> str:
        """Say it of what somebody waits."""
        if self.is_over:
            return f"{self.counted} came too late, {against}; this one in time, {self.ms:.0f} ms"
        return f"{self.ms:.0f} ms, {against}{f' ({self.counted})' if self.counted else ''}"

    def evidence(self, limit: str) -> str:
        """Say it in numbers."""
        if self.lasts and self.counted:
            return f"{limit}; {self.counted} took longer"
        return f"{limit}, took {self.ms:.0f} ms"


def _late(
    exchange: Exchange, observed: float, wait: float, rule: str, context: Context
) -> _Late | None:
    """Say whether answers take longer than `wait`; None where they do not."""
    judged = context.latency
    at = exchange.started_at.timestamp()
    lateness = judged.late.get(wait) or ((at,) if observed > wait else ())
    policy = context.policy(RULES[rule])
    begun = policy.trouble_in(record_of(lateness))
    since = [one for one in lateness[begun:] if one is not None] if begun is not None else []
    began_at = datetime.fromtimestamp(min(since[0], MOST), UTC) if since else None
    if judged.is_slow and judged.verdict.now_ms > wait and observed > wait:
        onset = datetime.fromtimestamp(judged.onset or judged.verdict.since, UTC)
        return _Late(ms=max(observed, judged.verdict.now_ms), began_at=began_at or onset)
    if begun is not None and began_at is not None:
        first = moment(began_at, exchange.started_at.astimezone(UTC))
        counted = f"{len(since)} of {len(lateness) - begun} answers since {first} UTC"
        return _Late(ms=observed, counted=counted, began_at=began_at, is_over=observed <= wait)
    if observed > wait and not judged.is_slow:
        return _Late(ms=observed, lasts=False, counted=policy.patience)
    return None


def _burning(exchange: Exchange, observed: float, context: Context) -> Iterator[Slowness]:
    """Yield objectives whose budget of slow answers is spent too fast. What is news begins with a
    slow answer: a budget that was spent before tells nobody of what is over."""
    at = exchange.started_at.timestamp()
    for one in context.users(exchange.operation):
        if one.objective is None:
            continue
        latency = milliseconds(one.objective.latency)
        buckets = context.latency.spent.get(latency, ())
        target = one.objective.target * 100
        is_told = context.latency.told == OBJECTIVE
        burn = burn_of(buckets, target=one.objective.target, now=at, is_told=is_told)
        if burn is None:
            continue
        goes_on = observed > latency or is_told
        yield Slowness(
            rule=OBJECTIVE,
            severity=Severity.WARNING if burn.window.wakes and goes_on else Severity.INFO,
            expected="objective",
            words=f"{burn.slow} of {burn.of} answers in {burn.span} took more than "
            f"{latency:.0f} ms (objective of {one.name}: {target:.4g} % within it"
            f"{f'; {burn.told} more told before' if burn.told else ''}), "
            f"its budget is spent {burn.rate:.3g} times too fast",
            evidence=f"{target:.4g} % within {latency:.0f} ms; {burn.slow} of {burn.of} answers in "
            f"{burn.span} took longer",
            consumers=(one.name,),
        )


def milliseconds(span: timedelta) -> float:
    """Return a span in milliseconds."""
    return span.total_seconds() * 1000


def listed(names: Sequence[str]) -> str:
    """Write names one after the other."""
    return " and ".join(names)


def _waits(names: Sequence[str]) -> str:
    return "waits" if len(names) == 1 else "wait, the shortest"


def moment(at: datetime, now: datetime) -> str:
    """Write a time of day, with its day where that is another than now."""
    return f"{'' if at.date() == now.date() else f'{at:%d %b} '}{at:%H:%M}"
