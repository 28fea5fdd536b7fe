"""What stays open is said again, in its thread: silence must not look like an end.

Nobody who has taken an incident on is reminded of it, and neither is a channel that reminds people
itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from monitors.alerting import phrases, wording
from monitors.records import IncidentState, Notice, NoticeForm, Phase, Telling

HEARD: Final = "last-heard"
"""The kind of the documents that say, by incident, when it was last spoken of."""
_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)  # keeps a sequence within 32 bits until 2088


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminders:
    """How often, and whether the channel sees it or only the thread."""

    every: timedelta
    in_channel: bool = False

    @property
    def form(self) -> NoticeForm:
        return NoticeForm.BROADCAST if self.in_channel else NoticeForm.REPLY


def sequence_of(now: datetime) -> int:
    """Return the sequence of what is told now and is no change of state."""
    return -int((now - _EPOCH).total_seconds())


def overdue(
    incidents: Iterable[IncidentState],
    heard: Mapping[str, str],
    *,
    every: timedelta,
    now: datetime,
) -> Iterator[IncidentState]:
    """Yield the incidents that are open, nobody's, and were not spoken of for `every`."""
    for incident in incidents:
        if incident.phase is not Phase.OPEN or incident.acknowledged_by:
            continue
        written = heard.get(incident.id)
        last = datetime.fromisoformat(written) if written else incident.opened_at
        if last is not None and now - last >= every:
            yield incident


def reminder(incident: IncidentState, *, channel: str, form: NoticeForm, now: datetime) -> Notice:
    """Return the line that says that it is still so, for how long, and that it is nobody's."""
    lasted = phrases.duration(now - incident.began_at)
    is_what = wording.A_SEVERITY[incident.severity]
    said = (
        f"Not measured any more, may still be {is_what} after {lasted}"
        if incident.is_blind
        else f"Still {is_what} after {lasted}"
    )
    sentence = phrases.escape(incident.finding.message, wording.MAX_SENTENCE)
    return Notice(
        channel=channel,
        incident_id=incident.id,
        sequence=sequence_of(now),
        kind=Telling.REMINDER,
        text=f":bell: *{said}*, and nobody has taken it "
        f"on: {sentence} Take it on: "
        f"{phrases.code(f'intercheck incidents ack {incident.id[: wording.SHORT_ID]}', 80)}",
        form=form,
    )


def accepted(
    incident: IncidentState, *, channel: str, until: date, by: str, now: datetime
) -> Notice:
    """Return the line for the thread that says who accepted it, and what follows."""
    who = phrases.escape(by, wording.MAX_PERSON)
    return Notice(
        channel=channel,
        incident_id=incident.id,
        sequence=sequence_of(now),
        kind=Telling.ACCEPTED,
        text=f":white_check_mark: *Accepted until {until} by {who}*. It stands in the "
        "deviations file, so this is over; after that day it is told again.",
        form=NoticeForm.REPLY,
    )
