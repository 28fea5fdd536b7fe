"""What is relied upon, held against answers.

A field that a consumer reads has to be there in every successful answer that holds its parent;
whether null will do is a matter of its schema, and its type one of conformance.

An optional parent that is absent takes what lies below it along without a word: whoever reads
`/pages/next/starting_after` knows that the last page has no `next`. A parent that the schema
requires, that is a list, or that is read itself is missed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.consumers import (
    ITEM,
    Consumer,
    Fields,
    consumers_of,
    read_consumers,
    split_pattern,
)
from contracts.departures import Departure
from contracts.exchanges import BodyKind, Exchange
from contracts.pointers import escape
from contracts.schemas import kinds_of
from contracts.shapes import shape_of
from contracts.spec import Spec

__all__ = ["EVERYTHING", "Consumer", "Reliance", "consumers_of", "read_consumers"]

EVERYTHING: Final = "*"
"""The identity of what concerns every operation, such as a refused token."""
ABSENT: Final = "absent"
_RULE: Final = "schema-required"


class Reliance:
    """What a description's consumers rely on, ready to be held against answers. Safe to share
    between threads."""

    def __init__(self, spec: Spec, consumers: Iterable[Consumer]) -> None:
        self.consumers = tuple(consumers)
        fields = Fields(spec)
        self._reads: dict[str, dict[tuple[str, ...], list[str]]] = {}
        for consumer in self.consumers:
            for identity, patterns in consumer.reads.items():
                known = self._reads.setdefault(identity, {})
                for pattern in patterns:
                    known.setdefault(split_pattern(pattern), []).append(consumer.name)
        self._watched = {
            identity: _watch(reads, fields, identity) for identity, reads in self._reads.items()
        }

    def departures(self, exchange: Exchange) -> tuple[Departure, ...]:
        """Name each field that somebody reads and that is absent; nothing of an answer that is no
        success or no JSON."""
        response, operation = exchange.response, exchange.operation
        if response is None or operation is None or not response.is_success:
            return ()
        watched = self._watched.get(operation.identity)
        if watched is None or response.kind is not BodyKind.JSON:
            return ()
        absent: dict[str, _Watched] = {}
        counts: dict[str, int] = {}
        _miss(watched, response.document, absent, counts)
        return tuple(
            Departure(
                rule=_RULE,
                location=location,
                expected=missed.expected,
                observed=ABSENT,
                schema_place=missed.place,
                count=counts[location],
            )
            for location, missed in absent.items()
        )

    def readers(self, identity: str, location: str) -> tuple[str, ...]:
        """Return the consumers that a departure at `location` hurts: those who read that place,
        something inside it or something around it; all who use the operation where the location is
        none inside a body (`status`, `latency`), everybody for the identity `*`."""
        hurt = self._hurt(identity, location)
        return tuple(one.name for one in self.consumers if one.name in hurt)

    def users(self, identity: str) -> tuple[Consumer, ...]:
        """Return the consumers that read anything of an operation; everybody for `*`."""
        if identity == EVERYTHING:
            return self.consumers
        return tuple(one for one in self.consumers if identity in one.reads)

    def _hurt(self, identity: str, location: str) -> set[str]:
        if identity == EVERYTHING:
            return {consumer.name for consumer in self.consumers}
        place = split_pattern(location) if location.startswith("/") and location != "/" else ()
        return {
            name
            for steps, names in self._reads.get(identity, {}).items()
            if all(ITEM in pair or pair[0] == pair[1] for pair in zip(steps, place, strict=False))
            for name in names
        }


@dataclass(slots=True)
class _Watched:
    """A place that is read, or lies on the way to one. `expected` is set where it must be there."""

    location: str
    expected: str = ""
    place: str | None = None
    fields: dict[str, "_Watched"] = field(default_factory=dict)
    item: "_Watched | None" = None


def _miss(
    watched: _Watched, value: Any, absent: dict[str, _Watched], counts: dict[str, int]
) -> None:
    if isinstance(value, dict):
        for name, below in watched.fields.items():
            if name in value:
                if below.fields or below.item is not None:
                    _miss(below, value[name], absent, counts)
            elif below.expected:
                absent[below.location] = below
                counts[below.location] = counts.get(below.location, 0) + 1
    if watched.item is not None:
        items = value.values() if isinstance(value, dict) else value
        if isinstance(value, (dict, list)):
            for item in items:
                _miss(watched.item, item, absent, counts)


def _watch(reads: Iterable[tuple[str, ...]], fields: "Fields", identity: str) -> _Watched:
    """Arrange what is read of one operation as a tree."""
    root = _Watched(location="")
    start = fields.of(identity)
    for steps in reads:
        watched, nodes = root, start
        for depth, step in enumerate(steps):
            shape = shape_of(nodes)
            nodes = fields.below(shape, step)
            location = f"{watched.location}/{step if step == ITEM else escape(step)}"
            if step == ITEM:
                if watched.item is None:
                    watched.item = _Watched(location=location)
                watched = watched.item
                continue
            watched = watched.fields.setdefault(step, _Watched(location=location))
            is_last = depth == len(steps) - 1
            if is_last or steps[depth + 1] == ITEM or step in shape.required:
                watched.expected = "|".join(dict.fromkeys(map(kinds_of, nodes))) or "any"
                watched.place = next((node.place for node in nodes if node.place), None)
    return root
