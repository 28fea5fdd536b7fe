"""From one exchange to findings: pure functions in one table.

What needs the whole pass (token or scope? Intercom or our network?) is diagnosis; a finding made
here says what one exchange shows, and how sure that is.
"""

from dataclasses import replace
from typing import Final

from contracts.exchanges import Exchange
from contracts.findings import Finding
from monitors.detectors.authentication import access_refusals
from monitors.detectors.connecting import slow_connections
from monitors.detectors.connections import connection_failures
from monitors.detectors.context import (
    LATENCY_LIMIT,
    Context,
    Detector,
    late_for,
    thresholds_of,
    waits_of,
)
from monitors.detectors.deprecation import DESCRIBED, deprecation_notices, described_ends
from monitors.detectors.drift import drift
from monitors.detectors.errors import error_answers
from monitors.detectors.latency import slow_answers
from monitors.detectors.rate_limit import rate_limiting
from monitors.detectors.standins import stand_ins
from monitors.detectors.versions import version_trouble

__all__ = [
    "DESCRIBED",
    "DETECTORS",
    "LATENCY_LIMIT",
    "Context",
    "Detector",
    "described_ends",
    "detect",
    "late_for",
    "thresholds_of",
    "waits_of",
]

DETECTORS: Final[dict[str, Detector]] = {
    "authentication": access_refusals,
    "connecting": slow_connections,
    "connections": connection_failures,
    "deprecation": deprecation_notices,
    "drift": drift,
    "errors": error_answers,
    "latency": slow_answers,
    "rate-limit": rate_limiting,
    "stand-ins": stand_ins,
    "versions": version_trouble,
}


def detect(exchange: Exchange, context: Context) -> tuple[Finding, ...]:
    """Return what one exchange shows, each cause once. Never raises, whatever was answered."""
    found: dict[str, Finding] = {}
    for detector in DETECTORS.values():
        for finding in detector(exchange, context):
            cause = finding.cause
            earlier = found.get(cause)
            if earlier is None or finding.severity.rank > earlier.severity.rank:
                accepted = finding.accepted or context.accepted.get(cause)
                found[cause] = replace(finding, accepted=accepted) if accepted else finding
    return tuple(found.values())
