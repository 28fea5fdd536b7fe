"""Incidents as people tell them: what broke, for whom, since when, for how long, what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from monitors.records import IncidentState, Phase, Transition, TransitionKind

_SHOWN: Final = (Phase.OPEN, Phase.RESOLVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A change in the life of an incident."""

    kind: TransitionKind
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One occurrence of an incident, open or resolved."""

    incident: IncidentState
    events: tuple[Event, ...]
    """Oldest first."""
    duration: timedelta
    """From when it began to its end, or to now."""
    acknowledged: bool
    blind: bool
    """Whether it cannot be seen at present if it is still there."""

    @property
    def since(self) -> datetime:
        """When it began; of one that came back, when it was back, as its message says."""
        return self.incident.began_at

    @property
    def until(self) -> datetime | None:
        """When it was resolved, None while it is open."""
        return self.incident.resolved_at if self.incident.phase is Phase.RESOLVED else None

    @property
    def remedy(self) -> str:
        """What to do."""
        return self.incident.finding.remedy or self.incident.finding.rule.remedy


def episodes_of(
    incidents: Iterable[IncidentState], transitions: Iterable[Transition] = (), *, now: datetime
) -> tuple[Episode, ...]:
    """Tell every occurrence that anyone was told of: open ones first, the worst and then the
    oldest of them first; resolved ones by falling time of their end.

    Transitions carry the state after them, so an occurrence that has made way for a newer one of
    the same cause is still told.
    """
    latest: dict[str, IncidentState] = {}
    events: dict[str, list[Event]] = {}
    for transition in sorted(transitions, key=lambda one: one.at):
        latest[transition.incident.id] = transition.incident
        events.setdefault(transition.incident.id, []).append(
            Event(kind=transition.kind, at=transition.at)
        )
    for incident in incidents:
        latest[incident.id] = incident
    episodes = [
        _episode(incident, tuple(events.get(incident.id, ())), now=now)
        for incident in latest.values()
        if incident.phase in _SHOWN
    ]
    return tuple(sorted(episodes, key=_rank))


def _episode(incident: IncidentState, events: tuple[Event, ...], *, now: datetime) -> Episode:
    end = incident.resolved_at if incident.phase is Phase.RESOLVED else None
    kinds = [event.kind for event in events]
    return Episode(
        incident=incident,
        events=events,
        duration=max(timedelta(), (end or now) - incident.began_at),
        acknowledged=TransitionKind.ACKNOWLEDGED in kinds,
        blind=incident.is_blind,
    )


def _rank(episode: Episode) -> tuple[int, float, float]:
    incident = episode.incident
    if incident.phase is Phase.OPEN:
        return 0, -incident.severity.rank, incident.began_at.timestamp()
    return 1, -(incident.resolved_at or incident.last_seen_at).timestamp(), 0.0
