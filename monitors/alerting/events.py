"""An incident's change of state as a document, for what takes data and not sentences.

The published form (schema 1, docs/alerts.md): PagerDuty, Alertmanager, mail and the generic webhook
each take from it what they know. Shapes, never values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from monitors.alerting import facts, phrases
from monitors.alerting.render import Surroundings
from monitors.records import Notice, Phase, Transition

SCHEMA: Final = 1

Event = Mapping[str, object]


def as_event(notice: Notice, transition: Transition, surroundings: Surroundings) -> Notice:
    """Return the notice for a channel that takes events: plain text, and one document in place of
    the blocks."""
    text = phrases.plain(notice.text)
    document = event_of(transition, surroundings)
    details = "\n\n".join(phrases.plain(text) for text in texts_of(notice.blocks))
    return replace(notice, text=text, blocks=({**document, "summary": text, "details": details},))


def as_note(notice: Notice) -> Notice:
    """Return what is no change of state (a reminder, a digest) for a channel that takes events."""
    text = phrases.plain(notice.text)
    details = "\n\n".join(phrases.plain(text) for text in texts_of(notice.blocks))
    kind, about = notice.kind.value, notice.incident_id
    note = {"schema": SCHEMA, "kind": kind, "about": about, "summary": text, "details": details}
    return replace(notice, text=text, blocks=(note,))


def event_of(transition: Transition, surroundings: Surroundings) -> dict[str, object]:
    """Return what happened to an incident, as plain values."""
    incident, finding = transition.incident, transition.incident.finding
    return {
        "schema": SCHEMA,
        "kind": transition.kind.value,
        "at": transition.at.isoformat(),
        "incident": incident.id,
        "sequence": incident.sequence,
        "is_open": incident.phase is Phase.OPEN,
        "is_blind": incident.is_blind,
        "severity": incident.severity.value,
        "rule": finding.rule.name,
        "key": incident.key,
        "cause": finding.cause,
        "operation": str(finding.operation) if finding.operation else "*",
        "identity": finding.operation.identity if finding.operation else "*",
        "operations": list(incident.operations),
        "workspaces": list(incident.workspaces),
        "region": finding.region,
        "version": finding.version,
        "location": finding.location,
        "expected": finding.expected,
        "observed": finding.observed,
        "evidence": finding.evidence or f"expected {finding.expected}, got {finding.observed}",
        "certainty": finding.certainty.value,
        "request_id": finding.request_id,
        "deployment": finding.deployment,
        "message": finding.message,
        "remedy": finding.remedy or finding.rule.remedy,
        "consumers": [
            {
                "name": name,
                "owner": contact.owner if (contact := surroundings.contacts.get(name)) else "",
                "runbook": contact.runbook if contact else "",
            }
            for name in finding.consumers
        ],
        "began_at": incident.began_at.isoformat(),
        "ended_at": _written(incident.resolved_at),
        "acknowledged_by": incident.acknowledged_by,
        "report_url": surroundings.report_url if facts.link(surroundings.report_url, "x") else None,
    }


def event_in(notice: Notice) -> dict[str, object]:
    """Return the document of a notice that `as_event` made; empty where it is another's."""
    return dict(notice.blocks[0]) if notice.blocks else {}


def marked(notice: Notice, channel: str) -> Notice:
    """Return a notice that says whom it was meant for."""
    text = f"{notice.text} ({channel} did not take this.)"
    event = event_in(notice)
    if "summary" not in event:
        return replace(notice, text=text)
    return replace(notice, text=text, blocks=({**event, "summary": text},))


def texts_of(part: object) -> list[str]:
    """Return the texts of blocks, in their order."""
    if isinstance(part, Mapping):
        text = part.get("text")
        if isinstance(text, str):
            return [text]
        return [one for value in part.values() for one in texts_of(value)]
    if isinstance(part, Sequence) and not isinstance(part, str):
        return [one for value in part for one in texts_of(value)]
    return []


def _written(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
