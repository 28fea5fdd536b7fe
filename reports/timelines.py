"""The incidents in time, drawn as bars; inline SVG as in `reports.charts`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from markupsafe import Markup

from reports.episodes import Episode
from reports.words import counted, moment

NAMED: Final = 2
"""Operations that fit beside a bar; more are counted."""
TIMELINE_WIDTH: Final = 1000
TIMELINE_ROW: Final = 26
SHORT: Final = timedelta(minutes=8)
"""Of less, quarters are not two minutes apart."""
# Thinner than this a bar cannot be seen or pointed at.
_THINNEST: Final = 6.0


def timeline(episodes: Sequence[Episode], *, now: datetime) -> Markup:
    """Draw incidents as bars over time, the present at the right."""
    if not episodes:
        return Markup("")
    begin = min(episode.since for episode in episodes)
    span = max(now - begin, timedelta(minutes=1))
    begin -= span * 0.02
    span = now - begin

    def x(at: datetime) -> float:
        return min(1.0, (at - begin) / span) * TIMELINE_WIDTH

    height = len(episodes) * TIMELINE_ROW + 20
    parts = [_axis(begin, span, height)]
    for row, episode in enumerate(episodes):
        left, right = x(episode.since), x(episode.until or now)
        parts.append(_row(episode, row * TIMELINE_ROW, left, max(right - left, _THINNEST)))
    return Markup(
        '<svg class="timeline" role="img" aria-label="{}" viewBox="0 0 {} {}">{}</svg>'
    ).format(
        f"{len(episodes)} incidents since {moment(begin)}",
        TIMELINE_WIDTH,
        height,
        Markup().join(parts),
    )


def _row(episode: Episode, top: float, left: float, width: float) -> Markup:
    incident = episode.incident
    named = incident.operations
    operations = ", ".join(named) if len(named) <= NAMED else counted(len(named), "operation")
    state = "open" if episode.until is None else "resolved"
    text = f"{incident.finding.rule.name} · {operations}".replace("*", "every operation")
    # The name goes where there is room: after the bar, or before it when it ends at the edge.
    is_late = left + width > TIMELINE_WIDTH * 0.6
    anchor, at = ("end", left - 6) if is_late else ("start", left + width + 6)
    if is_late and left < TIMELINE_WIDTH * 0.4:
        anchor, at = "start", left + 8
    inside = " inside" if is_late and left < TIMELINE_WIDTH * 0.4 else ""
    return Markup(
        '<g class="{} {}"><rect x="{:.1f}" y="{}" width="{:.1f}" height="16" rx="4">'
        '<title>{}</title></rect><text class="{}" x="{:.1f}" y="{}" text-anchor="{}">{}</text></g>'
    ).format(
        incident.severity.value, state, left, top + 3, width,
        f"{state}: {incident.finding.message}", f"name{inside}", at, top + 15, anchor, text,
    )  # fmt: skip


def _label(at: datetime, span: timedelta) -> str:
    """Write a time, to the second where the whole is a matter of minutes."""
    return moment(at) if span > SHORT else f"{moment(at)}:{at:%S}"


def _axis(begin: datetime, span: timedelta, height: int) -> Markup:
    lines = []
    for share in (0.0, 0.25, 0.5, 0.75):
        x = share * TIMELINE_WIDTH
        lines.append(
            Markup(
                '<line class="grid" x1="{}" x2="{}" y1="0" y2="{}"/>'
                '<text class="tick" x="{}" y="{}">{}</text>'
            ).format(x, x, height - 18, x + 2, height - 4, _label(begin + span * share, span))
        )
    end = Markup('<text class="tick" x="{}" y="{}" text-anchor="end">now</text>')
    return Markup().join([*lines, end.format(TIMELINE_WIDTH, height - 4)])
