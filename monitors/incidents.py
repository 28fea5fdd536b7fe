"""A cause over time, as a pure state machine.

`fold` takes the state of an incident and what a pass says of it, and returns the new state and the
change there is to tell, if any. It reads no clock and draws no identifier: both are arguments.

Findings of severity info, and accepted ones, never open an incident: they stand in the pass and in
the census. An open incident whose finding comes down to that is on its way to being resolved.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from contracts.findings import Finding
from contracts.rules import Rule, Scope, Severity
from monitors.records import IncidentState, Phase, Transition, TransitionKind

FAILURE_THRESHOLD: Final = 3
"""Sights in a row before what may be a blip is told."""
SUCCESS_THRESHOLD: Final = 2
"""Healthy observations in a row before it is over."""
REOPEN_WITHIN: Final = timedelta(hours=1)
"""What comes back sooner was not over: the same message says so. Most incidents that Intercom
reports, with their relapses, last less."""
FLAPPING_AFTER: Final = 3
"""Times it comes back before that itself is the news: a day of returns is one message, not
twenty."""
BLIND_AFTER: Final = 3
"""Observations in a row that could not tell, before it is said that nothing is known any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When an incident opens, ends, and is the same one again."""

    at_once: bool
    failure_threshold: int = FAILURE_THRESHOLD
    success_threshold: int = SUCCESS_THRESHOLD
    reopen_within: timedelta = REOPEN_WITHIN
    blind_after: int = BLIND_AFTER
    flapping_after: int = FLAPPING_AFTER
    """What flaps is over once it was not seen for `reopen_within`."""


def policy_for(
    rule: Rule,
    overrides: Mapping[str, Policy] = MappingProxyType({}),
    *,
    failure_threshold: int = FAILURE_THRESHOLD,
    success_threshold: int = SUCCESS_THRESHOLD,
) -> Policy:
    """Return the policy of a rule: the one that `overrides` has by its name, else its own
    certainty with the given thresholds."""
    return overrides.get(rule.name) or Policy(
        at_once=rule.at_once,
        failure_threshold=failure_threshold,
        success_threshold=success_threshold,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The cause was seen. `workspaces` and `operations` (as shown) are where; `confirmed` is
    False where the same pass also saw it not: then nothing is certain at once."""

    finding: Finding
    workspaces: tuple[str, ...]
    operations: tuple[str, ...] = ()
    confirmed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthy:
    """It would have been seen, and was not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMeasured:
    """Nothing arrived that could have shown it."""

    why: str = field(default="", compare=False)


Observed = Sighting | Healthy | NotMeasured
Change = tuple[IncidentState | None, Transition | None]


def key_of(finding: Finding) -> str:
    """Return what makes two findings the same incident: a workspace's own trouble by fingerprint,
    the API's by cause, however many workspaces see it."""
    if finding.rule.scope is Scope.WORKSPACE:
        return finding.fingerprint
    return finding.cause


def merge(sightings: Iterable[Sighting]) -> dict[str, Sighting]:
    """Make one sighting of those of one incident, by key: the most severe finding, everywhere it
    was seen. What is accepted or only noted in one workspace says nothing of another."""
    merged: dict[str, Sighting] = {}
    for sighting in sightings:
        key = key_of(sighting.finding)
        other = merged.get(key)
        if other is None or not _counts(other.finding):
            merged[key] = sighting
            continue
        if not _counts(sighting.finding):
            continue
        worse = max(other, sighting, key=lambda one: _badness(one.finding))
        merged[key] = Sighting(
            finding=worse.finding,
            workspaces=_united(other.workspaces, sighting.workspaces),
            operations=_united(other.operations, sighting.operations),
            confirmed=other.confirmed or sighting.confirmed,
        )
    return merged


def fold(
    state: IncidentState | None,
    observed: Observed,
    *,
    policy: Policy,
    now: datetime,
    new_id: Callable[[], str],
) -> Change:
    """Say what this observation does to the incident of its cause.

    None as a state is an incident nobody needs to remember. `new_id` is called once for every new
    occurrence.
    """
    if isinstance(observed, Sighting) and not _counts(observed.finding):
        observed = Healthy()
    if isinstance(observed, Sighting):
        return _seen(state, observed, policy, now, new_id)
    if state is None:
        return None, None
    if isinstance(observed, Healthy):
        return _healthy(state, policy, now)
    return _unmeasured(state, policy, now)


def acknowledge(state: IncidentState, *, by: str, now: datetime) -> Change:
    """Say that somebody has taken an incident on; nothing changes where it is not open, or where
    they have it already."""
    if state.phase is not Phase.OPEN or state.acknowledged_by == by:
        return state, None
    taken = replace(state, acknowledged_by=by, acknowledged_at=now)
    return _tell(taken, TransitionKind.ACKNOWLEDGED, now)


