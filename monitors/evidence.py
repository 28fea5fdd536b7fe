"""What a pass says of an incident: seen again, over, or nothing that counts.

The absence of a finding is health only where the trouble could have been seen: a 503 says nothing
about whether a field is back. Each rule says what must have arrived (`measured_by`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from contracts.exchanges import BodyKind, Exchange, Operation
from contracts.findings import Course, Finding
from contracts.rules import Evidence, Severity
from monitors.asking import Visit
from monitors.baselines import opening_of
from monitors.detectors import DESCRIBED
from monitors.diagnosis import NOTHING_ASKED, Diagnosed, Observation, Outlook
from monitors.grouping import key_of
from monitors.records import IncidentState
from monitors.sightings import (
    Sighting,
)

_ITEM: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a pass saw of one workspace: what came of every probe, everything that was observed in
    its order, and the causes it comes to."""

    workspace: str
    visits: Sequence[Visit]
    observations: Sequence[Observation] = ()
    diagnosed: Sequence[Diagnosed] = ()
    requests: int = 0
    outlook: Outlook = NOTHING_ASKED

    @property
    def sightings(self) -> list[Sighting]:
        """Return the causes that can make an incident."""
        return [
            one.sighting
            for one in self.diagnosed
            if one.finding.accepted is None and one.finding.severity is not Severity.INFO
        ]

    @property
    def accepted(self) -> dict[str, str]:
        """Return by key why a cause is accepted that would else make an incident."""
        return {
            key_of(one.finding): one.finding.accepted
            for one in self.diagnosed
            if one.finding.accepted is not None and one.finding.severity is not Severity.INFO
        }

    @property
    def courses(self) -> dict[str, Finding]:
        """Return by key what is no trouble now and yet not gone: it pauses, or is usual now."""
        return {
            key_of(one.finding): one.finding
            for one in self.diagnosed
            if one.finding.accepted is None
            and one.finding.severity is Severity.INFO
            and one.finding.course is not Course.GOES_ON
        }

    def meant_to_ask(self, identities: frozenset[str]) -> bool:
        """Whether the pass had one of these operations to ask here, asked or not."""
        return any(visit.probe.identity in identities for visit in self.visits)


class Health(Enum):
    """What one pass says of an incident in one workspace, apart from seeing it again."""

    OVER = "over"
    UNKNOWN = "unknown"
    NOT_ASKED = "not asked"


def health(incident: IncidentState, look: Look) -> Health:
    """Say whether `look`, which holds no finding of the incident, is evidence that it is over."""
    if incident.finding.location == DESCRIBED:
        return Health.OVER  # the description is read with every pass, whatever is asked
    if incident.finding.rule.measured_by is Evidence.OPENED:
        return _of_connecting(look)
    concerned = _identities(incident)
    if not look.meant_to_ask(concerned):
        return Health.NOT_ASKED
    # Of a cause across operations one good answer tells; what is left of it is another finding.
    if any(
        is_evidence(incident.finding, one.exchange)
        for one in look.observations
        if one.identity in concerned
    ):
        return Health.OVER
    return Health.UNKNOWN


def _of_connecting(look: Look) -> Health:
    """Any connection that was opened tells; where one was kept alive there was nothing to open."""
    if any(opening_of(one.exchange) is not None for one in look.observations):
        return Health.OVER
    is_open = any(one.exchange.response for one in look.observations)
    return Health.NOT_ASKED if is_open or not look.visits else Health.UNKNOWN


def _identities(incident: IncidentState) -> frozenset[str]:
    operation = incident.finding.operation
    if operation is not None:
        return frozenset({operation.identity})
    return frozenset(Operation.parse(shown).identity for shown in incident.operations)


def is_evidence(finding: Finding, exchange: Exchange) -> bool:
    """Whether an exchange could have shown `finding` again."""
    response = exchange.response
    if response is None:
        return False
    needed = finding.rule.measured_by
    if needed is Evidence.CONNECTION:
        return True
    if needed is Evidence.ANSWER:
        # What stands before Intercom answers too, without a request id and without JSON.
        return response.status < 500 and (
            response.request_id is not None or response.kind is BodyKind.JSON
        )
    if needed is Evidence.SUCCESS or not finding.location.startswith("/"):
        return response.is_success
    parent = finding.location.split("/")[1:-1]
    return (
        response.is_success
        and response.kind is BodyKind.JSON
        and _has_parent(response.document, parent)
    )


def _has_parent(document: Any, steps: Sequence[str]) -> bool:
    """Whether a pointer pattern leads to an object or a list."""
    if not steps:
        return isinstance(document, (dict, list))
    step, rest = steps[0], steps[1:]
    if step == _ITEM:
        items = document.values() if isinstance(document, dict) else document
        return isinstance(document, (dict, list)) and any(_has_parent(item, rest) for item in items)
    name = step.replace("~1", "/").replace("~0", "~")
    return isinstance(document, dict) and name in document and _has_parent(document[name], rest)
