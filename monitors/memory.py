"""What is remembered of one workspace from pass to pass, as small documents of the history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self

from contracts.exchanges import Exchange
from monitors.baselines import Baseline, key_of, update
from monitors.census import Census
from monitors.probes import CANARY

PINS: Final = "pinned-id"
CENSUS: Final = "census"
BASELINES: Final = "baseline"
PAUSE: Final = "pause"
APP: Final = "app"


@dataclass(slots=True, kw_only=True)
class Memory:
    """One workspace's pinned identifiers (Intercom's own object ids, by name), census, baselines by
    their key, until when its rate limit is used up, and the `id_code` of the app that its token
    first spoke for."""

    workspace: str
    pins: dict[str, str] = field(default_factory=dict)
    census: Census = field(default_factory=Census)
    baselines: dict[str, Baseline] = field(default_factory=dict)
    paused_until: datetime | None = None
    app_id: str | None = None
    _before: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _learned: bool = False

    @classmethod
    def of(cls, workspace: str, documents: Mapping[str, Any], *, reference: str) -> Self:
        """Read what was remembered, by kind; what is missing or of another form is forgotten.

        `reference` names what the workspace's answers are held to now.
        """
        pins, baselines, pause = (documents.get(kind) for kind in (PINS, BASELINES, PAUSE))
        app = documents.get(APP)
        return cls(
            workspace=workspace,
            pins=dict(pins) if isinstance(pins, dict) else {},
            census=Census.of(documents.get(CENSUS), reference),
            baselines={
                key: Baseline.from_json(form)
                for key, form in (baselines if isinstance(baselines, dict) else {}).items()
            },
            paused_until=datetime.fromisoformat(pause) if isinstance(pause, str) else None,
            app_id=app if isinstance(app, str) else None,
            _before=documents,
        )

    def baseline_of(self, exchange: Exchange) -> Baseline:
        """Return how long the operation of an exchange usually takes."""
        key = key_of(exchange)
        return self.baselines.get(key, Baseline()) if key else Baseline()

    def learn(self, exchange: Exchange) -> None:
        """Take an exchange into its baseline; from `/me` take whose workspace it is."""
        key = key_of(exchange)
        if key:
            self.baselines[key], _ = update(self.baselines.get(key, Baseline()), exchange)
            self._learned = True
        if self.app_id is None and exchange.operation and exchange.operation.path == CANARY.path:
            self.app_id = _app_of(exchange)

    def changes(self) -> dict[tuple[str, str], object]:
        """Return the documents that are not as they were."""
        pause = self.paused_until.isoformat() if self.paused_until else None
        changed: dict[tuple[str, str], object] = {}
        if self.pins != self._before.get(PINS, {}):
            changed[PINS, self.workspace] = dict(self.pins)
        if self.app_id != self._before.get(APP):
            changed[APP, self.workspace] = self.app_id
        if pause != self._before.get(PAUSE):
            changed[PAUSE, self.workspace] = pause
        if self.census.changed:
            changed[CENSUS, self.workspace] = self.census.document()
        if self._learned:
            changed[BASELINES, self.workspace] = {
                key: baseline.as_json() for key, baseline in self.baselines.items()
            }
        return changed


def _app_of(exchange: Exchange) -> str | None:
    document = exchange.response.document if exchange.response else None
    app = document.get("app") if isinstance(document, dict) else None
    found = app.get("id_code") if isinstance(app, dict) else None
    return found if isinstance(found, str) else None
