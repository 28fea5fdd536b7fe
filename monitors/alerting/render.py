"""An incident's change of state as a message.

Written for somebody woken at three in the morning: the status word and the colour first, then what
changed, for whom, since when, what was seen, who is hurt and what to do; identifiers last and
small. A resolved message keeps the facts, so that the channel's history stays readable.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from contracts.findings import Certainty, Finding
from contracts.rules import Scope, Severity
from monitors.alerting import phrases
from monitors.records import IncidentState, Notice, NoticeForm, Transition, TransitionKind

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
_CERTAINTY: Final = {
    Certainty.RECORDED: "recorded",
    Certainty.DOCUMENTED: "documented",
    Certainty.INFERRED: "inferred, so check before you act on it",
}

# Far within Slack's limits (3000 a section, 2000 a field): what is longer is not read at night.
MAX_SENTENCE: Final = 600  # characters of what changed
MAX_REMEDY: Final = 1200
MAX_NAME: Final = 100  # of one workspace, operation, consumer
MAX_PERSON: Final = 40
MAX_EVIDENCE: Final = 160  # of one location or kind
MAX_ID: Final = 80
MAX_URL: Final = 1000
SHOWN: Final = 5  # of a list, before it folds
NAMED: Final = 3  # Intercom workspaces in the first line; a phone shows no more
SHA: Final = 7  # digits of a commit, as git shows them

_LOUD: Final = frozenset(
    {TransitionKind.ESCALATED, TransitionKind.REOPENED, TransitionKind.FLAPPING}
)
_CALLING: Final = frozenset(
    {TransitionKind.OPENED, TransitionKind.ESCALATED, TransitionKind.REOPENED}
)

_WEB_ADDRESS: Final = re.compile(r"https?://[^/\s]")
_ENCODED: Final = str.maketrans({"|": "%7C", ">": "%3E", "<": "%3C", "`": "%60"})
"""What would end a link for Slack, or begin code."""

Block = dict[str, object]


def render(
    transition: Transition,
    *,
    channel: str,
    report_url: str | None = None,
    mentions: Sequence[str] = (),
    now: datetime,
) -> Notice:
    """Return the message for `channel`; `now` is when it is written.

    `text` is the first line of the message and what a phone shows; `blocks` belong below it,
    beside a bar of `color`. `mentions` are called where it is news to act on.
    """
    incident = transition.incident
    dot, color = _look(transition)
    where = _where(incident.workspaces)
    sentence = phrases.escape(incident.finding.message, MAX_SENTENCE)
    return Notice(
        channel=channel,
        incident_id=incident.id,
        sequence=incident.sequence,
        kind=transition.kind,
        text=f"{dot} *{_status(transition)}* {where}: {sentence}{_called(transition, mentions)}",
        blocks=(
            _facts(transition, now),
            _remedy(transition),
            _small_print(incident, report_url),
        ),
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
    dot, _ = _look(transition)
    is_loud = transition.kind in _LOUD
    sentence = phrases.escape(incident.finding.message, MAX_SENTENCE)
    return Notice(
        channel=channel,
        incident_id=incident.id,
        sequence=incident.sequence,
        kind=transition.kind,
        text=f"{dot} *{_event(transition)}*, {phrases.moment(transition.at)}"
        + (f": {sentence}{_called(transition, mentions)}" if is_loud else ""),
        form=NoticeForm.BROADCAST if is_loud else NoticeForm.REPLY,
    )


def _called(transition: Transition, mentions: Sequence[str]) -> str:
    """Return who is called; nobody twice for news that asks nothing of them."""
    if not mentions or transition.kind not in _CALLING:
        return ""
    return f" {' '.join(mentions)}"


def _event(transition: Transition) -> str:
    """Return what happened, for a timeline."""
    incident = transition.incident
    match transition.kind:
        case TransitionKind.OPENED:
            return "Opened"
        case TransitionKind.ACKNOWLEDGED:
            by = phrases.escape(incident.acknowledged_by, MAX_PERSON)
            return f"Acknowledged by {by}" if by else "Acknowledged"
        case TransitionKind.ESCALATED:
            return f"Escalated to {incident.severity.value}"
        case TransitionKind.FLAPPING:
            return f"Comes and goes, back {phrases.count(incident.reopenings, 'time')}"
        case TransitionKind.REOPENED:
            return f"Back again, {incident.severity.value}"
        case TransitionKind.RESOLVED:
            lasted = phrases.duration(_ended_at(transition) - incident.first_seen_at)
            return f"Resolved after {lasted}"
        case TransitionKind.BLIND:
            return "Not measured any more"


def _look(transition: Transition) -> tuple[str, str]:
    """Return the coloured dot and the colour of the bar."""
    if transition.kind is TransitionKind.RESOLVED:
        return ":large_green_circle:", GREEN
    if transition.kind is TransitionKind.BLIND:
        return ":white_circle:", GREY
    return _LOOKS[transition.incident.severity]


def _status(transition: Transition) -> str:
    incident = transition.incident
    severity = incident.severity.value.upper()
    match transition.kind:
        case TransitionKind.OPENED:
            return severity
        case TransitionKind.ACKNOWLEDGED:
            by = phrases.escape(incident.acknowledged_by, MAX_PERSON)
            return f"{severity}, acknowledged by {by}," if by else f"{severity}, acknowledged,"
        case TransitionKind.ESCALATED:
            return f"{severity}, escalated,"
        case TransitionKind.FLAPPING:
            return f"{severity}, comes and goes,"
        case TransitionKind.REOPENED:
            return f"{severity} again"
        case TransitionKind.RESOLVED:
            lasted = phrases.duration(_ended_at(transition) - incident.first_seen_at)
            return f"RESOLVED after {lasted}. Was {incident.severity.value}"
        case TransitionKind.BLIND:
            return f"NOT MEASURED any more, may still be {incident.severity.value}"


def _ended_at(transition: Transition) -> datetime:
    return transition.incident.resolved_at or transition.at


def _where(workspaces: tuple[str, ...]) -> str:
    names = [phrases.escape(name, MAX_NAME) for name in workspaces[:NAMED]]
    if not names:
        return "in no Intercom workspace (offline)"
    if len(workspaces) > NAMED:
        return f"in {len(workspaces)} Intercom workspaces"
    return f"in Intercom workspace{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _facts(transition: Transition, now: datetime) -> Block:
    incident, finding = transition.incident, transition.incident.finding
    fields = [
        _field(*_workspaces(incident)),
        _field("Lasted" if _is_over(transition) else "Since", _times(transition, now)),
        _field(*_operations(incident)),
        _field("Evidence was" if _is_over(transition) else "Evidence", _evidence(finding)),
    ]
    if finding.consumers:
        names = [phrases.escape(name, MAX_NAME) for name in finding.consumers]
        fields.append(
            _field("Hurt" if _is_over(transition) else "Hurts", phrases.fold(names, SHOWN))
        )
    if incident.acknowledged_by:
        by = phrases.escape(incident.acknowledged_by, MAX_PERSON)
        at = incident.acknowledged_at
        fields.append(
            _field("Acknowledged", f"by {by}, {phrases.moment(at)}" if at else f"by {by}")
        )
    if finding.request_id:
        fields.append(_field("Request id", phrases.code(finding.request_id, MAX_ID)))
    return {"type": "section", "fields": fields}


def _field(name: str, value: str) -> Block:
    return {"type": "mrkdwn", "text": f"*{name}*\n{value}"}


def _is_over(transition: Transition) -> bool:
    return transition.kind is TransitionKind.RESOLVED


def _workspaces(incident: IncidentState) -> tuple[str, str]:
    finding = incident.finding
    names = [phrases.escape(name, MAX_NAME) for name in incident.workspaces]
    if len(names) > 1:
        return f"Intercom workspaces ({len(names)})", phrases.fold(names, SHOWN)
    about = [finding.region.upper()] if finding.region not in ("", "-") else []
    if finding.version:
        about.append(f"API {finding.version}")
    details = phrases.escape(", ".join(about), MAX_NAME)
    name = names[0] if names else "-"
    return "Intercom workspace", f"{name} ({details})" if details else name


def _operations(incident: IncidentState) -> tuple[str, str]:
    operations = incident.operations
    if not operations and incident.finding.operation is not None:
        operations = (str(incident.finding.operation),)
    if not operations:
        return "Operations", "all of them"
    codes = [phrases.code(operation, MAX_NAME) for operation in operations]
    if len(codes) == 1:
        return "Operation", codes[0]
    return f"Operations ({len(codes)})", phrases.fold(codes, SHOWN)


def _times(transition: Transition, now: datetime) -> str:
    incident = transition.incident
    since = incident.first_seen_at
    if _is_over(transition):
        end = _ended_at(transition)
        span = phrases.duration(end - since)
        return f"{span}, from {phrases.moment(since)} to {phrases.moment(end)}"
    seen = f", seen {incident.sights} times" if incident.sights > 1 else ""
    text = f"{phrases.moment(since)} ({phrases.ago(since, now)}){seen}"
    if transition.kind is TransitionKind.BLIND:
        text += f"; last measured {phrases.moment(incident.last_seen_at)}"
    return text


def _evidence(finding: Finding) -> str:
    location, expected, observed = (
        phrases.code(text, MAX_EVIDENCE)
        for text in (finding.location, finding.expected, finding.observed)
    )
    return f"{location}: expected {expected}, got {observed}"


def _remedy(transition: Transition) -> Block:
    finding = transition.incident.finding
    remedy = phrases.escape(finding.remedy or finding.rule.remedy, MAX_REMEDY)
    match transition.kind:
        case TransitionKind.RESOLVED:
            right = phrases.count(transition.incident.successes, "right answer")
            text = f"*Nothing to do.* It is as it should be again, after {right} in a row."
        case TransitionKind.BLIND:
            text = (
                "*What to do*\nThe probes that saw it cannot be asked now: this is neither over nor"
                f" known to go on. The report says why. Once it can be asked: {remedy or '-'}"
            )
        case _:
            text = f"*What to do*\n{remedy or 'Nothing is known to help.'}"
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _small_print(incident: IncidentState, report_url: str | None) -> Block:
    finding = incident.finding
    identity = finding.fingerprint if finding.rule.scope is Scope.WORKSPACE else finding.cause
    rule = phrases.escape(finding.rule.name, MAX_NAME)
    parts = [
        phrases.code(f"intercheck explain {finding.rule.name}", MAX_NAME) if rule else "",
        f"Certainty: {_CERTAINTY[finding.certainty]}",
        f"Deployment {phrases.code(finding.deployment[:SHA], MAX_ID)}"
        if finding.deployment
        else "",
        f"Incident {phrases.code(incident.id, MAX_ID)}",
        f"Identity {phrases.code(identity, MAX_ID)}",
        _link(report_url, "Report"),
    ]
    text = "  |  ".join(part for part in parts if part)
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def _link(url: str | None, label: str) -> str:
    """Return a link to a web address; anything else is no link in Slack."""
    if not url or not _WEB_ADDRESS.match(url):
        return ""
    # A URL cannot be cut like a sentence, and `|` or `>` in it would end it for Slack.
    target = url.translate(_ENCODED).replace("&", "&amp;")
    return f"<{target}|{label}>" if len(target) <= MAX_URL and " " not in target else ""
