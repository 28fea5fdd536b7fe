"""What changes for a client from one description to another.

An answer may say more than before, never less: a field that is gone, another type, null where there
was none. A request may ask for less than before, never for more. What is added is told as well, and
breaks nobody. A description that says nothing of a place (no type, no list of fields) is no promise
that could be broken.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts.contrasts import ABSENT, OPTIONAL, Seen, formats, named, received, sent
from contracts.exchanges import Operation
from contracts.pointers import escape
from contracts.schemas import Node, Schemas
from contracts.shapes import Shape, resolved, shape_of
from contracts.spec import Parameter, Spec, SpecOperation

REQUEST: Final = "request:"
"""What a location begins with that is one of a request: `request:/email`, `request:query:page`."""
ENDPOINT: Final = "endpoint"
"""Location of an operation as a whole."""
_WHOLE: Final = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change. `rule`, `location`, `expected` and `observed` are as a finding has them; `place`
    is the place in a component schema wherever that is used, else the operation and the location.
    `values` are those of an enum that came or went."""

    rule: str
    operation: Operation
    location: str
    expected: str
    observed: str
    place: str
    values: tuple[str, ...] = ()


_Below = tuple[tuple[Seen, ...], bool]
"""What changed below, and whether that is all of it: a schema inside itself is gone into once."""


def changes_between(before: Spec, after: Spec) -> Iterator[Change]:
    """Yield what changes from `before` to `after`, by operation in the order of `before`."""
    walk = _Walk(Schemas(before), Schemas(after))
    for operation in before.operations:
        known = operation.operation
        successor = after.get(known.identity)
        if successor is None:
            seen = [Seen("deprecation-endpoint-gone", ENDPOINT, "operation", ABSENT, str(known))]
        else:
            seen = list(walk.operation(operation, successor))
        for one in dict.fromkeys(seen):
            yield Change(operation=known, **one._asdict())
    for operation in after.operations:
        known = operation.operation
        if before.get(known.identity) is None:
            yield Change(
                rule="schema-undocumented",
                operation=known,
                location=ENDPOINT,
                expected=ABSENT,
                observed="operation",
                place=str(known),
            )


