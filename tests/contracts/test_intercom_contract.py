"""The relied-upon contract itself: that it is a sound description and says what it has to."""

import json
import re
from pathlib import Path

import pytest
import schemathesis
from schemathesis.core.result import Ok

from contracts.conformance import Conformance
from contracts.consumers import Fields, split_pattern
from contracts.explanation import explain
from contracts.lint import lint
from contracts.overlays import SUPPORTED, embedded_contract
from contracts.pointers import references
from contracts.schemas import Schemas
from contracts.shapes import shape_of
from contracts.spec import Spec
from tests.contracts.described import (
    contracts_by_version,
    examples,
    expressions,
    recorded,
    schemas,
    validator,
)

PROBES = """
    GET /me
    GET /admins
    GET /admins/{}
    GET /admins/activity_logs
    GET /contacts
    POST /contacts/search
    GET /contacts/{}
    GET /contacts/{}/companies
    GET /contacts/{}/tags
    GET /contacts/{}/notes
    GET /contacts/{}/segments
    GET /companies
    POST /companies/list
    GET /companies/{}
    GET /companies/{}/contacts
    GET /companies/{}/segments
    GET /conversations
    POST /conversations/search
    GET /conversations/{}
    GET /tags
    GET /teams
    GET /segments
    GET /data_attributes
    GET /articles
    GET /help_center/collections
    POST /tickets/search
    GET /ticket_types
"""
WRITES = """
    POST /contacts
    PUT /contacts/{}
    DELETE /contacts/{}
    POST /contacts/{}/archive
    POST /contacts/{}/unarchive
    POST /contacts/{}/companies
    DELETE /contacts/{}/companies/{}
    POST /contacts/{}/tags
    DELETE /contacts/{}/tags/{}
    POST /contacts/{}/notes
    POST /companies
    PUT /companies/{}
    DELETE /companies/{}
    POST /tags
    DELETE /tags/{}
    POST /conversations
    PUT /conversations/{}
    POST /conversations/{}/reply
    POST /conversations/{}/parts
    POST /conversations/{}/tags
    DELETE /conversations/{}/tags/{}
    POST /tickets
    PUT /tickets/{}
    POST /articles
    PUT /articles/{}
    DELETE /articles/{}
    POST /events
    POST /data_attributes
    PUT /data_attributes/{}
"""
OPERATIONAL = (401, 403, 404, 406, 408, 409, 410, 422, 429, 500, 502, 503, 504)


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


@pytest.fixture(scope="module", params=SUPPORTED)
def contract(request: pytest.FixtureRequest) -> Spec:
    found = embedded_contract(request.param)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def written() -> Spec:
    """The contract in the version it is written for."""
    found = embedded_contract()
    assert found is not None
    return found


@pytest.mark.parametrize("identity", lines(PROBES))
def test_every_probe_is_in_every_version(contract: Spec, identity: str) -> None:
    assert contract.get(identity) is not None


@pytest.mark.parametrize("identity", lines(WRITES))
def test_what_integrations_write_is_in_every_version(contract: Spec, identity: str) -> None:
    assert contract.get(identity) is not None


def test_there_are_27_probes_and_more_than_45_operations(contract: Spec) -> None:
    assert len(lines(PROBES)) == 27
    assert len(contract.operations) >= 60


def test_milliseconds_are_seen_wherever_the_contract_has_a_time(contract: Spec) -> None:
    schemas = Schemas(contract)
    times = 0
    for name, schema in contract.document["components"]["schemas"].items():
        for field in schema.get("properties", {}):
            if field.endswith("_at") or field in ("waiting_since", "snoozed_until"):
                node = schemas.node({"$ref": f"#/components/schemas/{name}"})
                found = {
                    one.location: one.kind for one in explain(node, {field: 1_767_323_045_000})
                }
                assert found[f"/{field}"] == "unix-time>milliseconds", f"{name}/{field}"
                times += 1
    assert times > 50


def test_every_reference_leads_somewhere(contract: Spec) -> None:
    assert not contract.unresolvable


def test_no_component_is_left_unused(contract: Spec) -> None:
    used = {ref for _, ref in references(contract.document)}
    declared = {
        f"#/components/{group}/{name}"
        for group, members in contract.document["components"].items()
        if group != "securitySchemes"
        for name in members
    }
    assert declared == used


def test_the_linter_finds_nothing(contract: Spec) -> None:
    assert [str(defect) for defect in lint(contract)] == []


def test_operation_ids_are_given_once(contract: Spec) -> None:
    ids = [operation.operation_id for operation in contract.operations]
    assert None not in ids
    assert len(set(ids)) == len(ids)


def test_tags_are_declared(contract: Spec) -> None:
    declared = {tag["name"] for tag in contract.document["tags"]}
    assert {tag for operation in contract.operations for tag in operation.tags} == declared


def test_every_path_parameter_is_declared_and_required(contract: Spec) -> None:
    for operation in contract.operations:
        in_path = re.findall(r"\{([^}]+)\}", operation.operation.path)
        declared = [one for one in operation.parameters if one.location == "path"]
        assert sorted(one.name for one in declared) == sorted(in_path), operation.operation
        assert all(one.definition.get("required") is True for one in declared)


def test_what_is_required_is_a_property(contract: Spec) -> None:
    checked = 0
    for pointer, schema in schemas(contract.document):
        if "properties" in schema:
            assert set(schema.get("required", ())) <= set(schema["properties"]), pointer
            checked += 1
    assert checked > 100


