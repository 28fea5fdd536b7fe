"""What was learned of a workspace, to be looked at, and to be forgotten.

Both work on the documents of the history as they are stored (`monitors.memory`): the next pass, of
whichever process, begins from what is left of them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from monitors.latencies import Usual
from monitors.memory import (
    ANSWERS,
    APP,
    BASELINES,
    CENSUS,
    DEPLOYMENTS,
    PINS,
    SHAPE,
    VERSIONS,
    stored_latencies,
)
from monitors.shapes import State

_OF_THE_WORKSPACE: Final = (APP, CENSUS, DEPLOYMENTS, PINS, VERSIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLatency:
    """How long an operation usually takes, at the time that was asked about, in milliseconds.

    `usual_ms` and the range that holds nine answers of ten are None while too few `samples` are
    known. `slower_since` is when a regression began that goes on.
    """

    region: str
    samples: int
    usual_ms: float | None = None
    low_ms: float | None = None
    high_ms: float | None = None
    slower_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownShape:
    """How much is known of what an operation answers in one version of the API.

    `objects` counts those of the commonest kind, each once; `fields` the places in which values
    were seen; `since` is the day of the first.
    """

    version: str
    objects: int
    fields: int
    since: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one operation, given by its identity."""

    operation: str
    latencies: tuple[KnownLatency, ...]
    shapes: tuple[KnownShape, ...]


def known_of(workspace: str, documents: Mapping[str, Any], *, now: datetime) -> tuple[Known, ...]:
    """Return what is known of a workspace's operations, by path; `documents` by kind."""
    latencies: dict[str, list[KnownLatency]] = {}
    stored = stored_latencies(documents)
    for key in stored:
        region, operation = _parts(workspace, key)
        usual = stored.usual(key)
        if usual is not None:
            latencies.setdefault(operation, []).append(_latency(region, usual, now))
    shapes: dict[str, list[KnownShape]] = {}
    for kind, version, operation in _shapes_in(documents):
        shapes.setdefault(operation, []).append(_shape(version, documents[kind]))
    return tuple(
        Known(
            operation=operation,
            latencies=tuple(latencies.get(operation, ())),
            shapes=tuple(shapes.get(operation, ())),
        )
        for operation in sorted(latencies.keys() | shapes.keys(), key=_by_path)
    )


def without(
    workspace: str,
    documents: Mapping[str, Any],
    *,
    chosen: Callable[[str], bool] | None = None,
    latency: bool = True,
    shape: bool = True,
) -> dict[tuple[str, str], object]:
    """Return the documents to save (None: to remove) so that what was learned is forgotten: of the
    operations that are `chosen` by their identity, or of all and of the workspace itself.

    The key of the hashes stays: what else was learned is kept by it.
    """
    changed: dict[tuple[str, str], object] = {}
    if chosen is None and latency and shape:
        changed.update(((kind, workspace), None) for kind in _OF_THE_WORKSPACE if kind in documents)
    if latency:
        changed.update(_without_latencies(workspace, documents, chosen))
    if shape:
        gone = [
            kind for kind, _, operation in _shapes_in(documents) if not chosen or chosen(operation)
        ]
        changed.update(((kind, workspace), None) for kind in gone)
        answers = documents.get(ANSWERS)
        if isinstance(answers, dict) and (forgotten := answers.keys() & set(gone)):
            left = {kind: one for kind, one in answers.items() if kind not in forgotten}
            changed[ANSWERS, workspace] = left or None
    return changed


def _without_latencies(
    workspace: str, documents: Mapping[str, Any], chosen: Callable[[str], bool] | None
) -> Iterator[tuple[tuple[str, str], object]]:
    stored = stored_latencies(documents)
    gone = [key for key in stored if not chosen or chosen(_parts(workspace, key)[1])]
    if not gone:
        return
    for key in gone:
        stored.forget(key)
    yield (BASELINES, workspace), stored.document() if len(stored) else None
    for kind in documents:
        if kind.startswith(f"{BASELINES} "):
            yield (kind, workspace), None


def _latency(region: str, usual: Usual, now: datetime) -> KnownLatency:
    seconds = now.timestamp()
    ms = usual.watch.usual_ms(seconds)
    spread = usual.watch.spread(seconds) if ms is not None else 1.0
    last = usual.troubles[-1] if usual.troubles else None
    return KnownLatency(
        region=region,
        samples=usual.watch.samples,
        usual_ms=ms,
        low_ms=None if ms is None else ms / spread,
        high_ms=None if ms is None else ms * spread,
        slower_since=(
            datetime.fromtimestamp(last.since, UTC) if last and last.until is None else None
        ),
    )


def _shape(version: str, form: object) -> KnownShape:
    state = State.from_json(form)
    groups = state.groups.values()
    # Days are as Exchange.started_at.toordinal() has them.
    first = min((group.first_day for group in groups), default=0)
    return KnownShape(
        version=version,
        objects=max((group.objects for group in groups), default=0),
        fields=state.fields,
        since=date.fromordinal(first) if first > 0 else None,
    )


def _shapes_in(documents: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield the kind of each document of a shape, and the version and operation it names."""
    for kind in documents:
        if kind.startswith(f"{SHAPE} "):
            _, version, operation = kind.split(" ", 2)
            yield kind, version, operation


def _parts(workspace: str, key: str) -> tuple[str, str]:
    """Return the region and the operation that the key of a baseline names."""
    region, operation = key.removeprefix(f"{workspace} ").split(" ", 1)
    return region, operation


def _by_path(operation: str) -> tuple[str, str]:
    method, _, path = operation.partition(" ")
    return path, method
