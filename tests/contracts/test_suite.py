"""A run of property tests over the sandbox: what it asks, what it finds, what it covers."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from schemathesis.core.failures import FailureGroup

from contracts.cases import Cases
from contracts.checks import CHECKS, Judge, pattern_of
from contracts.client import IntercomClient
from contracts.conformance import Conformance
from contracts.exchanges import Exchange, Headers, Operation, Request, Response
from contracts.findings import Finding
from contracts.gate import PASS, Gate
from contracts.identifiers import Identifiers, describe_path, lists_by_kind
from contracts.journal import Journal
from contracts.links import Links
from contracts.overlays import embedded_contract
from contracts.planning import plan
from contracts.reliance import Reliance, consumers_of
from contracts.rules import Severity
from contracts.selection import Selection, Trait, Traits
from contracts.spec import Spec, parse_spec
from contracts.standards import Standard
from contracts.suite import HOPELESS, SuiteReport, run_suite
from contracts.tally import FAILING, LONG_OUTAGE, OUTAGE
from contracts.workspaces import Secret, Workspace
from sandbox.intercom import Condition, Fault, Sandbox

READS = 37  # of the embedded contract
PATIENCE = timedelta(seconds=30)  # on a busy machine


@pytest.fixture(scope="module")
def contract() -> Spec:
    spec = embedded_contract()
    assert spec is not None
    return spec


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(latency=False) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


def client_of(
    sandbox: Sandbox, *, patience: timedelta = PATIENCE, **options: Any
) -> IntercomClient:
    given: dict[str, Any] = {"token": Secret(sandbox.token), "base_url": sandbox.url} | options
    return IntercomClient(
        Workspace(name="acme", **given), clock=sandbox.clock, read_timeout=patience
    )


def run(
    sandbox: Sandbox,
    spec: Spec,
    *,
    most_requests: int = READS,
    patience: timedelta = PATIENCE,
    **options: Any,
) -> SuiteReport:
    with client_of(sandbox, patience=patience, **options.pop("workspace", {})) as client:
        return run_suite(spec, client, clock=sandbox.clock, most_requests=most_requests, **options)


def only(*paths: str) -> Selection:
    return Selection(include=Traits(paths=Trait(values=frozenset(paths))))


def one(value: str) -> Trait:
    return Trait(values=frozenset({value}))


def said(report: SuiteReport) -> list[tuple[str, str, str, str]]:
    return [
        (
            finding.rule.name,
            finding.operation.identity if finding.operation else "*",
            finding.location,
            f"{finding.expected}>{finding.observed}",
        )
        for finding in report.findings
    ]


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


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (
            Fault(name="field-removed", operation="GET /contacts", pointer="/data/*/email"),
            ("schema-required", "GET /contacts", "/data/*/email", "string>absent"),
        ),
        (
            Fault(name="field-retyped", operation="GET /tags", pointer="/data/*/name"),
            ("schema-type", "GET /tags", "/data/*/name", "string>integer"),
        ),
        (
            Fault(name="field-nulled", operation="GET /admins/{}", pointer="/id"),
            ("schema-null", "GET /admins/{}", "/id", "string>null"),
        ),
        (
            Fault(name="field-added", operation="GET /tags", pointer="/data/*/new", value=1),
            ("schema-undocumented", "GET /tags", "/data/*/new", "absent>integer"),
        ),
        (
            Fault(name="503", operation="GET /teams"),
            ("server-error", "GET /teams", "status", "2xx>5xx"),
        ),
        (
            Fault(name="wrong-media-type", operation="GET /segments"),
            ("body-media-type", "GET /segments", "media-type", "json>other"),
        ),
        (
            Fault(name="non-json-body", operation="GET /segments"),
            ("body-not-json", "GET /segments", "body", "json>html"),
        ),
        (
            Fault(name="empty-body", operation="GET /segments"),
            ("body-empty", "GET /segments", "body", "json>empty"),
        ),
        (
            Fault(name="truncated-body", operation="GET /segments"),
            ("body-truncated", "GET /segments", "body", "answer>truncated"),
        ),
        (
            Fault(name="connection-reset", operation="GET /articles"),
            ("connection-reset", "GET /articles", "connection", "answer>reset"),
        ),
        (
            Fault(name="redirect-loop", operation="GET /articles"),
            ("connection-redirect-loop", "GET /articles", "connection", "answer>redirect-loop"),
        ),
        (
            Fault(name="stalled-body", operation="GET /articles"),
            ("timeout", "GET /articles", "connection", "answer>read-timeout"),
        ),
        (
            Fault(name="endpoint-gone", operation="GET /tags", status=404),
            ("deprecation-endpoint-gone", "GET /tags", "status", "2xx>404"),
        ),
    ],
)
def test_what_is_broken_is_one_finding_and_nothing_else_is(
    sandbox: Sandbox, contract: Spec, fault: Fault, expected: tuple[str, str, str, str]
) -> None:
    sandbox.faults.add(fault)
    # `/me` and this one: enough, and quick.
    path = next(
        found.operation.path
        for found in contract.operations
        if found.operation.identity == fault.operation
    )
    lists = {"/me", "/admins"} if "{" in path else {"/me"}
    reads = Reliance(contract, consumers_of(contract))
    report = run(
        sandbox,
        contract,
        patience=timedelta(seconds=3) if fault.name == "stalled-body" else PATIENCE,
        selection=only(path, *lists),
        reads=reads,
        most_requests=1 + len(lists),
    )
    assert set(said(report)) == {expected}


def test_a_field_that_somebody_reads_names_who_is_hurt(sandbox: Sandbox, contract: Spec) -> None:
    sandbox.faults.add(
        Fault(name="field-removed", operation="GET /contacts", pointer="/data/*/email")
    )
    reads = Reliance(contract, consumers_of(contract))
    report = run(sandbox, contract, selection=only("/contacts"), reads=reads)
    assert report.findings[0].consumers == ("crm-sync",)
    assert report.findings[0].severity is Severity.CRITICAL


def test_a_refused_token_is_one_finding_and_the_rest_is_not_asked(
    sandbox: Sandbox, contract: Spec
) -> None:
    sandbox.faults.add(Fault(name="revoked-token"))
    report = run(sandbox, contract)
    assert [finding.rule.name for finding in report.findings] == ["auth-token-refused"]
    assert report.findings[0].operation is None
    assert report.requests == HOPELESS
    assert report.exercised == 0
    assert "refuses the token" in report.stopped


def test_a_refused_token_is_a_finding_also_where_little_was_asked(
    sandbox: Sandbox, contract: Spec
) -> None:
    sandbox.faults.add(Fault(name="revoked-token"))
    report = run(sandbox, contract, selection=only("/me"))
    assert [finding.rule.name for finding in report.findings] == ["auth-token-refused"]


def test_a_missing_scope_is_no_finding_of_the_contract_but_is_said(
    sandbox: Sandbox, contract: Spec
) -> None:
    sandbox.faults.add(Fault(name="missing-scope", operation="GET /tags"))
    report = run(sandbox, contract, selection=only("/me", "/tags"))
    assert said(report) == []
    assert [str(skip.operation) for skip in report.skipped if "refuses" in skip.why] == [
        "GET /tags"
    ]


def test_a_token_that_lacks_permissions_is_not_called_dead(
    sandbox: Sandbox, contract: Spec
) -> None:
    for operation in ("GET /me", "GET /admins", "GET /admins/activity_logs", "GET /teams"):
        sandbox.faults.add(Fault(name="missing-scope", operation=operation))
    report = run(sandbox, contract, most_requests=10)
    assert said(report) == []
    assert report.requests == 10


def test_nobody_there_ends_the_run_soon(contract: Spec) -> None:
    with Sandbox(latency=False) as sandbox:
        clock, token = sandbox.clock, sandbox.token
    workspace = Workspace(name="acme", token=Secret(token), base_url="http://127.0.0.1:9")
    with IntercomClient(workspace, clock=clock) as client:
        report = run_suite(contract, client, clock=clock)
    assert report.requests == HOPELESS
    assert report.answered == 0
    assert {finding.rule.name for finding in report.findings} == {"connection-refused"}


def test_a_target_that_dies_in_the_middle_is_not_asked_for_the_rest_of_the_budget(
    contract: Spec,
) -> None:
    with Sandbox(latency=False) as sandbox, ExitStack() as life:
        dying = life.enter_context(Sandbox(latency=False, clock=sandbox.clock))

        def progress(requests: int, _: Operation) -> None:
            if requests == HOPELESS:
                life.close()

        with client_of(dying) as client:
            report = run_suite(
                contract, client, clock=sandbox.clock, most_requests=100, on_progress=progress
            )
    assert report.answered == HOPELESS
    assert report.requests == HOPELESS + OUTAGE
    assert "no answer" in report.stopped


@pytest.mark.parametrize("fault", ["500", "503", "504", "non-json-body", "endpoint-gone"])
def test_what_is_down_or_no_api_is_not_asked_for_the_whole_budget(
    sandbox: Sandbox, contract: Spec, fault: str
) -> None:
    sandbox.faults.add(Fault(name=fault))
    report = run(sandbox, contract, most_requests=100)
    assert report.requests == FAILING
    assert report.exercised == 0
    assert "right address" in report.stopped


def test_an_outage_in_the_middle_ends_the_run_and_a_few_broken_operations_do_not(
    sandbox: Sandbox, contract: Spec
) -> None:
    sandbox.faults.add(Fault(name="503", when=Condition(after=HOPELESS)))
    report = run(sandbox, contract, most_requests=100)
    assert report.requests == HOPELESS + LONG_OUTAGE
    sandbox.faults.clear()
    for operation in ("GET /me", "GET /admins", "GET /teams", "GET /tags"):
        sandbox.faults.add(Fault(name="500", operation=operation))
    report = run(sandbox, contract, most_requests=20)
    assert report.requests == 20


def test_the_rate_limit_is_one_finding_of_the_app(sandbox: Sandbox, contract: Spec) -> None:
    sandbox.faults.add(Fault(name="429", when=Condition(times=2)))
    report = run(sandbox, contract)
    assert said(report) == [("rate-limit-exceeded", "*", "status", "2xx>429")]
    assert report.findings[0].asked is not None
    assert report.exercised > 30


def test_an_operation_that_schemathesis_cannot_read_is_skipped_and_named(
    sandbox: Sandbox, contract: Spec
) -> None:
    document = deepcopy(contract.document)
    document["paths"]["/tags"]["get"]["parameters"] = [{"$ref": "#/components/parameters/Nowhere"}]
    broken = parse_spec(document, source="a broken description")
    report = run(sandbox, broken, selection=only("/me", "/tags"))
    assert report.exercised == 1
    whys = {str(skip.operation): skip.why for skip in report.skipped}
    assert "Schemathesis" in whys["GET /tags"] or "no case" in whys["GET /tags"]


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


def exchange(operation: str, document: bytes, *, status: int = 200) -> Exchange:
    return Exchange(
        workspace="acme",
        region="us",
        version="2.15",
        operation=Operation.parse(operation),
        request=Request(method="GET", url="http://127.0.0.1/"),
        response=Response.of(status, Headers({"content-type": "application/json"}), document),
        started_at=datetime(2026, 3, 2, tzinfo=UTC),
    )


def test_a_link_tells_an_identifier_that_no_word_of_a_path_would() -> None:
    ok: dict[str, Any] = {"description": "ok"}
    by_id = {"operationId": "readBook", "parameters": {"isbn": "$response.body#/shelf/0/code"}}
    by_reference = {
        "operationRef": "#/paths/~1book~1{isbn}/get",
        "parameters": {"path.isbn": "$response.body#/newest"},
    }
    links = {"one": by_id, "other": {"$ref": "#/components/links/newest"}}
    document = {
        "openapi": "3.0.1",
        "info": {"title": "t", "version": "1"},
        "components": {"links": {"newest": by_reference}},
        "paths": {
            "/shelves": {"get": {"responses": {"200": {**ok, "links": links}}}},
            "/book/{isbn}": {"get": {"operationId": "readBook", "responses": {"200": ok}}},
        },
    }
    known = Identifiers(Links(parse_spec(document, source="books")).values)
    known.learn(exchange("GET /shelves", b'{"shelf":[{"code":7},{"code":8}],"newest":"x"}'))
    assert [known.fill("/book/{isbn}", turn) for turn in range(3)] == [
        {"isbn": "7"},
        {"isbn": "x"},
        {"isbn": "7"},
    ]
    for broken in (b"[]", b'{"shelf":[],"newest":{}}', b"no JSON"):
        nothing = Identifiers(Links(parse_spec(document, source="books")).values)
        nothing.learn(exchange("GET /shelves", broken))
        assert nothing.fill("/book/{isbn}") == {}


def test_identifiers_come_from_lists_and_fit_what_lies_below() -> None:
    known = Identifiers()
    known.learn(exchange("GET /contacts", b'{"data":[{"id":"a"},{"id":"b"},{"id":null}]}'))
    known.learn(exchange("POST /contacts/search", b'{"data":[{"id":"a","external_id":"A-1"}]}'))
    assert known.fill("/contacts/find_by_external_id/{external_id}") == {"external_id": "A-1"}
    known.learn(exchange("POST /tickets/search", b'{"tickets":[{"id":7}],"pages":{}}'))
    known.learn(exchange("GET /teams/{id}", b'{"id":"x","admins":[{"id":"y"}]}'))
    known.learn(exchange("GET /tags", b'{"data":[{"id":"z"}]}', status=500))
    known.learn(exchange("GET /segments", b"[]"))
    assert known.fill("/contacts/{contact_id}/notes") == {"contact_id": "a"}
    assert known.fill("/contacts/{contact_id}/notes", turn=1) == {"contact_id": "b"}
    assert known.fill("/tickets/{id}/tags/{tag_id}") == {"id": "7"}
    assert known.fill("/me") == {}


@pytest.mark.parametrize("word", ["search", "Search", "search.json"])
def test_an_id_that_is_a_word_of_another_path_does_not_stand_there(word: str) -> None:
    known = Identifiers(paths=("/articles", "/articles/{id}", "/articles/search", "/a/{id}/x"))
    body = f'{{"data":[{{"id":"{word}"}},{{"id":"b"}}]}}'.encode()
    known.learn(exchange("GET /articles", body))
    assert known.fill("/articles/{article_id}") == {"article_id": "b"}
    assert known.fill("/brands/{id}/articles/{article_id}") == {"article_id": word}


@pytest.mark.parametrize(
    "hostile",
    [
        "../admins",
        "..",
        "1?a=b",
        "http://127.0.0.1/1",
        "a;b",
        "A 1",
        "%2e%2e",
        "\\ud800",
        "1\\r\\nX: 1",
    ],
)
def test_an_identifier_that_would_ask_for_another_path_is_not_taken(hostile: str) -> None:
    known = Identifiers()
    items = f'[{{"id": "{hostile}"}}, {{"external_id": "{hostile}", "id": "c1@example.com"}}]'
    known.learn(exchange("GET /contacts", f'{{"data": {items}}}'.encode()))
    assert known.fill("/contacts/{id}") == {"id": "c1@example.com"}
    assert known.fill("/contacts/find_by_external_id/{external_id}") == {}


def test_the_first_question_is_the_plainest() -> None:
    spec = parse_spec(
        {
            "openapi": "3.0.1",
            "info": {"title": "t", "version": "2.15"},
            "paths": {
                "/logs": {
                    "get": {
                        "parameters": [
                            {
                                "name": "after",
                                "in": "query",
                                "required": True,
                                "schema": {"type": "string", "example": "1750000000"},
                            },
                            {"name": "before", "in": "query", "schema": {"type": "string"}},
                            {
                                "name": "word",
                                "in": "query",
                                "required": True,
                                "schema": {"type": "string"},
                            },
                        ],
                        "responses": {"200": {"description": "ok"}},
                    }
                }
            },
        },
        source="small",
    )
    cases = Cases(spec, lambda environ, start_response: [], seed=0)
    logs = Operation(method="GET", path="/logs")
    first = cases.opening(logs, {})
    assert first.is_plain
    assert first.case.query == {"after": "1750000000", "word": "1"}
    second = cases.next(logs, {})
    assert second is not None
    assert not second.is_plain


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
