"""A made-up week of one monitor: what every report is tried on."""

import math
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.rules import RULES, Severity
from monitors.records import (
    IncidentState,
    Measurement,
    Notice,
    NoticeStatus,
    Outcome,
    PassRecord,
    Phase,
    QueuedNotice,
    Transition,
    TransitionKind,
)
from reports.summaries import Summary, summarise

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EVERY = timedelta(minutes=10)
PASSES = 120
REMOVED_AT = 97  # the pass from which a field is gone
SLOW_BETWEEN = range(60, 75)
DOWN_BETWEEN = range(40, 44)

# Operation and its usual time in milliseconds.
PROBES = {
    "GET /me": 90,
    "GET /admins": 120,
    "GET /contacts": 210,
    "POST /contacts/search": 260,
    "GET /contacts/{contact_id}": 140,
    "GET /contacts/{contact_id}/tags": 110,
    "GET /companies": 190,
    "GET /conversations": 480,
    "POST /conversations/search": 560,
    "GET /conversations/{conversation_id}": 310,
    "GET /tags": 60,
    "GET /teams": 75,
    "GET /articles": 230,
    "POST /tickets/search": 330,
    "GET /ticket_types": 105,
}
LACKING = {"GET /ticket_types": "the workspace has no tickets"}
UNREAD = {"GET /contacts/{contact_id}/tags": "GET /contacts gave no identifier to read"}


def measurement(operation: str, number: int, chance: random.Random, workspace: str) -> Measurement:
    """Return what one probe of one pass measured."""
    at = NOW - EVERY * (PASSES - number)
    outcome, why, status, failure = Outcome.HEALTHY, "", 200, None
    usual = PROBES[operation] * (1 + 0.15 * math.sin(number / 23))
    total: float | None = usual * chance.lognormvariate(0, 0.16)
    if operation in LACKING:
        outcome, why = Outcome.NOT_APPLICABLE, LACKING[operation]
    elif operation in UNREAD and number > 70:
        outcome, why = Outcome.NOT_MEASURED, UNREAD[operation]
    elif number in DOWN_BETWEEN and workspace == "acme":
        outcome, status = Outcome.FAILED, 503
    elif operation == "GET /contacts/{contact_id}" and number >= REMOVED_AT:
        outcome = Outcome.FAILED
    elif operation == "POST /conversations/search" and number in SLOW_BETWEEN:
        total = (total or 0) * 3.1
    if outcome in (Outcome.NOT_APPLICABLE, Outcome.NOT_MEASURED):
        total = None
    return Measurement(
        workspace=workspace,
        region="us" if workspace == "acme" else "eu",
        version="2.15",
        operation=Operation.parse(operation),
        started_at=at,
        outcome=outcome,
        why=why,
        status=None if total is None else status,
        failure=failure,
        total_ms=total,
        first_byte_ms=None if total is None else total * 0.93,
        server_ms=None if total is None else total * 0.7,
        request_id=None if total is None else f"00{number:03d}lq9c2jkfs8d1em",
        deployment="9f26d01b4c5a7e8f90123456789abcdef0123456",
    )


def finding(
    rule: str = "schema-required",
    *,
    workspace: str = "acme",
    operation: str | None = "GET /contacts/{contact_id}",
    location: str = "/email",
    expected: str = "present",
    observed: str = "absent",
    message: str = "`/email` is gone from GET /contacts/{contact_id}, where every answer held it.",
    severity: Severity | None = None,
    consumers: tuple[str, ...] = (),
    accepted: str | None = None,
    at: datetime = NOW - timedelta(minutes=10),
) -> Finding:
    """Return one finding."""
    return Finding(
        rule=RULES[rule],
        severity=severity or RULES[rule].severity,
        workspace=workspace,
        region="us",
        version="2.15",
        operation=Operation.parse(operation) if operation else None,
        location=location,
        expected=expected,
        observed=observed,
        message=message,
        consumers=consumers,
        accepted=accepted,
        request_id="00119lq9c2jkfs8d1em",
        deployment="9f26d01b4c5a7e8f90123456789abcdef0123456",
        observed_at=at,
    )


def incident(
    sight: Finding,
    *,
    id: str,
    begun: timedelta,
    ended: timedelta | None = None,
    workspaces: tuple[str, ...] = ("acme",),
    severity: Severity | None = None,
) -> IncidentState:
    """Return an incident first seen `begun` ago, and over since `ended` ago."""
    return IncidentState(
        key=sight.cause,
        id=id,
        phase=Phase.OPEN if ended is None else Phase.RESOLVED,
        finding=sight,
        severity=severity or sight.severity,
        workspaces=workspaces,
        operations=(str(sight.operation or "*"),),
        sights=9,
        first_seen_at=NOW - begun,
        last_seen_at=NOW - (ended or timedelta(minutes=10)),
        opened_at=NOW - begun,
        resolved_at=None if ended is None else NOW - ended,
        sequence=1 if ended is None else 2,
    )


