"""What is broken, refused or down while a run asks: one finding each, and an end to the asking."""

from contextlib import ExitStack
from copy import deepcopy
from datetime import timedelta

import pytest

from contracts.client import IntercomClient
from contracts.exchanges import Operation
from contracts.reliance import Reliance, consumers_of
from contracts.rules import Severity
from contracts.spec import Spec, parse_spec
from contracts.suite import HOPELESS, run_suite
from contracts.tally import FAILING, LONG_OUTAGE, OUTAGE
from contracts.workspaces import Secret, Workspace
from sandbox.intercom import Condition, Fault, Sandbox
from tests.contracts.suite_runs import PATIENCE, client_of, only, run, said


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
