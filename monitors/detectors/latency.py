"""Answers that came too late."""

from collections.abc import Iterator

from contracts.exchanges import Exchange
from contracts.findings import Certainty, Finding
from monitors.baselines import judge, timed
from monitors.detectors.context import Context, finding, name_of


def slow_answers(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """Yield one finding for an answer that is slower than usual, or than the limit.

    What is both is one trouble: a regression, since that says since when it is so.
    """
    observed = timed(exchange)
    if observed is None:
        return
    limit = context.latency_limit.total_seconds() * 1000
    slowness = judge(context.baseline, exchange)
    if slowness is not None:
        beyond = f", beyond the limit of {limit:.0f} ms" if observed > limit else ""
        yield finding(
            "latency-regression",
            exchange,
            context,
            location="latency",
            expected="usual",
            observed="slower",
            message=f"{name_of(exchange)} took {observed:.0f} ms where {slowness.usual_ms:.0f} ms "
            f"is usual ({slowness.factor:.1f} times as long{beyond}){_split(exchange)}.",
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


def _split(exchange: Exchange) -> str:
    """Say how much of it was Intercom's own time."""
    server = exchange.timings.server_ms if exchange.timings else None
    return "" if server is None else f"; {server:.0f} ms of it at Intercom"
