"""Who hears of what: the first route that concerns an incident decides."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.rules import Severity
from monitors.alerting.matchers import Labels, Matcher, concerns
from monitors.alerting.silences import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Incidents that the matchers concern go `to` these channels, with these mentions (as Slack
    writes them). What is less than critical waits for the end of the quiet hours."""

    to: tuple[str, ...]
    matchers: tuple[Matcher, ...] = ()
    mentions: tuple[str, ...] = ()
    quiet_hours: Window | None = None
    goes_on: bool = False
    """Whether later routes are asked too (Alertmanager's `continue`)."""

    def waits(self, severity: Severity, now: datetime) -> bool:
        """Whether an incident of that severity is not told now."""
        return (
            severity is not Severity.CRITICAL
            and self.quiet_hours is not None
            and self.quiet_hours.is_active(now)
        )


def routes_for(routes: Iterable[Route], fallback: Route, labels: Labels) -> dict[str, Route]:
    """Return the channels that hear of an incident, each with the route that leads there."""
    taken: list[Route] = []
    for route in routes:
        if concerns(route.matchers, labels):
            taken.append(route)
            if not route.goes_on:
                break
    return _by_channel(taken or [fallback])


def _by_channel(taken: Sequence[Route]) -> dict[str, Route]:
    found: dict[str, Route] = {}
    for route in taken:
        for channel in route.to:
            found.setdefault(channel, route)
    return found
