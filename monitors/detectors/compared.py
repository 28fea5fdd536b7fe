"""How slowness of an operation is said: how much, against what, since when, and of which part."""

from datetime import UTC, datetime
from typing import Final

from contracts.exchanges import Exchange
from monitors.detectors.limits import moment
from monitors.latencies import Judged

DAYS: Final = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
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


def compared(exchange: Exchange, judged: Judged) -> str:
    """Say how slow it is now, against what, and since when; all times are UTC."""
    verdict = judged.verdict
    at = exchange.started_at.astimezone(UTC)
    pauses = ""
    if verdict.intermittent:
        began = first(judged)
        pauses = f", comes and goes{f' since {at_utc(began, at)}' if began else ''}"
    return (
        f"{figure(verdict.tail)} {verdict.now_ms:.0f} ms, {times(verdict.factor)} the usual "
        f"{verdict.usual_ms:.0f} ms for {DAYS[at.weekday()]} at {at:%H} h, since "
        f"{at_utc(onset(judged), at)}{pauses}{'' if verdict.is_sure else ' (still learning)'}"
    )


def figure(tail: bool) -> str:
    return "p95" if tail else "p50"


def unix(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def at_utc(when: datetime, now: datetime) -> str:
    return f"{moment(when, now)} UTC"


def times(factor: float) -> str:
    """Say how many times as much: `3 times`, `1.6 times`, `12 times`."""
    return f"{factor:.0f} times" if factor >= TEN else f"{factor:.1f}".removesuffix(".0") + " times"


def first(judged: Judged) -> datetime | None:
    """Return when it became slow for the first time, where it comes and goes since."""
    verdict = judged.verdict
    is_back = verdict.intermittent and unix(verdict.since) < onset(judged)
    return unix(verdict.since) if is_back else None


def onset(judged: Judged) -> datetime:
    return unix(judged.onset or judged.verdict.since)


def part(judged: Judged) -> str:
    """Say whether the server's time or the network's has grown."""
    slowed = judged.slowed
    if not slowed.part:
        return ""
    words = _PARTS[slowed.part]
    if slowed.part != "server":
        words += _PHASES.get(slowed.phase, "")
        words += ", on kept-alive connections" if slowed.kept_alive else ""
    return words


def deployed(exchange: Exchange, judged: Judged) -> str:
    """Name the deployment that came with the onset, and how many there are."""
    deployment = judged.deployment
    if deployment is None:
        return ""
    at = datetime.fromtimestamp(deployment.at, UTC)
    many = f", one of {deployment.in_a_day} in 24 h" if deployment.in_a_day > 1 else ""
    first = moment(at, exchange.started_at.astimezone(UTC))
    return f"deployment {deployment.commit[:SHA]} first seen {first}{many}"
