"""An incident's change of state as a message.

Written for somebody woken at three in the morning: the status word and the colour first, then what
changed, for whom, since when, what was seen, who is hurt and what to do; identifiers last and
small. A resolved message keeps the facts, so that the channel's history stays readable.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from monitors.alerting import facts, phrases, wording
from monitors.alerting.buttons import buttons
from monitors.alerting.contacts import Contacts
from monitors.alerting.reminding import sequence_of
from monitors.alerting.silences import Silence
from monitors.records import Notice, NoticeForm, Telling, Transition, TransitionKind

_LOUD: Final = frozenset(
    {TransitionKind.ESCALATED, TransitionKind.REOPENED, TransitionKind.FLAPPING}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every message is told with: where the report stands, and whom to call."""

    report_url: str | None = None
    contacts: Contacts = field(default_factory=dict)
    has_buttons: bool = False
    """Whether somebody listens to what people press."""


PLAIN: Final = Surroundings()


def render(
    transition: Transition,
    *,
    channel: str,
    surroundings: Surroundings = PLAIN,
    mentions: Sequence[str] = (),
    silence: Silence | None = None,
    now: datetime,
) -> Notice:
    """Return the message for `channel`; `now` is when it is written.

    `text` is the first line of the message and what a phone shows; `blocks` belong below it,
    beside a bar of `color`. `mentions` are called where it is news to act on; `silence` is the one
    that keeps further news back.
    """
    incident = transition.incident
    dot, color = wording.look(transition)
    where = wording.where(incident)
    sentence = phrases.escape(wording.sentence(incident), wording.MAX_SENTENCE)
    blocks = (
        facts.facts(transition, now, silence),
        facts.hurt(transition, surroundings.contacts),
        facts.remedy(transition),
        buttons(incident, surroundings.report_url) if surroundings.has_buttons else None,
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
    if transition.kind in (TransitionKind.OPENED, TransitionKind.SPREAD):
        return None
    incident = transition.incident
    dot, _ = wording.look(transition)
    is_loud = transition.kind in _LOUD
    sentence = phrases.escape(wording.sentence(incident), wording.MAX_SENTENCE)
    called = wording.called(transition, mentions)
    return Notice(
        channel=channel,
        incident_id=incident.id,
        sequence=incident.sequence,
        kind=transition.kind,
        text=f"{dot} *{wording.event(transition)}*"
        + (f" {wording.where(incident)}" if is_loud else "")
        + f", {phrases.moment(transition.at)}"
        + (f": {sentence}{called}" if is_loud else ""),
        form=NoticeForm.BROADCAST if is_loud else NoticeForm.REPLY,
    )


def render_silenced(
    transition: Transition,
    silence: Silence,
    *,
    channel: str,
    surroundings: Surroundings = PLAIN,
    now: datetime,
) -> tuple[Notice, Notice]:
    """Return the message brought up to date and the line for its thread, of an incident that was
    silenced just now; `transition` is its latest."""
    message = render(
        transition, channel=channel, surroundings=surroundings, silence=silence, now=now
    )
    by = phrases.escape(silence.created_by, wording.MAX_PERSON) or "somebody"
    span = phrases.duration(silence.ends_at - silence.created_at)
    line = Notice(
        channel=channel,
        incident_id=transition.incident.id,
        sequence=sequence_of(now),
        kind=Telling.SILENCED,
        text=f":no_bell: *Silenced for {span} by {by}*, until {phrases.moment(silence.ends_at)}. "
        "That it is over is told all the same, and so is what gets worse.",
        form=NoticeForm.REPLY,
    )
    return replace(message, sequence=sequence_of(now), kind=Telling.SILENCED), line
