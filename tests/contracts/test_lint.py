"""What is broken in a description itself."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from contracts import lint as linting
from contracts.conformance import Departure
from contracts.examples import accepted_by_examples, response_examples, self_contradictions
from contracts.explanation import explain
from contracts.findings import identify
from contracts.lint import Defect, lint
from contracts.spec import Spec, parse_spec

Published = Callable[[str], Spec]


def described(
    schemas: dict[str, Any] | None = None,
    *,
    path: str = "/things",
    answer: dict[str, Any] | None = None,
    **operation: Any,
) -> Spec:
    content = {"application/json": answer or {"schema": {"type": "object"}}}
    return parse_spec(
        {
            "openapi": "3.0.1",
            "info": {"version": "2.15"},
            "paths": {path: {"get": {**operation, "responses": {"200": {"content": content}}}}},
            "components": {"schemas": schemas or {}},
        },
        source="test",
    )


def found_in(spec: Spec) -> list[tuple[str, str, str]]:
    return [(one.kind, one.pointer, one.detail) for one in lint(spec)]


def test_a_sound_description_has_no_defect() -> None:
    spec = described(
        {"thing": {"required": ["a"], "properties": {"a": {"type": "string"}}}},
        path="/things/{id}",
        parameters=[{"name": "id", "in": "path", "required": True}],
        answer={"schema": {"$ref": "#/components/schemas/thing"}, "example": {"a": "x"}},
    )
    assert lint(spec) == ()
    assert self_contradictions(spec) == frozenset()


def test_a_dangling_reference_is_found_wherever_it_stands() -> None:
    spec = described(
        {"thing": {"properties": {"a": {"items": {"$ref": "#/components/schemas/gone"}}}}},
        parameters=[{"$ref": "#/components/parameters/lost"}],
    )
    assert found_in(spec) == [
        ("dangling-reference", "/paths/~1things/get/parameters/0", "#/components/parameters/lost"),
        (
            "dangling-reference",
            "/components/schemas/thing/properties/a/items",
            "#/components/schemas/gone",
        ),
    ]


def test_a_path_parameter_has_to_be_declared_as_one_of_the_path() -> None:
    spec = described(path="/jobs/{job}", parameters=[{"name": "job", "in": "query"}])
    assert found_in(spec) == [("undeclared-path-parameter", "/paths/~1jobs~1{job}/get", "job")]


def test_a_required_name_needs_a_property_in_the_schema_or_its_allof_or_around_it() -> None:
    base = {"properties": {"a": {"type": "string"}}}
    spec = described(
        {
            "base": base,
            "inherits": {
                "allOf": [{"$ref": "#/components/schemas/base"}, {"required": ["a", "b"]}],
                "properties": {"b": {"type": "string"}},
            },
            "branches": {**base, "oneOf": [{"required": ["a"]}, {"required": ["z"]}]},
            "lacks": {**base, "required": ["a", "missing"]},
            "says nothing of properties": {"type": "object", "required": ["a"]},
        }
    )
    assert found_in(spec) == [
        ("required-without-property", "/components/schemas/branches/oneOf/1", "z"),
        ("required-without-property", "/components/schemas/lacks", "missing"),
    ]


def test_nullable_where_strict_readers_miss_it_is_information() -> None:
    spec = described(
        {
            "thing": {
                "properties": {
                    "a": {"$ref": "#/components/schemas/other", "nullable": True},
                    "b": {"type": "string", "enum": ["x"], "nullable": True},
                    "c": {"type": "string", "enum": ["x", None], "nullable": True},
                }
            },
            "other": {},
        }
    )
    place = "/components/schemas/thing/properties"
    assert found_in(spec) == [
        ("nullable-beside-reference", f"{place}/a", "#/components/schemas/other"),
        ("nullable-enum-without-null", f"{place}/b", "enum"),
    ]
    assert {one.severity.value for one in lint(spec)} == {"info"}


def test_an_example_that_breaks_its_schema_is_named_by_place_and_kind_never_by_value() -> None:
    schema = {"properties": {"a": {"type": "integer"}, "u": {"type": "string", "format": "uri"}}}
    spec = described(
        answer={
            "schema": schema,
            "examples": {
                "good": {"value": {"a": 1}},
                "bad": {"value": {"a": "secret"}},
                "relative": {"value": {"u": "secret"}},
            },
        }
    )
    place = "/paths/~1things/get/responses/200/content/application~1json/examples"
    assert found_in(spec) == [
        ("example-breaks-schema", f"{place}/bad/value", "/a integer>string"),
        ("example-breaks-format", f"{place}/relative/value", "/u uri>string"),
    ]
    assert "secret" not in repr(lint(spec))


# Counted by hand and by another validator over the published files: facts, section 7.
@pytest.mark.parametrize(
    ("version", "examples", "failing", "operations", "nullable", "enums", "dangling"),
    [
        ("2.7", 279, 0, 0, 11, 0, 2),
        ("2.10", 301, 0, 0, 9, 0, 1),
        ("2.11", 301, 58, 51, 18, 1, 4),
        ("2.12", 319, 0, 0, 10, 1, 0),
        ("2.14", 398, 7, 7, 13, 1, 0),
        ("2.15", 410, 7, 7, 15, 1, 0),
        ("2.16", 645, 15, 13, 17, 8, 0),
    ],
)
def test_the_published_descriptions_have_the_defects_that_were_counted(
    published: Published,
    version: str,
    examples: int,
    failing: int,
    operations: int,
    nullable: int,
    enums: int,
    dangling: int,
) -> None:
    spec = published(f"intercom-openapi/{version}.yaml")
    defects = lint(spec)
    counts = Counter(one.kind for one in defects)
    assert counts[linting.BROKEN_EXAMPLE] == failing
    assert len({_operation(one) for one in defects if one.kind == linting.BROKEN_EXAMPLE}) == (
        operations
    )
    assert counts[linting.NULLABLE_REFERENCE] == nullable
    assert counts[linting.NULLABLE_ENUM] == enums
    assert counts[linting.DANGLING_REFERENCE] == dangling
    undeclared = [one.detail for one in defects if one.kind == linting.UNDECLARED_PARAMETER]
    is_late = version in ("2.14", "2.15", "2.16")
    assert undeclared == (["job_identifier"] * 2 if is_late else [])
    named = [one for one in response_examples(spec) if "/examples/" in one.pointer]
    assert len(named) >= examples  # the count left out answers that are shared by reference


def _operation(defect: Defect) -> str:
    return defect.pointer.partition("/responses/")[0]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.11", {"statistics", "total_count", "topics"}),
        ("2.14", {"data_type"}),
        ("2.7", set()),
    ],
)
def test_required_names_without_a_property_are_those_known(
    published: Published, version: str, expected: set[str]
) -> None:
    defects = lint(published(f"intercom-openapi/{version}.yaml"))
    assert {
        one.detail for one in defects if one.kind == linting.REQUIRED_WITHOUT_PROPERTY
    } == expected


def test_exactly_what_an_example_shows_is_covered() -> None:
    thing = {"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}
    spec = described(
        {"thing": thing},
        answer={
            "schema": {
                "properties": {
                    "inner": {"$ref": "#/components/schemas/thing"},
                    "own": {"type": "string"},
                }
            },
            "example": {"inner": {"a": None}, "own": 1},
        },
    )
    shown = self_contradictions(spec)

    def is_covered(operation: str, place: str | None, location: str, observed: str) -> bool:
        expected = "integer" if place else "string"
        rule = "schema-null" if observed == "null" else "schema-type"
        departure = Departure(
            rule=rule,
            location=location,
            expected=expected,
            observed=observed,
            schema_place=place,
        )
        return any(one.covers(operation, departure) for one in shown)

    # In a component it is covered wherever that is used...
    assert is_covered("GET /others", "thing/a", "/data/*/a", "null")
    # ...but not as another kind, nor at another place.
    assert not is_covered("GET /others", "thing/a", "/data/*/a", "string")
    assert not is_covered("GET /others", "thing/b", "/data/*/b", "null")
    # In the operation itself, only there.
    assert is_covered("GET /things", None, "/own", "integer")
    assert not is_covered("GET /others", None, "/own", "integer")


def test_the_published_examples_are_covered_by_what_they_contradict(published: Published) -> None:
    spec = published("intercom-openapi/2.16.yaml")
    shown = self_contradictions(spec)
    for example in response_examples(spec):
        identity = example.operation.operation.identity
        for departure in explain(example.node, example.value):
            assert any(one.covers(identity, departure) for one in shown)


def test_the_ledger_names_a_place_in_a_component_or_the_cause_of_a_finding() -> None:
    spec = described(
        {"thing": {"properties": {"a": {"type": "integer"}}}},
        answer={
            "schema": {
                "properties": {
                    "inner": {"$ref": "#/components/schemas/thing"},
                    "own": {"type": "string"},
                }
            },
            "example": {"inner": {"a": None}, "own": 1},
        },
    )
    assert set(accepted_by_examples(spec)) == {
        "thing/a integer>null",
        identify("schema-type", "GET /things", "/own", "string>integer"),
    }
