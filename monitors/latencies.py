"""The latencies of many operations, each watched by itself."""

from collections.abc import Mapping
from typing import Any, Self

from contracts.exchanges import Exchange
from monitors.baselines import key_of, timed
from monitors.regression import CALM, Verdict, Watch


class Latencies:
    """One watch for every operation, Intercom workspace and region that exchanges came from."""

    def __init__(self) -> None:
        self._watches: dict[str, Watch] = {}
        self.changed = False

    def take(self, exchange: Exchange) -> Verdict:
        """Learn from an exchange and say whether its operation is slower than usual; one that
        failed, or asked nothing known, says nothing."""
        key, ms = key_of(exchange), timed(exchange)
        if key is None or ms is None:
            return CALM
        self.changed = True
        return self._watches.setdefault(key, Watch()).take(exchange.started_at.timestamp(), ms)

    def document(self) -> dict[str, Any]:
        """Return the stored form, by key."""
        return {key: watch.as_json() for key, watch in self._watches.items()}

    @classmethod
    def of(cls, document: object) -> Self:
        """Read the stored form; what is missing or of another form is forgotten."""
        latencies = cls()
        forms: Mapping[str, Any] = document if isinstance(document, dict) else {}
        latencies._watches = {key: Watch.from_json(form) for key, form in forms.items()}
        return latencies
