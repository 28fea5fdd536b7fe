"""A run as GitHub annotations: workflow commands on the lines of the description.

Syntax: docs.github.com, workflow commands for GitHub Actions.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from contracts.findings import Finding
from contracts.rules import Severity
from reports.runs import Run

MOST_PER_LEVEL: Final = 10
"""GitHub keeps no more than ten of a level for one step; the rest is in the step summary."""

_LEVELS: Final = {Severity.CRITICAL: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def annotations(run: Run) -> Iterator[str]:
    """Yield a workflow command for each finding that nobody accepted; what fails the run is an
    error, whatever its severity."""
    given: dict[str, int] = {}
    for finding in run.open:
        level = "error" if finding.fingerprint in run.failing else _LEVELS[finding.severity]
        given[level] = given.get(level, 0) + 1
        if given[level] <= MOST_PER_LEVEL:
            yield _command(level, finding, run)


def _command(level: str, finding: Finding, run: Run) -> str:
    properties = {"title": f"{finding.rule.name} ({finding.cause})"}
    place = run.places.get(finding.fingerprint)
    message = finding.message
    if place is not None and place.is_outside:  # no file of the repository can be named
        if finding.operation:
            message = f"{message} See line {place.line} of {unquote(place.uri)}."
    elif place is not None:
        properties = {"file": place.uri, "line": str(place.line), **properties}
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    remedy = finding.remedy or finding.rule.remedy
    return f"::{level} {shown}::{_data(f'{message} {remedy}')}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
