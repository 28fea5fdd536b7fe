"""Every format says the same, stays well-formed, and is written whole or not at all."""

import errno
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import ConfigurationError, ReportError
from contracts.rules import Severity
from intercheck.output import Envelope
from monitors.records import Outcome
from reports import html, junit, machine, markdown
from reports.episodes import Episode
from reports.summaries import Summary
from reports.verdicts import Verdict
from reports.words import duration
from reports.writing import FILES, write_reports

HOSTILE = "<script>alert('x')</script> | `<img src=x onerror=y>` ]]> & \x00\x1b[31m @everyone"


class Page(HTMLParser):
    """The tags and the text of a page, and where tags do not close."""

    VOID = frozenset({"meta", "link", "br", "img", "input", "rect", "line", "polyline", "polygon"})

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)


def with_hostile_words(summary: Summary, words: str) -> Summary:
    """Put `words` wherever text from outside can enter a report."""

    def episode_with(index: int) -> Episode:
        episode = summary.open[index]
        sight = replace(
            episode.incident.finding,
            message=words,
            remedy=words,
            location=words,
            observed=words,
            consumers=(words,),
            request_id=words,
            deployment=words,
        )
        incident = replace(
            episode.incident, finding=sight, workspaces=(words,), operations=(words,)
        )
        return replace(episode, incident=incident)

    workspace = summary.workspaces[0]
    probe = replace(workspace.probes[0], why=words, note=words)
    group = summary.findings[0]
    sights = tuple(
        replace(one, message=words, location=words, workspace=words, accepted=words)
        for one in group.sights
    )
    return replace(
        summary,
        open=(episode_with(0), *summary.open[1:]),
        workspaces=(replace(workspace, name=words, probes=(probe, *workspace.probes[1:])),),
        findings=(replace(group, sights=sights), *summary.findings[1:]),
        undelivered=(replace(summary.undelivered[0], error=words, channel=words),),
    )


def test_the_page_is_balanced_and_asks_nothing_of_the_network(summary: Summary) -> None:
    page = Page(html.render(summary))
    assert page.unbalanced == []
    assert page.open == []
    assert page.addresses == []


def test_the_page_answers_what_broke_for_whom_since_when_and_what_to_do(summary: Summary) -> None:
    top = html.render(summary).partition("Incidents in time")[0]
    episode = summary.open[0]
    assert "1 critical incident and 1 warning are open." in top
    for words in ("acme", "globex", "crm-sync", "2026-03-02 05:10", "3 h 50 min", "/email"):
        assert words in top
    assert episode.remedy[:30] in top
    assert "1 alert not delivered" in top


def test_hostile_words_are_text_on_the_page(summary: Summary) -> None:
    clean, hostile = (
        Page(html.render(one)) for one in (summary, with_hostile_words(summary, HOSTILE))
    )
    assert hostile.unbalanced == []
    assert hostile.tags.count("script") == clean.tags.count("script")
    assert "img" not in hostile.tags


def test_the_page_allows_no_script_but_its_own(summary: Summary) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html.render(summary))
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "'unsafe-eval'" not in policy[1]
    assert "script-src 'sha256-" in policy[1]


def test_what_was_not_measured_is_shown_as_such(summary: Summary) -> None:
    page = html.render(summary)
    assert "GET /contacts gave no identifier to read" in page
    assert 'class="state not-measured">not measured' in page
    assert "last 50 looks: 50 not measured" not in page  # some of them were healthy
    assert re.search(r"last 50 looks: \d+ healthy, \d+ not measured", page)


def test_a_page_of_three_hundred_workspaces_stays_small(summary: Summary) -> None:
    many = tuple(replace(summary.workspaces[0], name=f"w{number}") for number in range(300))
    page = html.render(replace(summary, workspaces=many))
    assert len(page) < 2_000_000
    assert "288 more Intercom workspaces" in page


def test_the_envelope_has_the_keys_of_every_command(summary: Summary) -> None:
    document = json.loads(machine.render(summary))
    empty = Envelope(command="report").as_json()
    assert set(empty) <= set(document)
    coverage = empty["coverage"]
    assert isinstance(coverage, dict)
    assert set(coverage) == set(document["coverage"])
    assert document["schema"] == empty["schema"]
    assert document["verdict"] == "broken"


