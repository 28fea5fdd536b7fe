"""The latency of an operation that became slower, drawn large: its answers, the band of what is
usual, since when it is slower and how much, what was deployed, and the limits that are set."""

import math
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from markupsafe import Markup

from reports.latencies import Latency
from reports.probes import ProbeSummary
from reports.usual import Baseline, Onset
from reports.words import counted, moment, number_of_ms, times

WIDTH: Final = 860
"""Pixels: a page gives it from 560 to 1200."""
NARROW: Final = 320
"""Pixels: what a phone gives it. A wide drawing would be illegible there, or cut."""
TICK: Final = 80
"""Pixels that the name of a day or hour takes, with some room."""
HEIGHT: Final = 210
LEFT: Final = 52
"""Pixels for the figures of the scale."""
TOP: Final = 24
"""Pixels for the words above the drawing."""
BOTTOM: Final = 22
SHA: Final = 7  # digits of a commit, as git shows them
SPIKE: Final = 3.0
"""Times the highest of the usual and the slower level: answers beyond it are drawn at the edge, so
that one timeout does not flatten everything else."""
REACH: Final = 1.5
"""Times the highest answer: a limit further up is said in words, and not drawn."""
STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
LEAST_SPAN: Final = timedelta(minutes=1)

Place = Callable[[datetime, float], tuple[float, float]]


def plot(probe: ProbeSummary, width: int = WIDTH) -> Markup:
    """Draw the latency of a probe; nothing where there are too few answers."""
    latency, baseline = probe.latency, probe.baseline
    if len(latency.samples) < 2:
        return Markup("")
    begin, end = latency.samples[0].at, latency.samples[-1].at
    span = max(end - begin, LEAST_SPAN)
    top = _top(latency, baseline)

    def place(at: datetime, ms: float) -> tuple[float, float]:
        x = LEFT + min(max((at - begin) / span, 0.0), 1.0) * (width - LEFT - 1)
        y = TOP + (1.0 - min(max(ms / top, 0.0), 1.0)) * (HEIGHT - TOP - BOTTOM)
        return x, y

    parts = [
        *_scale(top, place, begin, width),
        *_days(begin, end, place, width),
        *_band(baseline, place),
        *_limits(baseline, top, place, end, width),
        _line("slowest", [(one.at, one.total_ms) for one in latency.samples], place),
        _line("total", [(one.at, one.total_ms) for one in latency.middles], place),
        *(part for one in baseline.onsets for part in _onset(one, place, begin, end)),
        *(_words(baseline.onsets[-1], place, width) if baseline.onsets else ()),
    ]
    return Markup(
        '<svg class="plot" role="img" aria-label="{}" viewBox="0 0 {} {}">{}</svg>'
    ).format(
        f"{probe.operation}, latency from {moment(begin)} to {moment(end)}. {told(probe)}",
        width, HEIGHT, Markup().join(parts),
    )  # fmt: skip


def told(probe: ProbeSummary) -> str:
    """Say in words what the drawing shows."""
    baseline = probe.baseline
    said = [_told(one) for one in baseline.onsets]
    if baseline.hours:
        now = baseline.hours[-1]
        said.append(
            f"Usual for this hour is {number_of_ms(now.ms)}, nine answers of ten between "
            f"{number_of_ms(now.low)} and {number_of_ms(now.high)}."
        )
    said += [f"An objective asks for {number_of_ms(one)}." for one in baseline.objectives]
    if baseline.limit_ms is not None:
        said.append(f"The limit is {number_of_ms(baseline.limit_ms)}.")
    return " ".join(said)


def _told(onset: Onset) -> str:
    what = "The slow answers (p95)" if onset.tail else "p50"
    words = (
        f"{what} rose to {number_of_ms(onset.now_ms)} at most, {times(onset.factor)} the usual "
        f"{number_of_ms(onset.usual_ms)}, since {moment(onset.since)}"
    )
    if paused := sum(until is not None and until != onset.until for _, until in onset.pauses):
        words += f", with {counted(paused, 'pause')}"
    if onset.deployment and onset.deployed_at:
        commit = onset.deployment[:SHA]
        words += f"; deployment {commit} first seen {moment(onset.deployed_at)}"
    if onset.paused_since:
        return f"{words}; as usual again since {moment(onset.paused_since)}, not yet called over."
    if onset.until is None:
        return f"{words}; it goes on."
    how = "taken for usual" if onset.settled else "over"
    return f"{words}; {how} at {moment(onset.until)}."


def _top(latency: Latency, baseline: Baseline) -> float:
    """Return the top of the scale in milliseconds."""
    highest = max(one.total_ms for one in latency.samples)
    levels = [
        *(one.high for one in baseline.hours),
        *(one.now_ms for one in baseline.onsets),
        *(one.total_ms for one in latency.middles),
    ]
    top = min(highest, SPIKE * max(levels))
    drawn = [one for one in _marks(baseline) if one <= REACH * top]
    return max([top, *levels[: len(baseline.hours)], *drawn]) * 1.04 or 1.0


