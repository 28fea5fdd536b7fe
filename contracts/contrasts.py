"""How two schemas differ at one place, without what lies below: as seen by who reads an answer, and
by who sends a request."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from contracts.schemas import Node, kinds_of
from contracts.shapes import Shape, resolved

ABSENT: Final = "absent"
OPTIONAL: Final = "optional"
_SCALARS: Final = frozenset({"integer", "number", "boolean"})


class Seen(NamedTuple):
    """A change somewhere below a pair of schemas."""

    rule: str
    location: str
    expected: str
    observed: str
    place: str
    values: tuple[str, ...] = ()


def received(before: Shape, after: Shape, named: str, place: str) -> Iterator[Seen]:
    """What an answer may be now and could not be, called as a departure of an answer is."""
    for kind in sorted(_more(after, before)):
        yield Seen("schema-type", "", named, kind, place)
    if after.nullable and not before.nullable and before.kinds:
        yield Seen("schema-null", "", named, "null", place)
    if before.values is not None and after.kinds:
        if after.values is None:
            yield Seen("schema-enum", "", "enum", after.words, place)
        elif more := after.values - before.values:
            yield Seen("schema-enum", "", "enum", "enum", place, _listed(more))


def sent(
    before: Shape, after: Shape, location: str, place: str, *, is_text: bool = False
) -> Iterator[Seen]:
    """What could be sent and is refused now; `is_text`: in a URL every scalar is text."""
    text = is_text and bool(after.kinds & {"string"})
    lost = _more(before, after) - (_SCALARS if text else frozenset())
    if lost or (before.nullable and not after.nullable and after.kinds):
        yield Seen("request-refused", location, before.words, after.words, place)
    if after.values is not None and before.kinds:
        if before.values is None:
            yield Seen("request-refused", location, before.words, "enum", place)
        elif gone := before.values - after.values:
            yield Seen("request-refused", location, "enum", "enum", place, _listed(gone))


def _more(left: Shape, right: Shape) -> frozenset[str]:
    """Kinds of `left` that `right` has not; none where either accepts anything."""
    if not left.kinds or not right.kinds:
        return frozenset()
    return left.kinds - right.kinds - ({"integer"} if "number" in right.kinds else set())


def named(nodes: Sequence[Node]) -> str:
    """Name kinds as the departures of answers do (`contracts.explanation`)."""
    return "|".join(dict.fromkeys(map(kinds_of, nodes))) or "any"


def formats(before: Sequence[Node], after: Sequence[Node]) -> tuple[str, str] | None:
    """Return the asserted format of one schema that is another's or none now, and what is."""
    if len(before) != 1 or len(after) != 1:
        return None
    mine, theirs = (resolved(nodes[0]) for nodes in (before, after))
    if mine.format is None or mine.format == theirs.format or mine.type != theirs.type:
        return None
    return mine.format, theirs.format or theirs.type or "any"


def _listed(values: frozenset[Any]) -> tuple[str, ...]:
    return tuple(sorted(map(str, values)))
