"""First sight is a census, not an alarm.

How an operation's answers departed from the descriptions when they were first seen in a workspace
is known from then on, unless it hurts a consumer: information, and never an incident.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from contracts.findings import Finding

_DEPARTURES: Final = ("schema-", "status-undocumented")
"""Rules that compare an answer with a description; all others speak of the moment."""


@dataclass(slots=True)
class Census:
    """What is known of one workspace: by operation identity, the causes that were there when it
    first answered with success. An operation that is in here has worked before."""

    causes: dict[str, frozenset[str]] = field(default_factory=dict)
    changed: bool = False

    @classmethod
    def of(cls, document: object) -> Self:
        """Read what `document` gave; anything else is an empty census."""
        if not isinstance(document, Mapping):
            return cls()
        return cls({str(identity): frozenset(causes) for identity, causes in document.items()})

    def document(self) -> dict[str, list[str]]:
        """Return it for the history."""
        return {identity: sorted(causes) for identity, causes in sorted(self.causes.items())}

    def known(self, identity: str) -> frozenset[str] | None:
        """Return the causes known of an operation, None where it has never been seen to work."""
        return self.causes.get(identity)

    def take(self, identity: str, findings: Iterable[Finding]) -> None:
        """Note what the first success of an operation showed; later ones change nothing."""
        if identity in self.causes:
            return
        self.causes[identity] = frozenset(
            finding.cause for finding in findings if is_departure(finding) and not finding.consumers
        )
        self.changed = True


def is_departure(finding: Finding) -> bool:
    """Whether a finding compares an answer with a description."""
    return finding.rule.name.startswith(_DEPARTURES)
