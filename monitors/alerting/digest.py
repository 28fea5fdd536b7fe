"""What can wait, as one message a day or a week: told only where there is something to say.

It is recorded as every other notice is, with the moment up to which it tells: a restart neither
loses nor repeats it, and of `serve` and cron's `probe` whichever comes first sends it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from contracts.findings import Finding
from monitors.alerting import phrases, wording
from monitors.grouping import KIN_WITHIN, is_part_of, key_of
from monitors.records import IncidentState, Notice, Phase, Telling

STATE: Final = "digest"
"""The kind and key of the document that says up to when was told."""
SHOWN: Final = 8  # lines of a topic, before it folds
MAX_LINE: Final = 160  # characters: eight of them and the topic's name stay far below a section's
EXPIRES_WITHIN: Final = timedelta(days=14)  # time enough to look before it accepts nothing any more
_LATENCY: Final = "latency-"
_ENDS: Final = re.compile(r"stops answering on (\d{4}-\d\d-\d\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiring:
    """An accepted deviation, in words, and its last day."""

    what: str
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmeasured:
    """What could not be asked in the whole time, and why."""

    workspace: str
    operation: str
    why: str


class Chronicle(Protocol):
    """What the digest reads of the history."""

    def documents(self, kind: str) -> Mapping[str, Any]:
        """Return the small documents of a kind, by key."""
        ...

    def noted(self, since: datetime) -> Sequence[Finding]:
        """Return the findings for information since then, oldest first."""
        ...

    def incidents(self, since: datetime) -> Sequence[IncidentState]:
        """Return every occurrence seen at `since` or later, and those that are open."""
        ...

    def unmeasured(self, since: datetime) -> Sequence[tuple[str, str, str]]:
        """Return workspace, operation and reason of what was not measured once since then."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """When it is due (`day` 0 is Monday, None is every day), and where it goes."""

    at: time
    zone: ZoneInfo
    to: tuple[str, ...]
    day: int | None = None
    expiring: Callable[[date], Sequence[Expiring]] = lambda today: ()

    @property
    def key(self) -> str:
        """What its document is kept by: another configuration over the history has its own, and
        begins where the latest of any was."""
        return " ".join(sorted(self.to))

    def _written(self, chronicle: Chronicle) -> object:
        kept = chronicle.documents(STATE)
        return kept.get(self.key, kept.get(STATE))

    def slot(self, now: datetime) -> datetime:
        """Return the latest moment at which one was due."""
        today = now.astimezone(self.zone).date()
        for back in range(9):
            on = today - timedelta(days=back)
            moment = datetime.combine(on, self.at, self.zone).astimezone(UTC)
            if moment <= now and self.day in (None, on.weekday()):
                return moment
        raise AssertionError("every weekday comes within eight days")

    def due(self, chronicle: Chronicle, now: datetime) -> datetime | None:
        """Return since when there is to tell, None where nothing is due now."""
        written = self._written(chronicle)
        slot = self.slot(now)
        if not isinstance(written, str):
            return None
        since = datetime.fromisoformat(written)
        return since if since < slot else None

    def begin(self, chronicle: Chronicle, now: datetime) -> str | None:
        """Return from when the first digest is to tell, None where there was one."""
        kept = chronicle.documents(STATE)
        if isinstance(kept.get(self.key), str):
            return None
        earlier = kept.get(STATE)
        return earlier if isinstance(earlier, str) else self.slot(now).isoformat()

    def notices(
        self,
        chronicle: Chronicle,
        incidents: Iterable[IncidentState],
        *,
        since: datetime,
        now: datetime,
    ) -> tuple[Notice, ...]:
        """Return the message for each channel; none where there is nothing to say."""
        latest = tuple(incidents)
        every = [one for one in (*chronicle.incidents(since), *latest) if one.opened_at]
        findings = [
            one for one in chronicle.noted(since) if not any(_was_told(one, each) for each in every)
        ]
        told = self.topics(findings, latest, chronicle.unmeasured(since), now)
        if not told:
            return ()
        return tuple(digest_of(told, channel, since=since, now=now) for channel in self.to)

    def topics(
        self,
        findings: Sequence[Finding],
        incidents: Iterable[IncidentState],
        unmeasured: Iterable[tuple[str, str, str]],
        now: datetime,
    ) -> dict[str, list[str]]:
        """Return the lines under each topic that has any."""
        missing = [
            Unmeasured(workspace=workspace, operation=operation, why=why)
            for workspace, operation, why in unmeasured
        ]
        today = now.astimezone(self.zone).date()
        topics = {
            "Upcoming ends": _ends(findings, incidents),
            "New fields and values": _lines(findings, "schema-"),
            "Latency": _lines(findings, _LATENCY),
            "For information": _lines(findings, "", but=("schema-", _LATENCY, "deprecation-")),
            "Not measured": _missing(missing),
            "Accepted deviations that end soon": [
                f"{phrases.escape(one.what, MAX_LINE)}, until {one.until} "
                f"({phrases.count((one.until - today).days, 'day')} left)"
                for one in self.expiring(today)
            ],
        }
        return {title: lines for title, lines in topics.items() if lines}


def digest_of(
    topics: Mapping[str, Sequence[str]], channel: str, *, since: datetime, now: datetime
) -> Notice:
    """Return the message that says, under each topic, these lines."""
    counts = ", ".join(f"{title.lower()} ({len(lines)})" for title, lines in topics.items())
    return Notice(
        channel=channel,
        incident_id=f"digest-{now:%Y-%m-%dT%H%M}",
        sequence=1,
        kind=Telling.DIGEST,
        text=f":newspaper: *Digest* since {phrases.moment(since)}, nothing urgent: {counts}",
        blocks=tuple(
            {"type": "section", "text": {"type": "mrkdwn", "text": _topic(title, lines)}}
            for title, lines in topics.items()
        ),
        color=wording.BLUE,
    )


def _topic(title: str, lines: Sequence[str]) -> str:
    shown = [f"• {line}" for line in lines[:SHOWN]]
    if len(lines) > SHOWN:
        shown.append(f"and {len(lines) - SHOWN} more")
    return "\n".join([f"*{title}*", *shown])


def _lines(findings: Iterable[Finding], prefix: str, *, but: tuple[str, ...] = ()) -> list[str]:
    """Return one line a cause, with the Intercom workspaces that have it."""
    causes: dict[str, tuple[Finding, dict[str, None]]] = {}
    noted = list(findings)
    several = [one for one in noted if one.operation is None and one.operations]
    for finding in noted:
        if any(_is_told_in(finding, one) for one in several):
            continue
        if finding.rule.name.startswith(prefix) and not (but and finding.rule.name.startswith(but)):
            _, workspaces = causes.setdefault(finding.cause, (finding, {}))
            workspaces[finding.workspace] = None
    return [
        f"{phrases.escape(finding.message.rstrip('.'), MAX_LINE)} ({_places(list(workspaces))})"
        for finding, workspaces in causes.values()
    ]


def _was_told(finding: Finding, incident: IncidentState) -> bool:
    """Whether what was only noted is how an incident began, or part of it."""
    if finding.workspace not in incident.workspaces:
        return False
    ended_at = incident.resolved_at if incident.phase is Phase.RESOLVED else None
    until = ended_at or finding.observed_at
    if not incident.onset_at - KIN_WITHIN <= finding.observed_at <= until:
        return False
    is_slowness = all(one.rule.name.startswith(_LATENCY) for one in (finding, incident.finding))
    is_part = is_slowness and str(finding.operation) in incident.operations
    return is_part or key_of(finding) == incident.key


def _is_told_in(finding: Finding, several: Finding) -> bool:
    """Whether what was found of one operation at first is told with others since."""
    is_there = not several.operations or str(finding.operation) in several.operations
    return is_there and finding.workspace == several.workspace and is_part_of(finding, several)


def _places(names: Sequence[str]) -> str:
    if len(names) > wording.NAMED:
        return f"{len(names)} Intercom workspaces"
    return ", ".join(phrases.escape(name, 40) for name in names)


def _ends(findings: Iterable[Finding], incidents: Iterable[IncidentState]) -> list[str]:
    """Return what is announced to end, the nearest first, as it was last seen."""
    latest: dict[str, Finding] = {}
    seen = [one.finding for one in incidents if one.phase is Phase.OPEN]
    for finding in (*findings, *seen):
        if finding.rule.name.startswith("deprecation-"):
            latest[finding.cause] = finding

    def nearest(finding: Finding) -> str:
        found = _ENDS.search(finding.message)
        return found[1] if found else "9999"

    return [phrases.escape(one.message, MAX_LINE) for one in sorted(latest.values(), key=nearest)]


def _missing(unmeasured: Iterable[Unmeasured]) -> list[str]:
    """Return one line a reason: what it keeps from being asked."""
    reasons: dict[str, list[Unmeasured]] = {}
    for one in unmeasured:
        reasons.setdefault(one.why, []).append(one)
    return [
        f"{phrases.escape(why or 'for no known reason', MAX_LINE)}: "
        f"{phrases.fold([phrases.code(one.operation, 60) for one in those], 2)} "
        f"({_places(sorted({one.workspace for one in those}))})"
        for why, those in reasons.items()
    ]