def test_json_gives_every_sight_with_its_own_fingerprint(summary: Summary) -> None:
    document = json.loads(machine.render(summary))
    removed = [one for one in document["findings"] if one["rule"] == "schema-required"]
    assert {one["workspace"] for one in removed} == {"acme", "globex"}
    assert len({one["fingerprint"] for one in removed}) == 2
    assert len({one["cause"] for one in removed}) == 1
    assert sum(one["accepted"] is not None for one in document["findings"]) == 1


SUITE_ORDER = ["properties", "testcase", "system-out", "system-err"]
SUITE_ATTRIBUTES = {"name", "tests", "failures", "errors", "time", "timestamp", "hostname", "id"}


def check_junit(source: str) -> ElementTree.Element:
    """Hold a document to what Ant's and Jenkins's schemas both ask."""
    root = ElementTree.fromstring(source.encode())  # noqa: S314 - we wrote it
    assert root.tag == "testsuites"
    for suite in root:
        assert suite.tag == "testsuite"
        assert set(suite.attrib) >= SUITE_ATTRIBUTES | {"package", "skipped"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
        places = [SUITE_ORDER.index(child.tag) for child in suite]
        assert places == sorted(places)
        assert [child.tag for child in suite].count("properties") == 1
        cases = suite.findall("testcase")
        assert suite.attrib["tests"] == str(len(cases))
        assert suite.attrib["failures"] == str(len(suite.findall("testcase/failure")))
        assert suite.attrib["skipped"] == str(len(suite.findall("testcase/skipped")))
        for case in cases:
            assert set(case.attrib) == {"name", "classname", "time"}
            assert float(case.attrib["time"]) >= 0
            outcomes = [child.tag for child in case if child.tag != "system-out"]
            assert len(outcomes) <= 1
            assert set(outcomes) <= {"failure", "skipped"}
            assert [child.tag for child in case] == outcomes + ["system-out"] * (
                len(case) - len(outcomes)
            )
    return root


def test_junit_has_a_case_for_each_probe_with_rule_fingerprint_and_remedy(summary: Summary) -> None:
    root = check_junit(junit.render(summary))
    cases = root.findall("testsuite/testcase")
    assert len(cases) == sum(len(workspace.probes) for workspace in summary.workspaces)
    failure = root.find("testsuite[@hostname='eu']/testcase/failure")
    assert failure is not None
    assert failure.get("type") == "schema-required"
    sight = next(s for s in summary.findings[0].sights if s.workspace == "globex")
    assert f"fingerprint: {sight.fingerprint}" in (failure.text or "")
    assert f"what to do: {sight.rule.remedy}" in (failure.text or "")


def test_junit_skips_what_was_not_measured_and_fails_no_accepted_finding(summary: Summary) -> None:
    root = check_junit(junit.render(summary))
    skipped = {
        case.get("name") for case in root.iter("testcase") if case.find("skipped") is not None
    }
    assert skipped == {"GET /contacts/{contact_id}/tags", "GET /ticket_types"}
    failed = {
        case.get("name") for case in root.iter("testcase") if case.find("failure") is not None
    }
    assert failed == {"GET /contacts/{contact_id}", "GET /companies"}


def test_junit_fails_from_the_named_severity_on(summary: Summary) -> None:
    critical = check_junit(junit.render(summary, fail_on=Severity.CRITICAL))
    types = {failure.get("type") for failure in critical.iter("failure")}
    assert types == {"schema-required"}


def test_a_finding_about_all_operations_is_a_case_of_its_own(summary: Summary) -> None:
    group = summary.findings[0]
    general = replace(group, sights=tuple(replace(one, operation=None) for one in group.sights))
    root = check_junit(junit.render(replace(summary, findings=(general,))))
    assert root.find("testsuite/testcase[@name='every operation']/failure") is not None
    # The probe that failed is still no success.
    failed = root.find("testsuite/testcase[@name='GET /contacts/{contact_id}']/failure")
    assert failed is not None


@given(st.text(max_size=40))
def test_whatever_the_words_junit_stays_xml_and_markdown_keeps_its_rows(words: str) -> None:
    summary = SAMPLE[0]
    hostile = with_hostile_words(summary, words)
    check_junit(junit.render(hostile).encode("utf-8", "backslashreplace").decode())
    rows = [line for line in markdown.render(hostile).split("\n") if line.startswith("|")]
    cells = {len(re.split(r"(?<!\\)\|", row)) for row in rows}
    assert cells <= {6, 9}


SAMPLE: list[Summary] = []


@pytest.fixture(autouse=True)
def _sample(summary: Summary) -> None:
    """Hypothesis runs a test many times and takes no fixture that lives for one."""
    SAMPLE[:] = [summary]


def test_markdown_shows_hostile_words_as_text(summary: Summary) -> None:
    shown = markdown.render(with_hostile_words(summary, HOSTILE))
    unfenced = re.sub(r"`[^`]*`", "", shown)
    assert not re.search(
        r"(?<!\\)<", unfenced.replace("<details><summary>", "").replace("</", "\\</")
    )
    assert "@everyone" not in unfenced
    assert "\x1b" not in shown


def test_markdown_says_what_to_do_about_what_is_open(summary: Summary) -> None:
    shown = markdown.render(summary)
    assert shown.startswith("## 🔴 Intercom API: 1 critical incident and 1 warning are open.")
    assert "→ Make the consumers tolerate its absence" in shown
    assert "Alert not delivered" in shown
    assert len(shown) < 100_000


def test_a_healthy_summary_renders_in_every_format(
    healthy_summary: Summary, tmp_path: Path
) -> None:
    assert healthy_summary.verdict is Verdict.HEALTHY
    write_reports(healthy_summary, FILES, tmp_path)
    check_junit((tmp_path / "junit.xml").read_text())
    assert "Open incidents" not in (tmp_path / "report.html").read_text()


def test_an_empty_summary_renders_and_says_that_nothing_is_known(
    nothing: Summary, tmp_path: Path
) -> None:
    assert nothing.verdict is Verdict.UNKNOWN
    for path in write_reports(nothing, FILES, tmp_path):
        if path.suffix in (".html", ".md", ".json"):
            assert "Nothing has been measured" in path.read_text()


def test_reports_are_written_with_the_chart_library_beside_the_page(
    summary: Summary, tmp_path: Path
) -> None:
    directory = tmp_path / "new" / "out"
    written = write_reports(summary, ["markdown", "html"], directory)
    assert [path.name for path in written] == ["report.md", "report.html"]
    assert sorted(path.name for path in directory.iterdir()) == [
        "plotly.min.js",
        "report.html",
        "report.md",
    ]


def test_a_report_replaces_the_one_before(summary: Summary, tmp_path: Path) -> None:
    (tmp_path / "report.md").write_text("old")
    write_reports(summary, ["markdown"], tmp_path)
    assert (tmp_path / "report.md").read_text().startswith("## 🔴")


def test_a_full_disk_is_one_sentence_and_leaves_the_old_report(
    summary: Summary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.md").write_text("old")

    def full(self: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ReportError, match=r"cannot be written to .* \(No space left on device\)"):
        write_reports(summary, ["markdown"], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]
    assert (tmp_path / "report.md").read_text() == "old"


def test_a_folder_that_cannot_be_made_is_one_sentence(summary: Summary, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ReportError, match="--report-dir"):
        write_reports(summary, ["html"], tmp_path / "file" / "out")


def test_an_unknown_format_is_refused_before_anything_is_written(
    summary: Summary, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="'pdf' is no report format"):
        write_reports(summary, ["html", "pdf"], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_every_outcome_has_its_own_shape_and_word(
    summary: Summary, again: Callable[[], Summary]
) -> None:
    page = html.render(summary)
    assert page == html.render(again())
    for outcome in Outcome:
        assert outcome.value in page


def test_a_span_is_written_in_its_two_largest_units() -> None:
    assert duration(timedelta(seconds=42)) == "42 s"
    assert duration(timedelta(minutes=59, seconds=59)) == "59 min"
    assert duration(timedelta(hours=25)) == "1 d 1 h"
