"""Which operations are slow in a pass, and whether that has one cause.

Every operation is watched by itself; whether what one of them shows has a common cause is read
from the others. Were nothing common, each of them would be as likely below its usual time as above
it, so the number that are clearly above is at most binomial with one half: a sign test (Arbuthnot,
1710) over all operations but the one that gave occasion to ask. It takes for a common cause what
is none in at most `CHANCE` of the passes in which something is slow, and needs ten others to say
anything.
"""

from datetime import UTC, datetime
from math import comb
from typing import Final

from contracts.findings import Course, Finding
from contracts.rules import Severity
from monitors.diagnosis.observations import Evidence, Explained, Observation, shown
from monitors.grouping import AT_ONCE, SLOWNESS
from monitors.latencies import TOGETHER

CHANCE: Final = 0.001
"""The share of passes with something slow in which the test may be wrong: below one a year at a
false alarm per endpoint in twenty weeks."""
_LATENCY: Final = "latency-"


def is_common_mode(*, above: int, of: int) -> bool:
    """Whether so many of the other operations are slower than usual that it is no chance."""
    if of <= 0 or not 0 < above <= of:
        return False
    ways = sum(comb(of, number) for number in range(above, of + 1))
    return ways <= CHANCE * float(2**of)


def is_latency(finding: Finding) -> bool:
    """Whether a finding is of how long answers take."""
    return finding.rule.name.startswith(_LATENCY)


def slow_of(evidence: Evidence) -> list[Observation]:
    """Return the operations that were found slow in this pass, by whichever rule."""
    return [one for one in evidence.latest.values() if any(map(_is_slow, one.findings))]


def _is_slow(finding: Finding) -> bool:
    is_told = finding.rule.name == SLOWNESS or finding.severity is not Severity.INFO
    return is_latency(finding) and is_told and finding.course is Course.GOES_ON


def others_of(evidence: Evidence) -> list[bool]:
    """Return of the operations that were not found slow whether this answer was."""
    slow = {one.identity for one in slow_of(evidence)}
    return [
        one.latency.is_slower
        for identity, one in evidence.latest.items()
        if identity not in slow and one.latency.is_slower is not None
    ]


def together(free: Explained, evidence: Evidence) -> list[tuple[Observation, Finding]]:
    """Return those that have one cause: all of them where it is everybody's, else those that began
    together, with what is told together already or with another."""
    if free and is_common(evidence):
        return list(free)
    told = [pair for pair in free if pair[0].latency.told == TOGETHER]
    seeds = told or list(free)
    return [
        pair
        for pair in free
        if pair in told or any(pair is not seed and is_at_once(pair[0], seed[0]) for seed in seeds)
    ]


def is_common(evidence: Evidence) -> bool:
    """Whether it is everybody's: of those that were found slow, as many as began at once."""
    slow, others = slow_of(evidence), others_of(evidence)
    most = max(
        ([one for one in slow if is_at_once(one, seed)] for seed in slow), key=len, default=[]
    )
    if len(slow) > 1 and evidence.is_broad(one.identity for one in most):
        return True
    more = len(slow) - 1  # those found slow are above their usual time; one gave the occasion
    return is_common_mode(above=sum(others) + more, of=len(others) + more)


def onset_of(observation: Observation) -> datetime:
    judged = observation.latency
    if judged.is_slow:
        return datetime.fromtimestamp(judged.onset or judged.verdict.since, UTC)
    began = [one.began_at for one in observation.findings if is_latency(one) and one.began_at]
    return min(began, default=observation.exchange.started_at)


def is_at_once(one: Observation, other: Observation) -> bool:
    return abs(onset_of(one) - onset_of(other)) <= AT_ONCE


def well_of(evidence: Evidence) -> tuple[str, ...]:
    """Return the operations that were timed in this pass, and are not slow."""
    slow = {one.identity for one in slow_of(evidence)}
    return shown(
        one.exchange.operation
        for identity, one in evidence.latest.items()
        if identity not in slow and one.latency.is_slower is not None
    )
