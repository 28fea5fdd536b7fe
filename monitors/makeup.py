"""What an operation's time is made of, before a trouble and since: the server's part, the
network's, and the size of the answers.

Some samples are remembered: the latest, and one of every hour before. Medians of those before the
onset are held against medians of those after it; what grew is what slowed. While a trouble is open
nothing is added to what was before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Any, Final, NamedTuple, Self

from contracts.exchanges import Exchange

LATEST: Final = 24
"""Samples: two hours of a probe every five minutes, more than it takes to find a doubling."""
HOURLY: Final = 72
"""Samples, one of every hour: three days outlast a slow onset."""
FEWEST: Final = 3
"""Samples on either side of the onset: a median of fewer is one sample's word."""
MOST: Final = 0.75
"""The share of what was added that makes it one part's; between a quarter and this it is both's."""
BIGGER: Final = 1.2
"""Times as large: by less an answer varies of itself."""
PAIRS: Final = 20
"""Pairs of samples whose sizes differ by `BIGGER` before a price per byte is learned from them."""


class Sample(NamedTuple):
    """One answer in milliseconds and bytes. `wait` is until the first byte less the server's own
    time; `opening` is None on a kept-alive connection."""

    at: float
    total: float
    server: float | None
    wait: float | None
    transfer: float | None
    opening: float | None
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowed:
    """What changed since the onset; None where nothing tells.

    `server_ms` and `network_ms` are what each part added, `phase` the part of the network that
    added most. `explained_ms` is what larger answers add: `is_priced` where the price of a byte was
    learned, else at most that (in proportion to their size).
    """

    server_ms: float | None = None
    network_ms: float | None = None
    phase: str = ""
    kept_alive: bool = False
    size_before: float = 0.0
    size_now: float = 0.0
    explained_ms: float = 0.0
    is_priced: bool = False

    @property
    def part(self) -> str:
        """Name what slowed: `server`, `network`, `both`; empty where nothing tells."""
        if self.server_ms is None or self.network_ms is None:
            return ""
        server, network = max(self.server_ms, 0.0), max(self.network_ms, 0.0)
        if not server + network:
            return ""
        share = server / (server + network)
        return "server" if share >= MOST else "network" if share <= 1.0 - MOST else "both"


UNTOLD: Final = Slowed()
"""Nothing is known of what slowed."""


class Makeup:
    """Remembered samples of one operation."""

    def __init__(self) -> None:
        self._latest: list[Sample] = []
        self._hourly: list[Sample] = []

    def take(self, sample: Sample, *, is_calm: bool) -> None:
        """Remember a sample."""
        self._latest.append(sample)
        if len(self._latest) > LATEST:
            oldest = self._latest.pop(0)
            last = self._hourly[-1].at if self._hourly else 0.0
            if is_calm and oldest.at // 3600 != last // 3600:
                self._hourly = [*self._hourly[-HOURLY + 1 :], oldest]

    def compare(self, since: float, *, tail: bool = False) -> Slowed:
        """Say what changed at `since` (Unix time); with `tail`, of the slow answers only."""
        before = [one for one in (*self._hourly, *self._latest) if one.at < since]
        after = [one for one in self._latest if one.at >= since]
        if tail:
            before, after = _slowest(before), _slowest(after)
        if len(before) < FEWEST or len(after) < FEWEST:
            return UNTOLD

        def added(part: Callable[[Sample], float | None]) -> float | None:
            old, new = _known(before, part), _known(after, part)
            if len(old) < FEWEST or len(new) < FEWEST:
                return None
            return median(new) - median(old)

        waiting, transfer = added(lambda one: one.wait), added(lambda one: one.transfer)
        phase = ""
        if waiting is not None and transfer is not None:
            phase = "transfer" if transfer > waiting else "first byte"
        size_before = median(one.size for one in before)
        size_now = median(one.size for one in after)
        price = _price(before)
        return Slowed(
            server_ms=added(lambda one: one.server),
            network_ms=added(
                lambda one: None if one.server is None else max(one.total - one.server, 0.0)
            ),
            phase=phase,
            kept_alive=all(one.opening is None for one in after),
            size_before=size_before,
            size_now=size_now,
            explained_ms=_explained(before, size_before, size_now, price),
            is_priced=price is not None,
        )

    def as_json(self) -> dict[str, Any]:
        """Return the stored form, a few kilobytes."""
        return {"latest": list(map(list, self._latest)), "hourly": list(map(list, self._hourly))}

    @classmethod
    def from_json(cls, form: object) -> Self:
        """Read the stored form; what is another is forgotten."""
        makeup = cls()
        try:
            makeup._latest = [Sample(*one) for one in form["latest"]]  # type: ignore[index]
            makeup._hourly = [Sample(*one) for one in form["hourly"]]  # type: ignore[index]
        except (KeyError, TypeError):
            return cls()
        return makeup


def sample_of(exchange: Exchange, total: float) -> Sample:
    """Take apart what `total` milliseconds (without opening a connection) were spent on."""
    timings, response = exchange.timings, exchange.response
    if timings is None or response is None:
        raise ValueError("there is no timed answer to take apart")
    opened = timings.connect_ms is not None or timings.tls_ms is not None
    opening = (timings.connect_ms or 0.0) + (timings.tls_ms or 0.0)
    first, server = timings.first_byte_ms, timings.server_ms
    waited = None if first is None or server is None else max(first - opening - server, 0.0)
    return Sample(
        at=exchange.started_at.timestamp(),
        total=total,
        server=server,
        wait=_rounded(waited),
        transfer=None if first is None else _rounded(max(timings.total_ms - first, 0.0)),
        opening=_rounded(opening) if opened else None,
        size=len(response.body),
    )


def _slowest(samples: Sequence[Sample]) -> list[Sample]:
    """Return the slowest quarter, of few as many as it takes to compare."""
    kept = max(FEWEST, len(samples) // 4)
    return sorted(samples, key=lambda one: one.total)[-kept:]


def _known(samples: Sequence[Sample], part: Callable[[Sample], float | None]) -> list[float]:
    return [value for one in samples if (value := part(one)) is not None]


def _price(samples: Sequence[Sample]) -> float | None:
    """Return milliseconds per byte, the median over pairs of unlike sizes (Theil, 1950; Sen, 1968);
    None where sizes did not differ enough to learn it."""
    slopes = [
        (two.total - one.total) / (two.size - one.size)
        for one, two in combinations(samples, 2)
        if max(one.size, two.size) > BIGGER * min(one.size, two.size)
    ]
    return max(median(slopes), 0.0) if len(slopes) >= PAIRS else None


def _explained(samples: Sequence[Sample], before: float, now: float, price: float | None) -> float:
    """Return the milliseconds that larger answers account for; never more than in proportion."""
    if now <= BIGGER * before or not before:
        return 0.0
    most = median(one.total for one in samples) * (now / before - 1.0)
    return most if price is None else min(price * (now - before), most)


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 3)
