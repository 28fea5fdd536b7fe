"""What became of each probe: its state now, its last looks, its latency."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contracts.exchanges import Operation
from contracts.rules import Severity
from monitors.records import Measurement, Outcome, Probed, Sample
from reports.latencies import Latency, latency_of
from reports.usual import Baseline, baseline_of

# As many looks as can be told apart in a bar 200 pixels wide.
DEFAULT_WINDOW: Final = 50
# Latency looks further back than the bar: percentiles need samples, and a chart of 240 points
# still shows every stretch at its slowest.
CHART_POINTS: Final = 240

MEASURED: Final = (Outcome.HEALTHY, Outcome.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """The worst open incident that a probe is in."""

    rule: str
    severity: Severity


Troubles = Callable[[str, Operation], Trouble | None]
"""Of a probe, given by Intercom workspace and operation."""

Held = Callable[[Measurement, Sequence[Sample]], Baseline]
"""What the samples of a probe, given by its latest measurement, are held against."""


def in_no_trouble(_workspace: str, _operation: Operation) -> Trouble | None:
    """Know no incident."""
    return None


def held_against_nothing(_latest: Measurement, samples: Sequence[Sample]) -> Baseline:
    """Know nothing that is usual."""
    return baseline_of(samples, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One probe at one moment, as one cell of the bar."""

    at: datetime
    outcome: Outcome
    note: str
    """Status, failure or reason, in a few words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSummary:
    """One probe of one Intercom workspace."""

    operation: Operation
    state: Outcome
    why: str
    note: str
    at: datetime
    """When it was last looked at."""
    total_ms: float | None
    request_id: str | None
    deployment: str | None
    looks: tuple[Look, ...]
    """The last ones, oldest first."""
    healthy: int
    """Of all looks known, not only those in the bar."""
    failed: int
    latency: Latency
    baseline: Baseline
    trouble: Trouble | None = None
    """What it is in, though it may have answered: an answer that comes too late is no health."""

    @property
    def is_well(self) -> bool:
        """Whether it is healthy, and in no open incident."""
        return self.state is Outcome.HEALTHY and self.trouble is None

    @property
    def availability(self) -> float | None:
        """Share of healthy looks among measured ones; None where none was measured."""
        measured = self.healthy + self.failed
        return self.healthy / measured if measured else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceSummary:
    """All probes of one Intercom workspace."""

    name: str
    region: str
    version: str | None
    probes: tuple[ProbeSummary, ...]

    def count(self, outcome: Outcome) -> int:
        """Return how many probes are in this state now; healthy are those in no open incident."""
        if outcome is Outcome.HEALTHY:
            return sum(probe.is_well for probe in self.probes)
        return sum(probe.state is outcome for probe in self.probes)

    @property
    def troubled(self) -> int:
        """How many probes answer as promised, and are in an open incident."""
        return sum(probe.state is Outcome.HEALTHY and not probe.is_well for probe in self.probes)

    @property
    def measured_at(self) -> datetime | None:
        """When the latest probe that gave a measurement was asked."""
        return max((probe.at for probe in self.probes if probe.state in MEASURED), default=None)

    @property
    def state(self) -> Outcome:
        """The state in one word: failed if any probe did, healthy only if one was seen to be."""
        states = {probe.state for probe in self.probes}
        for outcome in (Outcome.FAILED, Outcome.HEALTHY, Outcome.NOT_MEASURED):
            if outcome in states:
                return outcome
        return Outcome.NOT_APPLICABLE


def by_probe(
    measurements: Iterable[Measurement], *, latest: int = DEFAULT_WINDOW
) -> tuple[Probed, ...]:
    """Sort measurements by Intercom workspace and operation, keeping the `latest` of each whole."""
    looks: dict[tuple[str, str], list[Measurement]] = {}
    for one in sorted(measurements, key=lambda one: one.started_at):
        looks.setdefault((one.workspace, one.operation.identity), []).append(one)
    return tuple(
        Probed(
            latest=tuple(each[-latest:]),
            healthy=sum(one.outcome is Outcome.HEALTHY for one in each),
            failed=sum(one.outcome is Outcome.FAILED for one in each),
            samples=tuple(
                Sample(one.started_at, one.total_ms, one.server_ms)
                for one in each
                # A refusal is quick and a timeout is as long as we allow: neither is Intercom's
                # latency.
                if one.total_ms is not None and one.status is not None and 200 <= one.status < 300
            ),
        )
        for each in looks.values()
    )


def workspaces_of(
    probed: Iterable[Probed],
    *,
    held: Held = held_against_nothing,
    troubles: Troubles = in_no_trouble,
) -> tuple[WorkspaceSummary, ...]:
    """Sum up each Intercom workspace; those in trouble come first."""
    by_workspace: dict[str, list[Probed]] = {}
    for one in probed:
        by_workspace.setdefault(one.latest[-1].workspace, []).append(one)
    summaries = []
    for name, probes in by_workspace.items():
        latest = max((one.latest[-1] for one in probes), key=lambda one: one.started_at)
        summaries.append(
            WorkspaceSummary(
                name=name,
                region=latest.region,
                version=latest.version,
                probes=tuple(
                    sorted(
                        (probe_of(one, held=held, troubles=troubles) for one in probes),
                        key=lambda probe: (_order(probe), probe.operation.path),
                    )
                ),
            )
        )
    return tuple(sorted(summaries, key=lambda one: (min(map(_order, one.probes)), one.name)))


def _order(probe: ProbeSummary) -> tuple[int, bool]:
    return _ORDER[probe.state], probe.trouble is None


_ORDER: Final = {
    Outcome.FAILED: 0,
    Outcome.HEALTHY: 1,
    Outcome.NOT_MEASURED: 2,
    Outcome.NOT_APPLICABLE: 3,
}


def probe_of(
    probed: Probed,
    *,
    held: Held = held_against_nothing,
    troubles: Troubles = in_no_trouble,
) -> ProbeSummary:
    """Sum up one probe."""
    last = probed.latest[-1]
    return ProbeSummary(
        operation=last.operation,
        state=last.outcome,
        why=last.why,
        note=_note(last),
        at=last.started_at,
        total_ms=last.total_ms,
        request_id=last.request_id,
        deployment=last.deployment,
        looks=tuple(
            Look(at=one.started_at, outcome=one.outcome, note=_note(one)) for one in probed.latest
        ),
        healthy=probed.healthy,
        failed=probed.failed,
        latency=latency_of(probed.samples, points=CHART_POINTS),
        baseline=held(last, probed.samples),
        trouble=troubles(last.workspace, last.operation),
    )


def _note(one: Measurement) -> str:
    """Say in a few words what came back."""
    if one.failure:
        return one.failure
    if one.outcome is Outcome.FAILED and one.status is not None and 200 <= one.status < 300:
        return "not as promised"
    if one.status is not None:
        return str(one.status)
    return one.why
