"""Operations that have become slower than is usual for them, and answers beyond limits."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from contracts.consumers import Consumer
from contracts.exchanges import Exchange
from contracts.findings import Certainty, Finding
from contracts.rules import RULES, Severity
from monitors.baselines import timed
from monitors.detectors.context import Context, finding, name_of
from monitors.detectors.limits import Slowness, beyond_limits, listed, milliseconds, moment
from monitors.latencies import Judged
from monitors.regression import Kind
from monitors.slowed import SLOWER

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
    troubles = [*beyond_limits(exchange, observed, context), *_regression(exchange, context)]
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


def _regression(exchange: Exchange, context: Context) -> Iterator[Slowness]:
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
        yield Slowness(
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
        f"beyond the objective of {listed(missed)}" if missed else "",
    ]
    yield Slowness(
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
    pauses = ", comes and goes" if verdict.intermittent else ""
    return (
        f"{what} {verdict.now_ms:.0f} ms, {times(verdict.factor)} the usual "
        f"{verdict.usual_ms:.0f} ms for {DAYS[at.weekday()]} at {at:%H} h, since "
        f"{moment(_onset(judged), at)} UTC{pauses}{'' if verdict.is_sure else ' (still learning)'}"
    )


def times(factor: float) -> str:
    """Say how many times as much: `3 times`, `1.6 times`, `12 times`."""
    return f"{factor:.0f} times" if factor >= TEN else f"{factor:.1f}".removesuffix(".0") + " times"


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
