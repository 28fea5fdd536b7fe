"""What a living token may not do: missing permissions, and features the plan does not include."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from contracts.findings import Certainty, Finding
from contracts.rules import RULES, Severity
from monitors.diagnosis.expectations import REFUSED, SCOPE, Expectation
from monitors.diagnosis.observations import (
    Diagnosed,
    Evidence,
    Explained,
    Observation,
    across,
    shown,
)

_PLAN: Final = "auth-plan-restricted"
_NO_NAME: Final = "2xx"
"""What a finding expects where the answer names no permission."""
_MOST: Final = "most operations"
_SHOWN: Final = 3  # operations named in a sentence


def missing_permissions(evidence: Evidence, expected: Expectation) -> Iterator[Diagnosed]:
    """Yield missing permissions: by name where Intercom names them, else by resource."""
    refused = evidence.named(SCOPE, *((REFUSED,) if evidence.canary_works else ()))
    evidence.take(refused)
    if not refused:
        return
    unnamed = [pair for pair in refused if _permission(pair).startswith("/")]
    resources = {_permission(pair) for pair in unnamed}
    if len(resources) > 1 and evidence.is_broad(one.identity for one, _ in unnamed):
        named = [pair for pair in refused if pair not in unnamed]
        yield _missing(unnamed, _MOST, evidence, expected)
        refused = named
    for permission in sorted({_permission(pair) for pair in refused}):
        same = [pair for pair in refused if _permission(pair) == permission]
        yield _missing(same, permission, evidence, expected)


def _permission(pair: tuple[Observation, Finding]) -> str:
    """Return the name of the permission, or the resource (`/contacts`) where it has none."""
    observation, finding = pair
    if finding.rule.name == SCOPE and finding.expected != _NO_NAME:
        return finding.expected
    operation = observation.exchange.operation
    return f"/{operation.path.split('/')[1]}" if operation else "/"


def _missing(
    refused: Explained, permission: str, evidence: Evidence, expected: Expectation
) -> Diagnosed:
    finding = refused[-1][1]
    is_named = permission != _MOST and not permission.startswith("/")
    what = f"the permission {permission}" if is_named else f"a permission for {permission}"
    proof = "the token works on /me" if evidence.canary_works else "/me does not tell otherwise"
    identities = {one.identity for one, _ in refused}
    never_worked = expected.worked is not None and not identities & expected.worked
    operations = shown(one.exchange.operation for one, _ in refused)
    return across(
        refused,
        replace(
            finding,
            rule=RULES[SCOPE],
            # What was never allowed is a matter of setting up; what was, of an outage.
            severity=Severity.WARNING if never_worked else Severity.CRITICAL,
            expected=permission,
            observed="refused",
            message=f"The token lacks {what}: {_listed(operations)} refused with "
            f"{finding.observed}, and {proof}.",
            certainty=Certainty.DOCUMENTED if is_named else Certainty.INFERRED,
        ),
        confirmed=any(evidence.latest[one.identity].status in (401, 403) for one, _ in refused),
    )


def _listed(operations: tuple[str, ...]) -> str:
    """Name the operations, the first few where they are many."""
    if len(operations) <= _SHOWN:
        return f"{', '.join(operations)} {'was' if len(operations) == 1 else 'were'}"
    return f"{', '.join(operations[:_SHOWN])} and {len(operations) - _SHOWN} more were"


def lost_features(evidence: Evidence, expected: Expectation) -> Iterator[Diagnosed]:
    """Yield a plan that no longer includes what worked before; what never worked stays a note of
    its own, for the workspace does not have the feature."""
    worked = expected.worked or frozenset()
    lost = [pair for pair in evidence.named(_PLAN) if pair[0].identity in worked]
    if not lost:
        return
    evidence.take(lost)
    operations = shown(one.exchange.operation for one, _ in lost)
    yield across(
        lost,
        replace(
            lost[-1][1],
            severity=Severity.CRITICAL,
            message="The workspace's plan no longer includes what worked before: "
            f"{_listed(operations)} refused.",
        ),
        confirmed=any(evidence.latest[one.identity].status in (402, 403) for one, _ in lost),
    )
