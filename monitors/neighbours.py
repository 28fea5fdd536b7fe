"""Other configurations over the same history: which Intercom workspaces and channels are theirs.

Two teams may keep one history. Each of their configurations says with its passes what it asks and
where it tells of it. So neither drops what waits for a channel of the other's, nor takes the
other's workspaces for gone; what concerns both is one incident, told in the channels of both.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Self

from contracts.findings import identify
from monitors.grouping import Place, Places

CONFIGURATION: Final = "configuration"
"""The kind of the documents that say it, by configuration."""
GONE_AFTER: Final = timedelta(days=3)
"""Without a pass for so long it is one no more, and what waits for its channels is handed over: a
weekend and a day, as long as an alert is tried."""
RENEWED_AFTER: Final = timedelta(hours=1)  # not with every pass: days are what counts
THREADED, EVENTFUL, STATEFUL = "threaded", "eventful", "stateful"

Channels = Mapping[str, frozenset[str]]
"""By name, which of the three each is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What one configuration asks and where it tells of it; `name` stands for where it is kept."""

    name: str
    places: Places
    channels: Channels

    def changes(
        self, documents: Mapping[str, Any], *, now: datetime
    ) -> Iterator[tuple[str, dict[str, object] | None]]:
        """Yield what is to be remembered of it, by key. One of the same name with a workspace in
        common is what this one was before it was changed, so that is forgotten."""
        key = f"{self.name} {identify(*sorted(self.places))}"
        for other, document in documents.items():
            is_same = other.startswith(f"{self.name} ") and other != key
            if is_same and not self.places.keys().isdisjoint(_places(document)):
                yield other, None
        said: dict[str, object] = {
            "workspaces": {name: [one.region, one.version] for name, one in self.places.items()},
            "channels": {name: sorted(traits) for name, traits in self.channels.items()},
        }
        before = documents.get(key) or {}
        at = _at(before)
        is_old = at is None or now - at >= RENEWED_AFTER
        if is_old or {**before, "at": ""} != {**said, "at": ""}:
            yield key, {**said, "at": now.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """All other configurations together."""

    places: Places = field(default_factory=dict)
    channels: Channels = field(default_factory=dict)

    @classmethod
    def of(cls, documents: Mapping[str, Any], *, channels: frozenset[str], now: datetime) -> Self:
        """Read what they said; `channels` are one's own."""
        living = [
            one
            for one in documents.values()
            if (at := _at(one)) is not None and now - at < GONE_AFTER
        ]
        return cls(
            places={name: place for one in living for name, place in _places(one).items()},
            channels={
                name: frozenset(map(str, traits))
                for one in living
                for name, traits in one.get("channels", {}).items()
                if name not in channels
            },
        )

    def who(self, trait: str) -> frozenset[str]:
        """Return the names of their channels of one kind."""
        return frozenset(name for name, traits in self.channels.items() if trait in traits)


def _at(document: Any) -> datetime | None:
    written = document.get("at") if isinstance(document, Mapping) else None
    return datetime.fromisoformat(written) if isinstance(written, str) else None


def _places(document: Any) -> dict[str, Place]:
    said = document.get("workspaces", {}) if isinstance(document, Mapping) else {}
    return {name: Place(region=region, version=version) for name, (region, version) in said.items()}
