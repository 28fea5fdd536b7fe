"""Labelled series of families and kinds that the shared file has not, from a seed.

The same form as the shared file's. Families: `flat` (a constant), `quantised` (a clock with ticks
of 16 ms), `nightly` (a job every night),
`saving` (a daily pattern that jumps by an hour), `trend` (a slow drift),
`regimes` (a level that changes by itself, by little, within hours), `weekend` (quiet
weekends), `sparse` (every half hour), `gappy` (hours without samples), `cold` (a regression on the
first day).
"""

import random
from collections.abc import Callable, Iterator
from math import exp, log, pi, sin
from typing import Any, Final

DAY: Final = 86400
START: Final = 1740960000
KINDS: Final = ("step_1.5", "step_2", "step_5", "ramp", "tail", "variance", "intermittent")


def made_series(count: int, *, seed: int) -> Iterator[dict[str, Any]]:
    """Yield `count` series of every family."""
    for family, level in FAMILIES.items():
        for number in range(count):
            chance = random.Random(f"{seed} {family} {number}")
            yield _series(f"{family}-{number}", family, level, chance)


def _series(
    name: str,
    family: str,
    level: Callable[[float, float, random.Random], float],
    chance: random.Random,
) -> dict[str, Any]:
    interval = 1800 if family == "sparse" else chance.choice((60, 300, 300))
    days = chance.randint(10, 21)
    samples = days * DAY // interval
    median = exp(chance.uniform(log(60), log(900)))
    sigma = 0.0 if family == "flat" else chance.uniform(0.08, 0.25)
    spikes = 0.0 if family == "flat" else chance.uniform(0.0, 0.02)
    phase = chance.random()
    begin = START + chance.randrange(7) * DAY + chance.randrange(DAY)
    label = _events(family, days, interval, chance)
    bursts: list[tuple[int, int]] = []
    values: list[float | None] = []
    gap = 0
    wander = 0.0
    burst = 0
    for index in range(samples):
        elapsed = index * interval
        clock = (begin + elapsed) / DAY + phase
        wander = 0.97 * wander + chance.gauss(0.0, 0.01) if family == "regimes" else 0.0
        noise = chance.gauss(0.0, sigma)
        value = level(clock, elapsed / DAY, chance) + wander
        for event in label:
            if event["start_index"] <= index <= event["end_index"]:
                value, noise = _worse(event, index, interval, value, noise, sigma, chance)
        if spikes and chance.random() < spikes:
            noise += chance.uniform(0.7, 2.5)
        if burst:
            burst -= 1
            value += 1.5
        elif (
            interval == 300
            and chance.random() < 0.0003
            and not any(
                event["start_index"] - 12 <= index <= event["end_index"] + 12 for event in label
            )
        ):
            burst = 2
            value += 1.5
            bursts.append((index, index + 3))
        ms = median * exp(value + noise)
        if family == "quantised":
            ms = round(ms / 16.0) * 16.0
        if gap:
            gap -= 1
        elif family == "gappy" and chance.random() < interval / (DAY / 2):
            gap = chance.randint(1, 5 * 3600 // interval)
        values.append(None if gap or chance.random() < 0.01 else round(ms, 1))
    return {
        "id": name,
        "family": family,
        "interval_s": interval,
        "start_epoch": begin,
        "values": values,
        "label": label,
        "ignore": [],
        "bursts": bursts,
    }


def _events(family: str, days: int, interval: int, chance: random.Random) -> list[dict[str, Any]]:
    """Two regressions, the first of them on day five or later; a cold start has one on day one."""
    events: list[dict[str, Any]] = []
    starts = [chance.uniform(5.0, 6.5), chance.uniform(8.0, days - 1.7)]
    kinds = [chance.choice(KINDS), chance.choice(KINDS)]
    if family == "cold":
        starts, kinds = [chance.uniform(0.2, 0.9)], ["step_5"]
    if family == "flat":
        kinds = [chance.choice(KINDS[:4]), chance.choice(KINDS[:4])]
    for start, kind in zip(starts, kinds, strict=True):
        hours = chance.uniform(4, 8) if kind == "step_5" else chance.uniform(14, 36)
        first = int(start * DAY / interval)
        events.append(
            {
                "kind": kind,
                "start_index": first,
                "end_index": first + int(hours * 3600 / interval),
                "magnitude": float(kind.removeprefix("step_")) if "step" in kind else 2.5,
            }
        )
    return events


def _worse(
    event: dict[str, Any],
    index: int,
    interval: int,
    value: float,
    noise: float,
    sigma: float,
    chance: random.Random,
) -> tuple[float, float]:
    kind = event["kind"]
    share = (index - event["start_index"]) / (event["end_index"] - event["start_index"])
    if kind == "ramp":
        return value + log(event["magnitude"]) * min(1.0, 2.0 * share), noise
    if kind == "tail":
        return value, noise + (log(4.0) if chance.random() < 0.2 else 0.0)
    if kind == "variance":
        return value, noise * 3.0
    if kind == "intermittent":  # a third of every 90 minutes is three times as slow
        within = (index - event["start_index"]) * interval % 5400
        return value + (log(3.0) if within < 1800 else 0.0), noise
    return value + log(event["magnitude"]), noise


def _constant(clock: float, days: float, chance: random.Random) -> float:
    return 0.0


def _nightly(clock: float, days: float, chance: random.Random) -> float:
    return log(2.2) if 0.1 < clock % 1 < 0.14 else 0.0


def _daily(clock: float, days: float, chance: random.Random) -> float:
    return 0.25 * sin(2 * pi * clock)


def _saving(clock: float, days: float, chance: random.Random) -> float:
    return _daily(clock + (1 / 24 if days > 7.5 else 0.0), days, chance)


def _trend(clock: float, days: float, chance: random.Random) -> float:
    return 0.015 * days + 0.1 * sin(2 * pi * clock)


def _weekend(clock: float, days: float, chance: random.Random) -> float:
    return (0.4 if clock % 7 < 5 else 0.6) * _daily(clock, days, chance) - (
        0.0 if clock % 7 < 5 else 0.15
    )


FAMILIES: Final[dict[str, Callable[[float, float, random.Random], float]]] = {
    "flat": _constant,
    "quantised": _daily,
    "nightly": _nightly,
    "saving": _saving,
    "trend": _trend,
    "regimes": _constant,
    "weekend": _weekend,
    "sparse": _daily,
    "gappy": _daily,
    "cold": _daily,
}
