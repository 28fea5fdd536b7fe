"""What Intercom announces about an operation's end, as one finding per operation."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from contracts.exchanges import Exchange
from contracts.findings import Certainty, Finding
from contracts.rules import RULES, Severity
from monitors.detectors.announcements import Announcement, announcement_of
from monitors.detectors.context import Context, finding, name_of

URGENT_DAYS: Final = 30
"""Days before an operation that somebody uses stops answering: a release cycle and a bit."""
LAST_DAYS: Final = 7
"""Days before any operation stops answering that somebody should know of tonight."""


def deprecation_notices(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """Yield one finding for everything the header fields say, however many of them say it.

    Deprecation and Sunset together are one trouble: that Sunset is added later makes it more
    severe, not another one.
    """
    if exchange.response is None:
        return
    said = announcement_of(exchange.response.headers)
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
    yield finding(
        rule,
        exchange,
        context,
        severity=_severity(rule, said, now, is_used=bool(consumers)),
        location=location,
        expected="absent",
        observed=observed,
        message=message,
        remedy=_remedy(said),
        certainty=Certainty.DOCUMENTED,
        consumers=consumers,
    )


def _severity(rule: str, said: Announcement, now: datetime, *, is_used: bool) -> Severity:
    if said.sunset_at is not None:
        days = (said.sunset_at - now).days
        if days < (URGENT_DAYS if is_used else LAST_DAYS):
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
