"""From changes of incidents to the messages that tell of them, and where those go.

What a silence, a maintenance window or quiet hours hold back is remembered, and told by the first
pass after their end if it is still so. That an incident is over, or taken on, is told wherever it
was told of before, whatever is silent now.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol, Self

from monitors.alerting import silences
from monitors.alerting.events import as_event
from monitors.alerting.matchers import labels_of
from monitors.alerting.outbox import Channel
from monitors.alerting.render import PLAIN, Surroundings, render, render_reply
from monitors.alerting.routes import Route, routes_for
from monitors.alerting.silences import Maintenance, Silence, is_silenced
from monitors.records import IncidentState, Notice, Phase, Transition, TransitionKind

HELD: Final = "held-back"
"""The kind of the documents that say, by incident, which channels wait for which news."""
_PASSES: Final = frozenset({TransitionKind.RESOLVED, TransitionKind.ACKNOWLEDGED})
_KEPT: Final = frozenset(
    {
        TransitionKind.OPENED,
        TransitionKind.ESCALATED,
        TransitionKind.REOPENED,
        TransitionKind.FLAPPING,
    }
)
"""What later news do not replace while both are held back."""


class Ledger(Protocol):
    """What is remembered of what was told; read within the transaction that records the rest."""

    def documents(self, kind: str) -> Mapping[str, Any]:
        """Return the small documents of a kind, by key."""
        ...

    def told(self, incident_ids: Iterable[str]) -> Mapping[str, frozenset[str]]:
        """Return, by incident, the channels that have or will get a notice of it."""
        ...


@dataclass(slots=True)
class Announcement:
    """Notices to record, and the documents that remember what is held back."""

    notices: list[Notice] = field(default_factory=list)
    documents: dict[tuple[str, str], object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcer:
    """Writes the messages. `channels` are the names of all there are; `threaded` of them show a
    timeline under each message, `eventful` take documents, `stateful` know themselves what is
    open. `fallback` leads where no route does."""

    channels: Sequence[str]
    fallback: Route
    threaded: frozenset[str] = frozenset()
    eventful: frozenset[str] = frozenset()
    stateful: frozenset[str] = frozenset()
    routes: Sequence[Route] = ()
    maintenance: Sequence[Maintenance] = ()
    surroundings: Surroundings = PLAIN

    @classmethod
    def to_all(cls, channels: Mapping[str, Channel]) -> Self:
        """Tell all of `channels` everything."""
        return cls(
            channels=tuple(channels),
            fallback=Route(to=tuple(channels)),
            threaded=threaded(channels),
            eventful=eventful(channels),
            stateful=stateful(channels),
        )

    def announce(
        self,
        transitions: Iterable[Transition],
        *,
        ledger: Ledger,
        incidents: Iterable[IncidentState] = (),
        now: datetime,
    ) -> Announcement:
        """Return what is to be recorded together with the transitions.

        `incidents` are all that there are after them: what was held back of one is told now if
        nothing holds it back any more.
        """
        round_ = _Round(self, ledger, now)
        for transition in transitions:
            round_.take(transition)
        round_.release({one.id: one for one in incidents if one.phase is Phase.OPEN})
        return round_.announcement

    def preview(self, transition: Transition, *, now: datetime) -> tuple[Notice, ...]:
        """Return what is told of a transition where nothing holds it back."""
        places = self.places(transition.incident)
        return tuple(
            notice
            for channel, route in places.items()
            for notice in self.notices(transition, channel, route, now)
        )

    def places(self, incident: IncidentState) -> dict[str, Route]:
        """Return the channels that hear of an incident."""
        return routes_for(self.routes, self.fallback, labels_of(incident))

    def standing(
        self, incidents: Iterable[IncidentState], *, ledger: Ledger, now: datetime
    ) -> dict[str, list[Notice]]:
        """Return what stands open, by channel that knows itself what is open and was told of it:
        some forget what they are not told again."""
        if not self.stateful:
            return {}
        told = ledger.told([one.id for one in incidents])
        found: dict[str, list[Notice]] = {}
        for incident in incidents:
            for channel in sorted(told.get(incident.id, frozenset()) & self.stateful):
                still = Transition(kind=TransitionKind.OPENED, at=now, incident=incident)
                found.setdefault(channel, []).extend(self.notices(still, channel, None, now))
        return found

    def notices(
        self, transition: Transition, channel: str, route: Route | None, now: datetime
    ) -> Iterator[Notice]:
        """Yield the notices of one transition for one channel."""
        mentions = route.mentions if route else ()
        message = render(
            transition,
            channel=channel,
            surroundings=self.surroundings,
            mentions=mentions,
            now=now,
        )
        if channel in self.eventful:
            yield as_event(message, transition, self.surroundings)
            return
        yield message
        if channel in self.threaded:
            reply = render_reply(transition, channel=channel, mentions=mentions, now=now)
            if reply is not None:
                yield reply


def threaded(channels: Mapping[str, Channel]) -> frozenset[str]:
    """Return the names of the channels that show replies."""
    return frozenset(name for name, one in channels.items() if one.has_threads)


def eventful(channels: Mapping[str, Channel]) -> frozenset[str]:
    """Return the names of the channels that take documents."""
    return frozenset(name for name, one in channels.items() if one.takes_events)


def stateful(channels: Mapping[str, Channel]) -> frozenset[str]:
    """Return the names of the channels that know themselves what is open."""
    return frozenset(name for name, one in channels.items() if one.keeps_state)


class _Round:
    """One call of `announce`."""

    def __init__(self, announcer: Announcer, ledger: Ledger, now: datetime) -> None:
        self.announcement = Announcement()
        self._announcer = announcer
        self._ledger = ledger
        self._now = now
        self._held: Mapping[str, Mapping[str, str]] = ledger.documents(HELD)
        documents = ledger.documents(silences.KIND).values()
        self._silences = [Silence.of_document(one) for one in documents]
        self._taken: set[str] = set()

    def take(self, transition: Transition) -> None:
        """Tell a transition where it may be told, and remember where not."""
        incident = transition.incident
        self._taken.add(incident.id)
        places = self._announcer.places(incident)
        told = self._ledger.told([incident.id]).get(incident.id, frozenset())
        waiting = dict(self._held.get(incident.id, {}))
        for channel in [*places, *sorted(told - places.keys())]:
            if channel not in self._announcer.channels:
                continue  # it was configured once
            if transition.kind in _PASSES:
                if channel in told:
                    self._tell(transition, channel, places.get(channel))
            elif self._holds_back(incident, places.get(channel)):
                kept = waiting.get(channel, "")
                waiting[channel] = kept if kept in _KEPT else transition.kind.value
            else:
                waiting.pop(channel, None)
                self._tell(transition, channel, places.get(channel))
        self._remember(incident.id, {} if transition.kind is TransitionKind.RESOLVED else waiting)

    def release(self, incidents: Mapping[str, IncidentState]) -> None:
        """Tell what is held back no more of incidents that are still open; forget the others."""
        for id, waiting in self._held.items():
            incident = incidents.get(id)
            if id in self._taken:
                continue
            if incident is None:
                self._remember(id, {})
                continue
            places = self._announcer.places(incident)
            left = {}
            for channel, kind in waiting.items():
                if self._holds_back(incident, places.get(channel)):
                    left[channel] = kind
                elif channel in self._announcer.channels:
                    late = Transition(kind=TransitionKind(kind), at=self._now, incident=incident)
                    self._tell(late, channel, places.get(channel))
            self._remember(id, left)

    def _holds_back(self, incident: IncidentState, route: Route | None) -> bool:
        if route is not None and route.waits(incident.severity, self._now):
            return True
        windows = self._announcer.maintenance
        return is_silenced(labels_of(incident), self._silences, windows, now=self._now)

    def _tell(self, transition: Transition, channel: str, route: Route | None) -> None:
        told = self._announcer.notices(transition, channel, route, self._now)
        self.announcement.notices.extend(told)

    def _remember(self, incident_id: str, waiting: Mapping[str, str]) -> None:
        if waiting != self._held.get(incident_id, {}):
            self.announcement.documents[HELD, incident_id] = waiting or None
