"""A missing object, a missing endpoint, or the wrong address altogether."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from contracts.envelopes import MERGED, envelope_of
from contracts.exchanges import BodyKind
from contracts.findings import Certainty, Finding
from contracts.rules import RULES, Severity
from monitors.detectors.standins import BLOCKED, PROXY, by_whom, is_before_intercom
from monitors.diagnosis.observations import Diagnosed, Evidence, Observation, across, count

_MISSING: Final = ("status-not-found", "status-gone")
_GONE: Final = "deprecation-endpoint-gone"
_NOT_FOUND: Final = frozenset({404, 410})
_OF_ME: Final = frozenset({"type", "id", "email", "app"})
"""What every recorded `/me` has; a mock of Intercom's has some of it."""


_CORRECT_THE_ADDRESS: Final = (
    "Correct the workspace's base URL (`base-url` in intercheck.yaml, or --base-url): Intercom's "
    "are https://api.intercom.io, https://api.eu.intercom.io and https://api.au.intercom.io, "
    "without a path. If it is one of these already, something on the way answers in its place."
)


def wrong_address(evidence: Evidence) -> Iterator[Diagnosed]:
    """Yield that most of what was asked is not found, `/me` among it: no workspace lacks that, so
    it is not Intercom's API that was asked."""
    yield from _strangers(evidence)
    canary = evidence.canary
    if canary is None or canary.status not in _NOT_FOUND or canary.exchange.response is None:
        return
    missing = [
        pair for pair in evidence.named(*_MISSING, _GONE, BLOCKED) if pair[0].status in _NOT_FOUND
    ]
    if not evidence.is_broad(one.identity for one, _ in missing):
        return
    evidence.take(missing)
    answer = canary.exchange.response
    host = urlsplit(canary.exchange.request.url).netloc
    at = f" at {host}" if host else ""  # a recording may hold paths alone
    why = (
        f"Intercom answers{at}, but its API does not stand at the path that is asked there"
        if answer.request_id
        else f"what answers{at}{by_whom(answer)} is not Intercom's API"
    )
    yield across(
        missing,
        replace(
            missing[-1][1],
            rule=RULES["status-not-found"],
            severity=Severity.CRITICAL,
            location="status",
            expected="2xx",
            observed=str(canary.status),
            message=f"{count(missing, evidence)} were answered with {canary.status}, and /me, "
            f"which every workspace has, among them: {why}.",
            remedy=_CORRECT_THE_ADDRESS,
            certainty=Certainty.INFERRED,
        ),
        confirmed=evidence.lasts(missing),
    )


def _strangers(evidence: Evidence) -> Iterator[Diagnosed]:
    """Yield that `/me` and most of what was asked succeed, and nothing of it is Intercom's: another
    service answers there, and whatever its answers lack means nothing."""
    canary = evidence.canary
    if canary is None or not _is_strange(canary) or not _lacks_all(canary):
        return
    strange = {one.identity for one in evidence.latest.values() if _is_strange(one)}
    pairs = [pair for pair in evidence.findings(lambda one: True) if pair[0].identity in strange]
    if not evidence.is_broad(one.identity for one, _ in pairs):
        return
    evidence.take(pairs)
    host = urlsplit(canary.exchange.request.url).netloc
    at = f"at {host} " if host else ""
    yield across(
        pairs,
        replace(
            pairs[0][1],
            rule=RULES[PROXY],
            severity=Severity.CRITICAL,
            location="connection",
            expected="answer",
            observed="stranger",
            accepted=None,
            message=f"{count(pairs, evidence)} were answered, and by another service than "
            f"Intercom's API: {at}/me names neither an admin nor an app, and no answer has a "
            "request id.",
            remedy=_CORRECT_THE_ADDRESS,
            certainty=Certainty.INFERRED,
        ),
    )


def _is_strange(observation: Observation) -> bool:
    response = observation.exchange.response
    return (
        response is not None
        and response.is_success
        and response.kind is BodyKind.JSON
        and is_before_intercom(response)
        and "intercom-version" not in response.headers
    )


def _lacks_all(canary: Observation) -> bool:
    response = canary.exchange.response
    document = response.document if response else None
    return not isinstance(document, dict) or not _OF_ME & document.keys()


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
