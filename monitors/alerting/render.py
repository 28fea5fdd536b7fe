"""An incident's change of state as a message.

Written for somebody woken at three in the morning: the status word and the colour first, then what
changed, for whom, since when, what was seen, who is hurt and what to do; identifiers last and
small. A resolved message keeps the facts, so that the channel's history stays readable.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from monitors.alerting import facts, phrases, wording
from monitors.alerting.contacts import Contacts
from monitors.records import Notice, NoticeForm, Transition, TransitionKind

_LOUD: Final = frozenset(
    {TransitionKind.ESCALATED, TransitionKind.REOPENED, TransitionKind.FLAPPING}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every message is told with: where the report stands, and whom to call."""

    report_url: str | None = None
    contacts: Contacts = field(default_factory=dict)


PLAIN: Final = Surroundings()


def render(
    transition: Transition,
    *,
    channel: str,
    surroundings: Surroundings = PLAIN,
    mentions: Sequence[str] = (),
    now: datetime,
) -> Notice:
    """Return the message for `channel`; `now` is when it is written.

    `text` is the first line of the message and what a phone shows; `blocks` belong below it,
    beside a bar of `color`. `mentions` are called where it is news to act on.
    """
    incident = transition.incident
    dot, color = wording.look(transition)
    where = wording.where(incident.workspaces)
    sentence = phrases.escape(incident.finding.message, wording.MAX_SENTENCE)
    blocks = (
        facts.facts(transition, now),
        facts.hurt(transition, surroundings.contacts),
        facts.remedy(transition),
        facts.small_print(transition, surroundings.report_url),
    )
    return Notice(
        channel=channel,
        incident_id=incident.id,
        sequence=incident.sequence,
        kind=transition.kind,
        text=f"{dot} *{wording.status(transition)}* {where}: {sentence}"
        f"{wording.called(transition, mentions)}",
        blocks=tuple(block for block in blocks if block is not None),
        color=color,
    )


def render_reply(
    transition: Transition, *, channel: str, mentions: Sequence[str] = (), now: datetime
) -> Notice | None:
    """Return the line for the thread of the incident's message, None for what the message itself
    has just told by being posted.

    The channel shows it too where somebody has to look again: it got worse, or it is back.
    """
    if transition.kind is TransitionKind.OPENED:
        return None
    incident = transition.incident
    dot, _ = wording.look(transition)
    is_loud = transition.kind in _LOUD
    sentence = phrases.escape(incident.finding.message, wording.MAX_SENTENCE)
    called = wording.called(transition, mentions)
    return Notice(
        channel=channel,
        incident_id=incident.id,
        sequence=incident.sequence,
        kind=transition.kind,
        text=f"{dot} *{wording.event(transition)}*, {phrases.moment(transition.at)}"
        + (f": {sentence}{called}" if is_loud else ""),
        form=NoticeForm.BROADCAST if is_loud else NoticeForm.REPLY,
    )
