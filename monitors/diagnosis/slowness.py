"""Slowness of one operation, of a group, or of everything: what is told of each."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median
from typing import Final

from contracts.exchanges import Exchange
from contracts.findings import Course, Finding
from contracts.rules import Severity
from monitors.detectors.compared import times
from monitors.detectors.limits import moment
from monitors.diagnosis.common_cause import (
    is_common,
    is_latency,
    onset_of,
    others_of,
    slow_of,
    together,
    well_of,
)
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
from monitors.regression import Kind

_PARTS: Final = {
    "server": "It is Intercom's own time (x-runtime).",
    "network": "It is the network or this machine: Intercom's own time (x-runtime) stayed.",
}


def slowness(evidence: Evidence) -> Iterator[Diagnosed]:
    """Yield slowness with a common cause as one, and take it; say of what stands alone so.

    What was told as an operation's own stays so until it is over, and what was told together stays
    together: a trouble that spreads must not look as if it had ended. What pauses is not slow, and
    makes nothing common.
    """
    pairs = [
        pair
        for pair in evidence.named(SLOWNESS)
        if pair[1].accepted is None and pair[0] is evidence.latest[pair[0].identity]
    ]
    evidence.take([pair for pair in evidence.named(SLOWNESS) if _is_of(pair, pairs)])
    calm = [pair for pair in pairs if pair[1].course is not Course.GOES_ON]
    slow = [pair for pair in pairs if pair not in calm]
    free = [pair for pair in slow if pair[0].latency.told in ("", TOGETHER)]
    joined = together(free, evidence)
    if joined:
        yield _as_one(joined, evidence)
    calm_together = [pair for pair in calm if pair[0].latency.told == TOGETHER]
    if calm_together and not joined:
        yield _calm(calm_together)
    yield from _alone(evidence, [pair for pair in slow if pair not in joined])
    yield from _alone(evidence, [pair for pair in calm if pair not in calm_together])


def told_as(
    observations: Iterable[Observation], diagnosed: Iterable[Diagnosed]
) -> Iterator[tuple[Exchange, str]]:
    """Yield of every operation that was timed how its slowness is told; empty where it is not.
    While it goes on it is told as it was."""
    told: dict[str, str] = {}
    for one in diagnosed:
        finding = one.finding
        if is_latency(finding) and finding.severity is not Severity.INFO:
            name = finding.rule.name if finding.operation else TOGETHER
            told.update(dict.fromkeys(one.operations, name))
    for observation in observations:
        latency = observation.latency
        if latency.is_slower is not None:
            goes_on = latency.verdict.kind is not Kind.NOTHING and not latency.verdict.opened
            as_it_was = latency.told if goes_on else ""
            yield observation.exchange, told.get(str(observation.exchange.operation), as_it_was)


def _is_of(pair: tuple[Observation, Finding], joined: Explained) -> bool:
    return pair[0].identity in {one.identity for one, _ in joined}


def _as_one(pairs: Explained, evidence: Evidence) -> Diagnosed:
    """Make one of several."""
    others, slow = others_of(evidence), slow_of(evidence)
    # The first of the worst stands for all of them, and the first of most for their beginning.
    first = max(pairs, key=lambda pair: (pair[1].severity.rank, -onset_of(pair[0]).timestamp()))
    began_at = min(
        (onset_of(one) for one, _ in pairs),
        key=lambda at: (-sum(abs(at - onset_of(one)) <= AT_ONCE for one, _ in pairs), at),
    )
    worst = first[1]
    of_all = f"of {len(evidence.measured)} operations"
    beside = len(slow) - len(pairs)
    if is_common(evidence):
        scope = f"{len(slow)} {of_all} are slower"
        scope += f", {beside} of them told by {_itself(beside)}" if beside else ""
        scope += f", and {_also(others)}" if others else ""
        scope += ": it has one cause, Intercom or the way to it."
    elif len(pairs) == 1:  # a group has at least two: the others are well again
        scope = "Of the operations that became slower together one still is."
    else:
        scope = f"{len(pairs)} {of_all} are slower together"
        scope += f"; {beside} more told by {_itself(beside)}" if beside else ""
        scope += (
            "" if not others else f"; {_also(others)}" if any(others) else "; the others are not"
        )
        scope += "."
    factor = times(median(one.latency.verdict.factor for one, _ in pairs))
    message = f"{scope} {worst.message}"
    if len(pairs) > 1:
        since = moment(began_at, worst.observed_at.astimezone(UTC))
        middle = f"They take {factor} the usual time (median), since {since} UTC."
        message = " ".join(
            filter(None, (scope, middle, _where(pairs), f"For one: {worst.message}"))
        )
    operations = "operations" if len(pairs) > 1 else "operation"
    diagnosed = across(
        pairs,
        replace(
            worst,
            message=message,
            past=message if len(pairs) > 1 else "",
            began_at=began_at,
            first_at=_first_at(pairs),
            evidence=f"{factor} the usual time (median of {len(pairs)} {operations})",
        ),
        confirmed=evidence.lasts(pairs),
    )
    return replace(diagnosed, well=well_of(evidence))


def _first_at(pairs: Explained) -> datetime | None:
    """Return when it began for the first time, where most of them have come back together."""
    known = sorted(one.first_at for _, one in pairs if one.first_at is not None)
    return known[0] if len(known) * 2 > len(pairs) else None


def _also(others: list[bool]) -> str:
    return f"{sum(others)} of the other {len(others)} took longer than usual in this pass"


def _itself(number: int) -> str:
    return "itself" if number == 1 else "themselves"


def _calm(pairs: Explained) -> Diagnosed:
    """Make one of several that were told together, and of which none is slow now."""
    first = max(pairs, key=lambda pair: pair[1].course is Course.PAUSES)[1]
    message = first.message
    if first.course is Course.PAUSES or len(pairs) > 1:
        words = "is slow now" if first.course is Course.PAUSES else "went away"
        message = f"Of the operations that became slower together none {words}. For one: {message}"
    return across(pairs, replace(first, message=message))


def _where(pairs: Explained) -> str:
    """Say which part slowed, where it is that of most whose part is known."""
    parts = [one.latency.slowed.part for one, _ in pairs if one.latency.slowed.part]
    for part, words in _PARTS.items():
        if parts.count(part) * 2 > len(parts):
            return words
    return ""


def _alone(evidence: Evidence, pairs: Explained) -> Iterator[Diagnosed]:
    """Yield each as its own, and say of the only one that is found that it is the only one, where
    the others do not look as if they were slower, too."""
    others = others_of(evidence)
    is_broad = sum(others) >= LEAST_BROAD and sum(others) * 2 > len(others)
    is_only = len(slow_of(evidence)) == 1 and len(others) > 1 and not is_broad
    # Not all probes are asked in every pass.
    asked = evidence.latest.keys()
    is_only = is_only and not any(one.latency.slow_beside - asked for one, _ in pairs)
    for _, finding in pairs:
        operation = finding.operation
        message = finding.message
        if is_only and finding.course is Course.GOES_ON:
            message = f"{message.removesuffix('.')}, {operation} only."
        yield Diagnosed(
            finding=replace(finding, message=message),
            operations=(str(operation),) if operation else (),
        )
