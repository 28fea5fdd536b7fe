"""Checks that know Intercom: what they find where the sandbox departs, and when they keep still."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contracts.behaviour.access import again, once_more
from contracts.behaviour.fields import Fields
from contracts.behaviour.inquiry import PAGES, Inquiry, Turn
from contracts.behaviour.likeness import check_alike
from contracts.behaviour.lists import Page, page_of
from contracts.behaviour.watch import Watch
from contracts.client import IntercomClient
from contracts.coverage import Sightings
from contracts.exchanges import Exchange, Headers, Response
from contracts.gate import Gate
from contracts.journal import Journal
from contracts.overlays import embedded_contract
from contracts.spec import Spec
from contracts.suite import SuiteReport, run_suite
from contracts.workspaces import Secret, Workspace
from sandbox.intercom import Sandbox

ENOUGH = 360  # requests: every check of every read of the embedded contract has its turn

Change = Callable[[Exchange, Any], Any]


@pytest.fixture(scope="module")
def contract() -> Spec:
    spec = embedded_contract()
    assert spec is not None
    return spec


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(latency=False) as running:
        yield running


def workspace_of(sandbox: Sandbox) -> Workspace:
    return Workspace(
        name="acme",
        token=Secret(sandbox.token),
        base_url=sandbox.url,
        writes=True,
        app_id="sbx1main",
    )


class Broken(IntercomClient):
    """A client before which answers are changed, as a broken Intercom would give them."""

    def __init__(self, sandbox: Sandbox, change: Change) -> None:
        super().__init__(workspace_of(sandbox), clock=sandbox.clock)
        self._change = change

    def forward(self, *args: Any, **options: Any) -> Exchange:
        exchange = super().forward(*args, **options)
        response = exchange.response
        if response is None:
            return exchange
        changed = self._change(exchange, copy.deepcopy(response.document))
        if changed is None:
            return exchange
        if isinstance(changed, Response):
            return _replaced(exchange, changed)
        return _replaced(
            exchange,
            Response(
                status=response.status,
                headers=response.headers,
                body=response.body,
                kind=response.kind,
                document=changed,
            ),
        )


def _replaced(exchange: Exchange, response: Response) -> Exchange:
    return replace(exchange, response=response)


def found(sandbox: Sandbox, contract: Spec, folder: Path, change: Change) -> SuiteReport:
    with Broken(sandbox, change) as client:
        return run_suite(
            contract,
            client,
            clock=sandbox.clock,
            most_requests=ENOUGH,
            journal=Journal(folder / "journal.jsonl"),
        )


def asked(exchange: Exchange, identity: str) -> bool:
    return exchange.operation is not None and exchange.operation.identity == identity


def reversed_pages(exchange: Exchange, document: Any) -> Any:
    is_later = "starting_after" in exchange.request.url and exchange.is_success
    if not asked(exchange, "GET /contacts") or not is_later:
        return None
    document["data"] = document["data"][:-1]
    return document


def unfiltered(exchange: Exchange, document: Any) -> Any:
    body = exchange.request.body or b""
    if not asked(exchange, "POST /contacts/search") or b'"operator": "NIN"' not in body:
        return None
    for contact in document["data"]:
        contact["role"] = "lead" if contact["role"] == "user" else "user"
    return document


def unsorted(exchange: Exchange, document: Any) -> Any:
    body = exchange.request.body or b""
    if not asked(exchange, "POST /contacts/search") or b'"descending"' not in body:
        return None
    document["data"].reverse()
    return document


def unwritten(exchange: Exchange, document: Any) -> Any:
    if not asked(exchange, "GET /companies/{}") or "-changed" not in str(document.get("name")):
        return None
    document["name"] = document["name"].removesuffix("-changed")
    return document


def unprotected(exchange: Exchange, document: Any) -> Any:
    assert exchange.response is not None
    if not asked(exchange, "GET /tags") or exchange.response.status != 401:
        return None
    return Response.of(200, exchange.response.headers, b'{"type": "list", "data": []}')


def nameless(exchange: Exchange, document: Any) -> Any:
    assert exchange.response is not None
    if not asked(exchange, "GET /teams"):
        return None
    headers = dict(exchange.response.headers)
    del headers["x-request-id"]
    return Response.of(exchange.response.status, Headers(headers), exchange.response.body)


@pytest.mark.parametrize(
    ("change", "rule", "operation"),
    [
        (reversed_pages, "pagination-lost", "GET /contacts"),
        (unfiltered, "search-mismatch", "POST /contacts/search"),
        (unsorted, "search-sort", "POST /contacts/search"),
        (unwritten, "write-lost", "GET /companies/{}"),
        (unprotected, "auth-not-enforced", "GET /tags"),
        (nameless, "header-missing", "GET /teams"),
    ],
)
def test_what_shows_only_over_several_answers_is_found_and_nothing_else(
    sandbox: Sandbox,
    contract: Spec,
    tmp_path: Path,
    change: Change,
    rule: str,
    operation: str,
) -> None:
    report = found(sandbox, contract, tmp_path, change)
    places = {(one.rule.name, one.operation and one.operation.identity) for one in report.findings}
    assert places == {(rule, operation)}


def test_a_server_without_accounts_pages_or_searches_is_not_accused(
    sandbox: Sandbox, contract: Spec, tmp_path: Path
) -> None:
    def constant(exchange: Exchange, document: Any) -> Any:
        assert exchange.response is not None
        identity = exchange.operation.identity if exchange.operation else ""
        first.setdefault(identity, exchange.response)
        return first[identity]

    first: dict[str, Response] = {}
    report = found(sandbox, contract, tmp_path, constant)
    rules = {one.rule.name for one in report.findings}
    assert not {rule for rule in rules if rule.startswith(("auth-", "pagination-", "search-"))}
    assert {"authentication with wrong token", "search"} <= set(report.not_measured)


def test_a_run_that_saw_little_says_so(contract: Spec) -> None:
    coverage = Sightings(contract).coverage(contract.operations)
    assert coverage.score == 0
    assert coverage.warning is not None
    assert "tested little" in coverage.warning


def test_what_was_answered_twice_is_not_asked_a_second_time(
    sandbox: Sandbox, contract: Spec
) -> None:
    operation = contract.get("GET /tags")
    assert operation is not None
    with IntercomClient(workspace_of(sandbox), clock=sandbox.clock) as client:
        gate = Gate(client, contract, clock=sandbox.clock, most_requests=9)
        inquiry = Inquiry(gate, contract, fill=lambda path, turn: {}, run_id="x")
        watch = Watch(inquiry)
        exchange = gate.ask(operation)
        watch.take(exchange)
        turn = Turn(operation=operation, exchange=exchange, path_params={})
        again(inquiry, turn)
        assert gate.requests == 2
        watch.take(exchange)
        again(inquiry, turn)
        assert gate.requests == 2
        once_more(inquiry, turn)
        assert gate.requests == 3


def test_a_rate_limit_that_leaves_more_than_it_allows_is_incoherent(
    sandbox: Sandbox, contract: Spec
) -> None:
    told = {
        "x-ratelimit-limit": "10",
        "x-ratelimit-remaining": "11",
        "x-ratelimit-reset": "1",
        "deprecation": "@1688169599",
        "intercom-version": "2.11",
    }
    with IntercomClient(workspace_of(sandbox), clock=sandbox.clock) as client:
        gate = Gate(client, contract, clock=sandbox.clock, most_requests=1)
        operation = contract.get("GET /tags")
        assert operation is not None
        exchange = gate.ask(operation)
        inquiry = Inquiry(gate, contract, fill=lambda path, turn: {}, run_id="x")
        fields = Fields(inquiry)
        assert exchange.response is not None
        fields.take(_replaced(exchange, Response.of(200, Headers(told), b"{}")))
        fields.settle()
    assert {(one.departure.rule, one.departure.location) for one in inquiry.confirmed()} == {
        ("rate-limit-incoherent", "header:x-ratelimit-remaining"),
        ("deprecation-announced", "header:deprecation"),
        ("version-mismatch", "header:intercom-version"),
    }


def test_a_rest_that_rises_a_repeated_id_and_a_refusal_without_one_are_seen(
    sandbox: Sandbox, contract: Spec
) -> None:
    def answer(status: int, left: int, **headers: str) -> Exchange:
        told = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": str(left)}
        told |= {"x-ratelimit-reset": "60", "content-type": "application/json"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return _replaced(exchange, Response.of(status, Headers(told | named), b"{}"))

    with IntercomClient(workspace_of(sandbox), clock=sandbox.clock) as client:
        gate = Gate(client, contract, clock=sandbox.clock, most_requests=1)
        operation = contract.get("GET /tags")
        assert operation is not None
        exchange = gate.ask(operation)
        inquiry = Inquiry(gate, contract, fill=lambda path, turn: {}, run_id="x")
        fields = Fields(inquiry)
        fields.take(answer(200, 50, x_request_id="a"))
        fields.take(answer(200, 49, x_request_id="b"))
        assert not inquiry.confirmed()
        fields.take(answer(200, 70, x_request_id="b"))
        fields.take(answer(404, 48, x_request_id="c"))
        fields.take(answer(404, 47))
    assert {(one.departure.rule, one.departure.observed) for one in inquiry.confirmed()} == {
        ("rate-limit-incoherent", "rising"),
        ("header-repeated", "repeated"),
        ("header-missing", "absent in 404"),
    }


def test_items_that_no_schema_describes_are_held_to_the_first_page(
    sandbox: Sandbox, contract: Spec
) -> None:
    operation = contract.get("GET /contacts")
    assert operation is not None
    with IntercomClient(workspace_of(sandbox), clock=sandbox.clock) as client:
        gate = Gate(client, contract, clock=sandbox.clock, most_requests=1)
        exchange = gate.ask(operation)
    inquiry = Inquiry(gate, contract, fill=lambda path, turn: {}, run_id="x")
    inquiry.show(PAGES)

    def page(*items: dict[str, Any]) -> Page:
        body = json.dumps({"data": items}).encode()
        answer = Response.of(200, Headers({"content-type": "application/json"}), body)
        found = page_of(operation, _replaced(exchange, answer))
        assert found is not None
        return found

    first = page({"id": "1", "at": 1, "by": None, "any": 1}, {"id": "2", "at": 2, "any": "text"})
    check_alike(inquiry, first, page({"id": "3", "at": None, "by": 7, "any": True, "more": 1}))
    check_alike(inquiry, first, page({"id": None}))
    check_alike(inquiry, page({"id": "1", "at": 1}), page({"id": "2", "at": "text"}))
    assert not inquiry.confirmed()
    check_alike(inquiry, first, page({"id": "3", "at": "text"}, {"id": None, "at": 4}))
    assert {
        (one.departure.rule, one.departure.location, one.departure.kind)
        for one in inquiry.confirmed()
    } == {
        ("schema-type", "/data/*/at", "integer>string"),
        ("schema-null", "/data/*/id", "string>null"),
    }
