"""What the pictures of the alerts show: incidents that live through their changes in one channel.

Everything is real but the other side and the time: the announcer, the history, the outbox and
slack-sdk, which post to the local Slack.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from contracts.exchanges import Operation
from contracts.findings import Certainty, Finding
from contracts.rules import RULES, Severity
from contracts.workspaces import Secret
from monitors.alerting.buttons import LEASE, lease
from monitors.alerting.contacts import Contact
from monitors.alerting.digest import Digest, Expiring, digest_of
from monitors.alerting.matchers import parse_matcher
from monitors.alerting.outbox import Channel, deliver
from monitors.alerting.reminding import Reminders
from monitors.alerting.render import Surroundings
from monitors.alerting.routes import Route
from monitors.alerting.silences import KIND as SILENCES
from monitors.alerting.silences import Silence
from monitors.alerting.slack import SlackBot, SlackWebhook
from monitors.alerting.telling import Announcer
from monitors.history import History
from monitors.records import IncidentState, Phase, Reach, Share, Transition, TransitionKind
from monitors.responding import silence_incident
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
    channels: dict[str, Channel]

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
            seen_at = incident.last_seen_at if kind is TransitionKind.BLIND else now
            after = replace(after, phase=Phase.OPEN, resolved_at=None, last_seen_at=seen_at)
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

    def pass_by(self, *incidents: IncidentState) -> None:
        """Let a pass end that changed nothing."""
        now = self.clock.now()
        said = self.announcer.announce([], ledger=self.history, incidents=incidents, now=now)
        self.history.record(None, notices=said.notices, documents=said.documents)
        deliver(self.history, self.channels, clock=self.clock)

    def noted(self, rule: str, message: str) -> Finding:
        """Return a finding for information."""
        return Finding(
            rule=RULES[rule],
            severity=Severity.INFO,
            workspace="acme-production",
            operation=None,
            location=message,
            expected="absent",
            observed="string",
            message=message,
            observed_at=self.clock.now(),
        )


def stage(slack: SlackStandIn, clock: VirtualClock, history: History, *, webhook: bool) -> Stage:
    """Set a stage whose channel is reached by bot token, or by incoming webhook."""
    channel: Channel
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


def timeouts(stage: Stage) -> IncidentState:
    """An operation that does not answer."""
    return incident(
        stage,
        "timeout",
        "GET /conversations",
        location="connection",
        expected="answer",
        observed="timeout-read",
        message="GET /conversations does not answer within 30 s, 3 times in a row.",
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


def two_messages(stage: Stage) -> None:
    """What a webhook can do: it cannot change what was posted, so the end is a message too."""
    seen = stage.tell(TransitionKind.OPENED, slow_search(stage))
    stage.wait(hours=1, minutes=12)
    stage.tell(TransitionKind.RESOLVED, seen)


def acknowledged(stage: Stage) -> None:
    """Somebody has taken it on."""
    seen = stage.tell(TransitionKind.OPENED, a_removed_field(stage))
    stage.wait(minutes=9)
    taken = replace(seen, acknowledged_by="ann", acknowledged_at=stage.clock.now(), sights=5)
    stage.tell(TransitionKind.ACKNOWLEDGED, taken)
    stage.wait(minutes=1)


def warned(stage: Stage) -> None:
    """What can wait until the morning."""
    stage.tell(TransitionKind.OPENED, slow_search(stage))
    stage.wait(minutes=1)


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


def comes_and_goes(stage: Stage) -> None:
    """Back again, and again: from then on only the thread hears of it."""
    seen = stage.tell(TransitionKind.OPENED, timeouts(stage))
    for back in (1, 2, 3):
        stage.wait(minutes=25)
        over = stage.tell(TransitionKind.RESOLVED, seen)
        stage.wait(minutes=20)
        kind = TransitionKind.FLAPPING if back == 3 else TransitionKind.REOPENED
        again = replace(
            over,
            reopenings=back,
            opened_at=stage.clock.now(),
            is_flapping=back == 3,
            sights=3 * back,
        )
        seen = stage.tell(kind, again)
    stage.wait(minutes=2)


def reopened(stage: Stage) -> None:
    """It was over, and is back: the channel hears of it again."""
    seen = stage.tell(TransitionKind.OPENED, timeouts(stage))
    stage.wait(minutes=25)
    over = stage.tell(TransitionKind.RESOLVED, seen)
    stage.wait(minutes=20)
    stage.tell(
        TransitionKind.REOPENED, replace(over, reopenings=1, opened_at=stage.clock.now(), sights=5)
    )
    stage.wait(minutes=3)


def blind(stage: Stage) -> None:
    """What saw it cannot be asked any more."""
    seen = stage.tell(TransitionKind.OPENED, slow_search(stage))
    stage.wait(minutes=50)
    stage.tell(TransitionKind.BLIND, replace(seen, unmeasured=3, is_blind=True))
    stage.wait(minutes=1)


def reminded(stage: Stage) -> None:
    """Open for two days and nobody's: the thread says so."""
    stage.announcer = replace(stage.announcer, reminders=Reminders(every=timedelta(days=1)))
    seen = stage.tell(TransitionKind.OPENED, a_removed_field(stage))
    for _ in range(2):
        stage.wait(days=1)
        stage.pass_by(seen)
    stage.wait(minutes=1)


