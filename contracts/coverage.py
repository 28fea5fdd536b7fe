"""What a run saw of what a description documents: operations, fields, values of enums."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from contracts.exchanges import Exchange, Operation
from contracts.schemas import Node, Schemas
from contracts.spec import Spec, SpecOperation

DEEPEST: Final = 6
"""Levels below the body; what lies deeper are the same component schemas again."""
LITTLE: Final = 40
"""Score below which a run without findings says little: as a rule most lists were empty, or most
operations were refused."""

_Place = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Seen and documented in the successful answers of one operation."""

    operation: Operation
    answered: bool
    fields: tuple[int, int]
    values: tuple[int, int]

    @property
    def share(self) -> float:
        """How much of what is documented was seen; 1 where nothing is documented."""
        seen, documented = self.fields[0] + self.values[0], self.fields[1] + self.values[1]
        return seen / documented if documented else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Seen and documented: `operations` with a success, `fields` and `values` of enums in their
    answers. `score` is from 0 to 100. `each` says it of every operation that was chosen."""

    operations: tuple[int, int]
    fields: tuple[int, int]
    values: tuple[int, int]
    each: tuple[Seen, ...] = ()

    @property
    def score(self) -> int:
        """Half of it is the operations. What an operation that never answered documents counts as
        not seen: five requests to one list are no proof of the rest."""
        fields = sum(one.fields[1] for one in self.each)
        values = sum(one.values[1] for one in self.each)
        parts = (
            (self.operations, 50),
            ((self.fields[0], fields), 35),
            ((self.values[0], values), 15),
        )
        counted = [(seen / all_, weight) for (seen, all_), weight in parts if all_]
        weights = sum(weight for _, weight in counted)
        return (
            round(100 * sum(share * weight for share, weight in counted) / weights)
            if weights
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
            "documented fields. Nothing is known of the rest."
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
        self._seen: Counter[str] = Counter()

    def take(self, exchange: Exchange) -> bool:
        """Look at one answer; say whether it had a documented field or value that none had
        before."""
        if exchange.operation is None or exchange.response is None or not exchange.is_success:
            return False
        identity = exchange.operation.identity
        operation = self._spec.get(identity)
        if operation is None:
            return False
        before = len(self._places) + len(self._values)
        self._operations.add(identity)
        documented = self._of(operation)
        for place, value in _places(exchange.response.document, ""):
            if place in documented:
                self._places.add((identity, place))
                if documented[place] and isinstance(value, (str, int, bool)):
                    shown = json.dumps(value)
                    if shown in documented[place]:
                        self._values.add((identity, place, shown))
        seen = len(self._places) + len(self._values) - before
        self._seen[identity] += seen
        return seen > 0

    def unseen(self, operation: SpecOperation) -> float:
        """Return the share of an operation's documented fields and values that no answer had."""
        documented = self._of(operation)
        all_ = len(documented) + sum(map(len, documented.values()))
        return 1 - self._seen[operation.operation.identity] / all_ if all_ else 0.0

    def coverage(self, operations: tuple[SpecOperation, ...]) -> Coverage:
        """Return what was seen of these operations."""
        fields = Counter(name for name, _ in self._places)
        values = Counter(name for name, _, _ in self._values)
        each = []
        for one in operations:
            name, documented = one.operation.identity, self._of(one)
            each.append(
                Seen(
                    operation=one.operation,
                    answered=name in self._operations,
                    fields=(fields[name], len(documented)),
                    values=(values[name], sum(map(len, documented.values()))),
                )
            )
        answered = [one for one in each if one.answered]
        return Coverage(
            operations=(len(answered), len(each)),
            fields=_sum(one.fields for one in answered),
            values=_sum(one.values for one in answered),
            each=tuple(each),
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


def _sum(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    seen, documented = 0, 0
    for one, other in pairs:
        seen, documented = seen + one, documented + other
    return seen, documented


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
