"""A missing object, or a missing endpoint."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from contracts.envelopes import MERGED, envelope_of
from contracts.exchanges import BodyKind
from contracts.findings import Certainty, Finding
from contracts.rules import RULES
from monitors.diagnosis.observations import Diagnosed, Evidence, Observation

_MISSING: Final = ("status-not-found", "status-gone")
_GONE: Final = "deprecation-endpoint-gone"


def vanished_endpoints(evidence: Evidence) -> Iterator[Diagnosed]:
    """Yield operations that do not find what the list of the same pass still names: it is not the
    object that is missing."""
    # The last of each operation: what confirms it is the same again.
    missing = {pair[0].identity: pair for pair in evidence.named(*_MISSING)}
    for observation, finding in missing.values():
        source = _list_that_names(observation, evidence)
        operation = observation.exchange.operation
        if source is None or operation is None or _is_merged(observation):
            continue
        evidence.take(
            [pair for pair in evidence.named(*_MISSING) if pair[0].identity == observation.identity]
        )
        yield Diagnosed(
            finding=_of_endpoint(finding, source),
            operations=(str(operation),),
            confirmed=evidence.still_shows(observation.identity, finding),
        )


def _is_merged(observation: Observation) -> bool:
    """Whether it says where the object went: a list may name it a while longer."""
    response = observation.exchange.response
    return response is not None and envelope_of(response).code == MERGED


def _of_endpoint(finding: Finding, source: Observation) -> Finding:
    rule = RULES[_GONE]
    return replace(
        finding,
        rule=rule,
        severity=rule.severity,
        message=f"{finding.operation} was answered with {finding.observed} for an object that "
        f"{source.exchange.operation} still lists: the endpoint is gone, not the object.",
        certainty=Certainty.INFERRED,
    )


def _list_that_names(observation: Observation, evidence: Evidence) -> Observation | None:
    """Return a successful answer of the collection that holds the object asked for."""
    operation = observation.exchange.operation
    if operation is None or not operation.path.endswith("}"):
        return None  # a path that goes on below the object may miss something else
    collection, _, rest = operation.path.partition("/{")
    if "{" in rest:
        return None
    asked = urlsplit(observation.exchange.request.url).path.rsplit("/", 1)[-1]
    for other in evidence.observations:
        listed = other.exchange.operation
        if listed and listed.path == collection and _names(other, asked):
            return other
    return None


def _names(observation: Observation, identifier: str) -> bool:
    response = observation.exchange.response
    if response is None or not response.is_success or response.kind is not BodyKind.JSON:
        return False
    document = response.document
    lists = document.values() if isinstance(document, dict) else [document]
    return any(
        isinstance(item, dict) and str(item.get("id", "")) == identifier
        for several in lists
        if isinstance(several, list)
        for item in several
    )
