"""An answer as a whole is held to what is documented: status, media type, body, headers."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from contracts.conformance import Conformance
from contracts.exchanges import (
    Exchange,
    FailureKind,
    Headers,
    Operation,
    Request,
    Response,
    TransportFailure,
)
from tests.contracts.holding import (
    INTEGER,
    JSON,
    PATH,
    STRING,
    answer,
    exchange_of,
    obj,
    shown,
    spec_of,
)


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
