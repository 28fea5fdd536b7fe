"""Schemas of a description, read once into nodes that can be walked and compiled.

The dialect, one for the whole project: OpenAPI 3.0 schemas as JSON Schema draft 4, `nullable`
honoured wherever it stands (also beside `$ref` and beside an enum without null), other siblings of
`$ref` ignored. Asserted formats are uuid, uri, email and date, but not the uuid of `request_id`:
live ones are 20 characters of base 32. An empty text has no format, and a uri may lack scheme and
host (`/contacts/…/tags`): both stand in examples and in answers alike. A Unix time (`date-time` or
`timestamp` on an integer, or an integer called `…_at`, also by reference) has to be seconds since
1970, which no JSON Schema keyword of the description says. `unix-time` is our own contract's word
for seconds that may lie before 1970 as well.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import jsonschema_rs

from contracts.errors import SpecError
from contracts.pointers import escape
from contracts.spec import Spec

TYPES: Final = frozenset({"array", "boolean", "integer", "number", "object", "string"})
LENIENCE: Final[dict[str, dict[str, Any]]] = {
    "uri": {"pattern": "^(?:/|$)"},
    "email": {"maxLength": 0},
}
"""What a text may be as well, in schemas of their own."""


def _format_test(name: str) -> Callable[[Any], bool]:
    # Of draft 2020-12, because draft 4 knows no uuid: the same test in both ways to validate.
    strict: dict[str, Any] = {"format": name}
    schema = {"anyOf": [strict, LENIENCE[name]]} if name in LENIENCE else strict
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid


FORMATS: Final = {name: _format_test(name) for name in ("uuid", "uri", "email", "date")}
LATEST_UNIX_TIME: Final = 99_999_999_999  # seconds, the year 5138: anything later is milliseconds
UNIX_TIMES: Final[dict[str, int]] = {
    "date-time": 0,
    "timestamp": 0,
    "unix-time": -LATEST_UNIX_TIME,
}
"""The earliest that an integer of a format may be: what is as far before 1970 is milliseconds."""
_EXEMPT_FROM_UUID: Final = "request_id"
_CALLED_A_TIME: Final = "_at"
_LIMITS: Final = {
    # keyword: the one that modifies it
    "maximum": "exclusiveMaximum",
    "minimum": "exclusiveMinimum",
    "multipleOf": None,
    "maxLength": None,
    "minLength": None,
    "pattern": None,
    "maxItems": None,
    "minItems": None,
    "uniqueItems": None,
    "maxProperties": None,
    "minProperties": None,
}


@dataclass(frozen=True, slots=True)
class Assertion:
    """A keyword that is decided at one value: its own little schema and the test of it."""

    keyword: str
    schema: dict[str, Any]
    is_valid: Callable[[Any], bool] = field(repr=False, compare=False)


@dataclass(slots=True, eq=False)
class Node:
    """A schema at one place.

    `place` is its component and the path of properties inside (`*` for items and free keys), None
    outside any component. Where `target` is set, the schema is a `$ref`: everything but `nullable`
    and `place` is the target's.
    """

    place: str | None = None
    target: "Node | None" = field(default=None, repr=False)
    unresolvable: bool = False
    nullable: bool = False
    type: str | None = None
    enum: Assertion | None = None
    format: str | None = None
    earliest: int | None = None
    """Of a Unix time, the first second there may be."""
    limits: tuple[Assertion, ...] = ()
    properties: dict[str, "Node"] = field(default_factory=dict, repr=False)
    required: tuple[str, ...] = ()
    additional: "Node | bool | None" = field(default=None, repr=False)
    """Schema of undocumented keys; None where the description does not say."""
    items: "Node | None" = field(default=None, repr=False)
    all_of: tuple["Node", ...] = field(default=(), repr=False)
    any_of: tuple["Node", ...] = field(default=(), repr=False)
    one_of: tuple["Node", ...] = field(default=(), repr=False)
    negated: "Node | None" = field(default=None, repr=False)
    discriminator: tuple[str, dict[str, "Node"]] | None = field(default=None, repr=False)
    names: frozenset[str] = frozenset()
    """Names of `properties`."""

    @property
    def is_free_form(self) -> bool:
        """Whether keys that are not listed are the customer's: the description opens the object."""
        return self.additional is True or isinstance(self.additional, Node)

    @property
    def has_parts(self) -> bool:
        """Whether other schemas apply to the same value."""
        return bool(self.all_of or self.any_of or self.one_of)


