"""Nothing of a customer and no token reaches an artefact: from a recording to every report."""

import json
from datetime import timedelta
from pathlib import Path

from contracts.clock import SystemClock
from intercheck.replaying import judge, read_all
from monitors.grouping import key_of
from monitors.history import History
from monitors.promises import Promises
from monitors.records import (
    IncidentState,
    Measurement,
    Outcome,
    PassRecord,
    Phase,
    Transition,
    TransitionKind,
)
from reports.reading import summary_of
from reports.writing import FILES, write_reports

TOKEN = "canary-dG9rOjEyMzQ1Njc4OTAx"
CANARIES = ("canary", "Canary")
CONTACT = {
    "type": "contact",
    "id": 77,
    "email": ["canary@example.com"],
    "name": {"canary_name": "Canary"},
    "phone": "canary-phone",
    "custom_attributes": {"canary_attribute": {"canary_key": ["Canary"]}},
}


def lines() -> str:
    """Return exchanges with a canary wherever a token, a value or a key can stand."""
    asked = {"Authorization": f"Bearer {TOKEN}", "Cookie": f"session={TOKEN}"}
    answers: list[tuple[str, int, object]] = [
        (f"/contacts/canary-id?token={TOKEN}", 200, CONTACT),
        ("/contacts", 200, {"type": "list", "data": [CONTACT, "canary"], "pages": "canary"}),
        ("/contacts/canary@example.com", 404, {"type": "error.list", "errors": "canary"}),
        ("/tags", 401, {"type": "error.list", "errors": [{"code": TOKEN, "message": TOKEN}]}),
        ("/admins", 200, f"<html>canary {TOKEN}"),
        (
            "/teams",
            422,
            {
                "errors": [
                    {"code": "canary@example.com", "field": "Canary Customer", "message": "Canary"}
                ]
            },
        ),
    ]
    return "\n".join(
        json.dumps(
            {
                "method": "GET",
                "url": f"https://api.intercom.io{url}",
                "status": status,
                "headers": {
                    "content-type": "application/json",
                    "warning": f'299 - "canary {TOKEN}"',
                    "deprecation": "canary",
                    "sunset": f"canary {TOKEN}",
                },
                "request_headers": asked,
                "body": body,
                "version": "2.15",
                "workspace": "acme",
            }
        )
        for url, status, body in answers
    )


def test_no_canary_reaches_the_history_or_a_report(tmp_path: Path) -> None:
    path = tmp_path / "recorded.jsonl"
    path.write_text(lines())
    recording = read_all([path], Promises(lambda _version: None), default_version="2.15")
    assert len(recording.exchanges) == 6
    findings = tuple(diagnosed.finding for diagnosed in judge(recording))
    assert len(findings) > 5
    clock = SystemClock()
    now = clock.now()
    states = [
        IncidentState(
            key=key_of(finding),
            id=f"i-{number}",
            phase=Phase.OPEN,
            finding=finding,
            severity=finding.severity,
            workspaces=(finding.workspace,),
            operations=(str(finding.operation or "*"),),
            first_seen_at=now - timedelta(minutes=5),
            last_seen_at=now,
        )
        for number, finding in enumerate(findings)
    ]
    url = f"sqlite:///{tmp_path / 'history.sqlite'}"
    with History.open(url, clock=clock) as history:
        history.record(
            PassRecord(
                id="p",
                started_at=now - timedelta(seconds=2),
                finished_at=now,
                measurements=tuple(
                    Measurement(
                        workspace="acme",
                        region="us",
                        version="2.15",
                        operation=exchange.operation,
                        started_at=now - timedelta(seconds=1),
                        outcome=Outcome.FAILED,
                        status=exchange.response.status if exchange.response else None,
                        total_ms=5.0,
                    )
                    for exchange, _ in recording.exchanges
                    if exchange.operation is not None
                ),
                findings=findings,
                requests=6,
            ),
            states=states,
            transitions=[
                Transition(kind=TransitionKind.OPENED, at=now, incident=state) for state in states
            ],
        )
        summary = summary_of(history, now=now)
    written = write_reports(summary, FILES, tmp_path / "out")
    for artefact in (*written, *tmp_path.glob("history.sqlite*")):
        content = artefact.read_bytes()
        assert [canary for canary in CANARIES if canary.encode() in content] == [], artefact.name
