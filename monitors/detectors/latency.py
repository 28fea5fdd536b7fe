"""Answers that came too late."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from contracts.exchanges import Exchange
from contracts.findings import Certainty, Finding
from contracts.rules import Severity
from monitors.baselines import timed
from monitors.detectors.context import Context, finding, name_of
from monitors.regression import Kind, Verdict

DAYS: Final = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def slow_answers(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """Yield one finding for an operation that has become slower than is usual, or for an answer
    beyond the limit.

    A lasting regression says more than one answer beyond the limit, and that says more than a small
    shift, which waits for the digest.
    """
    observed = timed(exchange)
    if observed is None:
        return
    limit = context.latency_limit.total_seconds() * 1000
    verdict = context.latency
    is_regression = verdict.kind is Kind.REGRESSION
    if is_regression or (verdict.kind is Kind.SHIFT and observed <= limit):
        beyond = f"; this answer took {observed:.0f} ms, beyond the limit of {limit:.0f} ms"
        yield finding(
            "latency-regression",
            exchange,
            context,
            location="latency",
            expected="usual",
            observed="slower",
            message=f"{name_of(exchange)}: {_compared(verdict, exchange)}{_split(exchange)}"
            f"{beyond if observed > limit else ''}.",
            severity=None if is_regression else Severity.INFO,
            certainty=Certainty.INFERRED,
        )
    elif observed > limit:
        yield finding(
            "latency-limit",
            exchange,
            context,
            location="latency",
            expected="limit",
            observed="slower",
            message=f"{name_of(exchange)} took {observed:.0f} ms against a limit of {limit:.0f} ms"
            f"{_split(exchange)}.",
        )


def _compared(verdict: Verdict, exchange: Exchange) -> str:
    """Say how slow it is now, against what, and since when; all times are UTC."""
    at = exchange.started_at.astimezone(UTC)
    since = datetime.fromtimestamp(verdict.since, UTC)
    day = "" if since.date() == at.date() else f"{since:%d %b} "
    what = "p95" if verdict.tail else "p50"
    return (
        f"{what} {verdict.now_ms:.0f} ms, {verdict.factor:.1f} times the usual "
        f"{verdict.usual_ms:.0f} ms for {DAYS[at.weekday()]} at {at:%H} h, "
        f"since {day}{since:%H:%M} UTC{'' if verdict.is_sure else ' (still learning)'}"
    )


def _split(exchange: Exchange) -> str:
    """Say how much of it was Intercom's own time."""
    server = exchange.timings.server_ms if exchange.timings else None
    return "" if server is None else f"; {server:.0f} ms of this answer at Intercom"
