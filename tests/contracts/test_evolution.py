"""What changes from one description to another, for who reads answers and who sends requests."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.conformance import Conformance
from contracts.evolution import Change, changes_between
from contracts.exchanges import Exchange, Headers, Operation, Request, Response
from contracts.findings import identify
from contracts.overlays import SUPPORTED, embedded_contract
from contracts.pointers import escape
from contracts.spec import Spec, parse_spec

TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "integer"}


def described(
    answer: dict[str, Any] | None = None,
    *,
    request: dict[str, Any] | None = None,
    needs_body: bool = False,
    parameters: list[dict[str, Any]] | None = None,
    status: str = "200",
    components: dict[str, Any] | None = None,
) -> Spec:
    """A description of one operation."""
    success: dict[str, Any] = {"description": "d"}
    if answer is not None:
        success["content"] = {"application/json": {"schema": answer}}
    operation: dict[str, Any] = {"responses": {status: success}, "parameters": parameters or []}
    if request is not None:
        content = {"application/json": {"schema": request}}
        operation["requestBody"] = {"content": content, "required": needs_body}
    document = {
        "openapi": "3.0.1",
        "info": {"title": "t", "version": "2.15"},
        "paths": {"/things": {"post": operation}},
        "components": {"schemas": components or {}},
    }
    return parse_spec(document, source="test")


def things(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def query(schema: dict[str, Any], *, name: str = "q", required: bool = False) -> dict[str, Any]:
    return {"in": "query", "name": name, "schema": schema, "required": required}


def told(before: Spec, after: Spec) -> list[tuple[str, str, str]]:
    return [
        (one.rule, one.location, f"{one.expected}>{one.observed}")
        for one in changes_between(before, after)
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (things(a=TEXT), things(), ("schema-required", "/a", "string>absent")),
        (things(a=TEXT), things(a=NUMBER), ("schema-type", "/a", "string>integer")),
        (
            things(a=TEXT),
            things(a={**TEXT, "nullable": True}),
            ("schema-null", "/a", "string>null"),
        ),
        (
            things(a={**TEXT, "enum": ["x"]}),
            things(a={**TEXT, "enum": ["x", "y"]}),
            ("schema-enum", "/a", "enum>enum"),
        ),
        (
            things(a={**TEXT, "enum": ["x"]}),
            things(a=TEXT),
            ("schema-enum", "/a", "enum>string"),
        ),
        (
            things(a={**TEXT, "format": "date"}),
            things(a=TEXT),
            ("schema-format", "/a", "date>string"),
        ),
        (
            {**things(a=TEXT), "required": ["a"]},
            things(a=TEXT),
            ("schema-required", "/a", "string>optional"),
        ),
        (things(), things(a=TEXT), ("schema-undocumented", "/a", "absent>string")),
        (
            things(a={"type": "array", "items": things(b=TEXT)}),
            things(a={"type": "array", "items": things()}),
            ("schema-required", "/a/*/b", "string>absent"),
        ),
        (
            things(a={"type": "object", "additionalProperties": TEXT}),
            things(a={"type": "object", "additionalProperties": NUMBER}),
            ("schema-type", "/a/*", "string>integer"),
        ),
    ],
)
def test_what_an_answer_may_be_now_and_could_not_be_is_told_by_its_place(
    before: dict[str, Any], after: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    # A list of no fields says nothing: one that stays keeps the object described.
    for schema in (before, after):
        schema["properties"] = {**schema["properties"], "kept": TEXT}
        for item in schema["properties"].values():
            if "items" in item:
                item["items"]["properties"]["kept"] = TEXT
    assert told(described(before), described(after)) == [expected]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (things(a={**TEXT, "nullable": True}), things(a=TEXT)),
        (things(a={**TEXT, "enum": ["x", "y"]}), things(a={**TEXT, "enum": ["x"]})),
        (things(a=TEXT), {**things(a=TEXT), "required": ["a"]}),
        (things(a={"type": "number"}), things(a=NUMBER)),
        (things(a=TEXT), {"allOf": [things(a=TEXT)]}),
        (things(a=TEXT), {"type": "object"}),
        (things(a={}), things(a=TEXT)),
    ],
)
def test_an_answer_that_promises_as_much_or_more_breaks_nobody(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert told(described(before), described(after)) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"request": things(a=TEXT)},
            {"request": {**things(a=TEXT, b=TEXT), "required": ["b"]}},
            ("request-required", "request:/b", "absent>required"),
        ),
        (
            {"request": things(a=TEXT, b=TEXT)},
            {"request": things(a=TEXT)},
            ("request-refused", "request:/b", "string>absent"),
        ),
        (
            {"request": things(a={"type": "array", "items": TEXT})},
            {"request": things(a={"type": "array", "items": NUMBER})},
            ("request-refused", "request:/a/*", "string>integer"),
        ),
        (
            {"request": things(a={**TEXT, "enum": ["x", "y"]})},
            {"request": things(a={**TEXT, "enum": ["x"]})},
            ("request-refused", "request:/a", "enum>enum"),
        ),
        (
            {"parameters": []},
            {"parameters": [query(TEXT, required=True)]},
            ("request-required", "request:query:q", "absent>required"),
        ),
        (
            {"parameters": [query(TEXT)]},
            {"parameters": []},
            ("request-refused", "request:query:q", "string>absent"),
        ),
        (
            {},
            {"request": things(a=TEXT), "needs_body": True},
            ("request-required", "request:/", "absent>required"),
        ),
        (
            {"request": things(a=TEXT)},
            {"request": things(a=TEXT), "needs_body": True},
            ("request-required", "request:/", "optional>required"),
        ),
        ({"status": "200"}, {"status": "202"}, ("status-undocumented", "status", "200>202")),
    ],
)
def test_what_a_request_may_not_be_any_more_is_told(
    before: dict[str, Any], after: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    assert told(described(**before), described(**after)) == [expected]


def test_in_a_query_a_number_is_a_text() -> None:
    before = described(parameters=[query(NUMBER)])
    assert told(before, described(parameters=[query(TEXT)])) == []


def test_a_schema_inside_itself_is_gone_into_once() -> None:
    def node(**more: Any) -> dict[str, Any]:
        child = {"$ref": "#/components/schemas/node"}
        return things(children={"type": "array", "items": child}, **more)

    root = {"$ref": "#/components/schemas/node"}
    before = described(root, components={"node": node(name=TEXT)})
    after = described(root, components={"node": node(name=NUMBER)})
    changes = list(changes_between(before, after))
    assert [(one.location, one.place) for one in changes] == [("/name", "node/name")]


def test_an_operation_that_is_gone_and_one_that_is_new_are_told_as_such() -> None:
    before, after = described(), described()
    del after.document["paths"]["/things"]
    after.document["paths"]["/others"] = before.document["paths"]["/things"]
    after = parse_spec(after.document, source="after")
    assert told(before, after) == [
        ("deprecation-endpoint-gone", "endpoint", "operation>absent"),
        ("schema-undocumented", "endpoint", "absent>operation"),
    ]


@pytest.mark.parametrize("version", SUPPORTED)
def test_nothing_changes_from_a_description_to_itself(version: str) -> None:
    contract = embedded_contract(version)
    assert contract is not None
    assert told(contract, contract) == []


def test_nothing_changes_from_what_is_published_to_itself(
    published: Callable[[str], Spec],
) -> None:
    spec = published("intercom-openapi/2.11.yaml")
    assert told(spec, spec) == []


def test_the_cause_is_the_one_that_an_answer_of_the_later_version_would_show() -> None:
    before = described(things(id=TEXT, owner=NUMBER))
    after = described(things(id=TEXT, owner={**TEXT, "nullable": True}))
    (seen,) = Conformance(before).departures(answered({"id": "1", "owner": "7"}))
    causes = {_cause(one) for one in changes_between(before, after)}
    assert identify(seen.rule, "POST /things", seen.location, seen.kind) in causes


def answered(document: object) -> Exchange:
    return Exchange(
        workspace="-",
        region="-",
        version=None,
        operation=Operation.parse("POST /things"),
        request=Request(method="POST", url="https://api.intercom.io/things"),
        response=Response.of(
            200, Headers({"Content-Type": "application/json"}), json.dumps(document).encode()
        ),
        started_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    )


def _cause(change: Change) -> str:
    kind = f"{change.expected}>{change.observed}"
    return identify(change.rule, change.operation.identity, change.location, kind)


PLAIN = st.sampled_from([TEXT, NUMBER, {"type": "boolean"}])
NAMES = st.sampled_from(["a", "b", "c~d", "e/f"])


def objects(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(NAMES, inside, min_size=1).map(
        lambda properties: things(**{"kept": TEXT, **properties})
    )


SCHEMAS = objects(
    st.recursive(
        PLAIN,
        lambda inside: objects(inside) | inside.map(lambda one: {"type": "array", "items": one}),
        max_leaves=8,
    )
)


def places(schema: dict[str, Any], location: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each place with a schema that is no list of fields."""
    if schema["type"] == "object":
        for name, child in schema["properties"].items():
            yield from places(child, f"{location}/{escape(name)}")
    elif schema["type"] == "array":
        yield from places(schema["items"], f"{location}/*")
    else:
        yield location, schema


