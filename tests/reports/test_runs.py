"""A run of property tests as SARIF, JUnit, Markdown, annotations and curl."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.coverage import Coverage, Seen
from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.rules import RULES, Severity
from reports import run_html, run_junit, run_markdown, sarif
from reports.annotations import MOST_PER_LEVEL, annotations
from reports.curl import curl_of, supply_of
from reports.runs import Place, Run, Turn

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CONTACT = Operation(method="GET", path="/contacts/{contact_id}")
TAGS = Operation(method="GET", path="/tags")
SEARCH = Operation(method="POST", path="/contacts/search")

# What SARIF 2.1.0 allows on the objects that are used here: its schema closes every one of them.
ALLOWED = {
    "log": {"$schema", "version", "runs", "inlineExternalProperties", "properties"},
    "run": {"tool", "automationDetails", "columnKind", "invocations", "results", "artifacts"}
    | {"originalUriBaseIds"},
    "tool": {"driver", "extensions", "properties"},
    "driver": {"name", "version", "semanticVersion", "informationUri", "rules", "fullName"},
    "rule": {"id", "name", "shortDescription", "fullDescription", "help", "helpUri"}
    | {"defaultConfiguration", "properties"},
    "invocation": {"executionSuccessful", "endTimeUtc", "startTimeUtc", "exitCode"},
    "result": {"ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"}
    | {"fingerprints", "properties", "suppressions", "baselineState", "kind"},
    "location": {"logicalLocations", "physicalLocation", "id", "message"},
    "logicalLocation": {"fullyQualifiedName", "kind", "name", "index", "parentIndex"},
    "physicalLocation": {"artifactLocation", "region", "contextRegion"},
    "artifactLocation": {"uri", "uriBaseId", "index", "description"},
    "region": {"startLine", "startColumn", "endLine", "endColumn"},
    "suppression": {"kind", "status", "justification", "location", "guid"},
    "message": {"text", "markdown", "id", "arguments"},
}


def finding(
    rule: str = "schema-type",
    operation: Operation | None = CONTACT,
    location: str = "/owner_id",
    message: str = "It is a string.",
    severity: Severity = Severity.WARNING,
    accepted: str | None = None,
) -> Finding:
    return Finding(
        rule=RULES[rule],
        severity=severity,
        version="2.15",
        operation=operation,
        location=location,
        expected="integer",
        observed="string",
        message=message,
        accepted=accepted,
        observed_at=AT,
    )


def run(*findings: Finding, **changes: Any) -> Run:
    made = Run(
        base_url="https://api.intercom.io",
        description="2.15.yaml",
        version="2.15",
        finished_at=AT,
        findings=findings,
        operations=(
            Turn(operation=CONTACT, seconds=0.25),
            Turn(operation=TAGS),
            Turn(operation=SEARCH, why="it is not on the list"),
        ),
        requests=9,
        seconds=1.5,
        failing=frozenset(one.fingerprint for one in findings if one.accepted is None),
        places={one.fingerprint: Place(uri="api/2.15.yaml", line=77) for one in findings},
    )
    return replace(made, **changes)


def test_the_page_shows_what_departs_and_how_much_was_tested_and_runs_nothing() -> None:
    hostile = "</style><script>alert(1)</script>"
    fields = Seen(operation=TAGS, answered=True, fields=(3, 12), values=(0, 1))
    seen = Coverage(operations=(1, 9), fields=(3, 12), values=(0, 1), each=(fields,))
    made = run(
        finding(message=hostile),
        finding(operation=TAGS, accepted="they know"),
        coverage=seen,
        phases={"opening": 9},
        stopped=hostile,
    )
    page = run_html.render(made)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert made.findings[0].cause in page
    assert "they know" in page
    assert "3 of 12" in page
    assert "tested little" in page
    assert "1 operation, because it is not on the list" in page
    kept = run_html.render(run(coverage=seen))
    assert "kept, as far as little was tested" in kept
    assert "nothing could be measured" in run_html.render(run(operations=()))


def checked(name: str, value: dict[str, Any], *required: str) -> dict[str, Any]:
    """Hold an object to what the published schema says of it."""
    assert set(required) <= set(value), name
    assert set(value) <= ALLOWED[name], name
    return value


def hold_to_sarif(text: str) -> dict[str, Any]:
    """Hold a document to SARIF's schema and to what it says in words; return its only run."""
    log = checked("log", json.loads(text), "version", "runs")
    assert log["version"] == "2.1.0"
    (only,) = log["runs"]
    checked("run", only, "tool")
    assert only["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    driver = checked("driver", checked("tool", only["tool"], "driver")["driver"], "name")
    rules = [checked("rule", rule, "id") for rule in driver["rules"]]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
        checked("message", rule["shortDescription"], "text")
    for invocation in only["invocations"]:
        checked("invocation", invocation, "executionSuccessful")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", invocation["endTimeUtc"])
    bases = only.get("originalUriBaseIds", {})
    for base in bases.values():
        checked("message", checked("artifactLocation", base)["description"], "text")
    for result in only["results"]:
        checked("result", result, "message")
        checked("message", result["message"], "text")
        assert result["level"] in ("none", "note", "warning", "error")
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        for prints in (result["partialFingerprints"], result["fingerprints"]):
            assert all(isinstance(value, str) for value in prints.values())
        for suppression in result.get("suppressions", []):
            assert checked("suppression", suppression, "kind")["kind"] in ("inSource", "external")
        for location in result["locations"]:
            hold_to_location(location, bases)
    return dict(only)


def hold_to_location(location: dict[str, Any], bases: dict[str, Any]) -> None:
    checked("location", location)
    for logical in location["logicalLocations"]:
        checked("logicalLocation", logical)
    physical = location.get("physicalLocation")
    if physical is not None:
        checked("physicalLocation", physical, "artifactLocation")
        artifact = checked("artifactLocation", physical["artifactLocation"])
        assert re.fullmatch(r"[A-Za-z0-9._~%/-]+", artifact["uri"])
        assert "uriBaseId" not in artifact or artifact["uriBaseId"] in bases
        assert checked("region", physical["region"])["startLine"] >= 1


def test_sarif_names_the_line_of_the_description_and_the_project_s_identities() -> None:
    found = finding()
    only = hold_to_sarif(sarif.render(run(found)))
    assert "originalUriBaseIds" not in only
    (result,) = only["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "api/2.15.yaml"}, "region": {"startLine": 77}}
    assert result["partialFingerprints"] == {"intercheckCause/v1": found.cause}
    assert result["fingerprints"] == {"intercheck/v1": found.fingerprint}
    assert result["level"] == "warning"


def test_a_description_outside_the_repository_is_no_file_of_it() -> None:
    found = finding()
    places = {found.fingerprint: Place(uri="our%20api.yaml", line=77, is_outside=True)}
    only = hold_to_sarif(sarif.render(run(found, places=places)))
    assert list(only["originalUriBaseIds"]) == ["DESCRIPTION"]
    assert only["results"][0]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "our%20api.yaml", "uriBaseId": "DESCRIPTION"},
        "region": {"startLine": 77},
    }
    (line,) = annotations(run(found, places=places))
    assert line.startswith("::error title=schema-type (v1%3A")
    assert "It is a string. See line 77 of our api.yaml." in line


