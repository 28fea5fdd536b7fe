"""The page: what broke, for whom, since when, what to do, and everything it rests on.

One file that needs nothing else: styles and drawings are inside, no request leaves it. Only the
zoomable latency chart wants `plotly.min.js` beside the page, and only once it is opened.
"""

import base64
import hashlib
from functools import cache
from itertools import islice
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from contracts.rules import Severity
from monitors.records import Outcome
from reports import plots, timelines, words
from reports.charts import GAPS, look_bar, name_of, said, sparkline
from reports.plots import plot, told
from reports.probes import ProbeSummary
from reports.summaries import Summary
from reports.timelines import timeline
from reports.verdicts import Verdict

CHART_LIBRARY: Final = "plotly.min.js"

# What a page can hold and still open at once. What is left out is counted on the page, and whole
# in the JSON report. The order of a summary puts what is in trouble first.
MAX_WORKSPACES: Final = 12
MAX_FINDINGS: Final = 200
MAX_RESOLVED: Final = 30
MAX_SKIPPED: Final = 60
MAX_CHARTED: Final = 60
MAX_PLOTTED: Final = 12

LEAST_WINDOW: Final = 20

ICONS: Final = {
    Verdict.HEALTHY: "✓",
    Verdict.DEGRADED: "!",
    Verdict.BROKEN: "✕",
    Verdict.UNKNOWN: "?",
}


def render(summary: Summary) -> str:
    """Return the page as HTML."""
    script = source("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    episodes = [*summary.open, *summary.resolved[:MAX_RESOLVED]]
    return (
        environment()
        .get_template("report.html")
        .render(
            summary=summary,
            window=_window(summary),
            script=Markup(script),  # noqa: S704 - our own file, nothing put in
            script_digest=digest,
            style=Markup(source("report.css")),  # noqa: S704 - likewise
            charted=_charted(summary),
            slower=(slower := _slower(summary)),
            still_slower=any(probe.baseline.onsets[-1].is_slow for _, probe in slower),
            timeline=timeline(episodes, now=summary.generated_at),
            narrow_timeline=timeline(episodes, now=summary.generated_at, width=timelines.NARROW),
        )
    )


def _window(summary: Summary) -> int:
    """Return how many looks a bar needs room for: no more than there are, nor so few that the
    first pass would be a wall."""
    looks = [len(p.looks) for workspace in summary.workspaces for p in workspace.probes]
    return max(LEAST_WINDOW, max(looks, default=0))


def _slower(summary: Summary) -> list[tuple[str, ProbeSummary]]:
    """Return the probes that are or were slower than usual: those that still are, the worst of
    them, and the latest first."""
    probes = [
        (workspace.name, probe)
        for workspace in summary.workspaces
        for probe in workspace.probes
        if probe.baseline.onsets and len(probe.latency.samples) > 1
    ]

    def rank(named: tuple[str, ProbeSummary]) -> tuple[bool, float, float]:
        last = named[1].baseline.onsets[-1]
        return last.until is not None, -last.factor, -last.since.timestamp()

    return sorted(probes, key=rank)


def _charted(summary: Summary) -> list[dict[str, object]]:
    """Return the series of the chart: of each probe times (epoch milliseconds) and latencies."""
    probes = [
        (workspace.name, probe)
        for workspace in summary.workspaces
        for probe in workspace.probes
        if len(probe.latency.samples) > 1
    ]
    return [_series(name, probe) for name, probe in islice(probes, MAX_CHARTED)]


def _series(workspace: str, probe: ProbeSummary) -> dict[str, object]:
    samples, hours = probe.latency.samples, probe.baseline.hours
    return {
        "name": f"{workspace} · {probe.operation}",
        "at": [round(sample.at.timestamp() * 1000) for sample in samples],
        "total": [round(sample.total_ms, 1) for sample in samples],
        "server": [
            None if sample.server_ms is None else round(sample.server_ms, 1) for sample in samples
        ],
        "hours": [round(one.at.timestamp() * 1000) for one in hours],
        "usual": [round(one.ms, 1) for one in hours],
        "low": [round(one.low, 1) for one in hours],
        "high": [round(one.high, 1) for one in hours],
    }


def prose(text: str) -> Markup:
    """Show what stands between backticks as code, and everything as text."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # a backtick without its partner is only a character
        return escape(text)
    return Markup().join(
        Markup("<code>{}</code>").format(piece) if index % 2 else escape(piece)
        for index, piece in enumerate(pieces)
    )


@cache
def environment() -> Environment:
    """Return what every page is rendered with."""
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        Outcome=Outcome,
        Severity=Severity,
        ICONS=ICONS,
        GAPS=GAPS,
        MAX_WORKSPACES=MAX_WORKSPACES,
        MAX_FINDINGS=MAX_FINDINGS,
        MAX_RESOLVED=MAX_RESOLVED,
        MAX_SKIPPED=MAX_SKIPPED,
        CHART_LIBRARY=CHART_LIBRARY,
        MAX_PLOTTED=MAX_PLOTTED,
        look_bar=look_bar,
        plot=plot,
        NARROW=plots.NARROW,
        told=told,
        said=said,
        sparkline=sparkline,
        counted=words.counted,
    )
    environment.filters.update(
        moment=words.moment,
        duration=words.duration,
        ms=words.number_of_ms,
        share=words.share,
        css=name_of,
        prose=prose,
    )
    return environment


@cache
def source(name: str) -> str:
    """Return a file of the templates as it stands."""
    loader = environment().loader
    assert loader is not None  # noqa: S101 - set above
    return loader.get_source(environment(), name)[0]
