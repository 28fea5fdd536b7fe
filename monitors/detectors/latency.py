"""Operations that have become slower than is usual for them, and answers beyond limits."""

from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Final

from contracts.consumers import Consumer
from contracts.exchanges import Exchange
from contracts.findings import Certainty, Course, Finding
from contracts.rules import RULES, Severity
from monitors.baselines import timed
from monitors.detectors.compared import (
    DAYS,
    at_utc,
    compared,
    deployed,
    figure,
    first,
    onset,
    part,
    times,
    unix,
)
from monitors.detectors.context import Context, finding, name_of
from monitors.detectors.limits import Slowness, beyond_limits, listed, milliseconds
from monitors.latencies import Judged
from monitors.regression import Kind
from monitors.slowed import SLOWER
from monitors.watched import Settled

REGRESSION: Final = "latency-regression"
PAYLOAD: Final = "latency-payload"
DOUBLE: Final = 1.8
"""Times the usual, less what larger answers account for: about twice, measured amid noise."""

LIMITS: Final = {
    "latency-timeout": "timeout",
    "latency-limit": "limit",
    "latency-objective": "objective",
}
"""What slowness may be told by first, and what it expects."""
PAUSED: Final = (
    "It is as usual now, and not over yet only because it came back before: it is over once it has "
    "been as usual for half as long again as it paused then. Look at what else happens when it is "
    "slow."
)
SETTLED: Final = (
    "What takes longer from here on is told. If it must not take so long, give a consumer of the "
    "contract a `timeout` or an `objective` for it, or the probe a `maximum-response-time`."
)


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
    level = next(_level(exchange, context), None)
    limits = list(beyond_limits(exchange, observed, context))
    troubles = limits if level is None else [*limits, level]
    if not troubles:
        return
    worst = max(troubles, key=lambda one: one.severity.rank)
    chosen = next((one for one in troubles if one.rule == judged.told), None)
    if chosen is None and level is not None and level.rule == REGRESSION:
        chosen = level if judged.told in LIMITS else None
    chosen = chosen or max(
        troubles, key=lambda one: (one.rule == REGRESSION and _is_loud(judged), one.severity.rank)
    )
    others = [one.words for one in troubles if one is not chosen and one.rule != PAYLOAD]
    # Two troubles of the same consumers are one; whom the usual would not hurt a limit may.
    named = [name for one in troubles for name in one.consumers or ()]
    rule, expected = chosen.rule, chosen.expected
    if chosen is level and judged.told in LIMITS:
        # No answer is beyond the limit it was told by any more, but the trouble goes on.
        rule, expected = judged.told, LIMITS[judged.told]
    lasts = any(one.severity is not Severity.INFO for one in limits)
    message = f"{name_of(exchange)}: {'; '.join([chosen.words, *others])}."
    yield finding(
        rule,
        exchange,
        context,
        location="latency",
        expected=expected,
        observed="larger" if chosen.rule == PAYLOAD else "slower",
        message=message,
        past=message if lasts else "",
        severity=worst.severity,
        remedy=chosen.remedy,
        began_at=chosen.began_at,
        first_at=first(judged) if level is not None else None,
        evidence=chosen.evidence,
        certainty=Certainty.INFERRED if chosen is level else Certainty.RECORDED,
        consumers=tuple(dict.fromkeys(named)) if chosen.consumers is not None else None,
        course=Course.GOES_ON if level is None or lasts else level.course,
    )


def _misses(users: Iterable[Consumer], ms: float) -> tuple[str, ...]:
    """Name the consumers whose objective the usual answer now misses."""
    return tuple(
        one.name for one in users if one.objective and ms > milliseconds(one.objective.latency)
    )


def _explained(judged: Judged) -> float:
    """Return what larger answers account for, in milliseconds: never more than was added."""
    verdict = judged.verdict
    return min(judged.slowed.explained_ms, max(verdict.now_ms - verdict.usual_ms, 0.0))


def _is_loud(judged: Judged) -> bool:
    verdict, explained = judged.verdict, _explained(judged)
    is_explained = explained > 0 and verdict.now_ms - explained < DOUBLE * verdict.usual_ms
    return verdict.kind is Kind.REGRESSION and not is_explained


