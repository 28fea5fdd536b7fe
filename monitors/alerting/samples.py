"""One message of every kind about something that did not happen, to see how a channel shows them.

Each says that it is a test before it says anything else.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.rules import RULES, Severity
from monitors.alerting import phrases
from monitors.alerting.digest import digest_of
from monitors.alerting.events import event_in
from monitors.alerting.reminding import reminder
from monitors.alerting.render import render_silenced
from monitors.alerting.silences import Silence
from monitors.alerting.telling import Announcer
from monitors.records import (
    IncidentState,
    Notice,
    NoticeForm,
    Phase,
    Reach,
    Transition,
    TransitionKind,
)

MARK: Final = ":test_tube: *TEST, nothing is wrong.*"
_BEGAN: Final = timedelta(minutes=42)  # before the test; any span that reads naturally
_BLIND: Final = timedelta(minutes=15)  # as much as that
_SILENCE: Final = timedelta(hours=8)
_SOMEBODY: Final = "somebody on call"
_WHY: Final = "told Intercom, until a day that somebody chose"
_CHILDREN: Final = ("schema-required POST /contacts/search",)
_LIFE: Final = (TransitionKind.OPENED, TransitionKind.ACKNOWLEDGED, TransitionKind.RESOLVED)


def samples(announcer: Announcer, channel: str, *, test_id: str, now: datetime) -> Iterator[Notice]:
    """Yield what `channel` is to be sent: each kind of change as an incident of its own, one that
    is accepted and one that is silenced, a reminder and a digest. What knows itself what is open (a
    pager) gets one incident that ends, so that nothing stays behind."""
    if channel in announcer.stateful:
        for number, kind in enumerate(_LIFE, start=1):
            incident = replace(_incident(kind, f"test-{test_id}", now), sequence=number)
            yield _message(announcer, channel, kind, incident, now)
        return
    is_threaded = channel in announcer.threaded
    for kind in TransitionKind:
        if kind is not TransitionKind.SPREAD or is_threaded:
            incident = _incident(kind, f"test-{test_id}-{kind.value}", now)
            yield _message(announcer, channel, kind, incident, now)
    over = TransitionKind.RESOLVED
    accepted = replace(_incident(over, f"test-{test_id}-accepted", now), accepted=_WHY)
    yield _message(announcer, channel, over, accepted, now)
    if is_threaded:
        yield marked(_silenced(announcer, channel, f"test-{test_id}-silenced", now))
    open_now = _incident(TransitionKind.OPENED, f"test-{test_id}-reminder", now)
    form = NoticeForm.MESSAGE
    yield marked(announcer.as_taken(reminder(open_now, channel=channel, form=form, now=now)))
    topics = {"New fields and values": ["GET /contacts has a new field /pronouns (example)"]}
    yield marked(
        announcer.as_taken(digest_of(topics, channel, since=now - timedelta(days=7), now=now))
    )


def _message(
    announcer: Announcer,
    channel: str,
    kind: TransitionKind,
    incident: IncidentState,
    now: datetime,
) -> Notice:
    transition = Transition(kind=kind, at=now, incident=incident)
    first, *_ = announcer.notices(transition, channel, None, now)  # no thread to reply in
    return marked(first)


def _silenced(announcer: Announcer, channel: str, id: str, now: datetime) -> Notice:
    incident = _incident(TransitionKind.OPENED, id, now)
    silence = Silence(
        id="test", matchers=(), created_at=now, ends_at=now + _SILENCE, created_by=_SOMEBODY
    )
    message, _ = render_silenced(
        Transition(kind=TransitionKind.OPENED, at=now, incident=incident),
        silence,
        channel=channel,
        surroundings=announcer.surroundings,
        now=now,
    )
    return message


def marked(notice: Notice) -> Notice:
    """Return a notice that says first that it is a test."""
    text = f"{MARK} {notice.text}"
    event = event_in(notice)
    if "summary" not in event:
        return replace(notice, text=text)
    text = f"{phrases.plain(MARK)} {notice.text}"
    return replace(notice, text=text, blocks=({**event, "summary": text},))


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
    is_worse = kind is TransitionKind.ESCALATED
    is_wide = kind is TransitionKind.SPREAD
    is_blind = kind is TransitionKind.BLIND
    return IncidentState(
        key=finding.cause,
        id=incident_id,
        phase=Phase.RESOLVED if is_over else Phase.OPEN,
        finding=finding,
        severity=Severity.CRITICAL if is_worse else finding.severity,
        workspaces=tuple(f"example-{at}" for at in range(4)) if is_wide else (finding.workspace,),
        reach=Reach(afflicted=4, measured=9, configured=9) if is_wide else None,
        children=_CHILDREN if kind is TransitionKind.EXPLAINED else (),
        operations=(str(operation),),
        sights=3,
        successes=2 if is_over else 0,
        first_seen_at=now - _BEGAN,
        last_seen_at=now - _BLIND if is_blind else now,
        opened_at=now if kind is TransitionKind.OPENED else now - _BEGAN,
        resolved_at=now if is_over else None,
        sequence=1,
        acknowledged_by=_SOMEBODY if is_taken else "",
        acknowledged_at=now if is_taken else None,
        is_blind=is_blind,
    )
