"""From what a pass saw to what becomes of every incident."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.findings import Finding
from monitors.evidence import Afflicted, Health, Look
from monitors.incidents import Healthy, NotMeasured, Observed, Policy, fold, merge
from monitors.records import IncidentState, Phase, Transition


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What a pass changed: states to save, what is to be told, and the ids of pending incidents
    that came to nothing."""

    states: tuple[IncidentState, ...]
    transitions: tuple[Transition, ...]
    forgotten: tuple[str, ...]


def fold_looks(
    looks: Sequence[Look],
    states: Mapping[str, IncidentState],
    afflicted: Afflicted,
    *,
    configured: frozenset[str],
    policy: Callable[[Finding], Policy],
    now: datetime,
    new_id: Callable[[], str],
) -> Folded:
    """Fold one pass into the incidents `states` (by key); `afflicted` is brought up to date."""
    changed: list[IncidentState] = []
    transitions: list[Transition] = []
    forgotten: list[str] = []

    def take(before: IncidentState | None, observed: Observed, finding: Finding) -> None:
        after, transition = fold(before, observed, policy=policy(finding), now=now, new_id=new_id)
        if after is not None and after != before:
            changed.append(after)
        if after is None and before is not None:
            forgotten.append(before.id)
        if before is not None and (after is None or _is_at_rest(after)):
            afflicted.forget(before.key)
        if transition is not None:
            transitions.append(transition)

    sightings = merge(sighting for look in looks for sighting in look.sightings)
    for key, sighting in sightings.items():
        afflicted.seen(key, sighting.workspaces)
        take(states.get(key), sighting, sighting.finding)
    for key, state in states.items():
        if key in sightings or _is_at_rest(state):
            continue
        said = afflicted.observe(state, looks, configured)
        if said is not Health.NOT_ASKED:
            take(state, Healthy() if said is Health.OVER else NotMeasured(), state.finding)
    return Folded(states=tuple(changed), transitions=tuple(transitions), forgotten=tuple(forgotten))


def _is_at_rest(state: IncidentState) -> bool:
    """Whether it is over, and has not begun to come back."""
    return state.phase is Phase.RESOLVED and state.failures == 0
