"""Domain values to rows and back.

Everything here is symmetric: what goes in comes out equal (property-tested).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import RowMapping

from contracts.exchanges import Operation
from contracts.findings import Certainty, Course, Finding
from contracts.rules import RULES, Evidence, Rule, Scope, Severity
from monitors.policies import BLIND_AFTER
from monitors.records import (
    IncidentState,
    Measurement,
    Notice,
    NoticeForm,
    NoticeKind,
    NoticeStatus,
    Outcome,
    Phase,
    QueuedNotice,
    Reach,
    Share,
    Telling,
    Transition,
    TransitionKind,
)

MEASURED: Final = tuple(field.name for field in fields(Measurement))
"""The columns of a measurement, in the order that `measurement_of` reads them in."""
_operation_of: Final = lru_cache(maxsize=1024)(Operation.parse)
_STATE_TIMES: Final = (
    "first_seen_at",
    "last_seen_at",
    "opened_at",
    "resolved_at",
    "acknowledged_at",
    "told_at",
)
_FINDING_TIMES: Final = (
    "observed_at",
    "first_at",
    "began_at",
    "ended_at",
    "deprecated_at",
    "ends_at",
)
_STATE_LISTS: Final = ("workspaces", "operations", "causes", "children")


@lru_cache(maxsize=1024)
def identity_of(operation: str) -> str:
    """Return the identity of an operation as it was written."""
    return _operation_of(operation).identity


def compact(document: object) -> str:
    """Return `document` as JSON without spaces."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def measurement_row(pass_id: str, measurement: Measurement) -> dict[str, object]:
    """Return the row of one measurement."""
    row: dict[str, object] = {name: getattr(measurement, name) for name in MEASURED}
    row["pass_id"] = pass_id
    row["operation"] = str(measurement.operation)
    row["outcome"] = measurement.outcome.value
    return row


def measurement_of(row: Sequence[Any]) -> Measurement:
    """Read a measurement back."""
    values = dict(zip(MEASURED, row, strict=True))
    values["operation"] = _operation_of(values["operation"])
    values["outcome"] = Outcome(values["outcome"])
    return Measurement(**values)


def finding_row(pass_id: str, finding: Finding) -> dict[str, object]:
    """Return the row of one finding."""
    return {
        "pass_id": pass_id,
        "rule": finding.rule.name,
        "finding": compact(_finding_document(finding)),
    }


def finding_of(text: str) -> Finding:
    """Read a finding back."""
    return _finding_from(json.loads(text))


def state_text(state: IncidentState) -> str:
    """Return an incident's state as compact JSON."""
    document: dict[str, object] = {
        field.name: getattr(state, field.name) for field in fields(IncidentState)
    }
    document["finding"] = _finding_document(state.finding)
    for name in _STATE_TIMES:
        document[name] = _time_text(getattr(state, name))
    document["reach"] = asdict(state.reach) if state.reach else None
    return compact(document)


def state_of(text: str) -> IncidentState:
    """Read an incident's state back."""
    document = json.loads(text)
    document["phase"] = Phase(document["phase"])
    document["severity"] = Severity(document["severity"])
    document["finding"] = _finding_from(document["finding"])
    # A state that an earlier version recorded lacks what is new.
    for name in _STATE_LISTS:
        document[name] = tuple(document.get(name, ()))
    for name in _STATE_TIMES:
        document[name] = _time_of(document.get(name))
    is_blind = document["phase"] is Phase.OPEN and document["unmeasured"] >= BLIND_AFTER
    document.setdefault("is_blind", is_blind)
    document["reach"] = _reach_of(document.get("reach"))
    return IncidentState(**document)


def _reach_of(document: dict[str, Any] | None) -> Reach | None:
    if document is None:
        return None
    regions = tuple(Share(**one) for one in document["regions"])
    versions = tuple(Share(**one) for one in document["versions"])
    return Reach(**{**document, "regions": regions, "versions": versions})


def transition_of(row: RowMapping) -> Transition:
    """Read a transition back."""
    return Transition(
        kind=TransitionKind(row["kind"]), at=row["at"], incident=state_of(row["state"])
    )


def notice_row(notice: Notice, *, now: datetime) -> dict[str, object]:
    """Return the row of a notice that is due at once."""
    return {
        "channel": notice.channel,
        "incident_id": notice.incident_id,
        "sequence": notice.sequence,
        "form": notice.form.value,
        "kind": notice.kind.value,
        "text": notice.text,
        "blocks": compact(notice.blocks),
        "color": notice.color,
        "status": NoticeStatus.PENDING.value,
        "attempts": 0,
        "next_attempt_at": now,
        "created_at": now,
        "ambiguous": False,
        "error": "",
        "possibly_repeated": False,
    }


def queued_of(
    row: RowMapping, *, parent: tuple[str, str] | None, is_repeat: bool = False
) -> QueuedNotice:
    """Read a notice of the outbox back; `parent` is its incident's first message, if posted, and
    `is_repeat` whether that may repeat an earlier one."""
    return QueuedNotice(
        id=row["id"],
        notice=Notice(
            channel=row["channel"],
            incident_id=row["incident_id"],
            sequence=row["sequence"],
            kind=_kind_of(row["kind"]),
            text=row["text"],
            blocks=tuple(json.loads(row["blocks"])),
            color=row["color"],
            form=NoticeForm(row["form"]),
        ),
        status=NoticeStatus(row["status"]),
        attempts=row["attempts"],
        next_attempt_at=row["next_attempt_at"],
        created_at=row["created_at"],
        ambiguous=row["ambiguous"],
        error=row["error"],
        parent=parent,
        is_repeat=is_repeat,
    )


def _kind_of(name: str) -> NoticeKind:
    return Telling(name) if name in set(Telling) else TransitionKind(name)


def _finding_document(finding: Finding) -> dict[str, object]:
    document: dict[str, object] = {
        field.name: getattr(finding, field.name) for field in fields(Finding)
    }
    document["rule"] = finding.rule.name
    document["operation"] = str(finding.operation) if finding.operation else None
    for name in _FINDING_TIMES:
        document[name] = _time_text(getattr(finding, name))
    return document


def _finding_from(document: dict[str, Any]) -> Finding:
    severity = Severity(document["severity"])
    operation = document["operation"]
    return Finding(
        **{
            **document,
            "rule": RULES.get(document["rule"]) or _retired(document["rule"], severity),
            "severity": severity,
            "operation": Operation.parse(operation) if operation else None,
            "consumers": tuple(document["consumers"]),
            "operations": tuple(document.get("operations", ())),
            "certainty": Certainty(document["certainty"]),
            "course": Course(document.get("course", Course.GOES_ON)),
            **{name: _time_of(document.get(name)) for name in _FINDING_TIMES},
        }
    )


def _retired(name: str, severity: Severity) -> Rule:
    """Stand in for a rule that was recorded by another version of intercheck."""
    return Rule(
        name=name,
        severity=severity,
        scope=Scope.WORKSPACE,
        measured_by=Evidence.ANSWER,
        at_once=False,
        meaning="a rule that this version of intercheck does not have",
        remedy="",
        example="",
    )


def _time_text(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _time_of(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
