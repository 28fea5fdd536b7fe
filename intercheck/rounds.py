"""Slowness in a recording: round after round diagnosed as passes are, and told once in the end.

A recording is read when all is over. So each cause is told by the sight that tells most of it, not
by the last one, in which it is almost gone, and with it when it began and when it was over.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from statistics import median
from typing import Final

from contracts.exchanges import Exchange
from contracts.findings import Course, Finding
from contracts.rules import Severity
from monitors.diagnosis import Diagnosed, Observation, diagnose, is_latency, told_as
from monitors.grouping import is_part_of
from monitors.latencies import Latencies
from monitors.regression import Kind

_Weight = tuple[int, int, bool]
CONNECTING: Final = ""
"""Stands among operations for opening a connection, which is none."""


@dataclass(frozen=True, slots=True)
class _Sight:
    """What one round showed of a cause, and how much it tells of it: severity, operations, and
    whether it comes and goes. `factor` is how many times the usual time it takes."""

    diagnosed: Diagnosed
    weight: _Weight
    factor: float

    @property
    def finding(self) -> Finding:
        return self.diagnosed.finding


@dataclass(slots=True)
class _Trouble:
    """One cause in the whole recording."""

    sights: list[_Sight] = field(default_factory=list)
    """Those that tell most, alike."""
    parts: dict[str, Diagnosed] = field(default_factory=dict)
    """What was told of one operation by itself, and is part of this; by cause, the worst."""
    still: set[str] = field(default_factory=set)
    """The operations that were not seen well again, as shown."""
    ended_at: datetime | None = None
    began_at: datetime | None = None
    """When it began for the first time."""
    calm: Finding | None = None
    """What was last said of it where that is no end: it pauses, or is taken for usual."""
    pausing: set[str] = field(default_factory=set)
    """The operations that may come back, as shown."""

    @property
    def finding(self) -> Finding:
        return self.sights[-1].finding

    def see(self, sight: _Sight) -> None:
        """Take a sight of a round in which it is there."""
        if not self.sights or sight.weight > self.sights[0].weight:
            self.sights = [sight]
        elif sight.weight == self.sights[0].weight:
            self.sights.append(sight)
        self.goes_on(sight.diagnosed)

    def join(self, part: Diagnosed) -> None:
        """Take what was told of one operation by itself."""
        known = self.parts.setdefault(part.finding.cause, part)
        if part.finding.severity.rank > known.finding.severity.rank:
            self.parts[part.finding.cause] = part
        self.goes_on(part)

    def goes_on(self, diagnosed: Diagnosed) -> None:
        """Take that it is there."""
        began = [one for one in (self.began_at, diagnosed.finding.began_at) if one is not None]
        self.began_at = min(began, default=None)
        self.still.update(diagnosed.operations or (CONNECTING,))
        self.ended_at = self.calm = None

    def rest(self, diagnosed: Diagnosed) -> None:
        """Take that it pauses, or is taken for usual."""
        self.calm = diagnosed.finding
        self.pausing.update(diagnosed.operations)

    def is_over(self, operation: str) -> None:
        """Take that an operation, having been as usual for long enough, pauses no more."""
        self.pausing.discard(operation)
        if self.calm is not None and self.calm.course is Course.PAUSES and not self.pausing:
            self.calm = None

    def well(self, operation: str, at: datetime) -> None:
        """Take an answer of an operation that does not show it."""
        if operation in self.still:
            self.still.remove(operation)
            self.ended_at = None if self.still else at

    def told(self) -> Diagnosed:
        """Return what is told of it. Of those that tell most the middle one by how slow it is: the
        largest owes most to chance, and the last may be of the recovery."""
        sights = sorted(self.sights, key=lambda one: one.factor)
        middle = sights[len(sights) // 2].diagnosed
        parts = [middle, *self.parts.values()]
        finding = middle.finding
        operations = tuple(sorted({name for part in parts for name in part.operations}))
        began = f"began {_day(self.began_at)} UTC, " if self.began_at else ""
        sentence = f"{began}{self._ended()}"
        course = self.calm.course if self.calm else Course.GOES_ON
        return replace(
            middle,
            operations=operations,
            finding=replace(
                finding,
                severity=max((one.finding.severity for one in parts), key=lambda one: one.rank),
                operations=operations if finding.operations else (),
                consumers=tuple(
                    dict.fromkeys(name for one in parts for name in one.finding.consumers)
                ),
                message=f"{finding.message} {sentence[0].upper()}{sentence[1:]}.",
                remedy=self.calm.remedy if self.calm else finding.remedy,
                course=course,
                began_at=self.began_at,
                ended_at=self.ended_at if course is Course.GOES_ON else None,
            ),
        )

    def _ended(self) -> str:
        since = f"since {_day(self.ended_at)} UTC" if self.ended_at else ""
        if self.calm is not None and self.calm.course is Course.SETTLED:
            at = _day(self.calm.observed_at)
            return f"not over, but taken for usual since {at} UTC ({self.calm.evidence})"
        if self.calm is not None:
            return f"as usual {since or 'now'}, and may come back"
        return f"over {since}" if since else "not over yet"


@dataclass(slots=True)
class Rounds:
    """Slowness of one Intercom workspace: a round ends where an operation comes again. Whatever
    else is wrong is told of the whole recording."""

    latencies: Latencies
    _troubles: dict[str, _Trouble] = field(default_factory=dict)
    """By cause."""
    _round: dict[str, Observation] = field(default_factory=dict)

    def before(self, exchange: Exchange) -> bool:
        """End the round where it has this operation already; return whether it has ended."""
        if exchange.operation is None or exchange.operation.identity not in self._round:
            return False
        self._end()
        return True

    def take(self, observation: Observation) -> None:
        self._round[observation.identity] = observation

    def close(self) -> Iterable[Diagnosed]:
        """End the last round, and return what was found in all."""
        self._end()
        return [trouble.told() for trouble in self._troubles.values()]

    def _end(self) -> None:
        observations, self._round = list(self._round.values()), {}
        found: list[Diagnosed] = []
        if any(one.latency.told or any(map(is_latency, one.findings)) for one in observations):
            found = [one for one in diagnose(observations) if is_latency(one.finding)]
            for exchange, told in told_as(observations, found):
                self.latencies.tell(exchange, told)
        seen: dict[str, set[str]] = {}
        for one in found:
            if one.finding.course is not Course.GOES_ON:
                if one.finding.cause in self._troubles:
                    self._troubles[one.finding.cause].rest(one)
                continue
            trouble = self._of(_sight(one, observations))
            seen.setdefault(trouble.finding.cause, set()).update(one.operations or (CONNECTING,))
        for observation in observations:
            for shown in _measured(observation):
                for cause, trouble in self._troubles.items():
                    if shown not in seen.get(cause, ()):
                        trouble.well(shown, observation.exchange.started_at)
                    if observation.latency.verdict.kind is Kind.NOTHING:
                        trouble.is_over(shown)

    def _of(self, sight: _Sight) -> _Trouble:
        """Take a sight, and return the trouble it is of: that of a group, where it is a part of
        one. The first to be told hands what was told to the group."""
        for trouble in self._troubles.values():
            if is_part_of(sight.finding, trouble.finding):
                trouble.join(sight.diagnosed)
                return trouble
        cause, other = sight.finding.cause, self._other(sight.finding)
        is_noted = sight.finding.severity is Severity.INFO
        if other is not None and is_noted and other.finding.severity is not Severity.INFO:
            other.goes_on(sight.diagnosed)
            return other
        trouble = self._troubles.setdefault(cause, _Trouble())
        trouble.see(sight)
        if other is not None and not is_noted and other.finding.severity is Severity.INFO:
            began = [one for one in (trouble.began_at, other.began_at) if one is not None]
            trouble.began_at = min(began, default=None)
            del self._troubles[other.finding.cause]
        for key, other in list(self._troubles.items()):
            if is_part_of(other.finding, sight.finding):
                trouble.join(other.sights[-1].diagnosed)
                del self._troubles[key]
        return trouble

    def _other(self, finding: Finding) -> _Trouble | None:
        """Return what is told of the same operation under another rule and is not over: what was
        only noted at first is one trouble with what it became, or was before."""
        for cause, trouble in self._troubles.items():
            is_its_own = finding.operation and trouble.finding.operation == finding.operation
            if is_its_own and trouble.ended_at is None and cause != finding.cause:
                return trouble
        return None


def _measured(observation: Observation) -> Iterator[str]:
    """Yield what an observation could have shown to be slow."""
    if observation.latency.is_slower is not None:
        yield str(observation.exchange.operation)
    if observation.latency.opened is not None:
        yield CONNECTING


def _sight(diagnosed: Diagnosed, observations: Sequence[Observation]) -> _Sight:
    verdicts = [
        one.latency.verdict
        for one in observations
        if str(one.exchange.operation) in diagnosed.operations
    ]
    if not diagnosed.operations:
        verdicts = [one.latency.opened.verdict for one in observations if one.latency.opened]
    comes_and_goes = any(one.intermittent for one in verdicts)
    return _Sight(
        diagnosed,
        (diagnosed.finding.severity.rank, len(diagnosed.operations), comes_and_goes),
        median([one.factor for one in verdicts] or [0.0]),
    )


def _day(at: datetime) -> str:
    """Write a time with its day: a recording is read later."""
    return f"{at.astimezone(UTC):%d %b %H:%M}"
