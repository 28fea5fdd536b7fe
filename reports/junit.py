"""The summary as JUnit XML, for whatever shows test results.

One test suite per Intercom workspace, one test case per probe; what was not measured is skipped,
never passed. Attributes and the order of elements satisfy both schemas in use, Ant's (one outcome
per case, times without a zone) and Jenkins's.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Final
from xml.etree import ElementTree

from contracts.findings import Finding
from contracts.rules import Severity
from monitors.records import Outcome
from reports.departures import FindingGroup
from reports.probes import ProbeSummary, WorkspaceSummary
from reports.summaries import Summary

EVERY_OPERATION: Final = "every operation"

# XML 1.0 has no way to write these, not even escaped.
_IMPOSSIBLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(summary: Summary, *, fail_on: Severity = Severity.WARNING) -> str:
    """Return the document; unaccepted findings at or above `fail_on` fail their test case."""
    root = ElementTree.Element("testsuites")
    for index, workspace in enumerate(summary.workspaces):
        root.append(_suite(index, workspace, summary, fail_on))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("name", "intercheck")
    ElementTree.indent(root)
    text: str = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(
    index: int, workspace: WorkspaceSummary, summary: Summary, fail_on: Severity
) -> ElementTree.Element:
    found = _by_operation(workspace.name, (*summary.findings, *summary.accepted))
    cases = [_case(workspace, probe, found, fail_on) for probe in workspace.probes]
    # What concerns all operations, or one that is no probe, is a case of its own.
    known = {probe.operation.identity for probe in workspace.probes}
    for identity, findings in found.items():
        if identity not in known:
            name = str(findings[0].operation or EVERY_OPERATION)
            case = element("testcase", name=name, classname=_class(workspace), time="0")
            _judge(case, findings, fail_on)
            cases.append(case)
    suite = element(
        "testsuite",
        name=f"Intercom workspace {workspace.name}",
        package="intercheck",
        id=str(index),
        hostname=workspace.region,
        timestamp=summary.generated_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors="0",
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
        time=f"{sum((probe.total_ms or 0.0) for probe in workspace.probes) / 1000:.3f}",
    )
    properties = element("properties")
    properties.append(element("property", name="region", value=workspace.region))
    properties.append(element("property", name="version", value=workspace.version or ""))
    suite.append(properties)
    suite.extend(cases)
    suite.extend([element("system-out"), element("system-err")])
    return suite


def _case(
    workspace: WorkspaceSummary,
    probe: ProbeSummary,
    found: dict[str, list[Finding]],
    fail_on: Severity,
) -> ElementTree.Element:
    case = element(
        "testcase",
        name=str(probe.operation),
        classname=_class(workspace),
        time=f"{(probe.total_ms or 0.0) / 1000:.3f}",
    )
    findings = found.get(probe.operation.identity, [])
    if _judge(case, findings, fail_on):
        return case
    if probe.state is Outcome.FAILED and all(one.accepted is not None for one in findings):
        # Its finding speaks for several operations and stands with those.
        failure = element("failure", type="probe", message=f"failed: {probe.note}")
        case.insert(0, failure)
    elif probe.state in (Outcome.NOT_MEASURED, Outcome.NOT_APPLICABLE):
        case.insert(0, element("skipped", message=f"{probe.state.value}: {probe.why}"))
    return case


def _judge(case: ElementTree.Element, findings: Sequence[Finding], fail_on: Severity) -> bool:
    """Put `findings` into `case`; return whether they fail it."""
    ordered = sorted(findings, key=lambda finding: -finding.severity.rank)
    failing = [one for one in ordered if one.accepted is None and one.severity.rank >= fail_on.rank]
    quiet = [one for one in ordered if one not in failing]
    if failing:
        worst = failing[0]
        failure = element("failure", type=worst.rule.name, message=worst.message)
        failure.text = clean("\n\n".join(map(told, failing)))
        case.append(failure)
    if quiet:
        notes = element("system-out")
        notes.text = clean("\n\n".join(map(told, quiet)))
        case.append(notes)
    return bool(failing)


def told(finding: Finding) -> str:
    """Write a finding for people, with its identities."""
    lines = [
        f"{finding.severity.value}: {finding.rule.name}",
        finding.message,
        f"where: {finding.operation or EVERY_OPERATION} {finding.location} "
        f"({finding.evidence or f'{finding.expected} -> {finding.observed}'})",
        f"what to do: {finding.remedy or finding.rule.remedy}",
        f"fingerprint: {finding.fingerprint}",
        f"cause: {finding.cause}",
    ]
    if finding.consumers:
        lines.append(f"hurts: {', '.join(finding.consumers)}")
    if finding.request_id:
        lines.append(f"request: {finding.request_id}")
    if finding.accepted is not None:
        lines.append(f"accepted: {finding.accepted}")
    return "\n".join(lines)


def _by_operation(workspace: str, groups: Iterable[FindingGroup]) -> dict[str, list[Finding]]:
    """Sort what was seen in `workspace` by operation identity, `*` for all of them."""
    found: dict[str, list[Finding]] = {}
    for group in groups:
        for sight in group.sights:
            if sight.workspace == workspace:
                identity = sight.operation.identity if sight.operation else "*"
                found.setdefault(identity, []).append(sight)
    return found


def _class(workspace: WorkspaceSummary) -> str:
    return f"intercheck.{workspace.name}"


def element(tag: str, **attributes: str) -> ElementTree.Element:
    """Return an element whose attributes XML can hold."""
    return ElementTree.Element(tag, {name: clean(value) for name, value in attributes.items()})


def clean(text: str) -> str:
    """Return `text` less what XML has no way to write."""
    return _IMPOSSIBLE.sub("\ufffd", text)
