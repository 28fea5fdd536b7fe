"""A run as SARIF 2.1.0, for code scanning: each finding at the line of the description it breaks.

What is accepted is a suppressed result, with its reason; identities are the project's own, so that
a tool follows a finding from run to run as every other report does.
Standard: docs.oasis-open.org/sarif/sarif/v2.1.0.
"""

import json
from importlib.metadata import version
from typing import Any, Final

from contracts.findings import Finding
from contracts.rules import Rule, Severity
from reports.curl import curl_of, supply_of
from reports.runs import Place, Run

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
OUTSIDE: Final = "DESCRIPTION"
"""What a description outside the working directory is relative to: its folder, which is not said
because it is one of this machine."""
LEVELS: Final = {Severity.CRITICAL: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render(run: Run) -> str:
    """Return the document."""
    rules = list({one.rule.name: one.rule for one in run.findings}.values())
    indexes = {rule.name: index for index, rule in enumerate(rules)}
    shown: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "intercheck",
                "version": version("intercheck"),
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "automationDetails": {"id": f"intercheck/contract/{run.version or '-'}/"},
        "columnKind": "utf16CodeUnits",
        "invocations": [
            {
                "executionSuccessful": not run.stopped,
                "endTimeUtc": run.finished_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        ],
        "results": [_result(one, indexes[one.rule.name], run) for one in run.findings],
    }
    if any(place.is_outside for place in run.places.values()):
        meaning = "Where intercheck keeps the description: no folder of the repository."
        shown["originalUriBaseIds"] = {OUTSIDE: {"description": {"text": meaning}}}
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [shown]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.meaning},
        "help": {"text": rule.remedy},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
    }


def _result(finding: Finding, index: int, run: Run) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule.name,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [_location(finding, run.places.get(finding.fingerprint))],
        "partialFingerprints": {"intercheckCause/v1": finding.cause},
        "fingerprints": {"intercheck/v1": finding.fingerprint},
        "properties": {
            "expected": finding.expected,
            "observed": finding.observed,
            "consumers": list(finding.consumers),
            "remedy": finding.remedy or finding.rule.remedy,
            "curl": curl_of(finding, run.base_url),
            "supply": supply_of(finding),
        },
    }
    if finding.accepted is not None:
        result["suppressions"] = [{"kind": "external", "justification": finding.accepted}]
    return result


def _location(finding: Finding, place: Place | None) -> dict[str, Any]:
    operation = finding.place
    location: dict[str, Any] = {
        "logicalLocations": [
            {"fullyQualifiedName": f"{operation} {finding.location}", "kind": "member"}
        ]
    }
    if place is not None:
        base = {"uriBaseId": OUTSIDE} if place.is_outside else {}
        location["physicalLocation"] = {
            "artifactLocation": {"uri": place.uri, **base},
            "region": {"startLine": place.line},
        }
    return location
