"""Whatever is fitted to a schema keeps it."""

from functools import cache
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.overlays import embedded_contract
from contracts.spec import Spec, parse_spec
from sandbox.intercom.fitting import accepts, fit
from sandbox.intercom.shapes import Shape, Shapes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "type", "data", "name", "tags", "x"]), inner)
    ),
    max_leaves=12,
)


def described(schemas: dict[str, Any]) -> Spec:
    document = {"openapi": "3.0.1", "paths": {}, "components": {"schemas": schemas}}
    return parse_spec(document, source="test")


def shape_of(schema: dict[str, Any], **schemas: Any) -> Shape:
    return Shapes(described(schemas)).of(schema)


@cache
def answers() -> tuple[Shape, ...]:
    """The shape of every documented success of the embedded contract."""
    spec = embedded_contract()
    assert spec is not None
    shapes = Shapes(spec)
    schemas = (one.response_schema(200) for one in spec.operations)
    return tuple(shapes.of(schema) for schema in schemas if schema is not None)


@settings(deadline=None)
@given(st.data())
def test_any_value_is_fitted_to_any_answer_of_the_contract(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from(answers()))
    fitted = fit(shape, data.draw(JSON))
    assert accepts(shape, fitted)


TEXT = {"type": "string"}
SCHEMAS: list[dict[str, Any]] = [
    TEXT,
    {"type": "string", "format": "uri"},
    {"type": "string", "format": "uuid"},
    {"type": "string", "format": "email"},
    {"type": "string", "format": "date"},
    {"type": "string", "minLength": 3, "maxLength": 5},
    {"type": "string", "enum": ["a", "b"]},
    {"type": "integer", "minimum": 5, "maximum": 9},
    {"type": "number"},
    {"type": "boolean"},
    {"type": "array", "items": TEXT, "minItems": 2, "maxItems": 3},
    {"type": "object", "properties": {"id": TEXT}, "required": ["id"]},
    {"type": "object", "additionalProperties": {"type": "integer"}},
    {"type": "object", "properties": {"id": TEXT}, "additionalProperties": False},
    {"oneOf": [{"type": "integer"}, TEXT, {"type": "array", "items": TEXT}]},
    {"anyOf": [{"type": "object", "required": ["id"], "properties": {"id": TEXT}}, TEXT]},
    {"allOf": [{"type": "object", "required": ["id"], "properties": {"id": TEXT}}]},
]


@settings(deadline=None)
@given(st.sampled_from(SCHEMAS), JSON)
def test_an_independent_validator_agrees(schema: dict[str, Any], value: Any) -> None:
    fitted = fit(shape_of(schema), value)
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)
    assert validator.is_valid(fitted)


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": "string"}, 12, "12"),
        ({"type": "integer"}, "12", 12),
        ({"type": "integer"}, True, 1),
        ({"type": "string", "nullable": True}, None, None),
        ({"type": "string", "example": "here"}, None, "here"),
        ({"type": "string", "enum": ["a", "b"], "nullable": True}, None, "a"),
        ({"type": "string", "enum": ["a", None], "nullable": True}, None, None),
        ({"type": "string", "format": "uri"}, "/tags", "https://api.intercom.io/tags"),
        ({"type": "array", "items": {"type": "integer"}}, ["1", "x", 2], [1, 2]),
        ({"type": "array", "items": TEXT}, {"type": "list", "data": ["a"]}, ["a"]),
        ({"type": "object", "properties": {"data": {"type": "array", "items": TEXT}}}, ["a"], {
            "data": ["a"]
        }),
        ({"type": "object", "properties": {"id": TEXT}}, {"id": 1, "more": 2}, {"id": "1"}),
        ({"type": "object"}, {"free": 1}, {"free": 1}),
        ({"type": "object", "properties": {"id": TEXT}, "required": ["id", "x"]}, {"id": "1"}, {
            "id": "1", "x": ""
        }),
    ],
)  # fmt: skip
def test_a_value_stays_as_near_as_the_schema_allows(
    schema: dict[str, Any], value: Any, expected: Any
) -> None:
    assert fit(shape_of(schema), value) == expected


def test_a_reference_that_leads_nowhere_allows_anything() -> None:
    shape = shape_of({"type": "object", "properties": {"x": {"$ref": "#/components/schemas/no"}}})
    assert fit(shape, {"x": [1]}) == {"x": [1]}


def test_nullable_is_honoured_beside_a_reference() -> None:
    shape = shape_of({"$ref": "#/components/schemas/text", "nullable": True}, text=TEXT)
    assert fit(shape, None) is None
    assert fit(shape_of({"$ref": "#/components/schemas/text"}, text=TEXT), None) is not None


def test_a_schema_that_contains_itself_ends() -> None:
    tree = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "example": "leaf"},
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/tree"}},
        },
    }
    shape = shape_of({"$ref": "#/components/schemas/tree"}, tree=tree)
    assert accepts(shape, fit(shape))


def test_the_discriminator_chooses() -> None:
    cat = {"type": "object", "properties": {"kind": TEXT, "lives": {"type": "integer"}}}
    dog = {"type": "object", "properties": {"kind": TEXT, "tricks": {"type": "integer"}}}
    schema = {
        "oneOf": [{"$ref": "#/components/schemas/cat"}, {"$ref": "#/components/schemas/dog"}],
        "discriminator": {"propertyName": "kind", "mapping": {"dog": "#/components/schemas/dog"}},
    }
    fitted = fit(shape_of(schema, cat=cat, dog=dog), {"kind": "dog", "tricks": "3"})
    assert fitted == {"kind": "dog", "tricks": 3}