def _badness(finding: Finding) -> tuple[int, int]:
    return finding.severity.rank, finding.stage


def _counts(finding: Finding) -> bool:
    return finding.severity is not Severity.INFO and finding.accepted is None


def _seen(
    state: IncidentState | None,
    sighting: Sighting,
    policy: Policy,
    now: datetime,
    new_id: Callable[[], str],
) -> Change:
    told_stage = state.finding.stage if state else 0
    if state is None or _is_another_occurrence(state, policy, now):
        state = _first(sighting, now, new_id())
    else:
        state = _again(state, sighting, now)
    finding = sighting.finding
    if state.phase is Phase.OPEN:
        if finding.severity.rank <= state.severity.rank and finding.stage <= told_stage:
            return state, None
        severity = max(state.severity, finding.severity, key=lambda one: one.rank)
        return _tell(replace(_untaken(state), severity=severity), TransitionKind.ESCALATED, now)
    is_certain = policy.at_once and sighting.confirmed
    if not is_certain and state.failures < policy.failure_threshold:
        return state, None
    is_new = state.phase is Phase.PENDING
    reopenings = state.reopenings if is_new else state.reopenings + 1
    is_flapping = reopenings >= policy.flapping_after
    back = TransitionKind.FLAPPING if is_flapping else TransitionKind.REOPENED
    kind = TransitionKind.OPENED if is_new else back
    severity = max(state.severity, finding.severity, key=lambda one: one.rank)
    opened = replace(
        _untaken(state),
        phase=Phase.OPEN,
        severity=severity,
        opened_at=state.opened_at or now,
        resolved_at=None,
        reopenings=reopenings,
        is_flapping=is_flapping,
    )
    return _tell(opened, kind, now)


def _healthy(state: IncidentState, policy: Policy, now: datetime) -> Change:
    if state.phase is Phase.PENDING:
        return None, None  # a blip
    state = replace(state, failures=0, unmeasured=0, successes=state.successes + 1)
    if state.phase is Phase.RESOLVED or state.successes < policy.success_threshold:
        return state, None
    if state.is_flapping and now - state.last_seen_at < policy.reopen_within:
        return state, None  # calm for now, as it was before
    over = replace(state, phase=Phase.RESOLVED, resolved_at=now, is_flapping=False)
    return _tell(over, TransitionKind.RESOLVED, now)


def _unmeasured(state: IncidentState, policy: Policy, now: datetime) -> Change:
    if state.phase is Phase.RESOLVED:
        return state, None
    state = replace(state, unmeasured=state.unmeasured + 1)
    if state.phase is Phase.PENDING:
        return (state if state.unmeasured < policy.blind_after else None), None
    if state.unmeasured != policy.blind_after:  # told once, not with every pass
        return state, None
    return _tell(state, TransitionKind.BLIND, now)


def _is_another_occurrence(state: IncidentState, policy: Policy, now: datetime) -> bool:
    """Whether it was over for so long that this is a new one. What has begun to come back within
    the window belongs to the old one, also when the deciding sight comes after it."""
    return (
        state.phase is Phase.RESOLVED
        and state.failures == 0
        and state.resolved_at is not None
        and now - state.resolved_at > policy.reopen_within
    )


def _first(sighting: Sighting, now: datetime, incident_id: str) -> IncidentState:
    finding = sighting.finding
    return IncidentState(
        key=key_of(finding),
        id=incident_id,
        phase=Phase.PENDING,
        finding=finding,
        severity=finding.severity,
        workspaces=_united(sighting.workspaces),
        operations=_united(sighting.operations),
        failures=1,
        sights=1,
        first_seen_at=now,
        last_seen_at=now,
    )


def _again(state: IncidentState, sighting: Sighting, now: datetime) -> IncidentState:
    finding = sighting.finding
    if finding.stage < state.finding.stage:  # a step that was told is not told again
        finding = replace(finding, stage=state.finding.stage)
    return replace(
        state,
        finding=finding,
        workspaces=_united(state.workspaces, sighting.workspaces),
        operations=_united(state.operations, sighting.operations),
        failures=state.failures + 1,
        successes=0,
        unmeasured=0,
        sights=state.sights + 1,
        last_seen_at=now,
    )


def _untaken(state: IncidentState) -> IncidentState:
    """Whoever took on the lesser trouble has not seen this one."""
    return replace(state, acknowledged_by="", acknowledged_at=None)


def _tell(state: IncidentState, kind: TransitionKind, now: datetime) -> Change:
    told = replace(state, sequence=state.sequence + 1)
    return told, Transition(kind=kind, at=now, incident=told)


def _united(*names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set().union(*names)))
