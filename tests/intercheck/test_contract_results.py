"""What `intercheck contract` leaves: reports, annotations, a state that only new findings fail."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from contracts.documents import parse_document
from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.lines import line_of
from contracts.overlays import CONTRACT
from contracts.rules import RULES
from contracts.spec import parse_spec
from intercheck.cli import main
from intercheck.run_results import places_of
from reports.runs import Place
from sandbox.intercom import Fault, Sandbox

ONLY_CONTACTS = ("--include-path", "/contacts")
GONE = Fault(name="field-removed", operation="GET /contacts", pointer="/data/*/email")


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.chdir(tmp_path)
    for name in ("INTERCHECK_CONFIG", "INTERCHECK_SPEC_DIR", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("INTERCHECK_CACHE_DIR", str(tmp_path / "cache"))
    with Sandbox(latency=False) as sandbox:
        monkeypatch.setenv("INTERCOM_ACCESS_TOKEN", sandbox.token)
        monkeypatch.setenv("INTERCOM_BASE_URL", sandbox.url)
        sandbox.faults.add(GONE)
        yield sandbox


def contract(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["contract", *ONLY_CONTACTS, "--max-requests", "3", *arguments])
    return int(ended.value.code or 0)


def test_every_format_carries_the_same_identities_and_no_token(
    broken: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    broken.faults.add(
        Fault(name="field-retyped", operation="GET /contacts", pointer="/data/*/name")
    )
    broken.faults.add(
        Fault(name="field-nulled", operation="GET /contacts", pointer="/data/*/created_at")
    )
    arguments = ("--report", "junit,sarif,html,markdown,json", "--report-dir", "out")
    assert contract(*arguments) == 1
    texts = {file.name: file.read_text("utf-8") for file in Path("out").iterdir()}
    texts["text"] = capsys.readouterr().out
    log: dict[str, Any] = json.loads(texts["contract.sarif"])
    results = log["runs"][0]["results"]
    found = json.loads(texts["contract.json"])["findings"]
    causes = {one["cause"] for one in found}
    assert len(causes) > 2
    names = {"contract.xml", "contract.sarif", "contract.html", "contract.md", "contract.json"}
    assert texts.keys() == names | {"text"}
    for name, text in texts.items():
        assert set(re.findall(r"v1:[0-9a-f]{16}", text)) - fingerprints(found) == causes, name
        assert broken.token not in text
    assert {one["fingerprints"]["intercheck/v1"] for one in results} == fingerprints(found)
    ElementTree.fromstring(texts["contract.xml"])  # noqa: S314 - we wrote it
    files = [one["locations"][0]["physicalLocation"]["artifactLocation"] for one in results]
    assert all(one == {"uri": "intercom.yaml", "uriBaseId": "DESCRIPTION"} for one in files)
    cases = ElementTree.fromstring(texts["contract.xml"]).iter("testcase")  # noqa: S314
    assert any(float(case.attrib["time"]) > 0 for case in cases)
    lines = CONTRACT.read_text("utf-8").splitlines()
    for one in results:
        field = one["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].split("/")[-1]
        line = one["locations"][0]["physicalLocation"]["region"]["startLine"]
        if field in ("email", "name"):  # the type of others stands elsewhere, and has a name there
            assert field in " ".join(lines[line - 2 : line + 1]), one["message"]


def fingerprints(found: list[dict[str, Any]]) -> set[str]:
    return {one["fingerprint"] for one in found}


def test_what_cannot_be_written_is_said_before_anything_is_sent(
    broken: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").write_text("in the way")
    for arguments in (
        ("--report", "html", "--report-dir", "file/out"),
        ("--update-state", "--state", "file/state.json"),
        ("--update-state", "--plan"),
        ("--report", "html", "--clean-up"),
        ("--plan", "--clean-up"),
    ):
        assert contract(*arguments) == 2, arguments
    assert broken.requests == []
    assert "With --plan nothing is tested: leave out --update-state" in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_costs_no_result(
    broken: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").write_text("in the way")
    monkeypatch.setenv("INTERCHECK_CACHE_DIR", "file")
    assert contract("--max-requests", "1") == 1
    assert "`intercheck deviations` will not know" in capsys.readouterr().err


def test_only_what_the_committed_state_does_not_know_fails(
    broken: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert contract("--fail-on-new") == 1
    assert "everything is new" in capsys.readouterr().err
    assert contract("--update-state") == 1
    state = Path("intercheck-state.json")
    before = state.read_text("utf-8")
    assert contract("--fail-on-new", "--update-state") == 0
    assert state.read_text("utf-8") == before, "the same findings make the same file"
    broken.faults.add(
        Fault(name="field-removed", operation="GET /contacts", pointer="/data/*/name")
    )
    assert contract("--fail-on-new") == 1
    state.write_text("{}", "utf-8")
    assert contract("--fail-on-new") == 2


def test_on_github_the_lines_are_annotated_and_the_summary_is_added_to(
    broken: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    Path("summary.md").write_text("before\n", "utf-8")
    assert contract("--format", "json") == 1
    streams = capsys.readouterr()
    json.loads(streams.out)
    assert "::error title=" in streams.err
    assert " of intercom.yaml." in streams.err
    assert "file=" not in streams.err
    assert Path("summary.md").read_text("utf-8").startswith("before\n## 🔴")


def test_what_a_run_found_is_accepted_and_fails_no_run_and_no_case_after(
    broken: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert contract() == 1
    accept = ["deviations", "accept", "--all", "--from", "contract"]
    with pytest.raises(SystemExit) as ended:
        main([*accept, "--reason", "told Intercom", "--until", "30d"])
    assert not ended.value.code
    assert contract("--report", "junit", "--report-dir", "out") == 0
    assert "accepted: told Intercom" in capsys.readouterr().out
    junit = Path("out/contract.xml").read_text("utf-8")
    assert "<failure" not in junit
    assert "accepted: told Intercom" in junit


def test_a_report_nobody_knows_is_wrong_usage(broken: Sandbox) -> None:
    assert contract("--report", "pdf") == 2


DESCRIPTION = """\
openapi: 3.0.1
info: {title: t, version: "2.15"}
paths:
  /tags:
    get:
      responses:
        "200":
          content:
            application/json:
              schema: {$ref: "#/components/schemas/list"}
