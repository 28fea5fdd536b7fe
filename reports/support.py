"""What Intercom's support asks for, ready to paste: when, where, which requests.

No token and no value of a customer's, since none is kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from contracts.exchanges import Operation
from monitors.records import IncidentState, Measurement, Outcome, Transition

MOST_REQUESTS: Final = 5
LONGEST_PASS: Final = timedelta(minutes=15)
"""An incident is first seen when its pass ends; the request that showed it was sent before."""
_WIDTH: Final = 16
_UNKNOWN: Final = "not known"


def support_text(
    incident: IncidentState,
    *,
    transitions: Iterable[Transition] = (),
    measurements: Iterable[Measurement] = (),
    app_ids: Mapping[str, str] | None = None,
) -> str:
    """Return it. `measurements` are those around the incident, of any operation; `app_ids` say by
    workspace which app's token asked."""
    finding = incident.finding
    concerned = sorted(_of(incident, measurements), key=lambda one: one.started_at)
    apps = [f"{(app_ids or {}).get(name, _UNKNOWN)} ({name})" for name in incident.workspaces]
    rows = [
        ("What", finding.message),
        ("Operation", ", ".join(incident.operations) or str(finding.operation or "all")),
        ("Place", finding.location),
        ("Expected", finding.expected),
        ("Observed", finding.observed),
        ("API version", finding.version or "the app's default"),
        ("Region", finding.region.upper()),
        ("App id", ", ".join(apps)),
        ("First seen", _utc(incident.first_seen_at)),
        ("Last seen", _utc(incident.last_seen_at)),
        ("Seen", "once" if incident.sights == 1 else f"{incident.sights} times"),
        ("Deployment", _deployments(incident, concerned)),
        ("Certainty", finding.certainty.value),
        ("Rule and cause", f"{finding.rule.name} {finding.cause}"),
    ]
    lines = [f"{name:{_WIDTH}}{value}" for name, value in rows]
    lines.append("Request ids")
    lines += [f"  {line}" for line in _requests(incident, transitions, concerned)]
    return "\n".join(lines)


def _of(incident: IncidentState, measurements: Iterable[Measurement]) -> Iterable[Measurement]:
    operation = incident.finding.operation
    wanted = {operation.identity} if operation else set()
    wanted |= {Operation.parse(shown).identity for shown in incident.operations}
    return [
        one
        for one in measurements
        if one.workspace in incident.workspaces and one.operation.identity in wanted
    ]


def _deployments(incident: IncidentState, concerned: Sequence[Measurement]) -> str:
    """Say which deployment answered when it began, and whether it came with it."""
    first = next((one for one in concerned if _shows_it(one, incident)), None)
    deployment = (first.deployment if first else None) or incident.finding.deployment
    if deployment is None:
        return _UNKNOWN
    before = [
        one
        for one in concerned
        if first and one.started_at < first.started_at and one.deployment and not _failed(one)
    ]
    if not before:
        return deployment
    last = before[-1]
    if last.deployment == deployment:
        return f"{deployment} (the same as before it began)"
    return f"{deployment}; it began with it: {last.deployment} answered {_utc(last.started_at)}"


def _shows_it(one: Measurement, incident: IncidentState) -> bool:
    """Whether a measurement may be of the pass in which it was first seen, or later."""
    return _failed(one) and one.started_at >= incident.first_seen_at - LONGEST_PASS


def _failed(one: Measurement) -> bool:
    return one.outcome is Outcome.FAILED


def _requests(
    incident: IncidentState, transitions: Iterable[Transition], concerned: Sequence[Measurement]
) -> list[str]:
    """Name the latest requests that showed it, each with its time and status."""
    told = [incident.finding, *(one.incident.finding for one in transitions)]
    found = {
        one.request_id: f"{one.request_id}  {_utc(one.observed_at)}"
        for one in told
        if one.request_id
    }
    for one in concerned:
        if one.request_id and _shows_it(one, incident):
            status = f"  {one.status}" if one.status else ""
            line = f"{one.request_id}  {_utc(one.started_at)}{status}  {one.operation}"
            found[one.request_id] = line
    lines = sorted(found.values(), key=lambda line: line.split("  ")[1], reverse=True)
    return lines[:MOST_REQUESTS] or ["none: Intercom gave no answer that carries one"]


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
