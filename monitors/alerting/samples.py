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
from monitors.alerting import phrases
from monitors.alerting.digest import digest_of
from monitors.alerting.events import event_in
from monitors.alerting.reminding import reminder
from monitors.alerting.telling import Announcer
from monitors.records import IncidentState, Notice, NoticeForm, Phase, Transition, TransitionKind

MARK: Final = ":test_tube: *TEST, nothing is wrong.*"
_BEGAN: Final = timedelta(minutes=42)  # before the test; any span that reads naturally
_LIFE: Final = (TransitionKind.OPENED, TransitionKind.ACKNOWLEDGED, TransitionKind.RESOLVED)


def samples(announcer: Announcer, channel: str, *, test_id: str, now: datetime) -> Iterator[Notice]:
    """Yield what `channel` is to be sent: each kind of change as an incident of its own, a reminder
    and a digest. What knows itself what is open (a pager) gets one incident that ends, so that
    nothing stays behind."""
    is_stateful = channel in announcer.stateful
    for number, kind in enumerate(_LIFE if is_stateful else TransitionKind, start=1):
        id = f"test-{test_id}" if is_stateful else f"test-{test_id}-{kind.value}"
        incident = replace(_incident(kind, id, now), sequence=number)
        transition = Transition(kind=kind, at=now, incident=incident)
        first, *_ = announcer.notices(transition, channel, None, now)  # no thread to reply in
        yield marked(first)
    if is_stateful:
        return
    open_now = _incident(TransitionKind.OPENED, f"test-{test_id}-reminder", now)
    form = NoticeForm.MESSAGE
    yield marked(announcer.as_taken(reminder(open_now, channel=channel, form=form, now=now)))
    topics = {"New fields and values": ["GET /contacts has a new field /pronouns (example)"]}
    yield marked(
        announcer.as_taken(digest_of(topics, channel, since=now - timedelta(days=7), now=now))
    )


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
