"""A Slack, a bot in it and incidents to tell of."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.rules import RULES
from contracts.workspaces import Secret
from monitors.alerting.render import render
from monitors.alerting.slack import SlackBot
from monitors.records import (
    IncidentState,
    Notice,
    Phase,
    Transition,
    TransitionKind,
)
from sandbox.clock import VirtualClock
from sandbox.slack import SlackStandIn

CHANNEL = "#intercom-alerts"
TIMEOUT = timedelta(seconds=1)  # of the client, in real time; a busy machine answers in 0.5 s


def _finding(at: datetime) -> Finding:
    return Finding(
        rule=RULES["schema-required"],
        severity=RULES["auth-token-revoked"].severity,
        workspace="prod",
        region="eu",
        version="2.15",
        operation=Operation.parse("GET /contacts/{contact_id}"),
        location="/email",
        expected="string",
        observed="absent",
        message="The field email is gone from GET /contacts/{contact_id}.",
        remedy="Stop reading it.",
        consumers=("crm-sync", "support-warehouse"),
        request_id="0009v1qsd1ds4e5gk8c0",
        deployment="8d8a3a0f6b2f5f5b",
        observed_at=at,
    )


@pytest.fixture(scope="session")
def clock() -> VirtualClock:
    """One clock for all tests of alerting: it only goes forward."""
    return VirtualClock()


@pytest.fixture(scope="session")
def shared_slack(clock: VirtualClock) -> Iterator[SlackStandIn]:
    with SlackStandIn(clock) as running:
        yield running


@pytest.fixture
def slack(shared_slack: SlackStandIn) -> SlackStandIn:
    """A Slack as new; starting one for each test would cost more than the tests."""
    shared_slack.reset()
    return shared_slack


@pytest.fixture
def bot(slack: SlackStandIn, clock: VirtualClock) -> SlackBot:
    return SlackBot(Secret(slack.token), base_url=slack.url, clock=clock, timeout=TIMEOUT)


@pytest.fixture
def transition(clock: VirtualClock) -> Callable[..., Transition]:
    """Make a transition of an incident that began when the test did; keywords change the state."""
    began = clock.now()

    def make(
        kind: TransitionKind = TransitionKind.OPENED, sequence: int = 1, **changes: object
    ) -> Transition:
        now = clock.now()
        finding = _finding(began)
        state = IncidentState(
            key=finding.cause,
            id="incident-1",
            phase=Phase.OPEN,
            finding=finding,
            severity=finding.severity,
            workspaces=("prod",),
            operations=("GET /contacts/{contact_id}",),
            sights=3,
            first_seen_at=began,
            last_seen_at=began,
            opened_at=began,
            sequence=sequence,
            is_blind=kind is TransitionKind.BLIND,
        )
        if kind is TransitionKind.RESOLVED:
            state = replace(state, phase=Phase.RESOLVED, resolved_at=now, successes=2)
        state = replace(state, **changes)  # type: ignore[arg-type]
        return Transition(kind=kind, at=now, incident=state)

    return make


@pytest.fixture
def notice(clock: VirtualClock, transition: Callable[..., Transition]) -> Callable[..., Notice]:
    """Render a transition for a channel; the arguments are those of `transition`."""

    def make(
        kind: TransitionKind = TransitionKind.OPENED,
        sequence: int = 1,
        channel: str = CHANNEL,
        **changes: object,
    ) -> Notice:
        told = transition(kind, sequence, **changes)
        return render(told, channel=channel, now=clock.now())

    return make
