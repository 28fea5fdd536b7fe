"""What support is told: of which deployment it is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.rules import RULES, Severity
from monitors.records import IncidentState, Measurement, Outcome, Phase
from reports.support import support_text

TAGS = Operation(method="GET", path="/tags")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
OLD, NEW = "a" * 40, "b" * 40


def incident() -> IncidentState:
    finding = Finding(
        rule=RULES["schema-null"],
        severity=Severity.WARNING,
        workspace="acme",
        region="eu",
        version="2.15",
        operation=TAGS,
        location="/data/*/name",
        expected="string",
        observed="null",
        message="GET /tags has null at /data/*/name.",
        deployment=NEW,
        observed_at=NOON,
    )
    return IncidentState(
        key=finding.cause,
        id="1",
        phase=Phase.OPEN,
        finding=finding,
        severity=Severity.WARNING,
        workspaces=("acme",),
        operations=("GET /tags",),
        first_seen_at=NOON + timedelta(seconds=9),
        last_seen_at=NOON + timedelta(minutes=5),
    )


def measured(minutes: int, deployment: str, outcome: Outcome) -> Measurement:
    return Measurement(
        workspace="acme",
        region="eu",
        version="2.15",
        operation=TAGS,
        started_at=NOON + timedelta(minutes=minutes),
        outcome=outcome,
        status=200,
        request_id=f"request{minutes}",
        deployment=deployment,
    )


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (OLD, f"{NEW}; it began with it: {OLD} answered 2026-03-02 11:55:00 UTC"),
        (NEW, f"{NEW} (the same as before it began)"),
        (None, f"Deployment      {NEW}\n"),
    ],
)
def test_what_began_with_a_deployment_says_so(before: str | None, words: str) -> None:
    healthy = [measured(-5, before, Outcome.HEALTHY)] if before else []
    other = replace(measured(-1, OLD, Outcome.HEALTHY), operation=Operation.parse("GET /me"))
    shown = [measured(0, NEW, Outcome.FAILED), measured(5, NEW, Outcome.FAILED)]
    text = support_text(incident(), measurements=[*shown, other, *healthy])
    assert words in text
    assert "request0  2026-03-02 12:00:00 UTC  200  GET /tags" in text
    assert "request-5" not in text
