"""`/me` refuses a token that others take: that is no dead token, and `/me` needs no permission."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from contracts.findings import Certainty
from contracts.rules import Severity
from monitors.diagnosis.expectations import SCOPE, TOKEN_RULES
from monitors.diagnosis.observations import Diagnosed, Evidence, code_of, shown
from monitors.probes import CANARY

KEEP_USING_IT: Final = (
    "Keep the token: it works elsewhere. Ask this operation once more with it, by hand; if it is "
    "refused again, give Intercom's support the request id and the time."
)


def refused_by_me_alone(evidence: Evidence) -> Iterator[Diagnosed]:
    """Yield that `/me` refuses, or has refused once, a token that is known to live. It is never
    certain: a token may be dying, and the next pass will see."""
    refused = [
        pair for pair in evidence.named(*TOKEN_RULES, SCOPE) if pair[0].identity == CANARY.identity
    ]
    if not refused or not evidence.token_works:
        return
    evidence.take(refused)
    observation, finding = refused[-1]
    answer = f"{observation.status} {code_of(observation)}".strip()
    takers = {one.identity for one in evidence.observations if one.exchange.is_success}
    others = len(takers - {CANARY.identity})
    took = f"{others} other operations" if others > 1 else "another operation"
    yield Diagnosed(
        finding=replace(
            finding,
            message=f"/me refuses the token ({answer}), and {took} took it in the same pass: it is "
            "not a dead token, and /me needs no permission.",
            # A living token hurts who reads /me, and nobody else.
            severity=Severity.CRITICAL if finding.consumers else Severity.WARNING,
            remedy=KEEP_USING_IT,
            certainty=Certainty.INFERRED,
        ),
        operations=shown([CANARY]),
        confirmed=False,
    )
