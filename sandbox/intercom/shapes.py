"""What a schema of a description allows, flattened so that values can be fitted to it.

`$ref` and `allOf` are dissolved, `nullable` is honoured also beside `$ref`, alternatives (`oneOf`,
`anyOf`) are whole shapes of their own. A reference that leads nowhere allows anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from contracts.errors import SpecError
from contracts.spec import Spec

Schema = Mapping[str, Any]

MISSING: Final = object()
"""No value at all, which is not null."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shape:
    """One flattened schema. Its parts are worked out when they are first needed, so that a schema
    that contains itself is no trouble."""

    schema: Schema = field(repr=False)
    _shapes: "Shapes" = field(repr=False)

    @cached_property
    def type(self) -> str | None:
        """`object`, `array`, `string`, `integer`, `number`, `boolean`, or None for any."""
        stated = self.schema.get("type")
        if isinstance(stated, str):
            return stated
        if "properties" in self.schema or "additionalProperties" in self.schema:
            return "object"
        return "array" if "items" in self.schema else None

    @cached_property
    def enum(self) -> tuple[object, ...]:
        return tuple(self.schema.get("enum") or ())

    @cached_property
    def takes_null(self) -> bool:
        if self.enum:
            return None in self.enum
        if self.alternatives and any(option.takes_null for option in self.alternatives):
            return True
        return self.schema.get("nullable") is True or (not self.schema.keys() - _ANNOTATIONS)

    @cached_property
    def properties(self) -> Mapping[str, "Shape"]:
        stated = self.schema.get("properties") or {}
        return {name: self._shapes.of(schema) for name, schema in stated.items()}

    @cached_property
    def required(self) -> frozenset[str]:
        return frozenset(self.schema.get("required") or ())

    @cached_property
    def additional(self) -> "Shape | None":
        """The shape of properties that are not named; None where there must be none."""
        stated = self.schema.get("additionalProperties")
        if isinstance(stated, Mapping):
            return self._shapes.of(stated)
        if stated is True or (stated is None and not self.properties):
            return self._shapes.of({})
        return None

    @cached_property
    def items(self) -> "Shape":
        stated = self.schema.get("items")
        return self._shapes.of(stated if isinstance(stated, Mapping) else {})

    @cached_property
    def alternatives(self) -> tuple["Shape", ...]:
        """One shape for each branch of `oneOf` or `anyOf`, with what stands beside it."""
        branches = self.schema.get("oneOf") or self.schema.get("anyOf") or ()
        beside = {key: self.schema[key] for key in self.schema if key not in _BRANCHING}
        return tuple(self._shapes.of({"allOf": [beside, branch]}) for branch in branches)

    @property
    def is_exclusive(self) -> bool:
        """Whether exactly one alternative must hold."""
        return "oneOf" in self.schema

    @property
    def example(self) -> object:
        """The schema's own example or default, MISSING where there is none."""
        for key in ("example", "default"):
            if key in self.schema:
                return self.schema[key]
        return MISSING

    def number(self, keyword: str) -> float | None:
        """Return a bound such as `minimum`, None where it is not stated."""
        stated = self.schema.get(keyword)
        return stated if isinstance(stated, (int, float)) else None

    @property
    def list_property(self) -> str | None:
        """The property that holds the items, where this is the envelope of a list."""
        arrays = [name for name, shape in self.properties.items() if shape.type == "array"]
        preferred = [name for name in _LIST_PROPERTIES if name in arrays]
        return (preferred or arrays or [None])[0]


class Shapes:
    """Every shape of a description, each built once."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._by_ref: dict[tuple[str, bool], Shape] = {}
        self._by_id: dict[int, tuple[Schema, Shape]] = {}

    def of(self, schema: Schema) -> Shape:
        """Return the shape of a schema of this description."""
        ref = schema.get("$ref")
        if isinstance(ref, str):
            key = (ref, schema.get("nullable") is True)
            if key not in self._by_ref:
                self._by_ref[key] = Shape(schema=self._flatten(schema), _shapes=self)
            return self._by_ref[key]
        # The schema is kept with its shape: an id is only unique while its object lives.
        known = self._by_id.get(id(schema))
        if known is None:
            known = (schema, Shape(schema=self._flatten(schema), _shapes=self))
            self._by_id[id(schema)] = known
        return known[1]

    def _flatten(self, schema: Schema, seen: frozenset[str] = frozenset()) -> Schema:
        ref = schema.get("$ref")
        if isinstance(ref, str):
            beside = {"nullable": True} if schema.get("nullable") is True else {}
            if ref in seen:
                return beside
            try:
                target = self._spec.resolve(ref)
            except SpecError:  # a dangling reference promises nothing
                return beside
            if not isinstance(target, Mapping):
                return beside
            return {**self._flatten(target, seen | {ref}), **beside}
        parts = schema.get("allOf")
        if not parts:
            return schema
        flat = [self._flatten(part, seen) for part in parts if isinstance(part, Mapping)]
        merged: dict[str, Any] = {}
        for part in [*flat, {key: value for key, value in schema.items() if key != "allOf"}]:
            _merge(merged, part)
        if "nullable" not in schema and not all(part.get("nullable") is True for part in flat):
            merged.pop("nullable", None)
        return merged


_ANNOTATIONS: Final = frozenset({"title", "description", "example", "default", "deprecated"})
_BRANCHING: Final = frozenset({"oneOf", "anyOf", "discriminator", "example", "default"})
_LIST_PROPERTIES: Final = (
    "data",
    "conversations",
    "tickets",
    "articles",
    "admins",
    "teams",
    "segments",
    "activity_logs",
    "tags",
    "companies",
    "contacts",
    "notes",
)


def _merge(into: dict[str, Any], part: Schema) -> None:
    """Add what `part` demands to `into`; a property named twice must be both."""
    for key, value in part.items():
        if key == "properties":
            known = dict(into.get("properties") or {})
            for name, schema in value.items():
                both = [known[name], schema] if name in known and known[name] != schema else None
                known[name] = {"allOf": both} if both else schema
            into["properties"] = known
        elif key == "required":
            into["required"] = [*(into.get("required") or ()), *value]
        elif key == "enum" and "enum" in into:
            into["enum"] = [one for one in value if one in into["enum"]] or value
        else:
            into[key] = value
