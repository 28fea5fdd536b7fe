"""`intercheck report`, from a history on disk to files."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.clock import SystemClock
from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.rules import RULES, Severity
from intercheck.cli import main
from monitors.history import History
from monitors.records import (
    IncidentState,
    Measurement,
    Outcome,
    PassRecord,
    Phase,
    Transition,
    TransitionKind,
)

TAGS = Operation.parse("GET /tags")


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A history with three passes and an open incident; the environment points to it."""
    url = f"sqlite:///{tmp_path / 'history.sqlite'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERCHECK_HISTORY", url)
    monkeypatch.delenv("INTERCHECK_CONFIG", raising=False)
    clock = SystemClock()
    now = clock.now()
    sight = Finding(
        rule=RULES["schema-required"],
        severity=Severity.CRITICAL,
        workspace="acme",
        region="us",
        version="2.15",
        operation=TAGS,
        location="/data/*/name",
        expected="present",
        observed="absent",
        message="`/data/*/name` is gone from GET /tags.",
        consumers=("crm-sync",),
        observed_at=now,
    )
    state = IncidentState(
        key=sight.cause,
        id="i-1",
        phase=Phase.OPEN,
        finding=sight,
        severity=Severity.CRITICAL,
        workspaces=("acme",),
        operations=(str(TAGS),),
        first_seen_at=now - timedelta(minutes=10),
        last_seen_at=now,
        opened_at=now - timedelta(minutes=10),
    )
    with History.open(url, clock=clock) as opened:
        for number in (3, 2, 1):
            at = now - timedelta(minutes=10 * number)
            opened.record(
                PassRecord(
                    id=f"pass-{number}",
                    started_at=at,
                    finished_at=at + timedelta(seconds=1),
                    measurements=(
                        Measurement(
                            workspace="acme",
                            region="us",
                            version="2.15",
                            operation=TAGS,
                            started_at=at,
                            outcome=Outcome.FAILED if number == 1 else Outcome.HEALTHY,
                            status=200,
                            total_ms=80.0,
                        ),
                    ),
                    findings=(sight,) if number == 1 else (),
                    requests=1,
                ),
                states=[state] if number == 1 else [],
                transitions=[
                    Transition(kind=TransitionKind.OPENED, at=state.first_seen_at, incident=state)
                ]
                if number == 1
                else [],
            )
    return url


def run(*arguments: str) -> int:
    """Run the command line and return its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_the_report_is_written_and_its_paths_are_printed(
    history: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("report", "--report", "html,junit", "--report-dir", "out") == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "1 critical incident is open."
    assert [Path(line).name for line in printed[1:]] == ["report.html", "junit.xml"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "is gone from GET /tags" in page
    assert "crm-sync" in page


def test_the_report_goes_beside_where_it_is_called_outside_a_checkout(
    history: str, tmp_path: Path
) -> None:
    assert run("report", "--report", "markdown") == 0
    assert (tmp_path / "intercheck-report" / "report.md").is_file()


def test_json_is_one_object_on_stdout(history: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("report", "--report", "json", "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["command"], document["verdict"]) == ("report", "broken")
    assert [one["rule"] for one in document["incidents"]] == ["schema-required"]
    assert document["workspaces"][0]["probes"][0]["healthy"] == 2


def test_an_empty_history_is_nothing_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERCHECK_HISTORY", f"sqlite:///{tmp_path / 'new.sqlite'}")
    assert run("report") == 3
    assert "run `intercheck probe` first" in capsys.readouterr().err


def test_an_unknown_format_is_wrong_usage(history: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("report", "--report", "pdf") == 2
    assert "none of html, json, markdown, junit" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_one_sentence(
    history: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("")
    assert run("report", "--report-dir", "taken/out") == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "--report-dir" in sentence
