"""First sight is a census, not an alarm.

How an operation's answers departed from the descriptions when they were first seen in a workspace
is known from then on, unless it hurts a consumer: information, and never an incident.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from contracts.findings import Finding
from contracts.rules import Severity

_DEPARTURES: Final = ("schema-", "status-undocumented")
"""Rules that compare an answer with a description; all others speak of the moment."""
_NOTHING_SEEN: Final = frozenset({"body-empty", "body-not-json", "status-mismatch"})
"""Rules of successes that show nothing of what answers hold: another first sight is to come."""


@dataclass(slots=True, kw_only=True)
class Census:
    """What is known of one workspace: by operation identity, the causes that were there when it
    first answered with success.

    `reference` names what answers are held to. Held to something else they depart elsewhere, so
    that is another first sight; which operations have `worked` before stays known.
    """

    reference: str = ""
    causes: dict[str, frozenset[str]] = field(default_factory=dict)
    worked: frozenset[str] = frozenset()
    fresh: set[str] = field(default_factory=set)
    """Causes noted in this pass of operations that were known before."""
    changed: bool = False

    @classmethod
    def of(cls, document: object, reference: str) -> Self:
        """Read what `document` gave; anything else is an empty census."""
        operations = document.get("operations") if isinstance(document, Mapping) else None
        if not isinstance(document, Mapping) or not isinstance(operations, Mapping):
            return cls(reference=reference)
        worked = frozenset(map(str, operations))
        if document.get("reference") != reference:
            return cls(reference=reference, worked=worked)
        causes = {
            str(identity): frozenset(map(str, found)) if isinstance(found, list) else frozenset()
            for identity, found in operations.items()
        }
        return cls(reference=reference, causes=causes, worked=worked)

    def document(self) -> dict[str, object]:
        """Return it for the history."""
        operations = {identity: sorted(found) for identity, found in sorted(self.causes.items())}
        return {"reference": self.reference, "operations": operations}

    def known(self, identity: str) -> frozenset[str] | None:
        """Return the causes known of an operation, None where this is its first sight."""
        return self.causes.get(identity)

    def take(self, identity: str, findings: Iterable[Finding]) -> None:
        """Note what a success showed: at first sight all that hurts no consumer, later what is
        only for information, so that it is recorded once and not with every pass."""
        noted = frozenset(
            finding.cause
            for finding in findings
            if is_departure(finding) and not finding.consumers and finding.severity is Severity.INFO
        )
        known = self.causes.get(identity)
        if known is None and any(one.rule.name in _NOTHING_SEEN for one in findings):
            return  # else what is so in every answer would be news in the next one
        if known is None:
            self.causes[identity] = noted
            self.changed = True
        elif not noted <= known:
            self.fresh |= noted - known
            self.causes[identity] = known | noted
            self.changed = True

    def is_news(self, finding: Finding) -> bool:
        """Whether a finding is to be recorded with the pass: what the census holds is not, except
        in the pass that noted it."""
        if not is_departure(finding) or finding.operation is None:
            return True
        known = self.causes.get(finding.operation.identity, frozenset())
        return finding.cause not in known or finding.cause in self.fresh


def is_departure(finding: Finding) -> bool:
    """Whether a finding compares an answer with a description."""
    return finding.rule.name.startswith(_DEPARTURES)
