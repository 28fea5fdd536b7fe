"""Small drawings inside the page: the last looks of a probe, and its latency.

Inline SVG: it needs no script, prints, and costs a few hundred bytes a row, because neighbours of
the same outcome are one shape. Shape says what colour says, for whoever cannot tell red from green.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

from markupsafe import Markup

from monitors.records import Outcome
from reports.latencies import Latency
from reports.probes import Look
from reports.usual import Baseline
from reports.words import moment, number_of_ms

CELL: Final = 4  # pixels; with a gap of 1 drawn over it, 50 looks are 200 wide
BAR_HEIGHT: Final = 22

# Top and height of each outcome's shape: a failure stands tallest, what was not seen lies flat.
_SHAPES: Final = {
    Outcome.HEALTHY: (6, 16),
    Outcome.FAILED: (0, 22),
    Outcome.NOT_MEASURED: (18, 4),
    Outcome.NOT_APPLICABLE: (20, 2),
}
SPARK_WIDTH: Final = 104
SPARK_HEIGHT: Final = 26
BAND_POINTS: Final = 52
"""One for every other pixel: a page has hundreds of bands."""


def name_of(outcome: Outcome) -> str:
    """Return the outcome as a CSS class."""
    return outcome.value.replace(" ", "-")


def look_bar(looks: Sequence[Look], window: int) -> Markup:
    """Draw the last looks, the newest at the right; `window` is how many there is room for."""
    width = window * CELL
    left = (window - len(looks)) * CELL
    shapes = [Markup('<rect class="bed" y="21" width="{}" height="1"/>').format(width)]
    for (outcome, _), run in groupby(looks, key=lambda look: (look.outcome, look.note)):
        cells = list(run)
        top, height = _SHAPES[outcome]
        shapes.append(
            Markup(
                '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>'
            ).format(name_of(outcome), left, top, len(cells) * CELL, height, _title(cells))
        )
        left += len(cells) * CELL
    return Markup(
        '<svg class="looks" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">'
        '{}<rect width="{}" height="{}" fill="url(#gaps)"/></svg>'
    ).format(
        said(looks), width, BAR_HEIGHT, width, BAR_HEIGHT, Markup().join(shapes), width, BAR_HEIGHT
    )


def said(looks: Sequence[Look]) -> str:
    """Say the bar in words."""
    counts = [
        f"{number} {outcome.value}"
        for outcome in Outcome
        if (number := sum(look.outcome is outcome for look in looks))
    ]
    return f"last {len(looks)} looks: {', '.join(counts)}"


def _title(run: Sequence[Look]) -> str:
    first, last = run[0], run[-1]
    note = f" ({first.note})" if first.note else ""
    if len(run) == 1:
        return f"{first.outcome.value}{note}, {moment(first.at)}"
    return f"{first.outcome.value}{note}, {len(run)} looks, {moment(first.at)} to {moment(last.at)}"


def sparkline(latency: Latency, baseline: Baseline) -> Markup:
    """Draw latency over time from zero up: total as a line, the server's share as an area; behind
    them, where it is known, the band of what is usual, and where it became slower an upright."""
    samples = latency.samples
    if len(samples) < 2:
        return Markup("")
    hours = baseline.hours[:: 1 + len(baseline.hours) // BAND_POINTS]
    highest = max(sample.total_ms for sample in samples)
    top = max([highest, *(one.high for one in hours)]) or 1.0
    begin = samples[0].at
    span = (samples[-1].at - begin).total_seconds() or 1.0

    def place(at: datetime, value: float) -> str:
        x = max((at - begin).total_seconds(), 0.0) / span * (SPARK_WIDTH - 2) + 1
        y = SPARK_HEIGHT - 1 - value / top * (SPARK_HEIGHT - 3)
        return f"{x:.1f},{y:.1f}"

    line = " ".join(place(one.at, one.total_ms) for one in samples)
    timed = [(one.at, one.server_ms) for one in samples if one.server_ms is not None]
    area = Markup("")
    if len(timed) > 1:
        floor = [place(timed[-1][0], 0.0), place(timed[0][0], 0.0)]
        points = " ".join([*(place(at, min(ms, top)) for at, ms in timed), *floor])
        area = Markup('<polygon class="server" points="{}"/>').format(points)
    behind = [area]
    if len(hours) > 1:
        edge = [place(one.at, one.high) for one in hours]
        edge += [place(one.at, one.low) for one in reversed(hours)]
        behind.append(Markup('<polygon class="band" points="{}"/>').format(" ".join(edge)))
    for onset in baseline.onsets:
        ends = f"{place(onset.since, 0.0)} {place(onset.since, top)}"
        behind.append(Markup('<polyline class="onset" points="{}"/>').format(ends))
    label = (
        f"latency from {moment(begin)} to {moment(samples[-1].at)}, at most {number_of_ms(highest)}"
    )
    return Markup(
        '<svg class="spark" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">'
        '<title>{}</title>{}<polyline class="total" points="{}"/></svg>'
    ).format(
        label, SPARK_WIDTH, SPARK_HEIGHT, SPARK_WIDTH, SPARK_HEIGHT, label,
        Markup().join(behind), line
    )  # fmt: skip


# Drawn once in the page and laid over every bar: one vertical gap per look.
GAPS: Final = Markup(
    '<svg width="0" height="0" aria-hidden="true" class="defs"><defs><pattern id="gaps" width="{}" '
    'height="{}" patternUnits="userSpaceOnUse"><rect class="gap" x="{}" width="1" height="{}"/>'
    "</pattern></defs></svg>"
).format(CELL, BAR_HEIGHT, CELL - 1, BAR_HEIGHT)
