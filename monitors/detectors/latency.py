"""Answers that came too late: for what is usual, for a consumer, for a limit."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from contracts.consumers import Consumer
from contracts.exchanges import Exchange
from contracts.findings import Certainty, Finding
from contracts.rules import RULES, Severity
from monitors.baselines import timed
from monitors.burning import burn_of
from monitors.detectors.context import Context, finding, name_of
from monitors.latencies import Judged
from monitors.lateness import record_of
from monitors.regression import Kind
from monitors.slowed import SLOWER
from monitors.troubles import MOST

DAYS: Final = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
REGRESSION: Final = "latency-regression"
PAYLOAD: Final = "latency-payload"
DOUBLE: Final = 1.8
"""Times the usual, less what larger answers account for: about twice, measured amid noise."""
TEN: Final = 9.95  # times as much: from there on without a decimal
SHA: Final = 7  # digits of a commit, as git shows them

_PHASES: Final = {
    "first byte": ", mostly the wait for the first byte",
    "transfer": ", mostly the transfer",
}
_PARTS: Final = {
    "server": "server time (x-runtime)",
    "network": "the network, not server time (x-runtime)",
    "both": "server time (x-runtime) and the network",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trouble:
    """One way in which the operation is too slow."""

    rule: str
    severity: Severity
    expected: str
    words: str
    evidence: str = ""
    """What was held against what, in numbers."""
    consumers: tuple[str, ...] | None = None
    began_at: datetime | None = None


def slow_answers(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """Yield at most one finding: for an operation that has become slower than is usual, or for
    answers beyond a limit.

    It stays under the rule it was first told by while the trouble lasts, with the severity of the
    worst there is to say: one trouble, one incident.
    """
    observed = timed(exchange)
    if observed is None:
        return
    judged = context.latency
    troubles = [*_beyond(exchange, observed, context), *_regression(exchange, context)]
    if not troubles:
        return
    worst = max(troubles, key=lambda one: one.severity.rank)
    chosen = next((one for one in troubles if one.rule == judged.told), None) or max(
        troubles, key=lambda one: (one.rule == REGRESSION and _is_loud(judged), one.severity.rank)
    )
    others = [one.words for one in troubles if one is not chosen and one.rule != PAYLOAD]
    # Two troubles of the same consumers are one; whom the usual would not hurt a limit may.
    named = [name for one in troubles for name in one.consumers or ()]
    yield finding(
        chosen.rule,
        exchange,
        context,
        location="latency",
        expected=chosen.expected,
        observed="larger" if chosen.rule == PAYLOAD else "slower",
        message=f"{name_of(exchange)}: {'; '.join([chosen.words, *others])}.",
        severity=worst.severity,
        remedy=_remedy(judged) if chosen.rule == REGRESSION else "",
        began_at=_onset(judged) if chosen.rule in (REGRESSION, PAYLOAD) else chosen.began_at,
        evidence=chosen.evidence,
        certainty=Certainty.INFERRED if chosen.expected == "usual" else Certainty.RECORDED,
        consumers=tuple(dict.fromkeys(named)) if chosen.consumers is not None else None,
    )


def _beyond(exchange: Exchange, observed: float, context: Context) -> Iterator[_Trouble]:
    """Yield limits that answers are beyond: more of them than a spike, or the level now is. A
    single answer is only noted, and not beside an operation that has become slower."""
    users = [one for one in context.users(exchange.operation) if one.timeout]
    waits = {_ms(one.timeout) for one in users if one.timeout}
    late = {ms: _late(exchange, observed, ms, "latency-timeout", context) for ms in waits}
    lasting = {ms: one for ms, one in late.items() if one is not None and one.lasts}
    told = lasting or {ms: one for ms, one in late.items() if one is not None}
    if told:
        wait = min(told)
        names = tuple(one.name for one in users if one.timeout and _ms(one.timeout) in told)
        yield _Trouble(
            rule="latency-timeout",
            severity=Severity.CRITICAL if lasting else Severity.INFO,
            expected="timeout",
            words=told[wait].words(f"and {_listed(names)} {_waits(names)} {wait:.0f} ms"),
            began_at=told[wait].began_at,
            evidence=told[wait].evidence(f"timeout {wait:.0f} ms"),
            consumers=names,
        )
    yield from _burning(exchange, observed, context)
    limit = _ms(context.latency_limit)
    beyond = _late(exchange, observed, limit, "latency-limit", context)
    if beyond is not None:
        yield _Trouble(
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
    verdict = context.latency.verdict
    is_slower = verdict.kind is not Kind.NOTHING
    if is_slower and verdict.now_ms > wait:
        return _Late(ms=max(observed, verdict.now_ms))
    at = exchange.started_at.timestamp()
    lateness = context.latency.late.get(wait) or ((at,) if observed > wait else ())
    policy = context.policy(RULES[rule])
    begun = policy.trouble_in(record_of(lateness))
    if begun is not None:
        since = [one for one in lateness[begun:] if one is not None]
        began_at = datetime.fromtimestamp(min(since[0], MOST), UTC)
        first = moment(began_at, exchange.started_at.astimezone(UTC))
        counted = f"{len(since)} of {len(lateness) - begun} answers since {first} UTC"
        return _Late(ms=observed, counted=counted, began_at=began_at, is_over=observed <= wait)
    if observed > wait and not is_slower:
        return _Late(ms=observed, lasts=False, counted=policy.patience)
    return None


def _burning(exchange: Exchange, observed: float, context: Context) -> Iterator[_Trouble]:
    """Yield objectives whose budget of slow answers is spent too fast. What is news begins with a
    slow answer: a budget that was spent before tells nobody of what is over."""
    at = exchange.started_at.timestamp()
    for one in context.users(exchange.operation):
        if one.objective is None:
            continue
        latency = _ms(one.objective.latency)
        buckets = context.latency.spent.get(latency, ())
        target = one.objective.target * 100
        burn = burn_of(buckets, target=one.objective.target, now=at)
        if burn is None:
            continue
        goes_on = observed > latency or context.latency.told == "latency-objective"
        yield _Trouble(
            rule="latency-objective",
            severity=Severity.WARNING if burn.window.wakes and goes_on else Severity.INFO,
            expected="objective",
            words=f"{burn.slow} of {burn.of} answers in {burn.window} took more than "
            f"{latency:.0f} ms (objective of {one.name}: {target:.4g} % within it), "
            f"its budget is spent {burn.rate:.3g} times too fast",
            evidence=f"{target:.4g} % within {latency:.0f} ms; {burn.slow} of {burn.of} answers in "
            f"{burn.window} took longer",
            consumers=(one.name,),
        )


def _ms(span: timedelta) -> float:
    return span.total_seconds() * 1000


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)


def _waits(names: Sequence[str]) -> str:
    return "waits" if len(names) == 1 else "wait, the shortest"


def _misses(users: Iterable[Consumer], ms: float) -> tuple[str, ...]:
    """Name the consumers whose objective the usual answer now misses."""
    return tuple(one.name for one in users if one.objective and ms > _ms(one.objective.latency))


def _explained(judged: Judged) -> float:
    """Return what larger answers account for, in milliseconds: never more than was added."""
    verdict = judged.verdict
    return min(judged.slowed.explained_ms, max(verdict.now_ms - verdict.usual_ms, 0.0))


def _is_loud(judged: Judged) -> bool:
    verdict, explained = judged.verdict, _explained(judged)
    is_explained = explained > 0 and verdict.now_ms - explained < DOUBLE * verdict.usual_ms
    return verdict.kind is Kind.REGRESSION and not is_explained


def _regression(exchange: Exchange, context: Context) -> Iterator[_Trouble]:
    judged = context.latency
    verdict, slowed, explained = judged.verdict, judged.slowed, _explained(judged)
    if verdict.kind is Kind.NOTHING:
        return
    evidence = f"usual {verdict.usual_ms:.0f} ms, now {verdict.now_ms:.0f} ms"
    size = ""
    if explained:
        size = (
            f"answers {times(slowed.size_now / slowed.size_before)} as large, which accounts for "
            f"{'' if slowed.is_priced else 'up to '}{explained:.0f} ms of it"
        )
    if explained and verdict.now_ms - explained < SLOWER * verdict.usual_ms:
        yield _Trouble(
            rule=PAYLOAD,
            severity=Severity.INFO,
            expected="usual",
            words=f"{_compared(exchange, judged)}, {size}: larger, not slower",
            evidence=evidence,
        )
        return
    missed = _misses(context.users(exchange.operation), verdict.now_ms)
    parts = [
        _compared(exchange, judged),
        _part(judged),
        size,
        _deployed(exchange, judged),
        f"beyond the objective of {_listed(missed)}" if missed else "",
    ]
    yield _Trouble(
        rule=REGRESSION,
        severity=Severity.WARNING if missed or _is_loud(judged) else Severity.INFO,
        expected="usual",
        words=", ".join(filter(None, parts)),
        evidence=evidence,
    )


def _compared(exchange: Exchange, judged: Judged) -> str:
    """Say how slow it is now, against what, and since when; all times are UTC."""
    verdict = judged.verdict
    at = exchange.started_at.astimezone(UTC)
    what = "p95" if verdict.tail else "p50"
    return (
        f"{what} {verdict.now_ms:.0f} ms, {times(verdict.factor)} the usual "
        f"{verdict.usual_ms:.0f} ms for {DAYS[at.weekday()]} at {at:%H} h, "
        f"since {moment(_onset(judged), at)} UTC{'' if verdict.is_sure else ' (still learning)'}"
    )


def times(factor: float) -> str:
    """Say how many times as much: `3 times`, `1.6 times`, `12 times`."""
    return f"{factor:.0f} times" if factor >= TEN else f"{factor:.1f}".removesuffix(".0") + " times"


def moment(at: datetime, now: datetime) -> str:
    """Write a time of day, with its day where that is another than now."""
    return f"{'' if at.date() == now.date() else f'{at:%d %b} '}{at:%H:%M}"


def _onset(judged: Judged) -> datetime:
    return datetime.fromtimestamp(judged.verdict.since, UTC)


def _part(judged: Judged) -> str:
    """Say whether the server's time or the network's has grown."""
    slowed = judged.slowed
    if not slowed.part:
        return ""
    words = _PARTS[slowed.part]
    if slowed.part != "server":
        words += _PHASES.get(slowed.phase, "")
        words += ", on kept-alive connections" if slowed.kept_alive else ""
    return words


def _deployed(exchange: Exchange, judged: Judged) -> str:
    """Name the deployment that came with the onset, and how many there are."""
    deployment = judged.deployment
    if deployment is None:
        return ""
    at = datetime.fromtimestamp(deployment.at, UTC)
    many = f", one of {deployment.in_a_day} in 24 h" if deployment.in_a_day > 1 else ""
    first = moment(at, exchange.started_at.astimezone(UTC))
    return f"deployment {deployment.commit[:SHA]} first seen {first}{many}"


def _remedy(judged: Judged) -> str:
    part = judged.slowed.part
    if part == "server":
        return (
            "The time is spent at Intercom: look at www.intercomstatus.com, and give Intercom's "
            "support the request id, the time and the deployment."
        )
    if part == "network":
        return (
            "Intercom's own time is as it was: check the network, proxies and resolver between "
            "here and Intercom."
        )
    return RULES[REGRESSION].remedy