def _marks(baseline: Baseline) -> list[float]:
    limit = [] if baseline.limit_ms is None else [baseline.limit_ms]
    return [*baseline.objectives, *limit]


def _scale(top: float, place: Place, begin: datetime, width: int) -> Iterator[Markup]:
    size = 10.0 ** math.floor(math.log10(top / 3))
    step = next(size * one for one in STEPS if top / (size * one) <= 4)
    for number in range(int(top / step) + 1):
        _, y = place(begin, number * step)
        yield Markup(
            '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
            '<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>'
        ).format(LEFT, width, y, y, LEFT - 6, y + 4, number_of_ms(number * step))


def _days(begin: datetime, end: datetime, place: Place, width: int) -> Iterator[Markup]:
    """Name the days, or where it is less than two, some hours."""
    hours = (end - begin) / timedelta(hours=1)
    most = (width - LEFT) // TICK
    step = next((one for one in (1, 2, 4, 6, 12) if hours / one <= min(most, 8)), 24)
    step = step * max(1, math.ceil(hours / 24 / min(most, 8))) if step == 24 else step
    many = begin.date() != end.date()  # then a time of day alone would stand there twice
    at = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    while at <= end:
        x, _ = place(at, 0.0)
        if at >= begin and x < width - 30:
            is_day = step >= 24 or at.hour == 0
            name = f"{at:%a} {at.day}" if is_day else f"{at:%a %H:%M}" if many else f"{at:%H:%M}"
            yield Markup(
                '<line class="grid" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>'
                '<text class="tick" x="{0:.1f}" y="{3}">{4}</text>'
            ).format(x, HEIGHT - BOTTOM, HEIGHT - BOTTOM + 5, HEIGHT - 5, name)
        at += timedelta(hours=step)


def _band(baseline: Baseline, place: Place) -> Iterator[Markup]:
    hours = baseline.hours
    if len(hours) < 2:
        return
    upper = [place(one.at, one.high) for one in hours]
    lower = [place(one.at, one.low) for one in reversed(hours)]
    yield Markup('<polygon class="band" points="{}"/>').format(_points([*upper, *lower]))
    yield _line("usual", [(one.at, one.ms) for one in hours], place)


def _limits(
    baseline: Baseline, top: float, place: Place, end: datetime, width: int
) -> Iterator[Markup]:
    named = [("objective", one) for one in baseline.objectives]
    if baseline.limit_ms is not None:
        named.append(("limit", baseline.limit_ms))
    for name, ms in named:
        if ms <= top:
            _, y = place(end, ms)
            yield Markup(
                '<line class="limit" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
                '<text class="limit" x="{}" y="{:.1f}">{} {}</text>'
            ).format(LEFT, width, y, y, LEFT + 4, y - 4, name, number_of_ms(ms))


def _line(name: str, values: list[tuple[datetime, float]], place: Place) -> Markup:
    points = _points([place(at, ms) for at, ms in values])
    return Markup('<polyline class="{}" points="{}"/>').format(name, points)


def _points(places: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _onset(onset: Onset, place: Place, begin: datetime, end: datetime) -> Iterator[Markup]:
    """Draw one regression: its time shaded, its beginning as a line with its factor, its end."""
    x, floor = place(onset.since, 0.0)
    last, _ = place(onset.until or end, 0.0)
    for from_, to in onset.slow(end):
        left, right = place(from_, 0.0)[0], place(to, 0.0)[0]
        yield Markup(
            '<rect class="slower" x="{:.1f}" y="{}" width="{:.1f}" height="{:.1f}">'
            "<title>{}</title></rect>"
        ).format(left, TOP, max(right - left, 1.0), floor - TOP, _told(onset))
    if onset.deployed_at and onset.deployment and begin <= onset.deployed_at <= end:
        at, _ = place(onset.deployed_at, 0.0)
        yield Markup(
            '<path class="deployed" d="M{:.1f} {:.1f}l-5 8h10z"><title>{}</title></path>'
        ).format(at, floor, f"deployment {onset.deployment} {moment(onset.deployed_at)}")
    if onset.since >= begin:
        yield _upright("onset", x, floor)
    if onset.until is not None:
        yield _upright("settled" if onset.settled else "over", last, floor)


def _words(onset: Onset, place: Place, width: int) -> Iterator[Markup]:
    """Say of the latest above the drawing what is said of all beside it, where there is room."""
    if width < WIDTH:
        return
    x, _ = place(onset.since, 0.0)
    words = f"at most {times(onset.factor)} the usual {_while(onset)}"
    anchor = "end" if x > width / 2 else "start"
    yield Markup('<text class="onset" x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
        x, TOP - 8, anchor, words
    )


def _while(onset: Onset) -> str:
    since = f"{onset.since:%d %b %H:%M}"
    if onset.until is None:
        return f"since {since}"
    return f"from {since} to {onset.until:%d %b %H:%M}{', then usual' if onset.settled else ''}"


def _upright(name: str, x: float, floor: float) -> Markup:
    return Markup('<line class="{0}" x1="{1:.1f}" x2="{1:.1f}" y1="{2}" y2="{3:.1f}"/>').format(
        name, x, TOP - 4, floor
    )
