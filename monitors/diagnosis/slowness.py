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
from datetime import UTC, datetime
from math import comb
from statistics import median
from typing import Final

from contracts.exchanges import Exchange
from contracts.findings import Finding
from contracts.rules import Severity
from monitors.detectors.latency import times
from monitors.detectors.limits import moment
from monitors.diagnosis.observations import (
    LEAST_BROAD,
    Diagnosed,
    Evidence,
    Explained,
    Observation,
    across,
)
from monitors.grouping import AT_ONCE, SLOWNESS
from monitors.latencies import TOGETHER

CHANCE: Final = 0.001
"""The share of passes with something slow in which the test may be wrong: below one a year at a
false alarm per endpoint in twenty weeks."""
_LATENCY: Final = "latency-"
_PARTS: Final = {
    "server": "It is Intercom's own time (x-runtime).",
    "network": "It is the network or this machine: Intercom's own time (x-runtime) stayed.",
}


def slowness(evidence: Evidence) -> Iterator[Diagnosed]:
    """Yield slowness with a common cause as one, and take it; say of what stands alone so.

    What was told as an operation's own stays so until it is over, and what was told together stays
    together: a trouble that spreads must not look as if it had ended.
    """
    pairs = [
        pair
        for pair in evidence.named(SLOWNESS)
        if pair[1].accepted is None and pair[0] is evidence.latest[pair[0].identity]
    ]
    free = [pair for pair in pairs if pair[0].latency.told in ("", TOGETHER)]
    if not free:
        yield from _alone(evidence, pairs, is_only=len(pairs) == 1)
        return
    others = _others(evidence, pairs)
    more = len(pairs) - 1  # those found slower are above their usual time; one gave the occasion
    is_common = evidence.is_broad(one.identity for one, _ in pairs) or is_common_mode(
        above=sum(others) + more, of=len(others) + more
    )
    joined = free if is_common else _joined(free)
    if joined:
        evidence.take([pair for pair in evidence.named(SLOWNESS) if _is_of(pair, joined)])
        found = pairs if is_common else [one for one in pairs if _is_with(one, joined)]
        yield _as_one(joined, evidence, others, slower=len(found), is_common=is_common)
    alone = [pair for pair in pairs if pair not in joined]
    yield from _alone(evidence, alone, is_only=not joined and len(alone) == 1)


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
    return [
        pair
        for pair in free
        if pair in together or any(pair is not seed and _is_with(pair, [seed]) for seed in seeds)
    ]


def _is_of(pair: tuple[Observation, Finding], joined: Explained) -> bool:
    return pair[0].identity in {one.identity for one, _ in joined}


def _onset(pair: tuple[Observation, Finding]) -> datetime:
    return datetime.fromtimestamp(pair[0].latency.verdict.since, UTC)


def _is_with(pair: tuple[Observation, Finding], others: Explained) -> bool:
    return any(abs(_onset(pair) - _onset(one)) <= AT_ONCE for one in others)


def _as_one(
    pairs: Explained, evidence: Evidence, others: list[bool], *, slower: int, is_common: bool
) -> Diagnosed:
    """Make one of several; `slower` are all that it is so of, with those that were told before."""
    # The first of the worst stands for all of them, its onset too: one message, one beginning.
    shown = max(pairs, key=lambda pair: (pair[1].severity.rank, -_onset(pair).timestamp()))
    worst, began_at = shown[1], _onset(shown)
    of_all = f"{slower} of {len(evidence.measured)} operations"
    are_too = f"{sum(others)} of the other {len(others)} took longer than usual in this pass"
    if is_common:
        beside = f", and {are_too}" if others else ""
        scope = f"are slower{beside}: it has one cause, Intercom or the way to it."
    else:
        beside = f"; {are_too}" if sum(others) >= LEAST_BROAD else "; the others did not"
        scope = f"became slower together{beside if others else ''}."
    factor = times(median(one.latency.verdict.factor for one, _ in pairs))
    since = moment(began_at, worst.observed_at.astimezone(UTC))
    middle = f"They take {factor} the usual time (median), since {since} UTC."
    message = " ".join(filter(None, (f"{of_all} {scope}", middle, _where(pairs), "For one:")))
    if slower == 1:  # a group has at least two: this one was found with others that are well again
        message = "Of the operations that became slower together one still is."
    return across(
        pairs,
        replace(
            worst,
            message=f"{message} {worst.message}",
            began_at=began_at,
            evidence=f"{factor} the usual time (median of {len(pairs)} operations)",
        ),
        confirmed=evidence.lasts(pairs),
    )


def _where(pairs: Explained) -> str:
    """Say which part slowed, where it is that of most whose part is known."""
    parts = [one.latency.slowed.part for one, _ in pairs if one.latency.slowed.part]
    for part, words in _PARTS.items():
        if parts.count(part) * 2 > len(parts):
            return words
    return ""


def _alone(evidence: Evidence, pairs: Explained, *, is_only: bool) -> Iterator[Diagnosed]:
    """Yield each as its own, and say of the only one that is found that it is the only one, where
    the others do not look as if they were slower, too."""
    others = _others(evidence, pairs)
    is_broad = sum(others) >= LEAST_BROAD and sum(others) * 2 > len(others)
    is_only = is_only and len(others) > 1 and not is_broad
    evidence.take([pair for pair in evidence.named(SLOWNESS) if _is_of(pair, pairs)])
    for _, finding in pairs:
        operation = finding.operation
        message = finding.message
        if is_only:
            message = f"{message.removesuffix('.')}, {operation} only."
        yield Diagnosed(
            finding=replace(finding, message=message),
            operations=(str(operation),) if operation else (),
        )
