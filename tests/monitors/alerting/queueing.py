"""Transitions as what takes events gets them."""

from collections.abc import Callable

from monitors.alerting.contacts import Contact
from monitors.alerting.events import as_event
from monitors.alerting.render import Surroundings, render
from monitors.records import QueuedNotice, Transition, TransitionKind

MakeTransition = Callable[..., Transition]
MakeQueued = Callable[..., QueuedNotice]
WHERE = Surroundings(
    report_url="https://ci.example/report.html",
    contacts={"crm-sync": Contact(owner="revops", runbook="https://run.example/crm")},
)


def queueing(transition: MakeTransition) -> MakeQueued:
    """Return what queues a transition; its arguments are those of `transition`."""

    def make(
        kind: TransitionKind = TransitionKind.OPENED,
        sequence: int = 1,
        *,
        parent: tuple[str, str] | None = None,
        **changes: object,
    ) -> QueuedNotice:
        told = transition(kind, sequence, **changes)
        notice = render(told, channel="it", surroundings=WHERE, mentions=["<!here>"], now=told.at)
        return QueuedNotice(
            id=1,
            notice=as_event(notice, told, WHERE),
            next_attempt_at=told.at,
            created_at=told.at,
            parent=parent,
        )

    return make
