"""Exchanges held to a description."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.conformance import Conformance, Departure
from contracts.examples import response_examples
from contracts.exchanges import (
    Exchange,
    FailureKind,
    Headers,
    Operation,
    Request,
    Response,
    TransportFailure,
)
from contracts.explanation import explain, violations
from contracts.schemas import Node, Schemas
from contracts.spec import Spec, parse_spec
from contracts.validators import compile_closed, compile_open

Published = Callable[[str], Spec]

JSON: Final = "application/json; charset=utf-8"
PATH: Final = "/things/{id}"


def spec_of(
    schema: object,
    components: Mapping[str, Any] | None = None,
    responses: Mapping[str, object] | None = None,
) -> Spec:
    """A description of `GET /things/{id}` that answers 200 with `schema`."""
    answers: dict[str, object] = {"200": {"content": {"application/json": {"schema": schema}}}}
    return parse_spec(
        {
            "openapi": "3.0.1",
            "info": {"version": "2.15"},
            "paths": {PATH: {"get": {"responses": {**answers, **(responses or {})}}}},
            "components": {"schemas": dict(components or {})},
        },
        source="test",
    )


def answer(body: bytes, *, status: int = 200, content_type: str = JSON) -> Exchange:
    headers = Headers({"content-type": content_type} if content_type else {})
    return exchange_of(Response.of(status, headers, body))


def exchange_of(response: Response, operation: str = f"GET {PATH}") -> Exchange:
    parsed = Operation.parse(operation)
    return Exchange(
        workspace="test",
        region="us",
        version="2.15",
        operation=parsed,
        request=Request(method=parsed.method, url="http://127.0.0.1/"),
        response=response,
        started_at=datetime(2026, 3, 2, tzinfo=UTC),
    )


def departures(
    schema: object, value: object, components: Mapping[str, Any] | None = None
) -> tuple[Departure, ...]:
    conformance = Conformance(spec_of(schema, components))
    return conformance.departures(answer(json.dumps(value).encode()))


def shown(found: tuple[Departure, ...]) -> list[tuple[str, str, str]]:
    return [(one.rule.removeprefix("schema-"), one.location, one.kind) for one in found]


def obj(**properties: object) -> dict[str, object]:
    return {"type": "object", "properties": properties}


INTEGER: Final = {"type": "integer"}
STRING: Final = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (obj(a=INTEGER), {"a": "x"}, [("type", "/a", "integer>string")]),
        (obj(a=INTEGER), {"a": 1.5}, [("type", "/a", "integer>number")]),
        (obj(a=INTEGER), {"a": True}, [("type", "/a", "integer>boolean")]),
        (obj(a={"type": "number"}), {"a": 1}, []),
        (obj(a=obj(b=STRING)), {"a": ["x"]}, [("type", "/a", "object>array")]),
        (obj(), [], [("type", "/", "object>array")]),
        (obj(a=STRING), {"a": None}, [("null", "/a", "string>null")]),
        (obj(a={**STRING, "nullable": True}), {"a": None}, []),
        (obj(a={**STRING, "nullable": True, "enum": ["x"]}), {"a": None}, []),
        (obj(a={**STRING, "enum": ["x", "y"]}), {"a": "z"}, [("enum", "/a", "enum>string")]),
        (obj(a={**STRING, "enum": ["x"]}), {"a": None}, [("null", "/a", "string>null")]),
        (obj(a={"enum": [1]}), {"a": True}, [("enum", "/a", "enum>boolean")]),
        (obj(a={"enum": [1, 1]}), {"a": 2}, [("enum", "/a", "enum>integer")]),
        (
            {**obj(a=STRING), "required": ["a", "b"]},
            {},
            [("required", "/a", "string>absent"), ("required", "/b", "any>absent")],
        ),
        (obj(a=STRING), {"b": []}, [("undocumented", "/b", "absent>array")]),
        (obj(), {"b": 1}, []),
        ({"type": "object"}, {"b": 1}, []),
        ({**obj(a=STRING), "additionalProperties": True}, {"b": 1}, []),
        (
            {**obj(a=STRING), "additionalProperties": False},
            {"b": 1},
            [("undocumented", "/b", "absent>integer")],
        ),
        (
            {"type": "object", "additionalProperties": INTEGER},
            {"secret@example.com": "x", "other": "y", "fine": 1},
            [("type", "/*", "integer>string")],
        ),
        (
            {"type": "array", "items": obj(a=INTEGER)},
            [{"a": "x"}, {"a": 1}, {"a": "y"}],
            [("type", "/*/a", "integer>string")],
        ),
        (obj(**{"a/b~c": INTEGER}), {"a/b~c": "x"}, [("type", "/a~1b~0c", "integer>string")]),
        (obj(a={**STRING, "minLength": 2}), {"a": "x"}, [("constraint", "/a", "minLength>string")]),
        (
            obj(a={**INTEGER, "minimum": 0, "exclusiveMinimum": True}),
            {"a": 0},
            [("constraint", "/a", "minimum>integer")],
        ),
        (obj(a={"not": STRING}), {"a": "x"}, [("constraint", "/a", "not>string")]),
    ],
)
def test_each_departure_is_named_by_rule_place_and_kinds(
    schema: object, value: object, expected: list[tuple[str, str, str]]
) -> None:
    assert shown(departures(schema, value)) == expected


@pytest.mark.parametrize(
    ("name", "value", "holds"),
    [
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", True),
        ("uuid", "b2i3ri5909msvfqskol0", False),
        ("uri", "https://example.com/a", True),
        ("uri", "contacts", False),
        ("uri", "/contacts/1/tags", True),  # as every contact has it, and every example
        ("uri", "", True),
        ("email", "joe@example.com", True),
        ("email", "joe", False),
        ("email", "", True),
        ("date", "2026-03-02", True),
        ("date", "2026-13-02", False),
        ("date-time", "yesterday", True),
        ("hostname", "not a host", True),
    ],
)
def test_uuid_uri_email_and_date_are_asserted_and_no_other_format(
    name: str, value: str, holds: bool
) -> None:
    found = departures(obj(a={**STRING, "format": name}), {"a": value})
    assert shown(found) == ([] if holds else [("format", "/a", f"{name}>string")])


def test_a_request_id_need_not_be_the_uuid_that_the_description_promises() -> None:
    schema = obj(request_id={**STRING, "format": "uuid", "nullable": True})
    assert departures(schema, {"request_id": "002d37gmte7nhkf9o4eg"}) == ()
    assert shown(departures(schema, {"request_id": 7})) == [
        ("type", "/request_id", "string>integer")
    ]


@pytest.mark.parametrize(
    ("value", "observed"),
    [(1_750_000_000, None), (0, None), (1_750_000_000_000, "milliseconds"), (-1, "negative")],
)
@pytest.mark.parametrize("name", ["date-time", "timestamp"])
def test_a_unix_time_is_seconds_since_1970(name: str, value: int, observed: str | None) -> None:
    found = departures(obj(signed_up_at={**INTEGER, "format": name}), {"signed_up_at": value})
    expected = [("format", "/signed_up_at", f"unix-time>{observed}")] if observed else []
    assert shown(found) == expected


@pytest.mark.parametrize(
    ("value", "observed"),
    [
        (-62_135_596_800, None),
        (1_750_000_000_000, "milliseconds"),
        (-631_152_000_000, "milliseconds"),
    ],
)
def test_a_unix_time_of_our_own_contract_may_lie_before_1970(
    value: int, observed: str | None
) -> None:
    found = departures(
        obj(signed_up_at={**INTEGER, "format": "unix-time"}), {"signed_up_at": value}
    )
    expected = [("format", "/signed_up_at", f"unix-time>{observed}")] if observed else []
    assert shown(found) == expected


def test_what_is_called_a_time_is_one_also_by_reference_and_in_a_branch() -> None:
    components = {"datetime": {"oneOf": [STRING, INTEGER]}, "whole": INTEGER}
    to = {name: {"$ref": f"#/components/schemas/{name}"} for name in components}
    schema = obj(ended_at=to["datetime"], sent_at=to["whole"], size=to["whole"], sum=to["datetime"])
    late = 1_750_000_000_000
    answer = {"ended_at": late, "sent_at": late, "size": late, "sum": late}
    assert shown(departures(schema, answer, components)) == [
        ("format", "/ended_at", "unix-time>milliseconds"),
        ("format", "/sent_at", "unix-time>milliseconds"),
    ]


def test_an_integer_called_a_time_is_a_unix_time_without_saying_so() -> None:
    schema = obj(last_request_at=INTEGER, count=INTEGER)
    answer = {"last_request_at": 1_750_000_000_000, "count": 1_750_000_000_000}
    assert shown(departures(schema, answer)) == [
        ("format", "/last_request_at", "unix-time>milliseconds")
    ]


COMPONENTS: Final[dict[str, Any]] = {
    "contact": {
        **obj(
            id=STRING,
            owner={"$ref": "#/components/schemas/admin"},
            avatar={"$ref": "#/components/schemas/avatar", "nullable": True},
            tags={"type": "array", "items": {"$ref": "#/components/schemas/tag"}},
            custom_attributes={"type": "object", "additionalProperties": STRING},
        ),
        "required": ["id"],
    },
    "admin": obj(id=STRING),
    "avatar": obj(type=STRING),
    "tag": obj(name=STRING, at={**INTEGER, "format": "date-time"}),
}
CONTACT: Final = {"$ref": "#/components/schemas/contact"}


@pytest.mark.parametrize(
    ("value", "place", "kind"),
    [
        ({"id": 1}, "contact/id", "string>integer"),
        ({}, "contact/id", "string>absent"),
        ({"id": "1", "owner": None}, "contact/owner", "object>null"),
        ({"id": "1", "owner": {"id": 1}}, "admin/id", "string>integer"),
        ({"id": "1", "owner": {"x": 1}}, "admin/x", "absent>integer"),
        ({"id": "1", "tags": [{"name": 1}]}, "tag/name", "string>integer"),
        ({"id": "1", "tags": [None]}, "contact/tags/*", "object>null"),
        (
            {"id": "1", "custom_attributes": {"k": 1}},
            "contact/custom_attributes/*",
            "string>integer",
        ),
        ([], "contact", "object>array"),
    ],
)
def test_a_departure_knows_its_place_in_the_component_schema(
    value: object, place: str, kind: str
) -> None:
    (found,) = departures(CONTACT, value, COMPONENTS)
    assert (found.schema_place, found.kind) == (place, kind)


def test_nullable_beside_a_reference_is_honoured() -> None:
    assert departures(CONTACT, {"id": "1", "avatar": None}, COMPONENTS) == ()


def test_a_schema_in_the_operation_itself_has_no_place_but_what_it_refers_to_has() -> None:
    found = departures(obj(a=STRING, c=CONTACT), {"a": 1, "c": {"id": 2}}, COMPONENTS)
    assert [(one.location, one.schema_place) for one in found] == [
        ("/a", None),
        ("/c/id", "contact/id"),
    ]


def test_the_same_departure_of_many_items_is_one_with_its_number() -> None:
    schema = {"type": "array", "items": CONTACT}
    (found,) = departures(schema, [{"id": 1}] * 30 + [{"id": "1"}], COMPONENTS)
    assert (found.location, found.count) == ("/*/id", 30)


def test_an_undocumented_field_is_one_departure_in_whatever_order_its_kinds_come() -> None:
    schema = {"type": "array", "items": obj(a=STRING)}
    for values in ([None, "x", 1, None], ["x", 1, None, None]):
        (found,) = departures(schema, [{"new": value} for value in values])
        assert (found.location, found.kind, found.count) == ("/*/new", "absent>integer", 4)
    (found,) = departures(schema, [{"new": None}])
    assert found.kind == "absent>null"


def test_a_reference_that_leads_nowhere_is_reported_and_never_passed() -> None:
    schema = obj(a=STRING, attributes={"$ref": "#/components/schemas/gone"})
    assert shown(departures(schema, {"a": "x", "attributes": {"k": 1}})) == [
        ("unresolvable", "/attributes", "schema>unresolvable")
    ]
    assert departures(schema, {"a": "x"}) == ()
    assert shown(departures({"$ref": "#/components/schemas/gone"}, {})) == [
        ("unresolvable", "/", "schema>unresolvable")
    ]


def test_an_answer_that_is_a_reference_to_nowhere_is_reported() -> None:
    spec = spec_of({}, None, {"404": {"$ref": "#/components/responses/gone"}})
    (found,) = Conformance(spec).departures(answer(b"{}", status=404))
    assert (found.rule, found.location) == ("schema-unresolvable", "body")


def test_a_schema_that_is_itself_at_the_same_value_ends() -> None:
    loop = {"loop": {"allOf": [{"$ref": "#/components/schemas/loop"}]}}
    found = departures({"$ref": "#/components/schemas/loop"}, {}, loop)
    assert [one.rule for one in found] == ["schema-unresolvable"]


def test_a_schema_that_is_itself_further_down_is_followed() -> None:
    tree = {"tree": obj(child={"$ref": "#/components/schemas/tree"}, leaf=INTEGER)}
    ref = {"$ref": "#/components/schemas/tree"}
    assert departures(ref, {"child": {"child": {"leaf": 1}}}, tree) == ()
    assert shown(departures(ref, {"child": {"child": {"leaf": "x"}}}, tree)) == [
        ("type", "/child/child/leaf", "integer>string")
    ]


ADMIN_OR_TEAM: Final = {
    "oneOf": [
        {**obj(type={"enum": ["admin"]}, id=STRING, email=STRING), "required": ["type"]},
        {**obj(type={"enum": ["team"]}, id=INTEGER, members=INTEGER), "required": ["type"]},
    ]
}


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        # The branch that `type` names is the one meant, however well the other would do.
        (ADMIN_OR_TEAM, {"type": "team", "id": "7"}, [("type", "/id", "integer>string")]),
        (ADMIN_OR_TEAM, {"type": "admin", "id": "7"}, []),
        (
            ADMIN_OR_TEAM,
            {"type": "admin", "members": 1},
            [("undocumented", "/members", "absent>integer")],
        ),
        # Nothing fits: all that would have, as one departure.
        (
            {"oneOf": [STRING, INTEGER, {"type": "array", "items": STRING}]},
            True,
            [("type", "/", "string|integer|array>boolean")],
        ),
        ({"oneOf": [STRING, INTEGER]}, None, [("null", "/", "string|integer>null")]),
        ({"anyOf": [STRING, {**INTEGER, "nullable": True}]}, None, []),
        # The kind that fits is the one meant.
        (
            {"anyOf": [STRING, {"type": "array", "items": STRING}]},
            ["x", 1],
            [("type", "/*", "string>integer")],
        ),
        ({"oneOf": [INTEGER, {"type": "number"}]}, 1, [("constraint", "/", "oneOf>several")]),
        # Names of all parts are documented together.
        ({"allOf": [obj(a=STRING), obj(b=STRING)]}, {"a": "x", "b": "y"}, []),
        (
            {"allOf": [obj(a=STRING), obj(b=STRING)], **obj(c=STRING)},
            {"a": "x", "b": 1, "d": 1},
            [("type", "/b", "string>integer"), ("undocumented", "/d", "absent>integer")],
        ),
        ({"allOf": [obj(a=STRING), {"additionalProperties": True}]}, {"z": 1}, []),
        ({"anyOf": [obj(a=STRING), obj(b=STRING)]}, {"a": "x", "b": "y"}, []),
        (
            {**obj(c=STRING), "anyOf": [obj(a=STRING), obj(b=STRING)]},
            {"a": "x", "c": "y", "d": 1},
            [("undocumented", "/d", "absent>integer")],
        ),
    ],
)
def test_the_branch_that_was_meant_is_the_one_explained(
    schema: object, value: object, expected: list[tuple[str, str, str]]
) -> None:
    assert shown(departures(schema, value)) == expected


def test_a_discriminator_says_which_branch_was_meant() -> None:
    branches = {
        "cat": obj(kind=STRING, lives=INTEGER),
        "dog": obj(kind=STRING, lives={**INTEGER, "maximum": 1}, bark=STRING),
    }
    schema = {
        "anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in branches],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {name: f"#/components/schemas/{name}" for name in branches},
        },
    }
    found = departures(schema, {"kind": "dog", "lives": "x", "bark": 1}, branches)
    assert shown(found) == [
        ("type", "/lives", "integer>string"),
        ("type", "/bark", "string>integer"),
    ]


@pytest.mark.parametrize("holder", ["custom_attributes", "metadata", "ticket_attributes"])
def test_a_key_that_is_the_customers_is_not_shown(holder: str) -> None:
    found = departures(obj(**{holder: obj(known=STRING)}), {holder: {"Patients name": "x"}})
    assert [one.location for one in found] == [f"/{holder}/*"]


@pytest.mark.parametrize(
    "key", ["joe@example.com", "5017691", "a" * 80, "two words", "dG9rOjEy4512"]
)
def test_an_undocumented_key_that_looks_like_a_value_is_not_shown(key: str) -> None:
    (found,) = departures(obj(a=STRING), {key: 1}, {})
    assert (found.location, found.observed) == ("/*", "integer")


def test_an_undocumented_field_is_shown_by_its_name() -> None:
    found = departures(obj(a=STRING), {"utm_campaign": None, "opted_in_subscription_types": {}})
    assert [one.location for one in found] == ["/utm_campaign", "/opted_in_subscription_types"]


def held(
    exchange: Exchange,
    responses: Mapping[str, object] | None = None,
    *,
    operational: bool = False,
) -> list[str]:
    conformance = Conformance(spec_of(obj(a=STRING), None, responses))
    found = conformance.departures(exchange, operational=operational)
    return [f"{one.rule} {one.location} {one.kind}" for one in found]


def test_a_status_that_is_not_documented_is_a_departure() -> None:
    assert held(answer(b"{}", status=201)) == ["status-undocumented status documented>201"]
    assert held(answer(b"{}", status=201), {"default": {"description": "any"}}) == []


@pytest.mark.parametrize(
    "status", [401, 403, 404, 406, 408, 409, 410, 422, 429, 500, 502, 503, 504]
)
def test_an_operational_status_is_left_to_other_detectors_unless_asked_for(status: int) -> None:
    assert held(answer(b"", status=status)) == []
    assert held(answer(b"", status=status), operational=True) == [
        f"status-undocumented status documented>{status}"
    ]


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"", JSON, ["body-empty body object>empty"]),
        (b"  \n", "", ["body-empty body object>empty"]),
        (b"<html>", "text/html", ["body-media-type media-type application/json>text/html"]),
        (b'{"a": "x', JSON, ["body-not-json body json>other"]),
        (b'{"a": "x", "b": NaN}', JSON, ["body-not-json body json>other"]),
        (b"[-Infinity]", JSON, ["body-not-json body json>other"]),
        (b'{"a": "x"}', "", ["body-media-type media-type application/json>absent"]),
        (b'{"a": "x"}', "a secret!", ["body-media-type media-type application/json>malformed"]),
        (
            b'{"a": 1}',
            "text/plain",
            [
                "body-media-type media-type application/json>text/plain",
                "schema-type /a string>integer",
            ],
        ),
        (b'{"a": "x"}', "Application/JSON", []),
    ],
)
def test_a_body_has_to_be_there_and_to_be_what_it_says(
    body: bytes, content_type: str, expected: list[str]
) -> None:
    assert held(answer(body, content_type=content_type)) == expected


def test_where_no_body_is_documented_none_is_asked_for() -> None:
    none = {"description": "x"}
    assert held(answer(b"", status=202), {"202": none}) == []
    assert held(answer(b"", status=204), {"204": none}) == []
    plain = {"content": {"text/plain": {"schema": STRING}}}
    assert held(answer(b"", status=203), {"203": plain}) == []
    assert held(answer(b"hello", status=203, content_type="text/plain"), {"203": plain}) == []


def test_without_closing_other_fields_are_no_departure_and_all_else_is() -> None:
    schema = {"type": "array", "items": obj(a=STRING, at={**INTEGER, "format": "date-time"})}
    conformance = Conformance(spec_of(schema), close=False)
    items = [{"b": 1}, {"a": 1, "b": 1}, {"at": 1_700_000_000_000, "b": 1}]

    def found(*items: object) -> list[tuple[str, str, str]]:
        return shown(conformance.departures(answer(json.dumps(items).encode())))

    assert found(items[0]) == []
    assert found(*items) == [
        ("type", "/*/a", "string>integer"),
        ("format", "/*/at", "unix-time>milliseconds"),
    ]


def test_the_same_body_in_another_place_is_held_to_what_is_promised_there() -> None:
    other = {"content": {"application/json": {"schema": obj(a=INTEGER)}}}
    conformance = Conformance(spec_of(obj(a=STRING), responses={"201": other}))

    def found(body: bytes, status: int, content_type: str = JSON) -> list[str]:
        exchange = answer(body, status=status, content_type=content_type)
        return [one.rule for one in conformance.departures(exchange)]

    body = b'{"a": "x"}'
    for _ in range(2):
        assert found(body, 200) == []
        assert found(body, 201) == ["schema-type"]
        assert found(body, 200, "text/html") == ["body-media-type"]
        assert found(b'{"a": 1}', 200) == ["schema-type"]


def test_an_error_is_held_to_its_schema_as_well() -> None:
    error = {
        "content": {"application/json": {"schema": {**obj(type=STRING), "required": ["type"]}}}
    }
    assert held(answer(b"{}", status=401), {"401": error}) == [
        "schema-required /type string>absent"
    ]


def test_without_an_answer_or_a_known_operation_there_is_nothing_to_say() -> None:
    conformance = Conformance(spec_of(obj(a=STRING)))
    request = Request(method="GET", url="http://127.0.0.1/")
    failed = Exchange(
        workspace="test",
        region="us",
        version=None,
        operation=Operation.parse(f"GET {PATH}"),
        request=request,
        failure=TransportFailure(kind=FailureKind.RESET, detail=""),
        started_at=datetime(2026, 3, 2, tzinfo=UTC),
    )
    assert conformance.departures(failed) == ()
    response = Response.of(200, Headers(), b"{}")
    assert conformance.departures(exchange_of(response, "GET /others")) == ()


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
