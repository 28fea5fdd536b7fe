"""A run of property tests over the sandbox: what it asks, what it finds, what it covers."""

from collections import Counter
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from schemathesis.core.failures import FailureGroup

from contracts.cases import Cases
from contracts.checks import CHECKS, Judge, pattern_of
from contracts.conformance import Conformance
from contracts.exchanges import Exchange, Operation
from contracts.findings import Finding
from contracts.gate import PASS, Gate
from contracts.identifiers import describe_path, lists_by_kind
from contracts.journal import Journal
from contracts.planning import plan
from contracts.reliance import Reliance, consumers_of
from contracts.selection import Selection, Traits
from contracts.spec import Spec, parse_spec
from contracts.standards import Standard
from sandbox.intercom import Fault, Sandbox
from tests.contracts.suite_runs import READS, client_of, exchange, one, only, run, said


def test_a_faithful_api_gives_no_finding_and_every_read_succeeds(
    sandbox: Sandbox, contract: Spec
) -> None:
    reads = Reliance(contract, consumers_of(contract))
    report = run(sandbox, contract, reads=reads, most_requests=120)
    assert said(report) == []
    assert report.exercised == READS
    assert report.selected == len(contract.operations)
    assert report.requests == report.answered == len(sandbox.requests) == 120
    assert report.stopped == ""


def test_every_operation_has_its_turn_before_any_has_a_second(
    sandbox: Sandbox, contract: Spec
) -> None:
    report = run(sandbox, contract, most_requests=READS)
    asked = Counter(seen.operation for seen in sandbox.requests)
    assert len(asked) == READS
    assert set(asked.values()) == {1}
    assert report.exercised == READS
    # Ids came from the lists: nothing that was read does not exist.
    assert {seen.status for seen in sandbox.requests} == {200}


def test_the_same_seed_asks_the_same_and_another_does_not(sandbox: Sandbox, contract: Spec) -> None:
    def asked(seed: int) -> list[tuple[str, bytes | None]]:
        seen: list[tuple[str, bytes | None]] = []

        def keep(found: Exchange) -> None:
            seen.append((found.request.url.removeprefix(sandbox.url), found.request.body))

        sandbox.reset()
        with client_of(sandbox) as client:
            gate = Gate(client, contract, clock=sandbox.clock, most_requests=99, on_exchange=keep)
            cases = Cases(contract, gate, seed=seed)
            for path in ("/contacts", "/events", "/companies/list"):
                operation = next(
                    o.operation for o in contract.operations if o.operation.path == path
                )
                while question := cases.next(operation, {}):
                    question.case.call(headers=dict(PASS))
        return seen

    first = asked(1)
    assert len(first) > 6
    assert first == asked(1)
    assert first != asked(2)


def test_nothing_is_written(sandbox: Sandbox, contract: Spec) -> None:
    report = run(sandbox, contract, most_requests=60)
    assert {seen.method for seen in sandbox.requests} == {"GET", "POST"}
    assert all(
        seen.method == "GET" or seen.path.endswith(("/search", "/list"))
        for seen in sandbox.requests
    )
    skipped = {str(skip.operation): skip.why for skip in report.skipped}
    assert "not on the list" in skipped["DELETE /contacts/{contact_id}"]


def test_a_proven_test_workspace_is_written_to_and_left_as_it_was(
    contract: Spec, tmp_path: Path
) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    with Sandbox(latency=False) as sandbox:
        before = len(sandbox.store().all("tag"))
        report = run(
            sandbox,
            contract,
            workspace={"writes": True, "app_id": "sbx1main"},
            selection=only("/tags", "/tags/{tag_id}"),
            most_requests=20,
            journal=journal,
        )
        methods = [seen.method for seen in sandbox.requests if seen.path != "/me"]
        assert len(sandbox.store().all("tag")) == before
    # Made, read, listed, deleted, looked for again where it was read and listed.
    assert methods[:8] == ["GET", "GET", "POST", "GET", "GET", "DELETE", "GET", "GET"]
    assert said(report) == []
    assert "intercheck-run-tag" in journal.path.read_text()
    assert journal.left() == ()


def test_without_a_journal_nothing_is_written_even_where_it_may_be(
    sandbox: Sandbox, contract: Spec
) -> None:
    run(sandbox, contract, workspace={"writes": True, "app_id": "sbx1main"}, most_requests=60)
    assert {seen.method for seen in sandbox.requests} <= {"GET", "POST"}
    assert not any(
        seen.path in ("/tags", "/contacts") and seen.method == "POST" for seen in sandbox.requests
    )


def test_the_plan_sends_nothing_and_says_where_ids_come_from(
    sandbox: Sandbox, contract: Spec
) -> None:
    with client_of(sandbox) as client:
        planned = plan(contract, client, only("/tags", "/tags/{tag_id}"))
    assert sandbox.requests == []
    assert [str(found.operation) for found in planned.operations] == [
        "GET /tags",
        "GET /tags/{tag_id}",
    ]
    assert [str(skip.operation) for skip in planned.skipped] == [
        "POST /tags",
        "DELETE /tags/{tag_id}",
    ]
    sources = lists_by_kind(found.operation for found in planned.operations)
    assert describe_path("/tags/{tag_id}", sources) == "/tags/{id from GET /tags}"
    assert describe_path("/teams/{team_id}", sources) == "/teams/{generated}"
    own = describe_path("/tags/{tag_id}", sources, writes=True)
    assert own == "/tags/{id of what this run created}"


