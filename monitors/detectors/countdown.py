"""How near an announced end is, how much that matters, and how it is said."""

from datetime import datetime, timedelta
from typing import Final

from contracts.announcements import Announcement
from contracts.rules import RULES, Severity

NOTICE_DAYS: Final = 90
"""Days before an operation that nobody uses stops answering: a quarter, to plan for."""
URGENT_DAYS: Final = 30
"""Days before an operation that somebody uses stops answering: a release cycle and a bit."""
LAST_DAYS: Final = 7
"""Days before any operation stops answering that somebody should know of tonight."""
COUNTDOWN: Final = (NOTICE_DAYS, URGENT_DAYS, LAST_DAYS, 0)
"""Days before the end at which it is told again."""


THE_DESCRIPTION: Final = "Intercom's published description"
READ_THE_DESCRIPTION: Final = (
    "Read what Intercom's description of the operation says to use instead, and plan the move."
)


def stage_of(end: datetime | None, now: datetime) -> int:
    """Return how many steps of the countdown have been reached."""
    return 0 if end is None else sum(end - now <= timedelta(days=days) for days in COUNTDOWN)


def step_words(stage: int) -> str:
    """Say which step of the countdown `stage` (1 for the first) is."""
    days = COUNTDOWN[min(stage, len(COUNTDOWN)) - 1]
    return f"at most {days} days left" if days else "the end has come"


def severity_of(rule: str, said: Announcement, now: datetime, *, is_used: bool) -> Severity:
    days = URGENT_DAYS if is_used else LAST_DAYS
    if said.sunset_at is not None and said.sunset_at - now <= timedelta(days=days):
        return Severity.CRITICAL
    return RULES[rule].severity


def announced(said: Announcement, now: datetime, *, by: str) -> str:
    """Say that it is deprecated, `by` whom that is said, and until when it answers."""
    if said.deprecated_at is None:
        text = "is deprecated"
    elif said.deprecated_at <= now:
        text = f"is deprecated since {_day(said.deprecated_at)}"
    else:
        text = (
            f"will be deprecated on {_day(said.deprecated_at)} ({_left(said.deprecated_at, now)})"
        )
    text = f"{text}, says {by}"
    return f"{text}, and {ends(said, now)}" if said.sunset_at else f"{text}; no end is given yet"


def ends(said: Announcement, now: datetime) -> str:
    if said.sunset_at is None:
        return "has a sunset policy, without a date in the answer"
    if said.sunset_at <= now:
        return f"was to stop answering on {_day(said.sunset_at)}, {_ago(said.sunset_at, now)}"
    return f"stops answering on {_day(said.sunset_at)} ({_left(said.sunset_at, now)})"


def contradiction(said: Announcement) -> str:
    if said.unreadable:
        names = " and ".join(name.capitalize() for name in said.unreadable)
        its = "headers" if len(said.unreadable) > 1 else "header"
        return f"announces its end, but its {names} {its} cannot be read as a date"
    if said.sunset_at is None or said.deprecated_at is None:
        return "contradicts itself about its end"
    return (
        f"is announced to stop answering on {_day(said.sunset_at)}, before it is deprecated on "
        f"{_day(said.deprecated_at)}"
    )


def remedy(said: Announcement) -> str:
    """Say what to do, as far as it is more than what the rule says."""
    if said.unreadable:
        names = " and ".join(name.capitalize() for name in said.unreadable)
        return (
            f"Ask Intercom which date its {names} header means; until then, expect that the "
            "operation ends."
        )
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
