"""Read what a status page says of itself: incidents that are not over, and maintenance.

    page = read_status(document)           # the parsed JSON; None where it is no status page
    page.incidents                         # what is wrong now
    page.maintenances                      # what is under way or announced, with its times

Two forms are read. `/api/v2/summary.json` is Statuspage's and what others imitate (every Statuspage
documents it under `/api`); `{"ongoing_incidents": …}` is that of incident.io, where Intercom's page
has lived since 2024. Which of the two answers at Intercom's address was not checked against it. To
fetch a page, see `contracts.outside.fetch_status`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

STATUS_URL: Final = "https://www.intercomstatus.com/api/v2/summary.json"
"""Intercom's own; it redirects where the page has moved."""

_OVER: Final = frozenset({"resolved", "postmortem", "completed", "maintenance_complete"})
_UNDER_WAY: Final = frozenset({"in_progress", "verifying", "maintenance_in_progress"})
_MAINTENANCES: Final = ("in_progress_maintenances", "scheduled_maintenances")
_API: Final = re.compile(r"\bAPIs?\b", re.IGNORECASE)
_LONGEST: Final = 120  # characters of a title that are worth repeating
_MOST: Final = 50  # entries of a list; a page with more is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One incident or maintenance. `title` is one line without control characters; times are UTC,
    None where none is given."""

    id: str
    title: str
    impact: str = ""
    """`minor`, `major`, `critical`, `maintenance`, or what the page calls it."""
    components: tuple[str, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_under_way: bool = True

    @property
    def concerns_the_api(self) -> bool:
        """Whether it names the API, or nothing in particular."""
        return not self.components or any(map(_API.search, self.components))

    def names(self, resource: str) -> bool:
        """Whether its title or a component names what an operation is about, such as `tags`, in the
        plural or the singular."""
        words = re.escape(resource.replace("_", " ").removesuffix("s"))
        found = re.compile(rf"\b{words}s?\b", re.IGNORECASE)
        return bool(words) and any(map(found.search, (self.title, *self.components)))

    def covers(self, now: datetime) -> bool:
        """Whether it is under way, by its own word or by its times."""
        has_begun = self.starts_at is None or self.starts_at <= now
        is_not_over = self.ends_at is None or now < self.ends_at
        return self.is_under_way or (self.starts_at is not None and has_begun and is_not_over)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    """What a page says now, in its own order."""

    incidents: tuple[Notice, ...] = ()
    maintenances: tuple[Notice, ...] = ()


def read_status(document: object) -> StatusPage | None:
    """Read a page; None where this is none. Never raises, whatever JSON it is."""
    if not isinstance(document, Mapping):
        return None
    if isinstance(document.get("status"), Mapping) and isinstance(document.get("page"), Mapping):
        incidents = "incidents"
    elif isinstance(document.get("ongoing_incidents"), list):
        incidents = "ongoing_incidents"
    else:
        return None
    return StatusPage(
        incidents=tuple(_notice(one, is_incident=True) for one in _entries(document, incidents)),
        maintenances=tuple(
            _notice(one, is_incident=False)
            for name in _MAINTENANCES
            for one in _entries(document, name)
        ),
    )


def _entries(document: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    listed = document.get(name)
    for one in listed[:_MOST] if isinstance(listed, list) else ():
        if isinstance(one, Mapping) and one.get("status") not in _OVER:
            yield one


def _notice(entry: Mapping[str, Any], *, is_incident: bool) -> Notice:
    began = ("started_at", "created_at") if is_incident else ("scheduled_for", "starts_at")
    return Notice(
        id=_line(entry.get("id")),
        title=_line(entry.get("name")) or "without a title",
        impact=_line(entry.get("impact") or entry.get("current_worst_impact")),
        components=tuple(_components(entry)),
        starts_at=_moment(entry, *began, "started_at"),
        ends_at=None
        if is_incident
        else _moment(entry, "scheduled_until", "ends_at", "scheduled_end_at"),
        is_under_way=is_incident or entry.get("status") in _UNDER_WAY,
    )


def _components(entry: Mapping[str, Any]) -> Iterator[str]:
    listed = entry.get("components") or entry.get("affected_components")
    for one in listed[:_MOST] if isinstance(listed, list) else ():
        if isinstance(one, Mapping) and (name := _line(one.get("name"))):
            yield name


def _line(text: object) -> str:
    """Return text as one line that may stand in a message: it comes from outside."""
    if not isinstance(text, str):
        return ""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _moment(entry: Mapping[str, Any], *names: str) -> datetime | None:
    for name in names:
        written = entry.get(name)
        if not isinstance(written, str):
            continue
        try:
            moment = datetime.fromisoformat(written)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            continue
    return None
