"""What commands print: one JSON object, or text for people."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import click

from contracts.exchanges import Exchange
from contracts.findings import Finding
from contracts.recorded import OFFLINE
from contracts.rules import Severity
from monitors.records import IncidentState

SCHEMA: Final = 1
"""The version of the JSON object; it changes when a reader of it would break."""

COLORS: Final = {Severity.INFO: "cyan", Severity.WARNING: "yellow", Severity.CRITICAL: "red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """An operation that was not asked, and why."""

    operation: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much was asked. `seconds` is wall-clock time."""

    selected: int = 0
    exercised: int = 0
    skipped: tuple[Skipped, ...] = ()
    requests: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What `--format json` prints; `extra` holds what one command alone has to say."""

    command: str
    findings: Sequence[Finding] = ()
    coverage: Coverage = field(default_factory=Coverage)
    incidents: Sequence[dict[str, object]] = ()
    errors: Sequence[str] = ()
    extra: dict[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return the published form."""
        return {
            "schema": SCHEMA,
            "command": self.command,
            "findings": [finding.as_json() for finding in self.findings],
            "coverage": {
                "selected": self.coverage.selected,
                "exercised": self.coverage.exercised,
                "skipped": [
                    {"operation": one.operation, "why": one.why} for one in self.coverage.skipped
                ],
                "requests": self.coverage.requests,
                "seconds": round(self.coverage.seconds, 3),
            },
            "incidents": list(self.incidents),
            "errors": list(self.errors),
            **self.extra,
        }


def print_json(envelope: Envelope) -> None:
    """Print one object on stdout, and nothing else."""
    json.dump(envelope.as_json(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def identity_line(incident: IncidentState) -> str:
    """Return by what an incident can be named, wherever it is told."""
    cause = incident.finding.cause
    return incident.key if cause == incident.key else f"{incident.key}  (cause {cause})"


def names_of(
    findings: Iterable[Finding], judged: Iterable[Exchange] = ()
) -> dict[tuple[str, str], str]:
    """Return what to call the Intercom workspaces of findings, by workspace and region: with the
    region where there are several, also among what else was `judged`; nothing for what was recorded
    without a name."""
    places = {(one.workspace, one.region) for one in findings}
    places.update((one.workspace, one.region) for one in judged)
    regions = {region for _, region in places}
    return {
        (name, region): " ".join(
            [*([name] if name != OFFLINE else []), *([f"({region})"] if len(regions) > 1 else [])]
        )
        for name, region in places
    }


def print_finding(finding: Finding, *, whose: str = "") -> None:
    """Print a finding for people: what, where, what to do; `whose` names the Intercom workspace."""
    mark = click.style(f"{finding.severity.value:8}", fg=COLORS[finding.severity])
    place = f"{finding.place} {finding.location}"
    click.echo(f"{mark} {f'{whose}  ' if whose else ''}{finding.rule.name}  {place}")
    click.echo(f"         {finding.message}")
    if finding.accepted is not None:
        click.echo(f"         accepted: {finding.accepted}")
        return
    if finding.consumers:
        click.echo(f"         hurts: {', '.join(finding.consumers)}")
    click.echo(f"         do: {finding.remedy or finding.rule.remedy}")
    trail = [f"request {finding.request_id}"] if finding.request_id else []
    click.echo(f"         {' · '.join([*trail, finding.cause, finding.certainty.value])}")