def a_week(stage: Stage) -> None:
    """What can wait, on Monday morning."""
    now = stage.clock.now()
    digest = Digest(
        at=time(9),
        zone=ZoneInfo("UTC"),
        to=(CHANNEL,),
        expiring=lambda today: [
            Expiring(
                what="statistics/time_to_assignment is null (Intercom was told, ticket 4711)",
                until=today + timedelta(days=9),
            )
        ],
    )
    end = incident(
        stage,
        "deprecation-announced",
        "GET /tags",
        location="header:deprecation",
        expected="absent",
        observed="announced",
        message="GET /tags is deprecated since 2026-01-12 and stops answering on 2026-05-04 "
        "(63 days left).",
    )
    noted = [
        stage.noted("schema-undocumented", "GET /contacts has a new field /data/*/pronouns."),
        stage.noted("schema-enum", "GET /tickets has a new value at /tickets/*/ticket_state."),
        stage.noted("latency-regression", "GET /companies takes 1.2 times as long as is usual."),
    ]
    said = digest_of(
        digest.topics(
            [*noted],
            [replace(end, phase=Phase.OPEN)],
            [("acme-test", "GET /visitors", "no visitor to read")],
            now,
        ),
        CHANNEL,
        since=now - timedelta(days=7),
        now=now,
    )
    stage.history.record(None, notices=[said])
    deliver(stage.history, stage.channels, clock=stage.clock)


def silenced(stage: Stage) -> None:
    """Kept back by a silence, and told when that ended, since it was still so."""
    now = stage.clock.now()
    silence = Silence(
        id="5i1e7ce0",
        matchers=(parse_matcher('rule="latency-regression"'),),
        created_at=now,
        ends_at=now + timedelta(hours=8),
        created_by="ann",
    )
    stage.history.save_state(SILENCES, silence.id, silence.as_document())
    seen = stage.tell(TransitionKind.OPENED, slow_search(stage))
    stage.wait(hours=8)
    stage.pass_by(replace(seen, sights=99))
    stage.wait(minutes=2)


def pressed(stage: Stage) -> None:
    """While serve listens there are buttons; ann silenced this one for 8 hours."""
    stage.history.save_state(LEASE, "serve", lease(stage.clock.now()))
    seen = stage.tell(TransitionKind.OPENED, slow_search(stage))
    stage.wait(minutes=1)
    silence_incident(
        stage.history,
        seen.key,
        span=timedelta(hours=8),
        by="ann",
        new_id=lambda: "5i1e7ce0",
        announcer=stage.announcer,
        clock=stage.clock,
    )
    deliver(stage.history, stage.channels, clock=stage.clock)
    stage.wait(minutes=1)


def a_fleet(stage: Stage) -> None:
    """One cause, 212 of 300 Intercom workspaces, one region: one message."""
    seen = incident(
        stage,
        "server-error",
        None,
        severity=Severity.CRITICAL,
        location="status",
        expected="2xx",
        observed="503",
        message="Intercom is failing: 503 without a body on all operations that were asked.",
        consumers=("crm-sync", "support-warehouse"),
    )
    workspaces = tuple(f"customer-{number:03}" for number in range(212))
    reach = Reach(
        afflicted=212,
        measured=300,
        configured=300,
        regions=(
            Share(name="au", afflicted=0, measured=30),
            Share(name="eu", afflicted=212, measured=212),
            Share(name="us", afflicted=0, measured=58),
        ),
    )
    wide = replace(
        seen,
        workspaces=workspaces,
        reach=reach,
        children=("timeout GET /conversations", "latency-regression GET /companies"),
    )
    stage.tell(TransitionKind.OPENED, wide)
    stage.wait(minutes=6)


SCENES: Final[dict[str, Callable[[Stage], None]]] = {
    "opened": opened_critical,
    "warning": warned,
    "acknowledged": acknowledged,
    "resolved": a_life,
    "escalated": a_warning_that_escalates,
    "buttons": pressed,
    "flapping": comes_and_goes,
    "reopened": reopened,
    "blind": blind,
    "reminder": reminded,
    "silenced": silenced,
    "fleet": a_fleet,
    "digest": a_week,
}
"""What each picture shows, by its file's name."""
WEBHOOK_SCENES: Final[dict[str, Callable[[Stage], None]]] = {"webhook": two_messages}
"""The same where the channel is reached by incoming webhook."""
