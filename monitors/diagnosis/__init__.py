"""From the findings of a pass over one workspace to their causes.

What one exchange cannot tell, the pattern of a pass can: a dead token or a missing permission,
Intercom or our network, one endpoint or all. A broader cause takes with it what it explains;
whatever else was found in the same pass stands beside it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from contracts.findings import Finding
from contracts.rules import RULES, Severity
from contracts.rules import Evidence as Arrived
from monitors.detectors.standins import BLOCKED
from monitors.diagnosis.access import refusals
from monitors.diagnosis.attributes import reconciled
from monitors.diagnosis.blips import as_a_blip
from monitors.diagnosis.common_cause import is_latency
from monitors.diagnosis.confirmation import MOST, confirmations
from monitors.diagnosis.expectations import NOTHING_KNOWN, Expectation
from monitors.diagnosis.objects import vanished_endpoints, wrong_address
from monitors.diagnosis.observations import (
    Diagnosed,
    Evidence,
    Explained,
    Observation,
    across,
    count,
    shown,
)
from monitors.diagnosis.outage import outages, with_the_page
from monitors.diagnosis.outlook import (
    NOTHING_ASKED,
    Outlook,
    has_answered,
    is_down,
    is_token_or_region,
)
from monitors.diagnosis.slowness import slowness, told_as

__all__ = [
    "MOST",
    "NOTHING_ASKED",
    "Diagnosed",
    "Expectation",
    "Observation",
    "Outlook",
    "confirmations",
    "diagnose",
    "has_answered",
    "is_down",
    "is_latency",
    "is_token_or_region",
    "reconciled",
    "told_as",
]

WINDOW: Final = timedelta(seconds=10)
"""The span that Intercom spreads its limits over (developers.intercom.com, rate limiting)."""
_OF_THE_APP: Final = {
    "latency-connection": None,
    "rate-limit-exceeded": "429",
    "version-mismatch": None,
}
"""What is never one operation's own, and how it must have been observed."""


_ONE_IS_BLOCKED: Final = (
    "Others reach Intercom, so it is not this machine that is blocked: look for what refuses this "
    "path on the way (a proxy, a firewall, a gateway of your own). If there is none, give "
    "Intercom's support the time and the operation."
)


def diagnose(
    observations: Iterable[Observation],
    *,
    expected: Expectation = NOTHING_KNOWN,
    outlook: Outlook = NOTHING_ASKED,
) -> tuple[Diagnosed, ...]:
    """Return one diagnosis for each cause, the broadest first.

    `observations` are those of one workspace, in the order they were made, those that confirm
    something at the end; `outlook` is what was asked beside the workspace. The same gives the same
    diagnoses.
    """
    evidence = Evidence(observations)
    found = [
        *outages(evidence, outlook),
        *wrong_address(evidence),
        *refusals(evidence, expected, outlook),
        *_of_the_app(evidence, expected),
        *vanished_endpoints(evidence),
        *slowness(evidence),
        *_shared(evidence),
        *_single(evidence),
    ]
    told = (as_a_blip(with_the_page(one, outlook), evidence) for one in found)
    return tuple(_everywhere(one, evidence) for one in told)


def _everywhere(one: Diagnosed, evidence: Evidence) -> Diagnosed:
    """Name no operations where it is all that were asked, or a dead token, which is dead for all:
    those named would look like the only ones. Connecting is slow whatever is asked."""
    finding = one.finding
    if finding.rule.measured_by is Arrived.OPENED:
        return replace(one, finding=replace(finding, operations=()), operations=())
    is_of_all = len(finding.operations) == len(evidence.measured) > 1
    refused = evidence.canary is not None and evidence.canary.status == 401
    is_dead = finding.rule.name.startswith("auth-token-") and refused and not evidence.token_works
    if not finding.operations or not (is_of_all or is_dead):
        return one
    return replace(one, finding=replace(finding, operations=()))


