"""Slowness of one operation, of a group, or of everything.

Every operation is watched by itself; whether what one of them shows has a common cause is read
from the others. Were nothing common, each of them would be as likely below its usual time as above
it, so the number that are clearly above is at most binomial with one half: a sign test (Arbuthnot,
1710) over all operations but the one that gave occasion to ask. It takes for a common cause what
is none in at most `CHANCE` of the passes in which something is slow, and needs ten others to say
anything.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import comb
from statistics import median
from typing import Final

from contracts.exchanges import Exchange
from contracts.findings import Finding
from contracts.rules import Severity
from monitors.diagnosis.observations import (
    Diagnosed,
    Evidence,
    Explained,
    Observation,
    across,
    count,
)
from monitors.latencies import TOGETHER

CHANCE: Final = 0.001
"""The share of passes with something slow in which the test may be wrong: below one a year at a
false alarm per endpoint in twenty weeks."""
AT_ONCE: Final = 1800.0
"""Seconds between onsets of what began together: an onset is known to a quarter of an hour or two.
Two of 27 operations that cry wolf once in twenty weeks each do so within it once in six years."""
_REGRESSION: Final = "latency-regression"
_LATENCY: Final = "latency-"


def slowness(evidence: Evidence) -> Iterator[Diagnosed]:
    """Yield slowness with a common cause as one, and take it; say of what stands alone so.

    What was told as an operation's own stays so until it is over, and what was told together stays
    together: a trouble that spreads must not look as if it had ended.
    """
    pairs = [
        pair
        for pair in evidence.named(_REGRESSION)
        if pair[1].accepted is None and pair[0] is evidence.latest[pair[0].identity]
    ]
    free = [pair for pair in pairs if pair[0].latency.told in ("", TOGETHER)]
    if not free:
        yield from _alone(evidence, pairs)
        return
    others = _others(evidence, pairs)
    more = len(pairs) - 1  # those found slower are above their usual time; one gave the occasion
    is_common = evidence.is_broad(one.identity for one, _ in pairs) or is_common_mode(
        above=sum(others) + more, of=len(others) + more
    )
    joined = free if is_common else _joined(free)
    if joined:
        evidence.take([pair for pair in evidence.named(_REGRESSION) if _is_of(pair, joined)])
        yield _as_one(joined, evidence, others if is_common else None)
    yield from _alone(evidence, [pair for pair in pairs if pair not in joined])


def is_common_mode(*, above: int, of: int) -> bool:
    """Whether so many of the other operations are slower than usual that it is no chance."""
    if of <= 0 or not 0 < above <= of:
        return False
    ways = sum(comb(of, number) for number in range(above, of + 1))
    return ways <= CHANCE * float(2**of)


def is_latency(finding: Finding) -> bool:
    """Whether a finding is of how long answers take."""
    return finding.rule.name.startswith(_LATENCY)


def told_as(
    observations: Iterable[Observation], diagnosed: Iterable[Diagnosed]
) -> Iterator[tuple[Exchange, str]]:
    """Yield of every operation that was timed how its slowness is told; empty where it is not."""
    told: dict[str, str] = {}
    for one in diagnosed:
        finding = one.finding
        if is_latency(finding) and finding.severity is not Severity.INFO:
            name = finding.rule.name if finding.operation else TOGETHER
            told.update(dict.fromkeys(one.operations, name))
    for observation in observations:
        if observation.latency.is_slower is not None:
            yield observation.exchange, told.get(str(observation.exchange.operation), "")


def _others(evidence: Evidence, pairs: Explained) -> list[bool]:
    """Return of the operations that were not found slower whether this answer was."""
    found = {one.identity for one, _ in pairs}
    return [
        one.latency.is_slower
        for identity, one in evidence.latest.items()
        if identity not in found and one.latency.is_slower is not None
    ]


def _joined(free: Explained) -> list[tuple[Observation, Finding]]:
    """Return those that began together: with what is told together already, or with another."""
    together = [pair for pair in free if pair[0].latency.told == TOGETHER]
    seeds = together or list(free)
    joined = [
        pair
        for pair in free
        if pair in together
        or any(
            pair is not seed
            and abs(pair[0].latency.verdict.since - seed[0].latency.verdict.since) <= AT_ONCE
            for seed in seeds
        )
    ]
    loud = any(finding.severity is not Severity.INFO for _, finding in joined)
    return joined if loud or together else []


def _is_of(pair: tuple[Observation, Finding], joined: Explained) -> bool:
    return pair[0].identity in {one.identity for one, _ in joined}


def _as_one(pairs: Explained, evidence: Evidence, others: list[bool] | None) -> Diagnosed:
    worst = max((finding for _, finding in pairs), key=lambda one: one.severity.rank)
    factor = median(one.latency.verdict.factor for one, _ in pairs)
    shares = [one.latency.slowed.part for one, _ in pairs if one.latency.slowed.part]
    part = max(sorted(set(shares)), key=shares.count) if shares else ""
    where = {
        "server": "It is Intercom's own time (x-runtime).",
        "network": "It is the network or this machine: Intercom's own time (x-runtime) stayed.",
    }.get(part, "")
    if others is None:
        scope = "began to be slower together, the others did not"
    elif others:
        scope = (
            f"are lastingly slower, and {sum(others)} of the other {len(others)} in this pass: it "
            "has one cause, Intercom or the way to it"
        )
    else:
        scope = "are slower: it has one cause, Intercom or the way to it"
    message = (
        f"{count(pairs, evidence)} {scope}. {factor:.1f} times the usual time. {where} "
        f"For one: {worst.message}"
    )
    return across(
        pairs, replace(worst, message=" ".join(message.split())), confirmed=evidence.lasts(pairs)
    )


def _alone(evidence: Evidence, pairs: Explained) -> Iterator[Diagnosed]:
    """Yield each as its own, and say that it is the only one where it is."""
    evidence.take([pair for pair in evidence.named(_REGRESSION) if _is_of(pair, pairs)])
    for _, finding in pairs:
        operation = finding.operation
        message = finding.message
        if len(pairs) == 1 and len(_others(evidence, pairs)) > 1:
            message = f"{message.removesuffix('.')}, {operation} only."
        yield Diagnosed(
            finding=replace(finding, message=message),
            operations=(str(operation),) if operation else (),
        )
