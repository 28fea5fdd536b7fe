"""What Intercom announces about an operation's end, as one finding per operation.

Header fields of the answer and the published description are one announcement: which of them says
it first makes no other trouble. The days that are left make it more severe: a month before the end
for what somebody uses, a week for anything, and three months before it what nobody uses and only
the description speaks of is worth a word at all.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from math import inf
from typing import Final

from contracts.exchanges import Exchange
from contracts.findings import Certainty, Finding
from contracts.rules import RULES, Severity
from contracts.spec import SpecOperation
from monitors.detectors.announcements import Announcement, announcement_of
from monitors.detectors.context import Context, finding, name_of
from monitors.detectors.descriptions import deprecated_fields, described_announcement

NOTICE_DAYS: Final = 90
"""Days before an operation that nobody uses stops answering: a quarter, to plan for."""
URGENT_DAYS: Final = 30
"""Days before an operation that somebody uses stops answering: a release cycle and a bit."""
LAST_DAYS: Final = 7
"""Days before any operation stops answering that somebody should know of tonight."""


def deprecation_notices(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """Yield one finding for everything that is said of the operation, however many say it, and one
    for each deprecated field that somebody reads.

    Deprecation and Sunset together are one trouble: that Sunset is added later makes it more
    severe, not another one.
    """
    if exchange.response is None:
        return
    operation = _described(exchange, context)
    if operation is not None:
        yield from _fields(exchange, context, operation)
    said = announcement_of(exchange.response.headers)
    described = described_announcement(operation) if operation else Announcement()
    is_only_described = not said.says_something
    if is_only_described:
        said = replace(described, is_deprecated=described.says_something)
    elif said.sunset_at is None and not said.unreadable:
        said = replace(said, sunset_at=described.sunset_at)
    if not said.says_something:
        return
    now = exchange.started_at
    consumers = context.readers(exchange.operation, "header:deprecation")
    if said.is_contradictory:
        rule, location, observed = "deprecation-contradictory", "header:sunset", "contradictory"
        message = f"{name_of(exchange)} {_contradiction(said)}."
    elif said.is_deprecated or said.warns or said.link("deprecation"):
        rule, location, observed = "deprecation-announced", "header:deprecation", "announced"
        message = f"{name_of(exchange)} {_announced(said, now)}."
    else:
        rule, location, observed = "deprecation-sunset", "header:sunset", "announced"
        message = f"{name_of(exchange)} {_ends(said, now)}."
    severity = _severity(rule, said, now, is_used=bool(consumers))
    if is_only_described and not consumers and _days_left(said, now) > NOTICE_DAYS:
        severity = Severity.INFO
    yield finding(
        rule,
        exchange,
        context,
        severity=severity,
        location=location,
        expected="absent",
        observed=observed,
        message=message,
        remedy=_remedy(said),
        certainty=Certainty.DOCUMENTED,
        consumers=consumers,
    )


def _described(exchange: Exchange, context: Context) -> SpecOperation | None:
    if context.published is None or exchange.operation is None:
        return None
    return context.published.spec.get(exchange.operation.identity)


def _fields(exchange: Exchange, context: Context, operation: SpecOperation) -> Iterator[Finding]:
    for location in deprecated_fields(operation):
        consumers = context.readers(exchange.operation, location)
        if not consumers:
            continue
        yield finding(
            "deprecation-announced",
            exchange,
            context,
            location=location,
            expected="absent",
            observed="announced",
            message=f"{name_of(exchange)} still has {location}, which Intercom's published "
            "description marks as deprecated.",
            remedy="Read what its description says to use instead, and move those who read it.",
            certainty=Certainty.DOCUMENTED,
            consumers=consumers,
        )


def _days_left(said: Announcement, now: datetime) -> float:
    """Days until it stops answering; without end where no end is given."""
    return inf if said.sunset_at is None else (said.sunset_at - now).days


def _severity(rule: str, said: Announcement, now: datetime, *, is_used: bool) -> Severity:
    if _days_left(said, now) < (URGENT_DAYS if is_used else LAST_DAYS):
        return Severity.CRITICAL
    return RULES[rule].severity


def _announced(said: Announcement, now: datetime) -> str:
    if said.deprecated_at is None:
        text = "is deprecated"
    elif said.deprecated_at <= now:
        text = f"is deprecated since {_day(said.deprecated_at)}"
    else:
        text = (
            f"will be deprecated on {_day(said.deprecated_at)} ({_left(said.deprecated_at, now)})"
        )
    return f"{text} and {_ends(said, now)}" if said.sunset_at else f"{text}; no end is given yet"


def _ends(said: Announcement, now: datetime) -> str:
    if said.sunset_at is None:
        return "has a sunset policy, without a date in the answer"
    if said.sunset_at <= now:
        return f"was to stop answering on {_day(said.sunset_at)}, {_ago(said.sunset_at, now)}"
    return f"stops answering on {_day(said.sunset_at)} ({_left(said.sunset_at, now)})"


def _contradiction(said: Announcement) -> str:
    if said.unreadable:
        names = " and ".join(name.capitalize() for name in said.unreadable)
        return f"announces its end, but its {names} header cannot be read as a date"
    if said.sunset_at is None or said.deprecated_at is None:
        return "contradicts itself about its end"
    return (
        f"is announced to stop answering on {_day(said.sunset_at)}, before it is deprecated on "
        f"{_day(said.deprecated_at)}"
    )


def _remedy(said: Announcement) -> str:
    successor, announced = said.link("successor-version"), said.link("deprecation", "sunset")
    steps = [f"read {announced}"] if announced else []
    if successor:
        steps.append(f"move its consumers to {successor}")
    text = " and ".join(steps)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _left(moment: datetime, now: datetime) -> str:
    return f"{_count((moment - now).days)} left"


def _ago(moment: datetime, now: datetime) -> str:
    return f"{_count((now - moment).days)} ago"


def _count(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days" if days else "less than a day"


def _day(moment: datetime) -> str:
    return f"{moment.year}-{moment:%m-%d}"
