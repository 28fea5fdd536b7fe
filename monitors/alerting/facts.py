"""The facts of an incident as blocks: where, since when, what was seen, who is hurt, what to do."""

import re
from datetime import datetime, timedelta
from typing import Final

from contracts.findings import Certainty, Course, Finding
from monitors.alerting import phrases
from monitors.alerting.contacts import Contact, Contacts
from monitors.alerting.extent import extent
from monitors.alerting.silences import Silence
from monitors.alerting.wording import MAX_NAME, MAX_PERSON, SHORT_ID, ended_at
from monitors.grouping import SLOWNESS, Level, level_of
from monitors.probes import CANARY
from monitors.records import IncidentState, Transition, TransitionKind

# Far within Slack's limits (3000 a section, 2000 a field): what is longer is not read at night.
MAX_REMEDY: Final = 1200
MAX_EVIDENCE: Final = 160  # of one location or kind
MAX_ID: Final = 80
MAX_URL: Final = 1000
MAX_RUNBOOK: Final = 300  # of one address: five of them share a section
SHOWN: Final = 5  # of a list, before it folds
LATE: Final = timedelta(minutes=1)  # after it opened: then something held the news back
SHA: Final = 7  # digits of a commit, as git shows them

_CERTAINTY: Final = {
    Certainty.RECORDED: "recorded",
    Certainty.DOCUMENTED: "documented",
    Certainty.INFERRED: "inferred, so check before you act on it",
}
_WEB_ADDRESS: Final = re.compile(r"https?://[^/\s]")
_ENCODED: Final = str.maketrans({"|": "%7C", ">": "%3E", "<": "%3C", "`": "%60"})
"""What would end a link for Slack, or begin code."""

Block = dict[str, object]


def facts(transition: Transition, now: datetime, silence: Silence | None = None) -> Block:
    """Return the fields that a reader scans: where, since when, what was seen."""
    incident, finding = transition.incident, transition.incident.finding
    fields = [
        _field(*_workspaces(incident)),
        _field("Lasted" if is_over(transition) else "Since", _times(transition, now)),
        _field(*_operations(transition)),
        _field("Evidence was" if is_over(transition) else "Evidence", _evidence(finding)),
    ]
    if incident.acknowledged_by:
        by = phrases.escape(incident.acknowledged_by, MAX_PERSON)
        at = incident.acknowledged_at
        fields.append(
            _field("Acknowledged", f"by {by}, {phrases.moment(at)}" if at else f"by {by}")
        )
    if incident.was_accepted:
        why = phrases.escape(incident.was_accepted, MAX_REMEDY)
        fields.append(_field("Was accepted", why))
    if silence is not None:
        by = phrases.escape(silence.created_by, MAX_PERSON)
        until = phrases.moment(silence.ends_at)
        fields.append(_field("Silenced", f"by {by}, until {until}" if by else f"until {until}"))
    if incident.children:
        explained = [phrases.code(one, MAX_NAME) for one in incident.children]
        fields.append(_field(f"Explains ({len(explained)})", phrases.fold(explained, SHOWN)))
    if finding.request_id:
        fields.append(_field("Request id", phrases.code(finding.request_id, MAX_ID)))
    return {"type": "section", "fields": fields}


def hurt(transition: Transition, contacts: Contacts) -> Block | None:
    """Return who is hurt, whose that is and where it stands what they do; None for nobody known."""
    names = transition.incident.finding.consumers
    if not names:
        return None
    lines = [f"• {_consumer(name, contacts.get(name))}" for name in names[:SHOWN]]
    if len(names) > SHOWN:
        lines.append(f"and {len(names) - SHOWN} more")
    title = "Hurt" if is_over(transition) else "Hurts"
    return _text("\n".join([f"*{title}*", *lines]))


def remedy(transition: Transition) -> Block:
    """Return what to do."""
    finding = transition.incident.finding
    said = phrases.escape(finding.remedy or finding.rule.remedy, MAX_REMEDY)
    match transition.kind:
        case TransitionKind.RESOLVED if transition.incident.accepted:
            why = phrases.escape(transition.incident.accepted, MAX_REMEDY)
            return _text(
                f"*Accepted, not mended* ({why}). After that it is told again, if still so."
            )
        case TransitionKind.RESOLVED if finding.course is Course.SETTLED:
            return _text(f"*Not mended, but usual now.* {said}")
        case TransitionKind.RESOLVED:
            right = phrases.count(transition.incident.successes, "right answer")
            return _text(f"*Nothing to do.* It is as it should be again, after {right} in a row.")
        case _ if transition.incident.is_blind:
            return _text(
                "*What to do*\nThe probes that saw it cannot be asked now: this is neither over nor"
                f" known to go on. The report says why. Once it can be asked: {said or '-'}"
            )
        case _:
            return _text(f"*What to do*\n{said or 'Nothing is known to help.'}")


def small_print(transition: Transition, report_url: str | None) -> Block:
    """Return what identifies it, and what to type, for whoever looks further."""
    incident, finding = transition.incident, transition.incident.finding
    rule, short = phrases.escape(finding.rule.name, MAX_NAME), incident.id[:SHORT_ID]
    parts = [
        phrases.code(f"intercheck explain {finding.rule.name}", MAX_NAME) if rule else "",
        f"Certainty: {_CERTAINTY[finding.certainty]}",
        f"Deployment {phrases.code(finding.deployment[:SHA], MAX_ID)}"
        if finding.deployment
        else "",
        f"Incident {phrases.code(short, MAX_ID)}"
        if is_over(transition) or incident.acknowledged_by
        else phrases.code(f"intercheck incidents ack {short}", MAX_ID),
        f"Identity {phrases.code(incident.key, MAX_ID)}",
        f"Cause {phrases.code(finding.cause, MAX_ID)}" if finding.cause != incident.key else "",
        link(report_url, "Report"),
    ]
    text = "  |  ".join(part for part in parts if part)
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def is_over(transition: Transition) -> bool:
    return transition.kind is TransitionKind.RESOLVED


