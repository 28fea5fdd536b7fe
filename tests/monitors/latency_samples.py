"""Made samples of one operation's latency, and what a watch says of them."""

import math
import random
from collections.abc import Callable, Iterable

from monitors.regression import Verdict, Watch

START = 1_740_960_000  # a Monday, 00:00 UTC
STEP = 300
PER_HOUR = 3600 // STEP
PER_DAY = 24 * PER_HOUR

Sample = tuple[float, float]


def series(
    days: float,
    slower: Callable[[int], float] = lambda index: 1.0,
    *,
    seed: int = 0,
    sigma: float = 0.12,
    swing: float = 0.2,
    step: int = STEP,
) -> list[Sample]:
    """Return samples around 200 ms with a daily swing; `slower` is a factor by index."""
    chance = random.Random(seed)
    day = 86400 / step
    return [
        (
            float(START + index * step),
            200.0
            * math.exp(swing * math.sin(2 * math.pi * index / day) + chance.gauss(0, sigma))
            * slower(index),
        )
        for index in range(int(days * day))
    ]


def told(samples: Iterable[Sample], watch: Watch | None = None) -> list[Verdict]:
    watch = watch or Watch()
    return [watch.take(at, ms) for at, ms in samples]


def opened(verdicts: Iterable[Verdict]) -> list[int]:
    return [index for index, verdict in enumerate(verdicts) if verdict.opened]


def between(first: int, last: int, factor: float) -> Callable[[int], float]:
    return lambda index: factor if first <= index < last else 1.0


def wider_from(first: int, spread: float) -> Callable[[int], float]:
    """Return factors that spread, from an index on."""
    chance = random.Random(7)
    return lambda index: math.exp(chance.gauss(0, spread)) if index >= first else 1.0


def office(index: int) -> float:
    """Return what work adds, from Monday to Friday, 8 to 18 h: a third."""
    day, sample = divmod(index, PER_DAY)
    return 1.35 if day % 7 < 5 and 8 <= sample / PER_HOUR < 18 else 1.0