def _level(exchange: Exchange, context: Context) -> Iterator[Slowness]:
    """Yield what there is to say of the level: that it is slower, or was."""
    judged = context.latency
    verdict, slowed, explained = judged.verdict, judged.slowed, _explained(judged)
    if judged.settled is not None:
        yield _settled(exchange, judged.settled)
    if verdict.kind is Kind.NOTHING:
        return
    if verdict.pauses:
        if judged.told:  # of what nobody was told nobody needs to hear that it pauses
            yield _paused(exchange, judged)
        return
    evidence = f"usual {verdict.usual_ms:.0f} ms, now {verdict.now_ms:.0f} ms"
    size = ""
    if explained:
        size = (
            f"answers {times(slowed.size_now / slowed.size_before)} as large, which accounts for "
            f"{'' if slowed.is_priced else 'up to '}{explained:.0f} ms of it"
        )
    if explained and verdict.now_ms - explained < SLOWER * verdict.usual_ms:
        yield Slowness(
            rule=PAYLOAD,
            severity=Severity.INFO,
            expected="usual",
            words=f"{compared(exchange, judged)}, {size}: larger, not slower",
            evidence=evidence,
            began_at=onset(judged),
        )
        return
    missed = _misses(context.users(exchange.operation), verdict.now_ms)
    parts = [
        compared(exchange, judged),
        part(judged),
        size,
        deployed(exchange, judged),
        f"beyond the objective of {listed(missed)}" if missed else "",
    ]
    yield Slowness(
        rule=REGRESSION,
        severity=Severity.WARNING if missed or _is_loud(judged) else Severity.INFO,
        expected="usual",
        words=", ".join(filter(None, parts)),
        evidence=evidence,
        began_at=onset(judged),
        remedy=_remedy(judged),
    )


def _paused(exchange: Exchange, judged: Judged) -> Slowness:
    """Say that it is as usual now, since when, and what it was when it was slow."""
    verdict, at = judged.verdict, exchange.started_at.astimezone(UTC)
    name, last = figure(verdict.tail), unix(judged.slow_at or verdict.paused_since)
    return Slowness(
        rule=REGRESSION,
        severity=Severity.INFO,
        expected="usual",
        words=f"comes and goes since {at_utc(unix(verdict.since), at)}, last slow "
        f"{at_utc(last, at)} ({name} {verdict.slow_ms:.0f} ms, {times(judged.paused_factor)} the "
        f"usual); as usual now, {name} {verdict.now_ms:.0f} ms",
        evidence=f"was {verdict.slow_ms:.0f} ms, now {verdict.now_ms:.0f} ms",
        began_at=unix(verdict.since),
        remedy=PAUSED,
        course=Course.PAUSES,
    )


def _settled(exchange: Exchange, settled: Settled) -> Slowness:
    """Say that it did not go away, and what is usual now."""
    at, name = exchange.started_at.astimezone(UTC), figure(settled.tail)
    since = unix(settled.since)
    factor = times(settled.now_ms / max(settled.before_ms, 1.0))
    return Slowness(
        rule=REGRESSION,
        severity=Severity.INFO,
        expected="usual",
        words=f"{name} {settled.now_ms:.0f} ms, {factor} what was usual until {at_utc(since, at)}, "
        f"{settled.before_ms:.0f} ms for {DAYS[at.weekday()]} at {at:%H} h, is taken for usual "
        "now: it lasted four days and did not go away",
        evidence=f"usual was {settled.before_ms:.0f} ms, is {settled.now_ms:.0f} ms",
        began_at=since,
        remedy=SETTLED,
        course=Course.SETTLED,
    )


def _remedy(judged: Judged) -> str:
    slowed = judged.slowed.part
    if slowed == "server":
        return (
            "The time is spent at Intercom: look at www.intercomstatus.com, and give Intercom's "
            "support the request id, the time and the deployment."
        )
    if slowed == "network":
        return (
            "Intercom's own time is as it was: check the network, proxies and resolver between "
            "here and Intercom."
        )
    return RULES[REGRESSION].remedy
