"""The words that an incident's change of state is told with: status, colour, place, time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from contracts.findings import Course
from contracts.rules import Severity
from monitors.alerting import phrases
from monitors.alerting.extent import extent
from monitors.detectors.countdown import step_words
from monitors.grouping import SLOWNESS
from monitors.records import IncidentState, Transition, TransitionKind

RED: Final = "#d7263d"
AMBER: Final = "#f2a100"
BLUE: Final = "#2f6fde"
GREEN: Final = "#1d9d5f"
GREY: Final = "#8d8c8f"

_LOOKS: Final = {
    Severity.CRITICAL: (":red_circle:", RED),
    Severity.WARNING: (":large_orange_circle:", AMBER),
    Severity.INFO: (":large_blue_circle:", BLUE),
}

A_SEVERITY: Final = {
    Severity.CRITICAL: "critical",
    Severity.WARNING: "a warning",
    Severity.INFO: "for information",
}
"""What an incident is, was or may still be, in a sentence."""

MAX_SENTENCE: Final = 600  # characters of what changed; what is longer is not read at night
MAX_NAME: Final = 100  # of one workspace, operation, consumer
MAX_PERSON: Final = 40
SHORT_ID: Final = 8  # digits of an incident's id: enough to tell thousands apart
NAMED: Final = 3  # Intercom workspaces in the first line; a phone shows no more

_CALLING: Final = frozenset(
    {TransitionKind.OPENED, TransitionKind.ESCALATED, TransitionKind.REOPENED}
)


def look(transition: Transition) -> tuple[str, str]:
    """Return the coloured dot and the colour of the bar."""
    if transition.kind is TransitionKind.RESOLVED:
        if transition.incident.finding.course is Course.SETTLED:
            return _LOOKS[Severity.INFO]
        return ":large_green_circle:", GREEN
    if transition.incident.is_blind:
        return ":white_circle:", GREY
    return _LOOKS[transition.incident.severity]


def status(transition: Transition) -> str:
    """Return the words a message begins with."""
    incident = transition.incident
    severity = incident.severity.value.upper()
    if incident.is_blind:
        return _unseen(incident)
    match transition.kind:
        case TransitionKind.OPENED:
            return severity
        case TransitionKind.ACKNOWLEDGED:
            return _taken(incident) or f"{severity}, acknowledged,"
        case TransitionKind.ESCALATED:
            stage = incident.finding.stage
            return f"{severity}, {step_words(stage) if stage else 'escalated'},"
        case TransitionKind.EXPLAINED:
            is_part = "part of a broader incident,"
            return f"{severity}, {is_part}" if incident.parent else _taken(incident) or severity
        case TransitionKind.SPREAD if incident.finding.course is Course.PAUSES:
            return _taken(incident) or f"{severity}, as usual now,"
        case TransitionKind.SPREAD:
            return _taken(incident) or severity
        case TransitionKind.MEASURED:
            return _taken(incident) or f"{severity}, measured again,"
        case TransitionKind.FLAPPING:
            return f"{severity}, comes and goes,"
        case TransitionKind.REOPENED:
            return f"{severity} again"
        case TransitionKind.RESOLVED:
            lasted = phrases.duration(ended_at(transition) - incident.began_at)
            if incident.accepted:
                return f"ACCEPTED after {lasted}. Was {A_SEVERITY[incident.severity]}"
            if incident.finding.course is Course.SETTLED:
                return f"USUAL NOW after {lasted}. Was {A_SEVERITY[incident.severity]}"
            return f"RESOLVED after {lasted}. Was {A_SEVERITY[incident.severity]}"
        case TransitionKind.BLIND:
            return _unseen(incident)


def _unseen(incident: IncidentState) -> str:
    """Return the words of one of which nothing is known at present, whatever happened to it."""
    by = phrases.escape(incident.acknowledged_by, MAX_PERSON)
    parts = [
        f"NOT MEASURED any more, may still be {A_SEVERITY[incident.severity]}",
        "part of a broader incident" if incident.parent else "",
        f"acknowledged by {by}" if by else "",
    ]
    said = ", ".join(part for part in parts if part)
    return said if said == parts[0] else f"{said},"


def _taken(incident: IncidentState) -> str:
    """Return the words of one that somebody has taken on; empty for nobody."""
    by = phrases.escape(incident.acknowledged_by, MAX_PERSON)
    return f"{incident.severity.value.upper()}, acknowledged by {by}," if by else ""


def event(transition: Transition) -> str:
    """Return what happened, for a timeline."""
    incident = transition.incident
    match transition.kind:
        case TransitionKind.OPENED:
            return "Opened"
        case TransitionKind.ACKNOWLEDGED:
            by = phrases.escape(incident.acknowledged_by, MAX_PERSON)
            return f"Acknowledged by {by}" if by else "Acknowledged"
        case TransitionKind.ESCALATED:
            if stage := incident.finding.stage:  # a step need not be more severe
                words = step_words(stage)
                return f"{words[0].upper()}{words[1:]}, {incident.severity.value}"
            return f"Escalated to {incident.severity.value}"
        case TransitionKind.EXPLAINED:
            return "Part of a broader incident now" if incident.parent else "Its cause is clear now"
        case TransitionKind.SPREAD:
            return _spread(incident)
        case TransitionKind.FLAPPING:
            return f"Comes and goes, back {phrases.count(incident.reopenings, 'time')}"
        case TransitionKind.REOPENED:
            return f"Back again, {incident.severity.value}"
        case TransitionKind.RESOLVED:
            lasted = phrases.duration(ended_at(transition) - incident.began_at)
            if incident.finding.course is Course.SETTLED:
                return f"Usual now after {lasted}"
            return f"{'Accepted' if incident.accepted else 'Resolved'} after {lasted}"
        case TransitionKind.BLIND:
            return "Not measured any more"
        case TransitionKind.MEASURED:
            seen = "right so far" if incident.successes else "still there"
            return f"Measured again, {seen}"


def _spread(incident: IncidentState) -> str:
    """Return how far it goes now, for a timeline."""
    finding = incident.finding
    if finding.course is Course.PAUSES:
        return "As usual now, and may come back"
    if incident.reach:
        return f"Reaches {extent(incident.reach)}"
    if finding.rule.name == SLOWNESS:
        number = len(finding.operations) or 1 + len(incident.children)
        return f"Slow on {phrases.count(number, 'operation')}"
    return "Reaches further"


def ended_at(transition: Transition) -> datetime:
    """Return when it was over, or the moment of the change where it is not."""
    return transition.incident.resolved_at or transition.at


def where(incident: IncidentState) -> str:
    """Return `in Intercom workspace prod`; of many how many, of how many."""
    workspaces, reach = incident.workspaces, incident.reach
    if reach is not None and reach.afflicted > NAMED:
        return f"in {extent(reach)}"
    names = [phrases.escape(name, MAX_NAME) for name in workspaces[:NAMED]]
    if not names:
        return "in no Intercom workspace (offline)"
    if len(workspaces) > NAMED:
        return f"in {len(workspaces)} Intercom workspaces"
    return f"in Intercom workspace{'s' if len(names) > 1 else ''} {', '.join(names)}"


def sentence(incident: IncidentState) -> str:
    """Return what is wrong. How many operations are slow is counted in one Intercom workspace."""
    finding = incident.finding
    is_counted = finding.operation is None and finding.rule.name == SLOWNESS
    one_of = f"In {finding.workspace}: " if is_counted and len(incident.workspaces) > 1 else ""
    return one_of + finding.message + elsewhere(incident)


def elsewhere(incident: IncidentState) -> str:
    """Say what else is missing or on which other operations the same is wrong, of what this
    incident explains."""
    finding = incident.finding
    prefix = f"{finding.rule.name} "
    if finding.rule.name == "auth-scope-missing":
        own = finding.expected  # the same in another Intercom workspace is nothing more
        lacking = [
            name
            for child in incident.children
            if (name := child.removeprefix(prefix)) != child
            and name != own
            and not name.startswith(f"{own} (")
        ]
        more = phrases.fold(lacking, NAMED)
        return f" It lacks more, to be enabled in the same place: {more}." if lacking else ""
    if finding.operation is None:
        return ""
    same = [
        name
        for child in incident.children
        if (name := child.removeprefix(prefix)) != child
        and name != str(finding.operation)  # in another Intercom workspace
    ]
    return f" The same on {phrases.fold(same, NAMED)}." if same else ""


def called(transition: Transition, mentions: Sequence[str]) -> str:
    """Return who is called; nobody twice for news that asks nothing of them."""
    if not mentions or transition.kind not in _CALLING:
        return ""
    return f" {' '.join(mentions)}"
