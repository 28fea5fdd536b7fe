"""From what a pass saw to what becomes of every incident."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from contracts.findings import Course, Finding
from monitors.afflicted import Afflicted
from monitors.broader import broader, not_our_network
from monitors.evidence import Look
from monitors.family import arrange
from monitors.grouping import SLOWNESS, Places, outage_key
from monitors.incidents import (
    fold,
    is_at_rest,
)
from monitors.policies import Policy
from monitors.records import IncidentState, Transition
from monitors.sightings import (
    Accepted,
    Healthy,
    Observed,
    Paused,
    Settled,
    Sighting,
    merge,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What a pass changed: states to save, what is to be told, and the ids of incidents that came
    to nothing or became another's."""

    states: tuple[IncidentState, ...]
    transitions: tuple[Transition, ...]
    forgotten: tuple[str, ...]


@dataclass(slots=True)
class _Fold:
    """One pass in the making: `states` by key, as they are by now."""

    states: dict[str, IncidentState]
    afflicted: Afflicted
    places: Places
    policy: Callable[[Finding], Policy]
    now: datetime
    new_id: Callable[[], str]
    transitions: list[Transition] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    def see(self, key: str, sighting: Sighting) -> None:
        """Take a sighting."""
        finding = not_our_network(sighting.finding, self._answered(key), self.places)
        if finding is not sighting.finding:
            sighting = replace(sighting, finding=finding, causes=())
        policy = self.policy(sighting.finding)
        sighting = self.afflicted.seen(key, sighting, policy, self.places)
        self.take(key, sighting, sighting.finding)

    def _answered(self, key: str) -> set[str]:
        """Return the workspaces that had answers since an incident began, and still have."""
        return {
            name
            for name in self.afflicted.well(key)
            if name in self.places
            and not self.afflicted.is_ill(outage_key(self.places[name].region), name)
        }

    def take(self, key: str, observed: Observed, finding: Finding) -> None:
        """Fold one observation into the incident of a key."""
        before = self.states.get(key)
        after, transition = fold(
            before, observed, policy=self.policy(finding), now=self.now, new_id=self.new_id
        )
        if after is not None:
            self.states[key] = after
        elif before is not None:
            del self.states[key]
            self.forgotten.append(before.id)
        if before is not None and (after is None or is_at_rest(after)):
            self.afflicted.forget(key)
        if transition is not None:
            self.transitions.append(transition)


def _on_course(key: str, observed: Observed | None, looks: Sequence[Look]) -> Observed | None:
    """Return what there is to say of an incident that no workspace shows: where it only pauses
    that is not its end, and where it is taken for usual that is no health."""
    found = [one for look in looks if (one := look.courses.get(key)) is not None]
    paused = [one for one in found if one.course is Course.PAUSES and one.rule.name == SLOWNESS]
    settled = [one for one in found if one.course is Course.SETTLED]
    if isinstance(observed, Healthy) and settled:
        return Settled(finding=settled[0])
    if observed is None and paused:
        return Paused(finding=paused[0])
    return observed


def fold_looks(
    looks: Sequence[Look],
    states: Mapping[str, IncidentState],
    afflicted: Afflicted,
    *,
    places: Places,
    policy: Callable[[Finding], Policy],
    now: datetime,
    new_id: Callable[[], str],
) -> Folded:
    """Fold one pass into the incidents `states` (by key); `afflicted` is brought up to date.
    `places` are all workspaces that are configured."""
    pass_ = _Fold(dict(states), afflicted, places, policy, now, new_id)
    sightings = merge(sighting for look in looks for sighting in look.sightings)
    for key, sighting in sightings.items():
        pass_.see(key, sighting)
    accepted = {key: why for look in looks for key, why in look.accepted.items()}
    for key, state in states.items():
        if key in sightings:
            continue
        if key in accepted:
            pass_.take(key, Accepted(why=accepted[key]), state.finding)
        elif not is_at_rest(state):
            observed = afflicted.observe(state, looks, policy(state.finding), places)
            observed = _on_course(key, observed, looks)
            if observed is not None:
                pass_.take(key, observed, state.finding)
    for key, derived in broader(pass_.states, sightings.keys(), places, now=now).items():
        if isinstance(derived, Sighting):
            pass_.see(key, derived)
        elif key in pass_.states and not is_at_rest(pass_.states[key]):
            pass_.take(key, derived, pass_.states[key].finding)
    for key in sightings:
        if key in pass_.states:
            afflicted.look_around(pass_.states[key], looks)
    arranged = arrange(
        states,
        pass_.states,
        pass_.transitions,
        sightings.keys(),
        afflicted=afflicted,
        places=places,
        now=now,
        new_id=new_id,
    )
    before = {state.id: state for state in states.values()}
    return Folded(
        states=tuple(one for one in arranged.states if one != before.get(one.id)),
        transitions=arranged.transitions,
        forgotten=(*pass_.forgotten, *arranged.forgotten),
    )
