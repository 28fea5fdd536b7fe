"""Labelled series of families and kinds that the shared file has not, from a seed.

The same form as the shared file's. A family is what the operation's normal looks like, and `cold`
has its regression on the first day. Nobody tuned to one seed: `latency.py --made N --seed S`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Chance = np.random.Generator

DAY: Final = 86400
HOUR: Final = 3600
BURST: Final = 900
"""Seconds that a burst lasts at most."""
START: Final = 1740960000
"""Unix time of a Monday, 00:00 UTC."""
KINDS: Final = (
    "step_1.2",
    "step_1.5",
    "step_2",
    "step_5",
    "ramp",
    "tail",
    "variance",
    "intermittent",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What is normal: the log of the latency over its median by time, and how much of it is
    noise. `at` is in days, counted from a Monday."""

    level: Callable[[Floats, Chance], Floats]
    noisy: bool = True
    tick_ms: float = 0.0
    interval_s: int = 0
    gaps: Callable[[Floats, Chance], NDArray[np.bool_]] | None = None
    kinds: tuple[str, ...] = KINDS
    cold: bool = False


def made_series(count: int, *, seed: int) -> Iterator[dict[str, Any]]:
    """Yield `count` series of every family."""
    for place, (name, family) in enumerate(FAMILIES.items()):
        for number in range(count):
            yield _series(name, number, family, np.random.default_rng([seed, place, number]))


def _series(name: str, number: int, family: Family, chance: Chance) -> dict[str, Any]:
    interval = family.interval_s or int(chance.choice((60, 300, 300)))
    days = int(chance.integers(10, 22))
    samples = days * DAY // interval
    begin = START + int(chance.integers(7)) * DAY + int(chance.integers(DAY))
    at = (begin - START + np.arange(samples) * interval) / DAY
    sigma = float(chance.uniform(0.08, 0.25)) if family.noisy else 0.0
    noise = sigma * chance.standard_normal(samples)
    level = family.level(at, chance)
    events = list(_events(family, days, interval, chance))
    for event in events:
        window = slice(event["start_index"], event["end_index"] + 1)
        level[window], noise[window] = _worse(event, level[window], noise[window], interval, chance)
    if family.noisy:
        spikes = chance.random(samples) < chance.uniform(0.0, 0.02)
        noise = np.where(spikes, chance.uniform(0.7, 2.5, samples), noise)
    bursts = list(_bursts(events, samples, interval, chance)) if family.noisy else []
    for first, last in bursts:
        level[first:last] += chance.uniform(0.7, 2.0)
    ms = np.exp(chance.uniform(np.log(60), np.log(900)) + level + noise)
    if family.tick_ms:
        ms = np.round(ms / family.tick_ms) * family.tick_ms
    missing = chance.random(samples) < 0.02
    if family.gaps:
        missing |= family.gaps(at, chance)
    return {
        "id": f"{name}-{number}",
        "family": name,
        "interval_s": interval,
        "start_epoch": begin,
        "values": [
            None if gone else round(value, 1)
            for gone, value in zip(missing.tolist(), ms.tolist(), strict=True)
        ],
        "label": events,
        "ignore": [],
        "bursts": bursts,
    }


def _events(family: Family, days: int, interval: int, chance: Chance) -> Iterator[dict[str, Any]]:
    """Yield two regressions, on day five and later; a cold start has one on its first day."""
    starts = (chance.uniform(5.0, 6.2), chance.uniform(8.2, days - 1.7))
    for start in (chance.uniform(0.1, 0.8),) if family.cold else starts:
        kind = str(chance.choice(family.kinds))
        hours = chance.uniform(2, 8) if kind == "step_5" else chance.uniform(14, 40)
        first = int(start * DAY / interval)
        last = first + int(hours * HOUR / interval)
        size = float(kind.removeprefix("step_")) if "step" in kind else chance.uniform(1.7, 2.5)
        yield {"kind": kind, "start_index": first, "end_index": last, "magnitude": size}


def _worse(
    event: dict[str, Any], level: Floats, noise: Floats, interval: int, chance: Chance
) -> tuple[Floats, Floats]:
    """Return level and noise as they are within a regression."""
    kind, size = event["kind"], float(np.log(event["magnitude"]))
    elapsed = np.arange(len(level)) * interval
    match kind:
        case "ramp":
            return level + size * np.minimum(1.0, 2.0 * elapsed / elapsed[-1]), noise
        case "tail":
            slow = chance.random(len(level)) < chance.uniform(0.15, 0.3)
            return level, noise + slow * chance.uniform(np.log(3), np.log(6))
        case "variance":
            return level, noise * chance.uniform(2.5, 4.0)
        case "intermittent":  # slow for a part of every so many minutes
            period = chance.uniform(40, 180) * 60
            slow = elapsed % period < chance.uniform(0.3, 0.5) * period
            return level + slow * chance.uniform(np.log(2.5), np.log(4)), noise
    return level + size, noise