class Schemas:
    """The nodes of a description; each `$ref` is read once."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._targets: dict[tuple[str, str], Node] = {}

    def node(self, schema: dict[str, Any], *, place: str | None = None) -> Node:
        """Read `schema`, which stands at `place`."""
        return self._read(schema, place)

    def _read(self, schema: Any, place: str | None, *, name: str = "") -> Node:
        if not isinstance(schema, dict):
            return Node(place=place)
        ref = schema.get("$ref")
        if isinstance(ref, str):
            target = self._target(ref, name=name)
            return Node(
                place=place or target.place,
                target=target,
                nullable=schema.get("nullable") is True,
            )
        node = Node(place=place)
        self._fill(node, schema, name=name)
        return node

    def _target(self, ref: str, *, name: str = "") -> Node:
        """Read what `ref` leads to, for a property called `name`: once, and once more for times."""
        name = name if name.endswith(_CALLED_A_TIME) else ""
        key = ref, name and _CALLED_A_TIME
        if key not in self._targets:
            node = self._targets[key] = Node(place=ref.rpartition("/")[2])
            try:
                schema = self._spec.resolve(ref)
            except SpecError:
                node.unresolvable = True
            else:
                if isinstance(schema, dict):
                    self._fill(node, schema, name=name)
            if _leads_back(node):
                # A schema that is defined by itself at the same value says nothing.
                node.unresolvable, node.nullable = True, False
                node.all_of = node.any_of = node.one_of = ()
                node.negated = None
        return self._targets[key]

    def _fill(self, node: Node, schema: dict[str, Any], *, name: str = "") -> None:
        place = node.place
        node.nullable = schema.get("nullable") is True
        node.type = schema.get("type") if schema.get("type") in TYPES else None
        if isinstance(schema.get("enum"), list):
            node.enum = _assertion("enum", {"enum": _distinct(schema["enum"])})
        self._fill_format(node, schema.get("format"), name)
        node.limits = tuple(
            assertion
            for keyword, modifier in _LIMITS.items()
            if keyword in schema
            and (assertion := _assertion(keyword, _only(schema, keyword, modifier)))
        )
        properties = schema.get("properties")
        if isinstance(properties, dict):
            node.properties = {
                own: self._read(child, _below(place, escape(own)), name=own)
                for own, child in properties.items()
            }
        required = schema.get("required")
        if isinstance(required, list):
            node.required = tuple(name for name in required if isinstance(name, str))
            for name in node.required if node.properties else ():
                # 2.11 requires fields that it does not define: documented, if only by name.
                node.properties.setdefault(name, Node(place=_below(place, escape(name))))
        node.names = frozenset(node.properties)
        additional = schema.get("additionalProperties")
        if isinstance(additional, bool):
            node.additional = additional
        elif isinstance(additional, dict):
            node.additional = self._read(additional, _below(place, "*"))
        if isinstance(schema.get("items"), dict):
            node.items = self._read(schema["items"], _below(place, "*"))
        node.all_of = self._parts(schema, "allOf", place, name)
        node.any_of = self._parts(schema, "anyOf", place, name)
        node.one_of = self._parts(schema, "oneOf", place, name)
        if isinstance(schema.get("not"), dict):
            node.negated = self._read(schema["not"], place)
        node.discriminator = self._discriminator(schema)

    def _fill_format(self, node: Node, written: object, name: str) -> None:
        if node.type == "integer":
            is_called_a_time = name.endswith(_CALLED_A_TIME)
            node.earliest = UNIX_TIMES.get(str(written), 0 if is_called_a_time else None)
        elif (written, name) == ("uuid", _EXEMPT_FROM_UUID):
            return
        elif isinstance(written, str) and written in FORMATS:
            node.format = written

    def _parts(
        self, schema: dict[str, Any], keyword: str, place: str | None, name: str
    ) -> tuple[Node, ...]:
        parts = schema.get(keyword)
        if not isinstance(parts, list):
            return ()
        return tuple(self._read(part, place, name=name) for part in parts)

    def _discriminator(self, schema: dict[str, Any]) -> tuple[str, dict[str, Node]] | None:
        """The property that says which branch it is, and the branches by its values."""
        discriminator = schema.get("discriminator")
        if not isinstance(discriminator, dict):
            return None
        name, mapping = discriminator.get("propertyName"), discriminator.get("mapping")
        if not isinstance(name, str) or not isinstance(mapping, dict):
            return None
        return name, {
            value: self._target(ref if ref.startswith("#") else f"#/components/schemas/{ref}")
            for value, ref in mapping.items()
            if isinstance(ref, str)
        }


def kinds_of(node: Node) -> str:
    """Name what `node` accepts: `integer`, `string|array`, `enum`, `any`."""
    return "|".join(dict.fromkeys(_kinds(node, frozenset()))) or "any"


def accepts_null(node: Node) -> bool:
    """Whether null is said to be fine at the schema itself, through references."""
    return node.nullable or (node.target is not None and accepts_null(node.target))


def _kinds(node: Node, seen: frozenset[int]) -> list[str]:
    if id(node) in seen:
        return []
    seen |= {id(node)}
    if node.target is not None:
        return _kinds(node.target, seen)
    if node.type is not None:
        return [node.type]
    branches = [kind for part in node.any_of + node.one_of for kind in _kinds(part, seen)]
    if branches:
        return branches
    members = [kind for part in node.all_of for kind in _kinds(part, seen)]
    if members:
        return members[:1]
    if node.properties:
        return ["object"]
    return ["enum"] if node.enum else []


def _leads_back(start: Node) -> bool:
    """Whether a schema applies itself again to the same value."""
    seen: set[int] = set()
    ahead = list(_at_same_value(start))
    while ahead:
        node = ahead.pop()
        if node is start:
            return True
        if id(node) not in seen:
            seen.add(id(node))
            ahead.extend(_at_same_value(node))
    return False


def _at_same_value(node: Node) -> list[Node]:
    others = [other for other in (node.target, node.negated) if other is not None]
    return [*others, *node.all_of, *node.any_of, *node.one_of]


def _distinct(values: list[Any]) -> list[Any]:
    """Drop repeated values, which draft 4 does not allow; True and 1 are two."""
    return list(
        {json.dumps(value, sort_keys=True, default=str): value for value in values}.values()
    )


def _below(place: str | None, step: str) -> str | None:
    return None if place is None else f"{place}/{step}"


def _only(schema: dict[str, Any], keyword: str, modifier: str | None) -> dict[str, Any]:
    alone = {keyword: schema[keyword]}
    if modifier is not None and modifier in schema:
        alone[modifier] = schema[modifier]
    return alone


def _assertion(keyword: str, schema: dict[str, Any]) -> Assertion | None:
    """Compile one keyword; None where it is malformed and so says nothing."""
    try:
        validator = jsonschema_rs.Draft4Validator(schema)
    except (ValueError, jsonschema_rs.ValidationError):
        return None
    return Assertion(keyword, schema, validator.is_valid)