def test_an_accepted_deviation_is_a_suppressed_result_with_its_reason() -> None:
    (result,) = hold_to_sarif(sarif.render(run(finding(accepted="told Intercom"))))["results"]
    assert result["suppressions"] == [{"kind": "external", "justification": "told Intercom"}]


def test_a_finding_of_no_file_has_a_logical_location_alone() -> None:
    found = finding("auth-token-refused", None, "status")
    (result,) = hold_to_sarif(sarif.render(run(found, places={})))["results"]
    assert list(result["locations"][0]) == ["logicalLocations"]


@given(st.text(), st.sampled_from(sorted(RULES)), st.sampled_from(Severity), st.booleans())
def test_every_report_of_any_finding_can_be_read_back(
    message: str, rule: str, severity: Severity, accepted: bool
) -> None:
    found = finding(
        rule, message=message, severity=severity, accepted=message if accepted else None
    )
    made = run(found, finding())
    hold_to_sarif(sarif.render(made))
    ElementTree.fromstring(run_junit.render(made))  # noqa: S314 - we wrote it
    assert run_markdown.render(made).endswith("\n")
    assert all("\n" not in line for line in annotations(made))


def test_junit_has_a_case_for_each_operation_and_counts_what_it_holds() -> None:
    gone = finding("auth-token-refused", None, "status", "Refused.")
    root = ElementTree.fromstring(run_junit.render(run(finding(), gone)))  # noqa: S314
    (suite,) = root
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == [
        str(CONTACT),
        str(TAGS),
        str(SEARCH),
        "every operation",
    ]
    assert suite.get("tests") == root.get("tests") == "4"
    assert suite.get("failures") == root.get("failures") == "2"
    assert suite.get("skipped") == "1"
    assert suite.get("hostname") == "api.intercom.io"
    assert [case.get("time") for case in cases] == ["0.250", "0.000", "0.000", "0.000"]
    assert suite[0].tag == "properties"
    assert [child.tag for child in suite][-2:] == ["system-out", "system-err"]
    failure = cases[0].find("failure")
    assert failure is not None
    assert "curl" in (failure.text or "")
    assert finding().cause in (failure.text or "")