def _of_the_app(evidence: Evidence, expected: Expectation) -> Iterator[Diagnosed]:
    for rule, observed in _OF_THE_APP.items():
        pairs = [
            pair
            for pair in evidence.named(rule)
            if observed is None or pair[1].observed == observed
        ]
        if pairs:
            evidence.take(pairs)
            finding = _with_our_share(pairs[-1], evidence, expected)
            yield across(pairs, _with_its_reach(finding, pairs, evidence))


def _with_our_share(
    pair: tuple[Observation, Finding], evidence: Evidence, expected: Expectation
) -> Finding:
    """Say of a used-up rate limit how much of it was ours, or was recorded."""
    observation, finding = pair
    response = observation.exchange.response
    limit = response.headers.get("x-ratelimit-limit", "") if response else ""
    if finding.rule.name != "rate-limit-exceeded" or not (limit.isascii() and limit.isdigit()):
        return finding
    at = observation.exchange.started_at
    ours = sum(
        timedelta() <= at - one.exchange.started_at < WINDOW for one in evidence.observations
    )
    if expected.is_recorded:
        return replace(
            finding,
            message=f"{finding.message} Of {limit} requests allowed, the recording has {ours} in "
            f"these {WINDOW.seconds} seconds.",
        )
    whose = (
        "it is intercheck's own doing"
        if ours * 2 > int(limit)
        else "the rest was the app's other integrations, or a stricter limit of Intercom's"
    )
    return replace(
        finding,
        message=f"{finding.message} Of {limit} requests allowed, intercheck sent {ours} in these "
        f"{WINDOW.seconds} seconds: {whose}.",
    )


def _with_its_reach(finding: Finding, pairs: Explained, evidence: Evidence) -> Finding:
    """Say of another version on how much of what was asked it was."""
    if finding.rule.name != "version-mismatch" or len(evidence.measured) == 1:
        return finding
    where = shown(one.exchange.operation for one, _ in pairs)
    on = f"{where[0]} alone" if len(where) == 1 else count(pairs, evidence)
    return replace(finding, message=f"{finding.message.removesuffix('.')}, on {on}.")


def _shared(evidence: Evidence) -> Iterator[Diagnosed]:
    """Yield what is the same on most operations as one; what is only noted stays as it is."""
    groups: dict[tuple[object, ...], list[tuple[Observation, Finding]]] = {}
    for pair in evidence.findings(_matters):
        groups.setdefault(_sameness(pair[1]), []).append(pair)
    for pairs in groups.values():
        if evidence.is_broad(one.identity for one, _ in pairs):
            evidence.take(pairs)
            yield _as_one(pairs, evidence)


def _matters(finding: Finding) -> bool:
    return finding.severity is not Severity.INFO and finding.accepted is None


def _sameness(finding: Finding) -> tuple[object, ...]:
    since = finding.deprecated_at.date() if finding.deprecated_at else None
    days = since, finding.last_day
    return finding.rule.name, finding.location, finding.expected, finding.observed, *days


def _as_one(pairs: Explained, evidence: Evidence) -> Diagnosed:
    worst = max((finding for _, finding in pairs), key=lambda one: (one.severity.rank, one.stage))
    message = f"{count(pairs, evidence)}: {RULES[worst.rule.name].meaning} {_example(worst)}"
    return across(pairs, replace(worst, message=message), confirmed=evidence.lasts(pairs))


def _example(finding: Finding) -> str:
    return f"For one: {finding.message}"


def _single(evidence: Evidence) -> Iterator[Diagnosed]:
    """Yield what is one operation's own, each cause once and as it was last seen."""
    last: dict[str, tuple[Observation, Finding]] = {}
    for observation, finding in evidence.findings(lambda finding: True):
        last[finding.cause] = observation, finding
    for observation, finding in last.values():
        operation = finding.operation
        others_pass = evidence.canary_works or evidence.is_passed_since(observation.identity)
        if finding.rule.name == BLOCKED and others_pass:
            finding = replace(finding, remedy=_ONE_IS_BLOCKED)
        yield Diagnosed(
            finding=finding,
            operations=(str(operation),) if operation else (),
            confirmed=evidence.still_shows(observation.identity, finding),
        )
