"""Look at one workspace: ask, detect, confirm what is not certain, diagnose, and learn."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final

from contracts.clock import Clock
from contracts.exchanges import Exchange
from contracts.rules import Rule
from contracts.workspaces import Workspace
from monitors.asking import Asker, Sender, Visit
from monitors.detectors import Context, described_ends, detect, late_for, thresholds_of, waits_of
from monitors.diagnosis import (
    Diagnosed,
    Expectation,
    Observation,
    Outlook,
    confirmations,
    diagnose,
    has_answered,
    is_down,
    is_token_or_region,
    reconciled,
    told_as,
)
from monitors.evidence import Look
from monitors.memory import Memory
from monitors.policies import Policy
from monitors.probes import CANARY, Probe
from monitors.promises import Promise
from monitors.surroundings import NEEDED, Surroundings

CONFIRM_WITHIN: Final = 30.0
"""Seconds. What has to be asked again is asked at once: a blip that is over after half a minute
must not look confirmed, and nobody waits for the news longer than that."""

OnVisit = Callable[[str, Visit], None]
"""Takes the name of a workspace and what came of a probe, as soon as it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looker:
    """Looks at one workspace. `known` are all probes there are, by identity."""

    workspace: Workspace
    sender: Sender
    promise: Promise
    known: Mapping[str, Probe]
    clock: Clock
    reserve: float
    most_confirmations: int
    surroundings: Surroundings
    limit: timedelta
    policy: Callable[[Rule], Policy]
    on_visit: OnVisit

    def look(self, probes: Sequence[Probe], memory: Memory) -> Look:
        """Ask `probes` in their order and say what was seen; `memory` is brought up to date."""
        asker = Asker(
            sender=self.sender,
            known=self.known,
            clock=self.clock,
            pins=memory.pins,
            reserve=self.reserve,
            paused_until=memory.paused_until,
            on_visit=lambda visit: self.on_visit(self.workspace.name, visit),
        )
        expected = Expectation(
            region=self.workspace.region,
            app_id=self.workspace.app_id or memory.app_id,
            token_is_well_formed=self.workspace.token_is_well_formed,
            worked=memory.census.worked,
            consumers=reliance.readers("*", "/") if (reliance := self.promise.reliance) else (),
        )
        offered = [probe for probe in probes if not self.promise.lacks(probe.operation)]
        visits = asker.visit_all(offered)
        visits += [self._lacking(probe) for probe in probes if probe not in offered]
        observations = [self._observe(exchange, memory) for exchange in asker.sent]
        outlook, asked = self._confirm(asker, observations, memory, expected)
        if memory.versions.is_due(self.clock.now()) and not _answers_as_another(observations):
            default = asker.ask_default()
            if default is not None:
                memory.versions.take(default)
        memory.paused_until = asker.paused_until
        observations = list(reconciled(observations))
        diagnosed = [
            *diagnose(observations, expected=expected, outlook=outlook),
            *self._described(observations),
            *self._of_versions(memory),
        ]
        diagnosed = [self._held_to_the_ledger(one) for one in diagnosed]
        for exchange, told in told_as(observations, diagnosed):
            memory.latencies.tell(exchange, told)
        return Look(
            workspace=self.workspace.name,
            visits=visits,
            observations=observations,
            diagnosed=diagnosed,
            requests=asker.requests + asked,
            outlook=outlook,
        )

    def _held_to_the_ledger(self, one: Diagnosed) -> Diagnosed:
        """Note what is accepted under the name that the diagnosis gave it."""
        why = one.finding.accepted or self.promise.accepted.get(one.finding.cause)
        return replace(one, finding=replace(one.finding, accepted=why)) if why else one

    def _described(self, observations: Sequence[Observation]) -> Iterator[Diagnosed]:
        """Yield what is announced of operations that no probe asks."""
        published, reads = self.promise.published, self.promise.reliance
        if published is None or reads is None:
            return
        for found in described_ends(
            published.spec,
            reads,
            asked=frozenset(one.identity for one in observations if one.exchange.response),
            probed=frozenset(self.known),
            workspace=self.workspace,
            now=self.clock.now(),
        ):
            yield Diagnosed(finding=found, operations=(str(found.operation),))

    def _of_versions(self, memory: Memory) -> Iterator[Diagnosed]:
        for found in memory.versions.findings(self.workspace, self.clock.now()):
            yield Diagnosed(finding=found, operations=(str(found.operation),))

    def _lacking(self, probe: Probe) -> Visit:
        visit = Visit(
            probe=probe,
            at=self.clock.now(),
            why=f"version {self.workspace.version} has no such operation",
            does_not_apply=True,
        )
        self.on_visit(self.workspace.name, visit)
        return visit

    def _observe(self, exchange: Exchange, memory: Memory) -> Observation:
        identity = exchange.operation.identity if exchange.operation else ""
        reliance, operation = self.promise.reliance, exchange.operation
        limit = self._limit(identity)
        latency = memory.learn(
            exchange,
            thresholds_of(reliance, operation),
            waits_of(reliance, operation, limit),
            late_for(exchange, reliance, limit),
        )
        context = Context(
            published=self.promise.published,
            relied=self.promise.relied,
            reliance=reliance,
            accepted=self.promise.accepted,
            latency=latency,
            latency_limit=limit,
            policy=self.policy,
            known=memory.census.known(identity),
            changed=memory.compare(exchange),
            renamed=partial(memory.renamed, exchange),
        )
        findings = memory.deployments.take(exchange, detect(exchange, context))
        if exchange.is_success:
            memory.census.take(identity, findings)
        return Observation(exchange=exchange, findings=findings, latency=latency)

    def _limit(self, identity: str) -> timedelta:
        """Return how long an answer may take."""
        probe = self.known.get(identity)
        return probe.maximum_response_time if probe and probe.maximum_response_time else self.limit

    def _confirm(
        self,
        asker: Asker,
        observations: list[Observation],
        memory: Memory,
        expected: Expectation,
    ) -> tuple[Outlook, int]:
        """Ask again what is not certain, within the budget, and append what came of it; return what
        was seen beside the workspace, and the requests that took."""
        deadline = self.clock.monotonic() + CONFIRM_WITHIN
        left = self.most_confirmations
        if not left:
            return Outlook(), 0
        kept = min(NEEDED, left) if self._may_look_around(observations) else 0
        while wanted := confirmations(observations, worked=expected.worked)[: left - kept]:
            asked = 0
            for operation in wanted:
                if self.clock.monotonic() > deadline:
                    return Outlook(), 0
                exchange = asker.again(operation)
                if exchange is not None:
                    observations.append(self._observe(exchange, memory))
                    asked += 1
            left -= asked
            if not asked:
                break
        if is_down(observations):
            works = has_answered(observations)
            return self.surroundings.look_around(left, network_works=works)
        if is_token_or_region(observations, self.workspace.region):
            return self.surroundings.ask_other_regions(left)
        return Outlook(), 0

    def _may_look_around(self, observations: Sequence[Observation]) -> bool:
        return is_down(observations) or any(one.status == 401 for one in observations)


def _answers_as_another(observations: Sequence[Observation]) -> bool:
    """Whether `/me` answers by another version than was asked for: then its answer to no version
    says nothing of the app's default."""
    return any(
        found.rule.name == "version-mismatch"
        for one in observations
        if one.identity == CANARY.identity
        for found in one.findings
    )
