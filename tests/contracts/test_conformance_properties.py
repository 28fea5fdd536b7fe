"""What holds of any schema and any body: the walk agrees with JSON Schema, shows no value, ends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.conformance import Conformance
from contracts.examples import response_examples
from contracts.exchanges import (
    Headers,
    Response,
)
from contracts.explanation import explain, violations
from contracts.schemas import Node, Schemas
from contracts.spec import Spec
from contracts.validators import compile_closed, compile_open
from tests.contracts.holding import (
    COMPONENTS,
    CONTACT,
    INTEGER,
    STRING,
    answer,
    departures,
    exchange_of,
    obj,
    spec_of,
)

Published = Callable[[str], Spec]


NAMES: Final = ("a", "b", "type")
REFS: Final = ("A", "B", "C")


def _schemas() -> st.SearchStrategy[dict[str, Any]]:
    """OpenAPI schemas over a few names, so that values have a chance to keep them."""
    references = st.sampled_from(REFS).map(lambda name: {"$ref": f"#/components/schemas/{name}"})
    scalars = st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["string", "integer", "number", "boolean", "object", "array"]),
            "enum": st.lists(
                st.sampled_from([0, 1, True, None, "a", "b", 1.5]), min_size=1, max_size=3
            ),
            "format": st.sampled_from(["uuid", "uri", "email", "date"]),
            "minimum": st.integers(-1, 2),
            "exclusiveMinimum": st.booleans(),
            "maxLength": st.integers(0, 2),
            "minItems": st.integers(0, 2),
            "uniqueItems": st.booleans(),
            "maxProperties": st.integers(0, 3),
            "pattern": st.sampled_from(["^a", "b$"]),
            "nullable": st.booleans(),
        },
    )

    def inside(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
        parts = st.lists(inner, min_size=1, max_size=3)
        return st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(["object", "array", "string"]),
                "properties": st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
                "required": st.lists(st.sampled_from(NAMES), max_size=2),
                "additionalProperties": st.just(True) | inner,
                "items": inner,
                "allOf": parts,
                "anyOf": parts,
                "oneOf": parts,
                "not": inner,
                "nullable": st.booleans(),
            },
        )

    nullable = st.tuples(references, st.booleans()).map(lambda p: {**p[0], "nullable": p[1]})
    return st.recursive(scalars | references | nullable, inside, max_leaves=8)


SCHEMAS: Final = _schemas()
VALUES: Final = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 2, 1.5, "a", "b", "aa", "x@y.z", "2026-03-02"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*NAMES, "other"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(SCHEMAS, st.tuples(SCHEMAS, SCHEMAS, SCHEMAS), st.lists(VALUES, min_size=1, max_size=5))
def test_the_walk_agrees_with_json_schema_on_what_is_valid(
    schema: dict[str, Any], components: tuple[dict[str, Any], ...], values: list[Any]
) -> None:
    node = _node(schema, dict(zip(REFS, components, strict=True)))
    is_open, is_closed = compile_open(node), compile_closed(node)
    is_described = compile_closed(node, close=False)
    for value in values:
        assert is_open(value) == (violations(node, value) == ())
        # The fast test may fail where the walk finds nothing, never the other way round.
        assert not (is_closed(value) and explain(node, value))
        assert not (is_described(value) and explain(node, value, close=False))


def _node(schema: dict[str, Any], components: dict[str, Any]) -> Node:
    return Schemas(spec_of({}, components)).node(schema)


CANARY: Final = "kanarienvogel-7351"


def _with_canaries(value: object) -> object:
    if isinstance(value, dict):
        return {key: _with_canaries(child) for key, child in value.items()} | {CANARY: CANARY}
    if isinstance(value, list):
        return [_with_canaries(child) for child in value]
    return CANARY if isinstance(value, str) else value


@given(SCHEMAS, VALUES)
def test_no_departure_holds_a_value(schema: dict[str, Any], value: object) -> None:
    node = _node({"type": "object", "additionalProperties": schema}, {name: {} for name in REFS})
    found = explain(node, {CANARY: _with_canaries(value)})
    # A field that the API added is shown by its name; everything else of the answer stays out.
    assert CANARY not in repr([one for one in found if one.rule != "schema-undocumented"])


ANYTHING: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(ANYTHING)
def test_whatever_arrives_is_judged(value: object) -> None:
    conformance = Conformance(spec_of(CONTACT, COMPONENTS))
    exchange = answer(json.dumps(value).encode())
    assert (conformance.departures(exchange) == ()) == (
        isinstance(value, dict) and isinstance(value.get("id"), str) and _keeps_contact(value)
    )


def _keeps_contact(value: dict[str, Any]) -> bool:
    node = Schemas(spec_of(CONTACT, COMPONENTS)).node(CONTACT)
    return explain(node, value) == ()


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": "\\ud800"}',
        b'{"id": NaN}',
        b'{"id": 1e999}',
        b'{"id": ' + b"9" * 4000 + b"}",
        b'{"id": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"id":"a","id":1}',
        b"\xff\xfe{}",
    ],
)
def test_hostile_bodies_are_judged_and_do_not_stop_us(body: bytes) -> None:
    constrained = {**obj(id={**STRING, "maxLength": 3, "enum": ["a"]}), "required": ["id"]}
    assert Conformance(spec_of(constrained)).departures(answer(body)) != ()


def test_nesting_without_end_is_one_departure() -> None:
    tree = {"tree": obj(child={"$ref": "#/components/schemas/tree"}, leaf=INTEGER)}
    body: dict[str, Any] = {"leaf": "x"}
    for _ in range(300):
        body = {"child": body}
    found = departures({"$ref": "#/components/schemas/tree"}, body, tree)
    assert [one.kind for one in found] == ["depth>deeper"]


@pytest.mark.parametrize("version", ["2.7", "2.10", "2.11", "2.12", "2.14", "2.15", "2.16"])
def test_on_every_published_example_walk_and_json_schema_agree(
    published: Published, version: str
) -> None:
    spec = published(f"intercom-openapi/{version}.yaml")
    dangling = bool(spec.unresolvable)
    for example in response_examples(spec):
        found = violations(example.node, example.value)
        assert compile_open(example.node)(example.value) == (not found), example.pointer
        if compile_closed(example.node)(example.value):
            assert explain(example.node, example.value) == (), example.pointer
        assert dangling or all(one.rule != "schema-unresolvable" for one in found)


def _cases(shared_dir: Path) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((shared_dir / "drift" / "cases.json").read_text())
    return cases


def _found_in(case: dict[str, Any], conformance: Conformance) -> set[str]:
    recorded = case["response"]
    body = recorded["body"]
    text = "" if body is None else body if isinstance(body, str) else json.dumps(body)
    headers = {**recorded["headers"], "content-type": recorded["content_type"] or ""}
    response = Response.of(recorded["status"], Headers(headers), text.encode())
    operation = f"{case['operation']['method']} {case['operation']['path']}"
    found = conformance.departures(exchange_of(response, operation), operational=True)
    return {one.location for one in found}


def _is_at(location: str, due: str, kind: str) -> bool:
    """Whether a departure is where one is due: keys of free-form maps are never shown, and a
    missing field is reported by its own place, the case by that of its parent."""
    if kind == "missing-required" and location.startswith(f"{due}/"):
        return True
    one, other = location.split("/"), due.split("/")
    return len(one) == len(other) and all(a in (b, "*") for a, b in zip(one, other, strict=True))


def test_every_scored_drift_case_is_found_and_the_controls_are_clean(
    shared_dir: Path, published: Published
) -> None:
    missed, false_alarms = [], []
    for case in _cases(shared_dir):
        found = _found_in(case, Conformance(published(case["spec"])))
        if case["negative_control"]:
            false_alarms += [(case["id"], found)] if found else []
        elif case["scored"] and not any(
            _is_at(location, due, case["kind"]) for location in found for due in case["expected"]
        ):
            missed.append((case["id"], case["expected"], found))
    assert missed == []
    assert false_alarms == []