def test_nullable_stands_beside_a_type_or_alternatives_only(contract: Spec) -> None:
    for pointer, schema in schemas(contract.document):
        if "nullable" in schema:
            assert "$ref" not in schema, pointer
            assert {"type", "anyOf", "oneOf"} & set(schema), pointer


def test_any_operation_may_answer_what_only_says_something_of_the_moment(contract: Spec) -> None:
    for operation in contract.operations:
        documented = [status for status in OPERATIONAL if operation.response(status)]
        assert documented == list(OPERATIONAL), operation.operation


def test_errors_are_error_lists_with_a_request_id_of_any_form(contract: Spec) -> None:
    body = {
        "type": "error.list",
        "request_id": "00b7kq2v9f3m1n8c5t6g",
        "errors": [{"code": "unauthorized", "message": None}],
    }
    for operation in contract.operations:
        for status in (400, 401, 403, 404, 409, 422, 429):
            assert validator(contract, operation.response_schema(status)).is_valid(body)


def test_every_success_says_its_limits_version_and_request(contract: Spec) -> None:
    for operation in contract.operations:
        for status in (200, 202):
            answer = operation.response(status)
            if answer is not None:
                assert {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} <= set(
                    answer["headers"]
                )
                assert {"Intercom-Version", "X-Request-Id", "X-Runtime"} <= set(answer["headers"])


def test_nothing_may_vary_the_version(contract: Spec) -> None:
    for operation in contract.operations:
        assert all(one.location in ("path", "query") for one in operation.parameters)


def test_every_list_that_pages_lets_a_caller_page(written: Spec) -> None:
    for identity in ("GET /contacts", "GET /conversations"):
        operation = written.get(identity)
        assert operation is not None
        assert {one.name for one in operation.parameters} == {"per_page", "starting_after"}
    for identity in ("GET /companies", "POST /companies/list", "GET /articles"):
        operation = written.get(identity)
        assert operation is not None
        assert {"page", "per_page"} <= {one.name for one in operation.parameters}


def test_links_lead_from_fields_that_exist_to_parameters_that_exist(contract: Spec) -> None:
    by_id = {operation.operation_id: operation for operation in contract.operations}
    fields = Fields(contract)
    followed = 0
    for operation in contract.operations:
        for link in ((operation.response(200) or {}).get("links") or {}).values():
            target = by_id[link["operationId"]]
            required = {one.name for one in target.parameters if one.location == "path"}
            assert set(link.get("parameters", ())) == required, operation.operation
            for expression in expressions([link.get("parameters"), link.get("requestBody")]):
                prefix, _, pointer = expression.partition("#")
                assert prefix == "$response.body"
                nodes = fields.of(operation.operation.identity)
                for step in split_pattern(pointer):
                    nodes = Fields.below(shape_of(nodes), "*" if step == "0" else step)
                assert nodes, f"{operation.operation}: {expression}"
                assert shape_of(nodes).kinds <= {"string", "integer"}
                followed += 1
    assert followed > 60


@pytest.mark.parametrize(
    ("create", "read", "delete"),
    [
        ("POST /contacts", "ShowContact", "DeleteContact"),
        ("POST /companies", "RetrieveACompanyById", "deleteCompany"),
        ("POST /tags", "findTag", "deleteTag"),
        ("POST /articles", "retrieveArticle", "deleteArticle"),
        ("POST /conversations", "retrieveConversation", "replyConversation"),
        ("POST /tickets", "getTicket", "updateTicket"),
    ],
)
def test_what_is_created_can_be_followed(
    written: Spec, create: str, read: str, delete: str
) -> None:
    operation = written.get(create)
    assert operation is not None
    links = (operation.response(200) or {})["links"].values()
    assert {read, delete} <= {link["operationId"] for link in links}


def test_every_example_keeps_its_schema(contract: Spec) -> None:
    checked = 0
    for pointer, schema, example in examples(contract):
        problems = [error.message for error in validator(contract, schema).iter_errors(example)]
        assert not problems, f"{pointer}: {problems}"
        checked += 1
    assert checked > 250


def test_every_request_body_has_an_example(contract: Spec) -> None:
    for operation in contract.operations:
        body = operation.definition.get("requestBody")
        if body is not None:
            media = body["content"]["application/json"]
            assert "example" in media or "examples" in media, operation.operation


def test_schemathesis_reads_every_operation(contract: Spec) -> None:
    loaded = schemathesis.openapi.from_dict(contract.document)
    labels = {read.ok().label for read in loaded.get_all_operations() if isinstance(read, Ok)}
    assert labels == {str(operation.operation) for operation in contract.operations}


def test_recorded_answers_keep_the_contract(shared_dir: Path) -> None:
    """Drift that was recorded live or confirmed since is what the contract already allows for."""
    judges = {version: Conformance(found) for version, found in contracts_by_version()}
    checked = 0
    for case in json.loads((shared_dir / "drift" / "cases.json").read_text()):
        versions = SUPPORTED if case["negative_control"] else (case["version"],)
        for version in versions:
            if version not in judges or case["response"]["status"] != 200:
                continue
            exchange = recorded(case, version)
            departures = [
                departure
                for departure in judges[version].departures(exchange)
                if departure.rule != "schema-undocumented"
            ]
            assert not departures, f"{case['id']} at {version}"
            checked += 1
    assert checked > 30
