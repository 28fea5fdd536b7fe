"""First sight is a census, not an alarm.

How a workspace's answers departed from the descriptions when an operation was first seen there,
and hurts nobody, is known from then on: information, and never an incident. Only changes are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self

from contracts.findings import Finding
from contracts.rules import Severity

AT_FIRST_SIGHT: Final = "it was so when intercheck first looked, and no consumer reads it"
_WITHOUT_FEATURE: Final = "auth-plan-restricted"
_DEPARTURES: Final = ("schema-", "status-undocumented")
"""Rules that compare an answer with a description; all others speak of the moment."""


@dataclass(slots=True)
class Census:
    """What is known of one workspace: by operation identity, the causes that were there when it
    first answered. An operation that is in here has worked before."""

    known: dict[str, set[str]] = field(default_factory=dict)
    changed: bool = False

    @classmethod
    def of(cls, document: object) -> Self:
        """Read what `document` gave; anything else is an empty census."""
        if not isinstance(document, Mapping):
            return cls()
        return cls({str(identity): set(causes) for identity, causes in document.items()})

    def document(self) -> dict[str, list[str]]:
        """Return it for the history."""
        return {identity: sorted(causes) for identity, causes in sorted(self.known.items())}

    def has_worked(self, identity: str) -> bool:
        """Whether the operation has answered with success before."""
        return identity in self.known

    def settle(
        self, findings: Iterable[Finding], *, succeeded: Iterable[str]
    ) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
        """Take part in a pass: return the findings, those that are or were there at first sight as
        accepted information; and of these the ones seen for the first time now.

        `succeeded` are the identities of the operations that answered with success.
        """
        settled: list[Finding] = []
        firsts: list[Finding] = []
        begun = {identity for identity in succeeded if identity not in self.known}
        for identity in begun:
            self.known[identity] = set()
            self.changed = True
        for finding in findings:
            identity = finding.operation.identity if finding.operation else ""
            if not _is_departure(finding) or finding.consumers or identity not in self.known:
                settled.append(finding)
                continue
            if identity in begun:
                self.known[identity].add(finding.cause)
            if finding.cause in self.known[identity]:
                finding = replace(
                    finding, severity=Severity.INFO, accepted=finding.accepted or AT_FIRST_SIGHT
                )
                if identity in begun:
                    firsts.append(finding)
            settled.append(finding)
        return tuple(settled), tuple(firsts)

    def lacks_feature(self, finding: Finding) -> bool:
        """Whether a finding only says that the workspace's plan does not include an operation that
        never worked there: not applicable, rather than broken."""
        return (
            finding.rule.name == _WITHOUT_FEATURE
            and finding.operation is not None
            and not self.has_worked(finding.operation.identity)
        )


def _is_departure(finding: Finding) -> bool:
    return finding.rule.name.startswith(_DEPARTURES)