components:
  schemas:
    list:
      allOf:
        - type: object
          properties:
            data:
              type: array
              items:
                $ref: "#/components/schemas/tag"
    old_list:
      type: object
      properties:
        type: {type: string}
        tags: {type: array, items: {$ref: "#/components/schemas/tag"}}
    two_lists:
      type: object
      properties:
        tags: {type: array, items: {$ref: "#/components/schemas/tag"}}
        ids: {type: array, items: {type: string}}
    tag:
      type: object
      properties:
        id: {type: string}
        name:
          type: string
        parent: {$ref: "#/components/schemas/tag"}
        children: {$ref: "#/components/schemas/old_list"}
        others: {$ref: "#/components/schemas/two_lists"}
"""


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/data/*/id", 34),
        ("/data/*/parent/parent/id", 34),
        ("/data/*/name", 36),
        ("/data/*/children/data/*/name", 36),
        ("/data/*/children/data", 25),
        ("/data/*/children/nobody_knows/*/name", 22),
        ("/data/*/others/data/*/name", 27),
        ("/data/*/nobody_knows", 32),
        ("/nobody_knows", 14),
        ("/", 14),
        ("status", 6),
    ],
)
def test_a_place_stands_where_its_schema_does_or_the_nearest_around_it(
    location: str, expected: int
) -> None:
    document = parse_document(DESCRIPTION, source="d.yaml")
    spec = parse_spec(document.value, source="d.yaml")
    assert line_of(document, spec, "GET /tags", location) == expected
    assert line_of(document, spec, "GET /nothing", location) == 1


def test_only_a_file_below_the_working_directory_has_a_path_in_reports(tmp_path: Path) -> None:
    file = tmp_path / "api" / "our own.yaml"
    file.parent.mkdir()
    file.write_text(DESCRIPTION, "utf-8")
    spec = parse_spec(parse_document(DESCRIPTION, source="d.yaml").value, source="d.yaml")
    found = Finding(
        rule=RULES["schema-type"],
        severity=RULES["schema-type"].severity,
        version="2.15",
        operation=Operation(method="GET", path="/tags"),
        location="/data/*/name",
        expected="string",
        observed="integer",
        message="It is a number.",
        observed_at=datetime(2026, 3, 2, tzinfo=UTC),
    )
    (below,) = places_of([found], spec, file, tmp_path).values()
    assert below == Place(uri="api/our%20own.yaml", line=36)
    (outside,) = places_of([found], spec, file, tmp_path / "elsewhere").values()
    assert outside == Place(uri="our%20own.yaml", line=36, is_outside=True)
