"""The demo's story: what is switched on, what must be found, and whether it was.

Everything is real but the other side and the time: the client, the detectors, the history, the
outbox and slack-sdk talk to a local Intercom and a local Slack that share one virtual clock.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from monitors.monitor import Monitor, PassReport
from monitors.records import IncidentState, TransitionKind
from sandbox.clock import VirtualClock
from sandbox.intercom.faults import Fault
from sandbox.intercom.sandbox import Sandbox
from sandbox.slack import SlackStandIn

INTERVAL: Final = timedelta(minutes=5)
"""Virtual time between two passes."""
CALM_PASSES: Final = 6
"""Passes before anything breaks: the census, and one more than latency needs to know what is
usual."""
MOST_PASSES: Final = 8
"""Passes after which a fault that was not diagnosed, or an incident that did not end, counts as
missed."""
READ_TIMEOUT: Final = timedelta(seconds=2)
"""Real time: stalled bodies are waited for in earnest, healthy answers on loopback take
milliseconds."""
SLOWNESS: Final = 6.0
"""Times as slow, for an operation that takes a seventh of a second: noticed long before the client
gives up."""
DEPRECATED_AT: Final = timedelta(days=30)  # before the demo's day
SUNSET_IN: Final = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One thing that breaks. `operation` is as findings show it, `*` for every operation."""

    title: str
    faults: tuple[Fault, ...]
    rule: str
    operation: str
    location: str


def scenarios(clock: VirtualClock) -> tuple[Scenario, ...]:
    """Return what is switched on, one after another; dates are relative to the clock's day."""
    deprecated = int((clock.now() - DEPRECATED_AT).timestamp())
    sunset = int((clock.now() + SUNSET_IN).timestamp())
    tags, types = "GET /tags", "GET /ticket_types"
    return (
        Scenario(
            title="the token is revoked",
            faults=(Fault(name="revoked-token"),),
            rule="auth-token-revoked",
            operation="*",
            location="status",
        ),
        Scenario(
            title="a field that is read is removed",
            faults=(
                Fault(name="field-removed", operation="GET /contacts", pointer="/data/*/email"),
            ),
            rule="schema-required",
            operation="GET /contacts",
            location="/data/*/email",
        ),
        Scenario(
            title="Deprecation with Sunset",
            faults=(
                Fault(name="deprecation", operation=tags, at=deprecated),
                Fault(name="sunset", operation=tags, at=sunset),
            ),
            rule="deprecation-announced",
            operation=tags,
            location="header:deprecation",
        ),
        Scenario(
            title="one endpoint is six times slower",
            faults=(Fault(name="slow", operation=types, factor=SLOWNESS),),
            rule="latency-regression",
            operation=types,
            location="latency",
        ),
        Scenario(
            title="429: the rate limit is spent",
            faults=(Fault(name="429"),),
            rule="rate-limit-exceeded",
            operation="*",
            location="status",
        ),
        Scenario(
            title="503 with empty bodies",
            faults=(Fault(name="503"),),
            rule="server-error",
            operation="*",
            location="status",
        ),
        Scenario(
            title="one endpoint stalls",
            faults=(Fault(name="stalled-body", operation="GET /segments"),),
            rule="timeout",
            operation="GET /segments",
            location="connection",
        ),
    )


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What became of a scenario. `passes_to_open` and `passes_to_resolve` count passes."""

    scenario: Scenario
    diagnosed: str = "nothing"
    passes_to_open: int | None = None
    passes_to_resolve: int | None = None
    posted: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return not self.problems


@dataclass(slots=True, kw_only=True)
class Demonstration:
    """Plays the scenarios. `on_step` is told what happens, `on_opened` is called after a message
    was posted and before the fault is healed."""

    monitor: Monitor
    sandbox: Sandbox
    slack: SlackStandIn
    channel: str
    clock: VirtualClock
    on_step: Callable[[str], None] = lambda line: None
    on_opened: Callable[[], None] = lambda: None
    requests: int = 0
    passes: int = 0

    def play(self) -> list[Verdict]:
        """Break and heal, one after another, and return what became of each."""
        quiet = self._stay_calm()
        verdicts = []
        for scenario in scenarios(self.clock):
            verdict = self._play(scenario)
            if quiet:
                verdict.problems.append(quiet)
                quiet = ""
            verdicts.append(verdict)
        return verdicts

    def _stay_calm(self) -> str:
        for _ in range(CALM_PASSES):
            self._pass()
        posted = len(self.slack.messages(self.channel))
        self.on_step(f"{CALM_PASSES} passes while all is well: {posted} messages")
        return f"{posted} messages while nothing was wrong" if posted else ""

    def _play(self, scenario: Scenario) -> Verdict:
        verdict = Verdict(scenario=scenario)
        before = len(self.slack.messages(self.channel))
        self.on_step(f"broken: {scenario.title}")
        for fault in scenario.faults:
            self.sandbox.faults.add(fault)
        opened = self._until_opened(verdict)
        self.sandbox.faults.clear()
        if opened:
            self.on_step(f"  posted: {verdict.diagnosed}")
            self.on_opened()
            self._until_resolved(verdict, opened.id)
        verdict.posted = len(self.slack.messages(self.channel)) - before
        verdict.problems.extend(_problems(verdict, opened))
        return verdict

    def _until_opened(self, verdict: Verdict) -> IncidentState | None:
        for number in range(1, MOST_PASSES + 1):
            for transition in self._pass().transitions:
                if transition.kind is TransitionKind.OPENED:
                    finding = transition.incident.finding
                    verdict.passes_to_open = number
                    verdict.diagnosed = f"{finding.rule.name} {finding.operation or '*'}"
                    return transition.incident
        return None

    def _until_resolved(self, verdict: Verdict, incident_id: str) -> None:
        for number in range(1, MOST_PASSES + 1):
            report = self._pass()
            for transition in report.transitions:
                if transition.kind is not TransitionKind.RESOLVED:
                    name = transition.incident.finding.rule.name
                    verdict.problems.append(f"{name} {transition.kind.value} while it healed")
                elif transition.incident.id == incident_id:
                    verdict.passes_to_resolve = number
                    self.on_step("  healed, and resolved in Slack")
            if not report.incidents:
                return

    def _pass(self) -> PassReport:
        self.clock.advance(INTERVAL)
        report = self.monitor.run_pass()
        self.passes += 1
        self.requests += report.record.requests
        return report


def _problems(verdict: Verdict, opened: IncidentState | None) -> Iterator[str]:
    scenario = verdict.scenario
    if opened is None:
        yield "not diagnosed"
        return
    finding = opened.finding
    seen = (finding.rule.name, str(finding.operation or "*"), finding.location)
    if seen != (scenario.rule, scenario.operation, scenario.location):
        yield f"diagnosed as {' '.join(seen)}"
    if verdict.passes_to_resolve is None:
        yield "not resolved"
    if verdict.posted != 1:
        yield f"posted {verdict.posted} times"
