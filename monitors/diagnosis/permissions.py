"""What a living token may not do: missing permissions, and features the plan does not include."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from contracts.envelopes import envelope_of
from contracts.findings import Certainty, Finding
from contracts.rules import RULES, Severity
from monitors.diagnosis.expectations import REFUSED, SCOPE, Expectation
from monitors.diagnosis.observations import (
    Diagnosed,
    Evidence,
    Explained,
    Observation,
    across,
    code_of,
    count,
    shown,
)
from monitors.diagnosis.scopes import likely_scope
from monitors.probes import CANARY

_PLAN: Final = "auth-plan-restricted"
_NO_NAME: Final = "2xx"
"""What a finding expects where the answer names no permission."""
_MOST: Final = "most operations"
_GUESSED: Final = (
    "Ask once more by hand and read the answer's message, which may name another reason. If there "
    "is none, it is a permission. "
)
_SHOWN: Final = 3  # operations named in a sentence


def missing_permissions(evidence: Evidence, expected: Expectation) -> Iterator[Diagnosed]:
    """Yield missing permissions: by name where Intercom names them, else by resource."""
    refused = evidence.named(SCOPE, *((REFUSED,) if evidence.token_works else ()))
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
    identities = {one.identity for one, _ in refused}
    never_worked = expected.worked is not None and not identities & expected.worked
    is_guessed = False
    likely = "" if is_named else likely_scope(one.exchange.operation for one, _ in refused)
    if permission == _MOST:
        words = _on_most(refused, evidence)
    else:
        is_said = all(_is_said(pair) for pair in refused)
        is_guessed = not is_said and all(one.rule.name == SCOPE for _, one in refused)
        lacks = "lacks" if is_said else "most likely lacks"
        what = f"the permission {permission}" if is_named else f"a permission for {permission}"
        sure = "most likely " if is_said else ""  # once is enough in a sentence
        name = f", {sure}\u201c{likely}\u201d" if likely else ""
        operations = shown(one.exchange.operation for one, _ in refused)
        unsaid = ", which names no permission" if is_guessed else ""
        words = (
            f"The token {lacks} {what}{name}: {_listed(operations)} refused with "
            f"{_answer(refused)}{unsaid}, {_proof(evidence)}"
        )
    step = _enable(permission if is_named else likely)
    return across(
        refused,
        replace(
            finding,
            rule=RULES[SCOPE],
            # What was never allowed is a matter of setting up; what was, of an outage.
            severity=Severity.WARNING if never_worked else Severity.CRITICAL,
            expected=permission,
            observed="refused",
            message=f"{words}.",
            remedy=f"{_GUESSED}{step or RULES[SCOPE].remedy}" if is_guessed else step,
            certainty=Certainty.DOCUMENTED if is_named else Certainty.INFERRED,
        ),
        confirmed=any(evidence.latest[one.identity].status in (401, 403) for one, _ in refused),
    )


def _is_said(pair: tuple[Observation, Finding]) -> bool:
    """Whether the answer itself speaks of a permission."""
    observation, finding = pair
    response = observation.exchange.response
    return (
        finding.rule.name == SCOPE
        and response is not None
        and envelope_of(response).is_of_a_permission
    )


def _on_most(refused: Explained, evidence: Evidence) -> str:
    hit, answer = count(refused, evidence), _answer(refused)
    identities = {one.identity for one, _ in refused}
    if CANARY.identity in identities:
        return (
            f"Intercom lets the token do nothing: {hit} were refused with {answer}, and /me, which "
            "needs no permission, among them. The app has lost all of its permissions, or the "
            "token its app"
        )
    if evidence.canary_works and len(identities) == len(evidence.measured) - 1:
        return (
            f"The token works on /me and on nothing else: {hit} were refused with {answer}, so it "
            "lacks the permissions for all of them"
        )
    return f"The token lacks several permissions: {hit} were refused with {answer}, " + _proof(
        evidence
    )


def _answer(refused: Explained) -> str:
    """Return the status that was answered, with the code it carried."""
    said = {f"{one.status or ''} {code_of(one)}".strip() for one, _ in refused}
    return " or ".join(sorted(said)[:_SHOWN])


def _proof(evidence: Evidence) -> str:
    """Say how it is known that the token itself lives."""
    if evidence.canary_works:
        return "while the token works on /me"
    if evidence.token_works:
        return "while the token works on others"
    return "and whether the token works on /me is not known"


def _enable(permission: str) -> str:
    """Return the step that mends it, where it is known which permission it is."""
    if not permission:
        return ""
    return RULES[SCOPE].remedy.replace(
        "the missing permission", f"the permission \u201c{permission}\u201d"
    )


def _listed(operations: tuple[str, ...]) -> str:
    """Name the operations, the first few where they are many."""
    if len(operations) <= _SHOWN:
        return f"{', '.join(operations)} {'was' if len(operations) == 1 else 'were'}"
    return f"{', '.join(operations[:_SHOWN])} and {len(operations) - _SHOWN} more were"


def forbidden(evidence: Evidence) -> Iterator[Diagnosed]:
    """Yield a 403 of an unknown reason that most operations have: the app's or the workspace's."""
    refused = evidence.named("status-forbidden")
    if not evidence.is_broad(one.identity for one, _ in refused):
        return
    evidence.take(refused)
    codes = sorted({code for one, _ in refused if (code := code_of(one))})
    said = f" ({', '.join(codes)}, which intercheck does not know)" if codes else ""
    whose = (
        "/me, which needs no permission, among them: it is the app or the workspace as a whole"
        if CANARY.identity in {one.identity for one, _ in refused}
        else "it is none of the codes of a missing permission or of the plan"
    )
    yield across(
        refused,
        replace(
            refused[-1][1],
            severity=Severity.CRITICAL,
            message=f"{count(refused, evidence)} were refused with 403{said}; {whose}.",
            certainty=Certainty.INFERRED,
        ),
        confirmed=evidence.lasts(refused),
    )


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
