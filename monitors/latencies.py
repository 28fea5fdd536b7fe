"""The latencies of many operations, each watched by itself.

What a watch knows is some 18 kB an operation, and a sample changes it a little: so what is stored
is the whole (`document`) now and then, and in between only what was taken since (`taken`). Taking
the same again from there comes to exactly the same.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Self

from contracts.exchanges import Exchange
from monitors.baselines import key_of, timed
from monitors.regression import CALM, Verdict, Watch


class Latencies:
    """One watch for every operation, Intercom workspace and region that exchanges came from."""

    def __init__(self) -> None:
        self._watches: dict[str, Watch] = {}
        self.taken: list[list[Any]] = []
        """Key and arguments of every sample since the last time it was emptied."""

    def __len__(self) -> int:
        """How many operations are watched."""
        return len(self._watches)

    def take(self, exchange: Exchange) -> Verdict:
        """Learn from an exchange and say whether its operation is slower than usual; one that
        failed, or asked nothing known, says nothing."""
        key, ms = key_of(exchange), timed(exchange)
        if key is None or ms is None:
            return CALM
        at = exchange.started_at.timestamp()
        self.taken.append([key, at, ms])
        return self._watch(key).take(at, ms)

    def document(self) -> dict[str, Any]:
        """Return the stored form, by key."""
        return {key: watch.as_json() for key, watch in self._watches.items()}

    @classmethod
    def of(cls, document: object, taken: Iterable[object] = ()) -> Self:
        """Read the stored form, and take what was taken after it; what is missing or of another
        form is forgotten."""
        latencies = cls()
        forms: Mapping[str, Any] = document if isinstance(document, dict) else {}
        latencies._watches = {key: Watch.from_json(form) for key, form in forms.items()}
        for sample in taken:
            if isinstance(sample, list) and len(sample) == 3:
                latencies._watch(sample[0]).take(*sample[1:])
        return latencies

    def _watch(self, key: str) -> Watch:
        watch = self._watches.get(key)
        if watch is None:
            watch = self._watches[key] = Watch()
        return watch
