"""Every fault of the sandbox, over real HTTP, is diagnosed as what it is: alone on one operation,
and on all of them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts.client import IntercomClient
from contracts.conformance import Conformance
from contracts.overlays import embedded_contract
from contracts.reliance import Reliance, consumers_of
from contracts.rules import Severity
from contracts.workspaces import Secret, Workspace
from monitors.asking import Asker
from monitors.baselines import timed
from monitors.detectors import Context, detect
from monitors.diagnosis import Diagnosed, Expectation, Observation, confirmations, diagnose
from monitors.latencies import Judged
from monitors.probe_files import load_probes
from monitors.probes import Probe
from monitors.regression import CALM, Watch
from sandbox.clock import VirtualClock
from sandbox.intercom import Sandbox
from sandbox.intercom.faults import FAULTS, ON_THE_STATUS_PAGE, Fault
from sandbox.intercom.pacing import Latency

TAGS = "GET /tags"
NOWHERE = "-"

EXPECTED: dict[str, tuple[str, str]] = {
    "refused-token": ("auth-scope-missing", "auth-token-refused"),
    "revoked-token": ("auth-token-revoked", "auth-token-revoked"),
    "expired-token": ("auth-token-expired", "auth-token-expired"),
    "blocked-token": ("auth-token-blocked", "auth-token-blocked"),
    "suspended-token": ("auth-token-blocked", "auth-token-blocked"),
    "missing-scope": ("auth-scope-missing", "auth-scope-missing"),
    "plan-restriction": ("auth-plan-restricted", "auth-plan-restricted"),
    "wrong-region": ("auth-scope-missing", "auth-wrong-region"),
    "changed-workspace": (NOWHERE, "auth-workspace-changed"),
    "blocked-by-load-balancer": ("auth-blocked", "auth-blocked"),
    "field-removed": ("schema-required", "schema-required"),
    "field-renamed": ("schema-required", "schema-required"),
    "field-retyped": ("schema-type", "schema-type"),
    "field-nulled": ("schema-null", "schema-null"),
    "field-added": ("schema-undocumented", "schema-undocumented"),
    "unknown-enum-value": ("schema-enum", "schema-enum"),
    "deprecation": ("deprecation-announced", "deprecation-announced"),
    "sunset": ("deprecation-sunset", "deprecation-sunset"),
    "warning": ("deprecation-announced", "deprecation-announced"),
    "version-mismatch": ("version-mismatch", "version-mismatch"),
    # Where even /me is not found, it is not Intercom's API that was asked.
    "endpoint-gone": ("deprecation-endpoint-gone", "status-not-found"),
    "422": ("status-unprocessable", "status-unprocessable"),
    "429": ("rate-limit-exceeded", "rate-limit-exceeded"),
    "500": ("server-error", "server-error"),
    "502": ("server-error", "server-error"),
    "503": ("server-error", "server-error"),
    "504": ("server-error", "server-error"),
    "slow": ("latency-regression", "latency-regression"),
    "larger-answers": (NOWHERE, NOWHERE),
    "new-deployment": (NOWHERE, NOWHERE),
    "stalled-body": ("timeout", "timeout"),
    "connection-reset": ("connection-reset", "connection-reset"),
    "truncated-body": ("body-truncated", "body-truncated"),
    "non-json-body": ("body-not-json", "body-not-json"),
    "empty-body": ("body-empty", "body-empty"),
    "wrong-media-type": ("body-media-type", "body-media-type"),
    "oversized-body": ("body-too-large", "body-too-large"),
    "redirect-loop": ("connection-redirect-loop", "connection-redirect-loop"),
}
"""What each fault is on one operation, and on all."""

MORE: dict[str, dict[str, Any]] = {
    "field-removed": {"pointer": "/type"},
    "field-renamed": {"pointer": "/type", "value": "kind"},
    "field-retyped": {"pointer": "/type", "value": "integer"},
    "field-nulled": {"pointer": "/type"},
    "field-added": {"pointer": "/fresh", "value": "x"},
    "unknown-enum-value": {"pointer": "/type", "value": "never_seen"},
    "slow": {"milliseconds": 900.0},
    "oversized-body": {"value": 17},
}
LASTING = frozenset({"slow", "larger-answers"})
"""What one answer does not show: that an operation has become slower."""
BETWEEN = timedelta(minutes=5)
PASSES = 7
"""Half an hour of them."""
NOTED = frozenset({"schema-undocumented", "schema-enum"})
"""What Intercom does not call breaking: information, once for each operation."""


@dataclass
class Bench:
    """A sandbox that was looked at while it was well."""

    sandbox: Sandbox
    client: IntercomClient
    clock: VirtualClock
    context: Context
    probes: tuple[Probe, ...] = field(default_factory=lambda: tuple(load_probes()))
    watches: dict[str, Watch] = field(default_factory=dict)
    pins: dict[str, str] = field(default_factory=dict)
    pacing: Latency = field(default_factory=lambda: Latency(1, is_on=True))

    def asking(self, operations: Collection[str]) -> "Bench":
        """Return a bench on the same ground that asks these operations only."""
        probes = tuple(one for one in self.probes if one.identity in operations)
        return replace(self, probes=probes)

    def look(self, *faults: Fault, learn: bool = False) -> tuple[list[Diagnosed], int]:
        """Return what a pass under `faults` comes to, and what confirming it cost. What shows only
        in time is looked at for half an hour, and the last pass is returned."""
        lasts = any(one.name in LASTING for one in faults)
        watches = self.watches if learn else _copied(self.watches)
        begun = self.clock.now()
        for _ in range(PASSES if lasts else 1):
            seen = self._pass(faults, watches)
        if not learn:
            self.remember(begun)
        return seen

    def remember(self, begun: datetime) -> None:
        """Know how long answers took since then, as if nothing had gone wrong and they had been
        asked for every five minutes."""
        while begun < self.clock.now():
            for identity, watch in self.watches.items():
                watch.take(begun.timestamp(), self.pacing.seconds(identity) * 1000)
            begun += BETWEEN

    def _pass(
        self, faults: Sequence[Fault], watches: dict[str, Watch]
    ) -> tuple[list[Diagnosed], int]:
        self.sandbox.faults.replace(faults)
        asker = Asker(
            sender=self.client,
            known={one.identity: one for one in self.probes},
            clock=self.clock,
            pins=self.pins,
        )
        asker.visit_all(self.probes)
        observations = [self._observe(one, watches) for one in asker.sent]
        spent, worked = 0, frozenset(self.watches) or None
        while wanted := confirmations(observations, worked=worked):
            answers = [one for one in map(asker.again, wanted) if one is not None]
            observations += [self._observe(one, watches) for one in answers]
            spent += len(answers)
        self.sandbox.faults.clear()
        self.clock.advance(BETWEEN)
        expected = Expectation(region="us", app_id="sbx1main", worked=worked)
        return list(diagnose(observations, expected=expected)), spent

    def _observe(self, exchange: Any, watches: dict[str, Watch]) -> Observation:
        ms, at = timed(exchange), exchange.started_at.timestamp()
        watch = watches.setdefault(exchange.operation.identity, Watch())
        context = Context(
            relied=self.context.relied,
            reliance=self.context.reliance,
            known=frozenset(),
            latency=Judged(verdict=CALM if ms is None else watch.take(at, ms)),
        )
        return Observation(exchange=exchange, findings=detect(exchange, context))


def _copied(watches: dict[str, Watch]) -> dict[str, Watch]:
    return {identity: Watch.from_json(one.as_json()) for identity, one in watches.items()}


def client_of(sandbox: Sandbox, clock: VirtualClock, timeout: timedelta) -> IntercomClient:
    workspace = Workspace(name="acme", token=Secret(sandbox.token), base_url=sandbox.url)
    return IntercomClient(workspace, clock=clock, connect_timeout=timeout, read_timeout=timeout)


def a_bench() -> Iterator[Bench]:
    """Yield a bench that was looked at while it was well; also of tests/benchmarks/diagnosis.py."""
    contract = embedded_contract("2.15")
    assert contract is not None
    clock = VirtualClock()
    context = Context(
        relied=Conformance(contract), reliance=Reliance(contract, consumers_of(contract))
    )
    with (
        Sandbox(contract, clock=clock) as sandbox,
        client_of(sandbox, clock, timedelta(seconds=5)) as client,
    ):
        bench = Bench(sandbox=sandbox, client=client, clock=clock, context=context)
        for _ in range(2):
            assert bench.look(learn=True) == ([], 0)
        begun = clock.now()
        clock.advance(timedelta(days=1))
        bench.remember(begun)
        yield bench


bench = pytest.fixture(scope="module", name="bench")(a_bench)


def test_every_fault_of_the_sandbox_has_an_expected_diagnosis() -> None:
    assert set(EXPECTED) == set(FAULTS) - ON_THE_STATUS_PAGE


@pytest.mark.parametrize("name", sorted(set(EXPECTED) - {"stalled-body"}))
def test_a_fault_on_one_operation_is_diagnosed_there(bench: Bench, name: str) -> None:
    operation = "GET /contacts" if name == "unknown-enum-value" else TAGS
    diagnosed, spent = bench.look(Fault(name=name, operation=operation, **MORE.get(name, {})))
    assert spent <= 6
    loud = [one for one in diagnosed if one.finding.severity is not Severity.INFO]
    told = diagnosed if EXPECTED[name][0] in NOTED else loud
    assert [one.finding.rule.name for one in told] == [
        rule for rule in EXPECTED[name][:1] if rule != NOWHERE
    ]
    assert all(one.operations == (operation,) and one.confirmed for one in told)


@pytest.mark.parametrize("name", sorted(set(EXPECTED) - {"stalled-body"}))
def test_a_fault_on_every_operation_is_one_cause(bench: Bench, name: str) -> None:
    diagnosed, spent = bench.look(Fault(name=name, **MORE.get(name, {})))
    assert spent <= 6
    rule = EXPECTED[name][1]
    if rule in NOTED:
        assert {one.finding.rule.name for one in diagnosed} == {rule}
        assert {one.finding.severity for one in diagnosed} == {Severity.INFO}
        return
    told = [one for one in diagnosed if one.finding.severity is not Severity.INFO]
    if rule == NOWHERE:
        assert told == []
        return
    (only,) = told
    assert only.finding.rule.name == rule
    assert only.confirmed


@pytest.mark.parametrize("operation", [TAGS, None])
def test_a_body_that_stalls_is_a_timeout(bench: Bench, operation: str | None) -> None:
    # Stalling takes real time, so this client has little patience.
    with client_of(bench.sandbox, bench.clock, timedelta(seconds=0.3)) as client:
        impatient = replace(bench, client=client)
        diagnosed, _ = impatient.look(Fault(name="stalled-body", operation=operation))
    # An answer that is slow by chance is too slow for it as well, and another cause.
    stalled = [one for one in diagnosed if operation is None or one.operations == (operation,)]
    assert [one.finding.rule.name for one in stalled] == ["timeout"]
    assert (stalled[0].finding.operation is None) == (operation is None)


PAIRS = [
    ("500", "field-removed"),
    ("429", "deprecation"),
    ("missing-scope", "sunset"),
    ("connection-reset", "version-mismatch"),
    ("503", "slow"),
    ("plan-restriction", "blocked-by-load-balancer"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_two_faults_on_two_operations_never_hide_each_other(
    bench: Bench, one: str, other: str
) -> None:
    # The second is asked first, where the first ends the pass.
    diagnosed, _ = bench.look(
        Fault(name=one, operation="GET /teams", **MORE.get(one, {})),
        Fault(name=other, operation="GET /admins", **MORE.get(other, {})),
    )
    found = {entry.finding.rule.name for entry in diagnosed}
    assert {EXPECTED[one][0], EXPECTED[other][0]} <= found
