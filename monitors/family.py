"""Incidents that explain others: who is told of by itself, who is listed in another's message.

What a broader incident explains is listed in it, and comes up on its own only if it outlives it. A
cause that becomes clear after its first symptom was told takes over the symptom's message: the
reader sees one message that knows more, not two.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from contracts.exchanges import Operation
from contracts.findings import Finding, identify
from monitors.afflicted import Afflicted
from monitors.diagnosis.expectations import SCOPE
from monitors.diagnosis.scopes import likely_scope
from monitors.grouping import SLOWNESS, Level, Places, explains, kinship, level_of
from monitors.incidents import (
    tell,
)
from monitors.records import IncidentState, Phase, Transition, TransitionKind

SPREAD_INTERVAL: Final = timedelta(minutes=1)
"""How often a message is brought up to date while the trouble spreads: it is read, not watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """All incidents after a pass, what is to be told, and the ids that are no more."""

    states: tuple[IncidentState, ...]
    transitions: tuple[Transition, ...]
    forgotten: tuple[str, ...]


def arrange(
    before: Mapping[str, IncidentState],
    after: Mapping[str, IncidentState],
    transitions: Sequence[Transition],
    seen: Collection[str],
    *,
    afflicted: Afflicted,
    places: Places,
    now: datetime,
    new_id: Callable[[], str],
) -> Arranged:
    """Find each open incident's parent, and what of the pass is told therefore. `seen` are the
    keys that the pass saw."""
    kinds = {one.incident.key: one.kind for one in transitions}
    family = _Family(before, dict(after), kinds, frozenset(seen), now, new_id)
    family.find_parents(places)
    family.describe(afflicted, places)
    return Arranged(
        states=tuple(family.states.values()),
        transitions=tuple(
            Transition(kind=kind, at=now, incident=family.states[key])
            for key, kind in family.kinds.items()
        ),
        forgotten=tuple(family.forgotten),
    )


@dataclass(slots=True)
class _Family:
    """The incidents of a pass by key, and what happened to each in it."""

    before: Mapping[str, IncidentState]
    states: dict[str, IncidentState]
    kinds: dict[str, TransitionKind]
    seen: frozenset[str]
    now: datetime
    new_id: Callable[[], str]
    forgotten: list[str] = field(default_factory=list)
    children: dict[str, list[str]] = field(default_factory=dict)
    """By the parent's key."""

    def find_parents(self, places: Places) -> None:
        """Give every open incident its parent, the broadest that explains it."""
        elders = _Elders(self.states.values())
        parents: dict[str, str] = {}
        for one in elders.in_order:
            parent = elders.of(one, places)
            if parent is not None:
                # What explains a parent explains its children.
                parents[one.key] = parents.get(parent.key, parent.key)
        for child, elder in parents.items():
            self.children.setdefault(elder, []).append(child)
        for elder, children in self.children.items():
            self._take_over(elder, children)
        for one in elders.in_order:
            self._place(one.key, parents.get(one.key))

    def _take_over(self, elder: str, children: Sequence[str]) -> None:
        """Give the message of the first symptom that was told to the cause that opened now."""
        if self.kinds.get(elder) is not TransitionKind.OPENED:
            return
        told = [
            old
            for child in children
            if (old := self.before.get(child)) and old.phase is Phase.OPEN and _is_told(old)
        ]
        if not told:
            return
        first = min(told, key=lambda one: (one.opened_at or one.first_seen_at, one.key))
        cause, symptom = self.states[elder], self.states[first.key]
        is_worse = cause.severity.rank > symptom.severity.rank
        if elder in self.before:
            self.forgotten.append(self.before[elder].id)
        self.states[elder] = replace(
            cause,
            id=symptom.id,
            sequence=symptom.sequence + 1,
            severity=max(cause.severity, symptom.severity, key=lambda one: one.rank),
            first_seen_at=min(cause.first_seen_at, symptom.first_seen_at),
            opened_at=symptom.opened_at,
            reopenings=symptom.reopenings,
            acknowledged_by="" if is_worse else symptom.acknowledged_by,
            acknowledged_at=None if is_worse else symptom.acknowledged_at,
        )
        self.kinds[elder] = TransitionKind.ESCALATED if is_worse else TransitionKind.EXPLAINED
        self.kinds.pop(first.key, None)
        self.states[first.key] = replace(
            symptom, id=self.new_id(), sequence=0, told_at=None, told="", acknowledged_by=""
        )

    def _place(self, key: str, elder: str | None) -> None:
        """Note an incident's parent, and tell where that changes what people were told."""
        state = self.states[key]
        if elder is not None:
            parent = self.states[elder]
            if state.parent == parent.id:
                return
            self.states[key] = replace(state, parent=parent.id)
            if _is_told(state) and key not in self.kinds:
                self._tell(key, TransitionKind.EXPLAINED)
        elif state.parent and key in self.seen:
            self.states[key] = replace(state, parent="")
            # It was there without anybody's knowing, or its message says that it is another's.
            kind = TransitionKind.REOPENED if _is_told(state) else TransitionKind.OPENED
            if key in self.kinds:
                self.kinds[key] = kind
            else:
                self._tell(key, kind)

    def _tell(self, key: str, kind: TransitionKind) -> None:
        self.states[key], _ = tell(self.states[key], kind, self.now)
        self.kinds[key] = kind

    def describe(self, afflicted: Afflicted, places: Places) -> None:
        """Say of every open incident how far it goes and what it explains; tell that where it has
        changed."""
        for key, state in self.states.items():
            if state.phase is Phase.OPEN and not state.parent:
                self._describe(key, state, afflicted, places)
            elif key in self.kinds and _is_told(state):
                self.states[key] = replace(state, told_at=self.now)

    def _describe(
        self, key: str, state: IncidentState, afflicted: Afflicted, places: Places
    ) -> None:
        children = [self.states[child] for child in self.children.get(key, ())]
        kin = [one for one in children if level_of(one) is level_of(state)]
        reach = afflicted.reach([state, *kin], places) if len(places) > 1 else None
        listed = tuple(sorted({_listed(one) for one in children}))
        told = identify(repr(reach), *listed, *state.operations, *_as_it_is(state.finding))
        hurt = dict.fromkeys(name for one in (state, *children) for name in one.finding.consumers)
        finding = replace(state.finding, consumers=tuple(hurt))
        state = replace(state, finding=finding, reach=reach, children=listed)
        is_due = state.told_at is None or self.now - state.told_at >= SPREAD_INTERVAL
        if key not in self.kinds and state.told and told != state.told and is_due:
            state, _ = tell(state, TransitionKind.SPREAD, self.now)
            self.kinds[key] = TransitionKind.SPREAD
        if key in self.kinds:
            state = replace(state, told=told, told_at=self.now)
        self.states[key] = state


