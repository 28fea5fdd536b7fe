"""Answers held to what is published and to what is relied upon; severity by consequence."""

import gzip
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.conformance import Conformance
from contracts.exchanges import Response
from contracts.findings import Finding
from contracts.reliance import Consumer, Reliance
from contracts.rules import Severity
from contracts.spec import Spec, parse_spec
from monitors.detectors import Context, detect

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

OPERATION = "GET /things"
GOOD: dict[str, Any] = {"data": [{"id": "1", "kind": "a", "note": "x", "size": 1}]}


def spec_of(**changed: Any) -> Spec:
    thing = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "kind": {"type": "string", "enum": ["a", "b"]},
            "note": {"type": "string"},
            "size": {"type": "integer"},
            **changed,
        },
    }
    body = {
        "type": "object",
        "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/thing"}}},
    }
    answer = {"description": "", "content": {"application/json": {"schema": body}}}
    document = {
        "openapi": "3.0.1",
        "info": {"title": "Things", "version": "2.15"},
        "paths": {"/things": {"get": {"operationId": "list", "responses": {"200": answer}}}},
        "components": {"schemas": {"thing": thing}},
    }
    return parse_spec(document, source="a test")


CONSUMER = Consumer(
    name="crm-sync",
    owner="Integrations",
    runbook="https://example.com/runbook",
    reads={OPERATION: ("/data/*/id", "/data/*/kind")},
)
RELIED = spec_of()


def context(*, known: frozenset[str] | None = frozenset(), **others: Any) -> Context:
    return Context(
        published=Conformance(spec_of()),
        relied=Conformance(RELIED),
        reliance=Reliance(RELIED, [CONSUMER]),
        known=known,
        **others,
    )


def drifted(an_exchange: "ExchangeFactory", held: Context, **changed: Any) -> list[Finding]:
    item = {name: value for name, value in {**GOOD["data"][0], **changed}.items() if value != "-"}
    return list(detect(an_exchange(OPERATION, body={"data": [item]}), held))


def test_an_answer_that_keeps_its_promises_shows_nothing(an_exchange: "ExchangeFactory") -> None:
    assert drifted(an_exchange, context()) == []


@pytest.mark.parametrize(
    ("changed", "rule", "severity"),
    [
        ({"id": 1}, "schema-type", Severity.CRITICAL),
        ({"id": None}, "schema-null", Severity.CRITICAL),
        ({"id": "-"}, "schema-required", Severity.CRITICAL),
        ({"kind": "c"}, "schema-enum", Severity.WARNING),
        ({"note": 1}, "schema-type", Severity.WARNING),
        ({"note": None}, "schema-null", Severity.WARNING),
        ({"fresh": 1}, "schema-undocumented", Severity.INFO),
    ],
)
def test_severity_follows_from_who_reads_the_place(
    an_exchange: "ExchangeFactory", changed: dict[str, Any], rule: str, severity: Severity
) -> None:
    (finding,) = drifted(an_exchange, context(), **changed)
    assert (finding.rule.name, finding.severity) == (rule, severity)
    hurts = severity is Severity.CRITICAL or "kind" in changed
    assert finding.consumers == (("crm-sync",) if hurts else ())


def test_an_enum_value_that_nobody_reads_is_information(an_exchange: "ExchangeFactory") -> None:
    relied = spec_of(note={"type": "string", "enum": ["x"]})
    held = Context(
        relied=Conformance(relied), reliance=Reliance(relied, [CONSUMER]), known=frozenset()
    )
    (finding,) = drifted(an_exchange, held, note="y")
    assert finding.severity is Severity.INFO


def test_first_sight_is_a_census_unless_a_consumer_is_hurt(an_exchange: "ExchangeFactory") -> None:
    first = context(known=None)
    assert drifted(an_exchange, first, note=1)[0].severity is Severity.INFO
    assert drifted(an_exchange, first, id=1)[0].severity is Severity.CRITICAL


def test_what_was_so_in_the_census_stays_information(an_exchange: "ExchangeFactory") -> None:
    (finding,) = drifted(an_exchange, context(), note=1)
    again = context(known=frozenset({finding.cause}))
    assert drifted(an_exchange, again, note=1)[0].severity is Severity.INFO
    assert drifted(an_exchange, again, note=True)[0].severity is Severity.WARNING


def test_what_both_references_say_is_one_finding(an_exchange: "ExchangeFactory") -> None:
    assert len(drifted(an_exchange, context(), id=1, note=None)) == 2


def test_where_the_relied_upon_contract_has_no_objection_nobody_is_hurt(
    an_exchange: "ExchangeFactory",
) -> None:
    relied = spec_of(id={"type": "string", "nullable": True})
    held = Context(
        published=Conformance(spec_of()),
        relied=Conformance(relied),
        reliance=Reliance(relied, [CONSUMER]),
        known=frozenset(),
    )
    (finding,) = drifted(an_exchange, held, id=None)
    assert (finding.severity, finding.consumers) == (Severity.WARNING, ())
    assert "published" in finding.message


def test_a_deviation_may_be_accepted_by_its_place_in_a_schema(
    an_exchange: "ExchangeFactory",
) -> None:
    held = context(accepted={"thing/note string>integer": "reported as #115"})
    (finding,) = drifted(an_exchange, held, note=1)
    assert finding.accepted == "reported as #115"
    assert drifted(an_exchange, held, note=None)[0].accepted is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            {"data": [{"id": "1", "kind_of_it": "a", "note": "x", "size": 1}]},
            "has /data/*/kind_of_it where the relied-upon contract has /data/*/kind: the field",
        ),
        ({"things": GOOD["data"]}, "has the list at /things where the relied-upon contract has it"),
        (GOOD["data"], "is answered with a bare list where the relied-upon contract has an object"),
    ],
)
def test_what_has_moved_is_told_as_one_finding_that_names_both_places(
    an_exchange: "ExchangeFactory", body: object, told: str
) -> None:
    found = detect(an_exchange(OPERATION, body=body), context())
    (loud,) = [one for one in found if one.severity is not Severity.INFO]
    assert told in loud.message
    assert loud.severity is Severity.CRITICAL


