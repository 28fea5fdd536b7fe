"""What was wrong once, and was well when it was asked again: told as what it is, a blip so far."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from monitors.diagnosis.observations import Diagnosed, Evidence, Observation, code_of
from monitors.policies import FAILURE_THRESHOLD

_CLAIMS: Final = ("auth-", "deprecation-", "version-")
"""Rules whose sentence says more than what was answered: of a token, a permission, an endpoint."""
_WAIT: Final = "Nothing need be done unless it comes back: then an incident tells it."


def as_a_blip(one: Diagnosed, evidence: Evidence) -> Diagnosed:
    """Say of a failure that did not last that it did not; leave anything else as it is, also what
    failed so often that a recording holds more than a blip."""
    if one.confirmed:
        return one
    failed = [
        observation
        for observation in evidence.observations
        if str(observation.exchange.operation) in one.operations
        and observation.identity in evidence.repeated
        and not observation.exchange.is_success
    ]
    if any(number >= FAILURE_THRESHOLD for number in _times(failed).values()):
        return one
    again = {observation.identity: evidence.latest[observation.identity] for observation in failed}
    if not again or not all(latest.exchange.is_success for latest in again.values()):
        return one
    statuses = " or ".join(sorted({str(latest.status) for latest in again.values()}))
    finding, is_one = one.finding, len(one.operations) == 1
    said, once = finding.message, "once " if len(failed) == 1 else ""
    if is_one and finding.rule.name.startswith(_CLAIMS):
        said = f"{one.operations[0]} was answered {once}with {_answer(failed[0])}."
    told = f"{said} Asked again, {'it' if is_one else 'they'} answered well ({statuses}): a blip."
    return replace(one, finding=replace(finding, message=told, remedy=_WAIT), is_blip=True)


def _times(failed: Iterable[Observation]) -> Counter[str]:
    return Counter(one.identity for one in failed)


def _answer(observation: Observation) -> str:
    return f"{observation.status or ''} {code_of(observation)}".strip()
