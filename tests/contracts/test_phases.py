"""Phases and modes: what each sends, and that nothing in them gets around the gate."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.allowlist import NotAllowedError, is_allowed
from contracts.behaviour.refusals import REFUSAL
from contracts.client import IntercomClient
from contracts.errors import ConfigurationError
from contracts.exchanges import Exchange, Response
from contracts.overlays import embedded_contract
from contracts.phases import GENERATED, Mode, Phase, phases_named
from contracts.scheduler import Prospect, promise
from contracts.selection import Selection, Trait, Traits
from contracts.spec import Spec, parse_spec
from contracts.suite import SuiteReport, run_suite
from contracts.tuning import Override, Tuning
from contracts.workspaces import Secret, Workspace
from sandbox.intercom import Sandbox

PROVEN = {"writes": True, "app_id": "sbx1main"}


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


def workspace_of(sandbox: Sandbox, **options: Any) -> Workspace:
    return Workspace(name="acme", token=Secret(sandbox.token), base_url=sandbox.url, **options)


def run(sandbox: Sandbox, spec: Spec, *paths: str, **options: Any) -> SuiteReport:
    workspace = workspace_of(sandbox, **options.pop("workspace", {}))
    selection = Selection(include=Traits(paths=Trait(values=frozenset(paths))))
    with IntercomClient(workspace, clock=sandbox.clock) as client:
        return run_suite(spec, client, clock=sandbox.clock, selection=selection, **options)


def strayed(sandbox: Sandbox) -> list[tuple[str, str]]:
    seen = [(one.method, one.path) for one in sandbox.requests]
    return [one for one in seen if not is_allowed(*one)]


@pytest.mark.parametrize("phase", [*sorted(GENERATED), Phase.BEHAVIOUR])
def test_a_phase_is_asked_for_by_its_name_and_sends_only_its_own(
    sandbox: Sandbox, contract: Spec, phase: Phase
) -> None:
    report = run(
        sandbox, contract, "/contacts", phases=phases_named([phase.value.upper()]), most_requests=40
    )
    assert set(report.phases) == {"opening", phase}
    assert report.phases["opening"] == 1
    assert report.phases[phase] > 0
    assert sum(report.phases.values()) == len(sandbox.requests) == report.requests


def test_a_name_that_is_no_phase_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match="'fuzz' is no phase: choose from behaviour, "):
        phases_named(["fuzz"])


def test_coverage_sends_each_documented_value_and_boundary(
    sandbox: Sandbox, contract: Spec
) -> None:
    asked: list[str] = []

    class Watched(IntercomClient):
        def forward(self, *args: Any, **options: Any) -> Exchange:
            asked.append(options["query"])
            return super().forward(*args, **options)

    selection = Selection(include=Traits(paths=Trait(values=frozenset({"/data_attributes"}))))
    with Watched(workspace_of(sandbox), clock=sandbox.clock) as client:
        run_suite(
            contract,
            client,
            clock=sandbox.clock,
            selection=selection,
            phases=frozenset({Phase.COVERAGE}),
            most_requests=60,
        )
    sent = " ".join(asked)
    assert {"contact", "company"} <= {
        pair.partition("model=")[2] for query in asked for pair in query.split("&")
    }, sent
    assert "include_archived=true" in sent
    assert "include_archived=false" in sent


@pytest.mark.parametrize(
    ("workspace", "reached"),
    [({}, []), ({"writes": True}, []), ({"writes": True, "app_id": "another"}, ["/me"])],
)
@pytest.mark.parametrize("mode", [Mode.NEGATIVE, Mode.ALL])
def test_no_negative_data_reaches_what_is_no_proven_test_workspace(
    sandbox: Sandbox, contract: Spec, mode: Mode, workspace: dict[str, Any], reached: list[str]
) -> None:
    with pytest.raises(NotAllowedError, match="negative data was not sent"):
        run(sandbox, contract, "/contacts", mode=mode, workspace=workspace)
    assert [seen.path for seen in sandbox.requests] == reached


def test_negative_data_is_refused_and_writes_nothing_even_where_writes_are_allowed(
    sandbox: Sandbox, contract: Spec
) -> None:
    paths = ("/contacts", "/contacts/{}", "/tags", "/tags/{}", "/companies/list")
    report = run(
        sandbox,
        contract,
        *paths,
        phases=GENERATED,
        mode=Mode.NEGATIVE,
        workspace=PROVEN,
        most_requests=100,
    )
    statuses = Counter(seen.status for seen in sandbox.requests)
    assert statuses[400] > 3, statuses
    assert REFUSAL not in report.not_measured
    assert strayed(sandbox) == []
    assert {one.rule.name for one in report.findings} <= {"status-invalid-accepted"}
    assert not [one for one in report.findings if one.severity != "info"]


class Answering(IntercomClient):
    """A client before which refusals become another status."""

    status = 200

    def forward(self, *args: Any, **options: Any) -> Exchange:
        exchange = super().forward(*args, **options)
        response = exchange.response
        if response is None or response.status != 400:
            return exchange
        return replace(exchange, response=Response.of(self.status, response.headers, b"{}"))


@pytest.mark.parametrize(
    ("status", "rule"), [(500, "server-error"), (200, None)], ids=["5xx", "never-refuses"]
)
def test_a_server_that_breaks_on_forbidden_data_is_told_and_one_that_takes_all_is_not_measured(
    sandbox: Sandbox, contract: Spec, status: int, rule: str | None
) -> None:
    workspace = workspace_of(sandbox, **PROVEN)
    with Answering(workspace, clock=sandbox.clock) as client:
        client.status = status
        report = run_suite(
            contract,
            client,
            clock=sandbox.clock,
            selection=Selection(
                include=Traits(paths=Trait(values=frozenset({"/contacts/search"})))
            ),
            phases=frozenset({Phase.COVERAGE}),
            mode=Mode.NEGATIVE,
            most_requests=40,
        )
    rules = {one.rule.name for one in report.findings}
    assert "status-invalid-accepted" not in rules
    assert REFUSAL in report.not_measured
    if rule is not None:
        assert rule in rules


TRICKS = (
    "../tags/1",
    "..",
    "%2e%2e",
    "a/b",
    "a%2Fb",
    "https://example.com/x",
    "search",
    "a?b",
    "a;b",
)


def tricky() -> Spec:
    """A description that asks for what must not be sent."""
    override = [
        {
            "name": name,
            "in": place,
            "required": True,
            "schema": {"type": "string", "enum": ["DELETE"]},
        }
        for name, place in (("X-HTTP-Method-Override", "header"), ("_method", "query"))
    ]
    ok = {"responses": {"200": {"description": "ok"}}}
    contact = {"name": "contact_id", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {
        "/contacts/{contact_id}": {"parameters": [contact], "get": ok, "delete": ok},
        "/contacts": {"get": {"parameters": override[:1], **ok}, "post": ok},
        "/tags": {"get": {"parameters": override[1:], **ok}},
        "/me": {"get": ok},
    }
    info = {"title": "tricky", "version": "2.15"}
    return parse_spec({"openapi": "3.0.1", "info": info, "paths": paths}, source="tricky")


@pytest.mark.parametrize("mode", [Mode.POSITIVE, Mode.ALL])
def test_no_override_and_no_trick_in_a_path_gets_through(sandbox: Sandbox, mode: Mode) -> None:
    everything = Selection()
    for trick in TRICKS if mode is Mode.POSITIVE else TRICKS[:3]:
        given = Override(selection=everything, parameters={"path.contact_id": trick})
        run(
            sandbox,
            tricky(),
            "/contacts/{}",
            "/contacts",
            "/tags",
            "/me",
            phases=frozenset({Phase.COVERAGE}),
            mode=mode,
            # In a test workspace too: what is generated only reads.
            workspace=PROVEN,
            tuning=Tuning(overrides=(given,)),
            most_requests=30,
        )
    assert sandbox.requests
    assert strayed(sandbox) == []
    assert {seen.method for seen in sandbox.requests} == {"GET"}
    # What lacks the override is asked; what has a trick for an id is not.
    assert {seen.path for seen in sandbox.requests} <= {"/me", "/tags", "/contacts"}


shares = st.floats(0, 1)


@given(
    one=st.builds(
        Prospect,
        turns=st.integers(0, 50),
        has_succeeded=st.booleans(),
        brought_news=st.booleans(),
        unseen=shares,
        untried=shares,
    ),
    less=shares,
)
def test_what_shows_more_or_was_asked_less_promises_more(one: Prospect, less: float) -> None:
    assert promise(replace(one, turns=one.turns + 1)) < promise(one)
    assert promise(replace(one, unseen=one.unseen * less)) <= promise(one)
    assert promise(replace(one, untried=one.untried * less)) <= promise(one)
    assert promise(replace(one, brought_news=False)) <= promise(replace(one, brought_news=True))
    assert promise(replace(one, has_succeeded=True)) <= promise(replace(one, has_succeeded=False))
