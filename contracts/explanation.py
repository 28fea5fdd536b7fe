"""Say how a value departs from a schema: where, and as what kind.

A walk over value and schema together. It agrees with JSON Schema on what is valid (a test holds
the two against each other) and adds what JSON Schema does not tell: one departure for a branch
that was meant instead of all that do not fit, places in component schemas, properties nobody
documented, and Unix times that are none.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.departures import WHOLE_BODY, Departure, collapse, kind_of
from contracts.pointers import escape
from contracts.schemas import FORMATS, LATEST_UNIX_TIME, Node, kinds_of

DEEPEST: Final = 100  # schemas applied inside one another; Intercom's bodies stay under 15
_NO_NAMES: Final[frozenset[str]] = frozenset()
# Keys of these are the customer's even where the description lists some.
_CUSTOMERS_OWN: Final = ("/custom_attributes", "/metadata", "/ticket_attributes")
# What a field of an API is called; an undocumented key like an address or an id is a value.
_FIELD_NAME: Final = re.compile(r"[a-z_$][A-Za-z_-]*[0-9]{0,3}[A-Za-z_-]*\Z")
_LONGEST_FIELD_NAME: Final = 64  # characters; the longest published is 58


@dataclass(slots=True)
class _Sink:
    """What a walk found: `broken` by JSON Schema's reading, or only `beyond` it."""

    broken: list[Departure] = field(default_factory=list)
    beyond: list[Departure] = field(default_factory=list)
    names: frozenset[str] | None = _NO_NAMES
    """Names documented for the value as an object; None where any is allowed."""


def explain(node: Node, value: object, *, close: bool = True) -> tuple[Departure, ...]:
    """Return every departure of `value` from the schema, those that say the same as one; empty
    where it keeps it. Never raises, whatever JSON `value` is. Without `close` undocumented
    properties are none."""
    sink = _walk_whole(node, value)
    beyond = (one for one in sink.beyond if close or one.rule != "schema-undocumented")
    return collapse([*sink.broken, *beyond])


def violations(node: Node, value: object) -> tuple[Departure, ...]:
    """Return only the departures that make `value` invalid by JSON Schema."""
    return collapse(_walk_whole(node, value).broken)


def _walk_whole(node: Node, value: object) -> _Sink:
    sink = _Sink()
    _walk(node, value, "", node.place, sink, close=True, depth=0)
    return sink


def _walk(
    node: Node,
    value: Any,
    location: str,
    place: str | None,
    sink: _Sink,
    *,
    close: bool,
    depth: int,
) -> frozenset[str] | None:
    """Hold `value` to `node`; return the property names documented for it, None if any is.

    `place` is where the schema is used, more exact than where it is defined. `close` says that no
    schema around this one documents names for the same object.
    """
    while node.target is not None:
        if value is None and node.nullable:
            return _NO_NAMES
        node = node.target
    if node.unresolvable:
        _report(sink.broken, "schema-unresolvable", location, "schema", "unresolvable", place)
        return None
    if value is None and node.nullable:
        return _NO_NAMES
    if depth > DEEPEST:
        _report(sink.broken, "schema-constraint", location, "depth", "deeper", place)
        return None
    kind = kind_of(value)
    if node.type is not None and kind != node.type and not _is_number(node.type, kind):
        rule = "schema-null" if value is None else "schema-type"
        _report(sink.broken, rule, location, node.type, kind, place)
        return None
    _check_itself(node, value, kind, location, place, sink, depth)
    names: frozenset[str] | None = node.names
    if node.has_parts:
        names = _walk_parts(node, value, location, place, sink, depth)
    if kind == "array":
        if node.items is not None:
            below = f"{location}/*"
            items = node.items
            for item in value:
                _walk(items, item, below, items.place, sink, close=True, depth=depth + 1)
    elif kind == "object":
        _walk_properties(node, value, location, sink, depth)
        if node.additional is not None:
            names = None  # either open or already checked
        if close and names:
            for key in value:
                if key not in names:
                    _report_undocumented(node, key, value[key], location, sink.beyond)
    return names


def _check_itself(
    node: Node,
    value: Any,
    kind: str,
    location: str,
    place: str | None,
    sink: _Sink,
    depth: int,
) -> None:
    """Check what is decided at this value alone."""
    if node.enum is not None and not _holds(node.enum.is_valid, value):
        rule = "schema-null" if value is None else "schema-enum"
        _report(sink.broken, rule, location, "enum", kind, place)
    if node.format is not None and kind == "string" and not _holds(FORMATS[node.format], value):
        _report(sink.broken, "schema-format", location, node.format, kind, place)
    earliest = node.earliest
    if earliest is not None and kind == "integer" and not earliest <= value <= LATEST_UNIX_TIME:
        observed = "milliseconds" if abs(value) > LATEST_UNIX_TIME else "negative"
        _report(sink.beyond, "schema-format", location, "unix-time", observed, place)
    for limit in node.limits:
        if not _holds(limit.is_valid, value):
            _report(sink.broken, "schema-constraint", location, limit.keyword, kind, place)
    if node.negated is not None:
        inner = _Sink()
        _walk(node.negated, value, location, place, inner, close=False, depth=depth + 1)
        if not inner.broken:
            _report(sink.broken, "schema-constraint", location, "not", kind, place)


