"""One message of every kind about something that did not happen, to see how a channel shows them.

Each says that it is a test before it says anything else.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.rules import RULES
from monitors.alerting.render import render
from monitors.records import IncidentState, Notice, Phase, Transition, TransitionKind

MARK: Final = ":test_tube: *TEST, nothing is wrong.*"
_BEGAN: Final = timedelta(minutes=42)  # before the test; any span that reads naturally


def samples(channel: str, *, test_id: str, now: datetime) -> Iterator[Notice]:
    """Yield a notice of each kind of transition for `channel`, each an incident of its own."""
    for kind in TransitionKind:
        incident = _incident(kind, f"test-{test_id}-{kind.value}", now)
        notice = render(Transition(kind=kind, at=now, incident=incident), channel=channel, now=now)
        yield replace(notice, text=f"{MARK} {notice.text}")


def _incident(kind: TransitionKind, incident_id: str, now: datetime) -> IncidentState:
    rule = RULES["schema-required"]
    operation = Operation.parse("GET /contacts/{contact_id}")
    finding = Finding(
        rule=rule,
        severity=rule.severity,
        workspace="example",
        region="us",
        version="2.15",
        operation=operation,
        location="/email",
        expected="string",
        observed="absent",
        message="The field `email` is gone from GET /contacts/{contact_id}.",
        consumers=("crm-sync",),
        observed_at=now,
    )
    is_over = kind is TransitionKind.RESOLVED
    is_taken = kind is TransitionKind.ACKNOWLEDGED
    return IncidentState(
        key=finding.cause,
        id=incident_id,
        phase=Phase.RESOLVED if is_over else Phase.OPEN,
        finding=finding,
        severity=finding.severity,
        workspaces=(finding.workspace,),
        operations=(str(operation),),
        sights=3,
        successes=2 if is_over else 0,
        first_seen_at=now - _BEGAN,
        last_seen_at=now,
        opened_at=now - _BEGAN,
        resolved_at=now if is_over else None,
        sequence=1,
        acknowledged_by="somebody on call" if is_taken else "",
        acknowledged_at=now if is_taken else None,
    )
