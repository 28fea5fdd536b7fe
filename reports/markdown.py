"""The summary as Markdown, short enough for a step summary, a pull request or a chat."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from contracts.findings import Finding
from contracts.rules import Severity
from monitors.records import Outcome
from reports.departures import FindingGroup
from reports.episodes import Episode
from reports.probes import ProbeSummary
from reports.summaries import Summary
from reports.verdicts import Verdict
from reports.words import counted, duration, moment, number_of_ms, share

# GitHub cuts a step summary off at 1 MiB, people long before: the rest is counted.
MAX_ROWS: Final = 40

SIGNS: Final = {
    Verdict.HEALTHY: "🟢",
    Verdict.DEGRADED: "🟡",
    Verdict.BROKEN: "🔴",
    Verdict.UNKNOWN: "⚪",
}
MARKS: Final = {Severity.CRITICAL: "🔴", Severity.WARNING: "🟡", Severity.INFO: "🔵"}

# Everything that could start markup, a link or a table cell.
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>()#|~!&])")
# GitHub looks for mentions after it has taken escapes away; a space of no width stops it.
_MENTION: Final = "@\u200b"


def render(summary: Summary) -> str:
    """Return the report as GitHub-flavoured Markdown."""
    blocks = [
        f"## {SIGNS[summary.verdict]} Intercom API: {text(summary.headline)}",
        _measured(summary),
        *_undelivered(summary),
        *_incidents(summary.open),
        *_findings("Findings", summary.findings),
        *_folded("accepted deviation", _findings("", summary.accepted), len(summary.accepted)),
        *_probes(summary),
        *_resolved(summary.resolved),
    ]
    return "\n\n".join(blocks) + "\n"


def text(words: str) -> str:
    """Show `words` as they are, on one line; what stands between backticks becomes code."""
    flat = _flat(words)
    pieces = flat.split("`")
    if len(pieces) % 2 == 0:  # a backtick without its partner is only a character
        return _escaped(flat)
    return "".join(
        code(piece) if index % 2 else _escaped(piece) for index, piece in enumerate(pieces)
    )


def code(words: str) -> str:
    """Show `words` as code, also inside a table cell."""
    flat = _flat(words).replace("`", "'").replace("|", "\\|")
    return f"`{flat}`" if flat else ""


def _flat(words: str) -> str:
    return "".join(one if one.isprintable() else "\ufffd" for one in " ".join(words.split()))


def _escaped(words: str) -> str:
    return _SPECIAL.sub(r"\\\1", words).replace("@", _MENTION)


def _measured(summary: Summary) -> str:
    coverage = summary.coverage
    numbers = {outcome.value: summary.count(outcome) for outcome in Outcome}
    numbers["in trouble"] = summary.troubled
    counts = ", ".join(f"{number} {name}" for name, number in numbers.items() if number)
    when = f"last measured {moment(summary.measured_at)} UTC" if summary.measured_at else "never"
    return f"{counted(coverage.selected, 'probe')}: {counts or 'none'} ({when})."


def _undelivered(summary: Summary) -> Iterable[str]:
    for late in summary.undelivered:
        state = "given up" if late.given_up else "still being tried"
        yield (
            f"> **Alert not delivered** to {text(late.channel)}: "
            f"incident {code(late.incident_id)}, {state}: {text(late.error or 'no reason given')}"
        )


def _incidents(episodes: Sequence[Episode]) -> Iterable[str]:
    if not episodes:
        return
    yield f"### {counted(len(episodes), 'open incident')}"
    for episode in episodes[:MAX_ROWS]:
        incident, finding = episode.incident, episode.incident.finding
        hurt = f"; hurts **{text(', '.join(finding.consumers))}**" if finding.consumers else ""
        yield "\n".join(
            [
                f"{MARKS[incident.severity]} **{text(finding.message)}**  ",
                f"since {moment(episode.since)} UTC ({duration(episode.duration)}), "
                f"in {text(_named(incident.workspaces))}{hurt}  ",
                f"{_place(finding)}  ",
                f"→ {text(episode.remedy)}",
            ]
        )
    yield from _more(len(episodes))


def _findings(title: str, groups: Sequence[FindingGroup]) -> Iterable[str]:
    if not groups:
        return
    if title:
        yield f"### {title}"
    rows = [
        (
            f"{MARKS[group.finding.severity]} {code(group.finding.rule.name)}",
            text(group.finding.message)
            + (f" *({text(group.finding.accepted)})*" if group.finding.accepted else ""),
            _place(group.finding),
            text(_named(group.workspaces)),
        )
        for group in groups[:MAX_ROWS]
    ]
    yield _table(("Rule", "What", "Where", "For whom"), rows)
    yield from _more(len(groups))


def _state(probe: ProbeSummary) -> str:
    if probe.state is Outcome.HEALTHY:
        return f"in trouble ({text(probe.trouble.rule)})" if probe.trouble else probe.state.value
    return f"{probe.state.value} ({text(probe.note)})" if probe.note else probe.state.value


def _probes(summary: Summary) -> Iterable[str]:
    rows = [
        (
            text(workspace.name),
            code(str(probe.operation)),
            _state(probe),
            share(probe.availability),
            number_of_ms(probe.latency.p50_ms),
            number_of_ms(probe.latency.p95_ms),
            number_of_ms(probe.latency.last_ms),
        )
        for workspace in summary.workspaces
        for probe in workspace.probes
    ]
    if rows:
        header = ("Intercom workspace", "Operation", "Now", "Healthy", "p50", "p95", "Last")
        body = [_table(header, rows[:MAX_ROWS]), *_more(len(rows))]
        yield from _folded("probe", body, len(rows))


def _resolved(episodes: Sequence[Episode]) -> Iterable[str]:
    rows = [
        (
            f"{MARKS[episode.incident.severity]} {text(episode.incident.finding.message)}",
            text(_named(episode.incident.workspaces)),
            moment(episode.since),
            duration(episode.duration),
        )
        for episode in episodes[:MAX_ROWS]
    ]
    if rows:
        body = [_table(("What", "For whom", "From", "For"), rows), *_more(len(episodes))]
        yield from _folded("resolved incident", body, len(episodes))


def _folded(noun: str, body: Iterable[str], count: int) -> Iterable[str]:
    if count:
        inner = "\n\n".join(body)
        yield f"<details><summary>{counted(count, noun)}</summary>\n\n{inner}\n\n</details>"


def _place(finding: Finding) -> str:
    return f"{code(finding.place)} {code(finding.location)} {text(finding.difference)}"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more


def _more(total: int) -> Iterable[str]:
    if total > MAX_ROWS:
        yield f"{total - MAX_ROWS} more are in the JSON report."


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
