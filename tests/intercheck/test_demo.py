"""`intercheck demo`: one run of it, as a shell sees it, and what its verdicts rest on."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from intercheck.commands.demo import _Demo
from intercheck.demonstration import Scenario

PROGRAM = "import sys; from intercheck.cli import main; main(sys.argv[1:])"
PATIENCE = 120  # seconds; the demo needs a sixth of it on an idle machine
EXPECTED = {
    "the token is revoked": "auth-token-revoked *",
    "a field that is read is removed": "schema-required GET /contacts",
    "Deprecation with Sunset": "deprecation-announced GET /tags",
    "one endpoint is six times slower": "latency-regression GET /ticket_types",
    "429: the rate limit is spent": "rate-limit-exceeded *",
    "503 with empty bodies": "server-error *",
    "one endpoint stalls": "timeout GET /segments",
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Run the demo once in an empty directory; the directory and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    # With nothing of the user's own in the environment, least of all a token.
    kept = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
    process = subprocess.run(  # noqa: S603 - our own program with our own arguments
        [sys.executable, "-c", PROGRAM, "demo", "--format", "json"],
        cwd=folder,
        env={name: os.environ[name] for name in kept if name in os.environ}
        | {"HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    document: dict[str, Any] = json.loads(process.stdout)
    return folder, document


def test_each_fault_is_diagnosed_as_what_it_is(played: tuple[Path, dict[str, Any]]) -> None:
    scenarios = played[1]["scenarios"]
    assert {one["injected"]: one["diagnosed"] for one in scenarios} == EXPECTED


def test_each_fault_is_posted_once_and_resolved(played: tuple[Path, dict[str, Any]]) -> None:
    for scenario in played[1]["scenarios"]:
        assert scenario["posted"] == 1, scenario
        # Two right answers end an incident; that latency is normal again takes some more.
        is_latency = scenario["diagnosed"].startswith("latency-regression")
        assert scenario["passes_to_resolve"] == (6 if is_latency else 2), scenario
        assert scenario["problems"] == [], scenario


def test_what_is_certain_opens_at_once_and_what_may_be_a_blip_after_more_passes(
    played: tuple[Path, dict[str, Any]],
) -> None:
    passes = [one["passes_to_open"] for one in played[1]["scenarios"]]
    assert passes == [1, 1, 1, 5, 3, 3, 3]


def test_report_and_slack_pages_are_written_and_nothing_else_is(
    played: tuple[Path, dict[str, Any]],
) -> None:
    folder, document = played
    written = {Path(path) for path in document["written"].values()}
    assert all(path.is_file() for path in written)
    assert {path.parent for path in written} == {folder / "intercheck-report"}
    assert {path.name for path in folder.iterdir()} <= {"intercheck-report", "home"}
    during = (folder / "intercheck-report" / "slack-during.html").read_text("utf-8")
    assert "GET /segments" in during


def test_a_wrong_diagnosis_makes_the_demo_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from intercheck import demonstration

    original = demonstration.scenarios

    def only_the_first(clock: Any) -> tuple[Scenario, ...]:
        return (replace(original(clock)[0], rule="auth-token-expired"),)

    monkeypatch.setattr(demonstration, "scenarios", only_the_first)
    monkeypatch.setattr(_Demo, "_test_properties", lambda _self, _settings: True)
    demo = _Demo(tmp_path, is_quiet=True)
    is_right = demo.run()
    demo.conclude(is_right, 1.0)
    assert not is_right
    assert "NOT RIGHT: the token is revoked: diagnosed as auth-token-revoked *" in (
        capsys.readouterr().out
    )
