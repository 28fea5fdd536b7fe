"""What cannot be opened, read or written: one sentence with the place and the remedy."""

import sqlite3
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from contracts.errors import ConfigurationError, HistoryError
from contracts.exchanges import Operation
from contracts.findings import Certainty, Finding
from contracts.rules import RULES, Severity
from monitors.history import History, database, rows
from monitors.records import IncidentState, PassRecord, Phase
from sandbox.clock import DEFAULT_START, VirtualClock

CLOCK = VirtualClock()


def sentence(error: pytest.ExceptionInfo[Exception]) -> str:
    """The message, after checking that it is one sentence."""
    text = str(error.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    file.write_text("this is a shopping list, not a database\n" * 40)
    with pytest.raises(HistoryError) as error:
        History.open(f"sqlite:///{file}", clock=CLOCK)
    assert f"{file} is not a database: move it away" in sentence(error)


def test_a_damaged_database(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    History.open(f"sqlite:///{file}", clock=CLOCK).close()
    whole = bytearray(file.read_bytes())
    whole[4096:] = b"\xff" * (len(whole) - 4096)  # the first page stays, the tables are gone
    file.write_bytes(whole)
    with pytest.raises(HistoryError) as error, History.open(f"sqlite:///{file}", clock=CLOCK) as h:
        h.passes()
    assert f"{file} is damaged: restore a copy" in sentence(error)


def test_a_database_that_another_program_holds(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    with (
        patch.object(database, "BUSY_TIMEOUT", 0.05),
        History.open(f"sqlite:///{file}", clock=CLOCK) as history,
    ):
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        try:
            with pytest.raises(HistoryError) as error:
                history.save_state("census", "acme", {})
        finally:
            other.close()
        assert f"{file} is locked by another program: wait for it" in sentence(error)
        history.save_state("census", "acme", {"then": "it works"})


def test_a_full_disk_loses_nothing_that_was_there(tmp_path: Path) -> None:
    with History.open(f"sqlite:///{tmp_path}/history.sqlite", clock=CLOCK) as history:
        history.save_state("census", "acme", {"seen": True})

        def fill(connection: sqlite3.Connection, *_: object) -> None:
            connection.execute("PRAGMA max_page_count=1")

        event.listen(history._engine, "connect", fill)
        history._engine.dispose()
        with pytest.raises(HistoryError) as error:
            history.save_state("baseline", "acme", "x" * 100_000)
        assert "the disk is full: free some space" in sentence(error)
        assert history.state("census", "acme") == {"seen": True}


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryError) as error:
        History.open(f"sqlite:///{tmp_path}/file/history.sqlite", clock=CLOCK)
    assert "its folder cannot be made" in sentence(error)


def test_a_path_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(HistoryError) as error:
        History.open(f"sqlite:///{tmp_path}", clock=CLOCK)
    assert f"{tmp_path} cannot be opened: check that its folder exists" in sentence(error)


def test_a_server_that_is_not_there_and_its_password_is_not_shown() -> None:
    address = "postgresql://probe:canary-password@127.0.0.1:1/history"
    with pytest.raises(HistoryError) as error:
        History.open(address, clock=CLOCK)
    assert "127.0.0.1:1/history cannot be reached: check that the server runs" in sentence(error)
    assert "canary-password" not in str(error.value)


@pytest.mark.parametrize(
    "address", ["sqlite://", "sqlite:///:memory:", "mysql://host/db", "nonsense", "oracle://x", ""]
)
def test_an_address_that_keeps_no_history(address: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        History.open(address, clock=CLOCK)
    assert "sqlite:///path/to/history.sqlite" in sentence(error)


TEXT = st.text(max_size=20)
TIMES = st.integers(0, 10**7).map(lambda seconds: DEFAULT_START + timedelta(seconds=seconds))
FINDINGS = st.builds(
    Finding,
    rule=st.sampled_from(list(RULES.values())),
    severity=st.sampled_from(Severity),
    workspace=TEXT,
    version=st.none() | TEXT,
    operation=st.none() | st.just(Operation(method="GET", path="/contacts/{contact_id}/tags")),
    location=TEXT,
    expected=TEXT,
    observed=TEXT,
    message=TEXT,
    consumers=st.lists(TEXT, max_size=3).map(tuple),
    accepted=st.none() | TEXT,
    certainty=st.sampled_from(Certainty),
    observed_at=TIMES,
)


@given(finding=FINDINGS, opened=st.none() | TIMES, phase=st.sampled_from(Phase))
def test_every_state_comes_back_as_it_went_in(
    finding: Finding, opened: object, phase: Phase
) -> None:
    state = IncidentState(
        key=finding.cause,
        id="i1",
        phase=phase,
        finding=finding,
        severity=finding.severity,
        workspaces=(finding.workspace,),
        operations=("*",),
        first_seen_at=finding.observed_at,
        last_seen_at=finding.observed_at,
        opened_at=opened,  # type: ignore[arg-type]
    )
    assert rows.state_of(rows.state_text(state)) == state


def test_a_finding_of_a_rule_that_is_gone_can_still_be_read(tmp_path: Path) -> None:
    finding = Finding(
        rule=RULES["timeout"],
        severity=Severity.WARNING,
        operation=None,
        location="connection",
        expected="answer",
        observed="timeout",
        message="No answer.",
        observed_at=DEFAULT_START,
    )
    with History.open(f"sqlite:///{tmp_path}/history.sqlite", clock=CLOCK) as history:
        record = PassRecord(
            id="p1",
            started_at=DEFAULT_START,
            finished_at=DEFAULT_START,
            measurements=(),
            findings=(finding,),
            requests=1,
        )
        history.record(record)
        with patch.object(rows, "RULES", {}):
            (found,) = history.findings("p1")
    assert (found.rule.name, found.cause) == ("timeout", finding.cause)