def link(url: str | None, label: str, limit: int = MAX_URL) -> str:
    """Return a link to a web address; anything else is no link in Slack."""
    if not url or not _WEB_ADDRESS.match(url):
        return ""
    # A URL cannot be cut like a sentence, and `|` or `>` in it would end it for Slack.
    target = url.translate(_ENCODED).replace("&", "&amp;")
    return f"<{target}|{label}>" if len(target) <= limit and target.isprintable() else ""


def _text(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _field(name: str, value: str) -> Block:
    return {"type": "mrkdwn", "text": f"*{name}*\n{value}"}


def _consumer(name: str, contact: Contact | None) -> str:
    shown = phrases.escape(name, MAX_NAME)
    if contact is None:
        return shown
    owner = phrases.escape(contact.owner, MAX_NAME)
    parts = [f"owned by {owner}" if owner else "", link(contact.runbook, "Runbook", MAX_RUNBOOK)]
    return ", ".join([shown, *(part for part in parts if part)])


def _workspaces(incident: IncidentState) -> tuple[str, str]:
    finding = incident.finding
    names = [phrases.escape(name, MAX_NAME) for name in incident.workspaces]
    if len(names) > 1:
        reach = f"{extent(incident.reach)}: " if incident.reach else ""
        of_all = _kinds(incident)
        return (
            f"Intercom workspaces ({len(names)})",
            reach + phrases.fold(names, SHOWN) + (f" ({of_all})" if of_all else ""),
        )
    about = [finding.region.upper()] if finding.region not in ("", "-") else []
    if finding.version:
        about.append(f"API {finding.version}")
    details = phrases.escape(", ".join(about), MAX_NAME)
    name = names[0] if names else "-"
    return "Intercom workspace", f"{name} ({details})" if details else name


def _kinds(incident: IncidentState) -> str:
    """Return the regions and the versions of the workspaces that have it, how many of each where
    they differ."""
    reach = incident.reach
    if reach is None:
        return ""
    parts = []
    for prefix, shares in (("", reach.regions), ("API ", reach.versions)):
        hit = [one for one in shares if one.afflicted and one.name not in ("", "-")]
        for one in hit[:SHOWN]:
            name = prefix + (one.name if prefix else one.name.upper())
            parts.append(f"{name}: {one.afflicted}" if len(hit) > 1 else name)
    return phrases.escape(", ".join(parts), MAX_REMEDY)


def _operations(transition: Transition) -> tuple[str, str]:
    incident = transition.incident
    operations = incident.operations
    if not operations and incident.finding.operation is not None:
        operations = (str(incident.finding.operation),)
    if not operations:
        return "Operations", "all of them"
    codes = [phrases.code(operation, MAX_NAME) for operation in operations]
    if level_of(incident) is Level.TOKEN and str(CANARY) in operations:
        # Nobody asks further with a token that the first answers showed to be refused.
        return "Operations", f"all of them ({phrases.fold(codes, SHOWN)} were asked, no others)"
    if len(codes) == 1:
        return "Operation", codes[0]
    still = incident.finding.operations
    is_less = incident.finding.rule.name == SLOWNESS and 0 < len(still) < len(codes)
    goes_on = not is_over(transition) and incident.finding.course is Course.GOES_ON
    if is_less and goes_on:
        named = [phrases.code(operation, MAX_NAME) for operation in still]
        return f"Operations ({len(still)} now, {len(codes)} in all)", phrases.fold(named, SHOWN)
    return f"Operations ({len(codes)})", phrases.fold(codes, SHOWN)


def _times(transition: Transition, now: datetime) -> str:
    incident = transition.incident
    since, first = incident.began_at, phrases.moment(incident.onset_at)
    is_back = incident.is_back
    if is_over(transition):
        end = ended_at(transition)
        span = phrases.duration(end - since)
        text = f"{span}, from {phrases.moment(since)} to {phrases.moment(end)}"
        return f"{text}; first seen {first}" if is_back else text
    seen = f", first seen {first}" if is_back else ""
    seen += f", seen {incident.sights} times" if incident.sights > 1 else ""
    back = "back since " if is_back else ""
    text = f"{back}{phrases.moment(since)} ({phrases.ago(since, now)}){seen}"
    if incident.is_blind:
        text += f"; last measured {phrases.moment(incident.last_seen_at)}"
    opened_at = incident.opened_at
    if transition.kind is TransitionKind.OPENED and opened_at and transition.at - opened_at > LATE:
        text += "; told only now, since a silence, a maintenance or quiet hours held it back"
    return text


def _evidence(finding: Finding) -> str:
    location, expected, observed = (
        phrases.code(text, MAX_EVIDENCE)
        for text in (finding.location, finding.expected, finding.observed)
    )
    if finding.evidence:
        return f"{location}: {phrases.escape(finding.evidence, MAX_EVIDENCE)}"
    return f"{location}: expected {expected}, got {observed}"
