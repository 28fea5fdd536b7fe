"""The relied-upon contract checked against what Intercom publishes.

Every operation, parameter and field of our contract has to exist in the published description with
a compatible type, or to stand in `contracts/differences.yaml` with its evidence. Compatible means:

- of an answer we accept what they may send. Less than that is *narrower* (their enum has a value
  ours lacks, they allow null), more is *wider* (we know that the API sends what they do not admit);
- in a request we send only what they take; more is *wider*;
- what they require of a request we send.

An enum that we leave open is no disagreement, nor is what only they know of: the contract says what
is relied upon, not everything there is. Error answers count where both describe them: that an
operation documents no 429 says nothing about the API.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from contracts.differences import Difference, Disagreement, Kind, read_differences
from contracts.schemas import Node, Schemas
from contracts.shapes import Shape, resolved, shape_of
from contracts.spec import Parameter, Spec, SpecOperation

__all__ = ["Difference", "Disagreement", "Kind", "compare", "read_differences"]


def compare(
    embedded: Spec, published: Spec, differences: Iterable[Difference]
) -> list[Disagreement]:
    """Return what no difference explains, and the differences that explain nothing any more."""
    stated = [one for one in differences if one.applies_to(published.version)]
    unused = set(stated)
    unexplained = []
    for found in _Comparison(embedded, published).run():
        explaining = {one for one in stated if one.explains(found)}
        unused -= explaining
        if not explaining:
            unexplained.append(found)
    stale = [
        Disagreement(
            place=one.place, kind=Kind.STALE, operation="*", location="*", ours=one.kind, theirs="-"
        )
        for one in stated
        if one in unused
    ]
    return unexplained + stale


class _Comparison:
    """One comparison; each disagreement is found once, however many operations show it."""

    def __init__(self, embedded: Spec, published: Spec) -> None:
        self._embedded = embedded
        self._published = published
        self._ours = Schemas(embedded)
        self._theirs = Schemas(published)
        self._found: dict[tuple[str, Kind, str, str], Disagreement] = {}
        self._compared: set[tuple[Any, ...]] = set()
        self._operation = ""

    def run(self) -> Iterable[Disagreement]:
        for ours in self._embedded.operations:
            self._operation = ours.operation.identity
            theirs = self._published.get(self._operation)
            if theirs is None:
                self._note(str(ours.operation), Kind.MISSING, "-", "an operation", "absent")
                continue
            self._compare_parameters(ours, theirs)
            self._compare_requests(ours, theirs)
            self._compare_responses(ours, theirs)
        return self._found.values()

    def _note(self, place: str, kind: Kind, location: str, ours: str, theirs: str) -> None:
        self._found.setdefault(
            (place, kind, ours, theirs),
            Disagreement(
                place=place,
                kind=kind,
                operation=self._operation,
                location=location,
                ours=ours,
                theirs=theirs,
            ),
        )

    def _compare_parameters(self, ours: SpecOperation, theirs: SpecOperation) -> None:
        known = dict(_parameters(theirs))
        for key, parameter in _parameters(ours):
            place = f"{ours.operation} {parameter.location}:{parameter.name}"
            other = known.pop(key, None)
            node = self._ours.node(parameter.schema)
            if other is None:
                self._note(place, Kind.MISSING, parameter.name, shape_of([node]).words, "absent")
                continue
            mine = shape_of([node])
            shape = shape_of([self._theirs.node(other.schema)])
            if "string" in shape.kinds:  # written into a URL, every scalar is text
                shape.kinds |= {"integer", "number", "boolean"}
            self._compare_sent(mine, shape, place, parameter.name)
        for parameter in known.values():
            if parameter.required:
                place = f"{ours.operation} {parameter.location}:{parameter.name}"
                self._note(place, Kind.REQUIRED, parameter.name, "absent", "required")

    def _compare_requests(self, ours: SpecOperation, theirs: SpecOperation) -> None:
        schema, other = ours.request_schema, theirs.request_schema
        if schema is None:
            return
        place = f"{ours.operation} body"
        if other is None:
            self._note(place, Kind.MISSING, "/", "a body", "absent")
            return
        self._compare([self._ours.node(schema)], [self._theirs.node(other)], place, "", sent=True)

    def _compare_responses(self, ours: SpecOperation, theirs: SpecOperation) -> None:
        for status in sorted(ours.responses):
            if not status.isdigit():
                continue
            schema = ours.response_schema(int(status))
            other = theirs.response_schema(int(status))
            is_success = status.startswith("2")
            place = f"{ours.operation} {status}"
            if is_success and theirs.response(int(status)) is None:
                self._note(place, Kind.MISSING, "status", "an answer", "absent")
            elif schema is not None and other is not None:
                nodes = [self._ours.node(schema)], [self._theirs.node(other)]
                self._compare(*nodes, place, "", sent=False)
            elif schema is not None and is_success:
                self._note(place, Kind.MISSING, "/", "a body", "absent")

    def _compare(
        self, ours: list[Node], theirs: list[Node], place: str, location: str, *, sent: bool
    ) -> None:
        """Compare the alternatives of ours with those of theirs, and what lies below."""
        key = (
            frozenset(id(resolved(node)) for node in ours),
            frozenset(id(resolved(node)) for node in theirs),
            sent,
            place,
        )
        if key in self._compared:
            return
        self._compared.add(key)
        mine, other = shape_of(ours), shape_of(theirs)
        shown = location or "/"
        if sent:
            self._compare_sent(mine, other, place, shown)
        else:
            # Null in place of a whole body or of an item of a list is a slip of their generator.
            is_field = bool(location) and not location.endswith("/*")
            self._compare_received(mine, other, place, shown, is_field=is_field)
        inside = _component(ours) or place
        if not other.is_open:
            for name in (name for name in mine.fields if name not in other.fields):
                words = shape_of(mine.fields[name]).words
                self._note(f"{inside}/{name}", Kind.MISSING, f"{location}/{name}", words, "absent")
        for name, nodes in mine.fields.items():
            if name in other.fields:
                below, at = f"{inside}/{name}", f"{location}/{name}"
                self._compare(nodes, other.fields[name], below, at, sent=sent)
        if mine.items and other.items:
            self._compare(mine.items, other.items, f"{inside}/*", f"{location}/*", sent=sent)

    def _compare_received(
        self, ours: Shape, theirs: Shape, place: str, location: str, *, is_field: bool
    ) -> None:
        refused, extra = _apart(theirs, ours), _apart(ours, theirs)
        if is_field:
            refused |= {"null"} if theirs.nullable and not ours.nullable else set()
            # Without a type they admit anything, null as well.
            admits_null = theirs.nullable or not theirs.kinds
            extra |= {"null"} if ours.nullable and not admits_null else set()
        if refused:
            self._note(place, Kind.NARROWER, location, ours.words, theirs.words)
        if extra:
            self._note(place, Kind.WIDER, location, ours.words, theirs.words)
        if ours.values is not None and theirs.kinds:
            if theirs.values is None:
                self._note(place, Kind.NARROWER, location, "enum", theirs.words)
            elif theirs.values - ours.values:
                lacking = _listed(theirs.values - ours.values)
                self._note(place, Kind.NARROWER, location, "enum", f"enum with {lacking}")
            if theirs.values is not None and ours.values - theirs.values:
                more = _listed(ours.values - theirs.values)
                self._note(place, Kind.WIDER, location, f"enum with {more}", "enum")

    def _compare_sent(self, ours: Shape, theirs: Shape, place: str, location: str) -> None:
        if _apart(ours, theirs) or (ours.nullable and not theirs.nullable and theirs.kinds):
            self._note(place, Kind.WIDER, location, ours.words, theirs.words)
        if theirs.values is not None:
            if ours.values is None:
                self._note(place, Kind.WIDER, location, ours.words, "enum")
            elif ours.values - theirs.values:
                more = _listed(ours.values - theirs.values)
                self._note(place, Kind.WIDER, location, f"enum with {more}", "enum")
        for name in sorted(theirs.required - ours.required):
            self._note(f"{place}/{name}", Kind.REQUIRED, location, "optional", "required")


def _apart(left: Shape, right: Shape) -> set[str]:
    """Kinds of `left` that `right` does not accept; none where either accepts anything."""
    if not left.kinds or not right.kinds:
        return set()
    apart = set(left.kinds - right.kinds)
    if "number" in right.kinds:
        apart.discard("integer")
    return apart


def _parameters(operation: SpecOperation) -> Iterator[tuple[tuple[str, str], Parameter]]:
    """Parameters by what tells them apart: in a path the place, because names change."""
    segments = operation.operation.path.split("/")
    for parameter in operation.parameters:
        if parameter.location == "path":
            if f"{{{parameter.name}}}" in segments:
                yield ("path", str(segments.index(f"{{{parameter.name}}}"))), parameter
        elif parameter.location == "query":
            yield ("query", parameter.name), parameter


def _component(nodes: list[Node]) -> str | None:
    """The place of what lies below: of the component that is referred to, where there is one."""
    return next((place for node in nodes if (place := resolved(node).place)), None)


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(sorted(map(str, values)))
