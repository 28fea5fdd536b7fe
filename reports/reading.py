"""From the history to a summary: how far back a report looks."""

from datetime import datetime, timedelta
from typing import Final, Protocol

from monitors.records import IncidentState, Measurement, PassRecord, QueuedNotice, Transition
from reports.summaries import Summary, summarise

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

    def measurements(self, since: datetime) -> tuple[Measurement, ...]: ...

    def incidents(self, since: datetime | None = None) -> tuple[IncidentState, ...]: ...

    def transitions(self, incident_id: str | None = None) -> tuple[Transition, ...]: ...

    def notices(self) -> tuple[QueuedNotice, ...]: ...


def summary_of(history: Records, *, now: datetime) -> Summary:
    """Sum up what `history` holds of the last week, and its incidents of the last month."""
    measurements = history.measurements(now - MEASUREMENTS_BACK)
    incidents = history.incidents(now - INCIDENTS_BACK)
    told = {incident.id for incident in incidents}
    return summarise(
        passes=_passes_with_every_probe(history, measurements),
        measurements=measurements,
        incidents=incidents,
        transitions=(one for one in history.transitions() if one.incident.id in told),
        notices=history.notices(),
        now=now,
    )


def _passes_with_every_probe(
    history: Records, measurements: tuple[Measurement, ...]
) -> tuple[PassRecord, ...]:
    wanted = {(one.workspace, one.operation.identity) for one in measurements}
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
