"""A cause over time, as a pure state machine.

`fold` takes the state of an incident and what a pass says of it, and returns the new state and the
change there is to tell, if any. It reads no clock and draws no identifier: both are arguments. When
enough was seen is the policy's to say (`monitors.policies`); which findings are one incident, and
which incident explains another, is `monitors.grouping`'s.

Findings of severity info, and accepted ones, never open an incident: they stand in the pass and in
the census. An open incident whose finding comes down to that is on its way to being resolved.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from contracts.findings import Finding
from monitors.grouping import key_of
from monitors.policies import HEALTHY, SEEN, Policy, trailing
from monitors.records import IncidentState, Phase, Transition, TransitionKind
from monitors.sightings import (
    Accepted,
    Healthy,
    Observed,
    Paused,
    Settled,
    Sighting,
    causes_of,
    counts,
    united,
)

Change = tuple[IncidentState | None, Transition | None]


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
    if isinstance(observed, Sighting) and not counts(observed.finding):
        why = observed.finding.accepted
        observed = Healthy() if why is None else Accepted(why=why)
    if isinstance(observed, Sighting):
        return _seen(state, observed, policy, now, new_id)
    if state is None:
        return None, None
    if isinstance(observed, Accepted):
        return accept(state, why=observed.why, now=now)
    if isinstance(observed, Healthy):
        return _healthy(state, observed, policy, now)
    if isinstance(observed, Paused):
        return _paused(state, observed.finding, now)
    if isinstance(observed, Settled):
        return _settled(state, observed.finding, now)
    return _unmeasured(state, policy, now)


def acknowledge(state: IncidentState, *, by: str, now: datetime) -> Change:
    """Say that somebody has taken an incident on; nothing changes where it is not open, or where
    they have it already."""
    if state.phase is not Phase.OPEN or state.acknowledged_by == by:
        return state, None
    taken = replace(state, acknowledged_by=by, acknowledged_at=now)
    return tell(taken, TransitionKind.ACKNOWLEDGED, now)


def accept(state: IncidentState, *, why: str, now: datetime) -> Change:
    """End an incident because its cause is accepted on purpose, and say so; one that nobody was
    told of is forgotten."""
    if state.phase is Phase.PENDING:
        return None, None
    if state.phase is Phase.RESOLVED:
        return replace(state, record="", failures=0), None
    over = replace(
        state,
        phase=Phase.RESOLVED,
        resolved_at=now,
        is_flapping=False,
        is_blind=False,
        record="",
        failures=0,
        accepted=why,
        was_accepted="",
    )
    return tell(over, TransitionKind.RESOLVED, now)


def _seen(
    state: IncidentState | None,
    sighting: Sighting,
    policy: Policy,
    now: datetime,
    new_id: Callable[[], str],
) -> Change:
    told_stage = state.finding.stage if state else 0
    was_blind = state is not None and state.is_blind
    if state is None or _is_another_occurrence(state, sighting.finding, policy, now):
        accepted = state.accepted if state else ""
        state, was = _first(sighting, now, new_id(), policy, accepted), sighting.finding
    else:
        state, was = _again(state, sighting, now, policy), state.finding
    finding = sighting.finding
    if state.phase is Phase.OPEN:
        if finding.severity.rank > state.severity.rank or finding.stage > told_stage:
            severity = max(state.severity, finding.severity, key=lambda one: one.rank)
            return tell(replace(_untaken(state), severity=severity), TransitionKind.ESCALATED, now)
        if finding.rule.name != was.rule.name:
            return tell(state, TransitionKind.EXPLAINED, now)
        return tell(state, TransitionKind.MEASURED, now) if was_blind else (state, None)
    is_certain = sighting.confirmed and (policy.at_once or sighting.is_wide)
    if not (is_certain or policy.is_due(state.record)):
        return state, None
    is_new = state.phase is Phase.PENDING
    state = state if is_new else _back(state, sighting)
    reopenings = state.reopenings if is_new else state.reopenings + 1
    is_flapping = reopenings >= policy.flapping_after
    back = TransitionKind.FLAPPING if is_flapping else TransitionKind.REOPENED
    kind = TransitionKind.OPENED if is_new else back
    severity = max(state.severity, finding.severity, key=lambda one: one.rank)
    opened = replace(
        _untaken(state),
        phase=Phase.OPEN,
        severity=severity,
        opened_at=now,
        resolved_at=None,
        reopenings=reopenings,
        is_flapping=is_flapping,
        accepted="",
        was_accepted=state.accepted or state.was_accepted,
    )
    return tell(opened, kind, now)


def _healthy(state: IncidentState, healthy: Healthy, policy: Policy, now: datetime) -> Change:
    record = policy.add(state.record, HEALTHY) if healthy.record is None else healthy.record
    successes = max(state.successes + 1, trailing(record, HEALTHY))
    was_blind = state.is_blind
    state = replace(
        state, record=record, failures=0, unmeasured=0, successes=successes, is_blind=False
    )
    if state.phase is Phase.PENDING:
        return (state if SEEN in record else None), None  # a blip, once it is long ago
    if state.phase is Phase.RESOLVED:
        return state, None
    # What flaps is calm for now, as it was before: there only time tells.
    is_calm = successes >= policy.success_threshold if state.is_flapping else policy.is_calm(record)
    rest = policy.reopen_within if state.is_flapping else policy.keep_firing_for
    if not is_calm or now - state.last_seen_at < max(rest, policy.keep_firing_for):
        return tell(state, TransitionKind.MEASURED, now) if was_blind else (state, None)
    finding = replace(state.finding, message=state.finding.past or state.finding.message)
    over = replace(
        state,
        phase=Phase.RESOLVED,
        finding=finding,
        resolved_at=now,
        is_flapping=False,
        record="",
        was_accepted="",
    )
    return tell(over, TransitionKind.RESOLVED, now)


def _paused(state: IncidentState, finding: Finding, now: datetime) -> Change:
    if state.phase is not Phase.OPEN:
        return state, None
    was_blind = state.is_blind
    was = state.finding
    # Since when this spell lasts, and how far it went, is known from when it was seen.
    finding = replace(finding, began_at=was.began_at, operations=was.operations, past=was.past)
    state = replace(state, finding=finding, unmeasured=0, is_blind=False)
    return tell(state, TransitionKind.MEASURED, now) if was_blind else (state, None)


def _settled(state: IncidentState, finding: Finding, now: datetime) -> Change:
    if state.phase is Phase.PENDING:
        return None, None
    over = replace(
        state,
        phase=Phase.RESOLVED,
        finding=_begun(state, finding),
        resolved_at=state.resolved_at or now,
        is_flapping=False,
        is_blind=False,
        record="",
        failures=0,
        was_accepted="",
    )
    was_over = state.phase is Phase.RESOLVED
    return (over, None) if was_over else tell(over, TransitionKind.RESOLVED, now)


def _begun(state: IncidentState, finding: Finding) -> Finding:
    """Return a finding of the same occurrence, which began when it was first said to begin."""
    known = [one for one in (state.finding.began_at, finding.began_at) if one is not None]
    return replace(finding, began_at=min(known, default=None))


def _unmeasured(state: IncidentState, policy: Policy, now: datetime) -> Change:
    if state.phase is Phase.RESOLVED:
        return state, None
    state = replace(state, unmeasured=state.unmeasured + 1)
    if state.phase is Phase.PENDING:
        return (state if state.unmeasured < policy.blind_after else None), None
    if state.is_blind or state.unmeasured < policy.blind_after:  # told once, not with every pass
        return state, None
    return tell(replace(state, is_blind=True), TransitionKind.BLIND, now)


def _is_another_occurrence(
    state: IncidentState, finding: Finding, policy: Policy, now: datetime
) -> bool:
    """Whether it was over for so long that this is a new one. What has begun to come back within
    the window belongs to the old one, also when the deciding sight comes after it. Of what began
    while the old one was there it is known that it is the same."""
    if not is_at_rest(state) or state.resolved_at is None:
        return False
    is_known = finding.first_at is not None and finding.first_at < state.resolved_at
    return not is_known and now - state.resolved_at > policy.reopen_within


def is_at_rest(state: IncidentState) -> bool:
    """Whether it is over, and has not begun to come back."""
    return state.phase is Phase.RESOLVED and SEEN not in state.record


def _first(
    sighting: Sighting, now: datetime, incident_id: str, policy: Policy, was_accepted: str
) -> IncidentState:
    finding = sighting.finding
    record = policy.add("", SEEN) if sighting.record is None else sighting.record
    return IncidentState(
        key=sighting.key or key_of(finding),
        id=incident_id,
        phase=Phase.PENDING,
        finding=finding,
        severity=finding.severity,
        workspaces=united(sighting.workspaces),
        operations=united(sighting.operations),
        causes=united(causes_of(sighting)),
        record=record,
        failures=trailing(record, SEEN),
        sights=1,
        first_seen_at=now,
        last_seen_at=now,
        was_accepted=was_accepted,
    )


def _again(
    state: IncidentState, sighting: Sighting, now: datetime, policy: Policy
) -> IncidentState:
    finding = _begun(state, sighting.finding)
    # In the end a group is told as it was when it was widest first, and not as it went.
    is_wider = finding.operation or len(sighting.operations) > len(state.operations)
    if not (finding.past and is_wider):
        finding = replace(finding, past=state.finding.past)
    if sighting.well and set(state.workspaces) <= set(sighting.workspaces):
        is_over = set(sighting.well) - set(sighting.operations)
        still = {*state.finding.operations, *sighting.operations} - is_over
        finding = replace(finding, operations=tuple(sorted(still)))
    if finding.stage < state.finding.stage:  # a step that was told is not told again
        finding = replace(finding, stage=state.finding.stage)
    record = policy.add(state.record, SEEN) if sighting.record is None else sighting.record
    return replace(
        state,
        finding=finding,
        causes=united(state.causes, causes_of(sighting)),
        record=record,
        workspaces=united(state.workspaces, sighting.workspaces),
        operations=united(state.operations, sighting.operations),
        failures=trailing(record, SEEN),
        successes=0,
        unmeasured=0,
        is_blind=False,
        sights=state.sights + 1,
        last_seen_at=now,
    )


def _back(state: IncidentState, sighting: Sighting) -> IncidentState:
    """Return what is back, where it is back: that may be elsewhere, and less severe."""
    seen = sighting.finding
    return replace(
        state,
        finding=replace(state.finding, past=seen.past, operations=seen.operations),
        severity=seen.severity,
        workspaces=united(sighting.workspaces),
        operations=united(sighting.operations),
    )


def _untaken(state: IncidentState) -> IncidentState:
    """Whoever took on the lesser trouble has not seen this one."""
    return replace(state, acknowledged_by="", acknowledged_at=None)


def tell(
    state: IncidentState, kind: TransitionKind, now: datetime
) -> tuple[IncidentState, Transition]:
    """Return the state with one transition more, and the transition."""
    told = replace(state, sequence=state.sequence + 1)
    return told, Transition(kind=kind, at=now, incident=told)
