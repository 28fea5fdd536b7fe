"""What is remembered of one workspace from pass to pass, as small documents of the history.

Only what has changed is written, and of latencies only what was added. A memory may live from pass
to pass (`monitors.memories`): then `recorded` gives what reading it back would.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex
from types import MappingProxyType
from typing import Any, Final, Self

from contracts.envelopes import is_error
from contracts.exchanges import BodyKind, Exchange
from monitors.census import Census
from monitors.deployments import Deployments
from monitors.latencies import Judged, Latencies
from monitors.probes import CANARY
from monitors.shapes import Change, State, digest, keyed_hash, learn, successor
from monitors.shapes.learning import Hash
from monitors.versions import Versions

PINS: Final = "pinned-id"
CENSUS: Final = "census"
BASELINES: Final = "baseline"
"""Alone it is all that is known of latencies; followed by a number it is what one pass added."""
BASELINE_SAMPLES: Final = 12
"""Samples of each operation after which all is written again: an hour of them at five minutes. What
was added is taken again when it is read, which costs some 50 us a sample."""
PAUSE: Final = "pause"
APP: Final = "app"
VERSIONS: Final = "versions"
DEPLOYMENTS: Final = "deployments"
SHAPE_KEY: Final = "shape-key"
SHAPE: Final = "shape"
"""Followed by version and operation: each has a document of its own, read when it is needed and
written when it changes."""
ANSWERS: Final = "answers"
"""By the kind of a shape, day and keyed hash of the last answer, where that taught nothing: the
same again on that day teaches nothing either, and its shape need not even be read."""

_LARGE: Final = (BASELINES, f"{SHAPE} ")


@dataclass(slots=True, kw_only=True)
class Memory:
    """One workspace's pinned identifiers (Intercom's own object ids, by name), census, what
    its latencies were, until when its rate limit is used up, the `id_code` of the app that its
    token first spoke for, and the shapes of its answers.

    `shape_key` keys the hashes that shapes hold in place of values and ids.
    """

    workspace: str
    pins: dict[str, str] = field(default_factory=dict)
    census: Census = field(default_factory=Census)
    latencies: Latencies = field(default_factory=Latencies)
    paused_until: datetime | None = None
    app_id: str | None = None
    versions: Versions = field(default_factory=Versions)
    deployments: Deployments = field(default_factory=Deployments)
    shape_key: str = field(default="", repr=False)
    _added: list[str] = field(default_factory=list, repr=False)
    """The documents of samples that were added since everything was written."""
    _samples: int = 0
    """How many are in them."""
    _shapes: dict[str, State] = field(default_factory=dict, repr=False)
    _answers: dict[str, list[Any]] = field(default_factory=dict, repr=False)
    _hashed: Hash | None = field(default=None, repr=False)
    _before: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _stored: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What may be large is only in here, and made something of when it is asked for."""

    @classmethod
    def of(
        cls,
        workspace: str,
        documents: Mapping[str, Any],
        *,
        reference: str,
        new_key: Callable[[], str] = lambda: token_hex(16),
    ) -> Self:
        """Read what was remembered, by kind; what is missing or of another form is forgotten.

        `reference` names what the workspace's answers are held to now.
        """
        small = {kind: documents[kind] for kind in documents if not kind.startswith(_LARGE)}
        pins, pause, app, answers = (small.get(kind) for kind in (PINS, PAUSE, APP, ANSWERS))
        shape_key = small.get(SHAPE_KEY)
        added = _added_in(documents)
        samples = [one for kind in added for one in documents[kind]]
        return cls(
            workspace=workspace,
            pins=dict(pins) if isinstance(pins, dict) else {},
            census=Census.of(small.get(CENSUS), reference),
            latencies=Latencies.of(documents.get(BASELINES), samples),
            paused_until=datetime.fromisoformat(pause) if isinstance(pause, str) else None,
            app_id=app if isinstance(app, str) else None,
            versions=Versions.of(small.get(VERSIONS)),
            deployments=Deployments.of(small.get(DEPLOYMENTS)),
            shape_key=shape_key if isinstance(shape_key, str) else new_key(),
            _added=added,
            _samples=len(samples),
            _answers=dict(answers) if isinstance(answers, dict) else {},
            _before=small,
            _stored=documents,
        )

    def learn(
        self,
        exchange: Exchange,
        thresholds: Iterable[float] = (),
        waits: Iterable[float] = (),
        late: Mapping[str, bool] = MappingProxyType({}),
    ) -> Judged:
        """Learn how long an operation takes, and say whether it is slower than usual; from `/me`
        take whose workspace it is. All else is as `Latencies.take` has it."""
        if self.app_id is None and exchange.operation and exchange.operation.path == CANARY.path:
            self.app_id = _app_of(exchange)
        return self.latencies.take(exchange, thresholds, waits, late)

    def compare(self, exchange: Exchange) -> tuple[Change, ...]:
        """Return what of a successful answer is not as earlier ones were, and learn from it."""
        response, operation = exchange.response, exchange.operation
        if response is None or operation is None or not response.is_success:
            return ()
        if response.kind is not BodyKind.JSON or is_error(response):
            return ()
        kind = _shape_of(exchange)
        day = exchange.started_at.toordinal()
        answer = [day, digest(response.body, key=self.shape_key)]
        state = self._shapes.get(kind)
        if self._answers.get(kind) == answer and (state is not None or kind in self._stored):
            return ()
        if state is None:
            state = self._shapes[kind] = State.from_json(self._stored.get(kind))
        if self._hashed is None:
            self._hashed = keyed_hash(self.shape_key)
        was_changed, state.changed = state.changed, False
        changes = learn(state, response.document, day=day, hashed=self._hashed)
        if changes or state.changed:
            self._answers.pop(kind, None)
        else:
            self._answers[kind] = answer
        state.changed |= was_changed
        return changes

    def renamed(self, exchange: Exchange, location: str) -> str:
        """Return where the field of an answer seems to be now that is no longer at `location`;
        empty where nothing says so. `compare` has learned the answer before."""
        kind = _shape_of(exchange)
        state = self._shapes.get(kind)
        if state is None and kind in self._stored:
            state = self._shapes[kind] = State.from_json(self._stored[kind])
        return successor(state, location) if state else ""

    def changes(self) -> dict[tuple[str, str], object]:
        """Return the documents that are not as they were."""
        pause = self.paused_until.isoformat() if self.paused_until else None
        changed: dict[tuple[str, str], object] = {}
        if self.pins != self._before.get(PINS, {}):
            changed[PINS, self.workspace] = dict(self.pins)
        if self.app_id != self._before.get(APP):
            changed[APP, self.workspace] = self.app_id
        versions = self.versions.document()
        if versions != self._before.get(VERSIONS, Versions().document()):
            changed[VERSIONS, self.workspace] = versions
        if (deployments := self.deployments.document()) != self._before.get(DEPLOYMENTS, {}):
            changed[DEPLOYMENTS, self.workspace] = deployments
        if pause != self._before.get(PAUSE):
            changed[PAUSE, self.workspace] = pause
        if self.census.changed:
            changed[CENSUS, self.workspace] = self.census.document()
        if self._answers != self._before.get(ANSWERS, {}):
            changed[ANSWERS, self.workspace] = dict(self._answers)
        if self._shapes and self.shape_key != self._before.get(SHAPE_KEY):
            changed[SHAPE_KEY, self.workspace] = self.shape_key
        for kind, state in self._shapes.items():
            if state.changed:
                changed[kind, self.workspace] = state.as_json()
        changed.update(self._latencies())
        return changed

    def onto(self, documents: Mapping[str, Any], exchanges: Iterable[Exchange]) -> Self:
        """Return what this memory would be, had `documents` been known before it learned
        `exchanges`. What is small is as it is here."""
        other = self.of(self.workspace, documents, reference=self.census.reference)
        for exchange in exchanges:
            other.compare(exchange)
        other.latencies.take_again(self.latencies.taken)
        self.census.causes = {**other.census.causes, **self.census.causes}
        other.pins, other.paused_until, other.app_id = self.pins, self.paused_until, self.app_id
        other.census, other.versions = self.census, self.versions
        other.deployments = self.deployments
        return other

    def _latencies(self) -> Iterator[tuple[tuple[str, str], object]]:
        """Yield what was taken; or everything, where much has been added since it was written."""
        taken = self.latencies.taken
        if not taken:
            return
        if self._samples + len(taken) < BASELINE_SAMPLES * len(self.latencies):
            yield (f"{BASELINES} {len(self._added):06}", self.workspace), list(taken)
            return
        yield (BASELINES, self.workspace), self.latencies.document()
        for kind in self._added:
            yield (kind, self.workspace), None

    def recorded(self, changes: Mapping[tuple[str, str], object]) -> Self:
        """Return the memory of the next pass, now that `changes` are recorded: what reading it all
        back would give. Only what is large is handed on as it is."""
        own = {
            kind: document for (kind, name), document in changes.items() if name == self.workspace
        }
        documents = {
            kind: document
            for kind, document in {**self._before, **own}.items()
            if document is not None and not kind.startswith(_LARGE)
        }
        following = self.of(
            self.workspace,
            documents,
            reference=self.census.reference,
            new_key=lambda: self.shape_key,
        )
        for state in self._shapes.values():
            state.changed = False
        following._shapes, following._hashed = self._shapes, self._hashed
        following._stored = self._stored
        following.latencies = self.latencies
        if BASELINES not in own:
            added = [kind for kind in own if kind.startswith(BASELINES)]
            following._added = self._added + added
            following._samples = self._samples + len(self.latencies.taken)
        self.latencies.taken = []
        return following


def stored_latencies(documents: Mapping[str, Any]) -> Latencies:
    """Read what is known of latencies from the documents of a workspace, by kind."""
    added = (one for kind in _added_in(documents) for one in documents[kind])
    return Latencies.of(documents.get(BASELINES), added)


def _added_in(documents: Mapping[str, Any]) -> list[str]:
    return sorted(kind for kind in documents if kind.startswith(f"{BASELINES} "))


def _shape_of(exchange: Exchange) -> str:
    operation = exchange.operation
    return f"{SHAPE} {exchange.version} {operation.identity if operation else ''}"


def _app_of(exchange: Exchange) -> str | None:
    document = exchange.response.document if exchange.response else None
    app = document.get("app") if isinstance(document, dict) else None
    found = app.get("id_code") if isinstance(app, dict) else None
    return found if isinstance(found, str) else None