def test_a_selection_needs_every_property_and_no_excluded_one(contract: Spec) -> None:
    def picked(selection: Selection) -> set[str]:
        return {str(one.operation) for one in contract.operations if selection.picks(one)}

    everything = picked(Selection())
    assert len(everything) == len(contract.operations)
    by_both = Selection(include=Traits(tags=one("Tickets"), methods=one("GET")))
    assert "GET /tickets/{ticket_id}" in picked(by_both)
    assert "POST /tickets" not in picked(by_both)
    without = replace(by_both, exclude=Traits(operation_ids=one("getTicket")))
    assert picked(by_both) - picked(without) <= {"GET /tickets/{ticket_id}"}
    assert picked(Selection(exclude=Traits(paths=one("/me")))) == everything - {"GET /me"}


def test_a_question_is_asked_only_once(contract: Spec) -> None:
    cases = Cases(contract, lambda environ, start_response: [], seed=0)
    me = Operation(method="GET", path="/me")
    assert cases.opening(me, {}).is_plain
    assert cases.next(me, {}) is None


def findings_of(
    contract: Spec, found: Exchange, *, exists: bool = False, is_plain: bool = False
) -> list[Finding]:
    judge = Judge(Standard(tested=Conformance(contract)))
    return list(judge.findings(found, exists=exists, is_plain=is_plain))


def test_a_404_tells_something_only_of_what_exists(contract: Spec) -> None:
    body = b'{"type":"error.list","errors":[{"code":"not_found"}]}'
    missing = exchange("GET /tags/{tag_id}", body, status=404)
    assert findings_of(contract, missing) == []
    assert [one.rule.name for one in findings_of(contract, missing, exists=True)] == [
        "status-not-found"
    ]


def test_a_400_tells_something_only_of_a_question_meant_to_work() -> None:
    spec = parse_spec(
        {
            "openapi": "3.0.1",
            "info": {"title": "t", "version": "2.15"},
            "paths": {"/me": {"get": {"responses": {"200": {"description": "ok"}}}}},
        },
        source="small",
    )
    refused = exchange("GET /me", b"{}", status=400)
    assert findings_of(spec, refused) == []
    assert [one.rule.name for one in findings_of(spec, refused, is_plain=True)] == [
        "status-bad-request"
    ]


@pytest.mark.parametrize(
    ("promised", "answer", "expected"),
    [
        ({"type": "integer"}, b'"x"', ("schema-type", "/id", "integer>string")),
        ({"type": "string"}, b"null", ("schema-null", "/id", "string>null")),
        ({"enum": ["a", "b"]}, b'"c"', ("schema-enum", "/id", "enum>string")),
        ({"minLength": 3}, b'"c"', ("schema-constraint", "/id", "minLength>string")),
    ],
)
def test_what_only_schemathesis_sees_is_not_lost(
    promised: dict[str, object], answer: bytes, expected: tuple[str, str, str]
) -> None:
    """The second validator knows another description here, which promises nothing."""

    def described(schema: dict[str, object]) -> Spec:
        content = {"application/json": {"schema": schema}}
        document = {
            "openapi": "3.0.1",
            "info": {"title": "t", "version": "2.15"},
            "paths": {
                "/me": {"get": {"responses": {"200": {"description": "ok", "content": content}}}}
            },
        }
        return parse_spec(document, source="small")

    def answering(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'{"id": ' + answer + b"}"]

    strict = described({"type": "object", "properties": {"id": promised}})
    question = Cases(strict, answering, seed=0).next(Operation(method="GET", path="/me"), {})
    assert question is not None
    with pytest.raises(FailureGroup) as caught:
        question.case.call_and_validate(checks=CHECKS)
    judge = Judge(Standard(tested=Conformance(described({}))))
    found = list(
        judge.findings(exchange("GET /me", b'{"id": ' + answer + b"}"), caught.value.exceptions)
    )
    assert [(one.rule.name, one.location, f"{one.expected}>{one.observed}") for one in found] == [
        expected
    ]


def test_to_rely_on_something_does_not_forbid_more(contract: Spec) -> None:
    tested = deepcopy(contract.document)
    tested["components"]["schemas"]["Tag"]["properties"]["colour"] = {"type": "string"}
    standard = Standard(
        tested=Conformance(parse_spec(tested, source="a later description")),
        relied=Conformance(contract),
    )
    colourful = exchange("GET /tags", b'{"type":"list","data":[{"id":7,"colour":"red"}]}')
    found = {one.location: one.rule for one in standard.departures(colourful)}
    assert "/data/*/colour" not in found
    assert found["/data/*/id"] == "schema-type"


def test_keys_that_may_be_customers_own_are_not_shown() -> None:
    assert pattern_of(["data", 3, "email"]) == "/data/*/email"
    assert pattern_of(["custom_attributes", "Ada Lovelace"]) == "/custom_attributes/*"


def test_no_finding_holds_a_value(sandbox: Sandbox, contract: Spec) -> None:
    sandbox.faults.add(
        Fault(name="field-retyped", operation="GET /contacts", pointer="/data/*/email")
    )
    sandbox.faults.add(
        Fault(name="field-added", operation="GET /tags", pointer="/data/*/x", value="CANARY")
    )
    report = run(sandbox, contract, selection=only("/contacts", "/tags"))
    text = repr([finding.as_json() for finding in report.findings])
    assert len(report.findings) == 2
    assert "CANARY" not in text
    assert "@" not in text
