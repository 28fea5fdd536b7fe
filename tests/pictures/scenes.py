"""What the pictures of the alerts show: incidents that live through their changes in one channel.

Everything is real but the other side and the time: the announcer, the history, the outbox and
slack-sdk, which post to the local Slack.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from contracts.exchanges import Operation
from contracts.findings import Certainty, Finding
from contracts.rules import RULES, Severity
from contracts.workspaces import Secret
from monitors.alerting.contacts import Contact
from monitors.alerting.outbox import deliver
from monitors.alerting.render import Surroundings
from monitors.alerting.routes import Route
from monitors.alerting.slack import SlackBot, SlackWebhook
from monitors.alerting.telling import Announcer
from monitors.history import History
from monitors.records import IncidentState, Phase, Transition, TransitionKind
from sandbox.clock import VirtualClock
from sandbox.slack import DEFAULT_CHANNEL, SlackStandIn

CHANNEL: Final = f"#{DEFAULT_CHANNEL}"
AROUND: Final = Surroundings(
    report_url="https://ci.example.com/intercheck/report.html",
    contacts={
        "crm-sync": Contact(
            owner="revenue-operations", runbook="https://example.com/runbooks/crm-sync"
        ),
        "support-warehouse": Contact(
            owner="data-platform", runbook="https://example.com/runbooks/support-warehouse"
        ),
    },
)


@dataclass(slots=True, kw_only=True)
class Stage:
    """A channel, and what tells it of incidents."""

    slack: SlackStandIn
    clock: VirtualClock
    history: History
    announcer: Announcer
    channels: dict[str, SlackBot | SlackWebhook]

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**span))

    def tell(self, kind: TransitionKind, incident: IncidentState) -> IncidentState:
        """Let an incident change: record it, deliver the news, return the state after."""
        now = self.clock.now()
        after = replace(incident, sequence=incident.sequence + 1)
        if kind is TransitionKind.RESOLVED:
            after = replace(after, phase=Phase.RESOLVED, resolved_at=now, successes=2)
        else:
            after = replace(after, phase=Phase.OPEN, resolved_at=None, last_seen_at=now)
        transition = Transition(kind=kind, at=now, incident=after)
        open_now = [after] if after.phase is Phase.OPEN else []
        with self.history.transaction():
            said = self.announcer.announce(
                [transition], ledger=self.history, incidents=open_now, now=now
            )
            self.history.record(
                None,
                states=[after],
                transitions=[transition],
                notices=said.notices,
                documents=said.documents,
            )
        deliver(self.history, self.channels, clock=self.clock)
        return after


def stage(slack: SlackStandIn, clock: VirtualClock, history: History, *, webhook: bool) -> Stage:
    """Set a stage whose channel is reached by bot token, or by incoming webhook."""
    channel: SlackBot | SlackWebhook
    if webhook:
        channel = SlackWebhook(Secret(slack.webhook_url), clock=clock)
    else:
        channel = SlackBot(Secret(slack.token), base_url=slack.url, clock=clock)
    return Stage(
        slack=slack,
        clock=clock,
        history=history,
        channels={CHANNEL: channel},
        announcer=Announcer(
            channels=(CHANNEL,),
            threaded=frozenset() if webhook else frozenset({CHANNEL}),
            fallback=Route(to=(CHANNEL,)),
            surroundings=AROUND,
        ),
    )


def incident(stage: Stage, rule: str, operation: str | None, **changes: object) -> IncidentState:
    """Return an incident that was first seen ten minutes ago; `changes` are its finding's."""
    now = stage.clock.now()
    severity = changes.pop("severity", RULES[rule].severity)
    assert isinstance(severity, Severity)
    finding = Finding(
        rule=RULES[rule],
        severity=severity,
        workspace="acme-production",
        region="eu",
        version="2.15",
        operation=Operation.parse(operation) if operation else None,
        certainty=Certainty.RECORDED,
        request_id="000g1h2qk3v9ss7d4m10",
        deployment="8d8a3a0f6b2f5f5b",
        observed_at=now,
        **changes,  # type: ignore[arg-type]
    )
    return IncidentState(
        key=finding.cause,
        id=f"{finding.cause.removeprefix('v1:')}{rule[:4].encode().hex()}",
        phase=Phase.PENDING,
        finding=finding,
        severity=severity,
        workspaces=("acme-production",),
        operations=(operation,) if operation else (),
        sights=3,
        first_seen_at=now - timedelta(minutes=10),
        last_seen_at=now,
        opened_at=now,
    )


def a_removed_field(stage: Stage) -> IncidentState:
    """A field that two consumers read is gone."""
    return incident(
        stage,
        "schema-required",
        "GET /contacts/{contact_id}",
        severity=Severity.CRITICAL,
        location="/email",
        expected="string",
        observed="absent",
        message="GET /contacts/{contact_id} no longer has the field /email, which was there in "
        "every answer until now.",
        consumers=("crm-sync", "support-warehouse"),
    )


def slow_search(stage: Stage) -> IncidentState:
    """An operation that takes three times as long as usual."""
    return incident(
        stage,
        "latency-regression",
        "POST /conversations/search",
        location="latency",
        expected="usual",
        observed="slower",
        message="POST /conversations/search takes 3 times as long as is usual at this hour: a "
        "median of 912 ms instead of 301 ms.",
        consumers=("support-warehouse",),
    )


def a_life(stage: Stage) -> None:
    """Opened, acknowledged, resolved: one message and its thread."""
    seen = stage.tell(TransitionKind.OPENED, a_removed_field(stage))
    stage.wait(minutes=9)
    taken = replace(seen, acknowledged_by="ann", acknowledged_at=stage.clock.now(), sights=5)
    taken = stage.tell(TransitionKind.ACKNOWLEDGED, taken)
    stage.wait(hours=1, minutes=12)
    stage.tell(TransitionKind.RESOLVED, taken)


def opened_critical(stage: Stage) -> None:
    """What wakes people."""
    stage.tell(TransitionKind.OPENED, a_removed_field(stage))
    stage.wait(minutes=4)


def a_warning_that_escalates(stage: Stage) -> None:
    """A warning, and the same when it got worse: the channel hears of it again."""
    seen = stage.tell(TransitionKind.OPENED, slow_search(stage))
    stage.wait(minutes=35)
    worse = replace(seen, severity=Severity.CRITICAL, sights=12)
    stage.tell(TransitionKind.ESCALATED, worse)
    stage.wait(minutes=1)


SCENES: Final[dict[str, Callable[[Stage], None]]] = {
    "opened": opened_critical,
    "resolved": a_life,
    "escalated": a_warning_that_escalates,
}
"""What each picture shows, by its file's name."""
WEBHOOK_SCENES: Final[dict[str, Callable[[Stage], None]]] = {"webhook": a_life}
"""The same where the channel is reached by incoming webhook."""