class _Elders:
    """The open incidents, the broadest and then the oldest first, and who may explain whom."""

    def __init__(self, states: Iterable[IncidentState]) -> None:
        still_open = [one for one in states if one.phase is Phase.OPEN]
        self.in_order = sorted(
            still_open, key=lambda one: (level_of(one), one.first_seen_at, one.key)
        )
        self._broad = [one for one in self.in_order if level_of(one) < Level.TOKEN]
        self._of_token: dict[str, list[IncidentState]] = {}
        self._kin: dict[tuple[str, ...], list[IncidentState]] = {}
        for one in self.in_order:
            if level_of(one) is Level.TOKEN:
                for name in one.workspaces:
                    self._of_token.setdefault(name, []).append(one)
            elif level_of(one) is Level.ENDPOINT:
                self._kin.setdefault(kinship(one.finding), []).append(one)

    def of(self, narrow: IncidentState, places: Places) -> IncidentState | None:
        """Return the broadest incident that explains one."""
        tokens = self._of_token.get(narrow.workspaces[0], []) if narrow.workspaces else []
        kin = self._kin.get(kinship(narrow.finding), [])
        candidates = (*self._broad, *tokens, *kin)
        return next((one for one in candidates if explains(one, narrow, places)), None)


def _as_it_is(finding: Finding) -> tuple[str, ...]:
    """Return what may change of slowness without its being another, or over: whether it pauses,
    and which operations are slow now."""
    if finding.rule.name != SLOWNESS:
        return ()
    return finding.course.value, *finding.operations


def _is_told(state: IncidentState) -> bool:
    return state.told_at is not None


def _listed(state: IncidentState) -> str:
    """Name an incident within another's message."""
    finding = state.finding
    if finding.rule.name == SCOPE:
        likely = likely_scope(map(Operation.parse, state.operations))
        return f"{SCOPE} {finding.expected}" + (f" (“{likely}”)" if likely else "")
    place = str(finding.operation) if finding.operation else finding.workspace
    return f"{finding.rule.name} {place}"
