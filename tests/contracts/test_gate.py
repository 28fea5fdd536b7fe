"""The gate: the one way out for property tests, counted at the server."""

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.core.failures import FailureGroup
from schemathesis.engine import from_schema
from schemathesis.engine.events import ScenarioFinished
from werkzeug.test import Client

from contracts.allowlist import NotAllowedError, is_allowed, shipped_allowlist
from contracts.budget import MOST_REFUSALS, BudgetSpentError, RateBudget
from contracts.client import WRONG_TOKEN, IntercomClient
from contracts.clock import Clock
from contracts.exchanges import Exchange, FailureKind, Headers, Operation, Request, Response
from contracts.gate import PASS, Gate, NoAnswerError
from contracts.overlays import embedded_contract
from contracts.spec import Spec, parse_spec
from contracts.workspaces import Secret, Workspace
from sandbox.clock import VirtualClock
from sandbox.intercom import Condition, Fault, Sandbox

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SMALL = {
    "openapi": "3.0.1",
    "info": {"title": "A little of Intercom", "version": "2.15"},
    "paths": {
        "/me": {
            "get": {
                "parameters": [
                    {"name": "Intercom-Version", "in": "header", "schema": {"type": "string"}},
                    {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                ],
                "responses": {"200": {"description": "Who asks"}},
            }
        },
        "/contacts/{contact_id}": {
            "get": {"responses": {"200": {"description": "A contact"}}},
            "delete": {"responses": {"200": {"description": "Gone"}}},
        },
        "/companies": {"get": {"responses": {"200": {"description": "Companies"}}}},
        "/contacts/search": {"post": {"responses": {"200": {"description": "Contacts"}}}},
    },
}


@pytest.fixture(scope="module")
def contract() -> Spec:
    spec = embedded_contract()
    assert spec is not None
    return spec


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(latency=False) as running:
        yield running


def client_of(sandbox: Sandbox, **options: Any) -> IntercomClient:
    workspace = Workspace(
        name="acme", token=Secret(sandbox.token), base_url=sandbox.url, version="2.15", **options
    )
    return IntercomClient(workspace, clock=sandbox.clock)


def gate_of(sandbox: Sandbox, spec: Spec, *, most_requests: int = 10_000, **options: Any) -> Gate:
    return Gate(
        client_of(sandbox), spec, clock=sandbox.clock, most_requests=most_requests, **options
    )


class Recorder:
    """Stands where the client stands and remembers what it was told to send."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.allowlist = shipped_allowlist()

    def check(self, operation: Operation, path: str, **_: Any) -> None:
        if not is_allowed(operation.method, path):
            raise NotAllowedError(str(operation), "not on the list")

    def forward(self, operation: Operation, path: str, **options: Any) -> Exchange:
        self.seen.append({"operation": operation, "path": path, **options})
        return exchange_of(200)


def exchange_of(status: int, **headers: str) -> Exchange:
    fields = Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return Exchange(
        workspace="acme",
        region="us",
        version="2.15",
        operation=Operation(method="GET", path="/me"),
        request=Request(method="GET", url="http://127.0.0.1/me"),
        response=Response.of(status, fields, b"{}"),
        started_at=NOW,
    )


def test_the_pass_stands_for_the_token_and_nothing_else_does(sandbox: Sandbox) -> None:
    gate = Client(gate_of(sandbox, parse_spec(SMALL, source="small")))
    assert gate.get("/me", headers=PASS).status_code == 200
    assert gate.get("/me").status_code == 401
    assert gate.get("/me", headers={"Authorization": "Bearer forged"}).status_code == 401
    assert gate.get("/me", headers={"Authorization": f"Bearer {WRONG_TOKEN}"}).status_code == 401


def test_only_documented_headers_pass_and_the_version_stays_pinned(contract: Spec) -> None:
    recorder = Recorder()
    gate = Gate(
        recorder,  # type: ignore[arg-type]
        parse_spec(SMALL, source="small"),
        clock=VirtualClock(),
        most_requests=5,
    )
    Client(gate).get(
        "/me",
        headers={"Intercom-Version": "1.2", "X-Trace": "a", "X-Other": "b", "Cookie": "c=d"},
    )
    assert recorder.seen[0]["headers"] == {"X-Trace": "a"}


def test_the_server_sees_the_pinned_version(sandbox: Sandbox) -> None:
    seen: list[Exchange] = []
    gate = gate_of(sandbox, parse_spec(SMALL, source="small"), on_exchange=seen.append)
    Client(gate).get("/me", headers={**PASS, "Intercom-Version": "1.0"})
    assert seen[0].request.headers["intercom-version"] == "2.15"
    assert seen[0].response is not None
    assert seen[0].response.headers["intercom-version"] == "2.15"


def test_query_and_body_arrive_as_they_were_meant(contract: Spec) -> None:
    recorder = Recorder()
    spec = parse_spec(SMALL, source="small")
    gate = Gate(recorder, spec, clock=VirtualClock(), most_requests=5)  # type: ignore[arg-type]
    Client(gate).get("/companies", query_string={"name": "a b&c", "page": "2"})
    Client(gate).post("/contacts/search", json={"query": {"value": "\u00e9"}})
    assert recorder.seen[0]["query"] == "name=a+b%26c&page=2"
    assert b'"query"' in recorder.seen[1]["body"]
    assert recorder.seen[1]["headers"] == {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "path", ["/contacts/a%2Fb", "/contacts/..%2fexport", "/contacts/%2e%2e", "/nowhere", "/me/"]
)
def test_a_path_is_judged_as_it_goes_on_the_wire(sandbox: Sandbox, path: str) -> None:
    gate = gate_of(sandbox, parse_spec(SMALL, source="small"))
    with pytest.raises(NotAllowedError):
        Client(gate).get(path, headers=PASS)
    assert sandbox.requests == []


def test_a_request_past_the_budget_stops_the_run(sandbox: Sandbox) -> None:
    gate = gate_of(sandbox, parse_spec(SMALL, source="small"), most_requests=2)
    client = Client(gate)
    client.get("/me", headers=PASS)
    client.get("/me", headers=PASS)
    with pytest.raises(BudgetSpentError, match="--max-requests"):
        client.get("/me", headers=PASS)
    assert len(sandbox.requests) == gate.requests == 2


def test_what_is_refused_costs_no_request(sandbox: Sandbox) -> None:
    gate = gate_of(sandbox, parse_spec(SMALL, source="small"), most_requests=1)
    for _ in range(3):
        with pytest.raises(NotAllowedError):
            Client(gate).delete("/contacts/1", headers=PASS)
    assert Client(gate).get("/me", headers=PASS).status_code == 200


def test_no_answer_is_no_made_up_answer(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(name="connection-reset", operation="GET /me"))
    gate = gate_of(sandbox, parse_spec(SMALL, source="small"))
    with pytest.raises(NoAnswerError) as caught:
        Client(gate).get("/me", headers=PASS)
    assert caught.value.exchange.failure is not None
    assert caught.value.exchange.failure.kind is FailureKind.RESET
    assert gate.journal[0].outcome == "reset"


def test_the_journal_holds_no_values(sandbox: Sandbox) -> None:
    gate = gate_of(sandbox, parse_spec(SMALL, source="small"))
    Client(gate).get("/contacts/63a07ddf05a32042dffac965?email=ada@example.com", headers=PASS)
    assert "63a0" not in repr(gate.journal)
    assert "ada" not in repr(gate.journal)
    assert gate.journal[0].operation == "GET /contacts/{}"


def test_a_429_is_waited_out_and_three_in_a_row_end_the_run(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(name="429", when=Condition(times=1)))
    gate = gate_of(sandbox, parse_spec(SMALL, source="small"))
    client = Client(gate)
    assert client.get("/me", headers=PASS).status_code == 429
    before = sandbox.clock.now()
    assert client.get("/me", headers=PASS).status_code == 200
    assert 0 < (sandbox.clock.now() - before).total_seconds() <= 20
    sandbox.faults.clear()
    sandbox.faults.add(Fault(name="429"))
    for _ in range(MOST_REFUSALS):
        client.get("/me", headers=PASS)
    with pytest.raises(BudgetSpentError, match="429"):
        client.get("/me", headers=PASS)


def test_half_of_the_limit_is_left_to_the_application() -> None:
    with Sandbox(latency=False, rate_limit=20) as sandbox:
        gate = gate_of(sandbox, parse_spec(SMALL, source="small"))
        client = Client(gate)
        statuses = [client.get("/me", headers=PASS).status_code for _ in range(25)]
        assert statuses == [200] * 25
        # Ten of twenty in each window, so the third window had to be waited for.
        assert sandbox.clock.now() >= VirtualClock().now().replace(second=20)


@pytest.mark.parametrize(
    ("exchange", "seconds"),
    [
        (exchange_of(200), 0),
        (exchange_of(200, x_ratelimit_limit="100", x_ratelimit_remaining="51"), 0),
        (exchange_of(200, x_ratelimit_limit="100", x_ratelimit_remaining="50"), 10),
        (exchange_of(200, x_ratelimit_limit="many", x_ratelimit_remaining="0"), 0),
        (exchange_of(429), 10),
        (exchange_of(429, retry_after="3"), 3),
        (exchange_of(429, retry_after="60"), 60),
        (
            exchange_of(200, retry_after="90000", x_ratelimit_limit="1", x_ratelimit_remaining="0"),
            60,
        ),
        (exchange_of(429, x_ratelimit_reset=str(int(NOW.timestamp()) + 7)), 7),
        (exchange_of(429, x_ratelimit_reset="1"), 0),
        (
            exchange_of(429, x_ratelimit_reset="1000000004", date="Sun, 09 Sep 2001 01:46:40 GMT"),
            4,
        ),
    ],
)
def test_how_long_to_wait_is_what_the_answer_says(exchange: Exchange, seconds: float) -> None:
    clock: Clock = VirtualClock(NOW)
    budget = RateBudget(clock=clock)
    budget.observe(exchange)
    assert budget.wait_for_room() == pytest.approx(seconds)


@pytest.mark.parametrize("far", [{"x_ratelimit_reset": "4102444800"}, {"retry_after": "61"}])
def test_who_is_refused_for_longer_than_it_waits_stops_at_once_and_who_is_patient_does_not(
    far: dict[str, str],
) -> None:
    clock: Clock = VirtualClock(NOW)
    budget, patient = RateBudget(clock=clock), RateBudget(clock=clock, is_patient=True)
    for one in (budget, patient):
        one.observe(exchange_of(429, **far))
    with pytest.raises(BudgetSpentError, match="longer"):
        budget.wait_for_room()
    assert patient.wait_for_room() == pytest.approx(60)


def unallowed(sandbox: Sandbox) -> list[tuple[str, str]]:
    """What reached the server and is not on the list."""
    return [
        (seen.method, seen.path)
        for seen in sandbox.requests
        if not is_allowed(seen.method, seen.path)
    ]


def test_no_method_on_any_path_writes(sandbox: Sandbox, contract: Spec) -> None:
    client = Client(gate_of(sandbox, contract))
    overrides = {"X-HTTP-Method-Override": "DELETE", "X-HTTP-Method": "PUT"}
    tries = sent = 0
    for operation in contract.operations:
        path = operation.operation.path
        concrete = path.replace("{", "").replace("}", "")
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "X"):
            for query in ("", "?_method=delete"):
                tries += 1
                try:
                    client.open(
                        concrete + query, method=method, json={}, headers={**PASS, **overrides}
                    )
                    sent += 1
                except NotAllowedError:
                    continue
    assert tries > 1000
    assert sent > 0
    assert sandbox.requests
    assert unallowed(sandbox) == []


def test_no_generated_case_writes_not_even_negative_ones(sandbox: Sandbox, contract: Spec) -> None:
    schema = schemathesis.openapi.from_dict(
        deepcopy(contract.document), config=schemathesis.Config()
    )
    schema.app = gate_of(sandbox, contract, budget=RateBudget(clock=sandbox.clock, reserve=0))
    refused = 0
    for found in schema.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]
        strategy = operation.as_strategy() | operation.as_strategy(
            generation_mode=schemathesis.GenerationMode.NEGATIVE
        )

        @hypothesis.seed(0)
        @hypothesis.settings(
            max_examples=2,
            database=None,
            deadline=None,
            phases=(hypothesis.Phase.generate,),
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=strategy)
        def probe(case: schemathesis.Case[Any]) -> None:
            nonlocal refused
            try:
                # All checks: some of them send again, without or with forged credentials.
                case.call_and_validate(headers=dict(PASS))
            except FailureGroup:
                return
            except NotAllowedError:
                refused += 1

        probe()
    assert refused > 0
    assert len(sandbox.requests) > 50
    assert unallowed(sandbox) == []


def test_no_phase_of_schemathesis_writes(sandbox: Sandbox, contract: Spec) -> None:
    """With its links the contract of tags is enough for every phase; all of it takes a minute."""
    document = deepcopy(contract.document)
    document["paths"] = {
        path: item for path, item in document["paths"].items() if path.startswith("/tags")
    }
    config = schemathesis.Config.from_dict(
        {"seed": 1, "generation": {"max-examples": 2, "mode": "all"}, "headers": dict(PASS)}
    )
    schema = schemathesis.openapi.from_dict(document, config=config)
    gate = gate_of(sandbox, contract, budget=RateBudget(clock=sandbox.clock, reserve=0))
    tries: Counter[str] = Counter()

    def count(environ: Any, start_response: Any) -> Any:
        tries[environ["REQUEST_METHOD"]] += 1
        return gate(environ, start_response)

    schema.app = count
    phases = {
        str(event.phase)
        for event in from_schema(schema).execute()
        if isinstance(event, ScenarioFinished)
    }
    assert phases >= {"examples", "coverage", "fuzzing", "stateful"}
    assert tries["POST"] > 10
    assert tries["DELETE"] > 5
    assert tries["TRACE"] > 0
    assert len(sandbox.requests) > 10
    assert unallowed(sandbox) == []