@given(schema=SCHEMAS, data=st.data())
def test_one_type_that_changes_anywhere_is_one_change_at_that_place(
    schema: dict[str, Any], data: st.DataObject
) -> None:
    before = described(schema)
    schema = json.loads(json.dumps(schema))  # no two places are one
    location, leaf = data.draw(st.sampled_from(list(places(schema))))
    was = leaf["type"]
    leaf.update(type="object", properties={"x": TEXT})
    after = described(schema)
    assert told(before, after) == [("schema-type", location, f"{was}>object")]
    assert [one.location for one in changes_between(after, before)] == [location]


def test_what_answers_of_the_contract_show_is_told_when_it_changes() -> None:
    contract = embedded_contract()
    assert contract is not None
    document = deepcopy(contract.document)
    retyped = set()
    for name, schema in document["components"]["schemas"].items():
        for field, child in schema.get("properties", {}).items():
            if child.get("type") in ("string", "integer") and "enum" not in child:
                child["type"] = "boolean"
                retyped.add(f"{name}/{field}")
    changes = list(changes_between(contract, parse_spec(document, source="changed")))
    received = {one.place for one in changes if one.rule == "schema-type"}
    sent = {one.place for one in changes if one.rule == "request-refused"}
    assert received <= retyped
    # Errors are not gone through: nobody reads their fields.
    left = {place for place in retyped - received - sent if not place.startswith("Error/")}
    assert len(left) < 0.02 * len(retyped), left