def _bursts(
    events: list[dict[str, Any]], samples: int, interval: int, chance: Chance
) -> Iterator[tuple[int, int]]:
    """Yield bursts that are over within a quarter of an hour, outside regressions."""
    days = samples * interval / DAY
    for first in sorted(chance.integers(samples, size=chance.poisson(days / 8)).tolist()):
        most = 1 if interval > BURST else 3 if interval >= 300 else 5
        last = first + int(chance.integers(min(2, most), most + 1))
        if not any(
            event["start_index"] - HOUR // interval
            <= first
            <= event["end_index"] + HOUR // interval
            for event in events
        ):
            yield first, min(last, samples)


def _daily(at: Floats, chance: Chance, size: float = 0.25) -> Floats:
    return np.asarray(size * np.sin(2 * np.pi * (at + chance.random())))


def _flat(at: Floats, chance: Chance) -> Floats:
    return np.zeros_like(at)


def _nightly(at: Floats, chance: Chance) -> Floats:
    """A job of one to two hours every night."""
    begins, lasts = chance.random(), chance.uniform(1, 2) / 24
    return np.where((at - begins) % 1 < lasts, np.log(chance.uniform(1.5, 2.5)), 0.0)


def _office(at: Floats, chance: Chance, shift: float = 0.0) -> Floats:
    """Business hours with sharp edges, on workdays; all of it `shift` days earlier."""
    at = at + shift
    busy = (np.abs(at % 1 - 0.55) < 0.2) & (at % 7 < 5)
    return np.asarray(np.where(busy, 0.3, 0.0) + 0.1 * np.sin(2 * np.pi * at))


def _saving(at: Floats, chance: Chance) -> Floats:
    """Daylight saving begins or ends: what depends on the local time comes an hour earlier or
    later."""
    changes = at[0] + chance.uniform(5, 9)
    moved = _office(at, chance, float(chance.choice((-1, 1))) / 24)
    return np.where(at < changes, _office(at, chance), moved)


def _trend(at: Floats, chance: Chance) -> Floats:
    slope = chance.uniform(-0.02, 0.02)
    return np.asarray(slope * (at - at[0]) + _daily(at, chance, 0.1))


def _weekend(at: Floats, chance: Chance) -> Floats:
    workday = at % 7 < 5
    return np.asarray(np.where(workday, 1.0, 0.6) * _daily(at, chance) - 0.2 * ~workday)


def _wander(at: Floats, chance: Chance) -> Floats:
    """A level that wanders within hours: autocorrelated noise."""
    steps = chance.standard_normal(len(at))
    keep = float(np.exp(-(at[1] - at[0]) * 24 / chance.uniform(0.5, 3.0)))
    level = np.empty_like(at)
    now = 0.0
    for index, step in enumerate(steps.tolist()):
        now = keep * now + step * (1 - keep * keep) ** 0.5
        level[index] = now
    return np.asarray(level * chance.uniform(0.04, 0.12))


def _regimes(at: Floats, chance: Chance) -> Floats:
    """Two levels, 10 to 20 % apart, that take turns of some hours."""
    high, size, until = False, np.log(chance.uniform(1.1, 1.2)), float(at[0])
    level = np.zeros_like(at)
    while until < at[-1]:
        lasts = chance.exponential(0.4) + 0.05
        level[(at >= until) & (at < until + lasts)] = size if high else 0.0
        high, until = not high, until + lasts
    return level


def _gaps(at: Floats, chance: Chance) -> NDArray[np.bool_]:
    """Some hours without samples, about every other day."""
    missing = np.zeros(len(at), dtype=bool)
    for begins in chance.uniform(at[0], at[-1], size=int((at[-1] - at[0]) / 2)):
        missing |= (at >= begins) & (at < begins + chance.uniform(0.5, 8) / 24)
    return missing


def _pauses(at: Floats, chance: Chance) -> NDArray[np.bool_]:
    """Rate-limit pauses: no samples for a part of every hour of the busy half of the day."""
    return (at % 1 > 0.5) & (at * 24 % 1 > chance.uniform(0.5, 0.8))


NOT_SMALL: Final = tuple(kind for kind in KINDS if kind != "step_1.2")
FAMILIES: Final[dict[str, Family]] = {
    "flat": Family(level=_flat, noisy=False, kinds=("step_1.5", "step_2", "step_5", "ramp")),
    "quantised": Family(level=_daily, tick_ms=16.0),
    "nightly": Family(level=_nightly),
    "saving": Family(level=_saving),
    "trend": Family(level=_trend),
    "weekend": Family(level=_weekend),
    "wander": Family(level=_wander),
    "regimes": Family(level=_regimes, kinds=NOT_SMALL),
    "sparse": Family(level=_daily, interval_s=1800, kinds=("step_1.5", "step_2", "step_5", "ramp")),
    "gappy": Family(level=_daily, gaps=_gaps),
    "paused": Family(level=_daily, gaps=_pauses),
    "cold": Family(level=_daily, cold=True, kinds=("step_2", "step_5", "intermittent")),
}
