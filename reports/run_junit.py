"""A run as JUnit XML: one test case per operation; what was not exercised is skipped."""

from collections.abc import Sequence
from datetime import UTC
from urllib.parse import urlsplit
from xml.etree import ElementTree

from contracts.findings import Finding
from reports.curl import curl_of, supply_of
from reports.junit import EVERY_OPERATION, clean, element, told
from reports.runs import Run, Turn


def render(run: Run) -> str:
    """Return the document; the findings in `run.failing` fail the case of their operation."""
    found: dict[str, list[Finding]] = {}
    for finding in run.findings:
        identity = finding.operation.identity if finding.operation else "*"
        found.setdefault(identity, []).append(finding)
    cases = [_case(one, found.pop(one.operation.identity, []), run) for one in run.operations]
    for findings in found.values():
        case = _testcase(str(findings[0].operation or EVERY_OPERATION), 0.0, run)
        _judge(case, findings, run)
        cases.append(case)
    failures = str(sum(case.find("failure") is not None for case in cases))
    suite = element(
        "testsuite",
        name=f"Intercom contract {run.version or ''}".strip(),
        package="intercheck",
        id="0",
        hostname=urlsplit(run.base_url).hostname or "localhost",
        timestamp=run.finished_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        tests=str(len(cases)),
        failures=failures,
        errors="0",
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
        time=f"{run.seconds:.3f}",
    )
    properties = element("properties")
    properties.append(element("property", name="description", value=run.description))
    properties.append(element("property", name="requests", value=str(run.requests)))
    suite.extend([properties, *cases, element("system-out"), element("system-err")])
    root = element(
        "testsuites", name="intercheck", tests=str(len(cases)), failures=failures, errors="0"
    )
    root.append(suite)
    ElementTree.indent(root)
    text: str = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _case(tested: Turn, findings: Sequence[Finding], run: Run) -> ElementTree.Element:
    case = _testcase(str(tested.operation), tested.seconds, run)
    if not _judge(case, findings, run) and tested.why:
        case.insert(0, element("skipped", message=f"not exercised: {tested.why}"))
    return case


def _testcase(name: str, seconds: float, run: Run) -> ElementTree.Element:
    return element("testcase", name=name, classname=_class(run), time=f"{seconds:.3f}")


def _judge(case: ElementTree.Element, findings: Sequence[Finding], run: Run) -> bool:
    """Put `findings` into `case`; return whether they fail it."""
    ordered = sorted(findings, key=lambda finding: -finding.severity.rank)
    failing = [one for one in ordered if one.fingerprint in run.failing]
    quiet = [one for one in ordered if one.fingerprint not in run.failing]
    if failing:
        failure = element("failure", type=failing[0].rule.name, message=failing[0].message)
        failure.text = clean(
            "\n\n".join(
                f"{told(one)}\n{curl_of(one, run.base_url)}\n{supply_of(one)}".rstrip()
                for one in failing
            )
        )
        case.append(failure)
    if quiet:
        notes = element("system-out")
        notes.text = clean("\n\n".join(map(told, quiet)))
        case.append(notes)
    return bool(failing)


def _class(run: Run) -> str:
    return f"intercheck.contract.{(run.version or 'unversioned').replace('.', '_')}"
