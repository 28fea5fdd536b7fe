"""One round of telling: what goes out now, what is held back, and what was held back until now."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

from monitors.alerting import silences
from monitors.alerting.digest import STATE, Chronicle, Digest
from monitors.alerting.matchers import Labels
from monitors.alerting.reminding import HEARD, Reminders, overdue, reminder
from monitors.alerting.routes import Route
from monitors.alerting.silences import Maintenance, Silence, is_silenced, silence_over
from monitors.records import (
    IncidentState,
    Notice,
    NoticeForm,
    NoticeStatus,
    Phase,
    QueuedNotice,
    Transition,
    TransitionKind,
)

HELD: Final = "held-back"
"""The kind of the documents that say, by incident, which channels wait for which news."""
_PASSES: Final = frozenset(
    {
        TransitionKind.RESOLVED,
        TransitionKind.ACKNOWLEDGED,
        TransitionKind.EXPLAINED,
        TransitionKind.SPREAD,
    }
)
"""What is told wherever the incident was told of before, and nowhere else."""
_GROWS: Final = frozenset({TransitionKind.SPREAD, TransitionKind.EXPLAINED})
"""What may concern more people than before."""
_KEPT: Final = frozenset(
    {
        TransitionKind.OPENED,
        TransitionKind.ESCALATED,
        TransitionKind.REOPENED,
        TransitionKind.FLAPPING,
    }
)
"""What later news do not replace while both are held back."""


class Ledger(Chronicle, Protocol):
    """What is remembered of what was told; read within the transaction that records the rest."""

    def told(self, incident_ids: Iterable[str]) -> Mapping[str, frozenset[str]]:
        """Return, by incident, the channels that have or will get a notice of it."""
        ...

    def notices(self, status: NoticeStatus) -> Sequence[QueuedNotice]:
        """Return the notices of one status."""
        ...


@dataclass(slots=True)
class Announcement:
    """Notices to record, and the documents that remember what is held back."""

    notices: list[Notice] = field(default_factory=list)
    documents: dict[tuple[str, str], object] = field(default_factory=dict)


class Teller(Protocol):
    """What a round asks of the announcer, whose fields say what each is."""

    @property
    def channels(self) -> Sequence[str]: ...
    @property
    def others(self) -> frozenset[str]: ...
    @property
    def substitute(self) -> str: ...
    @property
    def threaded(self) -> frozenset[str]: ...
    @property
    def stateful(self) -> frozenset[str]: ...
    @property
    def maintenance(self) -> Sequence[Maintenance]: ...
    @property
    def digest(self) -> Digest | None: ...
    @property
    def reminders(self) -> Reminders | None: ...

    def labels(self, incident: IncidentState) -> Labels:
        """Return what matchers see of an incident."""
        ...

    def as_taken(self, notice: Notice) -> Notice:
        """Return a notice as its channel takes it."""
        ...

    def places(self, incident: IncidentState) -> dict[str, Route]:
        """Return the channels that hear of an incident."""
        ...

    def last_word(
        self, transition: Transition, *, refusing: Sequence[str], now: datetime
    ) -> Iterator[Notice]:
        """Yield what whoever stood in for the channels that refuse it hears of the end."""
        ...

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
        ...


Ways = Sequence[tuple[Route | None, IncidentState]]
"""What leads to a channel: routes, and of which incident each: the one that is told, or one that is
listed in it."""


class Round:
    """One call of `announce`. `incidents` are all that there are."""

    def __init__(
        self,
        announcer: Teller,
        ledger: Ledger,
        now: datetime,
        incidents: Iterable[IncidentState] = (),
    ) -> None:
        self.announcement = Announcement()
        self._announcer = announcer
        self._ledger = ledger
        self._now = now
        self._held: Mapping[str, Mapping[str, str]] = ledger.documents(HELD)
        documents = ledger.documents(silences.KIND).values()
        self._silences = [Silence.of_document(one) for one in documents]
        self._taken: set[str] = set()
        self._children: dict[str, list[IncidentState]] = {}
        for one in incidents:
            if one.parent and one.phase is Phase.OPEN:
                self._children.setdefault(one.parent, []).append(one)

    def take(self, transition: Transition) -> None:
        """Tell a transition where it may be told, and remember where not."""
        incident = transition.incident
        self._taken.add(incident.id)
        places = self._places(incident)
        told = self._ledger.told([incident.id]).get(incident.id, frozenset())
        waiting = dict(self._held.get(incident.id, {}))
        for channel in [*places, *sorted(told - places.keys())]:
            if channel in self._announcer.others:
                self._leave(transition, channel, waiting)
                continue
            if channel not in self._announcer.channels:
                continue  # it was configured once
            if self._only_stands_in(channel, places):
                if transition.kind is TransitionKind.RESOLVED:
                    self._end(transition)
                continue
            ways = places.get(channel, [(None, incident)])
            if transition.kind in _PASSES or incident.parent:
                if channel in told:
                    self._pass_on(transition, channel, ways)
                elif transition.kind in _GROWS and not incident.parent and channel not in waiting:
                    # It reaches somebody now whom it did not concern when it was opened.
                    opened = replace(transition, kind=TransitionKind.OPENED)
                    self._tell_or_hold(opened, channel, ways, waiting)
            else:
                self._tell_or_hold(transition, channel, ways, waiting)
        self._remember(incident.id, {} if transition.kind is TransitionKind.RESOLVED else waiting)

    def _only_stands_in(self, channel: str, places: Container[str]) -> bool:
        """Whether a channel heard of an incident only what another one refused: what that takes
        again is its alone, but for the end."""
        return channel == self._announcer.substitute and channel not in places

    def _end(self, transition: Transition) -> None:
        refusing = dict.fromkeys(
            one.notice.channel
            for one in self._ledger.notices(NoticeStatus.PENDING)
            if one.error and one.notice.incident_id == transition.incident.id
        )
        last = self._announcer.last_word(transition, refusing=list(refusing), now=self._now)
        self.announcement.notices.extend(last)

    def _pass_on(self, transition: Transition, channel: str, ways: Ways) -> None:
        if transition.kind is TransitionKind.SPREAD and channel not in self._announcer.threaded:
            return  # a message of its own for it would be noise
        self._tell(transition, channel, ways)

    def _tell_or_hold(
        self, transition: Transition, channel: str, ways: Ways, waiting: dict[str, str]
    ) -> None:
        if self._holds_back(ways):
            _hold(transition, channel, waiting)
        else:
            waiting.pop(channel, None)
            self._tell(transition, channel, ways)

    def _leave(self, transition: Transition, channel: str, waiting: dict[str, str]) -> None:
        """Write down for another configuration's channel that it is over or taken on; the rest
        waits for a pass of that one, which knows its routes and its quiet hours."""
        if transition.kind in _PASSES or transition.incident.parent:
            self._pass_on(transition, channel, [(None, transition.incident)])
        else:
            _hold(transition, channel, waiting)

    def _places(
        self, incident: IncidentState
    ) -> dict[str, list[tuple[Route | None, IncidentState]]]:
        """Return what leads to each channel: who would hear of what is listed in an incident hears
        of the incident."""
        found: dict[str, list[tuple[Route | None, IncidentState]]] = {}
        for member in (incident, *self._children.get(incident.id, ())):
            for channel, route in self._announcer.places(member).items():
                found.setdefault(channel, []).append((route, member))
        return found

    def release(self, incidents: Mapping[str, IncidentState]) -> None:
        """Tell what is held back no more of incidents that are still open; forget the others."""
        for id, waiting in self._held.items():
            incident = incidents.get(id)
            if id in self._taken or (incident is not None and incident.parent):
                continue
            if incident is None:
                self._remember(id, {})
                continue
            places = self._places(incident)
            left = {}
            for channel, kind in waiting.items():
                ways = places.get(channel, [(None, incident)])
                if channel in self._announcer.others or self._holds_back(ways):
                    left[channel] = kind
                elif channel in self._announcer.channels:
                    late = Transition(kind=TransitionKind(kind), at=self._now, incident=incident)
                    self._tell(late, channel, ways)
            self._remember(id, left)

    def remind(self, incidents: Mapping[str, IncidentState]) -> None:
        """Say again what is open and nobody's, where it was told and nothing holds it back."""
        reminders = self._announcer.reminders
        if reminders is None:
            return
        heard = self._ledger.documents(HEARD)
        due = overdue(incidents.values(), heard, every=reminders.every, now=self._now)
        late = [one for one in due if one.id not in self._taken]
        told = self._ledger.told([one.id for one in late]) if late else {}
        for incident in late:
            places = self._places(incident)
            heard_there = told.get(incident.id, frozenset())
            for channel in sorted(
                heard_there & {*self._announcer.channels, *self._announcer.others}
            ):
                if channel in self._announcer.stateful or self._only_stands_in(channel, places):
                    continue
                if self._holds_back(places.get(channel, [(None, incident)])):
                    continue
                form = reminders.form if channel in self._announcer.threaded else NoticeForm.MESSAGE
                said = reminder(incident, channel=channel, form=form, now=self._now)
                self.announcement.notices.append(self._announcer.as_taken(said))
                self._heard(incident.id)
        for id in heard:
            if id not in incidents:
                self.announcement.documents[HEARD, id] = None

    def digest(self, incidents: Mapping[str, IncidentState]) -> None:
        """Tell what can wait, where its time has come."""
        digest = self._announcer.digest
        if digest is None:
            return
        if (first := digest.begin(self._ledger, self._now)) is not None:
            self._digested(digest, first)
        since = digest.due(self._ledger, self._now)
        if since is None:
            return
        told = digest.notices(self._ledger, incidents.values(), since=since, now=self._now)
        self.announcement.notices.extend(map(self._announcer.as_taken, told))
        self._digested(digest, self._now.isoformat())

    def _digested(self, digest: Digest, until: str) -> None:
        for key in (digest.key, STATE):
            self.announcement.documents[STATE, key] = until

    def _heard(self, incident_id: str) -> None:
        if self._announcer.reminders is not None:
            self.announcement.documents[HEARD, incident_id] = self._now.isoformat()

    def _holds_back(self, ways: Ways) -> bool:
        """Whether all that leads to a channel is held back now."""
        return all(self._is_held(member, route) for route, member in ways)

    def _is_held(self, incident: IncidentState, route: Route | None) -> bool:
        if route is not None and route.waits(incident.severity, self._now):
            return True
        windows = self._announcer.maintenance
        return is_silenced(self._announcer.labels(incident), self._silences, windows, now=self._now)

    def _tell(self, transition: Transition, channel: str, ways: Ways) -> None:
        silence = None
        if transition.kind is not TransitionKind.RESOLVED:
            labels = self._announcer.labels(transition.incident)
            silence = silence_over(labels, self._silences, now=self._now)
        route, _ = ways[0]
        told = self._announcer.notices(transition, channel, route, self._now, silence)
        self.announcement.notices.extend(told)
        self._heard(transition.incident.id)

    def _remember(self, incident_id: str, waiting: Mapping[str, str]) -> None:
        if waiting != self._held.get(incident_id, {}):
            self.announcement.documents[HELD, incident_id] = waiting or None


def _hold(transition: Transition, channel: str, waiting: dict[str, str]) -> None:
    """Note what a channel is to hear later."""
    kept = waiting.get(channel, "")
    if transition.kind is TransitionKind.MEASURED and kept == TransitionKind.BLIND:
        waiting.pop(channel)  # nobody was told that it was not
        return
    waiting[channel] = kept if kept in _KEPT else transition.kind.value
