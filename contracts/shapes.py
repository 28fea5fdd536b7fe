"""What a schema accepts, seen as one shape however it is composed.

Two descriptions of the same API say the same in different ways: one composes with `allOf`, another
writes the properties out; one uses `oneOf` where the other has a list of kinds. A shape flattens
that: which kinds, whether null, which values, which fields. It forgets how alternatives exclude
each other, which no comparison of two documents should hang on.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.schemas import Node

_SCALARS: Final = frozenset({"string", "integer", "number", "boolean"})


@dataclass(slots=True)
class Shape:
    """`kinds` is empty where anything goes; `values` is None where they are not listed."""

    kinds: frozenset[str] = frozenset()
    nullable: bool = False
    values: frozenset[Any] | None = None
    fields: dict[str, list[Node]] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    items: list[Node] = field(default_factory=list)
    values_of_map: list[Node] = field(default_factory=list)
    """What stands under the keys of a free-form map, where that is said."""
    is_open: bool = False
    """Whether fields that are not listed are announced: a free-form map, or no list at all."""

    @property
    def words(self) -> str:
        """Name it in a message: `integer|null`, `enum`, `any`."""
        kinds = sorted(self.kinds) if self.kinds else ["any"]
        return "|".join(kinds + ["null"] * self.nullable)


def shape_of(nodes: Iterable[Node]) -> Shape:
    """Flatten `nodes`, which are alternatives."""
    shapes = [_shape(node, frozenset()) for node in nodes]
    return shapes[0] if len(shapes) == 1 else _either(shapes)


def resolved(node: Node) -> Node:
    """Follow references to the node that says something."""
    while node.target is not None:
        node = node.target
    return node


def _shape(node: Node, seen: frozenset[int]) -> Shape:
    target = resolved(node)
    nullable = node.nullable or target.nullable
    if id(target) in seen:
        return Shape(nullable=nullable)
    seen |= {id(target)}
    shape = _own(target)
    for alternatives in (target.any_of, target.one_of):
        if alternatives:
            shape = _both(shape, _either([_shape(part, seen) for part in alternatives]))
    for part in target.all_of:
        shape = _both(shape, _shape(part, seen))
    shape.nullable = nullable or shape.nullable
    return shape


def _own(node: Node) -> Shape:
    """What a schema says itself, apart from the schemas it is composed of."""
    kinds = {node.type} if node.type else {"object"} if node.properties else set()
    values = node.enum.schema["enum"] if node.enum else None
    return Shape(
        kinds=frozenset(kind for kind in kinds if kind),
        nullable=values is not None and None in values,
        values=None if values is None else frozenset(v for v in values if v is not None),
        fields={name: [child] for name, child in node.properties.items()},
        required=frozenset(node.required),
        items=[node.items] if node.items is not None else [],
        values_of_map=[node.additional] if isinstance(node.additional, Node) else [],
        is_open=node.is_free_form or (not node.properties and not node.has_parts),
    )


def _either(shapes: list[Shape]) -> Shape:
    """One of several: whatever any of them accepts."""
    shape = Shape(
        kinds=frozenset().union(*(part.kinds for part in shapes)),
        nullable=any(part.nullable for part in shapes),
        required=frozenset.intersection(*(part.required for part in shapes)),
        is_open=any(part.is_open and not part.kinds <= _SCALARS for part in shapes),
    )
    if any(not part.kinds for part in shapes):
        shape.kinds = frozenset()
    if all(part.values is not None for part in shapes):
        shape.values = frozenset().union(*(part.values or () for part in shapes))
    for part in shapes:
        _gather(shape, part)
    return shape


def _both(left: Shape, right: Shape) -> Shape:
    """All of several: what is listed in any of them."""
    shape = Shape(
        kinds=left.kinds & right.kinds or left.kinds or right.kinds,
        nullable=left.nullable or right.nullable,
        values=left.values if right.values is None else right.values,
        required=left.required | right.required,
        is_open=left.is_open and right.is_open,
    )
    for part in (left, right):
        _gather(shape, part)
    return shape


def _gather(shape: Shape, part: Shape) -> None:
    for name, nodes in part.fields.items():
        shape.fields.setdefault(name, []).extend(nodes)
    shape.items.extend(part.items)
    shape.values_of_map.extend(part.values_of_map)
