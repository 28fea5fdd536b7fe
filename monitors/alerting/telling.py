"""From changes of incidents to the messages that tell of them, and where those go.

What a silence, a maintenance window or quiet hours hold back is remembered, and told by the first
pass after their end if it is still so. That an incident is over, or taken on, is told wherever it
was told of before, whatever is silent now.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from contracts.statuspage import StatusPage
from monitors.alerting.buttons import LEASE, is_leased
from monitors.alerting.digest import Digest
from monitors.alerting.events import as_event, as_note, marked
from monitors.alerting.forecast import Forecast
from monitors.alerting.matchers import Labels, Tags, labels_of
from monitors.alerting.outbox import Channel
from monitors.alerting.reminding import Reminders
from monitors.alerting.render import (
    PLAIN,
    Surroundings,
    render,
    render_reply,
    render_silenced,
)
from monitors.alerting.rounds import Announcement, Ledger, Round
from monitors.alerting.routes import Route, routes_for
from monitors.alerting.silences import Maintenance, Silence
from monitors.neighbours import CONFIGURATION, EVENTFUL, STATEFUL, THREADED, Neighbours
from monitors.records import IncidentState, Notice, Phase, Transition, TransitionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcer:
    """Writes the messages. `channels` are the names of all there are; `threaded` of them show a
    timeline under each message, `eventful` take documents, `stateful` know themselves what is
    open. `fallback` leads where no route does; `substitute` is the channel that hears what another
    one refuses, empty for none. `others` are channels of other configurations over the same
    history, which those deliver to; where there are any, only what concerns one of `workspaces`
    (none named: any) is told here."""

    channels: Sequence[str]
    fallback: Route
    threaded: frozenset[str] = frozenset()
    eventful: frozenset[str] = frozenset()
    stateful: frozenset[str] = frozenset()
    substitute: str = ""
    others: frozenset[str] = frozenset()
    workspaces: frozenset[str] = frozenset()
    routes: Sequence[Route] = ()
    maintenance: Sequence[Maintenance] = ()
    surroundings: Surroundings = PLAIN
    reminders: Reminders | None = None
    digest: Digest | None = None
    tags: Tags = field(default_factory=dict)
    forecast: Forecast | None = None

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
        incidents: Iterable[IncidentState] | None = None,
        now: datetime,
    ) -> Announcement:
        """Return what is to be recorded together with the transitions.

        `incidents` are all that there are after a pass: what was held back of one is told now if
        nothing holds it back any more. Where a person did something they are None, and nothing else
        is told: only a pass knows what maintenance is announced.
        """
        announcer = self._at(ledger, now)
        if self.forecast is not None:
            windows = (*self.maintenance, *self.forecast.windows(now))
            announcer = replace(announcer, maintenance=windows)
        known = () if incidents is None else tuple(incidents)
        round_ = Round(announcer, ledger, now, known)
        for transition in transitions:
            round_.take(transition)
        if incidents is None:
            return round_.announcement
        open_now = {one.id: one for one in known if one.phase is Phase.OPEN}
        round_.release(open_now)
        round_.remind(open_now)
        round_.digest(open_now)
        return round_.announcement

    def foresee(self, rules: Iterable[str], *, page: StatusPage | None = None) -> None:
        """Ask what maintenance is announced, where it could explain what is wrong now, and `page`
        has not been read for it yet. It waits for a host outside, so it is done before the history
        is written to."""
        if self.forecast is not None:
            self.forecast.foresee(rules, page=page)

    def silenced(
        self, transition: Transition, silence: Silence, *, ledger: Ledger, now: datetime
    ) -> tuple[Notice, ...]:
        """Return what is told where an incident, whose latest transition that is, was told of and
        somebody has silenced it."""
        incident = transition.incident
        told = ledger.told([incident.id]).get(incident.id, frozenset())
        announcer = self._at(ledger, now)
        return tuple(
            notice
            for channel in sorted(told & announcer.threaded)
            for notice in render_silenced(
                transition,
                silence,
                channel=channel,
                surroundings=announcer.surroundings,
                now=now,
            )
        )

    def channels_of_others(self, documents: Mapping[str, Any], *, now: datetime) -> frozenset[str]:
        """Return the channels of the other configurations that `documents` tell of."""
        own = frozenset(self.channels)
        return frozenset(Neighbours.of(documents, channels=own, now=now).channels)

    def _at(self, ledger: Ledger, now: datetime) -> Self:
        """Return the announcer with what the history says: whether somebody listens to buttons,
        and which channels other configurations have."""
        has_buttons = is_leased(ledger.documents(LEASE), now)
        others = Neighbours.of(
            ledger.documents(CONFIGURATION), channels=frozenset(self.channels), now=now
        )
        return replace(
            self,
            surroundings=replace(self.surroundings, has_buttons=has_buttons),
            others=frozenset(others.channels),
            threaded=self.threaded | others.who(THREADED),
            eventful=self.eventful | others.who(EVENTFUL),
            stateful=self.stateful | others.who(STATEFUL),
        )

    def traits(self) -> dict[str, frozenset[str]]:
        """Return the channels, each with what it is."""
        kinds = ((THREADED, self.threaded), (EVENTFUL, self.eventful), (STATEFUL, self.stateful))
        return {
            name: frozenset(trait for trait, names in kinds if name in names)
            for name in self.channels
        }

    def preview(self, transition: Transition, *, now: datetime) -> tuple[Notice, ...]:
        """Return what is told of a transition where nothing holds it back."""
        places = self.places(transition.incident)
        return tuple(
            notice
            for channel, route in places.items()
            for notice in self.notices(transition, channel, route, now)
        )

    def labels(self, incident: IncidentState) -> Labels:
        """Return what matchers see of an incident."""
        return labels_of(incident, self.tags)

    def places(self, incident: IncidentState) -> dict[str, Route]:
        """Return the channels that hear of an incident."""
        if self.others and self.workspaces and self.workspaces.isdisjoint(incident.workspaces):
            return {}
        return routes_for(self.routes, self.fallback, self.labels(incident))

    def as_taken(self, notice: Notice) -> Notice:
        """Return what is no change of state as its channel takes it."""
        return as_note(notice) if notice.channel in self.eventful else notice

    def last_word(
        self, transition: Transition, *, refusing: Sequence[str], now: datetime
    ) -> Iterator[Notice]:
        """Yield what whoever stood in for other channels hears of the end; `refusing` are those
        that still have not taken what there is to tell."""
        for notice in self.notices(transition, self.substitute, None, now):
            is_marked = refusing and not notice.is_reply
            yield marked(notice, ", ".join(refusing)) if is_marked else notice

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
        self,
        transition: Transition,
        channel: str,
        route: Route | None,
        now: datetime,
        silence: Silence | None = None,
    ) -> Iterator[Notice]:
        """Yield the notices of one transition for one channel; `silence` is the one that keeps
        further news back."""
        mentions = route.mentions if route else ()
        surroundings = self.surroundings
        if channel not in self.threaded:
            surroundings = replace(surroundings, has_buttons=False)
        message = render(
            transition,
            channel=channel,
            surroundings=surroundings,
            mentions=mentions,
            silence=silence,
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