def test_what_is_labelled_otherwise_is_still_held_to_its_schema(
    an_exchange: "ExchangeFactory",
) -> None:
    exchange = an_exchange(
        OPERATION, body={"data": [{"id": 1}]}, headers={"content-type": "text/html"}
    )
    found = {(one.rule.name, one.location) for one in detect(exchange, context())}
    assert {("body-media-type", "media-type"), ("schema-type", "/data/*/id")} <= found


@pytest.mark.parametrize(
    ("content", "observed"),
    [
        (json.dumps(GOOD).encode("utf-8-sig"), "bom"),
        (json.dumps(GOOD).encode("utf-16"), "other"),
        (gzip.compress(json.dumps(GOOD).encode()), "other"),
        (b"<html></html>", "html"),
    ],
    ids=["byte order mark", "UTF-16", "compressed without saying so", "a page"],
)
def test_what_only_some_parsers_would_read_is_not_json(
    an_exchange: "ExchangeFactory", content: bytes, observed: str
) -> None:
    exchange = an_exchange(OPERATION, body=GOOD)
    assert exchange.response is not None
    response = Response.of(200, exchange.response.headers, content)
    (found,) = detect(replace(exchange, response=response), context())
    assert (found.rule.name, found.location, found.observed) == ("body-not-json", "body", observed)


def test_an_empty_body_hurts_every_reader_and_is_no_schema_finding(
    an_exchange: "ExchangeFactory",
) -> None:
    (finding,) = detect(an_exchange(OPERATION, body=b""), context())
    assert (finding.rule.name, finding.severity) == ("body-empty", Severity.CRITICAL)
    assert finding.consumers == ("crm-sync",)


ERROR = {"type": "error.list", "request_id": "x", "errors": [{"code": "server_error"}]}


@pytest.mark.parametrize(
    "error", [ERROR, {"errors": {"note": "bad"}}, {"error_key": "server_error", "message": "x"}]
)
def test_an_error_that_is_sent_as_a_success_is_one_finding(
    an_exchange: "ExchangeFactory", error: dict[str, Any]
) -> None:
    (finding,) = detect(an_exchange(OPERATION, 200, error), context())
    assert (finding.rule.name, finding.location) == ("status-mismatch", "body")
    assert (finding.severity, finding.consumers) == (Severity.CRITICAL, ("crm-sync",))


@pytest.mark.parametrize("beside", [{"errors": []}, {"errors": [], "status": "complete"}])
def test_an_answer_that_has_room_for_errors_is_none(
    an_exchange: "ExchangeFactory", beside: dict[str, Any]
) -> None:
    found = detect(an_exchange(OPERATION, 200, GOOD | beside), context())
    assert {finding.rule.name for finding in found} <= {"schema-undocumented"}


def required(*names: str) -> Conformance:
    """A description of an answer in which these fields are required."""
    spec = spec_of()
    answer = spec.document["paths"]["/things"]["get"]["responses"]["200"]
    answer["content"]["application/json"]["schema"]["required"] = list(names)
    return Conformance(spec)


def test_an_object_without_any_field_is_empty_and_not_each_field_missing(
    an_exchange: "ExchangeFactory",
) -> None:
    empty = an_exchange(OPERATION, body={})
    held = replace(context(), published=required("data", "type"))
    (finding,) = detect(empty, held)
    assert (finding.rule.name, finding.observed) == ("body-empty", "empty-object")
    (one,) = detect(empty, replace(context(), published=required("data")))
    assert (one.rule.name, one.location) == ("schema-required", "/data")
    assert list(detect(empty, Context(published=required()))) == []


def test_a_success_that_nobody_documented_is_found(an_exchange: "ExchangeFactory") -> None:
    (finding,) = detect(an_exchange(OPERATION, 202, GOOD), context())
    assert (finding.rule.name, finding.location) == ("status-undocumented", "status")


def test_an_error_answer_is_not_held_to_the_schema_of_success(
    an_exchange: "ExchangeFactory",
) -> None:
    (finding,) = detect(an_exchange(OPERATION, 500, {"data": 7}), context())
    assert finding.rule.name == "server-error"


documents: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["data", "id", "kind", "note"]), inner, max_size=4)
    ),
    max_leaves=15,
)


@settings(max_examples=200)
@given(body=documents | st.binary(max_size=40), status=st.integers(200, 299))
def test_no_body_makes_it_raise_and_no_value_is_repeated(
    an_exchange: "ExchangeFactory", body: Any, status: int
) -> None:
    for finding in detect(an_exchange(OPERATION, status, body), CONTEXT):
        assert finding.operation is not None
        assert finding.message.startswith(OPERATION)


@given(st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=12, max_size=30))
def test_a_value_of_a_customers_never_reaches_a_finding(
    an_exchange: "ExchangeFactory", canary: str
) -> None:
    canary = f"canary{canary}"
    for changed in ({"size": canary}, {"kind": canary}, {"note": [canary]}, {"id": {canary: 1}}):
        for finding in drifted(an_exchange, CONTEXT, **changed):
            assert canary not in str(finding.as_json())


CONTEXT = context()
