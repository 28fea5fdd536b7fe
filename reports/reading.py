"""From the history to a summary: how far back a report looks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Protocol

from monitors.baselines import named
from monitors.latencies import Latencies
from monitors.memory import stored_latencies
from monitors.records import (
    IncidentState,
    Measurement,
    PassRecord,
    Probed,
    QueuedNotice,
    Sample,
    Transition,
)
from reports.probes import DEFAULT_WINDOW, Held
from reports.summaries import Summary, summarise
from reports.usual import Baseline, baseline_of

# A week shows what hangs on the day of the week, and stays small enough to read at once.
MEASUREMENTS_BACK: Final = timedelta(days=7)
# A month of incidents is what people look back on when they ask "again?".
INCIDENTS_BACK: Final = timedelta(days=30)
# A cron pass asks every probe, a scheduled one a single probe: passes are read in doubling steps
# until each probe's latest look is among them, and never more than this many.
FIRST_PASSES: Final = 25
MOST_PASSES: Final = 1600


class Records(Protocol):
    """What a report reads; `monitors.history.History` is one."""

    def passes(self, limit: int = ...) -> tuple[PassRecord, ...]: ...

    def probed(self, since: datetime, *, latest: int) -> tuple[Probed, ...]: ...

    def incidents(self, since: datetime | None = None) -> tuple[IncidentState, ...]: ...

    def transitions(self, incident_id: str | None = None) -> tuple[Transition, ...]: ...

    def notices(self) -> tuple[QueuedNotice, ...]: ...

    def documents_about(self, key: str) -> Mapping[str, Any]: ...


Limits = Mapping[str, timedelta]
"""How long an answer may take, by the identity of an operation."""

UNLIMITED: Final[Limits] = MappingProxyType({})


def summary_of(history: Records, *, now: datetime, limits: Limits = UNLIMITED) -> Summary:
    """Sum up what `history` holds of the last week, and its incidents of the last month."""
    probed = history.probed(now - MEASUREMENTS_BACK, latest=DEFAULT_WINDOW)
    incidents = history.incidents(now - INCIDENTS_BACK)
    told = {incident.id for incident in incidents}
    return summarise(
        passes=_passes_with_every_probe(history, probed),
        probed=probed,
        incidents=incidents,
        transitions=(one for one in history.transitions() if one.incident.id in told),
        notices=history.notices(),
        now=now,
        held=_held(history, limits),
    )


def _held(history: Records, limits: Limits) -> Held:
    """Hold samples against what the history remembers of their workspace."""
    read: dict[str, Latencies] = {}

    def held(latest: Measurement, samples: Sequence[Sample]) -> Baseline:
        workspace, operation = latest.workspace, latest.operation.identity
        if workspace not in read:
            documents = history.documents_about(workspace)
            read[workspace] = stored_latencies(documents)
        known = read[workspace].usual(named(workspace, latest.region, operation))
        limit = limits.get(operation)
        limit_ms = None if limit is None else limit.total_seconds() * 1000
        return baseline_of(samples, known, limit_ms=limit_ms)

    return held


def _passes_with_every_probe(history: Records, probed: Sequence[Probed]) -> tuple[PassRecord, ...]:
    last = (one.latest[-1] for one in probed)
    wanted = {(one.workspace, one.operation.identity) for one in last}
    limit = FIRST_PASSES
    while True:
        passes = history.passes(limit)
        seen = {
            (one.workspace, one.operation.identity)
            for record in passes
            for one in record.measurements
        }
        if wanted <= seen or len(passes) < limit or limit >= MOST_PASSES:
            return passes
        limit *= 2
