"""Times in which nothing is told: silences that people add, windows that come again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, Protocol, Self
from zoneinfo import ZoneInfo

from monitors.alerting.matchers import Labels, Matcher, covers, parse_matcher

KIND: Final = "silence"
"""The kind of the documents in which the history keeps silences, by their id."""
KEPT_AFTER_END: Final = timedelta(days=5)  # what Alertmanager keeps, to be read after the night


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Incidents that all matchers cover are not told of until `ends_at`."""

    id: str
    matchers: tuple[Matcher, ...]
    created_at: datetime
    ends_at: datetime
    created_by: str = ""
    comment: str = ""

    def is_active(self, now: datetime) -> bool:
        """Whether it holds now."""
        return self.created_at <= now < self.ends_at

    def as_document(self) -> dict[str, object]:
        """Return the published form, which the history keeps too."""
        return {
            "id": self.id,
            "matchers": [str(one) for one in self.matchers],
            "created_at": self.created_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "created_by": self.created_by,
            "comment": self.comment,
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Self:
        """Read what `as_document` gave."""
        return cls(
            id=document["id"],
            matchers=tuple(parse_matcher(one) for one in document["matchers"]),
            created_at=datetime.fromisoformat(document["created_at"]),
            ends_at=datetime.fromisoformat(document["ends_at"]),
            created_by=document["created_by"],
            comment=document["comment"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A span that comes again: from `start` in `zone` on `days` (0 is Monday), `duration` long."""

    start: time
    duration: timedelta
    zone: ZoneInfo
    days: frozenset[int] = frozenset(range(7))

    def is_active(self, now: datetime) -> bool:
        """Whether it is on; one that began yesterday may last into today."""
        today = now.astimezone(self.zone).date()
        for day in (today, today - timedelta(days=1)):
            began = datetime.combine(day, self.start, self.zone).astimezone(UTC)
            if day.weekday() in self.days and began <= now < began + self.duration:
                return True
        return False


class Span(Protocol):
    """A time that is on or not."""

    def is_active(self, now: datetime) -> bool:
        """Whether it is on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """A window in which the incidents that all matchers cover are expected; no matchers, all."""

    window: Span
    matchers: tuple[Matcher, ...] = ()


def silence_over(labels: Labels, silences: Iterable[Silence], *, now: datetime) -> Silence | None:
    """Return the silence that covers an incident now, the one that lasts longest; None for none."""
    over = (one for one in silences if one.is_active(now) and covers(one.matchers, labels))
    return max(over, key=lambda one: one.ends_at, default=None)


def is_silenced(
    labels: Labels,
    silences: Iterable[Silence],
    maintenance: Iterable[Maintenance],
    *,
    now: datetime,
) -> bool:
    """Whether a silence or a maintenance window covers an incident now."""
    return silence_over(labels, silences, now=now) is not None or any(
        one.window.is_active(now) and covers(one.matchers, labels) for one in maintenance
    )
