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
    silence = _silence(measured_at, now)
    loud = [e for e in still_open if e.incident.severity is not Severity.INFO]
    if loud:
        critical = sum(e.incident.severity is Severity.CRITICAL for e in loud)
        verdict = Verdict.BROKEN if critical else Verdict.DEGRADED
        named = [
            counted(critical, "critical incident") if critical else "",
            counted(len(loud) - critical, "warning") if len(loud) > critical else "",
        ]
        unsure = f" {silence}" if silence else ""
        return verdict, f"{' and '.join(filter(None, named))} {_are(len(loud))} open.{unsure}"
    if silence:
        return Verdict.UNKNOWN, silence
    unseen = f" {counted(unmeasured, 'probe')} could not be measured." if unmeasured else ""
    if failed:
        total = failed + healthy
        return Verdict.DEGRADED, (
            f"{failed} of {counted(total, 'measured probe')} failed at the last look; "
            f"no incident is open.{unseen}"
        )
    return Verdict.HEALTHY, f"All is well: {counted(healthy, 'probe')} healthy.{unseen}"


def _silence(measured_at: datetime | None, now: datetime) -> str:
    """Say that the figures are not of now; empty where they are."""
    if measured_at is None:
        return "Nothing has been measured."
    if now - measured_at > STALE_AFTER:
        return "Nothing has been measured for more than a day."
    return ""


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
