"""What a channel shows of the incidents that a history holds: lost, doubled, stale, waiting."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from monitors.alerting.slack import REPEAT_NOTE
from monitors.history import History
from monitors.records import NoticeStatus, QueuedNotice, Transition, TransitionKind
from sandbox.slack import DEFAULT_CHANNEL, Message, SlackStandIn

_INCIDENT: Final = "intercheck_incident"
_LINE: Final = "intercheck_reply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the channel shows of the incidents that the history holds.

    `opened` by id, children apart. By incident: `lost` has no message, `doubled` counts those too
    many that do not say so, `marked` those that do, `stale` says less than is known; `repeated`
    counts the lines of its threads too many that do not say so.
    """

    opened: Mapping[str, Transition]
    posted: Sequence[Message]
    lost: Sequence[str]
    doubled: Mapping[str, int]
    marked: Mapping[str, int]
    repeated: Mapping[str, int]
    stale: Sequence[str]
    waiting: Sequence[QueuedNotice]

    @classmethod
    def of(cls, history: History, slack: SlackStandIn) -> Self:
        """Compare them."""
        opened = {
            one.incident.id: one
            for one in history.transitions()
            if one.kind is TransitionKind.OPENED and not one.incident.parent
        }
        newest = {one.id: one for one in history.incidents()}
        posted = slack.messages(DEFAULT_CHANNEL)
        parents = [one for one in posted if (one.metadata or {}).get("event_type") == _INCIDENT]
        number = Counter(_payload(one)["incident"] for one in parents)
        marked = Counter(_payload(one)["incident"] for one in parents if _says_so(one))
        lines: Counter[tuple[str, int]] = Counter()
        for message in posted:
            for line in message.replies:
                if (line.metadata or {}).get("event_type") == _LINE and not _says_so(line):
                    lines[_payload(line)["incident"], _payload(line)["sequence"]] += 1
        repeated: Counter[str] = Counter()
        for (incident, _), many in lines.items():
            repeated[incident] += many - 1
        shown = {(_payload(one)["incident"], _payload(one)["sequence"]) for one in parents}
        statuses = NoticeStatus.PENDING, NoticeStatus.UNDELIVERABLE
        return cls(
            opened=opened,
            posted=posted,
            lost=[id for id in opened if not number[id]],
            doubled={
                id: many - 1 - marked[id] for id, many in number.items() if many > 1 + marked[id]
            },
            marked=marked,
            repeated=+repeated,
            stale=[
                id
                for id in opened
                if newest[id].resolved_at and (id, newest[id].sequence) not in shown
            ],
            waiting=[one for status in statuses for one in history.notices(status)],
        )

    def __str__(self) -> str:
        return (
            f"lost {len(self.lost)}, doubled unmarked {sum(self.doubled.values())} "
            f"(lines of threads {sum(self.repeated.values())}), marked "
            f"{sum(self.marked.values())}, stale {len(self.stale)}, "
            f"undelivered {len(self.waiting)}"
        )

    def wrong(self) -> list[str]:
        """Return what is not as it has to be."""
        counts = {
            "incidents without a message": len(self.lost),
            "messages doubled": sum(self.doubled.values()),
            "lines of threads doubled": sum(self.repeated.values()),
            "messages say less than is known": len(self.stale),
            "notices wait or were given up": len(self.waiting),
        }
        return [f"{number} {what}" for what, number in counts.items() if number] + [
            f"  {each.notice.kind.value} {each.notice.form.value}: {each.error}"
            for each in self.waiting[:5]
        ]


def _says_so(message: Message) -> bool:
    return REPEAT_NOTE in str(message.attachments)


def _payload(message: Message) -> Any:
    return (message.metadata or {})["event_payload"]
