"""What came of each probe of a pass, in numbers."""

from collections.abc import Iterable
from typing import Final

from contracts.exchanges import Exchange
from contracts.findings import Finding
from contracts.rules import Severity
from contracts.workspaces import Workspace
from monitors.asking import Visit
from monitors.baselines import opening_of
from monitors.evidence import Look
from monitors.records import Measurement, Outcome

_STILL_WORKS: Final = ("deprecation-", "version-", "latency-")
"""Families of rules that somebody has to know of while the operation does its work."""
_PLAN: Final = "auth-plan-restricted"


def measurements_of(look: Look, workspace: Workspace) -> tuple[Measurement, ...]:
    """Return one measurement for each visit of a look."""
    findings = {id(one.exchange): one.findings for one in look.observations}
    lost = frozenset(
        operation
        for one in look.diagnosed
        if one.finding.rule.name == _PLAN and one.finding.severity is not Severity.INFO
        for operation in one.operations
    )
    return tuple(
        _measurement(visit, workspace, findings.get(id(visit.exchange), ()), lost)
        for visit in look.visits
    )


def _measurement(
    visit: Visit, workspace: Workspace, findings: Iterable[Finding], lost: frozenset[str]
) -> Measurement:
    exchange = visit.exchange
    if exchange is None:
        return Measurement(
            workspace=workspace.name,
            region=workspace.region,
            version=workspace.version,
            operation=visit.probe.operation,
            started_at=visit.at,
            outcome=Outcome.NOT_APPLICABLE if visit.does_not_apply else Outcome.NOT_MEASURED,
            why=visit.why,
        )
    outcome, why = _outcome(exchange, findings, lost)
    timings, response = exchange.timings, exchange.response
    # As everywhere, an answer's time is without opening a connection: that is told by itself.
    opening = opening_of(exchange) or 0.0
    return Measurement(
        workspace=workspace.name,
        region=workspace.region,
        version=workspace.version,
        operation=visit.probe.operation,
        started_at=exchange.started_at,
        outcome=outcome,
        why=why,
        status=response.status if response else None,
        failure=exchange.failure.kind.value if exchange.failure else None,
        total_ms=_less(timings.total_ms, opening) if timings else None,
        first_byte_ms=_less(timings.first_byte_ms, opening) if timings else None,
        server_ms=timings.server_ms if timings else None,
        request_id=exchange.request_id,
        deployment=exchange.deployment,
    )


def _less(ms: float | None, opening: float) -> float | None:
    return None if ms is None else max(ms - opening, 0.0)


def _outcome(
    exchange: Exchange, findings: Iterable[Finding], lost: frozenset[str]
) -> tuple[Outcome, str]:
    """Say what came of it; `lost` are operations that the plan included until now."""
    if exchange.response is not None and exchange.response.status == 429:
        return Outcome.NOT_MEASURED, "the rate limit was reached"
    if str(exchange.operation) not in lost and any(one.rule.name == _PLAN for one in findings):
        return Outcome.NOT_APPLICABLE, "the workspace's plan does not include it"
    if not exchange.is_success or any(map(_breaks, findings)):
        return Outcome.FAILED, ""
    return Outcome.HEALTHY, ""


def _breaks(finding: Finding) -> bool:
    return (
        finding.accepted is None
        and finding.severity is not Severity.INFO
        and not finding.rule.name.startswith(_STILL_WORKS)
    )
