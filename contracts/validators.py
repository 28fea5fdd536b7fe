"""Compile a schema node to one test that is fast where nothing departs.

The test is of the *closed* schema: properties that the description does not name are forbidden
wherever it names some and does not open the object. It is never more lenient than
`contracts.explanation`; where it fails, the explanation decides. JSON Schema cannot close an
object over `allOf` or `anyOf` in draft 4, so the names of all parts are written out at the part
that can.
"""

from collections.abc import Callable
from typing import Any, Final

import jsonschema_rs

from contracts.schemas import FORMATS, LATEST_UNIX_TIME, LENIENCE, Node

NEVER: Final[dict[str, Any]] = {"not": {}}
_NULL: Final[dict[str, Any]] = {"type": "null"}
_NO_NAMES: Final[frozenset[str]] = frozenset()


def compile_closed(node: Node, *, close: bool = True) -> Callable[[Any], bool]:
    """Return a test that only a value without any departure passes; it never raises. Without
    `close` undocumented properties are none."""
    translation = _Translation(close=close)
    return _compile(translation.closed(node, _NO_NAMES, close=close), translation)


def compile_open(node: Node) -> Callable[[Any], bool]:
    """Return a test of the schema as the dialect reads it; it never raises."""
    translation = _Translation()
    return _compile(translation.open(node), translation)


def _compile(schema: dict[str, Any], translation: "_Translation") -> Callable[[Any], bool]:
    is_valid = jsonschema_rs.Draft4Validator(
        {"allOf": [schema], "definitions": translation.definitions},
        validate_formats=True,
        formats={"uuid": FORMATS["uuid"]},  # the others are draft 4's own
    ).is_valid

    def passes(value: Any) -> bool:
        try:
            return is_valid(value)
        except (ValueError, RecursionError):  # text that is not Unicode, nesting without end
            return False

    return passes


class _Translation:
    """From nodes to one draft 4 document; what is referred to becomes a definition, once for each
    set of names that it is closed with."""

    def __init__(self, *, close: bool = True) -> None:
        self._close = close
        self.definitions: dict[str, dict[str, Any]] = {}
        self._names: dict[tuple[int, frozenset[str] | None, bool], str] = {}

    def open(self, node: Node) -> dict[str, Any]:
        """The schema as it is."""
        if node.target is not None:
            return _nullable(node, self._refer(node.target, None, close=False))
        schema = self._own(node, self.open)
        if node.additional is False:
            schema["additionalProperties"] = False
        schema["allOf"] = [self.open(part) for part in node.all_of]
        if node.any_of:
            schema["allOf"].append({"anyOf": [self.open(part) for part in node.any_of]})
        if node.one_of:
            schema["oneOf"] = [self.open(part) for part in node.one_of]
        if not schema["allOf"]:
            del schema["allOf"]
        return _nullable(node, schema)

    def closed(self, node: Node, outer: frozenset[str], *, close: bool) -> dict[str, Any]:
        """The schema with everything below closed, and itself if `close`; `outer` are the names
        that schemas around it document for the same object."""
        if node.target is not None:
            return _nullable(node, self._refer(node.target, outer, close=close))
        schema = self._own(node, self._closed_child)
        if node.earliest is not None:
            bounds = {"minimum": node.earliest, "maximum": LATEST_UNIX_TIME}
            if schema.keys() & bounds:
                schema["allOf"] = [bounds]
            else:
                schema |= bounds
        names, is_open = documented(node)
        names |= outer
        if is_open:
            close = False
        branching = [part for part in node.all_of if _branches(part)]
        leave_to_parts = bool(branching or node.any_of or node.one_of)
        if node.additional is False:
            schema["additionalProperties"] = False
        elif close and names and not leave_to_parts:
            schema["properties"] = {
                **{name: {} for name in sorted(names - node.names)},
                **schema.get("properties", {}),
            }
            schema["additionalProperties"] = False
        parts = schema.setdefault("allOf", [])
        for part in node.all_of:
            parts.append(self.closed(part, names, close=close and part in branching))
        for group in (node.any_of, node.one_of):
            if group:
                parts.append({"anyOf": [self.closed(part, names, close=close) for part in group]})
        if node.one_of and not _are_disjoint(node.one_of):
            parts.append({"oneOf": [self.open(part) for part in node.one_of]})
        if not parts:
            del schema["allOf"]
        return _nullable(node, schema)

    def _closed_child(self, node: Node) -> dict[str, Any]:
        return self.closed(node, _NO_NAMES, close=self._close)

    def _refer(self, target: Node, outer: frozenset[str] | None, *, close: bool) -> dict[str, Any]:
        names = outer if close or outer is None else _NO_NAMES  # unclosed, they make no difference
        key = (id(target), names, close)
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = str(len(self._names))
            self.definitions[name] = {}  # holds the place while the schema refers to itself
            self.definitions[name] = (
                self.open(target) if names is None else self.closed(target, names, close=close)
            )
        return {"$ref": f"#/definitions/{name}"}

    def _own(self, node: Node, child: Callable[[Node], dict[str, Any]]) -> dict[str, Any]:
        """What `node` says itself, without its parts."""
        if node.unresolvable:
            return dict(NEVER)
        schema: dict[str, Any] = {}
        if node.type is not None:
            schema["type"] = node.type
        if node.format in LENIENCE:
            schema["anyOf"] = [{"format": node.format}, LENIENCE[node.format]]
        elif node.format is not None:
            schema["format"] = node.format
        for assertion in (*((node.enum,) if node.enum else ()), *node.limits):
            schema.update(assertion.schema)
        if node.properties:
            schema["properties"] = {name: child(value) for name, value in node.properties.items()}
        if node.required:
            schema["required"] = list(dict.fromkeys(node.required))
        if isinstance(node.additional, Node):
            schema["additionalProperties"] = child(node.additional)
        if node.items is not None:
            schema["items"] = child(node.items)
        if node.negated is not None:
            schema["not"] = self.open(node.negated)
        return schema


def documented(node: Node) -> tuple[frozenset[str], bool]:
    """Return the names that `node` documents whatever branch applies, and whether it opens the
    object to any other."""
    if node.target is not None:
        return documented(node.target)
    names, is_open = node.names, node.is_free_form or node.unresolvable
    for part in node.all_of:
        more, opens = documented(part)
        names, is_open = names | more, is_open or opens
    return names, is_open


def _branches(node: Node) -> bool:
    """Whether which names are documented depends on the value."""
    if node.target is not None:
        return _branches(node.target)
    return bool(node.any_of or node.one_of or any(_branches(part) for part in node.all_of))


def _are_disjoint(branches: tuple[Node, ...]) -> bool:
    """Whether no value can match two of them, by their types alone."""
    types = []
    for branch in branches:
        nullable = branch.nullable
        while branch.target is not None:
            branch = branch.target
            nullable |= branch.nullable
        if branch.type is None or nullable:
            return False
        types.append("number" if branch.type == "integer" else branch.type)
    return len(set(types)) == len(types)


def _nullable(node: Node, schema: dict[str, Any]) -> dict[str, Any]:
    """Let null pass where the description does."""
    if not node.nullable:
        return schema
    # Only these say anything of null; without them a second type is enough, and faster.
    if isinstance(schema.get("type"), str) and not schema.keys() & {
        "enum",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
    }:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, _NULL]}
