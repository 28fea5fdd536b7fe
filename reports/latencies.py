"""How long answers took, in figures that say what they rest on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from monitors.records import Sample

# Below these counts a percentile is only another name for the maximum: the 95th of 20 samples is
# the second highest, the 99th of 100 likewise.
SAMPLES_FOR_P95: Final = 20
SAMPLES_FOR_P99: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Percentiles of one probe in milliseconds; None where too few answers came to tell."""

    samples: tuple[Sample, ...]
    """Oldest first, thinned for drawing: of each stretch the slowest."""
    middles: tuple[Sample, ...]
    """Likewise, of each stretch the one in the middle: what an answer usually took."""
    count: int
    """Of all samples, before thinning."""
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    last_ms: float | None
    last_server_ms: float | None
    server_p50_ms: float | None


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile of `ordered` (ascending, not empty): a time that was
    really measured, never one between two."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def latency_of(samples: Sequence[Sample], *, points: int) -> Latency:
    """Sum up `samples` (oldest first), keeping at most `points` of them for drawing."""
    totals = sorted(sample.total_ms for sample in samples)
    server = sorted(sample.server_ms for sample in samples if sample.server_ms is not None)
    last = samples[-1] if samples else None
    return Latency(
        samples=thinned(samples, points),
        middles=thinned(samples, points, share=0.5),
        count=len(totals),
        p50_ms=percentile(totals, 0.50) if totals else None,
        p95_ms=percentile(totals, 0.95) if len(totals) >= SAMPLES_FOR_P95 else None,
        p99_ms=percentile(totals, 0.99) if len(totals) >= SAMPLES_FOR_P99 else None,
        last_ms=last.total_ms if last else None,
        last_server_ms=last.server_ms if last else None,
        server_p50_ms=percentile(server, 0.50) if server else None,
    )


def thinned(samples: Sequence[Sample], points: int, *, share: float = 1.0) -> tuple[Sample, ...]:
    """Keep at most `points` samples (two or more): the last one, and of each stretch before it the
    slowest, because that is what people look for, or the one at another `share`."""
    if len(samples) <= points:
        return tuple(samples)
    before, stretches = samples[:-1], points - 1
    cuts = [index * len(before) // stretches for index in range(points)]
    return (
        *(_ranked(before[a:b], share) for a, b in pairwise(cuts)),
        samples[-1],
    )


def _ranked(samples: Sequence[Sample], share: float) -> Sample:
    ordered = sorted(samples, key=lambda one: one.total_ms)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
