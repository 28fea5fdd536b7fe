"""A run as Markdown, short enough for a step summary or a pull request."""

from collections import Counter
from collections.abc import Iterator, Sequence

from contracts.findings import Finding
from reports.curl import curl_of, supply_of
from reports.markdown import MARKS, MAX_ROWS, code, text
from reports.runs import Run
from reports.words import counted


def render(run: Run) -> str:
    """Return the report as GitHub-flavoured Markdown."""
    return "\n\n".join(_blocks(run)) + "\n"


def _blocks(run: Run) -> Iterator[str]:
    yield f"## {_headline(run)}"
    yield (
        f"{run.exercised} of {counted(len(run.operations), 'operation')} exercised with "
        f"{counted(run.requests, 'request')} in {run.seconds:.1f} s, held to "
        f"{code(run.description)}."
    )
    if run.stopped:
        yield f"> **The rest was not asked.** {text(run.stopped)}"
    yield from _findings(run.open, run)
    if run.accepted:
        inner = "\n\n".join(_findings(run.accepted, run))
        title = counted(len(run.accepted), "accepted deviation")
        yield f"<details><summary>{title}</summary>\n\n{inner}\n\n</details>"
    whys = Counter(one.why for one in run.operations if one.why)
    if whys:
        lines = "\n".join(f"- {number} because {text(why)}" for why, number in whys.most_common())
        title = f"{counted(sum(whys.values()), 'operation')} not exercised"
        yield f"<details><summary>{title}</summary>\n\n{lines}\n\n</details>"


def _headline(run: Run) -> str:
    version = f" {run.version}" if run.version else ""
    if run.failing:
        return f"🔴 Intercom contract{version}: {counted(len(run.failing), 'finding')} to look at"
    if not run.exercised:
        return f"⚪ Intercom contract{version}: nothing could be measured"
    return f"🟢 Intercom contract{version}: kept"


def _findings(findings: Sequence[Finding], run: Run) -> Iterator[str]:
    for finding in findings[:MAX_ROWS]:
        lines = [
            f"{MARKS[finding.severity]} {code(finding.rule.name)} **{text(finding.message)}**  ",
            f"{code(str(finding.operation or 'every operation'))} {code(finding.location)} "
            f"{text(finding.difference)} · {code(finding.cause)}  ",
        ]
        if finding.consumers:
            lines.append(f"hurts **{text(', '.join(finding.consumers))}**  ")
        if finding.accepted is not None:
            lines.append(f"accepted: {text(finding.accepted)}")
        else:
            lines.append(f"→ {text(finding.remedy or finding.rule.remedy)}")
            lines.append(f"\n```sh\n{curl_of(finding, run.base_url)}\n```")
            if supply := supply_of(finding):
                lines.append(text(supply))
        yield "\n".join(lines)
    if len(findings) > MAX_ROWS:
        yield f"{len(findings) - MAX_ROWS} more are in the JSON report."
