"""What a press of "Accept until…" writes, and when it counts."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from contracts.clock import SystemClock
from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.rules import RULES
from intercheck.accepting import LiveLedger, accept_incident
from intercheck.settings import Settings, load_settings
from monitors.history import History
from monitors.incidents import (
    fold,
)
from monitors.policies import Policy
from monitors.records import IncidentState
from monitors.sightings import (
    Sighting,
)

TODAY = date(2026, 3, 2)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(None, {}, working_directory=tmp_path)


@pytest.fixture
def state() -> IncidentState:
    now = SystemClock().now()
    finding = Finding(
        rule=RULES["schema-required"],
        severity=RULES["schema-required"].severity,
        workspace="acme",
        operation=Operation.parse("GET /contacts"),
        location="/data/*/email",
        expected="string",
        observed="absent",
        message="gone",
        observed_at=now,
    )
    sighting = Sighting(finding=finding, workspaces=("acme",))
    opened, _ = fold(None, sighting, policy=Policy(at_once=True), now=now, new_id=lambda: "i-1")
    assert opened is not None
    return opened


def test_an_acceptance_counts_at_once_in_a_process_that_runs_already(
    settings: Settings, state: IncidentState, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cause = state.finding.cause
    today = [TODAY]
    ledger = LiveLedger(settings, lambda: today[0])
    assert cause not in ledger.accepted()
    with History.open(f"sqlite:///{tmp_path}/h.sqlite", clock=SystemClock()) as history:
        history.record(None, states=[state])
        last_day = TODAY + timedelta(days=9)
        accept_incident(settings, history, state.key, until=last_day, reason="by ann: # x")
    assert ledger.accepted()[cause] == "by ann: # x"
    today[0] = last_day + timedelta(days=1)
    assert cause not in ledger.accepted(), "it has an end"
    today[0] = TODAY
    settings.deviations.write_text("nonsense: [")
    assert cause in ledger.accepted(), "what it said before counts"
    assert "Warning:" in capsys.readouterr().err
