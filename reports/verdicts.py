"""The answer at the top of every report: is it all right?"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from contracts.rules import Severity
from monitors.records import Outcome
from reports.episodes import Episode
from reports.probes import WorkspaceSummary
from reports.words import counted

# A healthy figure from yesterday says nothing about now: a monitor that stopped must not look
# like an API that works.
STALE_AFTER: Final = timedelta(hours=24)


class Verdict(StrEnum):
    """The answer to "is it all right?"."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    """Something is wrong that no consumer has to stop for, or is not yet confirmed."""
    BROKEN = "broken"
    UNKNOWN = "unknown"
    """Nothing was measured, or not lately."""


def judge(
    workspaces: Sequence[WorkspaceSummary],
    still_open: Sequence[Episode],
    *,
    measured_at: datetime | None,
    now: datetime,
) -> tuple[Verdict, str]:
    """Say in one word and one sentence whether it is all right."""
    failed = sum(workspace.count(Outcome.FAILED) for workspace in workspaces)
    healthy = sum(workspace.count(Outcome.HEALTHY) for workspace in workspaces)
    unmeasured = sum(workspace.count(Outcome.NOT_MEASURED) for workspace in workspaces)
    loud = [e for e in still_open if e.incident.severity is not Severity.INFO]
    if loud:
        critical = sum(e.incident.severity is Severity.CRITICAL for e in loud)
        verdict = Verdict.BROKEN if critical else Verdict.DEGRADED
        named = [
            counted(critical, "critical incident") if critical else "",
            counted(len(loud) - critical, "warning") if len(loud) > critical else "",
        ]
        return verdict, f"{' and '.join(filter(None, named))} {_are(len(loud))} open."
    if measured_at is None:
        return Verdict.UNKNOWN, "Nothing has been measured."
    if now - measured_at > STALE_AFTER:
        return Verdict.UNKNOWN, "Nothing has been measured for more than a day."
    unseen = f" {counted(unmeasured, 'probe')} could not be measured." if unmeasured else ""
    if failed:
        total = failed + healthy
        return Verdict.DEGRADED, (
            f"{failed} of {counted(total, 'measured probe')} failed at the last look; "
            f"no incident is open.{unseen}"
        )
    return Verdict.HEALTHY, f"All is well: {counted(healthy, 'probe')} healthy.{unseen}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
