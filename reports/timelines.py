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
NARROW: Final = 320
"""Pixels: what a phone gives it; there a name stands above its bar."""
NARROW_ROW: Final = 42
MOST_LETTERS: Final = 48
"""That fit into so few pixels."""
SHORT: Final = timedelta(minutes=8)
"""Of less, quarters are not two minutes apart."""
# Thinner than this a bar cannot be seen or pointed at.
_THINNEST: Final = 6.0


def timeline(episodes: Sequence[Episode], *, now: datetime, width: int = TIMELINE_WIDTH) -> Markup:
    """Draw incidents as bars over time, the present at the right."""
    if not episodes:
        return Markup("")
    begin = min(episode.since for episode in episodes)
    span = max(now - begin, timedelta(minutes=1))
    begin -= span * 0.02
    span = now - begin

    def x(at: datetime) -> float:
        return min(1.0, (at - begin) / span) * width

    is_narrow = width < TIMELINE_WIDTH
    row_height = NARROW_ROW if is_narrow else TIMELINE_ROW
    height = len(episodes) * row_height + 20
    parts = [_axis(begin, span, height, width)]
    for row, episode in enumerate(episodes):
        left, right = x(episode.since), x(episode.until or now)
        top, long = row * row_height, max(right - left, _THINNEST)
        parts.append(
            _bar(episode, top + 16, min(left, width - long), long, ("name", 0.0, top + 13, "start"))
            if is_narrow
            else _row(episode, top, left, long)
        )
    return Markup(
        '<svg class="timeline" role="img" aria-label="{}" viewBox="0 0 {} {}">{}</svg>'
    ).format(
        f"{len(episodes)} incidents since {moment(begin)}",
        width,
        height,
        Markup().join(parts),
    )


def _row(episode: Episode, top: float, left: float, width: float) -> Markup:
    # The name goes where there is room: after the bar, or before it when it ends at the edge.
    is_late = left + width > TIMELINE_WIDTH * 0.6
    anchor, at = ("end", left - 6) if is_late else ("start", left + width + 6)
    if is_late and left < TIMELINE_WIDTH * 0.4:
        anchor, at = "start", left + 8
    inside = " inside" if is_late and left < TIMELINE_WIDTH * 0.4 else ""
    return _bar(episode, top, left, width, (f"name{inside}", at, top + 15, anchor))


def _bar(
    episode: Episode, top: float, left: float, width: float, name: tuple[str, float, float, str]
) -> Markup:
    """Draw one incident; `name` is its class, place and anchor."""
    incident = episode.incident
    named = incident.operations
    operations = ", ".join(named) if len(named) <= NAMED else counted(len(named), "operation")
    state = "open" if episode.until is None else "resolved"
    about = operations or "every operation"
    text = f"{incident.finding.rule.name} · {about}".replace("*", "every operation")
    kind, at, base, anchor = name
    if kind == "name" and at == 0.0 and len(text) > MOST_LETTERS:
        text = f"{text[: MOST_LETTERS - 1]}…"
    return Markup(
        '<g class="{} {}"><rect x="{:.1f}" y="{}" width="{:.1f}" height="16" rx="4">'
        '<title>{}</title></rect><text class="{}" x="{:.1f}" y="{}" text-anchor="{}">{}</text></g>'
    ).format(
        incident.severity.value, state, left, top + 3, width,
        f"{state}: {incident.finding.message}", kind, at, base, anchor, text,
    )  # fmt: skip


def _label(at: datetime, span: timedelta) -> str:
    """Write a time, to the second where the whole is a matter of minutes."""
    return moment(at) if span > SHORT else f"{moment(at)}:{at:%S}"


def _axis(begin: datetime, span: timedelta, height: int, width: int) -> Markup:
    lines = []
    for share in (0.0, 0.25, 0.5, 0.75) if width == TIMELINE_WIDTH else (0.0, 0.5):
        x = share * width
        lines.append(
            Markup(
                '<line class="grid" x1="{}" x2="{}" y1="0" y2="{}"/>'
                '<text class="tick" x="{}" y="{}">{}</text>'
            ).format(x, x, height - 18, x + 2, height - 4, _label(begin + span * share, span))
        )
    end = Markup('<text class="tick" x="{}" y="{}" text-anchor="end">now</text>')
    return Markup().join([*lines, end.format(width, height - 4)])
