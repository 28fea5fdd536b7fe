"""Any life of an incident, held to a model of it."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contracts.findings import Course
from contracts.rules import Severity
from monitors.policies import CALM, Policy
from monitors.records import Phase
from monitors.sightings import (
    Accepted,
    Healthy,
    NotMeasured,
    Paused,
    Settled,
)
from tests.monitors.lives import (
    ACKNOWLEDGED,
    BLIND,
    ESCALATED,
    FLAPPING,
    MEASURED,
    MINUTE,
    OPENED,
    REOPENED,
    RESOLVED,
    START,
    Life,
    a_finding,
    sight,
)


class IncidentMachine(RuleBasedStateMachine):
    """Holds `fold` to a model that knows what was seen since the first sight, and what was told."""

    def __init__(self) -> None:
        super().__init__()
        self.life = Life()
        self.is_open = False
        self.is_blind = False
        self.seen: list[bool] = []
        self.returns = 0
        self.last_seen = START

    @initialize(
        at_once=st.booleans(),
        failures=st.integers(1, 4),
        out_of=st.none() | st.integers(4, 6),
        rate=st.sampled_from([0.2, 0.5, 1.0]),
        window=st.integers(4, 8),
        successes=st.integers(1, 3),
        keep=st.sampled_from([0, 5, 30]),
    )
    def configure(
        self,
        at_once: bool,
        failures: int,
        out_of: int | None,
        rate: float,
        window: int,
        successes: int,
        keep: int,
    ) -> None:
        self.life.policy = Policy(
            at_once=at_once,
            failure_threshold=failures,
            out_of=out_of,
            failure_rate=rate,
            rate_window=window,
            success_threshold=successes,
            keep_firing_for=timedelta(minutes=keep),
        )

    def note(self, was_seen: bool) -> None:
        policy = self.life.policy
        kept = max(policy.failure_threshold, policy.out_of or 0, policy.rate_window)
        self.seen = [*self.seen, was_seen][-kept:]
        while self.seen and not self.seen[0]:
            self.seen.pop(0)

    def is_due(self) -> bool:
        policy = self.life.policy
        row = self.seen[-(policy.out_of or policy.failure_threshold) :]
        in_window = sum(self.seen[-policy.rate_window :])
        is_often = policy.failure_rate < 1 and in_window / policy.rate_window >= policy.failure_rate
        return sum(row) >= policy.failure_threshold or is_often

    @rule(severity=st.sampled_from([Severity.WARNING, Severity.CRITICAL]), confirmed=st.booleans())
    def see(self, severity: Severity, confirmed: bool) -> None:
        self.note(True)
        self.last_seen = self.life.now + MINUTE
        kinds = self.life(sight(severity, confirmed=confirmed))
        policy = self.life.policy
        if self.is_open:
            assert kinds in ([[MEASURED], [ESCALATED]] if self.is_blind else [[], [ESCALATED]])
            self.is_blind = False
        elif self.is_due() or (policy.at_once and confirmed):
            assert kinds in ([OPENED], [REOPENED], [FLAPPING])
            self.is_open = True
            self.returns = 0 if kinds == [OPENED] else self.returns + 1
            assert (kinds == [FLAPPING]) == (self.returns >= policy.flapping_after)
        else:
            assert kinds == []

    def calm_is_enough(self) -> bool:
        """Whether a fault as frequent as this one would have shown again by now."""
        if True not in self.seen:
            return True
        last = len(self.seen) - 1 - self.seen[::-1].index(True)
        calm, troubled = len(self.seen) - 1 - last, self.seen[: last + 1]
        policy = self.life.policy
        is_flapping = self.returns >= policy.flapping_after
        if is_flapping or all(troubled[-2 * policy.failure_threshold :]):
            return calm >= policy.success_threshold
        chance = (troubled.count(False) / len(troubled)) ** calm
        return calm >= policy.success_threshold and chance <= CALM

    @rule(quiet=st.booleans(), times=st.integers(1, 4))
    def be_healthy(self, quiet: bool, times: int) -> None:
        for _ in range(times):
            self.note(False)
            kinds = self.life(sight(Severity.INFO) if quiet else Healthy())
            policy, calm_for = self.life.policy, self.life.now - self.last_seen
            is_flapping = self.returns >= policy.flapping_after
            needed = max(policy.keep_firing_for, policy.reopen_within if is_flapping else MINUTE)
            if self.is_open and self.calm_is_enough() and calm_for >= needed:
                assert kinds == [RESOLVED]
                self.is_open, self.seen = False, []
            else:
                assert kinds == ([MEASURED] if self.is_blind else [])
            self.is_blind = False

    @rule()
    def be_accepted(self) -> None:
        kinds = self.life(Accepted(why="known"))
        assert kinds == ([RESOLVED] if self.is_open else [])
        self.is_open, self.is_blind, self.seen = False, False, []

    @rule()
    def pause(self) -> None:
        kinds = self.life(Paused(finding=a_finding(Severity.INFO)))
        assert kinds == ([MEASURED] if self.is_open and self.is_blind else [])
        self.is_blind = False

    @rule()
    def become_usual(self) -> None:
        settled = replace(a_finding(Severity.INFO), course=Course.SETTLED)
        kinds = self.life(Settled(finding=settled))
        assert kinds == ([RESOLVED] if self.is_open else [])
        if self.is_open:
            assert self.life.told[-1].incident.finding.course is Course.SETTLED
        self.is_open, self.is_blind, self.seen = False, False, []

    @rule(by=st.sampled_from(["ann", "ben"]))
    def be_acknowledged(self, by: str) -> None:
        before = self.life.state
        kinds = self.life.acknowledge(by)
        is_news = self.is_open and before is not None and before.acknowledged_by != by
        assert kinds == ([ACKNOWLEDGED] if is_news else [])

    @rule()
    def be_unmeasured(self) -> None:
        kinds = self.life(NotMeasured())
        assert kinds in ([], [BLIND])
        self.is_blind = self.is_blind or kinds == [BLIND]
        if self.life.state is None:
            self.seen = []  # a pending one was forgotten

    @invariant()
    def it_is_blind_from_when_that_is_told_until_it_is_measured(self) -> None:
        state = self.life.state
        assert (state is not None and state.is_blind) == self.is_blind

    @rule(hours=st.integers(0, 3))
    def wait(self, hours: int) -> None:
        self.life.now += timedelta(hours=hours)

    @invariant()
    def the_state_says_what_was_told(self) -> None:
        state = self.life.state
        assert self.is_open == (state is not None and state.phase is Phase.OPEN)
        if state is not None and state.phase is not Phase.PENDING:
            assert state.opened_at is not None
            assert (state.resolved_at is None) == self.is_open

    @invariant()
    def every_occurrence_counts_its_transitions_from_one(self) -> None:
        by_id: dict[str, list[int]] = {}
        for one in self.life.told:
            by_id.setdefault(one.incident.id, []).append(one.incident.sequence)
        assert all(seen == list(range(1, len(seen) + 1)) for seen in by_id.values())

    @invariant()
    def nothing_opens_twice_without_an_end_between(self) -> None:
        is_open = False
        for one in self.life.told:
            if one.kind in (OPENED, REOPENED, FLAPPING):
                assert not is_open
                is_open = True
            elif one.kind is RESOLVED:
                assert is_open
                is_open = False


TestIncidentsKeepToTheModel = IncidentMachine.TestCase
