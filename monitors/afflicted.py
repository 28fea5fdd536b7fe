"""In which Intercom workspaces each incident stands, and how it stands there.

An incident of the API's is one over all workspaces, and their passes come one by one: it is over
when it is over in all of them, not when the luckiest was asked last, and it is told where some
workspace has seen enough of it, not where blips of many happen to follow each other.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from contracts.findings import Course, Finding
from monitors.evidence import Health, Look, health
from monitors.grouping import SLOWNESS, Places
from monitors.policies import HEALTHY, SEEN, Policy, trailing
from monitors.records import IncidentState, Phase, Reach, Share
from monitors.sightings import (
    Healthy,
    NotMeasured,
    Observed,
    Sighting,
)

LEAST_WITNESSES: Final = 3
"""Workspaces that must see the same before it may be wide; two can be a coincidence."""


@dataclass(slots=True)
class _Standing:
    """One incident: the records of the workspaces that have it, and those that have it not."""

    ill: dict[str, str] = field(default_factory=dict)
    well: set[str] = field(default_factory=set)

    def as_json(self) -> dict[str, object]:
        return {"ill": dict(sorted(self.ill.items())), "well": sorted(self.well)}


@dataclass(slots=True)
class Afflicted:
    """How every incident stands, by key; kept as small documents."""

    by_key: dict[str, _Standing] = field(default_factory=dict)
    _before: Mapping[str, Any] = field(default_factory=dict)
    _over: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, documents: Mapping[str, Any]) -> Self:
        """Read what `changes` gave earlier, by key."""
        return cls({key: _standing(one) for key, one in documents.items()}, documents)

    def changes(self) -> Iterator[tuple[str, dict[str, object] | None]]:
        """Yield what is not as it was, by key; None for an incident that is over."""
        for key, standing in self.by_key.items():
            now = None if key in self._over else standing.as_json()
            if now != self._before.get(key):
                yield key, now

    def forget(self, key: str) -> None:
        """Note that an incident is over, or came to nothing."""
        self.by_key.setdefault(key, _Standing())
        self._over.add(key)

    def seen(self, key: str, sighting: Sighting, policy: Policy, places: Places) -> Sighting:
        """Note that an incident was seen; return the sighting with what its workspaces' records
        say."""
        self._over.discard(key)
        standing = self.by_key.setdefault(key, _Standing())
        for name in sighting.workspaces:
            standing.ill[name] = policy.add(standing.ill.get(name, ""), SEEN)
            standing.well.discard(name)
        return replace(
            sighting,
            record=max(standing.ill.values(), key=lambda one: _urgency(one, policy)),
            is_wide=sighting.is_wide or _is_wide(standing.ill, policy, places),
        )

    def observe(
        self, incident: IncidentState, looks: Iterable[Look], policy: Policy, places: Places
    ) -> Observed | None:
        """Take what a pass that did not see the incident says of it; None where that is nothing.

        A workspace that is no longer configured holds nothing open for the others.
        """
        default = _Standing(dict.fromkeys(incident.workspaces, incident.record or SEEN))
        standing = self.by_key.setdefault(incident.key, default)
        told = self._listen(incident, looks, standing, policy)
        is_open = incident.phase is Phase.OPEN
        last = ""
        for name, record in list(standing.ill.items()):
            is_done = policy.is_calm(record) if is_open else SEEN not in record
            if is_done or name not in places:
                del standing.ill[name]
                last = max(last, record, key=lambda one: trailing(one, HEALTHY))
        if Health.OVER not in told:
            return NotMeasured() if Health.UNKNOWN in told else None
        return None if standing.ill else Healthy(record=last)

    def _listen(
        self, incident: IncidentState, looks: Iterable[Look], standing: _Standing, policy: Policy
    ) -> set[Health]:
        told: set[Health] = set()
        for look in looks:
            name = look.workspace
            is_concerned = name in standing.ill or name in incident.workspaces
            if not is_concerned and incident.phase is not Phase.OPEN:
                continue
            match look.courses.get(incident.key):
                case Finding(course=Course.PAUSES, rule=rule) if rule.name == SLOWNESS:
                    continue
                case Finding(course=Course.SETTLED):
                    standing.ill.pop(name, None)
            said = health(incident, look)
            if is_concerned:
                told.add(said)
            if said is not Health.OVER:
                continue
            if name in standing.ill:
                standing.ill[name] = policy.add(standing.ill[name], HEALTHY)
            elif not is_concerned:
                standing.well.add(name)
        return told

    def look_around(self, incident: IncidentState, looks: Iterable[Look]) -> None:
        """Note which other workspaces a pass that saw the incident shows to be without it."""
        standing = self.by_key.setdefault(incident.key, _Standing())
        for look in looks:
            name = look.workspace
            if name not in incident.workspaces and health(incident, look) is Health.OVER:
                standing.well.add(name)

    def is_ill(self, key: str, name: str) -> bool:
        """Whether a workspace has an incident now."""
        return name in self.by_key.get(key, _Standing()).ill

    def well(self, key: str) -> frozenset[str]:
        """Return the workspaces that were asked since an incident began and have it not."""
        return frozenset(self.by_key.get(key, _Standing()).well)

    def reach(self, incidents: Iterable[IncidentState], places: Places) -> Reach:
        """Return how far incidents of one cause go: of the workspaces that had them in this
        occurrence, or were asked and had them not."""
        ill: set[str] = set()
        measured: set[str] = set()
        for incident in incidents:
            ill.update(incident.workspaces)
            measured |= self.by_key.get(incident.key, _Standing()).well
        ill &= places.keys()
        measured = (measured | ill) & places.keys()
        return Reach(
            afflicted=len(ill),
            measured=len(measured),
            configured=len(places),
            regions=_shares(ill, measured, {name: one.region for name, one in places.items()}),
            versions=_shares(ill, measured, {name: one.version for name, one in places.items()}),
        )


def _standing(document: object) -> _Standing:
    """Read a standing; one of another form, as earlier versions wrote it, names who is ill."""
    if isinstance(document, list):
        return _Standing(dict.fromkeys(map(str, document), SEEN))
    if not isinstance(document, Mapping):
        return _Standing()
    ill, well = document.get("ill"), document.get("well")
    return _Standing(
        {str(name): str(record) for name, record in ill.items()}
        if isinstance(ill, Mapping)
        else {},
        set(map(str, well)) if isinstance(well, list) else set(),
    )


def _urgency(record: str, policy: Policy) -> tuple[bool, int, int]:
    return policy.is_due(record), trailing(record, SEEN), record.count(SEEN)


def _is_wide(ill: Mapping[str, str], policy: Policy, places: Places) -> bool:
    """Whether so many workspaces of the same regions have it now that it is no coincidence; what
    was well when it was asked last has it no more."""
    names = {name for name, record in ill.items() if record.endswith(SEEN)} & places.keys()
    regions = {places[name].region for name in names}
    there = sum(one.region in regions for one in places.values())
    return len(names) >= LEAST_WITNESSES and len(names) >= policy.failure_rate * there


def _shares(ill: set[str], measured: set[str], of: Mapping[str, str]) -> tuple[Share, ...]:
    return tuple(
        Share(
            name=name,
            afflicted=sum(of[one] == name for one in ill),
            measured=sum(of[one] == name for one in measured),
        )
        for name in sorted({of[one] for one in measured})
    )
