"""What a pass saw of one workspace, and what it comes to."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from contracts.envelopes import envelope_of
from contracts.exchanges import Exchange, Operation
from contracts.findings import Finding
from contracts.rules import Severity
from monitors.diagnosis.expectations import TOKEN_RULES
from monitors.latencies import UNJUDGED, Judged
from monitors.probes import CANARY
from monitors.sightings import (
    Sighting,
)

LEAST_BROAD: Final = 3
"""Operations that must share a trouble before it may be everybody's; two can be a coincidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One exchange and what the detectors made of it."""

    exchange: Exchange
    findings: tuple[Finding, ...] = ()
    latency: Judged = UNJUDGED

    @property
    def identity(self) -> str:
        operation = self.exchange.operation
        return operation.identity if operation else f"{self.exchange.request.method} ?"

    @property
    def status(self) -> int | None:
        return self.exchange.response.status if self.exchange.response else None

    def rules(self) -> frozenset[str]:
        return frozenset(finding.rule.name for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosed:
    """One cause, and the operations it was seen on, sorted and as shown.

    `confirmed` is False where the latest exchange of an operation no longer shows it, or where what
    would decide was not asked. `is_blip` says that it failed and was well when it was asked again.
    `well` are operations that were asked and do not have it, where that is told.
    """

    finding: Finding
    operations: tuple[str, ...] = ()
    confirmed: bool = True
    is_blip: bool = False
    well: tuple[str, ...] = ()

    @property
    def so_far(self) -> Finding:
        """The finding as it counts as long as no incident tells it: a blip is for information."""
        return replace(self.finding, severity=Severity.INFO) if self.is_blip else self.finding

    @property
    def sighting(self) -> Sighting:
        """Return what the incident of this cause is told."""
        return Sighting(
            finding=self.finding,
            workspaces=(self.finding.workspace,),
            operations=self.operations,
            confirmed=self.confirmed,
            well=self.well,
        )


class Evidence:
    """The observations of a pass, and which of their findings are still to be explained.

    Diagnoses take findings away from the most general cause to the most particular; what nobody
    takes stands for itself.
    """

    def __init__(self, observations: Iterable[Observation]) -> None:
        self.observations: tuple[Observation, ...] = tuple(observations)
        self._open: list[tuple[Observation, Finding]] = [
            (one, finding) for one in self.observations for finding in one.findings
        ]
        times = Counter(one.identity for one in self.observations)
        self.measured = frozenset(times)
        self.repeated = frozenset(identity for identity, asked in times.items() if asked > 1)
        self.latest: dict[str, Observation] = {one.identity: one for one in self.observations}

    @property
    def canary(self) -> Observation | None:
        """The latest exchange with `/me`."""
        return self.latest.get(CANARY.identity)

    @property
    def canary_works(self) -> bool:
        return self.canary is not None and self.canary.exchange.is_success

    @property
    def token_works(self) -> bool:
        """Whether the token is known to live: `/me` takes it or, where `/me` is down, something
        that was asked after the first refusal. Where `/me` itself refuses it, nothing else may."""
        if self.canary_works:
            return True
        is_refused = self.canary is not None and self.canary.status == 401
        others = [one for name, one in self.latest.items() if name != CANARY.identity]
        if is_refused and any(one.rules().intersection(TOKEN_RULES) for one in others):
            return False
        refused = [
            at
            for at, one in enumerate(self.observations)
            if one.status == 401 and (not is_refused or one.identity == CANARY.identity)
        ]
        since = self.observations[min(refused, default=0) :]
        return any(one.exchange.is_success for one in since)

    def is_passed_since(self, identity: str) -> bool:
        """Whether anything succeeded that was asked after an operation first did not."""
        failed = [
            at
            for at, one in enumerate(self.observations)
            if one.identity == identity and not one.exchange.is_success
        ]
        since = self.observations[failed[0] :] if failed else ()
        return any(one.exchange.is_success for one in since)

    def findings(self, wanted: Callable[[Finding], bool]) -> list[tuple[Observation, Finding]]:
        """Return what is still unexplained and `wanted`, in order."""
        return [(one, finding) for one, finding in self._open if wanted(finding)]

    def named(self, *rules: str) -> list[tuple[Observation, Finding]]:
        return self.findings(lambda finding: finding.rule.name in rules)

    def take(self, explained: Sequence[tuple[Observation, Finding]]) -> None:
        """Take these away: a diagnosis explains them."""
        taken = {id(finding) for _, finding in explained}
        self._open = [pair for pair in self._open if id(pair[1]) not in taken]

    def is_broad(self, identities: Iterable[str]) -> bool:
        """Whether trouble on these operations is everybody's: more than half of what was asked, and
        either the canary is among them or there are enough of them."""
        hit = frozenset(identities)
        if len(hit) * 2 <= len(self.measured) or len(hit) < 2:
            return False
        return CANARY.identity in hit or len(hit) >= LEAST_BROAD

    def still_shows(self, identity: str, finding: Finding) -> bool:
        """Whether the latest exchange of an operation shows the same again."""
        latest = self.latest[identity]
        return any(
            one.rule.name == finding.rule.name and one.location == finding.location
            for one in latest.findings
        )

    def lasts(self, pairs: "Explained") -> bool:
        """Whether trouble across operations is still there: of what was asked again, not all may
        have recovered."""
        again = [pair for pair in pairs if pair[0].identity in self.repeated]
        return not again or any(self.still_shows(one.identity, finding) for one, finding in again)


Explained = Sequence[tuple[Observation, Finding]]


def across(explained: Explained, finding: Finding, *, confirmed: bool = True) -> Diagnosed:
    """Make one diagnosis of findings across operations."""
    operations = shown(one.exchange.operation for one, _ in explained)
    return Diagnosed(
        finding=replace(
            finding,
            operation=None,
            operations=operations,
            consumers=_united(one.consumers for _, one in explained) or finding.consumers,
        ),
        operations=operations,
        confirmed=confirmed,
    )


def code_of(observation: Observation) -> str:
    """Return the code that an error answer carries; empty where it has none."""
    response = observation.exchange.response
    return (envelope_of(response).code or "") if response else ""


def shown(operations: Iterable[Operation | None]) -> tuple[str, ...]:
    """Return operations as shown, sorted, each once."""
    return tuple(sorted({str(one) for one in operations if one is not None}))


def count(explained: Explained, evidence: Evidence) -> str:
    """Say how many of the operations that were asked are concerned."""
    return f"{len({one.identity for one, _ in explained})} of {len(evidence.measured)} operations"


def _united(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for several in names for name in several))