def _walk_properties(
    node: Node, value: dict[str, Any], location: str, sink: _Sink, depth: int
) -> None:
    properties = node.properties
    for name in node.required:
        if name not in value:
            child = properties.get(name)
            _report(
                sink.broken,
                "schema-required",
                f"{location}/{escape(name)}",
                kinds_of(child) if child else "any",
                "absent",
                _below(node.place, escape(name)),
            )
    for key, item in value.items():
        child = properties.get(key)
        if child is not None:
            below = f"{location}/{escape(key)}"
        elif node.additional is False:
            _report_undocumented(node, key, item, location, sink.broken)
            continue
        elif isinstance(node.additional, Node):
            child, below = node.additional, f"{location}/*"
        else:
            continue
        _walk(child, item, below, child.place, sink, close=True, depth=depth + 1)


def _walk_parts(
    node: Node, value: Any, location: str, place: str | None, sink: _Sink, depth: int
) -> frozenset[str] | None:
    """Hold `value` to the schemas that apply to it as well; return the names all document."""
    names: list[frozenset[str] | None] = [node.names]
    for part in node.all_of:
        found = len(sink.broken)
        names.append(
            _walk(part, value, location, place or part.place, sink, close=False, depth=depth + 1)
        )
        if value is None and len(sink.broken) > found:
            break  # one null is one departure
    for group, is_exclusive in ((node.any_of, False), (node.one_of, True)):
        if group:
            meant = _choose(node, group, is_exclusive, value, location, place, depth)
            sink.broken += meant.broken
            sink.beyond += meant.beyond
            names.append(meant.names)
    known = [some for some in names if some is not None]
    return frozenset().union(*known) if len(known) == len(names) else None


def _choose(
    node: Node,
    group: tuple[Node, ...],
    is_exclusive: bool,
    value: Any,
    location: str,
    place: str | None,
    depth: int,
) -> _Sink:
    """Return what the branch says that was meant."""
    tried: list[tuple[Node, _Sink]] = []
    for branch in group:
        inner = _Sink()
        inner.names = _walk(
            branch, value, location, place or branch.place, inner, close=False, depth=depth + 1
        )
        tried.append((branch, inner))
    valid = [inner for _, inner in tried if not inner.broken]
    if valid:
        best = min(valid, key=lambda inner: len(inner.beyond))
        if any(inner.names is None for inner in valid):
            best.names = None
        else:
            best.names = frozenset().union(*(inner.names or _NO_NAMES for inner in valid))
        if is_exclusive and len(valid) > 1:
            _report(best.broken, "schema-constraint", location, "oneOf", "several", place)
        return best
    fitting = [
        (branch, inner) for branch, inner in tried if not _is_of_another_kind(inner, location)
    ]
    if not fitting:
        verdict = _Sink(names=None)
        kinds = "|".join(dict.fromkeys(kinds_of(branch) for branch in group))
        rule = "schema-null" if value is None else "schema-type"
        _report(verdict.broken, rule, location, kinds, kind_of(value), place)
        return verdict
    named = _named_branch(node, value)
    type_place = f"{location}/type"
    return min(
        fitting,
        key=lambda pair: (
            named is not None and named not in (pair[0], pair[0].target),
            # Intercom's objects say what they are in `type`, an enum of one.
            any(d.location == type_place and d.rule == "schema-enum" for d in pair[1].broken),
            len(pair[1].broken),
            len(pair[1].beyond),
        ),
    )[1]


def _named_branch(node: Node, value: Any) -> Node | None:
    """The branch that the discriminator's property names, if there is one and it does."""
    if node.discriminator is None or not isinstance(value, dict):
        return None
    name, branches = node.discriminator
    named = value.get(name)
    return branches.get(named) if isinstance(named, str) else None


def _is_of_another_kind(inner: _Sink, location: str) -> bool:
    return any(
        departure.location == (location or WHOLE_BODY)
        and departure.rule in ("schema-type", "schema-null")
        for departure in inner.broken
    )


def _is_number(expected: str, kind: str) -> bool:
    return expected == "number" and kind == "integer"


def _holds(is_valid: Any, value: Any) -> bool:
    """Ask a compiled test that may refuse to read the value (a surrogate that is not Unicode)."""
    try:
        return bool(is_valid(value))
    except (ValueError, RecursionError):
        return False


def _report_undocumented(
    node: Node, key: str, value: Any, location: str, found: list[Departure]
) -> None:
    step = escape(key) if is_field_name(key, location) else "*"
    _report(
        found,
        "schema-undocumented",
        f"{location}/{step}",
        "absent",
        kind_of(value),
        _below(node.place, step),
    )


def is_field_name(key: str, location: str) -> bool:
    """Whether a key at `location` is a field of the API's rather than a customer's value."""
    return (
        len(key) <= _LONGEST_FIELD_NAME
        and not location.endswith(_CUSTOMERS_OWN)
        and _FIELD_NAME.match(key) is not None
    )


def _below(place: str | None, step: str) -> str | None:
    return None if place is None else f"{place}/{step}"


def _report(
    found: list[Departure],
    rule: str,
    location: str,
    expected: str,
    observed: str,
    place: str | None,
) -> None:
    found.append(
        Departure(
            rule=rule,
            location=location or WHOLE_BODY,
            expected=expected,
            observed=observed,
            schema_place=place,
        )
    )
