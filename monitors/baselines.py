"""What is normal here: how long an operation usually takes, learned from its healthy answers.

A baseline belongs to one operation in one Intercom workspace and region: how many contacts there
are, and how far away, makes more of a difference than the operation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final, Self

from contracts.exchanges import Exchange

SCHEMA: Final = 1
"""The version of the stored form; a state of another version is forgotten and learned anew."""

WINDOW: Final = 50
"""Samples kept: a day of half-hourly probes, so that a slow drift becomes normal and a bad hour
does not."""
ENOUGH: Final = 5
"""Samples before anything is called slow: the median of five survives two bad ones."""
FACTOR: Final = 3.0
"""How many times the median is too slow. Recorded live answers of one operation stay within twice
theirs, apart from writes."""
LEAST_RISE_MS: Final = 250.0
"""What is added must matter to a person: 40 ms instead of 10 ms is four times as much and nothing.
Milliseconds."""
STUBBORN: Final = 20
"""Slow answers in a row after which slow is what is normal: nobody is helped by an incident that
only a reset of the baseline could end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowness:
    """How an answer compares with what is usual. Milliseconds."""

    observed_ms: float
    usual_ms: float
    samples: int

    @property
    def factor(self) -> float:
        return self.observed_ms / max(self.usual_ms, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The latest healthy samples of one operation, oldest first, in milliseconds, and those that
    were too slow to learn from since the last of them."""

    samples: tuple[float, ...] = ()
    slow: tuple[float, ...] = ()

    @property
    def usual_ms(self) -> float | None:
        """The median; None until there is enough to tell."""
        return median(self.samples) if len(self.samples) >= ENOUGH else None

    def as_json(self) -> dict[str, object]:
        """Return the stored form."""
        return {"schema": SCHEMA, "samples": list(self.samples), "slow": list(self.slow)}

    @classmethod
    def from_json(cls, form: Mapping[str, Any] | None) -> Self:
        """Read the stored form; what is not one of this version is an empty baseline."""
        if form is None or form.get("schema") != SCHEMA:
            return cls()
        return cls(samples=_numbers(form.get("samples")), slow=_numbers(form.get("slow")))


UNLEARNED: Final = Baseline()
"""What is known of an operation that was never asked."""


def key_of(exchange: Exchange) -> str | None:
    """Name the baseline that an exchange belongs to; None where it asked nothing known."""
    if exchange.operation is None:
        return None
    return f"{exchange.workspace} {exchange.region} {exchange.operation.identity}"


def judge(baseline: Baseline, exchange: Exchange) -> Slowness | None:
    """Say whether an answer was slower than is usual; None where it was not, or cannot be told."""
    observed, usual = timed(exchange), baseline.usual_ms
    if observed is None or usual is None:
        return None
    if observed < usual * FACTOR or observed < usual + LEAST_RISE_MS:
        return None
    return Slowness(observed_ms=observed, usual_ms=usual, samples=len(baseline.samples))


def update(baseline: Baseline, exchange: Exchange) -> tuple[Baseline, Slowness | None]:
    """Learn from an exchange, unless it is judged slow; return the verdict beside the new state."""
    verdict = judge(baseline, exchange)
    observed = timed(exchange)
    if observed is None:
        return baseline, None
    if verdict is None:
        return Baseline(samples=(*baseline.samples, observed)[-WINDOW:]), None
    slow = (*baseline.slow, observed)
    if len(slow) >= STUBBORN:
        return Baseline(samples=slow), verdict
    return replace(baseline, slow=slow), verdict


def timed(exchange: Exchange) -> float | None:
    """Return how long a healthy answer took, without the cost of opening a connection: which probe
    happens to come first must not look slow. None for anything but a 2xx answer."""
    timings = exchange.timings
    if timings is None or not exchange.is_success:
        return None
    opening = (timings.connect_ms or 0.0) + (timings.tls_ms or 0.0)
    return max(timings.total_ms - opening, 0.0)


def _numbers(value: object) -> tuple[float, ...]:
    listed = value if isinstance(value, list) else []
    kept = [float(one) for one in listed if isinstance(one, int | float) and one >= 0]
    return tuple(kept[-WINDOW:])
