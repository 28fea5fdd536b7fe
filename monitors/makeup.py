"""What an operation's time was made of: the server's part, the network's, and the size of answers.

Some samples are remembered: the latest, and one of every hour before. While a trouble is open
nothing is added to what was before.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Self

from contracts.exchanges import Exchange

LATEST: Final = 24
"""Samples: two hours of a probe every five minutes, more than it takes to find a doubling."""
HOURLY: Final = 72
"""Samples, one of every hour: three days outlast a slow onset."""


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

    def around(self, since: float) -> tuple[list[Sample], list[Sample]]:
        """Return what is remembered from before a time, and of since."""
        known = [*self._hourly, *self._latest]
        before = [one for one in known if one.at < since]
        return before, [one for one in self._latest if one.at >= since]

    @property
    def last_at(self) -> float:
        """When the last sample came (Unix time)."""
        return self._latest[-1].at if self._latest else 0.0

    def latest_first(self) -> Iterator[Sample]:
        """Yield the latest samples, the last one first."""
        yield from reversed(self._latest)

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


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 3)