def test_what_does_not_count_fails_no_case_and_is_shown() -> None:
    accepted = finding(accepted="told Intercom")
    for made in (run(accepted), run(finding(), failing=frozenset())):
        text = run_junit.render(made)
        assert "<failure" not in text
        assert finding().cause in text


def test_markdown_says_the_verdict_first_and_folds_what_is_accepted() -> None:
    text = run_markdown.render(run(finding(), finding("schema-null", accepted="told Intercom")))
    assert text.startswith("## 🔴 Intercom contract 2.15: 1 finding to look at")
    assert "curl" in text
    assert "1 accepted deviation" in text
    assert run_markdown.render(run()).startswith("## 🟢")
    unmeasured = run(operations=(Turn(operation=TAGS, why="it got no answer"),))
    assert run_markdown.render(unmeasured).startswith("## ⚪")


def test_annotations_are_errors_where_they_fail_and_at_most_what_github_keeps() -> None:
    many = [finding(location=f"/field_{index}") for index in range(15)]
    lines = list(annotations(run(*many)))
    assert len(lines) == MOST_PER_LEVEL
    assert lines[0].startswith("::error file=api/2.15.yaml,line=77,title=schema-type (v1%3A")
    quiet = list(annotations(run(many[0], failing=frozenset())))
    assert quiet[0].startswith("::warning ")
    assert not list(annotations(run(finding(accepted="told Intercom"))))


def test_a_step_summary_stays_far_below_what_github_takes_and_counts_the_rest() -> None:
    found = [finding(location=f"/a/{number}", message="x" * 2_000) for number in range(500)]
    summary = run_markdown.render(run(*found))
    assert len(summary.encode()) < 2**20 / 4, "several steps may share one"
    assert "460 more are in the JSON report" in summary


def test_an_annotation_cannot_smuggle_another_command() -> None:
    (line,) = annotations(run(finding(message="a\n::stop-commands::x %0A")))
    assert "\n" not in line
    assert "%250A" in line


@pytest.mark.parametrize("operation", [CONTACT, TAGS, SEARCH, None])
def test_a_curl_names_the_token_and_holds_nothing_of_anybody_s(
    operation: Operation | None,
) -> None:
    command = curl_of(finding(operation=operation), "https://api.intercom.io")
    assert '"Authorization: Bearer $INTERCOM_ACCESS_TOKEN"' in command
    assert "'Intercom-Version: 2.15'" in command
    assert ("--data" in command) == (operation is SEARCH)
    assert (operation.path if operation else "/me") in command


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (TAGS, ""),
        (None, ""),
        (Operation(method="GET", path="/tags/{id}"), "First put an id of yours in place of {id}."),
        (SEARCH, "First put the body of the request into a file request.json."),
    ],
)
def test_what_a_curl_lacks_is_said_in_every_report(
    operation: Operation | None, expected: str
) -> None:
    one = finding(operation=operation)
    assert supply_of(one) == expected
    reports = [render(run(one)) for render in (run_html.render, run_junit.render, sarif.render)]
    assert all(expected in text for text in reports)
    assert expected.partition("{")[0] in run_markdown.render(run(one))


def test_the_curl_of_what_concerns_every_operation_asks_what_was_answered_so() -> None:
    told = replace(finding("rate-limit-exceeded", operation=None), asked=SEARCH)
    kept = Finding.from_json(told.as_json())
    assert kept.asked == SEARCH
    assert kept.fingerprint == replace(told, asked=None).fingerprint
    assert "https://api.intercom.io/contacts/search" in curl_of(kept, "https://api.intercom.io")
    assert "request.json" in supply_of(kept)
