"""Whole runs against an Intercom that is broken in several ways, and one that reacts to nothing."""

from pathlib import Path
from typing import Any

from contracts.coverage import Sightings
from contracts.exchanges import Exchange, Headers, Response
from contracts.journal import Journal
from contracts.phases import Phase
from contracts.spec import Spec
from contracts.suite import SuiteReport, run_suite
from sandbox.intercom import Sandbox

ENOUGH = 400  # requests: every check of every read of the embedded contract has its turn


def found(sandbox: Sandbox, contract: Spec, folder: Path, client: Any) -> SuiteReport:
    return run_suite(
        contract,
        client,
        clock=sandbox.clock,
        most_requests=ENOUGH,
        phases=frozenset({Phase.BEHAVIOUR, Phase.STATEFUL}),
        journal=Journal(folder / "journal.jsonl"),
    )


def several(exchange: Exchange, document: Any) -> Any:
    """What is changed is not kept; /tags asks for no token; /teams has no request ids."""
    response, operation = exchange.response, exchange.operation
    assert response is not None
    assert operation is not None
    if operation.identity == "GET /companies/{}" and "-changed" in str(document.get("name")):
        return {**document, "name": document["name"].removesuffix("-changed")}
    if operation.identity == "GET /tags" and response.status == 401:
        return Response.of(200, response.headers, b'{"type": "list", "data": []}')
    if operation.identity == "GET /teams":
        headers = {k: v for k, v in response.headers.items() if k != "x-request-id"}
        return Response.of(response.status, Headers(headers), response.body)
    return None


def test_what_shows_only_over_several_answers_is_found_and_nothing_else(
    sandbox: Sandbox, contract: Spec, tmp_path: Path, broken: Any
) -> None:
    report = found(sandbox, contract, tmp_path, broken(answered=several))
    assert {
        (one.rule.name, one.operation and one.operation.identity) for one in report.findings
    } == {
        ("write-lost", "GET /companies/{}"),
        ("auth-not-enforced", "GET /tags"),
        ("header-missing", "GET /teams"),
    }
    assert not [one for one in sandbox.store().all("company") if "intercheck" in str(one.fields)]


def test_a_server_without_accounts_pages_or_searches_is_not_accused(
    sandbox: Sandbox, contract: Spec, tmp_path: Path, broken: Any
) -> None:
    def constant(exchange: Exchange, document: Any) -> Any:
        identity = exchange.operation.identity if exchange.operation else ""
        return first.setdefault(identity, exchange.response)

    first: dict[str, Any] = {}
    report = found(sandbox, contract, tmp_path, broken(answered=constant))
    rules = {one.rule.name for one in report.findings}
    assert not {rule for rule in rules if rule.startswith(("auth-", "pagination-", "search-"))}
    assert {"authentication with wrong token", "search"} <= set(report.not_measured)


def test_a_run_that_saw_little_says_so(contract: Spec) -> None:
    coverage = Sightings(contract).coverage(contract.operations)
    assert coverage.score == 0
    assert coverage.warning is not None
    assert "tested little" in coverage.warning
