"""A run against the sandbox, and what it says."""

from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.client import IntercomClient
from contracts.exchanges import Exchange, Headers, Operation, Request, Response
from contracts.selection import Selection, Trait, Traits
from contracts.spec import Spec
from contracts.suite import SuiteReport, run_suite
from contracts.workspaces import Secret, Workspace
from sandbox.intercom import Sandbox

READS = 37  # of the embedded contract
PATIENCE = timedelta(seconds=30)  # on a busy machine


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


def one(value: str) -> Trait:
    return Trait(values=frozenset({value}))


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
