"""Connections that take longer to open than is usual, or than somebody waits.

Whatever is asked over them: so it is nobody's operation, and one finding for all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from contracts.consumers import Consumer
from contracts.exchanges import Exchange
from contracts.findings import Certainty, Course, Finding
from contracts.rules import RULES, Severity
from monitors.connecting import NOBODY, Opened, Slow
from monitors.detectors.compared import at_utc, compared, times, unix
from monitors.detectors.context import Context, finding
from monitors.detectors.limits import listed, milliseconds, moment
from monitors.latencies import Judged
from monitors.lateness import record_of
from monitors.regression import Kind
from monitors.slowed import SLOWER

RULE: Final = "latency-connection"


@dataclass(frozen=True, slots=True)
class _Late:
    """That connections took longer than somebody waits: how many, since when, and whether it is
    more than a spike."""

    name: str
    lasts: bool
    counted: str
    began_at: datetime | None = None


def slow_connections(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """Yield at most one finding: that it takes longer to open a connection, or too long."""
    opened = context.latency.opened
    if opened is None:
        return
    if opened.settled is not None:
        yield replace(_settled(exchange, context, opened.settled), operation=None)
    every = [one for name in opened.late if (one := _late(name, exchange, opened, context))]
    late = [one for one in every if one.lasts] or every
    # What a call hardly feels is nobody's matter, nor what pauses.
    verdict = opened.verdict
    is_slow = verdict.kind is not Kind.NOTHING and not verdict.pauses
    is_slower = is_slow and (opened.is_felt or opened.beyond(SLOWER))
    if not late and not is_slower:
        return
    judged = Judged(verdict=verdict)
    onsets = [unix(verdict.since)] if is_slower else []
    onsets += [one.began_at for one in late if one.began_at]
    took = f"{opened.ms:.0f} ms, and {opened.answer_ms:.0f} ms for the answer"
    if is_slower:
        took = f"{compared(exchange, judged)}, the network or this machine, whatever is asked"
    users = [one for one in context.users(None) if one.name in {each.name for each in late}]
    found = finding(
        RULE,
        exchange,
        context,
        location="connection",
        expected="usual",
        observed="slower",
        message=f"Opening a connection (DNS, TCP, TLS): {took}{_for_whom(users, late, context)}.",
        severity=_severity(opened, late),
        certainty=Certainty.INFERRED if is_slower and not late else Certainty.RECORDED,
        consumers=tuple(one.name for one in users) or context.readers(None, "connection"),
        began_at=min(onsets, default=None),
        evidence=_evidence(exchange, opened),
    )
    yield replace(found, operation=None)


def _settled(exchange: Exchange, context: Context, settled: Slow) -> Finding:
    """Say that it did not go away, and what is usual now."""
    since = unix(settled.since)
    factor = times(settled.now_ms / max(settled.usual_ms, 1.0))
    until = at_utc(since, exchange.started_at.astimezone(UTC))
    return finding(
        RULE,
        exchange,
        context,
        location="connection",
        expected="usual",
        observed="slower",
        message=f"Opening a connection (DNS, TCP, TLS): p50 {settled.now_ms:.0f} ms, {factor} the "
        f"{settled.usual_ms:.0f} ms that were usual until {until}, is taken for usual now: it "
        "lasted four days and did not go away.",
        severity=Severity.INFO,
        certainty=Certainty.INFERRED,
        consumers=context.readers(None, "connection"),
        began_at=since,
        evidence=f"usual was {settled.usual_ms:.0f} ms, is {settled.now_ms:.0f} ms",
        course=Course.SETTLED,
    )


def _severity(opened: Opened, late: list[_Late]) -> Severity:
    if any(one.lasts and one.name != NOBODY for one in late):
        return Severity.CRITICAL
    is_felt = opened.is_felt and not opened.verdict.pauses
    is_loud = is_felt or any(one.lasts for one in late)
    return Severity.WARNING if is_loud else Severity.INFO


def _late(name: str, exchange: Exchange, opened: Opened, context: Context) -> _Late | None:
    """Say whether connections take longer than somebody waits; None where they do not."""
    lateness, policy = opened.late[name], context.policy(RULES[RULE])
    begun = policy.trouble_in(record_of(lateness))
    if begun is None:
        is_late = bool(lateness) and lateness[-1] is not None
        return _Late(name, lasts=False, counted=policy.patience) if is_late else None
    since = [one for one in lateness[begun:] if one is not None]
    began_at = unix(since[0])
    first = moment(began_at, exchange.started_at.astimezone(UTC))
    counted = f"{len(since)} of {len(lateness) - begun} since {first} UTC took longer"
    return _Late(name, lasts=True, counted=counted, began_at=began_at)


def _for_whom(users: list[Consumer], late: list[_Late], context: Context) -> str:
    if not late:
        return ""
    if not users:
        limit = milliseconds(context.latency_limit)
        return f"; beyond the limit of {limit:.0f} ms ({late[0].counted})"
    wait = min(milliseconds(one.timeout) for one in users if one.timeout)
    verb = "waits" if len(users) == 1 else "wait, the shortest"
    counted = next(one.counted for one in late if one.name != NOBODY)
    return f"; {listed([one.name for one in users])} {verb} {wait:.0f} ms ({counted})"


def _evidence(exchange: Exchange, opened: Opened) -> str:
    timings, verdict = exchange.timings, opened.verdict
    parts = [f"usual {verdict.usual_ms:.0f} ms"] if verdict.usual_ms else []
    parts.append(f"now {verdict.now_ms or opened.ms:.0f} ms")
    if timings and timings.connect_ms is not None and timings.tls_ms is not None:
        parts.append(f"this one {timings.connect_ms:.0f} ms DNS and TCP, {timings.tls_ms:.0f} TLS")
    return ", ".join(parts)