class _Walk:
    """Two descriptions, gone through side by side; what was compared once is known."""

    def __init__(self, before: Schemas, after: Schemas) -> None:
        self._before = before
        self._after = after
        self._known: dict[tuple[Any, ...], tuple[Seen, ...]] = {}
        self._shapes: dict[tuple[int, ...], Shape] = {}
        self._nodes: list[Sequence[Node]] = []
        """Keeps the nodes whose ids are keys."""

    def operation(self, before: SpecOperation, after: SpecOperation) -> Iterator[Seen]:
        yield from self._parameters(before, after)
        yield from self._request(before, after)
        yield from self._answers(before, after)

    def _parameters(self, before: SpecOperation, after: SpecOperation) -> Iterator[Seen]:
        known = {(one.location, one.name): one for one in _varying(before)}
        for one in _varying(after):
            location = f"{REQUEST}{one.location}:{one.name}"
            place = f"{before.operation} {location}"
            earlier = known.pop((one.location, one.name), None)
            if one.required and not (earlier and earlier.required):
                expected = OPTIONAL if earlier else ABSENT
                yield Seen("request-required", location, expected, "required", place)
            if earlier is not None:
                mine = self._shape([self._before.node(earlier.schema)])
                theirs = self._shape([self._after.node(one.schema)])
                yield from sent(mine, theirs, location, place, is_text=True)
        for one in known.values():
            location = f"{REQUEST}{one.location}:{one.name}"
            words = self._shape([self._before.node(one.schema)]).words
            place = f"{before.operation} {location}"
            yield Seen("request-refused", location, words, ABSENT, place)

    def _request(self, before: SpecOperation, after: SpecOperation) -> Iterator[Seen]:
        schema, successor = before.request_schema, after.request_schema
        place = f"{before.operation} request"
        if schema is not None and successor is not None:
            nodes = [self._before.node(schema)], [self._after.node(successor)]
            seen, _ = self._below(*nodes, place, self._sent_below, ())
            for one in seen:
                yield one._replace(location=f"{REQUEST}{one.location or _WHOLE}")
        elif schema is not None:
            yield Seen("request-refused", f"{REQUEST}{_WHOLE}", "body", ABSENT, place)
        if after.requires_body and not before.requires_body:
            expected = ABSENT if schema is None else OPTIONAL
            yield Seen("request-required", f"{REQUEST}{_WHOLE}", expected, "required", place)

    def _answers(self, before: SpecOperation, after: SpecOperation) -> Iterator[Seen]:
        successes = [status for status in before.responses if _is_success(status)]
        left = [status for status in after.responses if _is_success(status)]
        for status in successes:
            place = f"{before.operation} {status}"
            if status not in left:
                if left:
                    yield Seen("status-undocumented", "status", status, left[0], place)
                continue
            schema = before.response_schema(int(status))
            successor = after.response_schema(int(status))
            if schema is not None and successor is not None:
                nodes = [self._before.node(schema)], [self._after.node(successor)]
                seen, _ = self._below(*nodes, place, self._received_below, ())
                for one in _without_slips(seen):
                    yield one._replace(location=one.location or _WHOLE)
            elif schema is not None:
                yield Seen("body-empty", "body", "body", ABSENT, place)

    def _below(
        self,
        before: Sequence[Node],
        after: Sequence[Node],
        place: str,
        compare: Callable[..., _Below],
        above: tuple[tuple[Any, ...], ...],
    ) -> _Below:
        """Return what changed between two sets of alternatives and below, with locations from
        there on."""
        component = next((one for node in before if (one := resolved(node).place)), None)
        # What has no name of its own is only known by where it stands.
        key = (_ids(before), _ids(after), compare.__name__, component or place)
        if key in self._known:
            return self._known[key], True
        if key in above:
            return (), False
        self._nodes += [before, after]
        seen, is_whole = compare(before, after, component or place, (*above, key))
        if is_whole:
            self._known[key] = seen
        return seen, is_whole

    def _received_below(
        self,
        earlier: Sequence[Node],
        later: Sequence[Node],
        place: str,
        above: tuple[tuple[Any, ...], ...],
    ) -> _Below:
        before, after = self._shape(earlier), self._shape(later)
        found = list(received(before, after, named(earlier), place))
        pair = formats(earlier, later)
        if pair is not None:
            found.append(Seen("schema-format", "", *pair, place))
        for name, nodes in before.fields.items():
            location, inside = f"/{escape(name)}", f"{place}/{escape(name)}"
            if name in after.fields:
                if name in before.required and name not in after.required:
                    found.append(Seen("schema-required", location, named(nodes), OPTIONAL, inside))
            elif not after.is_open:
                found.append(Seen("schema-required", location, named(nodes), ABSENT, inside))
        if not before.is_open:
            for name, nodes in after.fields.items():
                if name not in before.fields:
                    location, inside = f"/{escape(name)}", f"{place}/{escape(name)}"
                    kinds = named(nodes)
                    found.append(Seen("schema-undocumented", location, ABSENT, kinds, inside))
        return self._deeper(before, after, place, self._received_below, above, found)

    def _sent_below(
        self,
        earlier: Sequence[Node],
        later: Sequence[Node],
        place: str,
        above: tuple[tuple[Any, ...], ...],
    ) -> _Below:
        before, after = self._shape(earlier), self._shape(later)
        found = list(sent(before, after, "", place))
        for name in sorted(after.required - before.required):
            location, inside = f"/{escape(name)}", f"{place}/{escape(name)}"
            expected = OPTIONAL if name in before.fields else ABSENT
            found.append(Seen("request-required", location, expected, "required", inside))
        for name, nodes in before.fields.items():
            if name not in after.fields and not after.is_open:
                location, inside = f"/{escape(name)}", f"{place}/{escape(name)}"
                words = self._shape(nodes).words
                found.append(Seen("request-refused", location, words, ABSENT, inside))
        return self._deeper(before, after, place, self._sent_below, above, found)

    def _deeper(
        self,
        before: Shape,
        after: Shape,
        place: str,
        compare: Callable[..., _Below],
        above: tuple[tuple[Any, ...], ...],
        found: list[Seen],
    ) -> _Below:
        """Add what changed in what both have inside."""
        pairs = [
            (f"/{escape(name)}", nodes, after.fields[name])
            for name, nodes in before.fields.items()
            if name in after.fields
        ]
        for mine, theirs in (
            (before.items, after.items),
            (before.values_of_map, after.values_of_map),
        ):
            if mine and theirs:
                pairs.append(("/*", mine, theirs))
        is_whole = True
        for location, mine, theirs in pairs:
            seen, is_all = self._below(mine, theirs, f"{place}{location}", compare, above)
            is_whole &= is_all
            seen = _without_slips(seen) if location == "/*" else seen
            found += [one._replace(location=f"{location}{one.location}") for one in seen]
        return tuple(found), is_whole

    def _shape(self, nodes: Sequence[Node]) -> Shape:
        key = _ids(nodes)
        if key not in self._shapes:
            self._nodes.append(nodes)
            self._shapes[key] = shape_of(nodes)
        return self._shapes[key]


def _without_slips(seen: Sequence[Seen]) -> tuple[Seen, ...]:
    """Leave out that a whole body, or an item of a list, may be null: a slip of a generator."""
    return tuple(one for one in seen if one.location or one.rule != "schema-null")


def _varying(operation: SpecOperation) -> Iterator[Parameter]:
    """Yield the parameters that a client chooses to send; those of the path are in the identity."""
    return (one for one in operation.parameters if one.location == "query")


def _is_success(status: str) -> bool:
    return status.isdigit() and status.startswith("2")


def _ids(nodes: Sequence[Node]) -> tuple[int, ...]:
    return tuple(id(resolved(node)) if not node.nullable else id(node) for node in nodes)
