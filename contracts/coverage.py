"""What a run saw of what a description documents: operations, fields, values of enums."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from contracts.exchanges import Exchange
from contracts.schemas import Node, Schemas
from contracts.spec import Spec, SpecOperation

DEEPEST: Final = 6
"""Levels below the body; what lies deeper are the same component schemas again."""
LITTLE: Final = 40
"""Score below which a run without findings says little: as a rule most lists were empty, or most
operations were refused."""

_Place = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Seen and documented: `operations` with a success, `fields` and `values` of enums in their
    answers. `score` is from 0 to 100."""

    operations: tuple[int, int]
    fields: tuple[int, int]
    values: tuple[int, int]

    @property
    def score(self) -> int:
        """Half of it is the operations: a field is only seen where its operation answered."""
        parts = ((self.operations, 50), (self.fields, 35), (self.values, 15))
        counted = [(seen / all_, weight) for (seen, all_), weight in parts if all_]
        weights = sum(weight for _, weight in counted)
        return (
            round(100 * sum(share * weight for share, weight in counted) / weights)
            if (weights)
            else 0
        )

    @property
    def warning(self) -> str | None:
        """Say so where a run that found nothing says little."""
        if self.score >= LITTLE:
            return None
        seen, documented = self.operations
        return (
            f"This run tested little (score {self.score} of 100): {seen} of {documented} "
            f"operations answered with success, with {self.fields[0]} of their {self.fields[1]} "
            "documented fields; no finding is no proof."
        )


class Sightings:
    """What was seen in the answers of a run."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._schemas = Schemas(spec)
        self._operations: set[str] = set()
        self._places: set[_Place] = set()
        self._values: set[tuple[str, str, str]] = set()
        self._documented: dict[str, dict[str, tuple[str, ...]]] = {}

    def take(self, exchange: Exchange) -> None:
        """Look at one answer."""
        if exchange.operation is None or exchange.response is None or not exchange.is_success:
            return
        identity = exchange.operation.identity
        operation = self._spec.get(identity)
        if operation is None:
            return
        self._operations.add(identity)
        documented = self._of(operation)
        for place, value in _places(exchange.response.document, ""):
            if place in documented:
                self._places.add((identity, place))
                if documented[place] and isinstance(value, (str, int, bool)):
                    shown = json.dumps(value)
                    if shown in documented[place]:
                        self._values.add((identity, place, shown))

    def coverage(self, operations: tuple[SpecOperation, ...]) -> Coverage:
        """Return what was seen of these operations."""
        chosen = {one.operation.identity: self._of(one) for one in operations}
        answered = {name: places for name, places in chosen.items() if name in self._operations}
        return Coverage(
            operations=(len(answered), len(chosen)),
            fields=(
                sum(name in answered for name, _ in self._places),
                sum(len(places) for places in answered.values()),
            ),
            values=(
                sum(name in answered for name, _, _ in self._values),
                sum(len(values) for places in answered.values() for values in places.values()),
            ),
        )

    def _of(self, operation: SpecOperation) -> dict[str, tuple[str, ...]]:
        """Return the documented places of an operation's success, with the values of their enums as
        JSON."""
        identity = operation.operation.identity
        if identity not in self._documented:
            schema = operation.response_schema(200)
            found: dict[str, tuple[str, ...]] = {}
            if schema is not None:
                _collect(self._schemas.node(schema), "", 0, found)
            self._documented[identity] = found
        return self._documented[identity]


def _collect(node: Node, place: str, depth: int, found: dict[str, tuple[str, ...]]) -> None:
    while node.target is not None:
        node = node.target
    if depth > DEEPEST:
        return
    for part in (*node.all_of, *node.any_of, *node.one_of):
        _collect(part, place, depth + 1, found)
    if place and node.enum is not None and place in found:
        found[place] = tuple(json.dumps(value) for value in node.enum.schema["enum"])
    for name, child in node.properties.items():
        found.setdefault(f"{place}/{name}", ())
        _collect(child, f"{place}/{name}", depth + 1, found)
    if node.items is not None:
        _collect(node.items, f"{place}/*", depth + 1, found)


def _places(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{place}/{key}", item
            yield from _places(item, f"{place}/{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _places(item, f"{place}/*")
