"""Exchanges held to a description."""

from typing import Final

import pytest

from contracts.conformance import Conformance
from tests.contracts.holding import (
    COMPONENTS,
    CONTACT,
    INTEGER,
    STRING,
    answer,
    departures,
    obj,
    shown,
    spec_of,
)


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