REMOVED = finding(severity=Severity.CRITICAL, consumers=("crm-sync", "messenger-backend"))
SUNSET = finding(
    "deprecation-announced",
    operation="GET /companies",
    location="header:deprecation",
    expected="absent",
    observed="announced",
    message="GET /companies announces that it is deprecated; it goes on 2026-06-30.",
)
SLOW = finding(
    "latency-regression",
    operation="POST /conversations/search",
    location="latency",
    expected="usual",
    observed="slower",
    message="p50 is 1.7 s, 3.1 times the usual 560 ms; server time, this operation only.",
    at=NOW - timedelta(hours=8),
)
DOWN = finding(
    "server-error",
    operation=None,
    location="status",
    expected="2xx",
    observed="503",
    message="Intercom answers 503 on every operation.",
    severity=Severity.CRITICAL,
    at=NOW - timedelta(hours=13),
)
KNOWN = finding(
    "schema-null",
    operation="GET /conversations/{conversation_id}",
    location="/statistics/time_to_assignment",
    expected="integer",
    observed="null",
    message="`/statistics/time_to_assignment` is null; the description says integer.",
    accepted="Intercom's description is wrong here (Intercom-OpenAPI#166).",
)
EXTRA = finding(
    "schema-undocumented",
    operation="GET /contacts",
    location="/data/*/sms_consent",
    expected="absent",
    observed="boolean",
    message="`/data/*/sms_consent` is not in the description; Intercom calls that no change.",
    severity=Severity.INFO,
)
INCIDENTS = (
    incident(
        REMOVED,
        id="inc-1",
        begun=timedelta(hours=3, minutes=50),
        workspaces=("acme", "globex"),
    ),
    incident(SUNSET, id="inc-2", begun=timedelta(hours=16)),
    incident(SLOW, id="inc-3", begun=timedelta(hours=10), ended=timedelta(hours=7, minutes=30)),
    incident(
        DOWN, id="inc-4", begun=timedelta(hours=13, minutes=20), ended=timedelta(hours=12.5)
    ),
)  # fmt: skip


def passes(count: int = PASSES, seed: int = 7) -> tuple[PassRecord, ...]:
    """Return the last `count` passes over two Intercom workspaces."""
    chance = random.Random(seed)
    records = []
    for number in range(PASSES - count, PASSES):
        at = NOW - EVERY * (PASSES - number)
        findings = [KNOWN, EXTRA, SUNSET]
        if number >= REMOVED_AT:
            findings.append(REMOVED)
            findings.append(finding(workspace="globex", severity=Severity.CRITICAL))
        records.append(
            PassRecord(
                id=f"pass-{number}",
                started_at=at,
                finished_at=at + timedelta(seconds=4.2),
                measurements=tuple(
                    measurement(operation, number, chance, workspace)
                    for workspace in ("acme", "globex")
                    for operation in PROBES
                ),
                findings=tuple(findings),
                requests=29,
            )
        )
    return tuple(records)


def transitions(states: tuple[IncidentState, ...] = INCIDENTS) -> Iterator[Transition]:
    """Return the opening of each incident, and the end of those that ended."""
    for state in states:
        yield Transition(kind=TransitionKind.OPENED, at=state.first_seen_at, incident=state)
        if state.resolved_at:
            yield Transition(kind=TransitionKind.RESOLVED, at=state.resolved_at, incident=state)


def late_notice(error: str = "channel_not_found") -> QueuedNotice:
    """Return an alert that was given up."""
    return QueuedNotice(
        id=1,
        notice=Notice(
            channel="#intercom-alerts",
            incident_id="inc-2",
            sequence=1,
            kind=TransitionKind.OPENED,
            text="GET /companies is deprecated",
        ),
        status=NoticeStatus.UNDELIVERABLE,
        attempts=4,
        next_attempt_at=NOW,
        created_at=NOW - timedelta(hours=16),
        error=error,
    )


@pytest.fixture
def summary() -> Summary:
    """A week with everything in it: open and resolved, accepted and undelivered."""
    return summarise(
        passes=passes(),
        incidents=INCIDENTS,
        transitions=transitions(),
        notices=[late_notice()],
        now=NOW,
    )


@pytest.fixture
def again() -> Callable[[], Summary]:
    """The same records, handed over the other way round."""
    return lambda: summarise(
        passes=passes()[::-1],
        incidents=INCIDENTS[::-1],
        transitions=list(transitions())[::-1],
        notices=[late_notice()],
        now=NOW,
    )


@pytest.fixture
def nothing() -> Summary:
    """A monitor that has not run yet."""
    return summarise(passes=[], now=NOW)


@pytest.fixture
def healthy_summary() -> Summary:
    """A monitor that has only good news."""
    return summarise(passes=[quiet_pass()], now=NOW)


def quiet_pass() -> PassRecord:
    """Return a pass in which every probe is healthy."""
    chance = random.Random(3)
    return PassRecord(
        id="pass-quiet",
        started_at=NOW - EVERY,
        finished_at=NOW - EVERY + timedelta(seconds=3),
        measurements=tuple(
            measurement(operation, 0, chance, "acme")
            for operation in PROBES
            if operation not in LACKING
        ),
        findings=(),
        requests=14,
    )
