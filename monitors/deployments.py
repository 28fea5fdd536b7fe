"""Which deployment of Intercom's answered last, and what was wrong with it.

Trouble that begins with another one most likely comes from it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self

from contracts.exchanges import Exchange
from contracts.findings import Finding
from contracts.rules import Severity

_OF_THE_ANSWER: Final = ("schema-", "body-", "status-", "server-error")
_SHORT: Final = 10
"""Characters of a commit that are shown."""


@dataclass(slots=True, kw_only=True)
class Deployments:
    """By operation identity: the deployment (`x-intercom-version`) that answered in the last pass
    in which one did, and the causes of trouble that its answers showed."""

    last: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)
    now: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)
    """Of this pass."""

    @classmethod
    def of(cls, document: object) -> Self:
        """Read what `document` gave; anything else is nothing known."""
        last: dict[str, tuple[str, frozenset[str]]] = {}
        for identity, kept in document.items() if isinstance(document, Mapping) else ():
            if isinstance(kept, list) and kept and all(isinstance(one, str) for one in kept):
                last[str(identity)] = kept[0], frozenset(kept[1:])
        return cls(last=last)

    def document(self) -> dict[str, list[str]]:
        """Return it for the history."""
        known = {**self.last, **self.now}
        return {name: [sha, *sorted(causes)] for name, (sha, causes) in sorted(known.items())}

    def of_the_next_pass(self) -> Self:
        """Return what is known when the next pass begins."""
        return type(self)(last={**self.last, **self.now})

    def take(self, exchange: Exchange, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Note what an answer showed, and return its findings, those that begin with a deployment
        saying so."""
        findings = tuple(findings)
        deployment, operation = exchange.deployment, exchange.operation
        if deployment is None or operation is None:
            return findings
        identity = operation.identity
        told = frozenset(one.cause for one in findings if _counts(one))
        earlier = self.now.get(identity)
        self.now[identity] = deployment, told | (earlier[1] if earlier else frozenset())
        before = self.last.get(identity)
        if before is None or before[0] == deployment:
            return findings
        return tuple(
            replace(one, message=f"{one.message} {_begins(deployment, before[0])}")
            if one.cause in told - before[1]
            else one
            for one in findings
        )


def _counts(finding: Finding) -> bool:
    return finding.severity is not Severity.INFO and finding.rule.name.startswith(_OF_THE_ANSWER)


def _begins(deployment: str, before: str) -> str:
    return (
        f"It begins with Intercom's deployment {deployment[:_SHORT]}; the last answer without it "
        f"came from {before[:_SHORT]}."
    )
